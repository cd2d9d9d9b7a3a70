/**
 * OpenAI as far as this example needs it: an emulator that reads reviews by a few words. In production this is
 * `OpenAiClient.layerConfig()`.
 */
import { OpenAiClient } from "@holdfast/openai"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted } from "effect"

const complaints = /leaks|broke|frayed|heavy|paint|Sank|Nobody|stuck|Smells|missing/

export const emulated = Layer.unwrap(
  Effect.gen(function* () {
    const emulator = yield* Emulator.Emulator
    yield* emulator.respond("openai-responses", ({ body }) =>
      Reply.text(`{"label":"${complaints.test(JSON.stringify(body)) ? "negative" : "positive"}"}`, {
        usage: { input: 60, output: 8 },
      }),
    )
    return OpenAiClient.layer({ apiKey: Redacted.make("emulator"), apiUrl: emulator.batches.baseUrl("openai") })
  }),
).pipe(Layer.provide(Emulator.layer({ batchPolls: 3 })))
