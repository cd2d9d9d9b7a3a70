import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Prompt, Tool } from "effect/ai"

import { common, openai } from "../../../src/internal/chat/dialect.ts"
import { chatBody } from "../../../src/internal/chat/request.ts"
import { responsesBody } from "../../../src/internal/responses/request.ts"
import { type ChatSettings, type Settings } from "../../../src/internal/settings.ts"
import { request } from "../../requests.ts"

type Wanted = ReturnType<typeof request>

const responses = (settings: Settings, wanted: Wanted = request("hi"), model = "mine") =>
  Effect.map(
    Effect.result(responsesBody({ provider: "openai", model, settings, request: wanted, tracked: false })),
    optionOf,
  )
const chat = (settings: ChatSettings, wanted: Wanted = request("hi"), model = "mine", dialect = openai) =>
  Effect.map(Effect.result(chatBody({ provider: "openai", model, dialect, settings, request: wanted })), optionOf)

const optionOf = (result: { readonly _tag: string; readonly failure?: object }) =>
  result.failure !== undefined && "option" in result.failure ? result.failure.option : result._tag

const nonsense: ReadonlyArray<readonly [string, Settings]> = [
  ["temperature", { temperature: 5 }],
  ["temperature", { temperature: -0.1 }],
  ["temperature", { temperature: Number.NaN }],
  ["topP", { topP: 2 }],
  ["maxOutputTokens", { maxOutputTokens: 0 }],
  ["maxOutputTokens", { maxOutputTokens: -5 }],
  ["maxOutputTokens", { maxOutputTokens: 100.5 }],
  ["maxOutputTokens", { maxOutputTokens: Infinity }],
  ["metadata", { metadata: { a: "x".repeat(513) } }],
  ["metadata", { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, ""])) }],
  ["safetyIdentifier", { safetyIdentifier: "x".repeat(129) }],
]

const part = (role: "user" | "assistant", options: object): Wanted =>
  request([{ role, content: [{ type: "text", text: "a", options: { openai: options } }] } as Prompt.MessageEncoded])

const file = (mediaType: string, imageDetail: string): Wanted =>
  request([
    {
      role: "user",
      content: [{ type: "file", mediaType, data: "AQID", options: { openai: { imageDetail } } }],
    } as Prompt.MessageEncoded,
  ])

const tool = (name: string): Wanted =>
  request("hi", { tools: [Tool.make(name, { parameters: Schema.Struct({ a: Schema.String }) })] })

describe.each([
  ["Responses", responses],
  ["Chat Completions", chat],
])("%s", (_, tried) => {
  it.effect("refuses numbers and texts that no model takes", () =>
    Effect.gen(function* () {
      for (const [option, settings] of nonsense) assert.strictEqual(yield* tried(settings), option)
      assert.strictEqual(yield* tried({ temperature: 2, topP: 0, maxOutputTokens: 16 }), "Success")
    }),
  )

  it.effect("refuses what a model is known not to take", () =>
    Effect.gen(function* () {
      const hi = request("hi")
      assert.strictEqual(yield* tried({ reasoning: { effort: "low" } }, hi, "gpt-4.1"), "reasoning.effort")
      assert.strictEqual(yield* tried({ reasoning: { effort: "none" } }, hi, "o3"), "reasoning.effort")
      assert.strictEqual(yield* tried({ reasoning: { summary: "auto" } }, hi, "gpt-4o"), "reasoning.summary")
      assert.strictEqual(yield* tried({ verbosity: "low" }, hi, "gpt-4o"), "verbosity")
      assert.strictEqual(yield* tried({ verbosity: "medium" }, hi, "gpt-4o"), "Success")
      assert.strictEqual(yield* tried({ promptCacheOptions: { ttl: "30m" } }, hi, "gpt-5.5"), "promptCacheOptions")
    }),
  )

  it.effect("refuses a prompt that says nothing", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* tried({}, request([])), "prompt")
      assert.strictEqual(yield* tried({}, request([{ role: "user", content: [] }])), "prompt")
    }),
  )

  it.effect("refuses options on parts that would be left out", () =>
    Effect.gen(function* () {
      const mark = { promptCacheBreakpoint: true }
      assert.strictEqual(yield* tried({}, part("assistant", mark)), "prompt[0].promptCacheBreakpoint")
      assert.strictEqual(yield* tried({}, part("user", mark), "gpt-4.1"), "prompt[0].promptCacheBreakpoint")
      assert.strictEqual(yield* tried({}, part("user", mark), "gpt-6-sol"), "Success")
      const wrong = { promptCacheBreakpoint: { ttl: "1h" } }
      assert.strictEqual(yield* tried({}, part("user", wrong)), "prompt[0].promptCacheBreakpoint")
      assert.strictEqual(yield* tried({}, part("user", { promptCacheBreakpoint: null })), "Success")
      assert.strictEqual(yield* tried({}, file("application/pdf", "high")), "prompt[0].imageDetail")
      assert.strictEqual(yield* tried({}, file("image/png", "huge")), "prompt[0].imageDetail")
      assert.strictEqual(yield* tried({}, file("image/png", "original")), "Success")
    }),
  )

  it.effect("refuses names of tools that OpenAI does not take", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* tried({}, tool("get.weather")), "tools.get.weather")
      const long = "x".repeat(129)
      assert.strictEqual(yield* tried({}, tool(long)), `tools.${long}`)
      assert.strictEqual(yield* tried({}, tool("get_weather-2")), "Success")
    }),
  )
})

describe("what one of the APIs has", () => {
  it.effect("is checked where it is", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* responses({ maxOutputTokens: 15 }), "maxOutputTokens")
      assert.strictEqual(yield* chat({ maxOutputTokens: 1 }), "Success")
      assert.strictEqual(yield* chat({ frequencyPenalty: 3 }), "frequencyPenalty")
      assert.strictEqual(yield* chat({ presencePenalty: -3 }), "presencePenalty")
      assert.strictEqual(yield* chat({ seed: 0.5 }), "seed")
      assert.strictEqual(yield* chat({ seed: -1 }), "Success")
      assert.strictEqual(yield* chat({ stop: "" }), "stop")
      assert.strictEqual(yield* chat({ stop: ["a", ""] }), "stop")
      assert.strictEqual(yield* chat({ stop: ["a", "b", "c", "d", "e"] }), "stop")
    }),
  )

  it.effect("is left to other servers where they differ", () =>
    Effect.gen(function* () {
      const five = { stop: ["a", "b", "c", "d", "e"] }
      assert.strictEqual(yield* chat(five, request("hi"), "mine", common), "Success")
      assert.strictEqual(yield* chat({}, tool("get.weather"), "mine", common), "Success")
      assert.strictEqual(yield* chat({ temperature: Number.NaN }, request("hi"), "mine", common), "temperature")
      const none = yield* chatBody({
        provider: "openai",
        model: "mine",
        dialect: openai,
        settings: { stop: [] },
        request: request("hi"),
      })
      assert.isUndefined(none.stop)
    }),
  )
})
