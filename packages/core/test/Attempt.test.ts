import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Layer, Random, Schedule, Schema, Stream } from "effect"
import { AiError, LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

import type * as Attempt from "../src/Attempt.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Event from "../src/Event.ts"
import * as Failure from "../src/Failure.ts"
import * as Fallback from "../src/Fallback.ts"
import type * as ProviderModel from "../src/provider/ProviderModel.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import {
  answer,
  call,
  chunk,
  delta,
  ended,
  errorOf,
  errors,
  fails,
  finish,
  hangs,
  type Mode,
  observed,
  outcomes,
  refused,
  script,
  deliver,
  request,
  scripted,
  silent,
  timePasses,
  usage,
  wait,
} from "./scripted.ts"

const modes: ReadonlyArray<Mode> = ["generate", "stream"]

describe.each(modes)("an attempt to %s", (mode) => {
  it.effect("is told once when it starts and once when it has ended", () =>
    Effect.gen(function* () {
      const [, events] = yield* observed(call(scripted([answer("a")]).model, mode))
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["AttemptStarted", "AttemptEnded"],
      )
      const [started, over] = events as unknown as readonly [Attempt.AttemptStart, Attempt.Attempt]
      assert.strictEqual(started.id, over.id)
      assert.deepInclude(over, { provider: "acme", model: "acme-1", index: 1, startedAt: 0 })
      assert.strictEqual(over.request.mode, mode)
    }),
  )

  it.effect("records what the provider reported", () =>
    Effect.gen(function* () {
      const headers = { "x-request-id": "req_1", "x-ratelimit-remaining-tokens": "9", "set-cookie": "secret" }
      const [, events] = yield* observed(call(scripted([{ ...answer("a", "b"), headers }]).model, mode))
      const [attempt] = ended(events)
      assert.deepStrictEqual(attempt?.outcome, { _tag: "Completed", finish: "stop" })
      assert.deepStrictEqual(attempt?.usage, usage)
      assert.deepStrictEqual(attempt?.finishMetadata, { acme: { tier: "default" } })
      assert.strictEqual(attempt?.responseModel, "answering-model")
      assert.strictEqual(attempt?.deliveredParts, mode === "stream" ? 2 : 1)
      assert.strictEqual(attempt?.deliveredCharacters, 2)
      assert.strictEqual(attempt?.requestId, "req_1")
      assert.deepStrictEqual(attempt?.headers, { "x-request-id": "req_1", "x-ratelimit-remaining-tokens": "9" })
    }),
  )

  it.effect("is timed to its first part and to its end", () =>
    Effect.gen(function* () {
      const timed = script(wait("2 seconds"), chunk(delta("a")), wait("3 seconds"), chunk(finish()))
      const [, events] = yield* timePasses(observed(call(scripted([timed]).model, mode)))
      const [attempt] = ended(events)
      assert.strictEqual(attempt && Duration.toSeconds(attempt.duration), 5)
      assert.strictEqual(
        attempt?.timeToFirstPart && Duration.toSeconds(attempt.timeToFirstPart),
        mode === "stream" ? 2 : 5,
      )
    }),
  )

  it.effect("is timed to what comes before its content, too", () =>
    Effect.gen(function* () {
      const timed = script(
        wait("1 second"),
        chunk({ type: "response-metadata", id: "resp_1", modelId: "m" }),
        wait("1 second"),
        chunk(delta("a"), finish()),
      )
      const [, events] = yield* timePasses(observed(call(scripted([timed]).model, mode)))
      const [attempt] = ended(events)
      assert.strictEqual(attempt?.responseId, "resp_1")
      assert.strictEqual(
        attempt?.timeToFirstChunk && Duration.toSeconds(attempt.timeToFirstChunk),
        mode === "stream" ? 1 : 2,
      )
      assert.strictEqual(attempt?.timeToFirstPart && Duration.toSeconds(attempt.timeToFirstPart), 2)
    }),
  )

  it.effect("that failed has its error, its class and the hint", () =>
    Effect.gen(function* () {
      const error = errors.throttled("7 seconds")
      const [, events] = yield* observed(call(scripted([refused(error)]).model, mode))
      const [attempt] = ended(events)
      assert.deepInclude(attempt?.outcome, { _tag: "Failed", error, committed: false })
      assert.deepStrictEqual(attempt?.outcome._tag === "Failed" && attempt.outcome.failure.kind, "throttled")
      assert.deepStrictEqual(attempt?.retryAfter, Duration.seconds(7))
      assert.isUndefined(attempt?.usage)
      assert.isUndefined(attempt?.timeToFirstPart)
    }),
  )

  it.effect("that failed has the kept headers of its error and no others", () =>
    Effect.gen(function* () {
      const headers = { "Request-Id": "req_2", "x-ratelimit-limit-requests": "5", "set-cookie": "secret" }
      const error = AiError.make({
        module: "foreign",
        method: "generateText",
        reason: new AiError.RateLimitError({ http: { response: { status: 429, headers } } }),
      })
      const [, events] = yield* observed(call(scripted([refused(error)]).model, mode))
      const [attempt] = ended(events)
      assert.strictEqual(attempt?.requestId, "req_2")
      assert.deepStrictEqual(attempt?.headers, { "request-id": "req_2", "x-ratelimit-limit-requests": "5" })
    }),
  )

  it.effect("is interrupted when the caller gives up before the commit point", () =>
    Effect.gen(function* () {
      const silentModel = scripted([silent])
      const events: Array<Event.Event> = []
      const fiber = yield* Effect.forkChild(Event.listen(call(silentModel.model, mode), (e) => void events.push(e)))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(outcomes(events), ["Interrupted"])
      assert.strictEqual(silentModel.held, 0)
    }),
  )

  it.effect("has ended only after its resources were released", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.transient), answer("a")])
      const held: Array<number> = []
      const listen = Event.listen((event) => {
        if (event._tag === "AttemptEnded") held.push(model.held)
      })
      yield* timePasses(listen(call(model.model.pipe(Retry.schedule(Retry.standard)), mode)))
      assert.deepStrictEqual(held, [0, 0])
    }),
  )

  it.effect("has its request, but does not show the prompt to whatever walks over it", () =>
    Effect.gen(function* () {
      const [, events] = yield* observed(call(scripted([answer("a")]).model, mode))
      for (const event of events) {
        assert.isTrue("request" in event && event.request.mode === mode)
        assert.notInclude(JSON.stringify(event), "prompt")
      }
    }),
  )

  it.effect("keeps its request id where only the error knows it", () =>
    Effect.gen(function* () {
      const metadata = { holdfast: { kind: "transient", provider: "acme", requestId: "req_3" } } as const
      const reason = new AiError.InternalProviderError({ description: "d", metadata })
      const error = AiError.make({ module: "m", method: "m", reason })
      const [, events] = yield* observed(call(scripted([refused(error)]).model, mode))
      assert.strictEqual(ended(events)[0]?.requestId, "req_3")
    }),
  )
})

describe("an answer that was paid although it failed", () => {
  it.effect("keeps its usage when it does not decode", () =>
    Effect.gen(function* () {
      const schema = Schema.Struct({ a: Schema.Int })
      const responseFormat = { type: "json", objectName: "answer", schema } as const
      const [{ exit }, events] = yield* observed(
        call(scripted([answer('{"a":"x"}')]).model, "generate", { responseFormat }),
      )
      assert.strictEqual(Failure.classify(errorOf(exit)).kind, "undecodable")
      assert.deepStrictEqual(outcomes(events), ["Failed"])
      assert.deepStrictEqual(ended(events)[0]?.usage, usage)
    }),
  )

  it.effect("keeps its usage when it is refused for its content", () =>
    Effect.gen(function* () {
      const model = scripted([script(chunk(finish("content-filter")))])
      for (const mode of modes) {
        const [, events] = yield* observed(call(model.model, mode))
        assert.deepStrictEqual(outcomes(events), ["Failed"])
        assert.deepStrictEqual(ended(events)[0]?.usage, usage)
      }
    }),
  )
})

describe("a stream that has begun", () => {
  const reading = <E>(
    model: ResilientModel.ResilientModel<E>,
    read: (text: Stream.Stream<unknown, unknown>) => Effect.Effect<unknown, unknown>,
  ) =>
    Effect.exit(
      Effect.provide(
        Effect.flatMap(LanguageModel.LanguageModel, (language) => read(language.streamText({ prompt: "hi" }))),
        model,
      ),
    )

  it.effect("fails as committed when it breaks", () =>
    Effect.gen(function* () {
      const broken = scripted([script(chunk(delta("a")), fails(errors.broken))])
      const [, events] = yield* observed(call(broken.model, "stream"))
      assert.deepInclude(ended(events)[0]?.outcome, { _tag: "Failed", error: errors.broken, committed: true })
    }),
  )

  it.effect("is abandoned when the consumer has enough", () =>
    Effect.gen(function* () {
      const endless = scripted([script(chunk(delta("a")), chunk(delta("b")), hangs)])
      const [, events] = yield* observed(reading(endless.model, (text) => Stream.runDrain(Stream.take(text, 1))))
      assert.deepStrictEqual(outcomes(events), ["Abandoned"])
      assert.strictEqual(endless.held, 0)
    }),
  )

  it.effect("is abandoned when the consumer is interrupted", () =>
    Effect.gen(function* () {
      const endless = scripted([script(chunk(delta("a")), hangs)])
      const events: Array<Event.Event> = []
      const fiber = yield* Effect.forkChild(
        Event.listen(call(endless.model, "stream"), (event) => void events.push(event)),
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(outcomes(events), ["Abandoned"])
      assert.strictEqual(endless.held, 0)
    }),
  )

  it.effect("is abandoned when the consumer fails, which is no failure of the model", () =>
    Effect.gen(function* () {
      const endless = scripted([script(chunk(delta("a")), chunk(delta("b")), hangs)])
      const [, events] = yield* observed(
        reading(endless.model, (text) => Stream.runForEach(text, () => Effect.fail("mine"))),
      )
      assert.deepStrictEqual(outcomes(events), ["Abandoned"])
      const [, others] = yield* observed(
        Effect.exit(
          Effect.scoped(
            Effect.gen(function* () {
              const built = yield* ResilientModel.callOf(endless.model)
              yield* Effect.asVoid(built.open(request("stream")))
              return yield* Effect.fail("mine")
            }),
          ),
        ),
      )
      assert.deepStrictEqual(outcomes(others), ["Abandoned"])
    }),
  )

  it.effect("has failed when its provider has a bug", () =>
    Effect.gen(function* () {
      const buggy = scripted([script(chunk(delta("a")), { _tag: "Die" })])
      const [, events] = yield* observed(call(buggy.model, "stream"))
      assert.deepStrictEqual(outcomes(events), ["Failed"])
    }),
  )
})

describe("the attempts of one call", () => {
  it.effect("are counted over retries and models, each with an id of its own", () =>
    Effect.gen(function* () {
      const first = scripted([refused(errors.transient)], { name: "first" })
      const second = scripted([refused(errors.transient), answer("a")], { name: "second" })
      const retry = Retry.schedule(Retry.standard)
      const model = first.model.pipe(retry, Fallback.to(second.model.pipe(retry)))
      const [, events] = yield* timePasses(observed(call(model, "stream")))
      const attempts = ended(events)
      assert.deepStrictEqual(
        attempts.map(({ index, provider }) => [provider, index]),
        [
          ["first", 1],
          ["first", 2],
          ["first", 3],
          ["second", 4],
          ["second", 5],
        ],
      )
      assert.strictEqual(new Set(attempts.map(({ id }) => id)).size, 5)
      assert.strictEqual(new Set(attempts.map(({ spanId }) => spanId)).size, 1)
      for (const { id } of attempts) assert.match(id, /^[0-9a-f]{32}$/)
    }),
  )

  it.effect("are counted anew for each call, also without tracing", () =>
    Effect.gen(function* () {
      const ask = LanguageModel.generateText({ prompt: "hi" }).pipe(Effect.provide(scripted([answer("a")]).model))
      const [, events] = yield* observed(Effect.andThen(ask, ask))
      const [, untraced] = yield* observed(Effect.withTracerEnabled(Effect.andThen(ask, ask), false))
      assert.deepStrictEqual(
        ended([...events, ...untraced]).map(({ index }) => index),
        [1, 1, 1, 1],
      )
    }),
  )

  it.effect("carry the context of the request", () =>
    Effect.gen(function* () {
      const asked = RequestContext.annotate(call(scripted([answer("a")]).model, "generate"), { tenant: "t" })
      const [, events] = yield* observed(asked)
      assert.strictEqual(ended(events)[0]?.context.tenant, "t")
    }),
  )
})

describe("sinks", () => {
  it.effect("of inner and outer scopes both hear, the outer first", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const sink = (name: string) => Event.listen((event) => void heard.push(`${name} ${event._tag}`))
      yield* call(scripted([answer("a")]).model, "generate").pipe(sink("inner"), sink("outer"))
      assert.deepStrictEqual(heard, [
        "outer AttemptStarted",
        "inner AttemptStarted",
        "outer AttemptEnded",
        "inner AttemptEnded",
      ])
    }),
  )

  it.effect("listen to streams", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const text = LanguageModel.streamText({ prompt: "hi" }).pipe(
        Event.listen((event) => void heard.push(event._tag)),
        Stream.provide(scripted([answer("a")]).model),
      )
      yield* Stream.runDrain(text)
      assert.deepStrictEqual(heard, ["CallStarted", "AttemptStarted", "AttemptEnded", "CallEnded"])
    }),
  )

  it.effect("that throw harm neither the call nor other sinks", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const throws = Event.listen(() => {
        throw new Error("mine")
      })
      const hears = Event.listen((event) => void heard.push(event._tag))
      const model = scripted([refused(errors.transient), answer("a")]).model.pipe(Retry.schedule(Retry.standard))
      const asked = timePasses(call(model, "stream"))
      const inside = yield* asked.pipe(throws, hears)
      const outside = yield* asked.pipe(hears, throws)
      assert.isTrue(Exit.isSuccess(inside.exit) && Exit.isSuccess(outside.exit))
      assert.strictEqual(heard.filter((tag) => tag === "AttemptEnded").length, 3)
      assert.strictEqual(heard.filter((tag) => tag === "RetryScheduled").length, 1)
    }),
  )

  it.effect("can be installed for a whole application", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const layer = Event.layerSink((event) => void heard.push(event._tag))
      yield* Effect.provide(call(scripted([answer("a")]).model, "generate"), layer)
      assert.deepStrictEqual(heard, ["AttemptStarted", "AttemptEnded"])
    }),
  )

  it.effect("that are not there cost neither a clock nor a random number", () =>
    Effect.gen(function* () {
      const forbidden = new Proxy({} as never, {
        get: (_, name) => {
          throw new Error(`read ${String(name)}`)
        },
      })
      const provider: ProviderModel.ProviderModel = {
        ...scripted([]).provider,
        stream: () => Effect.succeed({ headers: {}, parts: Stream.make(delta("a"), finish()) }),
      }
      const model = ResilientModel.fromProvider(Effect.succeed(provider), { name: "silent", settings: {} })
      const built = yield* Layer.build(model)
      const asked = Effect.provide(call(model, "stream"), built)
      const { exit } = yield* asked.pipe(
        Effect.provideService(Clock.Clock, forbidden),
        Effect.provideService(Random.Random, forbidden),
      )
      assert.isTrue(Exit.isSuccess(exit))
    }),
  )
})

describe("an attempt that a deadline cuts short", () => {
  const hanging = script(chunk(delta("a")), hangs)
  const cases: ReadonlyArray<
    readonly [string, Mode, ReturnType<typeof script>, ResilientModel.ResilientModel<unknown>]
  > = [
    ["firstPart", "stream", silent, scripted([silent]).model.pipe(Deadline.firstPart("1 second"))],
    ["firstPart", "generate", silent, scripted([silent]).model.pipe(Deadline.firstPart("1 second"))],
    ["total", "generate", silent, scripted([silent]).model.pipe(Deadline.total("1 second"))],
    ["total", "stream", hanging, scripted([hanging]).model.pipe(Deadline.total("1 second"))],
    ["betweenParts", "stream", hanging, scripted([hanging]).model.pipe(Deadline.betweenParts("1 second"))],
  ]

  it.effect.each(cases)("by %s (%s) has failed with that deadline", ([bound, mode, , model]) =>
    Effect.gen(function* () {
      const [{ exit }, events] = yield* timePasses(observed(call(model, mode)))
      assert.deepInclude(errorOf(exit), { _tag: "DeadlineExceeded", bound })
      const [attempt] = ended(events)
      assert.deepInclude(attempt?.outcome, { _tag: "Failed" })
      assert.deepInclude(attempt?.outcome._tag === "Failed" && attempt.outcome.error, { bound })
    }),
  )
})

describe("the options of a request", () => {
  it.effect("may be frozen, and its attempts are counted all the same", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.transient), answer("a")])
      const built = yield* ResilientModel.callOf(model.model.pipe(Retry.schedule(Schedule.recurs(1))))
      for (const freeze of [false, true]) {
        model.restart()
        const asked = request("stream")
        if (freeze) Object.freeze(asked.options)
        const [, events] = yield* observed(deliver(built, asked))
        assert.deepStrictEqual(
          ended(events).map(({ index }) => index),
          [1, 2],
        )
      }
    }),
  )
})
