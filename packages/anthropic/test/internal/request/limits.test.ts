import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Prompt, Tool } from "effect/ai"

import { messagesBody } from "../../../src/internal/request/request.ts"
import { type Settings } from "../../../src/internal/settings.ts"
import { request } from "../../requests.ts"

type Wanted = ReturnType<typeof request>

const attempt = (settings: Settings, wanted: Wanted = request("hi"), model = "mine") =>
  messagesBody({ provider: "anthropic", model, apiVersion: "2023-06-01", settings, request: wanted })

const tried = (settings: Settings, wanted?: Wanted) => Effect.map(Effect.result(attempt(settings, wanted)), optionOf)

const optionOf = (result: { readonly _tag: string; readonly failure?: object }) =>
  result.failure !== undefined && "option" in result.failure ? result.failure.option : result._tag

const nonsense: ReadonlyArray<readonly [string, Settings]> = [
  ["temperature", { temperature: 5 }],
  ["temperature", { temperature: -0.1 }],
  ["temperature", { temperature: Number.NaN }],
  ["topP", { topP: 2 }],
  ["topK", { topK: 1.5 }],
  ["maxOutputTokens", { maxOutputTokens: -5 }],
  ["maxOutputTokens", { maxOutputTokens: 100.5 }],
  ["maxOutputTokens", { maxOutputTokens: Infinity }],
  ["stopSequences", { stopSequences: ["a", ""] }],
  ["stopSequences", { stopSequences: ["\n"] }],
]

const part = (fields: object, options: object): Wanted =>
  request([{ role: "user", content: [{ ...fields, options: { anthropic: options } } as Prompt.TextPartEncoded] }])
const text = { type: "text", text: "a" }
const png = { type: "file", mediaType: "image/png", data: "AQID" }
const pdf = { type: "file", mediaType: "application/pdf", data: "AQID" }

const tool = (name: string): Wanted =>
  request("hi", { tools: [Tool.make(name, { parameters: Schema.Struct({ a: Schema.String }) })] })

describe("requests", () => {
  it.effect("with numbers and texts that no model takes are refused", () =>
    Effect.gen(function* () {
      for (const [option, settings] of nonsense) assert.strictEqual(yield* tried(settings), option)
      assert.strictEqual(yield* tried({ temperature: 1, topK: 0, maxOutputTokens: 0 }), "Success")
      assert.isUndefined((yield* attempt({ stopSequences: [] })).stop_sequences)
    }),
  )

  it.effect("with a prompt that says nothing are refused", () =>
    Effect.gen(function* () {
      for (const prompt of [
        [],
        "",
        " ",
        [{ role: "system", content: "s" }],
        [{ role: "user", content: [] }],
      ] as const) {
        assert.strictEqual(yield* tried({}, request(prompt as Prompt.RawInput)), "prompt")
      }
    }),
  )

  it.effect("with options on parts that would be left out are refused", () =>
    Effect.gen(function* () {
      const marked = (cacheControl: unknown) => tried({}, part(text, { cacheControl }))
      assert.strictEqual(yield* marked({ ttl: "2h" }), "prompt[0].cacheControl")
      assert.strictEqual(yield* marked("1h"), "prompt[0].cacheControl")
      for (const control of [true, false, null, {}, { type: "ephemeral", ttl: "1h" }]) {
        assert.strictEqual(yield* marked(control), "Success")
      }
      const cacheControl = true
      assert.strictEqual(
        yield* tried({}, part({ type: "text", text: " " }, { cacheControl })),
        "prompt[0].cacheControl",
      )
      const thought = { type: "reasoning", text: "hm", options: { anthropic: { cacheControl, signature: "s" } } }
      const history = request([{ role: "assistant", content: [thought as Prompt.ReasoningPartEncoded] }])
      assert.strictEqual(yield* tried({}, history), "prompt[0].cacheControl")
      assert.strictEqual(yield* tried({}, part(pdf, { oversizedImage: "error" })), "prompt[0].oversizedImage")
      assert.strictEqual(yield* tried({}, part(png, { oversizedImage: "shrink" })), "prompt[0].oversizedImage")
      assert.strictEqual(yield* tried({}, part(png, { oversizedImage: "error" })), "Success")
      for (const option of ["documentTitle", "documentContext", "documentCitations"]) {
        const value = option === "documentCitations" ? true : "a"
        assert.strictEqual(yield* tried({}, part(png, { [option]: value })), `prompt[0].${option}`)
        assert.strictEqual(yield* tried({}, part(pdf, { [option]: value })), "Success")
      }
    }),
  )

  it.effect("with names of tools that Anthropic does not take are refused", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* tried({}, tool("get.weather")), "tools.get.weather")
      const long = "x".repeat(129)
      assert.strictEqual(yield* tried({}, tool(long)), `tools.${long}`)
      assert.strictEqual(yield* tried({}, tool("get_weather-2")), "Success")
    }),
  )
})
