import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Context, Duration, Effect, Exit, Fiber, Layer, Option, Schedule } from "effect"
import { TestClock } from "effect/testing"

import type * as Attempt from "../src/Attempt.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Failure from "../src/Failure.ts"
import * as UnsupportedOption from "../src/provider/ProviderModel.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import { budget, OverBudget } from "./budget.ts"
import {
  answer,
  call,
  chunk,
  delta,
  errorOf,
  errors,
  fails,
  metadata,
  type Mode,
  observed,
  refused,
  script,
  scripted,
  silent,
  timePasses,
} from "./scripted.ts"

const standard = Retry.schedule(Retry.standard)
const modes: ReadonlyArray<Mode> = ["generate", "stream"]
const option = new UnsupportedOption.UnsupportedOption({ provider: "p", model: "m", option: "o", explanation: "e" })

/** A schedule that always waits as long as said. */
const every = (duration: Duration.Input, times = 5) => Schedule.spaced(duration).pipe(Schedule.upTo({ times }))

describe.each(modes)("the standard schedule on %s", (mode) => {
  it.effect("makes three attempts and fails with the last error, unchanged", () =>
    Effect.gen(function* () {
      const last = errors.throttled()
      const model = scripted([refused(errors.transient), refused(errors.overloaded), refused(last)])
      const { exit } = yield* timePasses(call(model.model.pipe(standard), mode))
      assert.strictEqual(errorOf(exit), last)
      assert.lengthOf(model.requests, 3)
    }),
  )

  it.effect("answers with the first good attempt", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.broken), answer("a", "b")])
      const { text } = yield* timePasses(call(model.model.pipe(standard), mode))
      assert.strictEqual(text, "ab")
      assert.lengthOf(model.requests, 2)
    }),
  )

  it.effect("sends the same request again", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.transient)])
      yield* timePasses(call(model.model.pipe(standard), mode))
      assert.strictEqual(new Set(model.requests.map(({ options }) => options)).size, 1)
    }),
  )

  const hopeless = [
    ["a bad request", errors.badRequest],
    ["a bad key", errors.badKey],
    ["an exhausted quota", errors.quota],
    ["a refusal of the content", errors.contentPolicy],
    ["a prompt that is too long", errors.contextWindow],
    ["an answer that does not decode", errors.undecodable],
    ["an option that the model does not take", option],
  ] as const

  it.effect.each(hopeless)("does not ask again after %s", ([, error]) =>
    Effect.gen(function* () {
      const model = scripted([refused(error), answer("a")])
      const { exit } = yield* timePasses(call(model.model.pipe(standard), mode))
      assert.strictEqual(errorOf(exit), error)
      assert.lengthOf(model.requests, 1)
    }),
  )

  it.effect("stops at the first failure that it does not accept", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.transient), refused(errors.badKey), answer("a")])
      const { exit } = yield* timePasses(call(model.model.pipe(standard), mode))
      assert.strictEqual(errorOf(exit), errors.badKey)
      assert.lengthOf(model.requests, 2)
    }),
  )

  it.effect("does not retry what a guard refused", () =>
    Effect.gen(function* () {
      const money = budget(1)
      const model = scripted([refused(errors.transient)])
      const { exit } = yield* timePasses(call(model.model.pipe(standard, money.enforce), mode))
      assert.instanceOf(errorOf(exit), OverBudget)
      assert.lengthOf(model.requests, 1)
    }),
  )

  it.effect("holds nothing while it sleeps", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled("1 minute")), answer("a")])
      const fiber = yield* Effect.forkChild(call(model.model.pipe(standard), mode))
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual([model.requests.length, model.held], [1, 0])
      yield* Fiber.interrupt(fiber)
    }),
  )

  it.effect("makes no further attempt when it is interrupted in its sleep", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled("1 minute")), answer("a")])
      const fiber = yield* Effect.forkChild(call(model.model.pipe(standard), mode))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 hour")
      assert.lengthOf(model.requests, 1)
    }),
  )
})

describe("a provider's hint", () => {
  it.effect("is obeyed to the millisecond, in place of the schedule's wait", () =>
    Effect.gen(function* () {
      for (const backoff of [every("1 second"), every("10 minutes")]) {
        const model = scripted([refused(errors.throttled("4321 millis")), answer("a")])
        const fiber = yield* Effect.forkChild(call(model.model.pipe(Retry.schedule(backoff)), "stream"))
        yield* TestClock.adjust("4320 millis")
        assert.lengthOf(model.requests, 1)
        yield* TestClock.adjust("1 millis")
        assert.lengthOf(model.requests, 2)
        assert.strictEqual((yield* Fiber.join(fiber)).text, "a")
      }
    }),
  )

  it.effect("of nothing is no hint: the schedule decides", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled(0)), answer("a")])
      const fiber = yield* Effect.forkChild(call(model.model.pipe(Retry.schedule(every("1 minute"))), "stream"))
      yield* TestClock.adjust("59 seconds")
      assert.lengthOf(model.requests, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).text, "a")
    }),
  )

  it.effect("of 60 seconds is worth waiting for, and one of 60.001 seconds is not", () =>
    Effect.gen(function* () {
      const patient = scripted([refused(errors.throttled("60 seconds")), answer("a")])
      assert.strictEqual((yield* timePasses(call(patient.model.pipe(standard), "stream"))).text, "a")
      const impatient = scripted([refused(errors.throttled("60001 millis")), answer("a")])
      const { exit } = yield* call(impatient.model.pipe(standard), "stream")
      assert.strictEqual(Failure.tagOf(errorOf(exit)), "RateLimitError")
      assert.lengthOf(impatient.requests, 1)
    }),
  )

  it.effect("may be allowed to be longer", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled("1 hour")), answer("a")])
      const patient = Retry.schedule(Retry.standard, { maxRetryAfter: "2 hours" })
      assert.strictEqual((yield* timePasses(call(model.model.pipe(patient), "stream"))).text, "a")
    }),
  )

  it.effect("does not make more retries than the schedule allows", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled("1 second"))])
      yield* timePasses(call(model.model.pipe(Retry.schedule(Schedule.recurs(3))), "stream"))
      assert.lengthOf(model.requests, 4)
    }),
  )
})

describe("the commit point", () => {
  it.effect("ends all retries: what was delivered stays, and the stream fails", () =>
    Effect.gen(function* () {
      const model = scripted([script(chunk(delta("a")), chunk(delta("b")), fails(errors.transient)), answer("again")])
      const { exit, text } = yield* timePasses(call(model.model.pipe(standard), "stream"))
      assert.strictEqual(text, "ab")
      assert.strictEqual(errorOf(exit), errors.transient)
      assert.lengthOf(model.requests, 1)
    }),
  )

  it.effect("is not reached by a preamble, which is not delivered twice", () =>
    Effect.gen(function* () {
      const model = scripted([script(chunk(metadata), fails(errors.transient)), answer("a")])
      const { parts, text } = yield* timePasses(call(model.model.pipe(standard), "stream"))
      assert.strictEqual(text, "a")
      assert.strictEqual(parts.filter(({ type }) => type === "response-metadata").length, 1)
    }),
  )

  it.effect("is not reached by an answer that stops before it begins", () =>
    Effect.gen(function* () {
      const model = scripted([script(chunk(metadata)), answer("a")])
      assert.strictEqual((yield* timePasses(call(model.model.pipe(standard), "stream"))).text, "a")
    }),
  )

  it.effect("is the whole answer when it is generated", () =>
    Effect.gen(function* () {
      const model = scripted([script(chunk(delta("a")), fails(errors.transient)), answer("b")])
      assert.strictEqual((yield* timePasses(call(model.model.pipe(standard), "generate"))).text, "b")
    }),
  )
})

describe("a deadline", () => {
  it.effect("is not waited for: the last error comes at once", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled("30 seconds")), answer("a")])
      const stack = model.model.pipe(standard, Deadline.total("30 seconds"))
      const { exit } = yield* call(stack, "stream")
      assert.strictEqual(Failure.tagOf(errorOf(exit)), "RateLimitError")
    }),
  )

  it.effect("that is far enough away does not hinder", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled("30 seconds")), answer("a")])
      const stack = model.model.pipe(standard, Deadline.total("30001 millis"))
      assert.strictEqual((yield* timePasses(call(stack, "stream"))).text, "a")
    }),
  )

  it.effect("counts from the start of the call, not from the last failure", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled("20 seconds"))])
      const { exit } = yield* timePasses(call(model.model.pipe(standard, Deadline.total("30 seconds")), "stream"))
      assert.strictEqual(Failure.tagOf(errorOf(exit)), "RateLimitError")
      assert.lengthOf(model.requests, 2)
    }),
  )

  it.effect("of each attempt makes a silent model a transient failure", () =>
    Effect.gen(function* () {
      const model = scripted([silent, answer("a")])
      const stack = model.model.pipe(Deadline.firstPart("5 seconds"), standard)
      assert.strictEqual((yield* timePasses(call(stack, "stream"))).text, "a")
    }),
  )
})

describe("resampling", () => {
  const resample = Retry.resample(Schedule.recurs(2))

  it.effect("asks again after an answer that does not decode", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.undecodable), answer("a")])
      assert.strictEqual((yield* timePasses(call(model.model.pipe(resample), "generate"))).text, "a")
    }),
  )

  it.effect("does not ask again after anything else", () =>
    Effect.gen(function* () {
      for (const error of [errors.transient, errors.throttled(), errors.badKey, option]) {
        const model = scripted([refused(error), answer("a")])
        const { exit } = yield* timePasses(call(model.model.pipe(resample), "generate"))
        assert.strictEqual(errorOf(exit), error)
        assert.lengthOf(model.requests, 1)
      }
    }),
  )

  it.effect("composes with retries", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.transient), refused(errors.undecodable), answer("a")])
      const { text } = yield* timePasses(call(model.model.pipe(standard, resample), "generate"))
      assert.strictEqual(text, "a")
    }),
  )
})

describe("any schedule", () => {
  it.effect("is not touched by a call that succeeds", () =>
    Effect.gen(function* () {
      let built = 0
      const counting = Schedule.fromStep(
        Effect.sync(() => {
          built++
          return () => Effect.succeed([undefined, Duration.zero] as [undefined, Duration.Duration])
        }),
      )
      const model = scripted([answer("a"), refused(errors.transient), answer("b")]).model.pipe(Retry.schedule(counting))
      yield* call(model, "stream")
      assert.strictEqual(built, 0)
      yield* call(model, "stream")
      assert.strictEqual(built, 1)
    }),
  )

  it.effect("waits as it says", () =>
    Effect.gen(function* () {
      const times: Array<number> = []
      const model = scripted([refused(errors.transient)])
      const timed = ResilientModel.policy({ name: "timed", settings: {} }, (inner) =>
        Effect.succeed({
          ...inner,
          open: (asked) =>
            Effect.andThen(
              Effect.map(Clock.currentTimeMillis, (now) => times.push(now)),
              inner.open(asked),
            ),
        }),
      )
      const exponential = Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 3 }))
      yield* timePasses(call(model.model.pipe(timed, Retry.schedule(exponential)), "stream"))
      assert.deepStrictEqual(times, [0, 1_000, 3_000, 7_000])
    }),
  )

  it.effect("may need services, which the layer asks for", () =>
    Effect.gen(function* () {
      class Patience extends Context.Service<Patience, number>()("test/Patience") {}
      const needy = Schedule.fromStep(
        Effect.map(Patience, (times) => {
          let step = 0
          return () =>
            Effect.map(
              Patience,
              () => [step, step++ < times ? Duration.zero : Duration.hours(48)] as [number, Duration.Duration],
            )
        }),
      )
      const model = scripted([refused(errors.transient), refused(errors.transient), answer("a")])
      const stack: ResilientModel.ResilientModel<ResilientModel.CallFailure, Patience> = model.model.pipe(
        Retry.schedule(needy),
      )
      const built = yield* Layer.build(Layer.provide(stack, Layer.succeed(Patience, 2)))
      const { exit } = yield* Effect.provide(
        call(
          ResilientModel.make(Effect.succeed(Context.get(built, ResilientModel.Call)), { name: "b", settings: {} }),
          "stream",
        ),
        built,
      )
      assert.isTrue(Exit.isSuccess(exit))
    }),
  )

  it.effect("that cannot go on ends the retries", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.transient)])
      yield* call(model.model.pipe(Retry.schedule(Schedule.recurs(0))), "stream")
      assert.lengthOf(model.requests, 1)
    }),
  )
})

describe("a retry that is scheduled", () => {
  it.effect("is announced with its delay and its reason", () =>
    Effect.gen(function* () {
      const error = errors.throttled("3 seconds")
      const [, events] = yield* timePasses(
        observed(call(scripted([refused(error), answer("a")]).model.pipe(standard), "stream")),
      )
      const scheduled = events.filter((event) => event._tag === "RetryScheduled")
      assert.lengthOf(scheduled, 1)
      assert.deepInclude(scheduled[0], { provider: "acme", model: "acme-1", error, delay: Duration.seconds(3) })
      const started = events.find((event): event is Attempt.AttemptStart => event._tag === "AttemptStarted")
      assert.strictEqual(scheduled[0]?._tag === "RetryScheduled" && scheduled[0].callId, started?.callId)
    }),
  )
})

describe("a stack with a retry", () => {
  it("describes it", () => {
    const model = scripted([answer("a")]).model
    const own = Retry.resample(Schedule.recurs(1), { maxRetryAfter: "5 minutes" })
    assert.deepInclude(ResilientModel.describe(model.pipe(standard)), {
      name: "Retry.schedule",
      settings: { schedule: "standard", maxRetryAfter: Duration.format(Duration.minutes(1)), maxAttempts: 6 },
    })
    assert.deepInclude(ResilientModel.describe(model.pipe(own)), {
      name: "Retry.resample",
      settings: { schedule: "custom", maxRetryAfter: Duration.format(Duration.minutes(5)), maxAttempts: 6 },
    })
  })

  it.effect("has no deadline by itself", () =>
    Effect.gen(function* () {
      assert.isTrue(Option.isNone(yield* Deadline.remaining))
    }),
  )
})

describe("a number of retries", () => {
  it.effect("is how often a model is asked again", () =>
    Effect.gen(function* () {
      const spy = scripted([refused(errors.transient)])
      yield* timePasses(call(spy.model.pipe(Retry.times(8)), "generate"))
      assert.lengthOf(spy.requests, 9)
    }),
  )

  it.effect.each([-1, 1.5, Number.NaN, Infinity])("is not %s", (retries) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(call(scripted([answer("a")]).model.pipe(Retry.times(retries)), "generate"))
      assert.include(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "built", "Retry.times: the number of retries")
    }),
  )
})
