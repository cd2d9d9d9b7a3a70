import { inspect } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { Failure, ResilientModel } from "@holdfast/core"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import { Duration, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { AiError, LanguageModel, Prompt, type Response, Tool, Toolkit } from "effect/ai"

import * as AnthropicClient from "../src/AnthropicClient.ts"
import * as AnthropicLanguageModel from "../src/AnthropicLanguageModel.ts"
import { request } from "./requests.ts"

const key = "sk-ant-test-key"

/** A model that talks to the emulator. */
const connected = Effect.fnUntraced(function* (
  settings?: AnthropicLanguageModel.Settings,
  options: { readonly name?: string; readonly apiVersion?: string } = {},
) {
  const emulator = yield* Emulator.Emulator
  const client = AnthropicClient.layer({
    apiKey: Redacted.make(key),
    apiUrl: emulator.baseUrl("anthropic"),
    apiVersion: options.apiVersion,
  })
  const make = AnthropicLanguageModel.make(options.name ?? "claude-sonnet-5-5", settings)
  const model = yield* Effect.provide(make, client)
  const generate = (wanted: ProviderModel.ProviderRequest) =>
    Effect.scoped(Effect.map(model.generate(wanted), ({ parts }) => parts))
  const stream = (wanted: ProviderModel.ProviderRequest) =>
    Effect.scoped(Effect.flatMap(model.stream(wanted), ({ parts }) => Stream.runCollect(parts)))
  const script = (...replies: ReadonlyArray<Reply.Reply>) => emulator.script("anthropic", ...replies)
  return { client, emulator, model, generate, stream, script }
})

const failureOf = <A, R>(effect: Effect.Effect<A, ProviderModel.ProviderFailure, R>) =>
  Effect.map(Effect.flip(effect), (error): readonly [string, Failure.Kind] => [
    AiError.isAiError(error) ? error.reason._tag : error._tag,
    Failure.classify(error).kind,
  ])

const text = (parts: ReadonlyArray<Response.AllPartsEncoded>) =>
  parts.map((part) => (part.type === "text" ? part.text : part.type === "text-delta" ? part.delta : "")).join("")

const finish = (parts: ReadonlyArray<Response.AllPartsEncoded>) => parts.find((part) => part.type === "finish")

const usage = { input: 30, cacheRead: 20, cacheWrite: 4, cacheWriteLong: 1, output: 9, reasoning: 5 }
const counted = {
  inputTokens: { total: 30, uncached: 5, cacheRead: 20, cacheWrite: 5 },
  outputTokens: { total: 9, text: 4, reasoning: 5 },
}

describe("a model", () => {
  it.live("answers whole and in pieces", () =>
    Effect.gen(function* () {
      const { generate, model, script, stream } = yield* connected()
      const answer = Reply.answer({
        reasoning: "thinking about it",
        signature: "c2ln",
        text: "hello brave new world",
        citations: [{ url: "https://a.example/", title: "A" }],
        usage,
      })
      yield* script(answer, answer, answer)
      for (const parts of [yield* generate(request("hi")), yield* stream(request("hi"))]) {
        assert.strictEqual(text(parts), "hello brave new world")
        assert.strictEqual(parts[0]?.type, "response-metadata")
        assert.strictEqual(parts.at(-1)?.type, "finish")
        const end = finish(parts)
        assert.deepStrictEqual(end?.usage, counted)
        assert.strictEqual(end?.reason, "stop")
        assert.strictEqual(end?.metadata?.anthropic?.serviceTier, "standard")
        assert.strictEqual(end?.metadata?.anthropic?.stopReason, "end_turn")
        assert.deepStrictEqual(end?.metadata?.anthropic?.usage?.["cache_creation"], {
          ephemeral_5m_input_tokens: 4,
          ephemeral_1h_input_tokens: 1,
        })
        const signed = parts.find(({ type }) => type === "reasoning" || type === "reasoning-end")
        assert.deepStrictEqual(signed?.metadata, { anthropic: { signature: "c2ln" } })
        assert.deepStrictEqual(
          parts.flatMap((part) => (part.type === "source" && part.sourceType === "url" ? [part.url] : [])),
          ["https://a.example/"],
        )
      }
      const { headers } = yield* Effect.scoped(model.stream(request("hi")))
      assert.match(headers["request-id"] ?? "", /^req_/)
      assert.strictEqual(headers["anthropic-ratelimit-requests-limit"], "4000")
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("passes on when to come back, and the id of the request", () =>
    Effect.gen(function* () {
      const { generate, script } = yield* connected()
      yield* script(
        Reply.rateLimited({ retryAfter: "7 seconds" }),
        Reply.status(400, { message: "prompt is too long: 210000 tokens > 200000 maximum" }),
      )
      const error = yield* Effect.flip(generate(request("hi")))
      assert.deepStrictEqual(Failure.classify(error).retryAfter, Duration.seconds(7))
      assert.match(Option.getOrThrow(Failure.facts(error)).requestId ?? "", /^req_/)
      assert.isTrue(Failure.isContextWindowExceeded(yield* Effect.flip(generate(request("hi")))))
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("survives bodies that are none", () =>
    Effect.gen(function* () {
      const { generate, script } = yield* connected()
      const json = { "content-type": "application/json" }
      yield* script(
        Reply.raw({ status: 200, headers: json, body: "" }),
        Reply.raw({ status: 200, headers: json, body: '{"half' }),
        Reply.raw({ status: 200, headers: json, body: "[]" }),
        Reply.raw({ status: 200, headers: json, body: "{}" }),
        Reply.raw({ status: 204, headers: {}, body: "" }),
        Reply.raw({ status: 200, headers: { "content-type": "text/html" }, body: "<html></html>" }),
        Reply.raw({ status: 200, headers: { "content-type": "text/plain" }, body: "busy" }),
      )
      for (const _ of [1, 2, 3, 4, 5, 6, 7]) {
        assert.deepStrictEqual(yield* failureOf(generate(request("hi"))), ["InvalidResponseError", "transient"])
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("survives connections that break", () =>
    Effect.gen(function* () {
      const { generate, script, stream } = yield* connected()
      const answer = Reply.text(["a", "b", "c"])
      yield* script(Reply.reset, answer.pipe(Fault.closeAfter(0)), Reply.reset, answer.pipe(Fault.resetAfter(3)))
      for (const _ of [1, 2]) {
        assert.deepStrictEqual(yield* failureOf(generate(request("hi"))), ["NetworkError", "transient"])
      }
      for (const _ of [1, 2]) {
        assert.deepStrictEqual(yield* failureOf(stream(request("hi"))), ["NetworkError", "transient"])
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("reports nobody at home", () =>
    Effect.gen(function* () {
      for (const apiUrl of ["http://127.0.0.1:1", "http://nowhere.invalid"]) {
        const client = AnthropicClient.layer({ apiKey: Redacted.make(key), apiUrl })
        const model = yield* Effect.provide(AnthropicLanguageModel.make("claude-haiku-5-5"), client)
        const call = Effect.scoped(model.generate(request("hi")))
        assert.deepStrictEqual(yield* failureOf(call), ["NetworkError", "transient"])
        assert.notInclude(inspect(yield* Effect.flip(call), { depth: 9, showHidden: true }), key)
      }
    }),
  )

  it.live("keeps a refusal's words", () =>
    Effect.gen(function* () {
      const { generate, script, stream } = yield* connected()
      const refusal = Reply.answer({ refusal: "I will not" })
      yield* script(refusal, refusal)
      for (const parts of [yield* generate(request("hi")), yield* stream(request("hi"))]) {
        assert.strictEqual(finish(parts)?.reason, "content-filter")
        assert.strictEqual(finish(parts)?.metadata?.anthropic?.refusal, "I will not")
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("sends the settings of one request, and nothing else", () =>
    Effect.gen(function* () {
      const { emulator, generate } = yield* connected({ effort: "low", betas: ["a-2026-01-01"] })
      const { withConfigOverride } = AnthropicLanguageModel
      yield* generate(request("hi"))
      yield* generate(request("hi")).pipe(
        withConfigOverride({ maxOutputTokens: 5 }),
        withConfigOverride({ effort: "high", maxOutputTokens: 6 }),
      )
      const sent = (yield* emulator.requests).map(({ body, headers }) => [body, headers["anthropic-beta"]])
      const common = {
        messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
        model: "claude-sonnet-5-5",
      }
      assert.deepStrictEqual(sent, [
        [{ output_config: { effort: "low" }, ...common, max_tokens: 16_000 }, "a-2026-01-01"],
        [{ output_config: { effort: "high" }, ...common, max_tokens: 5 }, "a-2026-01-01"],
      ])
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("refuses before it asks, and samples only where that is possible", () =>
    Effect.gen(function* () {
      const film = request([{ role: "user", content: [{ type: "file", mediaType: "video/mp4", data: "AQID" }] }])
      const { emulator, generate, stream } = yield* connected()
      assert.deepStrictEqual(yield* failureOf(generate(film)), ["UnsupportedOption", "ignored"])
      yield* Effect.flip(stream(film))
      const warm = { temperature: 0.5 }
      const refused = yield* connected(warm, { name: "claude-sonnet-4-5" })
      const error = yield* Effect.flip(refused.generate(request("hi")))
      assert.deepInclude(error, { _tag: "UnsupportedOption", option: "temperature", model: "claude-sonnet-4-5" })
      assert.strictEqual((yield* emulator.requests).length, 0)
      const older = yield* connected(warm, { name: "claude-sonnet-4-5", apiVersion: "2023-06-01" })
      yield* older.generate(request("hi"))
      const sent = (yield* emulator.requests)[0]
      assert.deepInclude(sent?.body, { temperature: 0.5 })
      assert.strictEqual(sent?.headers["anthropic-version"], "2023-06-01")
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

const Weather = Tool.make("weather", {
  description: "The weather",
  parameters: Schema.Struct({ city: Schema.String, day: Schema.optionalKey(Schema.DateFromString) }),
  success: Schema.Struct({ degrees: Schema.Number }),
})
const WeatherKit = Toolkit.make(Weather)
const Handlers = WeatherKit.toLayer({
  weather: ({ city, day }) => Effect.succeed({ degrees: city.length + (day?.getUTCDate() ?? 0) }),
})

type Body = {
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content: ReadonlyArray<Record<string, unknown>> }>
  readonly tools?: ReadonlyArray<Record<string, unknown>>
  readonly tool_choice?: unknown
}

describe("a model under effect/ai", () => {
  const layer = Effect.fnUntraced(function* (settings?: AnthropicLanguageModel.Settings) {
    const { client, emulator, script } = yield* connected()
    const provided = AnthropicLanguageModel.model("claude-sonnet-5-5", settings).pipe(Layer.provide(client))
    const bodies = Effect.map(emulator.requests, (requests) => requests.map(({ body }) => body as Body))
    return { bodies, script, provided }
  })

  it.live("calls tools, answers them and goes on", () =>
    Effect.gen(function* () {
      for (const strictTools of [undefined, true]) {
        const { bodies, provided, script } = yield* layer({ strictTools })
        const day = strictTools === true ? { day: null } : {}
        const called = Reply.answer({
          reasoning: "look it up",
          signature: "c2ln",
          toolCalls: [{ id: "toolu_1", name: "weather", params: { city: "Oslo", ...day } }],
        })
        yield* script(called, called, Reply.text("4 degrees"))
        yield* Effect.gen(function* () {
          const prompt = "weather in Oslo?"
          const first = yield* LanguageModel.generateText({ prompt, toolkit: WeatherKit })
          assert.deepStrictEqual(
            first.toolResults.map(({ result }) => result),
            [{ degrees: 4 }],
          )
          const streamed = yield* Stream.runCollect(LanguageModel.streamText({ prompt, toolkit: WeatherKit }))
          assert.isTrue(streamed.some((part) => part.type === "tool-result" && !part.isFailure))
          const history = Prompt.concat(Prompt.make(prompt), Prompt.fromResponseParts(streamed))
          const second = yield* LanguageModel.generateText({ prompt: history })
          assert.strictEqual(second.text, "4 degrees")
        }).pipe(Effect.provide(provided))
        const [asked, , told] = (yield* bodies).slice(-3)
        assert.deepStrictEqual(asked?.tool_choice, { type: "auto" })
        assert.strictEqual(asked?.tools?.[0]?.["strict"], strictTools)
        assert.deepStrictEqual(told?.messages.slice(1), [
          {
            role: "assistant",
            content: [
              { type: "thinking", thinking: "look it up", signature: "c2ln" },
              { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Oslo" } },
            ],
          },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: '{"degrees":4}' }] },
        ])
      }
    }).pipe(Effect.provide(Layer.mergeAll(Handlers, Emulator.layer()))),
  )

  it.live("answers in a schema", () =>
    Effect.gen(function* () {
      const { bodies, provided, script } = yield* layer({ effort: "low" })
      yield* script(Reply.json({ city: "Oslo", at: null, counts: [{ "0": "a", "1": 1 }] }))
      const schema = Schema.Struct({
        city: Schema.String,
        at: Schema.optionalKey(Schema.String),
        counts: Schema.Record(Schema.String, Schema.Int),
      })
      const { value } = yield* LanguageModel.generateObject({ prompt: "where?", schema }).pipe(Effect.provide(provided))
      assert.deepStrictEqual(value, { city: "Oslo", counts: { a: 1 } })
      const body = (yield* bodies)[0]
      assert.nestedPropertyVal(body, "output_config.format.type", "json_schema")
      assert.nestedPropertyVal(body, "output_config.effort", "low")
      assert.notProperty(body, "tools")
      assert.notProperty(body, "tool_choice")
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("sends back thoughts, also those that nobody may read", () =>
    Effect.gen(function* () {
      const { bodies, provided, script } = yield* layer()
      const content = [
        { type: "thinking", thinking: "hm", signature: "c2ln" },
        { type: "redacted_thinking", data: "c2VjcmV0" },
        { type: "text", text: "hello" },
      ]
      const message = { id: "msg_1", type: "message", role: "assistant", model: "m", usage: {} }
      const whole = Reply.recorded({ body: { ...message, content, stop_reason: "end_turn" } })
      const lines = [
        { type: "message_start", message: { ...message, content: [] } },
        ...content.flatMap((content_block, index) => [
          { type: "content_block_start", index, content_block },
          { type: "content_block_stop", index },
        ]),
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 3 } },
        { type: "message_stop" },
      ].map((event) => JSON.stringify(event))
      yield* script(whole, Reply.recorded({ lines }), Reply.text("bye"), Reply.text("bye"))
      yield* Effect.gen(function* () {
        const first = Prompt.fromResponseParts((yield* LanguageModel.generateText({ prompt: "hi" })).content)
        const streamed = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "hi" }))
        for (const history of [first, Prompt.fromResponseParts(streamed)]) {
          yield* LanguageModel.generateText({ prompt: Prompt.concat(history, "and?") })
        }
      }).pipe(Effect.provide(provided))
      for (const { messages } of (yield* bodies).slice(2)) {
        assert.deepStrictEqual(messages[0], { role: "assistant", content })
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it("describes itself", () => {
    const described = ResilientModel.describe(AnthropicLanguageModel.model("claude-opus-5-5", { effort: "low" }))
    assert.include(JSON.stringify(described), '"model":"claude-opus-5-5","effort":"low"')
  })
})
