import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@holdfast/core"
import { commonRules } from "@holdfast/core/provider/CommonErrorRules"
import { Duration, Effect, Layer, Option, Redacted, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import { errorServer } from "../../../../test/support/errorServer.ts"
import * as AnthropicClient from "../../src/AnthropicClient.ts"
import * as AnthropicLanguageModel from "../../src/AnthropicLanguageModel.ts"
import { rules } from "../../src/internal/rules.ts"

const generated = Effect.flip(LanguageModel.generateText({ prompt: "hi" }))
const streamed = Effect.flip(Stream.runDrain(LanguageModel.streamText({ prompt: "hi" })))

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
      const client = AnthropicClient.layer({ apiUrl: url, apiKey: Redacted.make("sk-secret") })
      const context = yield* Layer.build(AnthropicLanguageModel.model("claude-sonnet-5-5").pipe(Layer.provide(client)))
      const problems: Array<string> = []
      for (const { cases, id, reason } of rules) {
        // What is common may be known more precisely here.
        const isCommon = commonRules.some((common) => common.id === id)
        for (const example of cases) {
          answer(example)
          const modes = example === cases[0] && example.status !== undefined ? [generated, streamed] : [generated]
          for (const mode of modes) {
            const error = yield* mode.pipe(Effect.provideContext(context))
            const rule = Option.getOrUndefined(Failure.facts(error))?.rule
            const hint = Failure.classify(error).retryAfter
            const isRight = isCommon ? rule?.reason === reason : rule?.id === id
            if (!isRight || hint?.pipe(Duration.toMillis) !== example.retryAfter) {
              problems.push(`${id}: ${rule?.id} ${String(hint)} for ${JSON.stringify(example)}`)
            }
          }
        }
      }
      assert.deepStrictEqual(problems, [])
    }),
  )
})
