import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Random, Schedule } from "effect"
import * as fc from "fast-check"

import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import { call, deliver, errorOf, errors, observed, refused, request, scripted, timePasses } from "./scripted.ts"

const backoffs = fc.record({
  base: fc.integer({ min: 1, max: 5_000 }),
  throttledBase: fc.integer({ min: 1, max: 5_000 }),
  cap: fc.integer({ min: 1, max: 100_000 }),
})

/** The waits of a schedule after each of the errors. */
const waits = (schedule: Schedule.Schedule<Duration.Duration>, failures: ReadonlyArray<unknown>, seed: number) =>
  Effect.flatMap(Schedule.toStep(schedule), (step) =>
    Effect.forEach(failures, (error) => Effect.map(step(0, error), ([, wait]) => Duration.toMillis(wait))),
  ).pipe(Effect.orDie, Random.withSeed(seed))

describe("full jitter", () => {
  it.effect("always waits between nothing and min(cap, base · 2^n)", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          backoffs,
          fc.array(fc.constantFrom(errors.transient, errors.throttled(), errors.overloaded), { maxLength: 30 }),
          fc.integer(),
          async (backoff, failures, seed) => {
            const found = await Effect.runPromise(waits(Retry.fullJitter(backoff), failures, seed))
            for (const [retry, wait] of found.entries()) {
              const { base, cap, throttledBase } = backoff
              const first = failures[retry] === errors.transient ? base : throttledBase
              assert.isTrue(Number.isFinite(wait))
              assert.isAtLeast(wait, 0)
              assert.isAtMost(wait, Math.min(cap, first * 2 ** retry))
            }
          },
        ),
        { numRuns: 500, seed: 11 },
      ),
    ),
  )

  it.effect("stays finite after thousands of retries", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 3_000 }, () => errors.transient)
      const found = yield* waits(Retry.fullJitter({ cap: "1 day" }), many, 1)
      assert.isTrue(found.every((wait) => Number.isFinite(wait) && wait >= 0 && wait <= 86_400_000))
      assert.isAbove(Math.max(...found), 43_200_000)
    }),
  )

  it.effect("spreads over its whole range", () =>
    Effect.gen(function* () {
      const found = yield* Effect.forEach(
        Array.from({ length: 400 }, (_, seed) => seed),
        (seed) => Effect.map(waits(Retry.fullJitter(), [errors.transient], seed), ([first = -1]) => first),
      )
      for (const quarter of [0, 125, 250, 375]) {
        const share = found.filter((wait) => wait >= quarter && wait < quarter + 125).length / found.length
        assert.closeTo(share, 0.25, 0.1)
      }
    }),
  )

  it.effect("gives throttled and overloaded models a second", () =>
    Effect.gen(function* () {
      const longest = (error: unknown) =>
        Effect.map(
          Effect.forEach(
            Array.from({ length: 200 }, (_, seed) => seed),
            (seed) => waits(Retry.standard, [error], seed),
          ),
          (found) => Math.max(...found.flat()),
        )
      assert.isBelow(yield* longest(errors.transient), 500)
      for (const error of [errors.throttled(), errors.overloaded]) {
        const found = yield* longest(error)
        assert.isTrue(found > 900 && found < 1_000, String(found))
      }
    }),
  )

  it.effect("repeats with the same seed and differs with another", () =>
    Effect.gen(function* () {
      const three = [errors.transient, errors.transient, errors.transient]
      const first = yield* waits(Retry.fullJitter(), three, 1)
      assert.deepStrictEqual(yield* waits(Retry.fullJitter(), three, 1), first)
      assert.notDeepEqual(yield* waits(Retry.fullJitter(), three, 2), first)
    }),
  )

  it.effect("is drawn from the caller's randomness, also from a layer that was built elsewhere", () =>
    Effect.gen(function* () {
      const delays = (seed: number) =>
        Effect.gen(function* () {
          const stack = scripted([refused(errors.transient)]).model.pipe(Retry.schedule(Retry.standard))
          const built = yield* Random.withSeed(ResilientModel.callOf(stack), 0)
          const ask = deliver(built, request("stream"))
          const [, events] = yield* timePasses(observed(Random.withSeed(ask, seed)))
          return events.flatMap((event) => (event._tag === "RetryScheduled" ? [Duration.toMillis(event.delay)] : []))
        })
      assert.deepStrictEqual(yield* delays(7), yield* delays(7))
      assert.notDeepEqual(yield* delays(7), yield* delays(8))
    }),
  )

  it.effect("ends where a schedule has grown beyond all numbers", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.transient)])
      const { exit } = yield* call(model.model.pipe(Retry.schedule(Schedule.spaced(Duration.infinity))), "stream")
      assert.strictEqual(errorOf(exit), errors.transient)
      assert.lengthOf(model.requests, 1)
    }),
  )

  it.effect("starts anew for each call", () =>
    Effect.gen(function* () {
      const [, events] = yield* timePasses(
        observed(
          Effect.gen(function* () {
            const stack = scripted([refused(errors.transient)]).model.pipe(Retry.schedule(Retry.standard))
            for (const _ of [1, 2, 3]) yield* call(stack, "stream")
          }),
        ),
      )
      const delays = events.flatMap((event) =>
        event._tag === "RetryScheduled" ? [Duration.toMillis(event.delay)] : [],
      )
      assert.lengthOf(delays, 6)
      for (const [position, delay] of delays.entries()) assert.isAtMost(delay, position % 2 === 0 ? 500 : 1_000)
    }),
  )
})
