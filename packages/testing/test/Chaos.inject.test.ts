import { assert, describe, it } from "@effect/vitest"
import { Deadline, Failure, type ModelCall, RequestContext, ResilientModel, Retry } from "@holdfast/core"
import { Cause, ConfigProvider, Duration, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"

import { call, errorOf, request, scripted, answer } from "../../core/test/scripted.ts"
import { stepped } from "../../core/test/ticks.ts"
import * as Chaos from "../src/Chaos.ts"

const model = () => scripted([answer("a", "b", "c", "d")])

const modes = ["generate", "stream"] as const

/** One call of a model that always meets a fault, with all the time it needs. */
const struck = (fault: Chaos.ChaosFault, mode: ModelCall.ModelRequest["mode"], bound: Duration.Input = "1 minute") =>
  Effect.gen(function* () {
    const spy = model()
    const stack = spy.model.pipe(
      Chaos.inject({ seed: 1, rate: 1, faults: [fault] }),
      Deadline.firstPart(bound),
      Deadline.betweenParts(bound),
    )
    const fiber = yield* Effect.forkChild(call(stack, mode))
    yield* TestClock.adjust("10 minutes")
    const outcome = yield* Fiber.join(fiber)
    assert.strictEqual(spy.held, 0)
    return { ...outcome, requests: spy.requests.length }
  })

describe("faults before the answer", () => {
  const faults: ReadonlyArray<readonly [name: string, Chaos.ChaosFault, tag: string, kind: Failure.Kind]> = [
    ["throttled", Chaos.throttled({ retryAfter: "7 seconds" }), "RateLimitError", "throttled"],
    ["overloaded", Chaos.overloaded(), "InternalProviderError", "overloaded"],
    ["serverError", Chaos.serverError, "InternalProviderError", "transient"],
    ["disconnected", Chaos.disconnected, "NetworkError", "transient"],
    ["failure", Chaos.failure({ status: 401, message: "who are you" }), "AuthenticationError", "fatal"],
  ]
  for (const mode of modes) {
    for (const [name, fault, tag, kind] of faults) {
      it.effect(`${name} does not ask the model (${mode})`, () =>
        Effect.gen(function* () {
          const { exit, requests, text } = yield* struck(fault, mode)
          const error = errorOf(exit)
          assert.deepStrictEqual([Failure.tagOf(error), Failure.classify(error).kind], [tag, kind])
          assert.deepStrictEqual([text, requests], ["", 0])
        }),
      )
    }

    it.effect(`late answers after the wait (${mode})`, () =>
      Effect.gen(function* () {
        const on = yield* struck(Chaos.late("59 seconds"), mode)
        assert.deepStrictEqual([on.text, Exit.isSuccess(on.exit)], ["abcd", true])
        const late = yield* struck(Chaos.late("61 seconds"), mode)
        assert.deepStrictEqual([late.text, Failure.tagOf(errorOf(late.exit))], ["", "DeadlineExceeded"])
      }),
    )

    it.effect(`silence lasts until a deadline (${mode})`, () =>
      Effect.gen(function* () {
        const { exit, requests } = yield* struck(Chaos.silence, mode)
        assert.deepStrictEqual([Failure.tagOf(errorOf(exit)), requests], ["DeadlineExceeded", 0])
      }),
    )
  }

  it.effect("the hint is the provider's", () =>
    Effect.gen(function* () {
      const { exit } = yield* struck(Chaos.throttled({ retryAfter: "7 seconds" }), "stream")
      assert.deepStrictEqual(Failure.classify(errorOf(exit)).retryAfter, Duration.seconds(7))
    }),
  )
})

describe("faults in the answer", () => {
  const overloaded = { type: "overloaded_error", message: "Overloaded" }
  const faults: ReadonlyArray<readonly [string, (parts: number) => Chaos.ChaosFault, string, Failure.Kind]> = [
    ["cutAfter", Chaos.cutAfter, "StreamTruncated", "transient"],
    ["disconnectAfter", Chaos.disconnectAfter, "NetworkError", "transient"],
    ["errorAfter", (parts) => Chaos.errorAfter(parts, overloaded), "InternalProviderError", "overloaded"],
    ["malformedAfter", Chaos.malformedAfter, "InvalidResponseError", "transient"],
    ["silenceAfter", Chaos.silenceAfter, "DeadlineExceeded", "transient"],
  ]
  for (const [name, fault, tag, kind] of faults) {
    it.effect(`${name} breaks a stream after so many parts, or at its end`, () =>
      Effect.gen(function* () {
        for (const [parts, told] of [
          [0, ""],
          [1, "a"],
          [3, "abc"],
          [4, "abcd"],
          [9, "abcd"],
        ] as const) {
          const { exit, requests, text } = yield* struck(fault(parts), "stream")
          const error = errorOf(exit)
          assert.deepStrictEqual(
            [text, requests, Failure.tagOf(error), Failure.classify(error).kind],
            [told, 1, tag, kind],
            `${parts} parts`,
          )
        }
      }),
    )

    it.effect(`${name} loses a generated answer`, () =>
      Effect.gen(function* () {
        const { exit, requests, text } = yield* struck(fault(2), "generate")
        assert.deepStrictEqual([text, requests, Failure.tagOf(errorOf(exit))], ["", 1, tag])
      }),
    )
  }

  it.effect("a cut says how much came", () =>
    Effect.gen(function* () {
      const { exit } = yield* struck(Chaos.cutAfter(2), "stream")
      assert.deepInclude(errorOf(exit), {
        _tag: "StreamTruncated",
        provider: "acme",
        model: "acme-1",
        deliveredParts: 2,
      })
    }),
  )

  it.effect("an answer that does not fit is paid and not asked for again", () =>
    Effect.gen(function* () {
      const spy = model()
      const stack = spy.model.pipe(
        Chaos.inject({ seed: 1, rate: 1, faults: [Chaos.undecodable] }),
        Retry.schedule(Retry.standard),
      )
      const { exit } = yield* call(stack, "generate")
      assert.deepStrictEqual(
        [Failure.classify(errorOf(exit)).kind, Failure.classify(errorOf(exit)).billed, spy.requests.length],
        ["undecodable", true, 1],
      )
    }),
  )

  it.effect("what breaks before anything was told may be repeated", () =>
    Effect.gen(function* () {
      const spy = model()
      const stack = spy.model.pipe(
        Chaos.inject({ seed: 1, rate: 1, faults: [Chaos.cutAfter(0)] }),
        Retry.schedule(Retry.standard),
      )
      const fiber = yield* Effect.forkChild(call(stack, "stream"))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(Failure.tagOf(errorOf((yield* Fiber.join(fiber)).exit)), "StreamTruncated")
      assert.deepStrictEqual([spy.requests.length, spy.held], [3, 0])
    }),
  )
})

/** Which of so many calls failed, and with what. */
const trace = (stack: ResilientModel.ResilientModel<unknown>, concurrency: number, count = 200) =>
  Effect.scoped(
    Effect.gen(function* () {
      const built = yield* ResilientModel.callOf(stack)
      const indexes = Array.from({ length: count }, (_, index) => index)
      return yield* Effect.forEach(
        indexes,
        () =>
          Effect.scoped(Effect.flatMap(built.open(request("stream")), Stream.runDrain)).pipe(
            Effect.as("answered"),
            Effect.catch((error) => Effect.succeed(Failure.messageOf(error))),
          ),
        { concurrency },
      )
    }),
  )

describe("a seed", () => {
  const faults = [Chaos.overloaded(), Chaos.serverError, Chaos.cutAfter(1)]
  const stack = (seed: number, rate = 0.4) => model().model.pipe(Chaos.inject({ seed, rate, faults }))

  it.effect("brings the same fault to the n-th call, whatever runs beside it", () =>
    Effect.gen(function* () {
      const alone = yield* trace(stack(7), 1)
      assert.deepStrictEqual(yield* trace(stack(7), 1), alone)
      assert.deepStrictEqual(yield* trace(stack(7), 16), alone)
      assert.notDeepEqual(yield* trace(stack(8), 1), alone)
    }),
  )

  it.effect("hits the share that it is told to, with all of its faults", () =>
    Effect.gen(function* () {
      for (const rate of [0, 0.1, 0.5, 1]) {
        const outcomes = yield* trace(stack(3, rate), 1, 3000)
        assert.closeTo(outcomes.filter((outcome) => outcome !== "answered").length / 3000, rate, 0.03)
        if (rate === 1) assert.strictEqual(new Set(outcomes).size, faults.length)
      }
    }),
  )

  it.effect("spares what a predicate spares, and hits the others as before", () =>
    Effect.gen(function* () {
      const all = yield* trace(stack(7), 1)
      let count = 0
      const even = model().model.pipe(Chaos.inject({ seed: 7, rate: 0.4, faults, when: () => count++ % 2 === 0 }))
      const some = yield* trace(even, 1)
      const hits = all.flatMap((outcome, index) => (outcome === "answered" ? [] : [index]))
      // The predicate is asked for the calls that would be hit.
      for (const [position, index] of hits.entries()) {
        assert.strictEqual(some[index], position % 2 === 0 ? all[index] : "answered")
      }
    }),
  )

  it.effect("a predicate sees the request and its context", () =>
    Effect.gen(function* () {
      const stackOf = model().model.pipe(
        Chaos.inject({
          seed: 1,
          rate: 1,
          faults,
          when: ({ mode }, { tenant }) => mode === "stream" && tenant === "acme",
        }),
      )
      const told = (mode: "generate" | "stream", tenant: string) =>
        Effect.map(RequestContext.annotate(call(stackOf, mode), { tenant }), ({ exit }) => Exit.isSuccess(exit))
      assert.deepStrictEqual(
        [yield* told("stream", "acme"), yield* told("generate", "acme"), yield* told("stream", "other")],
        [false, true, true],
      )
    }),
  )
})

describe("building", () => {
  const options: Chaos.Options = { seed: 1, rate: 1, faults: [Chaos.serverError] }
  const built = (given: Chaos.Options, environment: Record<string, string> = {}) =>
    Effect.scoped(ResilientModel.callOf(Chaos.inject(given)(model().model))).pipe(
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(environment))),
      Effect.exit,
      Effect.map((exit) => (Exit.isSuccess(exit) ? "built" : Cause.pretty(exit.cause).split("\n")[0])),
    )

  it.effect("refuses in production, unless it is allowed", () =>
    Effect.gen(function* () {
      assert.include(yield* built(options, { NODE_ENV: "production" }), "allowInProduction: true")
      assert.strictEqual(yield* built({ ...options, allowInProduction: true }, { NODE_ENV: "production" }), "built")
      assert.strictEqual(yield* built(options, { NODE_ENV: "staging" }), "built")
      assert.strictEqual(yield* built(options), "built")
    }),
  )

  it.effect("refuses a rate that is no share, and a seed that is no number", () =>
    Effect.gen(function* () {
      for (const rate of [-0.1, 1.1, NaN, Infinity]) {
        assert.include(yield* built({ ...options, rate }), "Chaos.inject: rate must be a number from 0 to 1")
      }
      assert.include(yield* built({ ...options, seed: NaN }), "seed must be a number")
    }),
  )

  it("is described", () => {
    const described = ResilientModel.describe(Chaos.inject({ seed: 3, rate: 0.2 })(model().model))
    assert.deepStrictEqual(
      [described.name, described.settings],
      ["Chaos.inject", { seed: 3, rate: 0.2, faults: Chaos.badDay.length }],
    )
  })
})

describe("what a fault opened", () => {
  for (const mode of modes) {
    it.effect(`is closed before the caller hears of it (${mode})`, () =>
      Effect.gen(function* () {
        for (const fault of [Chaos.cutAfter(0), Chaos.undecodable]) {
          const spy = model()
          yield* Effect.scoped(
            Effect.gen(function* () {
              const built = yield* ResilientModel.callOf(Chaos.inject({ seed: 1, rate: 1, faults: [fault] })(spy.model))
              assert.isTrue(Exit.isFailure(yield* Effect.exit(built.open(request(mode)))))
              assert.deepStrictEqual([spy.requests.length, spy.held], [1, 0])
            }),
          )
        }
      }),
    )
  }
})

describe("interruption", () => {
  it.effect("at any point leaves nothing open", () =>
    Effect.gen(function* () {
      for (const fault of [...Chaos.badDay, Chaos.late("2 millis"), Chaos.undecodable]) {
        for (const mode of modes) {
          for (const budget of [3, 7, 64]) {
            let over = false
            for (let ticks = 0; !over && ticks < 40; ticks++) {
              const spy = model()
              const stack = spy.model.pipe(Chaos.inject({ seed: 1, rate: 1, faults: [fault] }))
              over = (yield* stepped(call(stack, mode), { budget, ticks })).over
              assert.strictEqual(spy.held, 0)
            }
          }
        }
      }
    }),
  )
})
