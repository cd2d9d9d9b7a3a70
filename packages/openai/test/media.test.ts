import { assert, describe, it } from "@effect/vitest"
import { ImageModel, ModerationModel, Resilient, SpeechModel, TranscriptionModel } from "@holdfast/core"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted, Schema } from "effect"
import { AiError, Decision, DecisionModel } from "effect/ai"

import * as OpenAiClient from "../src/OpenAiClient.ts"
import * as OpenAiDecisionModel from "../src/OpenAiDecisionModel.ts"
import * as OpenAiImageModel from "../src/OpenAiImageModel.ts"
import * as OpenAiModerationModel from "../src/OpenAiModerationModel.ts"
import * as OpenAiSpeechModel from "../src/OpenAiSpeechModel.ts"
import * as OpenAiTranscriptionModel from "../src/OpenAiTranscriptionModel.ts"

const client = Layer.unwrap(
  Effect.map(Emulator.Emulator, (emulator) =>
    OpenAiClient.layer({ apiKey: Redacted.make("sk-test-key"), apiUrl: emulator.baseUrl("openai-images") }),
  ),
)

const live = client.pipe(Layer.provideMerge(Emulator.layer()))

const script = (dialect: Emulator.Dialect, ...replies: ReadonlyArray<Reply.Reply>) =>
  Effect.flatMap(Emulator.Emulator, (emulator) => emulator.script(dialect, ...replies))

const requests = Effect.flatMap(Emulator.Emulator, (emulator) => emulator.requests)

const body = Effect.map(requests, (all) => all.at(-1)?.body as Record<string, unknown>)

/** How a request failed: by which option, or for which reason. */
const failure = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) =>
    AiError.isAiError(error) ? error.reason._tag : (error as { readonly option?: string }).option,
  )

const json = (value: unknown) => Reply.recorded({ body: value })

const png = { mediaType: "image/png", data: Uint8Array.of(1, 2, 3, 4) }

describe("images", () => {
  const draw = (request: Partial<ImageModel.ImageRequest>, config?: OpenAiImageModel.Settings) =>
    ImageModel.generate({ prompt: "A ship", ...request }).pipe(
      Resilient.provide(OpenAiImageModel.model("gpt-image-2", config)),
    )

  it.live("are asked for in OpenAI's words", () =>
    Effect.gen(function* () {
      const { images } = yield* draw({ count: 2 }, { size: "1024x1024", quality: "low", outputFormat: "webp" })
      assert.deepStrictEqual(
        images.map(({ mediaType }) => mediaType),
        ["image/webp", "image/webp"],
      )
      assert.deepStrictEqual(yield* body, {
        model: "gpt-image-2",
        prompt: "A ship",
        n: 2,
        size: "1024x1024",
        quality: "low",
        output_format: "webp",
      })
    }).pipe(Effect.provide(live)),
  )

  it.live("are made of other images by the endpoint for edits", () =>
    Effect.gen(function* () {
      yield* draw({ images: [png, png] }, { moderation: "low", quality: "high" })
      const [request] = yield* requests
      assert.isTrue(request?.path.endsWith("/images/edits"))
      const { image, ...fields } = yield* body
      assert.deepStrictEqual(fields, { model: "gpt-image-2", prompt: "A ship", quality: "high" })
      assert.deepStrictEqual(
        (image as ReadonlyArray<Record<string, unknown>>).map(({ fileName, type }) => [fileName, type]),
        [
          ["image-0.png", "image/png"],
          ["image-1.png", "image/png"],
        ],
      )
    }).pipe(Effect.provide(live)),
  )

  it.live("are no addresses, and have no usage where another model took part", () =>
    Effect.gen(function* () {
      yield* script("openai-images", json({ data: [{ url: "https://evil.example/image.png" }] }))
      assert.strictEqual(yield* failure(draw({})), "InvalidResponseError")
      const usage = { input_tokens: 1, output_tokens: 2 }
      yield* script("openai-images", json({ data: [{ b64_json: "AQID" }], usage, svg_usage: { model: "gpt-6-sol" } }))
      assert.deepStrictEqual((yield* draw({})).usage, { images: 1 })
    }).pipe(Effect.provide(live)),
  )

  it.live("that OpenAI does not draw for their content are a failure of their own", () =>
    Effect.gen(function* () {
      const message =
        "Your request was rejected by the safety system. If you believe this is an error, contact us at help.openai.com and include the request ID req_1. safety_violations=[sexual]."
      const options = { message, type: "image_generation_user_error", code: "moderation_blocked" }
      yield* script("openai-images", Reply.status(400, options))
      assert.strictEqual(yield* failure(draw({})), "ContentPolicyError")
    }).pipe(Effect.provide(live)),
  )

  it.live("are refused before any request where OpenAI cannot make them", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* failure(draw({ count: 11 })), "count")
      assert.strictEqual(yield* failure(draw({ prompt: "x".repeat(32_001) })), "prompt")
      assert.strictEqual(yield* failure(draw({ images: Array.from({ length: 17 }, () => png) })), "images")
      assert.strictEqual(yield* failure(draw({}, { outputCompression: 101 })), "outputCompression")
      assert.deepStrictEqual(yield* requests, [])
    }).pipe(Effect.provide(live)),
  )
})

describe("moderation", () => {
  const moderate = (name: string, ...inputs: ModerationModel.ModerationRequest["inputs"]) =>
    ModerationModel.moderate({ inputs }).pipe(Resilient.provide(OpenAiModerationModel.model(name)))

  it.live("judges texts and images together", () =>
    Effect.gen(function* () {
      yield* moderate("omni-moderation-latest", "a", { image: png }, { image: new URL("https://example.com/a.png") })
      assert.deepStrictEqual(yield* body, {
        model: "omni-moderation-latest",
        input: [
          { type: "text", text: "a" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AQIDBA==" } },
          { type: "image_url", image_url: { url: "https://example.com/a.png" } },
        ],
      })
      assert.strictEqual(yield* failure(moderate("text-moderation-latest", { image: png })), "inputs")
    }).pipe(Effect.provide(live)),
  )

  it.live("of several texts has a category of one for all, and none that is null", () =>
    Effect.gen(function* () {
      const results = [
        { flagged: false, categories: { hate: false, illicit: null }, category_scores: { hate: 0.1 } },
        { flagged: true, categories: { hate: true }, category_scores: { hate: 0.9 } },
      ]
      yield* script("openai-moderation", json({ id: "modr-1", model: "m", results }))
      const { categories, flagged, scores } = yield* moderate("omni-moderation-latest", "a", "b")
      assert.deepStrictEqual([flagged, { ...categories }, { ...scores }], [true, { hate: true }, { hate: 0.9 }])
      for (const broken of [{ results: [] }, { results: [{ flagged: "no" }] }]) {
        yield* script("openai-moderation", json(broken))
        assert.strictEqual(yield* failure(moderate("omni-moderation-latest", "a")), "InvalidResponseError")
      }
    }).pipe(Effect.provide(live)),
  )
})

describe("speech", () => {
  const speak = (name: string, request: Partial<SpeechModel.SpeechRequest> = {}, config?: OpenAiSpeechModel.Settings) =>
    SpeechModel.speak({ text: "Ships float.", ...request }).pipe(
      Resilient.provide(OpenAiSpeechModel.model(name, config)),
    )

  it.live("is asked for as bytes or as events, whichever says what it took", () =>
    Effect.gen(function* () {
      const wave = yield* speak("tts-1", { voice: "ash" }, { responseFormat: "wav", speed: 2 })
      assert.strictEqual(wave.mediaType, "audio/wav")
      const common = { input: "Ships float.", voice: "ash" }
      assert.deepStrictEqual(yield* body, { ...common, model: "tts-1", response_format: "wav", speed: 2 })
      yield* speak("gpt-4o-mini-tts", { voice: "ash", instructions: "Whisper." })
      assert.deepStrictEqual(yield* body, {
        ...common,
        model: "gpt-4o-mini-tts",
        instructions: "Whisper.",
        stream_format: "sse",
      })
    }).pipe(Effect.provide(live)),
  )

  it.live("that ends before it is over is a failure, and so is an error in its place", () =>
    Effect.gen(function* () {
      yield* script("openai-speech", Reply.media().pipe(Fault.omitTerminal))
      assert.strictEqual(yield* failure(speak("gpt-4o-mini-tts")), "InvalidResponseError")
      const error = { error: { message: "Rate limit reached", type: "requests", code: "rate_limit_exceeded" } }
      for (const name of ["tts-1", "gpt-4o-mini-tts"]) {
        yield* script("openai-speech", json(error))
        assert.strictEqual(yield* failure(speak(name)), "RateLimitError")
      }
      yield* script("openai-speech", Reply.media({ audio: "" }))
      assert.strictEqual(yield* failure(speak("tts-1")), "InvalidResponseError")
    }).pipe(Effect.provide(live)),
  )

  it.live("is refused before any request where OpenAI cannot speak it", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* failure(speak("tts-1", { text: "x".repeat(4_097) })), "text")
      // Characters, not units of UTF-16.
      yield* speak("tts-1", { text: "😀".repeat(4_096) })
      assert.strictEqual(yield* failure(speak("tts-1", { instructions: "Whisper." })), "instructions")
      assert.strictEqual(yield* failure(speak("tts-1", {}, { speed: 5 })), "speed")
      assert.lengthOf(yield* requests, 1)
    }).pipe(Effect.provide(live)),
  )
})

describe("transcripts", () => {
  const mp3 = { mediaType: "audio/mpeg", data: Uint8Array.of(65, 66) }

  const transcribe = (
    name: string,
    request: Partial<TranscriptionModel.TranscriptionRequest> = {},
    config?: OpenAiTranscriptionModel.Settings,
  ) =>
    TranscriptionModel.transcribe({ audio: mp3, ...request }).pipe(
      Resilient.provide(OpenAiTranscriptionModel.model(name, config)),
    )

  it.live("are asked for with a file whose name tells its format", () =>
    Effect.gen(function* () {
      yield* transcribe("whisper-1", { language: "de", prompt: "Hafen" }, { temperature: 0 })
      assert.deepStrictEqual(yield* body, {
        model: "whisper-1",
        response_format: "json",
        language: "de",
        prompt: "Hafen",
        temperature: "0",
        file: { fileName: "audio.mp3", type: "audio/mpeg", content: "AB" },
      })
      yield* transcribe("gpt-transcribe", { language: "de" })
      const { language, languages } = yield* body
      assert.deepStrictEqual([language, languages], [undefined, ["de"]])
    }).pipe(Effect.provide(live)),
  )

  it.live("are billed by whole seconds, and by none that are no number", () =>
    Effect.gen(function* () {
      const seconds = ["2.4", 2.4, 2.6, -1].map((each) =>
        json({ text: "", usage: { type: "duration", seconds: each } }),
      )
      yield* script("openai-transcription", ...seconds)
      const counted = yield* Effect.forEach(seconds, () => transcribe("whisper-1"))
      assert.deepStrictEqual(
        counted.map(({ usage }) => usage.seconds),
        [undefined, 2, 3, undefined],
      )
    }).pipe(Effect.provide(live)),
  )

  it.live("are refused before any request where OpenAI cannot make them", () =>
    Effect.gen(function* () {
      const large = { mediaType: "audio/wav", data: new Uint8Array(25 * 1024 * 1024 + 1) }
      assert.strictEqual(yield* failure(transcribe("whisper-1", { audio: large })), "audio")
      assert.strictEqual(yield* failure(transcribe("whisper-1", {}, { temperature: 2 })), "temperature")
      assert.deepStrictEqual(yield* requests, [])
    }).pipe(Effect.provide(live)),
  )
})

describe("decisions", () => {
  it.live("are questions in OpenAI's words", () =>
    Effect.gen(function* () {
      const Triage = Decision.make({
        input: Schema.Struct({ message: Schema.String }),
        decisions: {
          team: Decision.classify({ instructions: "Which team", criteria: { billing: "money", other: null } }),
          anger: Decision.rate({
            instructions: { ask: "How angry" },
            criteria: [
              { label: "calm", description: "no anger" },
              { label: "furious", description: "a lot" },
            ],
          }),
          urgent: Decision.probability({ instructions: "It is urgent", criteria: { true: "now", false: "later" } }),
        },
      })
      yield* DecisionModel.decide(Triage, { input: { message: "Fire!" } }).pipe(
        Resilient.provide(OpenAiDecisionModel.model("gpt-6-luna", { promptCacheKey: "triage" })),
      )
      assert.deepStrictEqual(yield* body, {
        model: "gpt-6-luna",
        prompt_cache_key: "triage",
        input: '{"message":"Fire!"}',
        questions: [
          {
            type: "choice",
            name: "team",
            instructions: "Which team",
            choices: [{ value: "billing", description: "money" }, { value: "other" }],
          },
          {
            type: "score",
            name: "anger",
            instructions: '{"ask":"How angry"}',
            levels: [
              { label: "calm", description: "no anger" },
              { label: "furious", description: "a lot" },
            ],
          },
          {
            type: "predicate",
            name: "urgent",
            instructions: "It is urgent\nTrue means: now\nFalse means: later",
          },
        ],
      })
    }).pipe(Effect.provide(live)),
  )
})
