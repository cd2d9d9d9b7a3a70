import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Random, Schedule } from "effect"
import { type AiError } from "effect/ai"
import { TestClock } from "effect/testing"

import * as Breaker from "../src/Breaker.ts"
import type * as CommitPoint from "../src/CommitPoint.ts"
import * as Fallback from "../src/Fallback.ts"
import { type UnsupportedOption } from "../src/provider/ProviderModel.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Route from "../src/Route.ts"
import type * as UploadedFile from "../src/UploadedFile.ts"
import { budget, type OverBudget } from "./budget.ts"
import {
  answer,
  chunk,
  deliver,
  delta,
  errors,
  finish,
  hangs,
  refused,
  request,
  script,
  type Script,
  scripted,
  silent,
  timePasses,
  wait,
} from "./scripted.ts"
import { stepped } from "./ticks.ts"

const named = (name: string, ...scripts: ReadonlyArray<Script>) =>
  scripted(scripts.length === 0 ? [answer(name)] : scripts, { name })

/** A routed model that is built once. */
const built = Effect.fnUntraced(function* <E>(model: ResilientModel.ResilientModel<E>) {
  const call = yield* ResilientModel.callOf(model)
  return { call, ask: Effect.suspend(() => deliver(call, request("stream"))) }
})

const times = (count: number) => Array.from({ length: count }, (_, index) => index)
const lateBy = (milliseconds: number): Script => ({
  opening: [wait(milliseconds)],
  steps: [chunk(delta("a"), finish())],
})

describe("a route", () => {
  it.effect("by weight sends each model its share", () =>
    Effect.gen(function* () {
      const [a, b] = [named("a"), named("b")]
      const { ask } = yield* built(
        Route.weighted([
          [a.model, 3],
          [b.model, 1],
        ]),
      )
      yield* Random.withSeed(Effect.replicateEffect(ask, 2_000), 1)
      assert.approximately(a.requests.length, 1_500, 80)
      assert.strictEqual(a.requests.length + b.requests.length, 2_000)
    }),
  )

  it.effect("to the least busy leaves a model alone that does not answer", () =>
    Effect.gen(function* () {
      const [slow, quick] = [named("slow", silent), named("quick")]
      const { ask } = yield* built(Route.leastBusy([slow.model, quick.model]))
      const fibers = yield* Effect.forEach(times(200), () => Effect.forkChild(ask))
      yield* TestClock.adjust("1 second")
      assert.isAtMost(slow.requests.length, 2)
      yield* Effect.forEach(fibers, Fiber.interrupt)
    }),
  )

  it.effect("counts a stream until it is closed, and never below nothing", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const streaming = named("a", script(chunk(delta("a")), hangs))
      const watch = Route.choose([streaming.model], (_, candidates) => {
        seen.push(candidates[0]?.inFlight ?? -1)
        return candidates[0]!
      })
      const { ask } = yield* built(watch)
      const first = yield* Effect.forkChild(ask)
      yield* TestClock.adjust("1 second")
      const second = yield* Effect.forkChild(ask)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interruptAll([first, second])
      const third = yield* Effect.forkChild(ask)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(third)
      assert.deepStrictEqual(seen, [0, 1, 0])
    }),
  )

  it.effect("to the lowest latency leaves a slow model for others, and comes back to it", () =>
    Effect.gen(function* () {
      const a = named("a", lateBy(3_000), lateBy(10))
      const b = named("b", lateBy(100))
      const { ask } = yield* built(Route.lowestLatency([a.model, b.model]))
      yield* timePasses(Random.withSeed(Effect.replicateEffect(ask, 40), 1))
      // Each was tried once, and then only the quick one.
      assert.deepStrictEqual([a.requests.length, b.requests.length], [1, 39])
    }),
  )

  it.effect("to the cheapest asks for the price of each request", () =>
    Effect.gen(function* () {
      const [a, b] = [named("a"), named("b")]
      const route = Route.cheapest([a.model, b.model], ({ provider }, { mode }) =>
        mode === "stream" ? (provider === "a" ? 2 : 1) : provider === "a" ? 1 : 2,
      )
      const { call } = yield* built(route)
      yield* deliver(call, request("stream"))
      yield* deliver(call, request("generate"))
      yield* deliver(call, request("generate"))
      assert.deepStrictEqual([a.requests.length, b.requests.length], [2, 1])
    }),
  )

  it.effect("by choice takes the first one when the choice is none of them", () =>
    Effect.gen(function* () {
      const [a, b] = [named("a"), named("b")]
      const stranger = { provider: "x", model: "x", inFlight: 0 }
      const { ask } = yield* built(Route.choose([a.model, b.model], () => stranger))
      yield* ask
      assert.lengthOf(a.requests, 1)
    }),
  )

  it.effect("that is sticky keeps a tenant with its model", () =>
    Effect.gen(function* () {
      const models = [named("a"), named("b"), named("c")] as const
      const { ask } = yield* built(Route.sticky([models[0].model, models[1].model, models[2].model]))
      const used = (tenant: string) =>
        Effect.gen(function* () {
          const before = models.map(({ requests }) => requests.length)
          yield* RequestContext.annotate(Effect.replicateEffect(ask, 5), { tenant })
          return models.map(({ requests }, index) => requests.length - (before[index] ?? 0))
        })
      const all = yield* Effect.forEach(times(20), (index) => used(`tenant-${index}`))
      for (const counts of all) assert.sameMembers(counts, [0, 0, 5])
      assert.isAbove(new Set(all.map((counts) => counts.indexOf(5))).size, 1)
    }),
  )

  it.effect("fails as the chosen model fails, and is for a fallback to go around", () =>
    Effect.gen(function* () {
      const [a, b] = [named("a", refused(errors.transient)), named("b")]
      const { ask } = yield* built(Route.choose([a.model], (_, [only]) => only!).pipe(Fallback.to(b.model)))
      assert.isTrue(Exit.isSuccess((yield* ask).exit))
      assert.deepStrictEqual([a.requests.length, b.requests.length], [1, 1])
    }),
  )
})

describe("a route over models with breakers", () => {
  const guard = Breaker.guard({ trip: { consecutiveFailures: 1 }, openFor: Schedule.spaced("10 seconds") })

  it.effect("does not spend an attempt on one whose circuit is open", () =>
    Effect.gen(function* () {
      const [a, b] = [named("a", refused(errors.transient), answer("a")), named("b")]
      const { ask } = yield* built(
        Route.weighted([
          [a.model.pipe(guard), 1_000],
          [b.model.pipe(guard), 1],
        ]),
      )
      yield* ask
      const exits = yield* Effect.replicateEffect(ask, 10)
      assert.isTrue(exits.every(({ exit }) => Exit.isSuccess(exit)))
      assert.deepStrictEqual([a.requests.length, b.requests.length], [1, 10])
      yield* TestClock.adjust("10 seconds")
      yield* ask
      assert.lengthOf(a.requests, 2)
    }),
  )

  it.effect("says when to come back when all are open, and tells an outer route that it is", () =>
    Effect.gen(function* () {
      const a = named("a", refused(errors.transient))
      const inner = Route.leastBusy([a.model.pipe(guard)])
      const spare = named("spare")
      const { ask } = yield* built(
        Route.weighted([
          [inner, 1_000],
          [spare.model, 1],
        ]),
      )
      const alone = yield* built(inner)
      yield* alone.ask
      const { exit } = yield* alone.ask
      assert.isTrue(Exit.isFailure(exit))
      assert.isFalse(alone.call.available?.())
      // The inner route is one model, wherever it is used.
      yield* Effect.replicateEffect(ask, 2)
      assert.lengthOf(spare.requests, 2)
    }),
  )
})

describe("the type of a route", () => {
  it("has the failures and the needs of all its models", () => {
    const route = Route.leastBusy([named("a").model, named("b").model.pipe(budget(1).enforce)])
    expectTypeOf<ErrorOf<typeof route>>().toEqualTypeOf<
      AiError.AiError | UploadedFile.FileExpired | UnsupportedOption | CommitPoint.StreamTruncated | OverBudget
    >()
    const [, second] = ResilientModel.describe(route).inner
    assert.strictEqual(second?.name, "budget")
  })
})

type ErrorOf<M> = M extends ResilientModel.ResilientModel<infer E, infer _R> ? E : never

describe("an interruption at any point of a routed call", () => {
  it.effect("is no longer under way", () =>
    Effect.gen(function* () {
      let runs = 0
      for (let operations = 3; operations <= 64; operations++) {
        for (let ticks = 0; ; ticks++) {
          const model = named("a", script(wait(3), chunk(delta("a")), wait(2), chunk(finish())))
          let inFlight = 0
          const route = Route.choose([model.model], (_, [only]) => {
            inFlight = only?.inFlight ?? -1
            return only!
          })
          const { ask } = yield* built(route)
          const run = yield* stepped(ask, { budget: operations, ticks })
          // The next call sees what is left.
          yield* stepped(ask, { budget: 2_048, ticks: 100 })
          assert.deepStrictEqual([inFlight, model.held], [0, 0], `${operations} operations, ${ticks} ticks`)
          runs++
          if (run.over) break
        }
      }
      assert.isAbove(runs, 300)
    }),
  )
})
