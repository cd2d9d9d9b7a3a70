import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@holdfast/core"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import { Duration, Effect, Fiber, Layer, Redacted, Schema, Stream } from "effect"
import { AiError, LanguageModel, Prompt, type Response, ResponseIdTracker, Tool, Toolkit } from "effect/ai"

import * as OpenAiClient from "../src/OpenAiClient.ts"
import * as OpenAiLanguageModel from "../src/OpenAiLanguageModel.ts"
import { request } from "./requests.ts"

interface Api {
  readonly name: string
  readonly dialect: "openai-responses" | "openai-chat"
  readonly make: (settings?: {
    readonly temperature?: number
  }) => Effect.Effect<ProviderModel.ProviderModel, never, OpenAiClient.OpenAiClient>
  /** Frames until the first piece of text has come. */
  readonly framesToText: number
}

const responses: Api = {
  name: "Responses",
  dialect: "openai-responses",
  make: (settings) => OpenAiLanguageModel.make("gpt-4.1", settings),
  framesToText: 5,
}

const chat: Api = {
  name: "Chat Completions",
  dialect: "openai-chat",
  make: (settings) => OpenAiLanguageModel.makeChat("gpt-4.1", settings),
  framesToText: 2,
}

/** A model that talks to the emulator. */
const connected = Effect.fnUntraced(function* (api: Api, settings?: { readonly temperature?: number }) {
  const emulator = yield* Emulator.Emulator
  const client = OpenAiClient.layer({ apiKey: Redacted.make("sk-test-key"), apiUrl: emulator.baseUrl(api.dialect) })
  const model = yield* Effect.provide(api.make(settings), client)
  const generate = (wanted: ProviderModel.ProviderRequest) =>
    Effect.scoped(Effect.map(model.generate(wanted), ({ parts }) => parts))
  const stream = (wanted: ProviderModel.ProviderRequest) =>
    Effect.scoped(Effect.flatMap(model.stream(wanted), ({ parts }) => Stream.runCollect(parts)))
  const script = (...replies: ReadonlyArray<Reply.Reply>) => emulator.script(api.dialect, ...replies)
  return { emulator, model, generate, stream, script }
})

const failureOf = <A, R>(effect: Effect.Effect<A, ProviderModel.ProviderFailure, R>) =>
  Effect.map(Effect.flip(effect), (error): readonly [string, Failure.Kind] => [
    AiError.isAiError(error) ? error.reason._tag : error._tag,
    Failure.classify(error).kind,
  ])

const text = (parts: ReadonlyArray<Response.AllPartsEncoded>) =>
  parts.map((part) => (part.type === "text" ? part.text : part.type === "text-delta" ? part.delta : "")).join("")

const finish = (parts: ReadonlyArray<Response.AllPartsEncoded>) => parts.find((part) => part.type === "finish")

const usage = { input: 30, cacheRead: 20, cacheWrite: 4, output: 9, reasoning: 5 }
const counted = {
  inputTokens: { total: 30, uncached: 6, cacheRead: 20, cacheWrite: 4 },
  outputTokens: { total: 9, text: 4, reasoning: 5 },
}

const statuses: ReadonlyArray<readonly [number, string, Failure.Kind]> = [
  [400, "InvalidRequestError", "fatal"],
  [401, "AuthenticationError", "fatal"],
  [402, "QuotaExhaustedError", "fatal"],
  [403, "AuthenticationError", "fatal"],
  [404, "InvalidRequestError", "fatal"],
  [408, "InternalProviderError", "transient"],
  [409, "InternalProviderError", "transient"],
  [413, "InvalidRequestError", "fatal"],
  [422, "InvalidRequestError", "fatal"],
  [429, "RateLimitError", "throttled"],
  [500, "InternalProviderError", "transient"],
  [502, "InternalProviderError", "transient"],
  [503, "InternalProviderError", "overloaded"],
  [504, "InternalProviderError", "transient"],
  [529, "InternalProviderError", "overloaded"],
]

describe.each([responses, chat])("$name", (api) => {
  it.live("answers whole and in pieces", () =>
    Effect.gen(function* () {
      const { generate, model, script, stream } = yield* connected(api)
      const answer = Reply.answer({
        reasoning: "thinking about it",
        text: "hello brave new world",
        citations: [{ url: "https://a.example/", title: "A" }],
        files: [{ mediaType: "image/png", data: "AQID" }],
        usage,
      })
      yield* script(answer, answer, answer)
      for (const parts of [yield* generate(request("hi")), yield* stream(request("hi"))]) {
        assert.strictEqual(text(parts), "hello brave new world")
        assert.strictEqual(parts[0]?.type, "response-metadata")
        assert.strictEqual(parts.at(-1)?.type, "finish")
        assert.deepStrictEqual(finish(parts)?.usage, counted)
        assert.strictEqual(finish(parts)?.reason, "stop")
        assert.strictEqual(finish(parts)?.metadata?.openai?.serviceTier, "default")
        assert.isTrue(parts.some(({ type }) => type === "reasoning" || type === "reasoning-delta"))
        assert.deepStrictEqual(
          parts.flatMap((part) => (part.type === "source" && part.sourceType === "url" ? [part.url] : [])),
          ["https://a.example/"],
        )
        assert.isTrue(parts.some((part) => part.type === "file" && part.data === "AQID"))
      }
      const { headers } = yield* Effect.scoped(model.stream(request("hi")))
      assert.match(headers["x-request-id"] ?? "", /^req_/)
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("maps every status", () =>
    Effect.gen(function* () {
      const { emulator, generate, script, stream } = yield* connected(api)
      for (const [status, tag, kind] of statuses) {
        yield* script(Reply.status(status), Reply.status(status))
        const overloaded = status === 503 ? ["overloaded", "transient"] : [kind]
        for (const failure of [yield* failureOf(generate(request("hi"))), yield* failureOf(stream(request("hi")))]) {
          assert.strictEqual(failure[0], tag)
          assert.include(overloaded, failure[1])
        }
      }
      yield* script(Reply.quotaExhausted(), Reply.html(502), Reply.html(503))
      assert.deepStrictEqual(yield* failureOf(stream(request("hi"))), ["QuotaExhaustedError", "fatal"])
      assert.deepStrictEqual(yield* failureOf(generate(request("hi"))), ["InternalProviderError", "transient"])
      assert.deepStrictEqual(yield* failureOf(stream(request("hi"))), ["InternalProviderError", "transient"])
      // One request each: the SDK repeats none.
      assert.strictEqual((yield* emulator.requests).length, statuses.length * 2 + 3)
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("passes on when to come back", () =>
    Effect.gen(function* () {
      const { generate, script } = yield* connected(api)
      yield* script(Reply.rateLimited({ retryAfterMs: "1500 millis" }))
      const error = yield* Effect.flip(generate(request("hi")))
      assert.deepStrictEqual(Failure.classify(error).retryAfter, Duration.millis(1500))
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("survives bodies that are none", () =>
    Effect.gen(function* () {
      const { generate, script } = yield* connected(api)
      const json = { "content-type": "application/json" }
      yield* script(
        Reply.raw({ status: 200, headers: json, body: "" }),
        Reply.raw({ status: 200, headers: json, body: '{"half' }),
        Reply.raw({ status: 200, headers: json, body: "[]" }),
        Reply.raw({ status: 200, headers: { "content-type": "text/html" }, body: "<html></html>" }),
        Reply.text("x").pipe(Fault.contentType("text/plain")),
      )
      for (const _ of [1, 2, 3, 4, 5]) {
        assert.deepStrictEqual(yield* failureOf(generate(request("hi"))), ["InvalidResponseError", "transient"])
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("survives connections that break", () =>
    Effect.gen(function* () {
      const { generate, script, stream } = yield* connected(api)
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
      const urls = ["http://127.0.0.1:1/v1", "http://nowhere.invalid/v1"]
      for (const apiUrl of urls) {
        const client = OpenAiClient.layer({ apiKey: Redacted.make("sk-test-key"), apiUrl })
        const model = yield* Effect.provide(api.make(), client)
        const failure = yield* failureOf(Effect.scoped(model.generate(request("hi"))))
        assert.deepStrictEqual(failure, ["NetworkError", "transient"])
      }
    }),
  )

  it.live("reads any framing", () =>
    Effect.gen(function* () {
      const { script, stream } = yield* connected(api)
      const answer = Reply.text("größer als 🦄", { usage })
      yield* script(
        answer.pipe(Fault.splitBytes(7)),
        answer.pipe(Fault.carriageReturns),
        answer.pipe(Fault.comments),
        answer.pipe(Fault.splitBytes(1), Fault.carriageReturns, Fault.comments),
      )
      for (const _ of [1, 2, 3, 4]) {
        const parts = yield* stream(request("hi"))
        assert.strictEqual(text(parts), "größer als 🦄")
        assert.deepStrictEqual(finish(parts)?.usage, counted)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("reports what happens inside a stream", () =>
    Effect.gen(function* () {
      const { script, stream } = yield* connected(api)
      const answer = Reply.text(["a", "b", "c"])
      yield* script(
        answer.pipe(Fault.errorAfter(3, "overloaded")),
        answer.pipe(Fault.errorAfter(3, "rate_limit")),
        answer.pipe(Fault.errorAfter(0, "insufficient_quota")),
        answer.pipe(Fault.corruptFrame(2)),
      )
      assert.deepStrictEqual(yield* failureOf(stream(request("hi"))), ["InternalProviderError", "overloaded"])
      assert.deepStrictEqual(yield* failureOf(stream(request("hi"))), ["RateLimitError", "throttled"])
      assert.deepStrictEqual(yield* failureOf(stream(request("hi"))), ["QuotaExhaustedError", "fatal"])
      assert.deepStrictEqual(yield* failureOf(stream(request("hi"))), ["InvalidResponseError", "transient"])
      yield* script(answer.pipe(Fault.endAfter(3)), answer.pipe(Fault.omitTerminal), answer.pipe(Fault.emptyBody))
      for (const _ of [1, 2, 3]) assert.isUndefined(finish(yield* stream(request("hi"))))
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("closes the socket at once when it is interrupted", () =>
    Effect.gen(function* () {
      const { emulator, generate, model, script } = yield* connected(api)
      const answer = Reply.text(["a", "b", "c"])
      const closes = Effect.fnUntraced(function* (call: Effect.Effect<unknown, unknown>) {
        const fiber = yield* Effect.forkChild(call)
        yield* emulator.nextRequest
        yield* Effect.sleep("30 millis")
        const started = performance.now()
        yield* Fiber.interrupt(fiber)
        yield* emulator.nextAborted
        assert.isBelow(performance.now() - started, 100)
      })
      yield* script(Reply.stall, Reply.stall, answer.pipe(Fault.stallAfter(0)), answer.pipe(Fault.stallAfter(3)))
      const reading = Effect.scoped(Effect.flatMap(model.stream(request("hi")), ({ parts }) => Stream.runDrain(parts)))
      yield* closes(generate(request("hi")))
      for (const _ of [1, 2, 3]) yield* closes(reading)
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("closes the socket when the consumer has enough", () =>
    Effect.gen(function* () {
      const { emulator, model, script } = yield* connected(api)
      yield* script(Reply.text(["a", "b", "c"]).pipe(Fault.stallAfter(api.framesToText)))
      const first = yield* Effect.scoped(
        Effect.flatMap(model.stream(request("hi")), ({ parts }) =>
          parts.pipe(
            Stream.filter((part) => part.type === "text-delta"),
            Stream.take(1),
            Stream.runCollect,
          ),
        ),
      )
      assert.strictEqual(text(first), "a")
      yield* emulator.nextAborted
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("merges the settings of one request over the model's", () =>
    Effect.gen(function* () {
      const { emulator, generate } = yield* connected(api, { temperature: 0.1 })
      const { withChatConfigOverride, withConfigOverride } = OpenAiLanguageModel
      const override = (settings: { readonly temperature?: number; readonly topP?: number }) =>
        api === chat ? withChatConfigOverride(settings) : withConfigOverride(settings)
      yield* generate(request("hi"))
      yield* generate(request("hi")).pipe(override({ topP: 0.5 }), override({ temperature: 0.7, topP: 0.1 }))
      const sent = (yield* emulator.requests).map(({ body }) => body as { temperature: number; top_p?: number })
      assert.deepStrictEqual(
        sent.map((body) => [body.temperature, body.top_p]),
        [
          [0.1, undefined],
          [0.7, 0.5],
        ],
      )
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("refuses before it asks", () =>
    Effect.gen(function* () {
      const { emulator, generate, stream } = yield* connected(api)
      const film = request([{ role: "user", content: [{ type: "file", mediaType: "video/mp4", data: "AQID" }] }])
      assert.deepStrictEqual(yield* failureOf(generate(film)), ["UnsupportedOption", "ignored"])
      yield* Effect.flip(stream(film))
      assert.strictEqual((yield* emulator.requests).length, 0)
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

/** The model as `effect/ai` sees it, so that its decoding takes part. */
const asLanguageModel = (model: ProviderModel.ProviderModel) =>
  LanguageModel.make({
    codecTransformer: model.codecTransformer,
    generateText: (options) =>
      Effect.scoped(Effect.map(model.generate(fromOptions(model, options)), ({ parts }) => parts)).pipe(
        Effect.mapError(asAiError),
      ),
    streamText: (options) =>
      Stream.unwrap(Effect.map(model.stream(fromOptions(model, options)), ({ parts }) => parts)).pipe(
        Stream.mapError(asAiError),
      ),
  })

const asAiError = (error: ProviderModel.ProviderFailure): AiError.AiError =>
  AiError.isAiError(error) ? error : AiError.make({ module: "t", method: "t", reason: error.toReason({}) })

const fromOptions = (
  model: ProviderModel.ProviderModel,
  options: LanguageModel.ProviderOptions,
): ProviderModel.ProviderRequest => ({
  options,
  settings: {},
  jsonSchema:
    options.responseFormat.type === "text"
      ? undefined
      : model.codecTransformer(options.responseFormat.schema).jsonSchema,
})

describe.each([responses, chat])("$name under effect/ai", (api) => {
  it.live("calls tools, answers them and goes on", () =>
    Effect.gen(function* () {
      const { emulator, model, script } = yield* connected(api)
      const language = yield* asLanguageModel(model)
      const called = Reply.answer({
        reasoning: "look it up",
        toolCalls: [{ id: "call_1", name: "weather", params: { city: "Oslo", day: null } }],
      })
      yield* script(called, called, Reply.text("4 degrees"))
      const first = yield* language.generateText({ prompt: "weather in Oslo?", toolkit: WeatherKit })
      assert.deepStrictEqual(
        first.toolResults.map(({ result }) => result),
        [{ degrees: 4 }],
      )
      const streamed = yield* Stream.runCollect(
        language.streamText({ prompt: "weather in Oslo?", toolkit: WeatherKit }),
      )
      assert.isTrue(streamed.some((part) => part.type === "tool-result" && !part.isFailure))
      const history = Prompt.concat(Prompt.make("weather in Oslo?"), Prompt.fromResponseParts(streamed))
      const second = yield* language.generateText({ prompt: history })
      assert.strictEqual(second.text, "4 degrees")
      const { body } = (yield* emulator.requests)[2]!
      const items = ((body as { input?: unknown }).input ?? (body as { messages: unknown }).messages) as ReadonlyArray<
        Record<string, unknown>
      >
      assert.deepStrictEqual(
        items.slice(1).map((item) => item["type"] ?? item["role"]),
        api === responses ? ["function_call", "function_call_output"] : ["assistant", "tool"],
      )
      assert.include(JSON.stringify(items.at(-1)), "degrees")
    }).pipe(Effect.provide(Layer.mergeAll(Handlers, Emulator.layer()))),
  )

  it.live("answers in a schema", () =>
    Effect.gen(function* () {
      const { emulator, model, script } = yield* connected(api)
      const language = yield* asLanguageModel(model)
      yield* script(Reply.json({ city: "Oslo", at: null, counts: [{ "0": "a", "1": 1 }] }))
      const schema = Schema.Struct({
        city: Schema.String,
        at: Schema.optionalKey(Schema.String),
        counts: Schema.Record(Schema.String, Schema.Int),
      })
      const { value } = yield* language.generateObject({ prompt: "where?", schema, objectName: "place" })
      assert.deepStrictEqual(value, { city: "Oslo", counts: { a: 1 } })
      assert.include(JSON.stringify((yield* emulator.requests)[0]?.body), '"name":"place"')
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

describe("Responses", () => {
  it.live("sends encrypted reasoning back, and keeps the order of items", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const client = OpenAiClient.layer({
        apiKey: Redacted.make("sk-test-key"),
        apiUrl: emulator.baseUrl("openai-responses"),
      })
      const model = yield* Effect.provide(OpenAiLanguageModel.make("gpt-6.1-terra"), client)
      const language = yield* asLanguageModel(model)
      const answer = Reply.answer({ reasoning: "hm", signature: "c2VjcmV0", text: "hello" })
      yield* emulator.script("openai-responses", answer, answer, Reply.text("bye"), Reply.text("bye"))
      const whole = Prompt.fromResponseParts((yield* language.generateText({ prompt: "hi" })).content)
      const streamed = Prompt.fromResponseParts(yield* Stream.runCollect(language.streamText({ prompt: "hi" })))
      for (const history of [whole, streamed]) yield* language.generateText({ prompt: Prompt.concat(history, "and?") })
      for (const { body } of (yield* emulator.requests).slice(2)) {
        const { include, input, store } = body as {
          include: unknown
          input: ReadonlyArray<Record<string, unknown>>
          store: boolean
        }
        assert.deepStrictEqual([include, store], [["reasoning.encrypted_content"], false])
        assert.deepStrictEqual(
          input.map((item) => [item["type"] ?? item["role"], item["encrypted_content"]]),
          [
            ["reasoning", "c2VjcmV0"],
            ["message", undefined],
            ["user", undefined],
          ],
        )
        assert.match(String(input[1]?.["id"]), /^msg_/)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("stores for a tracker and continues from its ids", () =>
    Effect.gen(function* () {
      const { emulator, model, script } = yield* connected(responses)
      const language = yield* asLanguageModel(model)
      yield* script(Reply.text("one"), Reply.text("two"))
      const start = Prompt.make("first")
      const first = yield* language.generateText({ prompt: start })
      const history = Prompt.concat(Prompt.concat(start, Prompt.fromResponseParts(first.content)), "second")
      yield* language.generateText({ prompt: history })
      const [one, two] = (yield* emulator.requests).map(({ body }) => body as Record<string, unknown>)
      assert.isTrue(one?.["store"])
      assert.match(String(two?.["previous_response_id"]), /^resp_/)
      assert.lengthOf(two?.["input"] as ReadonlyArray<unknown>, 1)
    }).pipe(
      Effect.provideServiceEffect(ResponseIdTracker.ResponseIdTracker, ResponseIdTracker.make),
      Effect.provide(Emulator.layer()),
    ),
  )

  it.live("keeps a refusal's words, and delivers no frame twice", () =>
    Effect.gen(function* () {
      const { generate, script, stream } = yield* connected(responses)
      const refusal = Reply.answer({ refusal: "I will not" })
      const doubled = Reply.text(["a", "b"])
      yield* script(
        refusal,
        refusal,
        ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((frame) => doubled.pipe(Fault.duplicateFrame(frame))),
      )
      for (const parts of [yield* generate(request("hi")), yield* stream(request("hi"))]) {
        assert.strictEqual(finish(parts)?.reason, "content-filter")
        assert.strictEqual(finish(parts)?.metadata?.openai?.refusal, "I will not")
      }
      for (const _ of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
        const parts = yield* stream(request("hi"))
        assert.strictEqual(text(parts), "ab")
        assert.strictEqual(parts.filter(({ type }) => type === "finish").length, 1)
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
