/**
 * Processes that guard one model with a breaker, in memory or on Redis.
 */
import { assert } from "@effect/vitest"
import { Duration, Effect, type Exit, Layer, Schedule } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"

import * as Breaker from "../src/Breaker.ts"
import { ServerTime } from "../src/internal/redis.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import { answer, deliver, errorOf, errors, refused, request, type Script, scripted } from "./scripted.ts"

export const bad = refused(errors.transient)
export const good = answer("a")
export const key = "acme/acme-1"
const options: Breaker.Options = {
  trip: { consecutiveFailures: 4 },
  openFor: Schedule.spaced("10 seconds"),
  recovery: { lease: "5 seconds", ramp: 0 },
}

/** The server's time passes with that of the test. */
export const inTime = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  TestClock.testClockWith((clock) =>
    Effect.flatMap(clock.currentTimeMillis, (now) => Effect.provideService(self, ServerTime, 1_790_000_000_000 + now)),
  )

/** A process with circuits of its own, or with copies of its own, and one guarded model. */
export const started = Effect.fnUntraced(function* (
  layer: Layer.Layer<Breaker.Breakers>,
  scripts: ReadonlyArray<Script>,
) {
  const breakers = yield* Layer.build(layer)
  const model = scripted(scripts)
  const guarded = yield* Effect.provideContext(
    ResilientModel.callOf(model.model.pipe(Breaker.guard(options))),
    breakers,
  )
  const { set, status } = yield* Effect.provideContext(Breaker.Breakers, breakers)
  const ask = inTime(Effect.suspend(() => deliver(guarded, request("stream"))))
  return {
    ask,
    isAvailable: () => guarded.available?.(),
    model,
    phase: inTime(Effect.map(status, ([circuit]) => circuit?.phase)),
    set: (mode: Breaker.Mode) => inTime(set(key, mode)),
    times: (count: number) => Effect.replicateEffect(ask, count),
  }
})

/** Lets what is under way on real connections come to where it is expected. */
export const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (condition() ? Effect.void : Effect.andThen(turn, until(condition))))
const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

export const waitOf = (exit: Exit.Exit<unknown, unknown>) => {
  const error = errorOf(exit)
  assert.instanceOf(error, Breaker.CircuitOpen)
  return Duration.toMillis(error.retryAfter)
}

/** A server that counts the scripts that it runs, and can be lost. */
export const counted = (redis: Redis.Redis["Service"]) => {
  const evals = { count: 0, lost: false }
  const run: Redis.Redis["Service"]["eval"] =
    (wanted) =>
    (...params) =>
      Effect.suspend(() => {
        evals.count++
        return evals.lost ? Effect.fail(new Redis.RedisError({ cause: "lost" })) : redis.eval(wanted)(...params)
      })
  return { evals, counting: { ...redis, eval: run } }
}
