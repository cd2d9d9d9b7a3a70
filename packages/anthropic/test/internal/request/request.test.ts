import { assert, describe, it } from "@effect/vitest"
import { ProviderModel } from "@holdfast/core"
import { Effect, Schema } from "effect"
import { AiError, type Prompt, Tool } from "effect/ai"

import * as AnthropicTool from "../../../src/AnthropicTool.ts"
import { messagesBody } from "../../../src/internal/request/request.ts"
import { type Settings } from "../../../src/internal/settings.ts"
import { request } from "../../requests.ts"

interface Input {
  readonly model?: string
  readonly apiVersion?: string
  readonly prompt?: Prompt.RawInput
  readonly tools?: ReadonlyArray<Tool.Any>
  readonly toolChoice?: unknown
  readonly schema?: Schema.Top
}

const body = (settings: Settings = {}, { apiVersion, model, prompt, ...options }: Input = {}) =>
  messagesBody({
    provider: "anthropic",
    model: model ?? "claude-sonnet-5-5",
    apiVersion: apiVersion ?? "2026-10-21",
    settings,
    request: request(prompt ?? "hi", options),
  })

const refused = (settings: Settings, input?: Input) =>
  Effect.map(Effect.flip(body(settings, input)), (error) =>
    AiError.isAiError(error) ? error.reason._tag : error.option,
  )

const old = { apiVersion: "2023-06-01" }

const weather = Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }) })
const clock = Tool.make("clock", { description: "The time" })
const tools = [weather, clock]

describe("settings", () => {
  it.effect("become fields of the request", () =>
    Effect.gen(function* () {
      const sent: unknown = yield* body({
        maxOutputTokens: 100,
        thinking: { mode: "adaptive", display: "summarized" },
        effort: "xhigh",
        stopSequences: ["END"],
        serviceTier: "standard_only",
        speed: "fast",
        inferenceGeo: "us",
        userId: "u-1",
        container: { skills: [{ type: "anthropic", skill_id: "pptx" }] },
        cachePrompt: { ttl: "1h" },
        extra: { stop_sequences: ["STOP"], context_management: { edits: [] } },
      })
      assert.deepStrictEqual(sent, {
        max_tokens: 100,
        thinking: { type: "adaptive", display: "summarized" },
        output_config: { effort: "xhigh" },
        stop_sequences: ["STOP"],
        service_tier: "standard_only",
        speed: "fast",
        inference_geo: "us",
        metadata: { user_id: "u-1" },
        container: { skills: [{ type: "anthropic", skill_id: "pptx" }] },
        cache_control: { type: "ephemeral", ttl: "1h" },
        context_management: { edits: [] },
        messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
        model: "claude-sonnet-5-5",
      })
    }),
  )

  it.effect("leave no field undefined", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(Object.keys(yield* body({ temperature: undefined, extra: undefined })), [
        "messages",
        "max_tokens",
        "model",
      ])
    }),
  )

  it.effect("limit the tokens by default", () =>
    Effect.gen(function* () {
      const most = (model: string, settings: Settings = {}) =>
        Effect.map(body(settings, { model }), ({ max_tokens }) => max_tokens)
      assert.deepStrictEqual(
        [
          yield* most("claude-sonnet-5-5"),
          yield* most("claude-sonnet-5-5", { effort: "max" }),
          yield* most("claude-sonnet-4-5", { thinking: { mode: "enabled", budgetTokens: 10_000 } }),
          yield* most("claude-opus-4-1", { thinking: { mode: "enabled", budgetTokens: 20_000 } }),
          yield* most("claude-3-5-haiku-latest"),
          yield* most("claude-3-haiku-20240307"),
          yield* most("someone-elses-model"),
          yield* most("claude-haiku-5-5", { maxOutputTokens: 0 }),
        ],
        [16_000, 64_000, 26_000, 32_000, 8192, 4096, 4096, 0],
      )
    }),
  )

  it.effect("of thinking in all its modes", () =>
    Effect.gen(function* () {
      const thinking = (settings: Settings["thinking"], model: string) =>
        Effect.map(body({ thinking: settings }, { model }), (sent) => sent.thinking)
      assert.deepStrictEqual(yield* thinking({ mode: "adaptive" }, "claude-opus-4-6"), { type: "adaptive" })
      assert.deepStrictEqual(
        yield* thinking({ mode: "enabled", budgetTokens: 2000, display: "omitted" }, "claude-haiku-4-5"),
        { type: "enabled", budget_tokens: 2000, display: "omitted" },
      )
      assert.deepStrictEqual(yield* thinking({ mode: "disabled" }, "claude-haiku-5-5"), { type: "disabled" })
      assert.deepStrictEqual(yield* thinking({ mode: "between_tools" }, "claude-sonnet-5-5"), { type: "between_tools" })
    }),
  )

  it.effect("of sampling, where the version of the API has it", () =>
    Effect.gen(function* () {
      const model = "claude-sonnet-4-5"
      const { temperature, top_k } = yield* body({ temperature: 0.2, topK: 5 }, { model, ...old })
      assert.deepStrictEqual([temperature, top_k], [0.2, 5])
      assert.strictEqual((yield* body({ topP: 0.9 }, { model: "claude-3-5-haiku-latest", ...old })).top_p, 0.9)
      assert.strictEqual((yield* body({ temperature: 0 }, { model: "other", ...old })).temperature, 0)
    }),
  )
})

describe("what cannot be taken", () => {
  const enabled = (budgetTokens: number): Settings => ({ thinking: { mode: "enabled", budgetTokens } })
  const cases: ReadonlyArray<readonly [string, Settings, Input]> = [
    // The version of the API.
    ["temperature", { temperature: 1 }, {}],
    ["topP", { topP: 1 }, { model: "other" }],
    ["topK", { topK: 1 }, { apiVersion: "2027-01-01" }],
    // The model.
    ["temperature", { temperature: 1 }, { model: "claude-opus-4-7", ...old }],
    ["topP", { topP: 0.5, temperature: 0.5 }, { model: "claude-haiku-4-5", ...old }],
    ["temperature", { temperature: 0.5, ...enabled(1024) }, { model: "claude-haiku-4-5", ...old }],
    ["topK", { topK: 5, thinking: { mode: "adaptive" } }, { model: "claude-opus-4-6", ...old }],
    ["topP", { topP: 0.5, ...enabled(1024) }, { model: "other", ...old }],
    ["effort", { effort: "low" }, { model: "claude-sonnet-4-5" }],
    ["effort", { effort: "max" }, { model: "claude-opus-4-5" }],
    ["effort", { effort: "xhigh" }, { model: "claude-opus-4-6" }],
    ["maxOutputTokens", { maxOutputTokens: 64_001 }, { model: "claude-haiku-4-5" }],
    ["thinking.budgetTokens", enabled(2000), { model: "claude-opus-4-7" }],
    ["thinking.budgetTokens", enabled(1023), { model: "claude-haiku-4-5" }],
    ["thinking.budgetTokens", enabled(1024.5), { model: "claude-haiku-4-5" }],
    ["thinking.budgetTokens", { maxOutputTokens: 2000, ...enabled(2000) }, { model: "claude-haiku-4-5" }],
    ["thinking", enabled(2000), { model: "claude-3-5-haiku-latest" }],
    ["thinking", { thinking: { mode: "adaptive" } }, { model: "claude-3-haiku-20240307" }],
    ["thinking.mode", { thinking: { mode: "adaptive" } }, { model: "claude-opus-4-5" }],
    ["thinking.mode", { thinking: { mode: "between_tools" } }, { model: "claude-opus-5-5" }],
    ["thinking.mode", { thinking: { mode: "between_tools" }, effort: "max" }, { model: "claude-sonnet-5-5" }],
    ["thinking.mode", { thinking: { mode: "disabled" } }, { model: "claude-opus-5-5" }],
    ["thinking.mode", { thinking: { mode: "disabled" } }, { model: "claude-mythos-preview" }],
    ["thinking.mode", { thinking: { mode: "disabled" } }, { model: "claude-sonnet-5-5" }],
    ["thinking.mode", { thinking: { mode: "disabled" }, effort: "xhigh" }, { model: "claude-opus-5" }],
    ["toolChoice", {}, { tools, toolChoice: "required" }],
    ["toolChoice", {}, { tools, toolChoice: { tool: "clock" }, model: "claude-fable-5-1" }],
    ["toolChoice", {}, { tools, toolChoice: { mode: "required", oneOf: ["clock"] }, model: "claude-opus-5-5" }],
    ["toolChoice", enabled(2000), { tools, toolChoice: "required", model: "claude-haiku-4-5" }],
    ["schema", {}, { schema: Schema.Struct({ a: Schema.String }), model: "claude-3-7-sonnet-latest" }],
    ["strictTools", { strictTools: true }, { tools, model: "claude-3-7-sonnet-latest" }],
  ]
  it.effect.each(cases)("%s: %o %o", ([option, settings, input]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* refused(settings, input), option)
    }),
  )

  it.effect("is told with the model and what to do", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(body({ effort: "low" }, { model: "claude-haiku-4-5" }))
      assert.instanceOf(error, ProviderModel.UnsupportedOption)
      assert.strictEqual(
        error.message,
        'claude-haiku-4-5 of anthropic does not take "effort": the model has no such setting; leave it out',
      )
    }),
  )

  it.effect("is not guessed: what is allowed goes through", () =>
    Effect.gen(function* () {
      yield* body({ thinking: { mode: "disabled" }, effort: "high" }, { model: "claude-opus-5" })
      yield* body(
        { ...enabled(20_000), maxOutputTokens: 10_000, betas: ["interleaved-thinking-2025-05-14"] },
        {
          model: "claude-sonnet-4-5",
        },
      )
      yield* body({ maxOutputTokens: 300_000, betas: ["output-300k-2026-03-24"] })
      yield* body({ temperature: 1, ...enabled(1024) }, { model: "claude-sonnet-4-5", ...old })
      yield* body(
        { effort: "xhigh", thinking: { mode: "between_tools" }, maxOutputTokens: 1e6 },
        { model: "other", ...old },
      ).pipe(Effect.flip)
      yield* body({ effort: "max", maxOutputTokens: 1e6 }, { model: "other" })
      yield* body({}, { tools, toolChoice: "required", model: "claude-haiku-5-5" })
      // Without tools there is nothing to be forced.
      yield* body({}, { toolChoice: "required" })
    }),
  )
})

describe("tools", () => {
  it.effect("are described, lax by default", () =>
    Effect.gen(function* () {
      const lax = yield* body({}, { tools })
      assert.deepStrictEqual(lax.tool_choice, { type: "auto" })
      assert.deepStrictEqual(
        lax.tools?.map((tool) => "strict" in tool),
        [false, false],
      )
      assert.deepInclude(lax.tools?.[1] as object, {
        name: "clock",
        description: "The time",
        input_schema: { type: "object", properties: {}, additionalProperties: false },
      })
      const strict = yield* body({ strictTools: true, cacheTools: { ttl: "1h" } }, { tools })
      assert.deepStrictEqual(
        strict.tools?.map((tool) => [
          "strict" in tool && tool.strict,
          "cache_control" in tool ? tool.cache_control : undefined,
        ]),
        [
          [true, undefined],
          [true, { type: "ephemeral", ttl: "1h" }],
        ],
      )
      const one = yield* body({}, { tools: [weather.annotate(Tool.Strict, true), clock] })
      assert.deepInclude(one.tools?.[0] as object, { strict: true })
    }),
  )

  it.effect("are chosen in every way", () =>
    Effect.gen(function* () {
      const model = "claude-haiku-5-5"
      const chosen = (toolChoice: unknown, settings: Settings = {}) =>
        Effect.map(body(settings, { tools, toolChoice, model }), ({ tool_choice }) => tool_choice)
      assert.deepStrictEqual(yield* chosen("auto"), { type: "auto" })
      assert.deepStrictEqual(yield* chosen("none", { parallelToolCalls: false }), { type: "none" })
      assert.deepStrictEqual(yield* chosen("required"), { type: "any" })
      assert.deepStrictEqual(yield* chosen({ tool: "clock" }), { type: "tool", name: "clock" })
      assert.deepStrictEqual(yield* chosen({ oneOf: ["clock"] }), { type: "auto" })
      assert.deepStrictEqual(yield* chosen({ mode: "auto", oneOf: ["clock"] }), { type: "auto" })
      assert.deepStrictEqual(yield* chosen({ mode: "required", oneOf: ["clock"] }), { type: "any" })
      const one = { parallelToolCalls: false }
      for (const choice of ["auto", "required", { tool: "clock" }]) {
        assert.deepInclude((yield* chosen(choice, one)) as object, { disable_parallel_tool_use: true })
      }
      assert.deepStrictEqual(yield* chosen("auto", { parallelToolCalls: true }), {
        type: "auto",
        disable_parallel_tool_use: false,
      })
      assert.notProperty(yield* body(one), "tool_choice")
    }),
  )

  it.effect("of Anthropic's own are named as it names them", () =>
    Effect.gen(function* () {
      const own = [
        AnthropicTool.webSearch({ max_uses: 2 }),
        AnthropicTool.webFetch({ type: "web_fetch_20250910" }),
        AnthropicTool.codeExecution({}),
        AnthropicTool.bash({ failureMode: "return" }),
        AnthropicTool.textEditor({ max_characters: 100 }),
        AnthropicTool.memory({}),
      ]
      const sent = yield* body({}, { tools: own, toolChoice: { tool: "AnthropicBash" }, model: "claude-haiku-5-5" })
      assert.deepStrictEqual(sent.tools, [
        { type: "web_search_20260318", name: "web_search", max_uses: 2 },
        { type: "web_fetch_20250910", name: "web_fetch" },
        { type: "code_execution_20260521", name: "code_execution" },
        { type: "bash_20250124", name: "bash" },
        { type: "text_editor_20250728", name: "str_replace_based_edit_tool", max_characters: 100 },
        { type: "memory_20250818", name: "memory" },
      ])
      assert.deepStrictEqual(sent.tool_choice, { type: "tool", name: "bash" })
    }),
  )

  it.effect("that Anthropic cannot know are refused", () =>
    Effect.gen(function* () {
      const foreign = Tool.providerDefined({ id: "openai.mcp", customName: "Mcp", providerName: "mcp" })(undefined)
      assert.strictEqual(yield* refused({}, { tools: [foreign as Tool.Any] }), "tools.Mcp")
      const union = Tool.dynamic("union", { parameters: { anyOf: [{ type: "object" }] } })
      assert.strictEqual(yield* refused({}, { tools: [union as Tool.Any] }), "UnsupportedSchemaError")
      interface Tree {
        readonly children: ReadonlyArray<Tree>
      }
      const Tree = Schema.Struct({
        children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree)),
      })
      const recursive = Tool.make("tree", { parameters: Tree })
      assert.strictEqual(yield* refused({ strictTools: true }, { tools: [recursive] }), "UnsupportedSchemaError")
      yield* body({}, { tools: [weather, clock] })
    }),
  )

  it.effect("are strict only up to a number", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 21 }, (_, index) => Tool.make(`tool_${index}`))
      yield* body({}, { tools: many })
      assert.strictEqual(yield* refused({ strictTools: true }, { tools: many }), "strictTools")
    }),
  )
})

describe("schemas", () => {
  it.effect("are sent as the format of the answer, and force no tool", () =>
    Effect.gen(function* () {
      const schema = Schema.Struct({ city: Schema.String })
      const sent = yield* body({ effort: "low" }, { schema, tools })
      assert.deepStrictEqual(sent.output_config?.effort, "low")
      assert.deepStrictEqual(sent.output_config?.format?.type, "json_schema")
      assert.deepInclude(sent.output_config?.format?.schema, { type: "object", additionalProperties: false })
      assert.deepStrictEqual(sent.tool_choice, { type: "auto" })
    }),
  )
})

describe("cache breakpoints", () => {
  const cached = (ttl?: "5m" | "1h") => ({
    anthropic: { cacheControl: ttl === undefined ? (true as const) : { type: "ephemeral" as const, ttl } },
  })
  const say = (...ttls: ReadonlyArray<"5m" | "1h">): Prompt.RawInput => [
    { role: "user", content: ttls.map((ttl) => ({ type: "text", text: ttl, options: cached(ttl) })) },
  ]

  it.effect("are at most four", () =>
    Effect.gen(function* () {
      yield* body({}, { prompt: say("5m", "5m", "5m", "5m") })
      assert.strictEqual(yield* refused({}, { prompt: say("5m", "5m", "5m", "5m", "5m") }), "cacheControl")
      assert.strictEqual(
        yield* refused({ cacheTools: true }, { tools, prompt: say("5m", "5m", "5m", "5m") }),
        "cacheControl",
      )
      assert.strictEqual(yield* refused({ cachePrompt: true }, { prompt: say("5m", "5m", "5m", "5m") }), "cacheControl")
    }),
  )

  it.effect("that live long come first", () =>
    Effect.gen(function* () {
      yield* body({ cacheTools: { ttl: "1h" }, cachePrompt: true }, { tools, prompt: say("1h", "5m") })
      assert.strictEqual(yield* refused({}, { prompt: say("5m", "1h") }), "cacheControl")
      assert.strictEqual(yield* refused({ cacheTools: true }, { tools, prompt: say("1h") }), "cacheControl")
      assert.strictEqual(yield* refused({ cachePrompt: { ttl: "1h" } }, { prompt: say("5m") }), "cacheControl")
    }),
  )
})
