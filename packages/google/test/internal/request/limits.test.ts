import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Prompt } from "effect/ai"

import { contentBody } from "../../../src/internal/request/request.ts"
import { type Settings } from "../../../src/internal/settings.ts"
import { request } from "../../requests.ts"

type Wanted = ReturnType<typeof request>

const attempt = (settings: Settings, wanted: Wanted = request("hi")) =>
  contentBody({ provider: "google", model: "mine", settings, request: wanted })

const tried = (settings: Settings, wanted?: Wanted) => Effect.map(Effect.result(attempt(settings, wanted)), optionOf)

const optionOf = (result: { readonly _tag: string; readonly failure?: object }) =>
  result.failure !== undefined && "option" in result.failure ? result.failure.option : result._tag

const nonsense: ReadonlyArray<readonly [string, Settings]> = [
  ["temperature", { temperature: 5 }],
  ["temperature", { temperature: -0.1 }],
  ["temperature", { temperature: Number.NaN }],
  ["topP", { topP: 2 }],
  ["topK", { topK: 0 }],
  ["maxOutputTokens", { maxOutputTokens: 0 }],
  ["maxOutputTokens", { maxOutputTokens: -5 }],
  ["maxOutputTokens", { maxOutputTokens: 100.5 }],
  ["maxOutputTokens", { maxOutputTokens: Infinity }],
  ["seed", { seed: 2 ** 31 }],
  ["frequencyPenalty", { frequencyPenalty: 3 }],
  ["presencePenalty", { presencePenalty: -3 }],
  ["stopSequences", { stopSequences: ["a", ""] }],
  ["stopSequences", { stopSequences: ["a", "b", "c", "d", "e", "f"] }],
  ["safetySettings", { safetySettings: [{ category: "HARM_CATEGORY_IMAGE_HATE", threshold: "OFF" }] }],
]

const file = (mediaType: string, options: object): Wanted =>
  request([
    {
      role: "user",
      content: [{ type: "file", mediaType, data: "AQID", options: { google: options } }],
    } as Prompt.MessageEncoded,
  ])

describe("requests", () => {
  it.effect("with numbers and texts that no model takes are refused", () =>
    Effect.gen(function* () {
      for (const [option, settings] of nonsense) assert.strictEqual(yield* tried(settings), option)
      assert.strictEqual(yield* tried({ temperature: 2, topP: 0, topK: 1, seed: -1, maxOutputTokens: 1 }), "Success")
      assert.isUndefined((yield* attempt({ stopSequences: [] })).config.stopSequences)
    }),
  )

  it.effect("with a prompt that says nothing are refused", () =>
    Effect.gen(function* () {
      for (const prompt of [[], "", [{ role: "system", content: "s" }], [{ role: "user", content: [] }]] as const) {
        assert.strictEqual(yield* tried({}, request(prompt as Prompt.RawInput)), "prompt")
      }
      const sent = yield* attempt(
        {},
        request([
          { role: "system", content: "" },
          {
            role: "user",
            content: [
              { type: "text", text: "" },
              { type: "text", text: "a" },
            ],
          },
        ]),
      )
      assert.deepStrictEqual(sent.contents, [{ role: "user", parts: [{ text: "a" }] }])
      assert.isUndefined(sent.config.systemInstruction)
    }),
  )

  it.effect("with options on parts that would be left out are refused", () =>
    Effect.gen(function* () {
      const option = (mediaType: string, options: object) => tried({}, file(mediaType, options))
      assert.strictEqual(yield* option("image/png", { mediaResolution: "huge" }), "prompt[0].file.mediaResolution")
      assert.strictEqual(yield* option("image/png", { mediaResolution: "ultra_high" }), "Success")
      const offset = { videoMetadata: { startOffset: "1s" } }
      assert.strictEqual(yield* option("image/png", offset), "prompt[0].file.videoMetadata")
      assert.strictEqual(yield* option("video/mp4", offset), "Success")
      for (const mediaType of ["video/*", "*/*"]) {
        assert.strictEqual(yield* option(mediaType, offset), `prompt[0].file.${mediaType}`)
        const uri = { ...offset, fileUri: "https://youtu.be/abc" }
        assert.strictEqual(yield* option(mediaType, uri), "Success")
      }
      const fps = (value: unknown) => option("video/mp4", { videoMetadata: { fps: value } })
      for (const value of [0, 25, "1"]) assert.strictEqual(yield* fps(value), "prompt[0].file.videoMetadata.fps")
      for (const value of [24, 0.1, null]) assert.strictEqual(yield* fps(value), "Success")
    }),
  )
})
