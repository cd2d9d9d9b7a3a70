import { assert, describe, it } from "@effect/vitest"
import { TokenCounter } from "@holdfast/core"
import { Emulator } from "@holdfast/testing"
import { Effect, Layer, Redacted } from "effect"

import * as OpenAiClient from "../src/OpenAiClient.ts"
import * as OpenAiLanguageModel from "../src/OpenAiLanguageModel.ts"
import * as OpenAiTokenCounter from "../src/OpenAiTokenCounter.ts"

const clients = Layer.unwrap(
  Effect.map(Emulator.Emulator, (emulator) =>
    OpenAiClient.layer({ apiKey: Redacted.make("sk-test-key"), apiUrl: emulator.baseUrl("openai-responses") }),
  ),
)

const live = clients.pipe(Layer.provideMerge(Emulator.layer()))

describe("OpenAiTokenCounter", () => {
  it.effect("counts with the settings of the model that are part of the prompt, and with no others", () =>
    Effect.gen(function* () {
      const counter = OpenAiTokenCounter.layer("gpt-6.1-terra", {
        reasoning: { effort: "low" },
        maxOutputTokens: 100,
        serviceTier: "flex",
      })
      const counted = yield* Effect.provide(TokenCounter.count("Why do ships float?"), counter)
      assert.strictEqual(counted._tag, "Counted")
      const [request] = yield* (yield* Emulator.Emulator).requests
      assert.strictEqual(request?.path, "/openai/v1/responses/input_tokens")
      const body = request?.body as Readonly<Record<string, unknown>>
      assert.deepInclude(body["reasoning"], { effort: "low" })
      assert.doesNotHaveAnyKeys(body, ["max_output_tokens", "service_tier", "store", "stream"])
    }).pipe(Effect.provide(live)),
  )

  it.effect("estimates for Chat Completions, which have no endpoint for that", () =>
    Effect.gen(function* () {
      const { count } = TokenCounter.make(yield* OpenAiLanguageModel.makeChat("gpt-6.1-terra"))
      assert.deepInclude(yield* count("Why do ships float?"), { _tag: "Estimated", because: "noEndpoint" })
      assert.lengthOf(yield* (yield* Emulator.Emulator).requests, 0)
    }).pipe(Effect.provide(live)),
  )
})
