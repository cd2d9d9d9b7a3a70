/**
 * What servers have been seen to send, that no habit of the emulator stands for: through the real SDKs and over real sockets.
 */
import { assert, describe, it } from "@effect/vitest"
import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
import * as Failure from "@holdfast/core/Failure"
import { GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted, Schema, Stream } from "effect"
import { LanguageModel, type Response, Tool, Toolkit } from "effect/ai"

const apiKey = Redacted.make("key")

type Dialect = "openai-responses" | "openai-chat" | "anthropic" | "google"

const models = (emulator: Emulator.Emulator["Service"]) => {
  const at = (dialect: Dialect) => ({ apiKey, apiUrl: emulator.baseUrl(dialect) })
  return {
    "openai-responses": Layer.provide(OpenAiLanguageModel.model("gpt-4.1"), OpenAiClient.layer(at("openai-responses"))),
    "openai-chat": Layer.provide(OpenAiLanguageModel.chat("gpt-4.1"), OpenAiClient.layer(at("openai-chat"))),
    anthropic: Layer.provide(AnthropicLanguageModel.model("claude-sonnet-5"), AnthropicClient.layer(at("anthropic"))),
    google: Layer.provide(GoogleLanguageModel.model("gemini-3.8-flash"), GoogleClient.layer(at("google"))),
  } satisfies Record<Dialect, Layer.Layer<LanguageModel.LanguageModel>>
}

const kit = Toolkit.make(
  Tool.make("now", { success: Schema.String }),
  Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String }),
)
const handlers = kit.toLayer({
  now: () => Effect.succeed("noon"),
  weather: ({ city }) => Effect.succeed(city),
})

type AnyPart = Response.AnyPart

const question = { prompt: "hi", toolkit: kit }

const answerIn = (mode: "generate" | "stream") =>
  mode === "generate"
    ? Effect.map(LanguageModel.generateText(question), ({ content }): ReadonlyArray<AnyPart> => content)
    : Effect.map(Stream.runCollect(LanguageModel.streamText(question)), (parts): ReadonlyArray<AnyPart> => parts)

const textOf = (part: AnyPart): string =>
  part.type === "text" ? part.text : part.type === "text-delta" ? part.delta : ""

/** What an answer says: its text, its calls, its end. */
const ask = (dialect: Dialect, reply: Reply.Reply, mode: "generate" | "stream") =>
  Effect.gen(function* () {
    const emulator = yield* Emulator.Emulator
    yield* emulator.script(dialect, reply)
    const parts = yield* Effect.provide(answerIn(mode), Layer.mergeAll(models(emulator)[dialect], handlers))
    return {
      text: parts.map(textOf).join(""),
      calls: parts.filter((part) => part.type === "tool-call"),
      finish: parts.find((part) => part.type === "finish"),
    }
  })

type Called = Pick<Extract<AnyPart, { readonly type: "tool-call" }>, "id" | "name" | "params">

const called = (calls: ReadonlyArray<Called>) => calls.map(({ name, params }) => [name, params])

const events = (...data: ReadonlyArray<unknown>) => Reply.recorded({ lines: data.map((one) => JSON.stringify(one)) })
const whole = (body: unknown) => Reply.recorded({ body })

type Written = unknown

/** How a call of each API is written, with arguments of any type of JSON, as a stream and as a whole. */
const calling: Readonly<
  Record<Dialect, (name: string, written: Written) => readonly [stream: Reply.Reply, whole: Reply.Reply]>
> = {
  "openai-chat": (name, written) => {
    const call = { index: 0, id: "c", type: "function", function: { name, arguments: written } }
    return [
      events(
        { id: "x", choices: [{ index: 0, delta: { tool_calls: [call] } }] },
        { choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] },
      ),
      whole({ id: "x", choices: [{ index: 0, message: { tool_calls: [call] }, finish_reason: "tool_calls" }] }),
    ]
  },
  "openai-responses": (name, written) => {
    const item = { type: "function_call", id: "fc", call_id: "c", name, arguments: written }
    const response = { id: "r", object: "response", status: "completed", output: [item] }
    return [
      events(
        { type: "response.output_item.added", output_index: 0, item: { ...item, arguments: "" } },
        { type: "response.function_call_arguments.done", output_index: 0, item_id: "fc", arguments: written },
        { type: "response.completed", response: { ...response, output: [] } },
      ),
      whole(response),
    ]
  },
  anthropic: (name, written) => {
    const block = { type: "tool_use", id: "c", name, input: {} }
    return [
      events(
        { type: "message_start", message: { id: "m", content: [] } },
        { type: "content_block_start", index: 0, content_block: block },
        { type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: written } },
        { type: "content_block_stop", index: 0 },
        { type: "message_delta", delta: { stop_reason: "tool_use" } },
        { type: "message_stop" },
      ),
      whole({ type: "message", id: "m", content: [{ ...block, input: written }], stop_reason: "tool_use" }),
    ]
  },
  google: (name, written) => {
    const body = {
      responseId: "r",
      candidates: [{ content: { parts: [{ functionCall: { name, args: written } }] }, finishReason: "STOP" }],
    }
    return [events(body), whole(body)]
  },
}

const dialects = ["openai-responses", "openai-chat", "anthropic", "google"] as const

describe.each(dialects)("calls of %s", (dialect) => {
  const asked = (name: string, written: Written) =>
    Effect.forEach([0, 1] as const, (mode) =>
      Effect.result(ask(dialect, calling[dialect](name, written)[mode], mode === 0 ? "stream" : "generate")),
    )

  it.live("take no arguments however that is written", () =>
    Effect.gen(function* () {
      for (const written of ["", " \n", "null", null, undefined, "{}", {}, '"{}"']) {
        for (const result of yield* asked("now", written)) {
          assert.isTrue(result._tag === "Success", JSON.stringify(written))
          if (result._tag === "Success") {
            assert.deepStrictEqual(called(result.success.calls), [["now", {}]], JSON.stringify(written))
            assert.strictEqual(result.success.finish?.reason, "tool-calls")
          }
        }
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("have arguments of any type that holds an object, and fail with all others", () =>
    Effect.gen(function* () {
      for (const written of ['{"city":"Oslo"}', { city: "Oslo" }, '"{\\"city\\":\\"Oslo\\"}"', ' {"city": "Oslo"}\n']) {
        for (const result of yield* asked("weather", written)) {
          assert.isTrue(result._tag === "Success", JSON.stringify(written))
          if (result._tag === "Success") {
            assert.deepStrictEqual(called(result.success.calls), [["weather", { city: "Oslo" }]])
          }
        }
      }
      for (const written of ["[1]", "7", "true", '{"city":', [1], 7, true, '"Oslo"']) {
        for (const result of yield* asked("weather", written)) {
          const kind = result._tag === "Failure" ? Failure.classify(result.failure).kind : "none"
          assert.strictEqual(kind, "undecodable", JSON.stringify(written))
        }
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

/** Asks for two choices. */
const several = (reply: Reply.Reply) =>
  OpenAiLanguageModel.withChatConfigOverride(ask("openai-chat", reply, "stream"), { extra: { n: 2 } })

const both = (dialect: Dialect, stream: Reply.Reply, body: Reply.Reply) =>
  Effect.all([ask(dialect, stream, "stream"), ask(dialect, body, "generate")])

describe("Chat Completions", () => {
  it.live("of several choices give the text of one", () =>
    Effect.gen(function* () {
      const choice = (index: number, fields: object) => ({ id: "x", choices: [{ index, ...fields }] })
      const stream = events(
        choice(1, { delta: { content: "no" } }),
        choice(0, { delta: { content: "Hel" } }),
        {
          id: "x",
          choices: [
            { index: 0, delta: { content: "lo" } },
            { index: 1, delta: { content: "NO" } },
          ],
        },
        choice(1, { delta: {}, finish_reason: "length" }),
        choice(0, { delta: {}, finish_reason: "stop" }),
      )
      const second = events(
        choice(0, { delta: { content: "Hel" } }),
        choice(1, { delta: { content: "no" } }),
        choice(0, { delta: { content: "lo" }, finish_reason: "stop" }),
        choice(1, { delta: { content: "NO" }, finish_reason: "length" }),
      )
      const body = whole({
        choices: [
          { index: 1, message: { content: "no" }, finish_reason: "length" },
          { index: 0, message: { content: "Hello" }, finish_reason: "stop" },
        ],
      })
      const answers = [...(yield* both("openai-chat", second, body)), yield* several(stream)]
      assert.deepStrictEqual(
        answers.map(({ finish, text }) => [text, finish?.reason]),
        [
          ["Hello", "stop"],
          ["Hello", "stop"],
          ["Hello", "stop"],
        ],
      )
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("may name a call after its id and its first arguments", () =>
    Effect.gen(function* () {
      const delta = (call: object) => ({
        id: "x",
        choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...call }] } }],
      })
      const { calls } = yield* ask(
        "openai-chat",
        events(
          delta({ id: "c" }),
          delta({ function: { arguments: '{"ci' } }),
          delta({ function: { name: "weather" } }),
          delta({ function: { arguments: 'ty":"Oslo"}' } }),
          { choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] },
        ),
        "stream",
      )
      assert.deepStrictEqual(called(calls), [["weather", { city: "Oslo" }]])
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("count the last usage that says something", () =>
    Effect.gen(function* () {
      const chunk = (content: string, usage: unknown, reason: string | null = null) => ({
        id: "x",
        choices: [{ index: 0, delta: { content }, finish_reason: reason }],
        usage,
      })
      const real = { prompt_tokens: 7, completion_tokens: 2 }
      for (const empty of [
        {},
        null,
        { prompt_tokens: 0, completion_tokens: 0 },
        { prompt_tokens: 7, completion_tokens: 1 },
      ]) {
        const stream = events(
          chunk("a", empty),
          chunk("b", empty, "stop"),
          { choices: [], usage: real },
          chunk("", empty),
        )
        const { finish } = yield* ask("openai-chat", stream, "stream")
        assert.deepStrictEqual(finish?.usage.inputTokens.total, 7, JSON.stringify(empty))
      }
      const zeros = { prompt_tokens: 0, completion_tokens: 0 }
      const { finish } = yield* ask("openai-chat", events(chunk("a", zeros), chunk("", zeros, "stop")), "stream")
      assert.isUndefined(finish?.usage.inputTokens.total)
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

describe("two calls with one id", () => {
  const weather = (city: string) => ({ name: "weather", city })
  const cities = [weather("Oslo"), weather("Rome")]

  const replies: Readonly<Record<Dialect, readonly [Reply.Reply, Reply.Reply]>> = {
    "openai-chat": (() => {
      const calls = cities.map(({ city, name }, index) => ({
        index,
        id: "c",
        function: { name, arguments: JSON.stringify({ city }) },
      }))
      return [
        events(...calls.map((call) => ({ id: "x", choices: [{ index: 0, delta: { tool_calls: [call] } }] })), {
          choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }],
        }),
        whole({ choices: [{ message: { tool_calls: calls }, finish_reason: "tool_calls" }] }),
      ]
    })(),
    "openai-responses": (() => {
      const output = cities.map(({ city, name }) => ({
        type: "function_call",
        id: "fc",
        call_id: "c",
        name,
        arguments: JSON.stringify({ city }),
      }))
      const response = { id: "r", object: "response", status: "completed", output }
      return [
        events(...output.map((item, output_index) => ({ type: "response.output_item.done", output_index, item })), {
          type: "response.completed",
          response,
        }),
        whole(response),
      ]
    })(),
    anthropic: (() => {
      const blocks = cities.map(({ city, name }) => ({ type: "tool_use", id: "c", name, input: { city } }))
      return [
        events(
          { type: "message_start", message: { id: "m", content: [] } },
          ...blocks.flatMap((block) => [
            { type: "content_block_start", index: 0, content_block: { ...block, input: {} } },
            {
              type: "content_block_delta",
              index: 0,
              delta: { type: "input_json_delta", partial_json: JSON.stringify(block.input) },
            },
            { type: "content_block_stop", index: 0 },
          ]),
          { type: "message_delta", delta: { stop_reason: "tool_use" } },
          { type: "message_stop" },
        ),
        whole({ type: "message", id: "m", content: blocks, stop_reason: "tool_use" }),
      ]
    })(),
    google: (() => {
      const parts = cities.map(({ city, name }) => ({ functionCall: { id: "c", name, args: { city } } }))
      const body = (some: ReadonlyArray<unknown>) => ({
        responseId: "r",
        candidates: [{ content: { parts: some }, finishReason: "STOP" }],
      })
      return [events(...parts.map((part) => body([part]))), whole(body(parts))]
    })(),
  }

  it.live.each(dialects)("are two, with ids of their own (%s)", (dialect) =>
    Effect.gen(function* () {
      for (const { calls } of yield* both(dialect, ...replies[dialect])) {
        assert.deepStrictEqual(called(calls), [
          ["weather", { city: "Oslo" }],
          ["weather", { city: "Rome" }],
        ])
        assert.lengthOf(new Set(calls.map(({ id }) => id)), 2)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

describe("an answer of nothing", () => {
  const google = (finishReason: string, parts: ReadonlyArray<unknown> = []) => ({
    responseId: "r",
    candidates: [{ content: { parts, role: "model" }, finishReason }],
    usageMetadata: { promptTokenCount: 3, totalTokenCount: 3 },
  })
  const chat = (fields: object) => ({ id: "x", choices: [{ index: 0, ...fields, finish_reason: "stop" }] })

  it.live("is a failure that was paid, whatever its reason", () =>
    Effect.gen(function* () {
      const nothings: ReadonlyArray<readonly [Dialect, unknown, unknown]> = [
        ...[
          "STOP",
          "MALFORMED_FUNCTION_CALL",
          "UNEXPECTED_TOOL_CALL",
          "TOO_MANY_TOOL_CALLS",
          "OTHER",
          "NEW_REASON",
        ].map((reason) => ["google", google(reason), google(reason)] as const),
        ["google", google("STOP", [{ text: "" }]), google("STOP", [{ text: "hm", thought: true }])],
        ["openai-chat", chat({ delta: {} }), chat({ message: { role: "assistant", content: null } })],
        ["openai-chat", chat({ delta: { content: "" } }), chat({ message: { content: "", tool_calls: [] } })],
        ["openai-chat", chat({ delta: { reasoning_content: "hm" } }), chat({ message: { reasoning_content: "hm" } })],
      ]
      for (const [dialect, stream, body] of nothings) {
        for (const [reply, mode] of [
          [events(stream), "stream"],
          [whole(body), "generate"],
        ] as const) {
          const error = yield* Effect.flip(ask(dialect, reply, mode))
          assert.strictEqual(error.reason._tag, "InvalidResponseError", JSON.stringify([mode, body]))
          assert.deepInclude(Failure.classify(error), { kind: "transient", billed: true })
        }
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
