/**
 * OpenAI as far as this example needs it: an emulator, which is overloaded once. In production this is
 * `OpenAiClient.layerConfig()`.
 */
import { OpenAiClient } from "@holdfast/openai"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted } from "effect"

export const emulated = Layer.unwrap(
  Effect.gen(function* () {
    const emulator = yield* Emulator.Emulator
    yield* emulator.script("openai-responses", Reply.overloaded({ retryAfterMs: "50 millis" }))
    // At a dollar for a million tokens of input and five for output, four tenths of a cent.
    yield* emulator.respond("openai-responses", () =>
      Reply.text("Because they can.", { usage: { input: 500, output: 700, reasoning: 600 } }),
    )
    return OpenAiClient.layer({ apiKey: Redacted.make("emulator"), apiUrl: emulator.baseUrl("openai-responses") })
  }),
).pipe(Layer.provide(Emulator.layer()))
