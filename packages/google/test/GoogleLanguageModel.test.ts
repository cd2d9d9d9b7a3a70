import { assert, describe, it } from "@effect/vitest"
import { Failure, type ResilientModel } from "@holdfast/core"
import type * as ProviderModel from "@holdfast/core/provider/ProviderModel"
import { Emulator, Fault, Reply } from "@holdfast/testing"
import { Context, Duration, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { AiError, LanguageModel, Prompt, type Response, Tool, Toolkit } from "effect/ai"

import * as GoogleClient from "../src/GoogleClient.ts"
import * as GoogleLanguageModel from "../src/GoogleLanguageModel.ts"
import { request } from "./requests.ts"

/** A model that talks to the emulator. */
const connected = Effect.fnUntraced(function* (
  settings?: GoogleLanguageModel.Settings,
  name: GoogleLanguageModel.Model = "gemini-3.8-flash",
) {
  const emulator = yield* Emulator.Emulator
  const client = GoogleClient.layer({ apiKey: Redacted.make("secret-key"), apiUrl: emulator.baseUrl("google") })
  const model = yield* Effect.provide(GoogleLanguageModel.make(name, settings), client)
  const generate = (wanted: ProviderModel.ProviderRequest) =>
    Effect.scoped(Effect.map(model.generate(wanted), ({ parts }) => parts))
  const stream = (wanted: ProviderModel.ProviderRequest) =>
    Effect.scoped(Effect.flatMap(model.stream(wanted), ({ parts }) => Stream.runCollect(parts)))
  const script = (...replies: ReadonlyArray<Reply.Reply>) => emulator.script("google", ...replies)
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

const usage = { input: 30, cacheRead: 20, output: 9, reasoning: 5 }
const counted = {
  inputTokens: { total: 30, uncached: 10, cacheRead: 20 },
  outputTokens: { total: 9, text: 4, reasoning: 5 },
}

describe("a model", () => {
  it.live("answers whole and in pieces", () =>
    Effect.gen(function* () {
      const { emulator, generate, model, script, stream } = yield* connected()
      const answer = Reply.answer({
        reasoning: "thinking about it",
        text: "hello brave new world",
        citations: [
          { url: "https://a.example/", title: "A" },
          { url: "https://a.example/", title: "A" },
        ],
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
        assert.strictEqual(finish(parts)?.metadata?.google?.serviceTier, "standard")
        assert.isTrue(parts.some(({ type }) => type === "reasoning" || type === "reasoning-delta"))
        assert.deepStrictEqual(
          parts.flatMap((part) => (part.type === "source" && part.sourceType === "url" ? [part.url] : [])),
          ["https://a.example/"],
        )
        assert.isTrue(parts.some((part) => part.type === "file" && part.data === "AQID"))
      }
      const { headers } = yield* Effect.scoped(model.stream(request("hi")))
      assert.strictEqual(headers["x-gemini-service-tier"], "standard")
      const [whole, streamed] = yield* emulator.requests
      assert.strictEqual(whole?.path, "/google/v1beta/models/gemini-3.8-flash:generateContent")
      assert.strictEqual(streamed?.path, "/google/v1beta/models/gemini-3.8-flash:streamGenerateContent")
      assert.deepStrictEqual(streamed?.query, { alt: "sse" })
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("knows a wrong key, which is a bad request to Gemini", () =>
    Effect.gen(function* () {
      const { generate, script, stream } = yield* connected()
      const message = "API key not valid. Please pass a valid API key."
      const refusal = Reply.status(400, { code: "API_KEY_INVALID", message })
      yield* script(refusal, refusal)
      assert.deepStrictEqual(yield* failureOf(generate(request("hi"))), ["AuthenticationError", "fatal"])
      assert.deepStrictEqual(yield* failureOf(stream(request("hi"))), ["AuthenticationError", "fatal"])
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("passes on when to come back, and which request it was, also when many fail at once", () =>
    Effect.gen(function* () {
      const { emulator, generate, script } = yield* connected()
      yield* script(Reply.rateLimited({ retryAfter: "2 seconds" }))
      const error = yield* Effect.flip(generate(request("hi")))
      assert.deepStrictEqual(Failure.classify(error).retryAfter, Duration.millis(2000))
      yield* emulator.respond("google", ({ body }) =>
        Reply.rateLimited({ headers: { "x-request-id": `of ${JSON.stringify(body).length}` } }),
      )
      const told = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => "x".repeat(index + 1)),
        (prompt) => Effect.flip(generate(request(prompt))),
        { concurrency: "unbounded" },
      )
      const ids = told.map((failure) => Option.getOrThrow(Failure.facts(failure)).requestId)
      const first = Number(/\d+/.exec(ids[0] ?? "")?.[0])
      assert.deepStrictEqual(
        ids,
        ids.map((_, index) => `of ${first + index}`),
      )
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("survives bodies that are none", () =>
    Effect.gen(function* () {
      const { generate, script, stream } = yield* connected()
      const json = { "content-type": "application/json" }
      yield* script(
        Reply.raw({ status: 200, headers: json, body: "" }),
        Reply.raw({ status: 200, headers: json, body: '{"half' }),
        Reply.raw({ status: 200, headers: json, body: "[]" }),
        Reply.raw({ status: 200, headers: json, body: "null" }),
        Reply.raw({ status: 200, headers: { "content-type": "text/html" }, body: "<html></html>" }),
        Reply.raw({ status: 200, headers: { "content-type": "text/plain" }, body: "busy" }),
      )
      for (const _ of [1, 2, 3, 4, 5, 6]) {
        assert.deepStrictEqual(yield* failureOf(generate(request("hi"))), ["InvalidResponseError", "transient"])
      }
      yield* script(
        Reply.raw({ status: 200, headers: { "content-type": "text/html" }, body: "<html>busy</html>" }),
        Reply.text("x").pipe(Fault.contentType("application/json")),
      )
      assert.deepStrictEqual(yield* failureOf(stream(request("hi"))), ["InvalidResponseError", "transient"])
      assert.isNotEmpty(yield* stream(request("hi")))
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("survives connections that break", () =>
    Effect.gen(function* () {
      const { generate, script, stream } = yield* connected()
      const answer = Reply.text(["a", "b", "c"])
      yield* script(Reply.reset, answer.pipe(Fault.closeAfter(0)), Reply.reset, answer.pipe(Fault.resetAfter(2)))
      for (const _ of [1, 2]) {
        assert.deepStrictEqual(yield* failureOf(generate(request("hi"))), ["NetworkError", "transient"])
      }
      for (const _ of [1, 2]) {
        assert.deepStrictEqual(yield* failureOf(stream(request("hi"))), ["NetworkError", "transient"])
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("loses nothing when the connection breaks after the end", () =>
    Effect.gen(function* () {
      const { script, stream } = yield* connected()
      yield* script(Reply.text(["a", "b"], { usage }).pipe(Fault.resetAfter(3)))
      const parts = yield* stream(request("hi"))
      assert.strictEqual(text(parts), "ab")
      assert.strictEqual(finish(parts)?.usage.outputTokens.total, 9)
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("reports nobody at home", () =>
    Effect.gen(function* () {
      for (const apiUrl of ["http://127.0.0.1:1", "http://nowhere.invalid"]) {
        const client = GoogleClient.layer({ apiKey: Redacted.make("secret-key"), apiUrl })
        const model = yield* Effect.provide(GoogleLanguageModel.make("gemini-3.8-flash"), client)
        const failure = yield* failureOf(Effect.scoped(model.generate(request("hi"))))
        assert.deepStrictEqual(failure, ["NetworkError", "transient"])
      }
    }),
  )

  it.live("refuses before it asks", () =>
    Effect.gen(function* () {
      const { emulator, generate, stream } = yield* connected({ thinking: { budget: 100 } })
      assert.deepStrictEqual(yield* failureOf(generate(request("hi"))), ["UnsupportedOption", "ignored"])
      yield* Effect.flip(stream(request("hi")))
      // What only Vertex AI takes is refused by the SDK, and no retry helps.
      const other = yield* connected({ extra: { audioTimestamp: true } })
      assert.deepStrictEqual(yield* failureOf(other.generate(request("hi"))), ["InvalidRequestError", "fatal"])
      assert.deepStrictEqual(yield* failureOf(other.stream(request("hi"))), ["InvalidRequestError", "fatal"])
      assert.strictEqual((yield* emulator.requests).length, 0)
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("says nothing on the console", () =>
    Effect.gen(function* () {
      const said: Array<unknown> = []
      const { debug, error, info, log, warn } = console
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const hear = (...words: ReadonlyArray<unknown>) => void said.push(words)
          Object.assign(console, { debug: hear, error: hear, info: hear, log: hear, warn: hear })
        }),
        () => Effect.sync(() => Object.assign(console, { debug, error, info, log, warn })),
      )
      const { generate, script, stream } = yield* connected()
      const answer = Reply.answer({ reasoning: "hm", text: "a", toolCalls: [{ name: "t", params: {} }] })
      yield* script(answer, answer, Reply.overloaded())
      yield* generate(request("hi"))
      yield* stream(request("hi"))
      yield* Effect.flip(generate(request("hi")))
      assert.deepStrictEqual(said, [])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layer())),
  )

  it.live("tells why there is no answer", () =>
    Effect.gen(function* () {
      const { generate, script, stream } = yield* connected()
      const refusal = Reply.answer({ refusal: "not about that" })
      const filtered = Reply.answer({ text: "", finish: "content-filter" })
      yield* script(refusal, refusal, filtered, filtered)
      for (const parts of [yield* generate(request("hi")), yield* stream(request("hi"))]) {
        assert.strictEqual(finish(parts)?.reason, "content-filter")
        assert.strictEqual(finish(parts)?.metadata?.google?.refusal, "not about that")
      }
      for (const parts of [yield* generate(request("hi")), yield* stream(request("hi"))]) {
        assert.strictEqual(finish(parts)?.metadata?.google?.refusal, "the answer was broken off: SAFETY")
      }
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("finishes once, and calls once, although frames come twice", () =>
    Effect.gen(function* () {
      const { script, stream } = yield* connected()
      const answer = Reply.answer({ text: ["a", "b"], toolCalls: [{ id: "c1", name: "t", params: {} }] })
      yield* script(answer.pipe(Fault.duplicateFrame(3)), answer.pipe(Fault.duplicateFrame(4)))
      for (const _ of [1, 2]) {
        const parts = yield* stream(request("hi"))
        assert.strictEqual(text(parts), "ab")
        assert.strictEqual(parts.filter(({ type }) => type === "tool-call").length, 1)
        assert.strictEqual(parts.filter(({ type }) => type === "finish").length, 1)
      }
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

/** The model as applications use it. */
const asLanguageModel = Effect.fnUntraced(function* (settings?: GoogleLanguageModel.Settings) {
  const emulator = yield* Emulator.Emulator
  const client = GoogleClient.layer({ apiKey: Redacted.make("secret-key"), apiUrl: emulator.baseUrl("google") })
  const model: ResilientModel.ResilientModel<ResilientModel.CallFailure> = GoogleLanguageModel.model(
    "gemini-3.8-flash",
    settings,
  ).pipe(Layer.provide(client)) as never
  const language = Context.get(yield* Layer.build(model), LanguageModel.LanguageModel)
  return {
    emulator,
    language,
    script: (...replies: ReadonlyArray<Reply.Reply>) => emulator.script("google", ...replies),
  }
})

interface SentPart {
  readonly [key: string]: unknown
  readonly thoughtSignature?: string
}

const sentContents = (body: unknown) =>
  (body as { contents: ReadonlyArray<{ role: string; parts: ReadonlyArray<SentPart> }> }).contents

describe("under effect/ai", () => {
  it.live("calls tools, answers them and goes on, with the thoughts it had", () =>
    Effect.gen(function* () {
      const { emulator, language, script } = yield* asLanguageModel()
      const called = Reply.answer({
        reasoning: "look it up",
        signature: "c2lnbmVk",
        toolCalls: [
          { name: "weather", params: { city: "Oslo" } },
          { name: "weather", params: { city: "Bergen", day: "2026-01-02T00:00:00.000Z" } },
        ],
      })
      yield* script(called, called, Reply.text("4 degrees"), Reply.text("4 degrees"))
      const first = yield* language.generateText({ prompt: "weather?", toolkit: WeatherKit })
      const streamed = yield* Stream.runCollect(language.streamText({ prompt: "weather?", toolkit: WeatherKit }))
      for (const parts of [first.content, streamed]) {
        const history = Prompt.concat(Prompt.make("weather?"), Prompt.fromResponseParts(parts))
        assert.strictEqual((yield* language.generateText({ prompt: history })).text, "4 degrees")
      }
      for (const { body } of (yield* emulator.requests).slice(2)) {
        assert.deepStrictEqual(sentContents(body).slice(1), [
          {
            role: "model",
            parts: [
              { functionCall: { name: "weather", args: { city: "Oslo" } }, thoughtSignature: "c2lnbmVk" },
              { functionCall: { name: "weather", args: { city: "Bergen", day: "2026-01-02T00:00:00.000Z" } } },
            ],
          },
          {
            role: "user",
            parts: [
              { functionResponse: { name: "weather", response: { output: { degrees: 4 } } } },
              { functionResponse: { name: "weather", response: { output: { degrees: 8 } } } },
            ],
          },
        ])
      }
    }).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(Handlers, Emulator.layer()))),
  )

  it.live("signs its texts", () =>
    Effect.gen(function* () {
      const { emulator, language, script } = yield* asLanguageModel()
      const answer = Reply.answer({ reasoning: "hm", signature: "c2lnbmVk", text: "hello" })
      yield* script(answer, answer, Reply.text("bye"), Reply.text("bye"))
      const whole = Prompt.fromResponseParts((yield* language.generateText({ prompt: "hi" })).content)
      const streamed = Prompt.fromResponseParts(yield* Stream.runCollect(language.streamText({ prompt: "hi" })))
      for (const history of [whole, streamed]) yield* language.generateText({ prompt: Prompt.concat(history, "and?") })
      for (const { body } of (yield* emulator.requests).slice(2)) {
        assert.deepStrictEqual(sentContents(body)[0], {
          role: "model",
          parts: [{ text: "hello", thoughtSignature: "c2lnbmVk" }],
        })
      }
    }).pipe(Effect.scoped, Effect.provide(Emulator.layer())),
  )

  it.live("answers in a schema", () =>
    Effect.gen(function* () {
      const { emulator, language, script } = yield* asLanguageModel()
      yield* script(Reply.json({ city: "Oslo", counts: { a: 1 }, day: "2026-01-02T00:00:00.000Z" }))
      const schema = Schema.Struct({
        city: Schema.String,
        at: Schema.optionalKey(Schema.String),
        counts: Schema.Record(Schema.String, Schema.Int),
        day: Schema.DateFromString,
      })
      const { value } = yield* language.generateObject({ prompt: "where?", schema })
      assert.deepStrictEqual(value, { city: "Oslo", counts: { a: 1 }, day: new Date("2026-01-02") })
      const { generationConfig } = (yield* emulator.requests)[0]!.body as { generationConfig: Record<string, unknown> }
      assert.strictEqual(generationConfig["responseMimeType"], "application/json")
      assert.property(generationConfig["responseJsonSchema"], "properties")
    }).pipe(Effect.scoped, Effect.provide(Emulator.layer())),
  )

  it.live("makes a refusal without an answer an error", () =>
    Effect.gen(function* () {
      const { language, script } = yield* asLanguageModel()
      yield* script(Reply.answer({ refusal: "not about that" }))
      const error = yield* Effect.flip(language.generateText({ prompt: "hi" }))
      assert.strictEqual(error.reason._tag, "ContentPolicyError")
      assert.include(error.message, "not about that")
    }).pipe(Effect.scoped, Effect.provide(Emulator.layer())),
  )
})
