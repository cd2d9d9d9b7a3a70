import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema, Stream } from "effect"
import {
  AiError,
  LanguageModel,
  Model,
  OpenAiStructuredOutput,
  type Response,
  Telemetry,
  Tool,
  Toolkit,
} from "effect/ai"

import * as Failure from "../../../src/Failure.ts"
import * as Fallback from "../../../src/Fallback.ts"
import * as ResilientModel from "../../../src/ResilientModel.ts"
import * as Retry from "../../../src/Retry.ts"
import { answer, ended, observed, scripted, textOf, timePasses } from "../../scripted.ts"

type Parts = Array<Response.PartEncoded>
type StreamParts = ReadonlyArray<Response.StreamPartEncoded>

const usage = { inputTokens: { total: 7 }, outputTokens: { total: 3 } }
const finish = { type: "finish", reason: "stop", usage } as const
const failed = (reason: AiError.AiErrorReason) => AiError.make({ module: "foreign", method: "generateText", reason })
const busy = failed(new AiError.RateLimitError({}))

/** A model of another package, which gives one answer or failure per call. */
const foreign = (options: {
  readonly whole?: ReadonlyArray<Parts | AiError.AiError>
  readonly pieces?: ReadonlyArray<StreamParts | AiError.AiError>
  readonly codecTransformer?: LanguageModel.CodecTransformer
}) => {
  let calls = 0
  const next = <A>(list: ReadonlyArray<A | AiError.AiError> = []): Effect.Effect<A, AiError.AiError> =>
    Effect.suspend(() => {
      const found = list[Math.min(calls++, list.length - 1)]!
      return AiError.isAiError(found) ? Effect.fail(found) : Effect.succeed(found)
    })
  const layer = Layer.effect(
    LanguageModel.LanguageModel,
    LanguageModel.make({
      generateText: () => next(options.whole),
      streamText: () => Stream.unwrap(Effect.map(next(options.pieces), Stream.fromIterable)),
      ...(options.codecTransformer && { codecTransformer: options.codecTransformer }),
    }),
  )
  return { layer, calls: () => calls }
}

const retry = Retry.schedule(Retry.standard)
const ask = LanguageModel.generateText({ prompt: "hi" })
const text = (value: string): Parts => [{ type: "text", text: value }, finish]

const Pay = Tool.make("pay", {
  parameters: Schema.Struct({ on: Schema.DateFromString }),
  success: Schema.Struct({ day: Schema.Int }),
})
const Kit = Toolkit.make(Pay)
const paying = () => {
  const paid: Array<number> = []
  const handlers = Kit.toLayer({
    pay: ({ on }) => Effect.sync(() => ({ day: (paid.push(on.getUTCDate()), on.getUTCDate()) })),
  })
  return { paid, handlers }
}
const call = { type: "tool-call", id: "c", name: "pay", params: { on: "2030-01-02T00:00:00.000Z" } } as const
const calling: Parts = [call, { ...finish, reason: "tool-calls" }]

describe("an adopted model", () => {
  it.effect("answers with text, and is retried", () =>
    Effect.gen(function* () {
      const { calls, layer } = foreign({ whole: [busy, text("hello")] })
      const { text: told, usage: spent } = yield* timePasses(
        Effect.provide(ask, ResilientModel.fromLanguageModel(layer).pipe(retry)),
      )
      assert.deepStrictEqual([told, calls(), spent.outputTokens.total], ["hello", 2, 3])
    }),
  )

  it.effect("streams, and is retried before its first part", () =>
    Effect.gen(function* () {
      const pieces: StreamParts = [{ type: "text-start", id: "t" }, { type: "text-delta", id: "t", delta: "a" }, finish]
      const { calls, layer } = foreign({ pieces: [busy, pieces] })
      const streamed = LanguageModel.streamText({ prompt: "hi" }).pipe(
        Stream.provide(ResilientModel.fromLanguageModel(layer).pipe(retry)),
        Stream.runCollect,
      )
      assert.strictEqual(textOf(yield* timePasses(streamed)), "a")
      assert.strictEqual(calls(), 2)
    }),
  )

  it.effect("answers in a schema, in its own way of writing it", () =>
    Effect.gen(function* () {
      const schema = Schema.Struct({ at: Schema.DateFromString, note: Schema.optionalKey(Schema.String) })
      const own = text('{"at":"2030-01-02T00:00:00.000Z","note":null}')
      const { layer } = foreign({ whole: [own], codecTransformer: OpenAiStructuredOutput.toCodecOpenAI })
      const { value } = yield* LanguageModel.generateObject({ prompt: "when?", schema }).pipe(
        Effect.provide(ResilientModel.fromLanguageModel(layer)),
      )
      assert.deepStrictEqual(value, { at: new Date("2030-01-02T00:00:00.000Z") })
    }),
  )

  it.effect("that answers outside of the schema is undecodable, and not asked again", () =>
    Effect.gen(function* () {
      const { calls, layer } = foreign({ whole: [text("no JSON")] })
      const error = yield* LanguageModel.generateObject({ prompt: "hi", schema: Schema.Struct({}) }).pipe(
        ResilientModel.provide(ResilientModel.fromLanguageModel(layer).pipe(retry)),
        Effect.flip,
      )
      assert.strictEqual(Failure.classify(error).kind, "undecodable")
      assert.strictEqual(calls(), 1)
    }),
  )

  it.effect("has its tools run once, above all policies", () =>
    Effect.gen(function* () {
      const { handlers, paid } = paying()
      const { calls, layer } = foreign({ whole: [busy, calling] })
      const asked = LanguageModel.generateText({ prompt: "pay", toolkit: Kit }).pipe(
        Effect.provide(Layer.mergeAll(ResilientModel.fromLanguageModel(layer).pipe(retry), handlers)),
      )
      const { toolResults } = yield* timePasses(asked)
      assert.deepStrictEqual(
        toolResults.map(({ result }) => result),
        [{ day: 2 }],
      )
      assert.deepStrictEqual([paid, calls()], [[2], 2])
    }),
  )

  it.effect("has its tools run once in a stream", () =>
    Effect.gen(function* () {
      const { handlers, paid } = paying()
      const { layer } = foreign({ pieces: [busy, [call, { ...finish, reason: "tool-calls" }]] })
      const asked = LanguageModel.streamText({ prompt: "pay", toolkit: Kit }).pipe(
        Stream.provide(ResilientModel.fromLanguageModel(layer).pipe(retry)),
        Stream.runCollect,
        Effect.provide(handlers),
      )
      const parts = yield* timePasses(asked)
      assert.isTrue(parts.some((part) => part.type === "tool-result" && !part.isFailure))
      assert.deepStrictEqual(paid, [2])
    }),
  )

  it.effect("keeps the results of tools that its provider ran", () =>
    Effect.gen(function* () {
      const ran: Parts = [
        { type: "tool-call", id: "s", name: "search", params: {}, providerExecuted: true },
        {
          type: "tool-result",
          id: "s",
          name: "search",
          result: { found: 1 },
          isFailure: false,
          providerExecuted: true,
        },
        { type: "text", text: "found" },
        finish,
      ]
      const { layer } = foreign({ whole: [ran] })
      const Found = Tool.make("search", { success: Schema.Struct({ found: Schema.Int }) })
      const handlers = Toolkit.make(Found).toLayer({ search: () => Effect.die("must not run") })
      const answered = yield* LanguageModel.generateText({ prompt: "find", toolkit: Toolkit.make(Found) }).pipe(
        Effect.provide(Layer.mergeAll(ResilientModel.fromLanguageModel(layer), handlers)),
      )
      assert.deepStrictEqual(
        answered.toolResults.map(({ result }) => result),
        [{ found: 1 }],
      )
    }),
  )

  it.effect("that calls a tool which nobody offered fails with the tool's name", () =>
    Effect.gen(function* () {
      const { handlers } = paying()
      const odd = { ...call, name: "steal" } as const
      const { layer } = foreign({ whole: [[odd, finish]], pieces: [[odd, finish]] })
      const model = ResilientModel.fromLanguageModel(layer)
      const whole = yield* LanguageModel.generateText({ prompt: "pay", toolkit: Kit }).pipe(
        ResilientModel.provide(model),
        Effect.provide(handlers),
        Effect.flip,
      )
      const streamed = yield* LanguageModel.streamText({ prompt: "pay", toolkit: Kit }).pipe(
        ResilientModel.provide(model),
        Stream.runDrain,
        Effect.provide(handlers),
        Effect.flip,
      )
      assert.deepStrictEqual([whole, streamed].map(Failure.tagOf), ["ToolNotFoundError", "ToolNotFoundError"])
    }),
  )

  it.effect("stands in for another one", () =>
    Effect.gen(function* () {
      const { layer } = foreign({ whole: [failed(new AiError.AuthenticationError({ kind: "InvalidKey" }))] })
      const stack = ResilientModel.fromLanguageModel(layer).pipe(Fallback.to(scripted([answer("own")]).model))
      assert.strictEqual((yield* Effect.provide(ask, stack)).text, "own")
    }),
  )

  it.effect("passes its own errors on", () =>
    Effect.gen(function* () {
      const { layer } = foreign({ whole: [busy] })
      const error = yield* Effect.flip(Effect.provide(ask, ResilientModel.fromLanguageModel(layer)))
      assert.strictEqual(error, busy)
    }),
  )

  it.effect("tells the application's transformer once", () =>
    Effect.gen(function* () {
      const { layer } = foreign({ whole: [text("a")] })
      let told = 0
      yield* Effect.provide(ask, ResilientModel.fromLanguageModel(layer)).pipe(
        Effect.provideService(Telemetry.CurrentSpanTransformer, () => void told++),
      )
      assert.strictEqual(told, 1)
    }),
  )
})

describe("the names of an adopted model", () => {
  const { layer } = foreign({ whole: [text("a")] })
  const reported = (model: ResilientModel.ResilientModel<unknown>) =>
    Effect.map(observed(Effect.provide(ask, model)), ([, events]) => {
      const [attempt] = ended(events)
      return [attempt?.provider, attempt?.model]
    })

  it.effect("are those that its layer provides", () =>
    Effect.gen(function* () {
      const named = Model.make("acme", "acme-7", layer)
      assert.deepStrictEqual(yield* reported(ResilientModel.fromLanguageModel(named)), ["acme", "acme-7"])
    }),
  )

  it.effect("can be given", () =>
    Effect.gen(function* () {
      const names = { provider: "mine", model: "mine-1" }
      assert.deepStrictEqual(yield* reported(ResilientModel.fromLanguageModel(layer, names)), ["mine", "mine-1"])
    }),
  )

  it.effect("are unknown otherwise", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* reported(ResilientModel.fromLanguageModel(layer)), ["unknown", "unknown"])
    }),
  )
})
