/**
 * Prompts and answers, for those who must keep them: never in a log, a metric or a trace of this package, but in a place of their own,
 * and only after a function of yours has made them fit to be kept.
 *
 * **Where in a stack**: outermost, so that each call is kept once.
 *
 * @since 0.1.0
 */
import { Fingerprint, ModelRequest, ResilientModel } from "@holdfast/core"
import { RequestContext } from "@holdfast/core/RequestContext"
import { Effect } from "effect"

import { cut } from "./internal/trace/facts.ts"

/**
 * What was asked and answered in one call.
 *
 * @since 0.1.0
 * @category models
 */
export interface Content {
  readonly callId: string
  readonly tenant: string | undefined
  /** The request as one text, as `Fingerprint.textOf` writes it. */
  readonly prompt: string
  /** The text of the answer, of retries and hedges too where they have begun to answer. */
  readonly answer: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Takes out what must not be kept; `undefined` keeps nothing of the call. */
  readonly redact: (content: Content) => Content | undefined
  /** Where it goes, with a retention of its own. Synchronous and quick; what it throws is ignored. */
  readonly to: (content: Content) => void
  /** Characters of prompt and of answer that are kept. 100,000 if left out. */
  readonly longest?: number | undefined
}

/**
 * Keeps prompts and answers of a model's calls.
 *
 * **Example** (Without addresses)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { Content } from "@holdfast/telemetry"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const kept: Array<string> = []
 * const model = ScriptedModel.model(ScriptedModel.text("Write to ada@example.com.")).pipe(
 *   Content.record({
 *     redact: (content) => ({ ...content, answer: content.answer.replaceAll(/\S+@\S+/g, "[address]") }),
 *     to: ({ answer }) => kept.push(answer),
 *   }),
 * )
 *
 * await Effect.runPromise(LanguageModel.generateText({ prompt: "Whom?" }).pipe(Effect.provide(model)))
 *
 * kept // => ["Write to [address]"]
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const record = ({ longest = 100_000, redact, to }: Options) =>
  ResilientModel.policy({ name: "Content.record", settings: {} }, (call) =>
    Effect.succeed({
      ...call,
      open: (request) =>
        Effect.withFiber((fiber) => {
          const { tenant } = fiber.getRef(RequestContext)
          let answer = ""
          const observed = ModelRequest.observing(request, {
            parts: (parts) => {
              for (const part of parts) {
                if (answer.length >= longest) return
                if (part.type === "text") answer += part.text
                else if (part.type === "text-delta") answer += part.delta
              }
            },
          })
          return Effect.andThen(
            Effect.addFinalizer(() =>
              Effect.sync(() => {
                const prompt = cut(Fingerprint.textOf(request) ?? "", longest)
                const content = redact({ callId: request.call.id, tenant, prompt, answer: cut(answer, longest) })
                if (content !== undefined) to(content)
              }).pipe(Effect.ignoreCause),
            ),
            call.open(observed),
          )
        }),
    }),
  )
