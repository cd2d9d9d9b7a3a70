import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Tool } from "effect/ai"

import { responsesBody } from "../../../src/internal/responses/request.ts"
import { type ResponsesSettings } from "../../../src/internal/settings.ts"
import * as OpenAiTool from "../../../src/OpenAiTool.ts"
import { request } from "../../requests.ts"

const body = (model: string, settings: ResponsesSettings = {}, wanted = request("hi"), tracked = false) =>
  responsesBody({ provider: "openai", model, settings, request: wanted, tracked })

const refused = (model: string, settings: ResponsesSettings, wanted = request("hi")) =>
  Effect.map(Effect.flip(body(model, settings, wanted)), (error) =>
    error._tag === "UnsupportedOption" ? error.option : error.reason._tag,
  )

const weather = Tool.make("weather", {
  description: "The weather in a city",
  parameters: Schema.Struct({ city: Schema.String, days: Schema.optionalKey(Schema.Int) }),
})

describe("settings", () => {
  it.effect("has no server state and asks for encrypted reasoning", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* body("gpt-6.1-terra"), {
        include: ["reasoning.encrypted_content"],
        input: [{ role: "user", content: [{ type: "input_text", text: "hi" }] }],
        store: false,
        model: "gpt-6.1-terra",
      })
      assert.isUndefined((yield* body("gpt-4.1")).include)
      assert.isUndefined((yield* body("gpt-6-luna", { reasoning: { effort: "none" } })).include)
    }),
  )

  it.effect("sends everything in OpenAI's names", () =>
    Effect.gen(function* () {
      const sent = yield* body("my-model", {
        temperature: 0.2,
        topP: 0.9,
        maxOutputTokens: 100,
        verbosity: "low",
        serviceTier: "flex",
        promptCacheKey: "key",
        promptCacheOptions: { mode: "explicit", ttl: "30m" },
        safetyIdentifier: "user",
        metadata: { team: "a" },
        truncation: "auto",
        include: ["message.output_text.logprobs"],
        store: true,
        extra: { top_logprobs: 3, max_output_tokens: 99 },
      })
      assert.deepStrictEqual(sent, {
        temperature: 0.2,
        top_p: 0.9,
        max_output_tokens: 99,
        include: ["message.output_text.logprobs"],
        truncation: "auto",
        service_tier: "flex",
        prompt_cache_key: "key",
        prompt_cache_options: { mode: "explicit", ttl: "30m" },
        safety_identifier: "user",
        metadata: { team: "a" },
        text: { verbosity: "low" },
        input: [{ role: "user", content: [{ type: "input_text", text: "hi" }] }],
        store: true,
        top_logprobs: 3,
        model: "my-model",
      })
    }),
  )

  it.effect("extra fields cannot change the model", () =>
    Effect.gen(function* () {
      const extra = { model: "other" } as never
      assert.strictEqual((yield* body("gpt-4.1", { extra })).model, "gpt-4.1")
    }),
  )

  it.effect("refuses what the API does not have", () =>
    Effect.gen(function* () {
      for (const option of ["stop", "seed", "frequencyPenalty", "presencePenalty"] as const) {
        assert.strictEqual(yield* refused("gpt-4.1", { [option]: option === "stop" ? "x" : 1 }), option)
      }
    }),
  )

  it.effect("refuses sampling where reasoning cannot be switched off", () =>
    Effect.gen(function* () {
      for (const model of [
        "o3",
        "o4-mini",
        "o3-mini-2025-01-31",
        "gpt-5",
        "gpt-5-mini",
        "gpt-5.1-codex",
        "ft:o4-mini:a::b",
      ]) {
        assert.strictEqual(yield* refused(model, { temperature: 0 }), "temperature")
        assert.strictEqual(yield* refused(model, { topP: 1 }), "topP")
      }
      assert.strictEqual(yield* refused("gpt-5.2", { temperature: 0, reasoning: { effort: "low" } }), "temperature")
      assert.strictEqual(yield* refused("gpt-6.1-sol", { temperature: 0, reasoning: { effort: "max" } }), "temperature")
    }),
  )

  it.effect("lets through what is not known to be refused", () =>
    Effect.gen(function* () {
      for (const model of ["gpt-5.2", "gpt-6.1-sol", "gpt-7", "gpt-5-chat-latest", "my-deployment", "gpt-4o", "omni"]) {
        assert.strictEqual((yield* body(model, { temperature: 0 })).temperature, 0)
      }
      const quiet = yield* body("gpt-5.4", { temperature: 0, reasoning: { effort: "none" } })
      assert.deepStrictEqual([quiet.temperature, quiet.reasoning], [0, { effort: "none" }])
    }),
  )
})

describe("continuing", () => {
  const continued = request("all", { previousResponseId: "resp_1", incrementalPrompt: "new" })

  it.effect("continues a stored response", () =>
    Effect.gen(function* () {
      const sent = yield* body("gpt-4.1", {}, continued, true)
      assert.strictEqual(sent.previous_response_id, "resp_1")
      assert.isTrue(sent.store)
      assert.deepStrictEqual(sent.input, [{ role: "user", content: [{ type: "input_text", text: "new" }] }])
    }),
  )

  it.effect("stores for a tracker, and sends everything if nothing may be stored", () =>
    Effect.gen(function* () {
      assert.isTrue((yield* body("gpt-4.1", {}, request("hi"), true)).store)
      const sent = yield* body("gpt-4.1", { store: false }, continued, true)
      assert.isUndefined(sent.previous_response_id)
      assert.isFalse(sent.store)
      assert.deepStrictEqual(sent.input, [{ role: "user", content: [{ type: "input_text", text: "all" }] }])
    }),
  )
})

describe("tools", () => {
  it.effect("are strict functions", () =>
    Effect.gen(function* () {
      const sent = yield* body("gpt-4.1", { parallelToolCalls: false }, request("hi", { tools: [weather] }))
      assert.strictEqual(sent.tool_choice, "auto")
      assert.isFalse(sent.parallel_tool_calls)
      assert.deepStrictEqual(sent.tools, [
        {
          type: "function",
          name: "weather",
          description: "The weather in a city",
          strict: true,
          parameters: {
            type: "object",
            additionalProperties: false,
            required: ["city", "days"],
            properties: {
              city: { type: "string" },
              days: {
                anyOf: [{ type: "integer", minimum: -9007199254740991, maximum: 9007199254740991 }, { type: "null" }],
              },
            },
          },
        },
      ])
    }),
  )

  it.effect("take every choice", () =>
    Effect.gen(function* () {
      const choices: ReadonlyArray<[unknown, unknown]> = [
        ["auto", "auto"],
        ["none", "none"],
        ["required", "required"],
        [{ tool: "weather" }, { type: "function", name: "weather" }],
        [{ oneOf: ["weather"] }, "auto"],
        [{ mode: "required", oneOf: ["weather"] }, "required"],
      ]
      for (const [toolChoice, expected] of choices) {
        const sent = yield* body("gpt-4.1", {}, request("hi", { tools: [weather], toolChoice }))
        assert.deepStrictEqual(sent.tool_choice, expected)
      }
      const search = OpenAiTool.webSearch({ search_context_size: "low" })
      const sent = yield* body("gpt-4.1", {}, request("hi", { tools: [search], toolChoice: { tool: search.name } }))
      assert.deepStrictEqual(sent.tool_choice, {
        type: "allowed_tools",
        mode: "required",
        tools: [{ type: "web_search" }],
      })
      const files = OpenAiTool.fileSearch({ vector_store_ids: [] })
      const named = request("hi", { tools: [files], toolChoice: { tool: files.name } })
      assert.deepStrictEqual((yield* body("gpt-4.1", {}, named)).tool_choice, { type: "file_search" })
      assert.deepStrictEqual(sent.tools, [{ type: "web_search", search_context_size: "low" }])
    }),
  )

  it.effect("may be dynamic, loose or without parameters", () =>
    Effect.gen(function* () {
      const raw = Tool.dynamic("raw", { parameters: { type: "object", properties: { q: { type: "string" } } } })
      const loose = weather.annotate(Tool.Strict, false)
      const nothing = Tool.make("nothing")
      const tools = [raw, loose, nothing] as ReadonlyArray<Tool.Any>
      const sent = (yield* body("gpt-4.1", {}, request("hi", { tools }))).tools ?? []
      const functions = sent.filter((tool) => tool.type === "function")
      assert.deepStrictEqual(
        functions.map(({ strict }) => strict),
        [false, false, true],
      )
      const [first, second, third] = functions.map(({ parameters }) => parameters)
      assert.deepStrictEqual(first, { type: "object", properties: { q: { type: "string" } } })
      assert.deepStrictEqual(second?.["required"], ["city"])
      assert.deepStrictEqual(third, { type: "object", additionalProperties: false, properties: {} })
    }),
  )

  it.effect("of another provider or with a schema that cannot be said are refused", () =>
    Effect.gen(function* () {
      const foreign = Tool.providerDefined({ id: "anthropic.bash", customName: "Bash", providerName: "bash" })(
        undefined,
      )
      assert.strictEqual(yield* refused("gpt-4.1", {}, request("hi", { tools: [foreign as Tool.Any] })), "tools.Bash")
      const union = Tool.make("union", {
        parameters: Schema.Union([Schema.Struct({ a: Schema.String }), Schema.Struct({ b: Schema.String })]) as never,
      })
      assert.strictEqual(yield* refused("gpt-4.1", {}, request("hi", { tools: [union] })), "UnsupportedSchemaError")
    }),
  )
})

describe("structured answers", () => {
  it.effect("use the JSON schema mode", () =>
    Effect.gen(function* () {
      const wanted = request("hi", { schema: Schema.Struct({ a: Schema.String }), objectName: "My answer!" })
      const sent = yield* body("my-model", { verbosity: "high" }, wanted)
      assert.deepStrictEqual(sent.text, {
        format: {
          type: "json_schema",
          name: "My_answer_",
          strict: true,
          schema: {
            type: "object",
            properties: { a: { type: "string" } },
            required: ["a"],
            additionalProperties: false,
          },
        },
        verbosity: "high",
      })
    }),
  )
})
