import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Schedule } from "effect"
import { TestClock } from "effect/testing"

import * as Breaker from "../src/Breaker.ts"
import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Fallback from "../src/Fallback.ts"
import * as Hedge from "../src/Hedge.ts"
import * as ModelCalls from "../src/ModelCall.ts"
import type * as ModelCall from "../src/ModelCall.ts"
import * as RateLimit from "../src/RateLimit.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as Resilience from "../src/Resilience.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import * as Retry from "../src/Retry.ts"
import * as RetryBudget from "../src/RetryBudget.ts"
import { budget } from "./budget.ts"
import { hashAtOnce } from "./hashes.ts"
import {
  answer,
  chunk,
  deliver,
  delta,
  errorOf,
  errors,
  finish,
  type Outcome,
  refused,
  request,
  script,
  type Script,
  scripted,
  silent,
  timed,
  timePasses,
  wait,
} from "./scripted.ts"

hashAtOnce()

type Model = ResilientModel.ResilientModel<unknown>
type Ask = Effect.Effect<Outcome<unknown>>

/** The same experiment with a stack in a harmful order, which must be found, and in the right one. */
const compared = <A>(rule: {
  readonly outer: string
  readonly inner: string
  /** Fresh models with the policies around them, and what is measured. */
  readonly harmful: () => { readonly stack: Model; readonly measured: (ask: Ask) => Effect.Effect<A> }
  readonly right: () => { readonly stack: Model; readonly measured: (ask: Ask) => Effect.Effect<A> }
}) =>
  Effect.gen(function* () {
    const [harmful, right] = [rule.harmful(), rule.right()]
    const [finding, ...others] = Resilience.check(harmful.stack)
    assert.deepInclude(finding, { outer: rule.outer, inner: rule.inner })
    assert.deepStrictEqual([others, Resilience.check(right.stack)], [[], []])
    const run = ({ measured, stack }: typeof harmful) =>
      Effect.flatMap(ResilientModel.callOf(stack), (call) =>
        measured(Effect.suspend(() => deliver(call, request("stream")))),
      )
    return { harmful: yield* run(harmful), right: yield* run(right) }
  })

const twice = Retry.schedule(Schedule.recurs(2))
const down = (name = "acme") => scripted([refused(errors.transient)], { name })
const succeeded = ({ exit }: Outcome<unknown>) => Exit.isSuccess(exit)
const tagOf = ({ exit }: Outcome<unknown>) =>
  Exit.isSuccess(exit) ? "answered" : (errorOf(exit) as { readonly _tag: string })._tag

/** Asks twice, a moment apart, and gives what the second one got and how long it took. */
const second = (ask: Ask, context?: { readonly first?: string; readonly second?: string }) =>
  Effect.gen(function* () {
    const as = (tenant: string | undefined) => (tenant === undefined ? ask : RequestContext.annotate(ask, { tenant }))
    const first = yield* Effect.forkChild(as(context?.first))
    yield* TestClock.adjust(1)
    const [outcome, took] = yield* timePasses(timed(as(context?.second)))
    yield* Fiber.join(first)
    return { tag: tagOf(outcome), took }
  })

describe("the order of a stack", () => {
  it.effect("retries around retries multiply, until the attempts of the call are used up", () =>
    Effect.gen(function* () {
      const attempts = (policy: (model: Model) => Model) => () => {
        const model = down()
        return { stack: policy(model.model), measured: (ask: Ask) => Effect.map(ask, () => model.requests.length) }
      }
      const found = yield* compared({
        outer: "Retry.schedule",
        inner: "Retry.schedule",
        harmful: attempts((model) => model.pipe(twice, twice)),
        right: attempts((model) => model.pipe(twice)),
      })
      assert.deepStrictEqual(found, { harmful: 6, right: 3 })
    }),
  )

  it.effect("a limit around a retry holds a place while the retry sleeps", () =>
    Effect.gen(function* () {
      const waiting = (policy: (model: Model) => Model) => () => ({
        stack: policy(scripted([refused(errors.throttled("10 seconds")), answer("a")]).model),
        measured: (ask: Ask) => second(ask),
      })
      const found = yield* compared({
        outer: "Concurrency.limit",
        inner: "Retry.schedule",
        harmful: waiting((model) => model.pipe(twice, Concurrency.limit(1))),
        right: waiting((model) => model.pipe(Concurrency.limit(1), twice)),
      })
      assert.deepStrictEqual(found, { harmful: { tag: "answered", took: 9_999 }, right: { tag: "answered", took: 0 } })
    }),
  )

  it.effect("a breaker around a retry counts three failures as one, and does not end the retries", () =>
    Effect.gen(function* () {
      const guard = Breaker.guard({ trip: { consecutiveFailures: 3 } })
      const attempts = (policy: (model: Model) => Model) => () => {
        const model = down()
        return {
          stack: policy(model.model),
          measured: (ask: Ask) => Effect.map(Effect.replicateEffect(ask, 5), () => model.requests.length),
        }
      }
      const found = yield* compared({
        outer: "Breaker.guard",
        inner: "Retry.schedule",
        harmful: attempts((model) => model.pipe(twice, guard)),
        right: attempts((model) => model.pipe(guard, twice)),
      })
      assert.deepStrictEqual(found, { harmful: 9, right: 3 })
    }),
  )

  it.effect("a breaker around a fallback closes the way to the model that is well", () =>
    Effect.gen(function* () {
      const guard = Breaker.guard({ trip: { consecutiveFailures: 2 } })
      const way = (policy: (first: Model, other: Model) => Model) => () => ({
        // The second model is well: what it refuses is wrong with two of the requests.
        stack: policy(
          down("first").model,
          scripted([refused(errors.badRequest), refused(errors.badRequest), answer("b")], { name: "second" }).model,
        ),
        measured: (ask: Ask) => Effect.map(Effect.replicateEffect(ask, 3), (all) => all.map(tagOf).at(-1)),
      })
      const found = yield* compared({
        outer: "Breaker.guard",
        inner: "Fallback.to",
        harmful: way((first, other) => first.pipe(Fallback.to(other), guard)),
        right: way((first, other) => first.pipe(guard, Fallback.to(other.pipe(guard)))),
      })
      assert.deepStrictEqual(found, { harmful: "CircuitOpen", right: "answered" })
    }),
  )

  it.effect("a deadline for the first part around a retry blames the model for the time between two attempts", () =>
    Effect.gen(function* () {
      const bound = Deadline.firstPart("3 seconds")
      const patient = (policy: (model: Model) => Model) => () => ({
        stack: policy(scripted([refused(errors.throttled("5 seconds")), answer("a")]).model),
        measured: (ask: Ask) => Effect.map(timePasses(ask), tagOf),
      })
      const found = yield* compared({
        outer: "Deadline.firstPart",
        inner: "Retry.schedule",
        harmful: patient((model) => model.pipe(twice, bound)),
        right: patient((model) => model.pipe(bound, twice)),
      })
      assert.deepStrictEqual(found, { harmful: "DeadlineExceeded", right: "answered" })
    }),
  )

  it.effect("a deadline for the first part around a breaker hides from it that the model is silent", () =>
    Effect.gen(function* () {
      const guard = Breaker.guard({ trip: { consecutiveFailures: 2 }, openFor: Schedule.spaced("1 hour") })
      const bound = Deadline.firstPart("3 seconds")
      const attempts = (policy: (model: Model) => Model) => () => {
        const model = scripted([silent])
        return {
          stack: policy(model.model),
          measured: (ask: Ask) => Effect.map(timePasses(Effect.replicateEffect(ask, 5)), () => model.requests.length),
        }
      }
      const found = yield* compared({
        outer: "Deadline.firstPart",
        inner: "Breaker.guard",
        harmful: attempts((model) => model.pipe(guard, bound)),
        right: attempts((model) => model.pipe(bound, guard)),
      })
      assert.deepStrictEqual(found, { harmful: 5, right: 2 })
    }),
  )

  it.effect("a limit of calls around a rate limit keeps its places from those who may go", () =>
    Effect.gen(function* () {
      // One tenant has used up its rate.
      const rate = ResilientModel.policy({ name: "RateLimit.test", place: "rateLimit", settings: {} }, (call) =>
        Effect.succeed({
          ...call,
          open: (asked: ModelCall.ModelRequest) =>
            Effect.flatMap(RequestContext.RequestContext, ({ tenant }) =>
              tenant === "busy" ? Effect.delay(call.open(asked), "10 seconds") : call.open(asked),
            ),
        }),
      )
      const waiting = (policy: (model: Model) => Model) => () => ({
        stack: policy(scripted([answer("a")]).model),
        measured: (ask: Ask) => Effect.map(second(ask, { first: "busy", second: "other" }), ({ took }) => took),
      })
      const found = yield* compared({
        outer: "Concurrency.limit",
        inner: "RateLimit.test",
        harmful: waiting((model) => model.pipe(rate, Concurrency.limit(1))),
        right: waiting((model) => model.pipe(Concurrency.limit(1), rate)),
      })
      assert.deepStrictEqual(found, { harmful: 9_999, right: 0 })
    }),
  )

  const slow: Script = script(wait("1 second"), chunk(delta("a")), chunk(finish()))

  it.effect("what is around a cache refuses answers that are there", () =>
    Effect.gen(function* () {
      const cache = ResponseCache.exact({ scope: ResponseCache.perTenant, timeToLive: "1 hour" })
      const limit = Concurrency.limit(1, { queue: 0 })
      const refusals = (policy: (model: Model) => Model) => () => ({
        stack: policy(scripted([answer("kept"), slow]).model),
        measured: (ask: Ask) =>
          Effect.gen(function* () {
            yield* RequestContext.annotate(ask, { tenant: "kept" })
            return (yield* second(ask, { first: "other", second: "kept" })).tag
          }),
      })
      const found = yield* compared({
        outer: "Concurrency.limit",
        inner: "ResponseCache.exact",
        harmful: refusals((model) => model.pipe(cache, limit)),
        right: refusals((model) => model.pipe(limit, cache)),
      })
      assert.deepStrictEqual(found, { harmful: "ConcurrencyLimited", right: "answered" })
    }),
  )

  it.effect("a retry around its budget is not bounded by it", () =>
    Effect.gen(function* () {
      const attempts = (policy: (model: Model) => Model) => () => {
        const model = down()
        return {
          stack: policy(model.model),
          measured: (ask: Ask) => Effect.map(Effect.replicateEffect(ask, 50), () => model.requests.length),
        }
      }
      const share = RetryBudget.ratio(0.1)
      const found = yield* compared({
        outer: "Retry.schedule",
        inner: "RetryBudget.ratio",
        harmful: attempts((model) => model.pipe(share, twice)),
        right: attempts((model) => model.pipe(twice, share)),
      })
      assert.deepStrictEqual(found, { harmful: 150, right: 55 })
    }),
  )

  it.effect("chaos around a retry shows nothing of the retry", () =>
    Effect.gen(function* () {
      const failures = (policy: (model: Model) => Model) => () => ({
        stack: policy(scripted([answer("a")]).model),
        measured: (ask: Ask) =>
          Effect.map(Effect.replicateEffect(ask, 10), (all) => all.filter((one) => !succeeded(one)).length),
      })
      /** Every second call fails. */
      const chaos = () => {
        let calls = 0
        return ResilientModel.policy<unknown>({ name: "Chaos.test", place: "fault", settings: {} }, (call) =>
          Effect.succeed({
            ...call,
            open: (asked: ModelCall.ModelRequest) =>
              Effect.suspend(() => (++calls % 2 === 0 ? Effect.fail(errors.transient as unknown) : call.open(asked))),
          }),
        )
      }
      const found = yield* compared({
        outer: "Chaos.test",
        inner: "Retry.schedule",
        harmful: failures((model) => model.pipe(twice, chaos())),
        right: failures((model) => model.pipe(chaos(), twice)),
      })
      assert.deepStrictEqual(found, { harmful: 5, right: 0 })
    }),
  )

  it.effect("a deadline only inside of a hedge bounds each request, and the call takes longer", () =>
    Effect.gen(function* () {
      const time = (policy: (model: Model) => Model) => () => ({
        stack: policy(scripted([silent]).model),
        measured: (ask: Ask) => Effect.map(timePasses(timed(ask)), ([, took]) => took),
      })
      const found = yield* compared({
        outer: "Hedge.after",
        inner: "Deadline.total",
        harmful: time((model) => model.pipe(Deadline.total("10 seconds"), Hedge.after("8 seconds"))),
        right: time((model) => model.pipe(Hedge.after("8 seconds"), Deadline.total("10 seconds"))),
      })
      assert.deepStrictEqual(found, { harmful: 18_000, right: 10_000 })
    }),
  )

  it.effect("a retry around a fallback lets a model that fails for good be asked in each round", () =>
    Effect.gen(function* () {
      const asked = (policy: (first: Model, other: Model) => Model) => () => {
        const first = scripted([refused(errors.badKey)], { name: "first" })
        const well = scripted([refused(errors.transient), refused(errors.transient), answer("b")], { name: "second" })
        return {
          stack: policy(first.model, well.model),
          measured: (ask: Ask) => Effect.map(ask, (outcome) => [tagOf(outcome), first.requests.length]),
        }
      }
      const found = yield* compared({
        outer: "Retry.schedule",
        inner: "Fallback.to",
        harmful: asked((first, other) => first.pipe(Fallback.to(other), twice)),
        right: asked((first, other) => first.pipe(twice, Fallback.to(other.pipe(twice)))),
      })
      assert.deepStrictEqual(found, { harmful: ["answered", 3], right: ["answered", 1] })
    }),
  )

  it.effect("a hedge inside of a retry sends nothing while the retry waits", () =>
    Effect.gen(function* () {
      const patient = Retry.schedule(Schedule.spaced("10 seconds").pipe(Schedule.upTo({ times: 2 })))
      const hedge = Hedge.after("2 seconds")
      const time = (policy: (model: Model) => Model) => () => ({
        stack: policy(scripted([refused(errors.transient), answer("a")]).model),
        measured: (ask: Ask) => Effect.map(timePasses(timed(ask)), ([outcome, took]) => [tagOf(outcome), took]),
      })
      const found = yield* compared({
        outer: "Retry.schedule",
        inner: "Hedge.after",
        harmful: time((model) => model.pipe(hedge, patient)),
        right: time((model) => model.pipe(patient, hedge)),
      })
      assert.deepStrictEqual(found, { harmful: ["answered", 10_000], right: ["answered", 2_000] })
    }),
  )

  it.effect("a rate limit around a breaker lets calls wait that the open circuit then refuses", () =>
    Effect.gen(function* () {
      const rate = RateLimit.perMinute({ requests: 2, maxWait: "2 minutes" })
      const guard = Breaker.guard({ trip: { consecutiveFailures: 2 }, openFor: Schedule.spaced("1 hour") })
      const refusal = (policy: (model: Model) => Model) => () => ({
        stack: policy(down().model),
        measured: (ask: Ask) =>
          Effect.gen(function* () {
            yield* Effect.replicateEffect(ask, 2)
            const [outcome, took] = yield* timePasses(timed(ask))
            return [tagOf(outcome), took]
          }),
      })
      const found = yield* compared({
        outer: "RateLimit.perMinute",
        inner: "Breaker.guard",
        harmful: refusal((model) => model.pipe(guard, rate)),
        right: refusal((model) => model.pipe(rate, guard)),
      })
      assert.deepStrictEqual(found, { harmful: ["CircuitOpen", 60_000], right: ["CircuitOpen", 0] })
    }),
  )

  it.effect("a rate limit around a fallback counts what the other model answers", () =>
    Effect.gen(function* () {
      const rate = RateLimit.perMinute({ requests: 2, queue: 0 })
      const answers = (policy: (first: Model, other: Model) => Model) => () => ({
        stack: policy(
          scripted([answer("a")], { name: "first" }).model,
          scripted([answer("b")], { name: "second" }).model,
        ),
        measured: (ask: Ask) => Effect.map(Effect.replicateEffect(ask, 4), (all) => all.filter(succeeded).length),
      })
      const found = yield* compared({
        outer: "RateLimit.perMinute",
        inner: "Fallback.to",
        harmful: answers((first, other) => first.pipe(Fallback.to(other), rate)),
        right: answers((first, other) => first.pipe(rate, Fallback.to(other.pipe(rate)))),
      })
      assert.deepStrictEqual(found, { harmful: 2, right: 4 })
    }),
  )

  it.effect("two breakers of one circuit count each failure twice", () =>
    Effect.gen(function* () {
      const guard = Breaker.guard({ trip: { consecutiveFailures: 4 } })
      const attempts = (policy: (model: Model) => Model) => () => {
        const model = down()
        return {
          stack: policy(model.model).pipe(ResilientModel.connect(Layer.fresh(Breaker.layerMemory))),
          measured: (ask: Ask) => Effect.map(Effect.replicateEffect(ask, 8), () => model.requests.length),
        }
      }
      const found = yield* compared({
        outer: "Breaker.guard",
        inner: "Breaker.guard",
        harmful: attempts((model) => model.pipe(guard, guard)),
        right: attempts((model) => model.pipe(guard)),
      })
      assert.deepStrictEqual(found, { harmful: 2, right: 4 })
    }),
  )

  it.effect("a budget on one side of a fallback does not count what the other side costs", () =>
    Effect.gen(function* () {
      const spent = (policy: (first: Model, other: Model, money: ReturnType<typeof budget>) => Model) => () => {
        const money = budget(10)
        return {
          stack: policy(down("first").model, scripted([answer("b")], { name: "second" }).model, money),
          measured: (ask: Ask) =>
            Effect.map(
              Effect.replicateEffect(ask, 3),
              () => money.log.filter((line) => line.startsWith("settle")).length,
            ),
        }
      }
      const found = yield* compared({
        outer: "Fallback.to",
        inner: "budget",
        harmful: spent((first, other, money) => first.pipe(money.enforce, Fallback.to(other))),
        right: spent((first, other, money) => first.pipe(Fallback.to(other), money.enforce)),
      })
      assert.deepStrictEqual(found, { harmful: 3, right: 6 })
    }),
  )

  it.effect("a deadline between parts around a policy that delays them blames the model", () =>
    Effect.gen(function* () {
      /** Holds each part back for 3 seconds. */
      const paced = ResilientModel.policy({ name: "Throttle.test", place: "pacing", settings: {} }, (call) =>
        Effect.succeed(ModelCalls.onParts(call, () => () => Effect.sleep("3 seconds"))),
      )
      const idle = Deadline.betweenParts("2 seconds")
      const read = (policy: (model: Model) => Model) => () => ({
        stack: policy(scripted([answer("a", "b")]).model),
        measured: (ask: Ask) => Effect.map(timePasses(ask), tagOf),
      })
      const found = yield* compared({
        outer: "Deadline.betweenParts",
        inner: "Throttle.test",
        harmful: read((model) => model.pipe(paced, idle)),
        right: read((model) => model.pipe(idle, paced)),
      })
      assert.deepStrictEqual(found, { harmful: "DeadlineExceeded", right: "answered" })
    }),
  )

  it("finds nothing in the preset, with all that can be added to it", () => {
    const money = budget(10)
    const stack = down().model.pipe(
      Resilience.standard({
        fallbacks: [down("second").model],
        rateLimit: RateLimit.perMinute({ requests: 5 }),
        hedge: "2 seconds",
        cache: { scope: ResponseCache.perTenant, timeToLive: "1 hour" },
        budget: money.enforce,
      }),
    )
    assert.deepStrictEqual(Resilience.check(stack), [])
  })
})
