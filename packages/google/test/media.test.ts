import { assert, describe, it } from "@effect/vitest"
import { ImageModel, Resilient, SpeechModel, TranscriptionModel } from "@holdfast/core"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted } from "effect"
import { AiError } from "effect/ai"

import * as GoogleClient from "../src/GoogleClient.ts"
import * as GoogleImageModel from "../src/GoogleImageModel.ts"
import * as GoogleSpeechModel from "../src/GoogleSpeechModel.ts"
import * as GoogleTranscriptionModel from "../src/GoogleTranscriptionModel.ts"

const client = Layer.unwrap(
  Effect.map(Emulator.Emulator, (emulator) =>
    GoogleClient.layer({ apiKey: Redacted.make("test-key"), apiUrl: emulator.baseUrl("google") }),
  ),
)

const live = client.pipe(Layer.provideMerge(Emulator.layer()))

const script = (...replies: ReadonlyArray<Reply.Reply>) =>
  Effect.flatMap(Emulator.Emulator, (emulator) => emulator.script("google", ...replies))

const requests = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.requests)

const body = Effect.map(requests, (all) => all.at(-1)?.body as Record<string, unknown>)

const failure = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) =>
    AiError.isAiError(error) ? error.reason._tag : (error as { readonly option?: string }).option,
  )

const answering = (candidate: object, usageMetadata: object = {}) =>
  Reply.recorded({ body: { candidates: [{ index: 0, ...candidate }], usageMetadata } })

const png = { mediaType: "image/png", data: Uint8Array.of(1, 2, 3, 4) }

const draw = (request: Partial<ImageModel.ImageRequest> = {}) =>
  ImageModel.generate({ prompt: "A ship", ...request }).pipe(
    Resilient.provide(GoogleImageModel.model("gemini-3.1-flash-image", { aspectRatio: "16:9", imageSize: "2K" })),
  )

const listen = TranscriptionModel.transcribe({
  audio: { mediaType: "audio/ogg", data: Uint8Array.of(1) },
  language: "de",
  prompt: "Hafen",
}).pipe(Resilient.provide(GoogleTranscriptionModel.model("gemini-3.8-flash")))

describe("requests", () => {
  it.live("for images name what is to come", () =>
    Effect.gen(function* () {
      yield* draw({ images: [png] })
      assert.deepStrictEqual(yield* body, {
        contents: [
          { role: "user", parts: [{ inlineData: { mimeType: "image/png", data: "AQIDBA==" } }, { text: "A ship" }] },
        ],
        generationConfig: { responseModalities: ["IMAGE"], imageConfig: { aspectRatio: "16:9", imageSize: "2K" } },
      })
      assert.strictEqual(yield* failure(draw({ count: 2 })), "count")
      assert.lengthOf(yield* requests, 1)
    }).pipe(Effect.provide(live)),
  )

  it.live("for speech say how to speak where the model looks for it", () =>
    Effect.gen(function* () {
      const speak = (name: string) =>
        SpeechModel.speak({ text: "Ships float.", voice: "Kore", instructions: "Whisper" }).pipe(
          Resilient.provide(GoogleSpeechModel.model(name, { languageCode: "en-GB" })),
        )
      yield* speak("gemini-3.8-flash-tts")
      assert.deepStrictEqual(yield* body, {
        contents: [{ role: "user", parts: [{ text: "Ships float.", speechMetadata: { style: "Whisper" } }] }],
        generationConfig: {
          responseModalities: ["AUDIO"],
          speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } }, languageCode: "en-GB" },
        },
      })
      yield* speak("gemini-2.5-flash-preview-tts")
      const { contents } = yield* body
      assert.deepStrictEqual(contents, [{ role: "user", parts: [{ text: "Whisper:\nShips float." }] }])
    }).pipe(Effect.provide(live)),
  )

  it.live("for transcripts tell the model to do nothing else", () =>
    Effect.gen(function* () {
      yield* listen
      const { contents, systemInstruction } = yield* body
      assert.deepStrictEqual(contents, [
        { role: "user", parts: [{ inlineData: { mimeType: "audio/ogg", data: "AQ==" } }] },
      ])
      const told = JSON.stringify(systemInstruction)
      for (const part of ["word for word", "The language is de.", "Hafen"]) assert.include(told, part)
    }).pipe(Effect.provide(live)),
  )
})

describe("answers", () => {
  it.live("that were declined or broken off are failures of their own", () =>
    Effect.gen(function* () {
      yield* script(
        Reply.media({ refused: true }),
        answering({ finishReason: "IMAGE_SAFETY", content: { parts: [] } }),
        answering({ finishReason: "STOP", content: { parts: [{ text: "I cannot draw." }] } }),
      )
      const reasons = yield* Effect.forEach([1, 2, 3], () => failure(draw()))
      assert.deepStrictEqual(reasons, ["ContentPolicyError", "ContentPolicyError", "InvalidOutputError"])
      yield* script(answering({ finishReason: "MAX_TOKENS", content: { parts: [{ text: "Half a" }] } }))
      assert.strictEqual(yield* failure(listen), "InvalidOutputError")
    }).pipe(Effect.provide(live)),
  )

  it.live("hold no drafts, and count thoughts as text and what came from a cache apart", () =>
    Effect.gen(function* () {
      const part = (data: string, thought?: true) => ({
        inlineData: { mimeType: "image/png", data },
        ...(thought && { thought }),
      })
      const counts = {
        promptTokenCount: 100,
        cachedContentTokenCount: 60,
        candidatesTokenCount: 1_300,
        thoughtsTokenCount: 200,
        totalTokenCount: 1_600,
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 40 },
          { modality: "AUDIO", tokenCount: 60 },
        ],
        cacheTokensDetails: [
          { modality: "TEXT", tokenCount: 10 },
          { modality: "AUDIO", tokenCount: 50 },
        ],
        candidatesTokensDetails: [
          { modality: "IMAGE", tokenCount: 1_290 },
          { modality: "TEXT", tokenCount: 10 },
        ],
      }
      const content = { parts: [part("AQ==", true), { text: "Here it is." }, part("Ag==")] }
      yield* script(answering({ finishReason: "STOP", content }, counts))
      const { images, usage } = yield* draw()
      assert.deepStrictEqual(
        images.map(({ data }) => Array.from(data)),
        [[2]],
      )
      assert.deepStrictEqual(usage, {
        requests: 1,
        images: 1,
        inputTokens: { total: 100, text: 30, image: 0, audio: 10, cached: 10, cachedAudio: 50 },
        outputTokens: { total: 1_500, text: 210, image: 1_290, audio: 0 },
      })
    }).pipe(Effect.provide(live)),
  )
})
