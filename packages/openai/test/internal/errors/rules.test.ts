import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@holdfast/core"
import { commonRules } from "@holdfast/core/provider/CommonErrorRules"
import { type Case } from "@holdfast/core/provider/ErrorRule"
import { Duration, Effect, Layer, Option, Redacted, Stream } from "effect"
import { type AiError, LanguageModel } from "effect/ai"

import { errorServer } from "../../../../../test/support/errorServer.ts"
import { rules } from "../../../src/internal/errors/rules.ts"
import * as OpenAiClient from "../../../src/OpenAiClient.ts"
import * as OpenAiCompatible from "../../../src/OpenAiCompatible.ts"
import * as OpenAiLanguageModel from "../../../src/OpenAiLanguageModel.ts"

const server = OpenAiCompatible.preset({ provider: "acme", apiUrl: "http://localhost", apiKeyName: undefined })

const program = { prompt: "hi" }
const generated = Effect.flip(LanguageModel.generateText(program))
const streamed = Effect.flip(Stream.runDrain(LanguageModel.streamText(program)))

const factsOf = (error: unknown) => Option.getOrThrow(Failure.facts(error))

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
      const chat = OpenAiCompatible.model(server, "model").pipe(
        Layer.provide(OpenAiCompatible.layer(server, { apiUrl: url })),
      )
      const responses = OpenAiLanguageModel.model("gpt-6.1-terra").pipe(
        Layer.provide(OpenAiClient.layer({ apiUrl: url, apiKey: Redacted.make("sk-secret") })),
      )
      const context = yield* Layer.build(chat)
      const responsesContext = yield* Layer.build(responses)
      const problems: Array<string> = []
      const check = (mode: string, id: string, example: Case, error: AiError.AiError, common: boolean) => {
        const { reason, retryAfter, rule } = { ...factsOf(error), reason: error.reason._tag }
        const hint = Failure.classify(error).retryAfter
        const wanted = rules.find((own) => own.id === id)?.reason
        const isRight = common ? rule?.reason === wanted : rule?.id === id
        if (!isRight || hint?.pipe(Duration.toMillis) !== example.retryAfter) {
          problems.push(`${mode} ${id}: ${rule?.id} ${reason} ${retryAfter} for ${JSON.stringify(example)}`)
        }
      }
      for (const rule of rules) {
        // What is common may be known more precisely here.
        const common = commonRules.includes(rule)
        for (const example of rule.cases) {
          answer(example)
          check("generate", rule.id, example, yield* generated.pipe(Effect.provideContext(context)), common)
          if (example.status === undefined || example !== rule.cases[0]) continue
          check("stream", rule.id, example, yield* streamed.pipe(Effect.provideContext(context)), common)
          check("responses", rule.id, example, yield* generated.pipe(Effect.provideContext(responsesContext)), common)
        }
      }
      assert.deepStrictEqual(problems, [])
    }),
  )
})
