import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Prompt, Tool } from "effect/ai"

import { type Dialect, openai } from "../../../src/internal/chat/dialect.ts"
import { chatBody } from "../../../src/internal/chat/request.ts"
import { type ChatSettings } from "../../../src/internal/settings.ts"
import * as OpenAiCompatible from "../../../src/OpenAiCompatible.ts"
import * as OpenAiTool from "../../../src/OpenAiTool.ts"
import { request } from "../../requests.ts"

const body = (settings: ChatSettings = {}, wanted = request("hi"), dialect: Dialect = openai, model = "my-model") =>
  chatBody({
    provider: "provider" in dialect ? (dialect as OpenAiCompatible.Preset).provider : "openai",
    model,
    dialect,
    settings,
    request: wanted,
  })

const refused = (settings: ChatSettings, wanted = request("hi"), dialect: Dialect = openai, model = "my-model") =>
  Effect.map(Effect.flip(body(settings, wanted, dialect, model)), (error) =>
    error._tag === "UnsupportedOption" ? error.option : error.reason._tag,
  )

const messages = (prompt: ReadonlyArray<Prompt.MessageEncoded>, dialect: Dialect = openai, model = "my-model") =>
  Effect.map(body({}, request(prompt), dialect, model), (sent) => sent.messages as ReadonlyArray<unknown>)

const weather = Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }) })
const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
}

describe("settings", () => {
  it.effect("go out in OpenAI's names", () =>
    Effect.gen(function* () {
      const sent = yield* body({
        temperature: 0,
        topP: 0.5,
        maxOutputTokens: 10,
        stop: ["a", "b"],
        seed: 7,
        frequencyPenalty: 1,
        presencePenalty: -1,
        verbosity: "low",
        serviceTier: "priority",
        promptCacheKey: "k",
        promptCacheOptions: { mode: "implicit" },
        safetyIdentifier: "u",
        metadata: { a: "b" },
        store: true,
        extra: { logprobs: true },
      })
      assert.deepStrictEqual(sent, {
        temperature: 0,
        top_p: 0.5,
        max_completion_tokens: 10,
        seed: 7,
        stop: ["a", "b"],
        frequency_penalty: 1,
        presence_penalty: -1,
        verbosity: "low",
        service_tier: "priority",
        prompt_cache_key: "k",
        prompt_cache_options: { mode: "implicit" },
        safety_identifier: "u",
        metadata: { a: "b" },
        store: true,
        messages: [{ role: "user", content: "hi" }],
        logprobs: true,
        model: "my-model",
      })
    }),
  )

  it.effect("are refused where they are known not to be taken", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* refused({ reasoning: { summary: "auto" } }), "reasoning.summary")
      for (const option of ["temperature", "topP", "stop", "frequencyPenalty", "presencePenalty"] as const) {
        const settings = { [option]: option === "stop" ? "x" : 1 }
        assert.strictEqual(yield* refused(settings, request("hi"), openai, "o4-mini"), option)
      }
      const picky = OpenAiCompatible.preset({
        provider: "picky",
        apiUrl: "http://localhost",
        apiKeyName: undefined,
        unsupported: { seed: "there is none; leave it out" },
      })
      assert.strictEqual(yield* refused({ seed: 1 }, request("hi"), picky), "seed")
    }),
  )

  it.effect("differ by server", () =>
    Effect.gen(function* () {
      const wish: ChatSettings = { maxOutputTokens: 5, seed: 1, reasoning: { effort: "low" } }
      const sent = (dialect: Dialect) =>
        Effect.map(body(wish, request("hi"), dialect, "m"), (all) => {
          const { messages: _messages, model: _model, ...rest } = all
          const fields: Record<string, unknown> = rest
          return fields
        })
      assert.deepStrictEqual(yield* sent(OpenAiCompatible.mistral), {
        max_tokens: 5,
        random_seed: 1,
        reasoning_effort: "low",
      })
      assert.deepStrictEqual(yield* sent(OpenAiCompatible.openrouter), {
        max_tokens: 5,
        seed: 1,
        reasoning: { effort: "low" },
      })
      assert.deepStrictEqual(yield* sent(OpenAiCompatible.groq), {
        max_completion_tokens: 5,
        seed: 1,
        reasoning_effort: "low",
      })
      for (const server of [OpenAiCompatible.mistral, OpenAiCompatible.ollama, OpenAiCompatible.deepseek]) {
        assert.strictEqual(yield* refused({ store: true }, request("hi"), server), "store")
        assert.strictEqual(yield* refused({ verbosity: "low" }, request("hi"), server), "verbosity")
      }
      // Names that look like OpenAI's mean nothing elsewhere.
      const other = yield* body({ temperature: 0 }, request("hi"), OpenAiCompatible.openrouter, "o4-mini")
      assert.strictEqual(other.temperature, 0)
    }),
  )
})

describe("servers that do not hold to a tool choice", () => {
  it.effect("are not asked to", () =>
    Effect.gen(function* () {
      const { ollama } = OpenAiCompatible
      const asked = (toolChoice: unknown) => request("hi", { tools: [weather], toolChoice })
      for (const choice of ["required", { tool: "weather" }, { mode: "required", oneOf: ["weather"] }]) {
        assert.strictEqual(yield* refused({}, asked(choice), ollama), "toolChoice")
      }
      assert.strictEqual((yield* body({}, asked("auto"), ollama)).tools?.length, 1)
      assert.isUndefined((yield* body({}, asked("none"), ollama)).tools)
    }),
  )
})

describe("structured answers", () => {
  it.effect("use a schema where the server can", () =>
    Effect.gen(function* () {
      const wanted = request("hi", { schema: Schema.Struct({ city: Schema.String }) })
      assert.deepStrictEqual((yield* body({}, wanted)).response_format, {
        type: "json_schema",
        json_schema: { name: "answer", strict: true, schema },
      })
      const sent = yield* body({}, wanted, OpenAiCompatible.deepseek, "deepseek-chat")
      assert.deepStrictEqual(sent.response_format, { type: "json_object" })
      assert.include(sent.messages[0]?.content as string, JSON.stringify(schema))
    }),
  )
})

describe("tools", () => {
  it.effect("are functions with every choice", () =>
    Effect.gen(function* () {
      const sent = yield* body({ parallelToolCalls: true }, request("hi", { tools: [weather] }))
      assert.isTrue(sent.parallel_tool_calls)
      assert.deepStrictEqual(sent.tools, [
        { type: "function", function: { name: "weather", parameters: schema, strict: true } },
      ])
      const choices: ReadonlyArray<[unknown, unknown]> = [
        ["auto", "auto"],
        ["none", "none"],
        ["required", "required"],
        [{ tool: "weather" }, { type: "function", function: { name: "weather" } }],
        [{ oneOf: ["weather"] }, "auto"],
        [{ mode: "required", oneOf: ["weather"] }, "required"],
      ]
      for (const [toolChoice, expected] of choices) {
        const chosen = yield* body({}, request("hi", { tools: [weather], toolChoice }))
        assert.deepStrictEqual(chosen.tool_choice, expected)
      }
      const loose = yield* body({}, request("hi", { tools: [weather] }), OpenAiCompatible.ollama, "m")
      assert.notInclude(JSON.stringify(loose.tools), "strict")
      const search = request("hi", { tools: [OpenAiTool.webSearch({}) as Tool.Any] })
      assert.strictEqual(yield* refused({}, search), "tools.OpenAiWebSearch")
    }),
  )
})

describe("messages", () => {
  it.effect("of all roles", () =>
    Effect.gen(function* () {
      const prompt: ReadonlyArray<Prompt.MessageEncoded> = [
        { role: "system", content: "be kind" },
        { role: "user", content: "weather?" },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "look it up" },
            { type: "text", text: "let me see" },
            { type: "tool-call", id: "call_1", name: "weather", params: { city: "Oslo" } },
          ],
        },
        {
          role: "tool",
          content: [{ type: "tool-result", id: "call_1", name: "weather", isFailure: true, result: "storm" }],
        },
        { role: "assistant", content: [{ type: "reasoning", text: "hm" }] },
      ]
      const call = { type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } }
      const expected = (id: string, extra = {}) => [
        { role: "system", content: "be kind" },
        { role: "user", content: "weather?" },
        { role: "assistant", content: "let me see", tool_calls: [{ id, ...call }], ...extra },
        { role: "tool", tool_call_id: id, content: '{"error":"storm"}' },
      ]
      assert.deepStrictEqual(yield* messages(prompt), expected("call_1"))
      const deepseek = yield* messages(prompt, OpenAiCompatible.deepseek)
      assert.deepStrictEqual(deepseek, expected("call_1", { reasoning_content: "look it up" }))
      const mistral = yield* messages(prompt, OpenAiCompatible.mistral)
      const id = (mistral[3] as { tool_call_id: string }).tool_call_id
      assert.match(id, /^[a-z0-9]{9}$/)
      assert.deepStrictEqual(mistral, expected(id))
      assert.deepStrictEqual((yield* messages(prompt, openai, "gpt-6-sol"))[0], {
        role: "developer",
        content: "be kind",
      })
    }),
  )

  it.effect("with files", () =>
    Effect.gen(function* () {
      const bytes = new Uint8Array([1, 2, 3])
      const file = (mediaType: string, data: Prompt.FilePartEncoded["data"] = bytes, dialect: Dialect = openai) =>
        Effect.map(
          messages([{ role: "user", content: [{ type: "file", mediaType, data }] }], dialect),
          (sent) => (sent[0] as { content: ReadonlyArray<unknown> }).content[0],
        )
      assert.deepStrictEqual(yield* file("image/png"), {
        type: "image_url",
        image_url: { url: "data:image/png;base64,AQID" },
      })
      assert.deepStrictEqual(yield* file("image/png", "https://a.example/b.png"), {
        type: "image_url",
        image_url: { url: "https://a.example/b.png" },
      })
      assert.deepStrictEqual(yield* file("audio/mpeg"), {
        type: "input_audio",
        input_audio: { data: "AQID", format: "mp3" },
      })
      assert.deepStrictEqual(yield* file("application/pdf"), {
        type: "file",
        file: { filename: "file-0.pdf", file_data: "data:application/pdf;base64,AQID" },
      })
      assert.deepStrictEqual(yield* file("application/pdf", "https://a.example/b.pdf", OpenAiCompatible.openrouter), {
        type: "file",
        file: { filename: "file-0.pdf", file_data: "https://a.example/b.pdf" },
      })
      const refuse = (mediaType: string, data: Prompt.FilePartEncoded["data"] = bytes) =>
        refused({}, request([{ role: "user", content: [{ type: "file", mediaType, data }] }]))
      assert.strictEqual(yield* refuse("application/pdf", "https://a.example/b.pdf"), "prompt[0].file.application/pdf")
      for (const mediaType of ["audio/ogg", "video/mp4", "image/tiff"]) {
        assert.strictEqual(yield* refuse(mediaType), `prompt[0].file.${mediaType}`)
      }
      assert.strictEqual(yield* refuse("audio/wav", "https://a.example/b.wav"), "prompt[0].file.audio/wav")
      const own = request([{ role: "assistant", content: [{ type: "file", mediaType: "image/png", data: bytes }] }])
      assert.strictEqual(yield* refused({}, own), "prompt[0].file.image/png")
      const uploaded = { type: "file" as const, data: "", options: { openai: { fileId: "file-1" } } }
      assert.deepStrictEqual(
        yield* messages([{ role: "user", content: [{ ...uploaded, mediaType: "application/pdf" }] }]),
        [{ role: "user", content: [{ type: "file", file: { file_id: "file-1" } }] }],
      )
      const image = request([{ role: "user", content: [{ ...uploaded, mediaType: "image/png" }] }])
      assert.strictEqual(yield* refused({}, image), "prompt[0].file.image/png")
    }),
  )

  it.effect("with marks for the prompt cache", () =>
    Effect.gen(function* () {
      const mark = { promptCacheBreakpoint: { ttl: "12h" } } as const
      const prompt: ReadonlyArray<Prompt.MessageEncoded> = [
        { role: "system", content: "s", options: { openai: mark } },
        { role: "user", content: "u", options: { openai: mark } },
        {
          role: "assistant",
          content: ["c", "d"].map((id) => ({ type: "tool-call" as const, id, name: "t", params: {} })),
        },
        {
          role: "tool",
          content: [
            { type: "tool-result", id: "c", name: "t", isFailure: false, result: "r", options: { openai: mark } },
            {
              type: "tool-result",
              id: "d",
              name: "t",
              isFailure: false,
              result: null,
              modelOutput: [{ type: "text", text: "seen" }],
            },
          ],
        },
      ]
      const prompt_cache_breakpoint = { mode: "explicit", ttl: "12h" }
      assert.deepStrictEqual(yield* messages(prompt), [
        { role: "system", content: [{ type: "text", text: "s", prompt_cache_breakpoint }] },
        { role: "user", content: [{ type: "text", text: "u", prompt_cache_breakpoint }] },
        {
          role: "assistant",
          content: null,
          tool_calls: ["c", "d"].map((id) => ({ id, type: "function", function: { name: "t", arguments: "{}" } })),
        },
        { role: "tool", tool_call_id: "c", content: [{ type: "text", text: "r", prompt_cache_breakpoint }] },
        { role: "tool", tool_call_id: "d", content: "seen" },
      ])
      const extra = { cache_control: { type: "ephemeral" } }
      const routed: ReadonlyArray<Prompt.MessageEncoded> = [
        { role: "user", content: [{ type: "text", text: "u", options: { openrouter: { extra } } }] },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "hm", options: { openrouter: { reasoningDetails: [{ data: "secret" }] } } },
            { type: "text", text: "a" },
          ],
        },
      ]
      assert.deepStrictEqual(yield* messages(routed, OpenAiCompatible.openrouter), [
        { role: "user", content: [{ type: "text", text: "u", ...extra }] },
        { role: "assistant", content: "a", reasoning_details: [{ data: "secret" }] },
      ])
    }),
  )
})
