import { assert, describe, it } from "@effect/vitest"
import { ImageModel, Resilient, SpeechModel, TranscriptionModel } from "@holdfast/core"
import { Effect, Redacted } from "effect"

import * as OpenAiCompatible from "../src/OpenAiCompatible.ts"
import * as OpenAiImageModel from "../src/OpenAiImageModel.ts"
import * as OpenAiSpeechModel from "../src/OpenAiSpeechModel.ts"
import * as OpenAiTranscriptionModel from "../src/OpenAiTranscriptionModel.ts"

/** A server that answers so, and what it was asked. */
const serverOf = <Name extends string>(
  preset: OpenAiCompatible.Preset<Name>,
  answer: () => Response,
): { readonly layer: ReturnType<typeof OpenAiCompatible.layer<Name>>; readonly asked: Array<Asked> } => {
  const asked: Array<Asked> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Response(init?.body ?? null, { headers: init?.headers ?? {} })
    const body = init?.body
    const fields =
      body instanceof FormData
        ? Object.fromEntries(Array.from(body).filter(([, value]) => typeof value === "string"))
        : ((await request.json().catch(() => ({}))) as object)
    asked.push({ url: input instanceof Request ? input.url : String(input), fields })
    return answer()
  }
  return { asked, layer: OpenAiCompatible.layer(preset, { apiKey: Redacted.make("key-of-a-test"), fetch }) }
}

interface Asked {
  readonly url: string
  readonly fields: object
}

const option = (error: unknown) => (error as { readonly option?: string }).option

describe("images of other servers", () => {
  const draw = <Name extends string>(
    preset: OpenAiCompatible.Preset<Name>,
    answer: object,
    config?: OpenAiImageModel.CompatibleSettings,
    request: Partial<ImageModel.ImageRequest> = {},
  ) => {
    const { asked, layer } = serverOf(preset, () => Response.json(answer))
    return ImageModel.generate({ prompt: "A ship", count: 2, ...request }).pipe(
      Resilient.provide(OpenAiImageModel.compatible(preset, "m", config)),
      Effect.map((drawn) => ({ drawn, asked })),
      Effect.provide(layer),
    )
  }

  const two = { data: [{ b64_json: "AQID" }, { b64_json: "AQID" }] }

  it.effect("are asked for as bytes in the words of Together, and counted", () =>
    Effect.gen(function* () {
      const { asked, drawn } = yield* draw(OpenAiCompatible.together, two, { extra: { width: 512, steps: 4 } })
      assert.deepStrictEqual(asked, [
        {
          url: "https://api.together.ai/v1/images/generations",
          fields: { model: "m", prompt: "A ship", n: 2, width: 512, steps: 4, response_format: "base64" },
        },
      ])
      assert.deepStrictEqual(
        drawn.images.map(({ mediaType }) => mediaType),
        ["image/jpeg", "image/jpeg"],
      )
      assert.deepStrictEqual([drawn.usage.images, drawn.usage.outputTokens?.total], [2, undefined])
    }),
  )

  it.effect("have the type that xAI tells of each", () =>
    Effect.gen(function* () {
      const one = { data: [{ b64_json: "AQID", mime_type: "image/webp", revised_prompt: "A large ship" }] }
      const { asked, drawn } = yield* draw(OpenAiCompatible.xai, one, { extra: { aspect_ratio: "16:9" } })
      const { fields } = asked[0] ?? {}
      assert.deepStrictEqual(fields, {
        model: "m",
        prompt: "A ship",
        n: 2,
        aspect_ratio: "16:9",
        response_format: "b64_json",
      })
      assert.deepStrictEqual([drawn.images[0].mediaType, drawn.images[0].revisedPrompt], ["image/webp", "A large ship"])
    }),
  )

  it.effect("are refused before any request where the server has no such setting", () =>
    Effect.gen(function* () {
      const given = [{ mediaType: "image/png", data: Uint8Array.of(1) }]
      for (const preset of [OpenAiCompatible.together, OpenAiCompatible.xai]) {
        assert.strictEqual(option(yield* Effect.flip(draw(preset, two, { size: "1024x1024" }))), "size")
        assert.strictEqual(option(yield* Effect.flip(draw(preset, two, {}, { images: given }))), "images")
      }
    }),
  )

  it.effect("of a server that nothing is known of are asked for as OpenAI's", () =>
    Effect.gen(function* () {
      const { asked, drawn } = yield* draw(OpenAiCompatible.vllm, two, { size: "512x512" })
      assert.deepStrictEqual(asked[0]?.fields, { model: "m", prompt: "A ship", n: 2, size: "512x512" })
      assert.strictEqual(drawn.images[0].mediaType, "image/png")
    }),
  )
})

describe("speech of Groq", () => {
  const speak = (request: Partial<SpeechModel.SpeechRequest>, config?: OpenAiSpeechModel.CompatibleSettings) => {
    const { asked, layer } = serverOf(OpenAiCompatible.groq, () => new Response(Uint8Array.of(82, 73, 70, 70)))
    return SpeechModel.speak({ text: "Ships float.", ...request }).pipe(
      Resilient.provide(OpenAiSpeechModel.compatible(OpenAiCompatible.groq, "canopylabs/orpheus-v1-english", config)),
      Effect.map((spoken) => ({ spoken, asked })),
      Effect.provide(layer),
    )
  }

  it.effect("comes as bytes, and its characters are counted", () =>
    Effect.gen(function* () {
      const { asked, spoken } = yield* speak({}, { voice: "troy" })
      assert.deepStrictEqual(asked, [
        {
          url: "https://api.groq.com/openai/v1/audio/speech",
          fields: {
            model: "canopylabs/orpheus-v1-english",
            input: "Ships float.",
            voice: "troy",
            response_format: "wav",
          },
        },
      ])
      assert.deepStrictEqual(
        [spoken.mediaType, spoken.data.length, spoken.usage],
        ["audio/wav", 4, { requests: 1, characters: 12 }],
      )
    }),
  )

  it.effect("needs a voice", () =>
    Effect.gen(function* () {
      assert.strictEqual(option(yield* Effect.flip(speak({}))), "voice")
      assert.strictEqual((yield* speak({ voice: "diana" })).asked.length, 1)
    }),
  )
})

describe("transcripts of other servers", () => {
  const transcribe = <Name extends string>(
    preset: OpenAiCompatible.Preset<Name>,
    answer: object,
    config?: OpenAiTranscriptionModel.CompatibleSettings,
  ) => {
    const { asked, layer } = serverOf(preset, () => Response.json(answer))
    return TranscriptionModel.transcribe({ audio: { mediaType: "audio/wav", data: Uint8Array.of(1) } }).pipe(
      Resilient.provide(OpenAiTranscriptionModel.compatible(preset, "whisper-large-v3-turbo", config)),
      Effect.map((said) => ({ said, asked })),
      Effect.provide(layer),
    )
  }

  it.effect("of Groq are billed by their duration, and ten seconds at least", () =>
    Effect.gen(function* () {
      // https://github.com/BerriAI/litellm/issues/16570
      for (const [duration, seconds] of [
        [3.2, 10],
        [61.2, 62],
        [0, 10],
        [-1, undefined],
        ["61", undefined],
        [undefined, undefined],
      ] as const) {
        const answer = { task: "transcribe", language: "English", duration, text: " Ships float.", segments: [] }
        const { asked, said } = yield* transcribe(OpenAiCompatible.groq, answer, { temperature: 0 })
        assert.deepStrictEqual(said.usage.seconds, seconds)
        assert.deepStrictEqual(asked.at(-1), {
          url: "https://api.groq.com/openai/v1/audio/transcriptions",
          fields: { model: "whisper-large-v3-turbo", temperature: "0", response_format: "verbose_json" },
        })
        assert.deepStrictEqual(said.language, "English")
      }
    }),
  )

  it.effect("of vLLM are billed by the seconds that it tells", () =>
    Effect.gen(function* () {
      // https://github.com/BerriAI/litellm/issues/22622
      const { said } = yield* transcribe(OpenAiCompatible.vllm, {
        text: "Ships float.",
        usage: { type: "duration", seconds: 240 },
      })
      assert.strictEqual(said.usage.seconds, 240)
    }),
  )
})
