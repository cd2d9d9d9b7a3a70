import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Tool } from "effect/ai"

import * as GoogleTool from "../../../src/GoogleTool.ts"
import { contentBody } from "../../../src/internal/request/request.ts"
import { type Settings } from "../../../src/internal/settings.ts"
import { request } from "../../requests.ts"

const body = (model: string, settings: Settings = {}, wanted = request("hi")) =>
  contentBody({ provider: "gcp.gemini", model, settings, request: wanted })

const config = (model: string, settings: Settings = {}, wanted = request("hi")) =>
  Effect.map(body(model, settings, wanted), (sent): unknown => sent.config)

const refused = (model: string, settings: Settings, wanted = request("hi")) =>
  Effect.map(Effect.flip(body(model, settings, wanted)), (error) =>
    error._tag === "UnsupportedOption" ? `${error.model} ${error.option}` : error.reason._tag,
  )

const weather = Tool.make("weather", {
  description: "The weather in a city",
  parameters: Schema.Struct({ city: Schema.String, days: Schema.optionalKey(Schema.Int) }),
})
const clock = Tool.make("clock")
const search = GoogleTool.googleSearch({})

const withTools = (tools: ReadonlyArray<Tool.Any>, toolChoice?: unknown, schema?: Schema.Top) =>
  request("hi", { tools, ...(toolChoice !== undefined && { toolChoice }), ...(schema && { schema }) })

describe("settings", () => {
  it.effect("are none by default", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* body("gemini-3.8-flash"), {
        model: "gemini-3.8-flash",
        contents: [{ role: "user", parts: [{ text: "hi" }] }],
        config: {},
      })
    }),
  )

  it.effect("go out in Google's names", () =>
    Effect.gen(function* () {
      const sent = yield* config("gemini-3.8-flash", {
        temperature: 0.2,
        topP: 0.9,
        topK: 40,
        maxOutputTokens: 100,
        stopSequences: ["END"],
        seed: 7,
        presencePenalty: 0,
        frequencyPenalty: 0,
        thinking: { level: "low", includeThoughts: true },
        safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" }],
        cachedContent: "cachedContents/abc",
        mediaResolution: "low",
        responseModalities: ["text", "image"],
        serviceTier: "flex",
        labels: { team: "a" },
        extra: { imageConfig: { aspectRatio: "16:9" }, maxOutputTokens: 99 },
      })
      assert.deepStrictEqual(sent, {
        temperature: 0.2,
        topP: 0.9,
        topK: 40,
        maxOutputTokens: 99,
        stopSequences: ["END"],
        seed: 7,
        presencePenalty: 0,
        frequencyPenalty: 0,
        thinkingConfig: { thinkingLevel: "LOW", includeThoughts: true },
        safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" }],
        cachedContent: "cachedContents/abc",
        mediaResolution: "MEDIA_RESOLUTION_LOW",
        responseModalities: ["TEXT", "IMAGE"],
        serviceTier: "flex",
        labels: { team: "a" },
        imageConfig: { aspectRatio: "16:9" },
      })
    }),
  )

  const refusedSettings: ReadonlyArray<readonly [string, Settings, string]> = [
    ["gemini-2.5-pro", { thinking: { level: "low" } }, "thinking.level"],
    ["gemini-2.5-pro", { thinking: { budget: 0 } }, "thinking.budget"],
    ["gemini-2.5-pro", { thinking: { budget: 127 } }, "thinking.budget"],
    ["gemini-2.5-flash", { thinking: { budget: 24_577 } }, "thinking.budget"],
    ["gemini-2.5-flash-lite", { thinking: { budget: 100 } }, "thinking.budget"],
    ["gemini-2.5-flash", { thinking: { budget: 1.5 } }, "thinking.budget"],
    ["gemini-3-pro-preview", { thinking: { level: "medium" } }, "thinking.level"],
    ["gemini-3.8-flash", { thinking: { level: "minimal" } }, "thinking.level"],
    ["gemini-4-argon", { thinking: { level: "minimal" } }, "thinking.level"],
    ["gemini-3.8-flash", { thinking: { budget: 1000 } }, "thinking.budget"],
    ["gemini-flash-latest", { thinking: { level: "low", budget: 1000 } }, "thinking.budget"],
    ["gemini-2.0-flash", { thinking: { level: "low" } }, "thinking.level"],
    ["gemini-2.0-flash", { thinking: { budget: 1000 } }, "thinking.budget"],
    ["gemini-2.0-flash", { thinking: { includeThoughts: true } }, "thinking.includeThoughts"],
    ["gemma-4-31b-it", { thinking: { level: "low" } }, "thinking.level"],
    ["gemini-2.5-flash", { presencePenalty: 0.5 }, "presencePenalty"],
    ["gemini-4-carbon", { frequencyPenalty: 0.5 }, "frequencyPenalty"],
  ]
  it.effect.each(refusedSettings)("%s does not take %o", ([model, settings, option]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* refused(model, settings), `${model} ${option}`)
    }),
  )

  it.effect("are taken where they can be, and by models that are not known", () =>
    Effect.gen(function* () {
      const taken: ReadonlyArray<readonly [string, Settings]> = [
        ["gemini-2.5-pro", { thinking: { budget: -1 } }],
        ["gemini-2.5-flash", { thinking: { budget: 0, includeThoughts: true } }],
        ["gemini-2.5-flash-lite", { thinking: { budget: 512 } }],
        ["gemini-3.6-flash", { thinking: { level: "minimal" } }],
        ["gemini-2.0-flash", { presencePenalty: 1 }],
        ["gemini-flash-latest", { thinking: { level: "minimal" }, frequencyPenalty: 1 }],
        ["mine", { thinking: { budget: 3 } }],
      ]
      for (const [model, settings] of taken) yield* body(model, settings)
    }),
  )

  it.effect("with a cache leave no room for what the cache holds", () =>
    Effect.gen(function* () {
      const settings = { cachedContent: "cachedContents/abc" }
      const system = request([
        { role: "system", content: "be brief" },
        { role: "user", content: "hi" },
      ])
      assert.strictEqual(yield* refused("m", settings, system), "m cachedContent")
      assert.strictEqual(yield* refused("m", settings, withTools([weather])), "m cachedContent")
    }),
  )
})

describe("tools", () => {
  const declaration = {
    name: "weather",
    description: "The weather in a city",
    parametersJsonSchema: {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer" } },
      required: ["city"],
    },
  }

  it.effect("are declared as functions, with every choice", () =>
    Effect.gen(function* () {
      const choices: ReadonlyArray<readonly [unknown, Settings, object]> = [
        ["auto", {}, { mode: "AUTO" }],
        ["auto", { strictTools: true }, { mode: "VALIDATED" }],
        ["none", {}, { mode: "NONE" }],
        ["required", {}, { mode: "ANY" }],
        [{ tool: "weather" }, {}, { mode: "ANY", allowedFunctionNames: ["weather"] }],
        [{ oneOf: ["weather"] }, {}, { mode: "AUTO" }],
        [{ mode: "required", oneOf: ["weather"] }, {}, { mode: "ANY" }],
      ]
      for (const [choice, settings, functionCallingConfig] of choices) {
        const sent = (yield* config("m", settings, withTools([weather], choice))) as { tools: never }
        const [{ functionDeclarations }] = sent.tools as [{ functionDeclarations: ReadonlyArray<typeof declaration> }]
        assert.strictEqual(functionDeclarations[0]?.name, "weather")
        assert.deepStrictEqual((sent as unknown as { toolConfig: unknown }).toolConfig, { functionCallingConfig })
      }
      const { tools } = (yield* config("m", {}, withTools([weather, clock]))) as { tools: ReadonlyArray<never> }
      const [{ functionDeclarations }] = tools as unknown as [{ functionDeclarations: ReadonlyArray<unknown> }]
      assert.deepInclude(functionDeclarations[0], { name: "weather", description: "The weather in a city" })
      assert.deepStrictEqual(functionDeclarations[1], {
        name: "clock",
        parametersJsonSchema: { type: "object", properties: {}, additionalProperties: false },
      })
    }),
  )

  it.effect("may be Google's own", () =>
    Effect.gen(function* () {
      const own = [search, GoogleTool.codeExecution({}), GoogleTool.fileSearch({ fileSearchStoreNames: ["s"] })]
      assert.deepStrictEqual(yield* config("m", {}, withTools(own)), {
        tools: [{ googleSearch: {} }, { codeExecution: {} }, { fileSearch: { fileSearchStoreNames: ["s"] } }],
      })
      assert.deepStrictEqual(yield* config("m", {}, withTools(own, "none")), {})
      const mixed = (yield* config("m", {}, withTools([weather, search]))) as { toolConfig: unknown }
      assert.deepStrictEqual(mixed.toolConfig, { includeServerSideToolInvocations: true })
      const forced = (yield* config("m", {}, withTools([weather, search], "required"))) as { toolConfig: unknown }
      assert.deepStrictEqual(forced.toolConfig, {
        functionCallingConfig: { mode: "ANY" },
        includeServerSideToolInvocations: true,
      })
    }),
  )

  it.effect("that cannot be are refused", () =>
    Effect.gen(function* () {
      const foreign = Tool.providerDefined({ id: "openai.web_search", customName: "Web", providerName: "web_search" })()
      assert.strictEqual(yield* refused("m", {}, withTools([Tool.make("2 times")])), "m tools.2 times")
      const answer = Schema.Struct({ a: Schema.String })
      const old = "gemini-2.5-flash"
      assert.strictEqual(yield* refused("m", {}, withTools([foreign as Tool.Any])), "m tools.Web")
      assert.strictEqual(yield* refused(old, {}, withTools([weather, search])), `${old} tools.GoogleSearch`)
      assert.strictEqual(yield* refused(old, {}, withTools([weather], "auto", answer)), `${old} toolkit`)
      assert.strictEqual(yield* refused("m", {}, withTools([search], "required")), "m toolChoice")
      assert.strictEqual(
        yield* refused("m", {}, withTools([weather, search], { tool: "GoogleSearch" })),
        "m toolChoice",
      )
    }),
  )
})

describe("a structured answer", () => {
  it.effect("is asked for with its schema, also beside tools", () =>
    Effect.gen(function* () {
      const schema = Schema.Struct({ a: Schema.String })
      const format = {
        responseMimeType: "application/json",
        responseJsonSchema: { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
      }
      assert.deepStrictEqual(yield* config("gemini-2.5-flash", {}, request("hi", { schema })), format)
      const both = yield* config("gemini-3.8-flash", {}, withTools([weather], "auto", schema))
      assert.deepInclude(both, format)
      assert.property(both, "tools")
    }),
  )
})
