import { assert, describe, it } from "@effect/vitest"
import {
  type Attempt,
  Event,
  ImageModel,
  ModerationModel,
  Resilient,
  SpeechModel,
  TranscriptionModel,
} from "@holdfast/core"
import { Charge, PriceBook } from "@holdfast/cost"
import { ScriptedMedia } from "@holdfast/testing"
import { Effect } from "effect"

import { ofAttempt } from "../src/internal/span/attributes.ts"

const sound = { mediaType: "audio/wav", data: Uint8Array.of(1) }

const usage = { inputTokens: { total: 5, text: 5 }, outputTokens: { total: 272, image: 272 } }

const asked = {
  images: ImageModel.generate({ prompt: "A ship" }).pipe(
    Resilient.provide(ScriptedMedia.images({ images: [Uint8Array.of(1)], usage })),
  ),
  speech: SpeechModel.speak({ text: "hi" }).pipe(Resilient.provide(ScriptedMedia.speech({ audio: Uint8Array.of(1) }))),
  transcription: TranscriptionModel.transcribe({ audio: sound }).pipe(
    Resilient.provide(ScriptedMedia.transcription({ text: "hi" })),
  ),
  moderation: ModerationModel.moderate({ inputs: ["hi"] }).pipe(Resilient.provide(ScriptedMedia.moderation({}))),
}

const attributesOf = (self: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const ended: Array<Attempt.Attempt> = []
    yield* Event.listen(self, (event) => void (event._tag === "AttemptEnded" && ended.push(event)))
    const attempt = ended[0] as Attempt.Attempt
    return ofAttempt({ attempt, charge: Charge.of(attempt, PriceBook.builtIn), at: 0 }, "2026-10")
  })

describe("the span of an attempt", () => {
  it.effect("says what comes out of a model, and counts its tokens", () =>
    Effect.gen(function* () {
      const outputs = yield* Effect.forEach(Object.entries(asked), ([name, self]) =>
        Effect.map(attributesOf(self), (attributes) => [
          name,
          attributes["gen_ai.operation.name"],
          attributes["gen_ai.output.type"],
        ]),
      )
      assert.deepStrictEqual(outputs, [
        ["images", "images", "image"],
        ["speech", "speech", "speech"],
        ["transcription", "transcription", "text"],
        ["moderation", "moderation", undefined],
      ])
      const attributes = yield* attributesOf(asked.images)
      assert.deepStrictEqual(
        [attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]],
        [5, 272],
      )
      // 5 x $1 and 272 x $10 for a million, by the made-up price of scripted models.
      assert.strictEqual(attributes["holdfast.cost.usd"], 0.002725)
    }),
  )
})
