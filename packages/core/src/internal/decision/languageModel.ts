/**
 * A call of a language model as a call of a decision model: asked for structured output, in the same call with its guards,
 * attempts and budget.
 */
import { Effect, Result } from "effect"
import { type AiError, type Response } from "effect/ai"

import { type ModelCall, type Opened } from "../../ModelCall.ts"
import * as ModelRequest from "../../ModelRequest.ts"
import { type Part } from "../../Operation.ts"
import { record } from "../../provider/Json.ts"
import * as ProviderError from "../../provider/ProviderError.ts"
import { UnsupportedOption } from "../../provider/ProviderModel.ts"
import { collect, ofParts } from "../answer/complete.ts"
import { type Attempt, type AttemptGuard } from "../call/types.ts"
import { answerSource } from "../operation/answerSource.ts"
import { decisions } from "../operation/mediaOperations.ts"
import { answersOf, promptOf, responseSchema } from "./structured.ts"

/** What a language model adds to its own failures. */
export type Added = AiError.AiError | UnsupportedOption

export const ofLanguageModel = <E>(chat: ModelCall<E, "chat">): ModelCall<E | Added, "decisions"> => ({
  operation: decisions,
  provider: chat.provider,
  model: chat.model,
  account: chat.account,
  pricedAs: chat.pricedAs,
  available: chat.available,
  identity: chat.identity,
  open: ({ call, options: { request }, settings }): Opened<E | Added, "decisions"> => {
    const asked = ModelRequest.make(
      "generate",
      {
        prompt: promptOf(request),
        responseFormat: { type: "json", objectName: "decisions", schema: responseSchema(request) },
      },
      settings,
    )
    const watching = watcher()
    return Effect.gen(function* () {
      if (Object.keys(request.decisions).length === 0) return yield* Effect.fail(nothingAsked(chat))
      const guarded = { ...call, guards: [...call.guards, watching.guard] }
      const parts = yield* Effect.flatMap(chat.open({ ...asked, call: guarded }), collect)
      const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("")
      const read = Result.try((): unknown => JSON.parse(text))
      if (Result.isFailure(read)) return yield* Effect.fail(notJson(chat))
      const decided = answersOf(request, read.success).map(([name, answer]): Part<"decisions"> => ({
        type: "decision",
        name,
        answer,
      }))
      const ends = parts
        .filter((part) => part.type === "response-metadata" || part.type === "finish")
        .map((part) => (part.type === "finish" ? withSource(part, watching.answered()) : part))
      return ofParts<Part<"decisions">>([...decided, ...ends])
    })
  },
})

/** Sees which model answers: a stack may ask several, and only the attempt knows which one it is of. */
const watcher = () => {
  let answered: Attempt | undefined
  const guard: AttemptGuard<never> = {
    name: "ResilientDecisionModel",
    reserve: () =>
      Effect.succeed({
        settle: (attempt) =>
          Effect.sync(() => {
            if (attempt.outcome._tag === "Completed") answered = attempt
          }),
        release: Effect.void,
      }),
  }
  return { guard, answered: () => answered }
}

const withSource = (part: Response.FinishPartEncoded, attempt: Attempt | undefined): Response.FinishPartEncoded => {
  if (attempt === undefined) return part
  const holdfast = { ...record(part.metadata?.["holdfast"]), source: answerSource(attempt) }
  return { ...part, metadata: { ...part.metadata, holdfast: holdfast as never } }
}

const nothingAsked = ({ model, provider }: ModelCall<unknown, "chat">) =>
  new UnsupportedOption({ provider, model, option: "decisions", explanation: "there is nothing to decide" })

// A model that called a tool, or that does not know structured output.
const notJson = ({ provider }: ModelCall<unknown, "chat">): AiError.AiError =>
  ProviderError.undecodable(
    { module: "holdfast", method: "decide", provider, url: "", scrub: (text) => text },
    "an answer that is no JSON",
  )
