import { assert, describe, it } from "@effect/vitest"
import { Failure, Fallback, ResilientModel, Retry } from "@holdfast/core"
import * as ProviderError from "@holdfast/core/provider/ProviderError"
import { Cause, Deferred, Effect, Exit, Fiber, Option, Schema, Stream } from "effect"
import { LanguageModel, Tool, Toolkit } from "effect/ai"
import { TestClock } from "effect/testing"

import * as ScriptedModel from "../src/ScriptedModel.ts"
import { attemptsOf, deltas, generate, streamed } from "./asking.ts"

const usage = { input: 30, cacheRead: 20, cacheWrite: 3, cacheWriteLong: 1, output: 9, reasoning: 5 }
const counted = {
  inputTokens: { total: 30, uncached: 6, cacheRead: 20, cacheWrite: 4 },
  outputTokens: { total: 9, text: 4, reasoning: 5 },
}

const WeatherKit = Toolkit.make(
  Tool.make("weather", {
    parameters: Schema.Struct({ city: Schema.String }),
    success: Schema.Struct({ degrees: Schema.Number }),
  }),
)

describe("one description", () => {
  it.effect("answers in both modes", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make({ provider: "acme", model: "acme-1" })
      const answer = ScriptedModel.answer({
        reasoning: "let me think",
        text: "hello brave world",
        citations: [{ url: "https://a.example/", title: "A" }],
        files: [{ mediaType: "image/png", data: "AQID" }],
        usage,
        metadata: { acme: { serviceTier: "fast" } },
        model: "acme-1-2026",
      })
      yield* scripted.script(answer, answer)
      const whole = yield* Effect.provide(generate, scripted.model)
      const parts = yield* Effect.provide(streamed, scripted.model)
      assert.strictEqual(whole.text, "hello brave world")
      assert.strictEqual(whole.reasoningText, "let me think")
      assert.deepStrictEqual(
        parts.map(({ type }) => type),
        [
          "response-metadata",
          "reasoning-start",
          "reasoning-delta",
          "reasoning-delta",
          "reasoning-delta",
          "reasoning-end",
          "text-start",
          "text-delta",
          "text-delta",
          "text-delta",
          "text-end",
          "source",
          "file",
          "finish",
        ],
      )
      for (const content of [whole.content, parts]) {
        const finish = content.find((part) => part.type === "finish")
        const metadata = content.find((part) => part.type === "response-metadata")
        assert.deepStrictEqual(JSON.parse(JSON.stringify(finish?.usage)), counted)
        assert.strictEqual(finish?.reason, "stop")
        assert.deepStrictEqual(finish?.metadata, { acme: { serviceTier: "fast" } })
        assert.strictEqual(metadata?.modelId, "acme-1-2026")
        assert.isTrue(content.some((part) => part.type === "source"))
      }
    }),
  )

  it.effect("has defaults for what it leaves out", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      yield* scripted.script(
        ScriptedModel.text("hello"),
        ScriptedModel.text("cut", { finish: "length", usage: null }),
        ScriptedModel.answer({ toolCalls: [{ name: "weather", params: { city: "Oslo" } }] }),
      )
      const first = yield* Effect.provide(generate, scripted.model)
      assert.strictEqual(first.finishReason, "stop")
      assert.isAbove(first.usage.inputTokens.total ?? 0, 0)
      assert.isAbove(first.usage.outputTokens.total ?? 0, 0)
      const second = yield* Effect.provide(generate, scripted.model)
      assert.strictEqual(second.finishReason, "length")
      assert.isUndefined(second.usage.inputTokens.total)
      const third = yield* Effect.provide(
        LanguageModel.generateText({ prompt: "hi", toolkit: WeatherKit, disableToolCallResolution: true }),
        scripted.model,
      )
      assert.strictEqual(third.finishReason, "tool-calls")
      assert.deepStrictEqual(
        third.toolCalls.map(({ id, name, params }) => ({ id, name, params })),
        [{ id: "call-3-1", name: "weather", params: { city: "Oslo" } }],
      )
    }),
  )

  it.effect("calls tools, whose handlers run once", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      const called: Array<string> = []
      const handlers = WeatherKit.toLayer({
        weather: ({ city }) => Effect.sync(() => ({ degrees: called.push(city) })),
      })
      const answer = ScriptedModel.answer({
        toolCalls: [
          { id: "a", name: "weather", params: { city: "Oslo" } },
          { name: "weather", params: { city: "Rome" } },
        ],
      })
      yield* scripted.script(answer, answer)
      const whole = yield* LanguageModel.generateText({ prompt: "hi", toolkit: WeatherKit }).pipe(
        Effect.provide([scripted.model, handlers]),
      )
      assert.deepStrictEqual(
        whole.toolResults.map(({ id, result }) => [id, result]),
        [
          ["a", { degrees: 1 }],
          ["call-1-2", { degrees: 2 }],
        ],
      )
      const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "hi", toolkit: WeatherKit })).pipe(
        Effect.provide([scripted.model, handlers]),
      )
      const text = parts.flatMap((part) => (part.type === "tool-params-delta" ? [part.delta] : [])).join("")
      assert.strictEqual(text, '{"city":"Oslo"}{"city":"Rome"}')
      assert.deepStrictEqual(called, ["Oslo", "Rome", "Oslo", "Rome"])
    }),
  )

  it.effect("answers in a schema", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      const schema = Schema.Struct({ city: Schema.String, at: Schema.DateFromString })
      const ask = Effect.provide(LanguageModel.generateObject({ prompt: "where?", schema }), scripted.model)
      yield* scripted.script(
        ScriptedModel.object({ city: "Oslo", at: "2026-01-02T00:00:00.000Z" }),
        ScriptedModel.object({ city: 3 }),
      )
      assert.deepStrictEqual((yield* ask).value, { city: "Oslo", at: new Date("2026-01-02T00:00:00.000Z") })
      const error = yield* Effect.flip(ask)
      assert.strictEqual(Failure.classify(error).kind, "undecodable")
      const [request] = yield* scripted.requests
      assert.strictEqual(request?.responseFormat.type, "json")
      assert.isDefined(request?.jsonSchema)
    }),
  )

  it.effect("refuses as a provider does", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      yield* scripted.script(
        ScriptedModel.answer({ refusal: "I will not" }),
        ScriptedModel.answer({ refusal: "I will not" }),
      )
      for (const call of [Effect.asVoid(generate), Effect.asVoid(streamed)]) {
        const error = yield* Effect.flip(Effect.provide(call, scripted.model))
        assert.strictEqual(error.reason._tag, "ContentPolicyError")
        assert.include(error.message, "I will not")
      }
    }),
  )

  it.effect("sends raw parts as they are", () =>
    Effect.gen(function* () {
      const raw = ScriptedModel.parts([
        { type: "text-start", id: "1" },
        { type: "text-delta", id: "1", delta: "raw" },
        { type: "text-end", id: "1" },
        { type: "finish", reason: "other", usage: { inputTokens: {}, outputTokens: { total: 1 } } },
      ])
      const parts = yield* Effect.provide(streamed, ScriptedModel.model(raw))
      assert.deepStrictEqual(
        parts.map(({ type }) => type),
        ["text-start", "text-delta", "text-end", "finish"],
      )
      const whole = ScriptedModel.parts([
        { type: "text", text: "raw" },
        { type: "finish", reason: "stop", usage: { inputTokens: {}, outputTokens: {} } },
      ])
      assert.strictEqual((yield* Effect.provide(generate, ScriptedModel.model(whole))).text, "raw")
    }),
  )
})

describe("time", () => {
  it.effect("passes before the first part and between parts", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      yield* scripted.script(
        ScriptedModel.text(["a", "b", "c"], { reasoning: ["hm"], delay: "5 seconds", between: "1 second" }),
      )
      const seen: Array<string> = []
      const fiber = yield* LanguageModel.streamText({ prompt: "hi" }).pipe(
        Stream.runForEach((part) => Effect.sync(() => seen.push("delta" in part ? part.delta : part.type))),
        Effect.provide(scripted.model),
        Effect.forkChild({ startImmediately: true }),
      )
      yield* scripted.nextRequest
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(seen, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(seen, ["response-metadata", "reasoning-start", "hm", "reasoning-end", "text-start"])
      yield* TestClock.adjust("1 second")
      assert.strictEqual(seen.at(-1), "a")
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen.slice(5), ["a", "b", "c", "text-end", "finish"])
    }),
  )

  it.effect("is the same for a whole answer", () =>
    Effect.gen(function* () {
      const answer = ScriptedModel.text(["a", "b", "c"], { delay: "5 seconds", between: "1 second" })
      const fiber = yield* Effect.forkChild(Effect.provide(generate, ScriptedModel.model(answer)))
      yield* TestClock.adjust("6999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(fiber)).text, "abc")
    }),
  )

  it.effect("passes before a failure", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(ScriptedModel.overloaded({ delay: "2 seconds" }))
      const fiber = yield* Effect.forkChild(Effect.flip(Effect.provide(generate, model)))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(Failure.classify(yield* Fiber.join(fiber)).kind, "overloaded")
    }),
  )

  it.effect("stands still until the test says so", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const scripted = yield* ScriptedModel.make()
      const answer = ScriptedModel.text(["a", "b"]).pipe(ScriptedModel.holdAfter(1, Deferred.await(gate)))
      yield* scripted.script(answer, answer)
      const fiber = yield* Effect.forkChild(Effect.provide(streamed, scripted.model), { startImmediately: true })
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* scripted.requests)[0]?.deliveredParts, 1)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(fiber)
      assert.strictEqual((yield* Effect.provide(generate, scripted.model)).text, "ab")
    }),
  )
})

describe("the record", () => {
  it.effect("holds what was asked and what became of it", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      yield* scripted.script(ScriptedModel.text("a"), ScriptedModel.text(["b", "c"]), ScriptedModel.hang)
      assert.strictEqual(yield* scripted.remaining, 3)
      yield* TestClock.adjust("1 second")
      yield* Effect.provide(generate, scripted.model)
      const first = yield* Stream.runHead(deltas).pipe(Effect.provide(scripted.model))
      assert.deepStrictEqual(first, Option.some("b"))
      const fiber = yield* Effect.forkChild(
        LanguageModel.generateText({ prompt: "tools", toolkit: WeatherKit, toolChoice: "required" }).pipe(
          Effect.provide([scripted.model, WeatherKit.toLayer({ weather: () => Effect.succeed({ degrees: 1 }) })]),
        ),
      )
      yield* scripted.nextRequest
      yield* scripted.nextRequest
      assert.strictEqual((yield* scripted.nextRequest).outcome, "open")
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(fiber)
      const requests = yield* scripted.requests
      assert.deepStrictEqual(
        requests.map(({ endedAt, index, mode, outcome, startedAt }) => [index, mode, outcome, startedAt, endedAt]),
        [
          [1, "generate", "completed", 1000, 1000],
          [2, "stream", "interrupted", 1000, 1000],
          [3, "generate", "interrupted", 1000, 3000],
        ],
      )
      const [, , third] = requests
      assert.strictEqual(third?.toolChoice, "required")
      assert.deepStrictEqual(
        third?.tools.map(({ name }) => name),
        ["weather"],
      )
      assert.include(JSON.stringify(third?.prompt), "tools")
      assert.strictEqual(third?.options.prompt, third?.prompt)
      yield* scripted.reset
      assert.deepStrictEqual([yield* scripted.requests, yield* scripted.remaining], [[], 0])
    }),
  )

  it.effect("is answered by a function when the script is over", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      yield* scripted.respond(({ index, mode }) =>
        index === 2 ? Effect.succeed(ScriptedModel.text("an effect")) : ScriptedModel.text(`${mode} ${index}`),
      )
      yield* scripted.script(ScriptedModel.text("scripted"))
      const ask = Effect.map(generate, ({ text }) => text)
      const texts = yield* Effect.provide(Effect.all([ask, ask, ask]), scripted.model)
      assert.deepStrictEqual(texts, ["scripted", "an effect", "generate 3"])
    }),
  )

  it.effect("dies when nobody knows an answer, past every policy", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make({ model: "acme-1" })
      const model = scripted.model.pipe(
        Retry.schedule(Retry.standard),
        Fallback.to(ScriptedModel.model(ScriptedModel.text("hides it"))),
      )
      for (const call of [Effect.asVoid(generate), Effect.asVoid(streamed)]) {
        const exit = yield* Effect.exit(Effect.provide(call, model))
        assert.isTrue(Exit.hasDies(exit))
        assert.match(
          Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "",
          /acme-1" has no answer left for its request \d/,
        )
      }
      assert.deepStrictEqual(
        (yield* scripted.requests).map(({ outcome }) => outcome),
        ["failed", "failed"],
      )
    }),
  )

  it.effect("is one, however often the model is built", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      yield* scripted.script(ScriptedModel.text("1"), ScriptedModel.text("2"))
      const ask = Effect.map(generate, ({ text }) => text)
      assert.strictEqual(yield* Effect.provide(ask, scripted.model), "1")
      assert.strictEqual(yield* Effect.provide(ask, scripted.model), "2")
      assert.strictEqual(ResilientModel.describe(scripted.model).name, "ScriptedModel")
      const model = ScriptedModel.model(ScriptedModel.text("again"))
      assert.strictEqual(yield* Effect.provide(ask, model), "again")
      assert.strictEqual(yield* Effect.provide(ask, model), "again")
    }),
  )

  it.effect("shows headers to the attempt", () =>
    Effect.gen(function* () {
      const answer = ScriptedModel.text("a", {
        headers: { "x-request-id": "abc", "x-ratelimit-remaining-requests": "4", cookie: "secret" },
      })
      assert.isTrue(ScriptedModel.isAnswer(answer))
      assert.isFalse(ScriptedModel.isAnswer({}))
      const { ended } = yield* attemptsOf(Effect.provide(generate, ScriptedModel.model(answer)))
      assert.strictEqual(ended[0]?.requestId, "abc")
      assert.deepStrictEqual(ended[0]?.headers, { "x-request-id": "abc", "x-ratelimit-remaining-requests": "4" })
    }),
  )
})

describe("a model with a name", () => {
  it.effect("says it in its attempts and its description, and begins again each time it is built", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.named({ provider: "acme", model: "acme-1" }, ScriptedModel.text("hello"))
      const ask = LanguageModel.generateText({ prompt: "hi" }).pipe(Effect.provide(model))
      const { ended } = yield* attemptsOf(Effect.andThen(ask, ask))
      assert.deepStrictEqual(
        ended.map(({ model: name, outcome, provider }) => `${provider}/${name} ${outcome._tag}`),
        ["acme/acme-1 Completed", "acme/acme-1 Completed"],
      )
      assert.deepStrictEqual(ResilientModel.describe(model).settings, { provider: "acme", model: "acme-1" })
    }),
  )
})

describe("a stream of the test's own", () => {
  const delta = (text: string) => ({ type: "text-delta" as const, id: "1", delta: text })
  const end = { type: "finish" as const, reason: "stop" as const, usage: { inputTokens: {}, outputTokens: {} } }

  it.effect("comes in its own chunks and at its own times, and joined where the whole is asked for", () =>
    Effect.gen(function* () {
      const parts = Stream.make(delta("one "), delta("two ")).pipe(
        Stream.concat(Stream.fromEffect(Effect.as(Effect.sleep("5 seconds"), delta("three")))),
        Stream.concat(Stream.make(end)),
      )
      const scripted = yield* ScriptedModel.make()
      const answer = ScriptedModel.stream(parts, {
        opening: Effect.sleep("1 second"),
        headers: { "x-request-id": "a" },
      })
      yield* scripted.script(answer, answer)
      const whole = yield* Effect.forkChild(Effect.provide(generate, scripted.model))
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual((yield* Fiber.join(whole)).text, "one two three")
      const fiber = yield* Effect.forkChild(Effect.provide(streamed, scripted.model))
      yield* TestClock.adjust("1 second")
      const [, running] = yield* scripted.requests
      assert.deepStrictEqual([running?.outcome, running?.deliveredParts, running?.isClosed], ["open", 2, false])
      yield* TestClock.adjust("5 seconds")
      const texts = (yield* Fiber.join(fiber)).flatMap((part) => (part.type === "text-delta" ? [part.delta] : []))
      assert.deepStrictEqual(texts, ["one ", "two ", "three"])
      assert.deepStrictEqual(
        (yield* scripted.requests).map(({ deliveredParts, isClosed, outcome }) => [outcome, deliveredParts, isClosed]),
        [
          ["completed", 1, true],
          ["completed", 3, true],
        ],
      )
    }),
  )

  it.effect("may fail before its headers, fail in the middle, and die", () =>
    Effect.gen(function* () {
      const failure = ProviderError.fromFault(
        { module: "Acme", method: "test", provider: "acme", url: "", scrub: String },
        { status: 400, message: "no" },
      )
      const scripted = yield* ScriptedModel.make()
      yield* scripted.script(
        ScriptedModel.stream(Stream.empty, { opening: Effect.fail(failure) }),
        ScriptedModel.stream(Stream.concat(Stream.make(delta("a")), Stream.fail(failure))),
        ScriptedModel.stream(Stream.die(new Error("a bug"))),
      )
      const exits = yield* Effect.replicateEffect(Effect.exit(Effect.provide(streamed, scripted.model)), 3)
      assert.deepStrictEqual(
        exits.map((exit) => (Exit.hasDies(exit) ? "died" : Exit.isFailure(exit) ? "failed" : "answered")),
        ["failed", "failed", "died"],
      )
      assert.deepStrictEqual(
        (yield* scripted.requests).map(({ isClosed, outcome }) => [outcome, isClosed]),
        [
          ["failed", true],
          ["failed", true],
          ["failed", true],
        ],
      )
    }),
  )

  it("says itself how it breaks", () => {
    const answer = ScriptedModel.stream(Stream.empty)
    assert.throws(() => answer.pipe(ScriptedModel.truncateAfter(1)), /do not apply to ScriptedModel\.stream/)
    assert.throws(() => answer.pipe(ScriptedModel.holdAfter(1, Effect.void)), /do not apply to ScriptedModel\.stream/)
  })
})
