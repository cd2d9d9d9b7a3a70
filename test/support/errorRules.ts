/**
 * A provider's table of errors, held to its own cases through the real SDK and over a socket.
 */
import { assert, describe, it } from "@effect/vitest"
import { Failure, type ResilientModel, Retry } from "@holdfast/core"
import { commonRules } from "@holdfast/core/provider/CommonErrorRules"
import { type Case, type ErrorRule } from "@holdfast/core/provider/ErrorRule"
import { Duration, Effect, Layer, Option, Schedule, Stream } from "effect"
import { type AiError, LanguageModel } from "effect/ai"

import { errorServer } from "./errorServer.ts"

type Model = ResilientModel.ResilientModel<unknown>

const prompt = "hi"

const modes = {
  generate: Effect.flip(LanguageModel.generateText({ prompt })),
  stream: Effect.flip(Stream.runDrain(LanguageModel.streamText({ prompt }))),
}

/** Whether the rule read its case, with the hint that the case has. */
const isRead = (rule: ErrorRule, example: Case, error: AiError.AiError): boolean => {
  const found = Option.getOrUndefined(Failure.facts(error))?.rule
  const hint = Failure.classify(error).retryAfter
  // What is common may be known more precisely by the provider.
  const isRight = commonRules.includes(rule) ? found?.reason === rule.reason : found?.id === rule.id
  return isRight && hint?.pipe(Duration.toMillis) === example.retryAfter
}

export const errorRulesSuite = (
  rules: ReadonlyArray<ErrorRule>,
  at: (url: string) => {
    /** Generates with every case, and streams with the first one of each rule. */
    readonly model: Model
    /** Others on the same table, which generate with the first case of each rule. */
    readonly others?: Readonly<Record<string, Model>>
  },
): void => {
  describe("every rule, through the SDK and over a socket", () => {
    it("has a name, a source and a case of its own", () => {
      const ids = rules.map(({ id }) => id)
      assert.deepStrictEqual(
        ids.filter((id, index) => ids.indexOf(id) !== index),
        [],
      )
      for (const { cases, id, source } of rules) {
        assert.match(source, /^(?:https:\/\/\S+|[\w.-]+\/[\w.-]+#\d+)$/, id)
        assert.isNotEmpty(cases, id)
      }
    })

    it.live("reads its own cases, and none is hidden by one before it", () =>
      Effect.gen(function* () {
        const { answer, url } = yield* errorServer
        const { model, others = {} } = at(url)
        const context = yield* Layer.build(model)
        const otherContexts = yield* Effect.forEach(Object.entries(others), ([name, other]) =>
          Effect.map(Layer.build(other), (built) => [name, modes.generate, built] as const),
        )
        const first = [["stream", modes.stream, context] as const, ...otherContexts]
        const problems: Array<string> = []
        for (const rule of rules) {
          for (const example of rule.cases) {
            answer(example)
            const isFirst = example.status !== undefined && example === rule.cases[0]
            for (const [mode, asked, built] of [
              ["generate", modes.generate, context] as const,
              ...(isFirst ? first : []),
            ]) {
              const error = yield* Effect.provideContext(asked, built)
              if (isRead(rule, example, error)) continue
              const found = Option.getOrUndefined(Failure.facts(error))?.rule?.id
              problems.push(`${mode} ${rule.id}: ${found} ${error.reason._tag} for ${JSON.stringify(example)}`)
            }
          }
        }
        assert.deepStrictEqual(problems, [])
      }),
    )

    it.live("is asked for again under a retry only where that can help", () =>
      Effect.gen(function* () {
        const { answer, requests, url } = yield* errorServer
        // A hint is longer than this one waits for.
        const once = Retry.schedule(Schedule.recurs(1), { maxRetryAfter: "1 nano" })
        const context = yield* Layer.build(once(at(url).model))
        for (const { cases, id } of rules) {
          const [example] = cases
          if (example === undefined) continue
          answer(example)
          const before = requests.length
          const failure = Failure.classify(yield* Effect.provideContext(modes.generate, context))
          const helps = retryable.has(failure.kind) && failure.retryAfter === undefined
          assert.strictEqual(requests.length - before, helps ? 2 : 1, `${id}: ${failure.kind}`)
        }
      }),
    )
  })
}

const retryable: ReadonlySet<Failure.Kind> = new Set<Failure.Kind>(["transient", "throttled", "overloaded"])
