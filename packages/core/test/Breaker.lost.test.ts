import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, type Scope } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"

import * as Breaker from "../src/Breaker.ts"
import * as SharedState from "../src/SharedState.ts"
import { bad, counted, good, started, until, waitOf } from "./breakerProcess.ts"
import { redisIsMissing, withRedis } from "./redis.ts"
import { observed, silent } from "./scripted.ts"

describe.skipIf(redisIsMissing)("a breaker whose Redis is lost (REDIS_URL)", () => {
  const losing = <A, E>(
    configured: SharedState.RedisOptions,
    use: (layer: Layer.Layer<Breaker.Breakers>, evals: { lost: boolean }) => Effect.Effect<A, E, Scope.Scope>,
  ) =>
    withRedis((prefix) =>
      Effect.flatMap(Redis.Redis, (redis) => {
        const { counting, evals } = counted(redis)
        const layer = Breaker.layerRedis({ prefix, timeout: "1 day", ...configured })
        return use(Layer.provide(layer, Layer.succeed(Redis.Redis, counting)), evals)
      }),
    )

  it.effect("goes on by itself from what it knew, and by the shared state when that is back", () =>
    losing({}, (layer, evals) =>
      Effect.gen(function* () {
        const { ask, isAvailable, phase, times } = yield* started(layer, [
          bad,
          bad,
          bad,
          bad,
          good,
          good,
          bad,
          bad,
          bad,
          bad,
          good,
        ])
        yield* times(4)
        evals.lost = true
        const [refusal, events] = yield* observed(ask)
        assert.strictEqual(waitOf(refusal.exit), 10_000)
        assert.deepStrictEqual(
          events.map(({ _tag }) => _tag),
          ["SharedStateUnavailable", "Refused"],
        )
        yield* TestClock.adjust("10 seconds")
        yield* times(2)
        assert.strictEqual(yield* phase, "closed")
        yield* times(4)
        assert.strictEqual(yield* phase, "open")
        evals.lost = false
        yield* TestClock.adjust("1 second")
        // The shared circuit was opened before that, and its time is over.
        yield* until(() => isAvailable() === true)
        yield* ask
        assert.strictEqual(yield* phase, "halfOpen")
      }),
    ),
  )

  it.effect("refuses, where that was asked for", () =>
    losing({ onUnavailable: SharedState.failClosed }, (layer, evals) =>
      Effect.gen(function* () {
        const { ask, model } = yield* started(layer, [good])
        evals.lost = true
        assert.strictEqual(waitOf((yield* ask).exit), 1_000)
        assert.lengthOf(model.requests, 0)
        evals.lost = false
        yield* TestClock.adjust("1 second")
        assert.isTrue(Exit.isSuccess((yield* ask).exit))
      }),
    ),
  )

  it.effect("gives the places of probes back after their lease that could not be heard of", () =>
    losing({}, (layer, evals) =>
      Effect.gen(function* () {
        const { ask, phase, model, times } = yield* started(layer, [bad, bad, bad, bad, silent, silent, silent, good])
        yield* times(4)
        yield* TestClock.adjust("10 seconds")
        const probes = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(ask))
        yield* until(() => model.requests.length === 7)
        evals.lost = true
        yield* Effect.forEach(probes, Fiber.interrupt)
        evals.lost = false
        yield* TestClock.adjust("1 second")
        assert.strictEqual(waitOf((yield* ask).exit), 4_000)
        yield* TestClock.adjust("4 seconds")
        yield* times(2)
        assert.strictEqual(yield* phase, "closed")
      }),
    ),
  )
})
