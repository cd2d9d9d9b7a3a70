import { assert, describe, it } from "@effect/vitest"
import { Failure } from "@holdfast/core"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import { Duration, Effect, Layer, Redacted, Schema, Stream } from "effect"
import { AiError, LanguageModel, Prompt, type Response, ResponseIdTracker, Tool, Toolkit } from "effect/ai"

import * as OpenAiClient from "../src/OpenAiClient.ts"
import * as OpenAiLanguageModel from "../src/OpenAiLanguageModel.ts"
import { request } from "./requests.ts"

interface Api {
  readonly name: string
  readonly dialect: "openai-responses" | "openai-chat"
  readonly make: () => Effect.Effect<ProviderModel.ProviderModel, never, OpenAiClient.OpenAiClient>
}

const responses: Api = {
  name: "Responses",
  dialect: "openai-responses",
  make: () => OpenAiLanguageModel.make("gpt-4.1"),
}

const chat: Api = {
  name: "Chat Completions",
  dialect: "openai-chat",
  make: () => OpenAiLanguageModel.makeChat("gpt-4.1"),
}

/** A model that talks to the emulator. */
const connected = Effect.fnUntraced(function* (api: Api) {
  const emulator = yield* Emulator.Emulator
  const client = OpenAiClient.layer({ apiKey: Redacted.make("sk-test-key"), apiUrl: emulator.baseUrl(api.dialect) })
  const model = yield* Effect.provide(api.make(), client)
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
        Reply.raw({ status: 200, headers: { "content-type": "text/plain" }, body: "busy" }),
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

  it.live("keeps a refusal's words", () =>
    Effect.gen(function* () {
      const { generate, script, stream } = yield* connected(responses)
      const refusal = Reply.answer({ refusal: "I will not" })
      yield* script(refusal, refusal)
      for (const parts of [yield* generate(request("hi")), yield* stream(request("hi"))]) {
        assert.strictEqual(finish(parts)?.reason, "content-filter")
        assert.strictEqual(finish(parts)?.metadata?.openai?.refusal, "I will not")
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
