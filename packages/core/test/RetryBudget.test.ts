import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Option, Schedule } from "effect"

import * as Deadline from "../src/Deadline.ts"
import * as Fallback from "../src/Fallback.ts"
import * as Hedge from "../src/Hedge.ts"
import * as PolicyError from "../src/PolicyError.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import * as RetryBudget from "../src/RetryBudget.ts"
import * as SharedState from "../src/SharedState.ts"
import { broken, fakeRedis } from "./redis.ts"
import {
  answer,
  call,
  deliver,
  errorOf,
  errors,
  type Mode,
  observed,
  refused,
  request,
  scripted,
  silent,
  timePasses,
} from "./scripted.ts"

const modes: ReadonlyArray<Mode> = ["generate", "stream"]
const down = () => scripted([refused(errors.transient)])
const twice = Retry.schedule(Schedule.recurs(2))

describe.each(modes)("a budget around retries of %s", (mode) => {
  it.effect("is a share of the calls, and tells of the last failure when it is used up", () =>
    Effect.gen(function* () {
      const model = down()
      const built = yield* ResilientModel.callOf(model.model.pipe(twice, RetryBudget.ratio(0.1)))
      const ask = Effect.suspend(() => deliver(built, request(mode)))
      const exits = yield* Effect.forEach(Array.from({ length: 100 }), () => Effect.map(ask, ({ exit }) => exit))
      // 100 first attempts, and a tenth of them again.
      assert.lengthOf(model.requests, 110)
      assert.strictEqual(errorOf(exits[0]!), errors.transient)
      const refusal = errorOf(exits.at(-1)!)
      assert.instanceOf(refusal, RetryBudget.RetryBudgetExhausted)
      assert.deepInclude(refusal, { provider: "acme", model: "acme-1" })
      assert.deepInclude(refusal.last, {
        reason: "InternalProviderError",
        kind: "transient",
      })
    }),
  )

  it.effect("has twice the price after throttling", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled("1 second"))])
      const built = yield* ResilientModel.callOf(model.model.pipe(twice, RetryBudget.ratio(0, { minRetries: 5 })))
      yield* timePasses(
        Effect.replicateEffect(
          Effect.suspend(() => deliver(built, request(mode))),
          5,
        ),
      )
      assert.lengthOf(model.requests, 5 + 2)
    }),
  )

  it.effect("lets a fallback take over, which counts as a first attempt of the other provider", () =>
    Effect.gen(function* () {
      const first = down()
      const second = scripted([refused(errors.transient), answer("b")], { name: "other" })
      const stack = first.model.pipe(
        twice,
        Fallback.to(second.model.pipe(twice)),
        RetryBudget.ratio(0.5, { minRetries: 1 }),
      )
      const [{ text }, events] = yield* observed(call(stack, mode))
      assert.strictEqual(text, "b")
      assert.deepStrictEqual([first.requests.length, second.requests.length], [2, 2])
      assert.deepStrictEqual(
        events.filter(({ _tag }) => _tag !== "AttemptStarted").map(({ _tag }) => _tag),
        [
          "AttemptEnded",
          "RetryScheduled",
          "AttemptEnded",
          "Refused",
          "FallbackChosen",
          "AttemptEnded",
          "RetryScheduled",
          "AttemptEnded",
        ],
      )
    }),
  )

  it.effect("is drawn on by a fallback to the same provider, and ends it", () =>
    Effect.gen(function* () {
      const [first, second] = [down(), down()]
      const stack = first.model.pipe(Fallback.to(second.model), RetryBudget.ratio(0, { minRetries: 1 }))
      const built = yield* ResilientModel.callOf(stack)
      const ask = Effect.suspend(() => deliver(built, request(mode)))
      assert.strictEqual(errorOf((yield* ask).exit)._tag, "AllModelsFailed")
      const refusal = errorOf((yield* ask).exit)
      assert.strictEqual(refusal._tag, "RetryBudgetExhausted")
      assert.deepStrictEqual([first.requests.length, second.requests.length], [2, 1])
    }),
  )

  it.effect("is drawn on by a hedge, which is not sent when nothing is left", () =>
    Effect.gen(function* () {
      const model = scripted([silent])
      const stack = model.model.pipe(
        Hedge.after("1 second", { maxShare: 1 }),
        RetryBudget.ratio(0, { minRetries: 1 }),
        Deadline.total("5 seconds"),
      )
      const built = yield* ResilientModel.callOf(stack)
      yield* timePasses(
        Effect.replicateEffect(
          Effect.suspend(() => deliver(built, request(mode))),
          3,
        ),
      )
      assert.lengthOf(model.requests, 3 + 1)
    }),
  )
})

describe("budgets of an application", () => {
  it.effect("are one for all models of a provider", () =>
    Effect.gen(function* () {
      const [one, other] = [down(), down()]
      const build = (model: typeof one) =>
        ResilientModel.callOf(model.model.pipe(twice, RetryBudget.ratio(0, { minRetries: 2 })))
      const [first, second] = [yield* build(one), yield* build(other)]
      yield* deliver(first, request("generate"))
      yield* deliver(second, request("generate"))
      assert.deepStrictEqual([one.requests.length, other.requests.length], [3, 1])
    }).pipe(Effect.provide(RetryBudget.layerMemory)),
  )

  it.effect("go on by themselves while Redis is lost, or allow nothing", () =>
    Effect.gen(function* () {
      for (const [onUnavailable, attempts] of [
        [SharedState.local, 3],
        [SharedState.failClosed, 1],
      ] as const) {
        const redis = fakeRedis()
        redis.answers = broken
        const budgets = yield* Layer.build(
          RetryBudget.layerRedis({ onUnavailable: onUnavailable }).pipe(Layer.provide(redis.layer)),
        )
        const model = down()
        yield* call(model.model.pipe(twice, RetryBudget.ratio(0.1)), "generate").pipe(Effect.provideContext(budgets))
        assert.lengthOf(model.requests, attempts)
        assert.isAtLeast(redis.commands.length, 1)
      }
    }),
  )
})

describe("retries around retries", () => {
  it.effect("make six attempts in all", () =>
    Effect.gen(function* () {
      const model = down()
      const { exit } = yield* call(model.model.pipe(twice, twice, twice), "stream")
      assert.strictEqual(errorOf(exit), errors.transient)
      assert.lengthOf(model.requests, 6)
    }),
  )

  it.effect("make as many as the outer one allows", () =>
    Effect.gen(function* () {
      const model = down()
      const outer = Retry.schedule(Schedule.recurs(20), { maxAttempts: 10 })
      yield* call(model.model.pipe(twice, outer), "stream")
      assert.lengthOf(model.requests, 10)
    }),
  )

  it.effect("count the attempts of a fallback, which is asked in any case", () =>
    Effect.gen(function* () {
      const [first, second] = [down(), scripted([refused(errors.transient)], { name: "other" })]
      const five = Retry.schedule(Schedule.recurs(5))
      yield* call(first.model.pipe(five, Fallback.to(second.model.pipe(five))), "generate")
      assert.deepStrictEqual([first.requests.length, second.requests.length], [6, 1])
    }),
  )
})

describe("an exhausted budget", () => {
  it("is in the type, and comes out of the error that carried it", () => {
    const stack = down().model.pipe(twice, RetryBudget.ratio(0.1))
    expectTypeOf(stack).toEqualTypeOf<
      ResilientModel.ResilientModel<ResilientModel.CallFailure | RetryBudget.RetryBudgetExhausted>
    >()
    const error = RetryBudget.exhausted("acme", {
      provider: "acme",
      model: "acme-1",
      reason: "RateLimitError",
      kind: "throttled",
      message: "slow down",
    })
    const back = PolicyError.fromAiError(RetryBudget.RetryBudgetExhausted)(PolicyError.toAiError(error))
    assert.deepStrictEqual(Option.getOrThrow(back), error)
    assert.strictEqual(
      error.message,
      "acme-1 of acme failed with RateLimitError and was not retried, because too many calls fail and the retry budget of acme is used up; check the provider, or add a fallback",
    )
  })

  it.effect.each([
    [RetryBudget.ratio(1.5), "RetryBudget.ratio: the ratio"],
    [RetryBudget.ratio(0.1, { minRetries: -1 }), "RetryBudget.ratio: minRetries"],
    [RetryBudget.ratio(0.1, { window: 0 }), "RetryBudget.ratio: window"],
    [Retry.schedule(Retry.standard, { maxAttempts: 0 }), "Retry.schedule: maxAttempts"],
  ] as const)("is not made of wrong numbers: %#", ([policy, message]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(ResilientModel.callOf(policy(down().model)))
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes(message))
    }),
  )
})
