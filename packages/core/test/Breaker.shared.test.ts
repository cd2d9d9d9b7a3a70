import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, type Scope } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"

import * as Breaker from "../src/Breaker.ts"
import { bad, counted, good, inTime, key, started, until, waitOf } from "./breakerProcess.ts"
import { redisIsMissing, withRedis } from "./redis.ts"
import { chunk, delta, errorOf, errors, fails, observed, script, silent } from "./scripted.ts"

const inMemory = <A, E>(use: (layer: Layer.Layer<Breaker.Breakers>) => Effect.Effect<A, E, Scope.Scope>) =>
  use(Breaker.layerMemory)

/** The clock of a test runs ahead of real connections, so nobody loses patience. */
const onRedis = <A, E>(use: (layer: Layer.Layer<Breaker.Breakers>) => Effect.Effect<A, E, Scope.Scope>) =>
  withRedis((prefix) =>
    Effect.flatMap(Redis.Redis, (redis) =>
      use(Layer.provide(Breaker.layerRedis({ prefix, timeout: "1 day" }), Layer.succeed(Redis.Redis, redis))),
    ),
  )

const suite = (within: typeof inMemory) => {
  it.effect("opens after failures, and refuses for as long as it is open", () =>
    within((layer) =>
      Effect.gen(function* () {
        const { ask, isAvailable, phase, model, times } = yield* started(layer, [bad])
        yield* times(3)
        assert.strictEqual(yield* phase, "closed")
        yield* ask
        assert.strictEqual(yield* phase, "open")
        assert.isFalse(isAvailable())
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual(waitOf((yield* ask).exit), 6_000)
        assert.lengthOf(model.requests, 4)
      }),
    ),
  )

  it.effect("closes at two of three probes, and opens again at two that fail", () =>
    within((layer) =>
      Effect.gen(function* () {
        const { ask, phase, times } = yield* started(layer, [bad, bad, bad, bad, bad, bad, good, bad, good])
        yield* times(4)
        yield* TestClock.adjust("10 seconds")
        yield* times(2)
        assert.strictEqual(yield* phase, "open")
        yield* TestClock.adjust("10 seconds")
        yield* times(2)
        assert.strictEqual(yield* phase, "halfOpen")
        yield* ask
        assert.strictEqual(yield* phase, "closed")
      }),
    ),
  )

  it.effect("lets exactly its probes through, of a thousand callers, and others after their lease", () =>
    within((layer) =>
      Effect.gen(function* () {
        const { ask, model, times } = yield* started(layer, [bad, bad, bad, bad, silent])
        yield* times(4)
        yield* TestClock.adjust("10 seconds")
        let refusals = 0
        const crowd = Effect.forEach(
          Array.from({ length: 1_000 }),
          () => Effect.tap(ask, () => Effect.sync(() => void refusals++)),
          { concurrency: "unbounded", discard: true },
        )
        const first = yield* Effect.forkChild(crowd)
        yield* until(() => refusals === 997)
        assert.lengthOf(model.requests, 7)
        yield* TestClock.adjust("5 seconds")
        const second = yield* Effect.forkChild(crowd)
        yield* until(() => refusals === 2 * 997)
        assert.lengthOf(model.requests, 10)
        yield* Effect.forEach([first, second], Fiber.interrupt)
      }),
    ),
  )

  it.effect("gives the place of a probe back that is interrupted", () =>
    within((layer) =>
      Effect.gen(function* () {
        const { ask, phase, model, times } = yield* started(layer, [bad, bad, bad, bad, silent, silent, silent, good])
        yield* times(4)
        yield* TestClock.adjust("10 seconds")
        const probes = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(ask))
        yield* until(() => model.requests.length === 7)
        waitOf((yield* ask).exit)
        yield* Effect.forEach(probes, Fiber.interrupt)
        yield* times(2)
        assert.strictEqual(yield* phase, "closed")
      }),
    ),
  )

  it.effect("gives it back also when that happens while it is being let through", () =>
    within((layer) =>
      Effect.gen(function* () {
        const { ask, phase, times } = yield* started(layer, [bad, bad, bad, bad, good])
        yield* times(4)
        yield* TestClock.adjust("10 seconds")
        for (let turns = 0; turns < 4; turns++) {
          const probe = yield* Effect.forkChild(ask, { startImmediately: true })
          // Fewer than a probe needs on Redis. In memory it has its verdict at once.
          yield* Effect.replicateEffect(Effect.yieldNow, turns)
          yield* Fiber.interrupt(probe)
        }
        yield* times(2)
        assert.strictEqual(yield* phase, "closed")
      }),
    ),
  )

  it.effect("counts streams that break, and can be set", () =>
    within((layer) =>
      Effect.gen(function* () {
        const breaks = script(chunk(delta("a")), fails(errors.broken))
        const { ask, isAvailable, phase, set, times } = yield* started(layer, [breaks])
        yield* times(4)
        assert.strictEqual(yield* phase, "open")
        yield* set("observing")
        assert.strictEqual(errorOf((yield* ask).exit), errors.broken)
        yield* set("forcedOpen")
        assert.strictEqual(waitOf((yield* ask).exit), 60_000)
        assert.isFalse(isAvailable())
        assert.isTrue(yield* set("normal"))
        assert.isTrue(isAvailable())
        assert.strictEqual(yield* phase, "closed")
      }),
    ),
  )
}

describe("a breaker in memory", () => {
  suite(inMemory)
})

describe.skipIf(redisIsMissing)("a breaker on Redis (REDIS_URL)", () => {
  suite(onRedis)

  it.effect("is one for two processes", () =>
    onRedis((layer) =>
      Effect.gen(function* () {
        const one = yield* started(layer, [bad, bad, silent])
        const two = yield* started(layer, [bad, bad, good, silent, good])
        const [, events] = yield* observed(Effect.all([one.times(2), two.times(2)]))
        assert.deepStrictEqual(
          events.filter(({ _tag }) => _tag === "CircuitChanged"),
          [{ _tag: "CircuitChanged", key, sequence: 1, from: "closed", to: "open" }],
        )
        // The other one hears of it with its next call.
        assert.isTrue(one.isAvailable())
        const [refusal, heard] = yield* observed(one.ask)
        assert.strictEqual(waitOf(refusal.exit), 10_000)
        assert.deepStrictEqual(
          heard.map(({ _tag }) => _tag),
          ["CircuitChanged", "Refused"],
        )
        assert.isFalse(one.isAvailable())
        yield* TestClock.adjust("10 seconds")
        // Three probes over both: one that answers, and two that hang.
        yield* two.ask
        const hanging = yield* Effect.forEach([one, two], ({ ask }) => Effect.forkChild(ask))
        yield* until(() => one.model.requests.length + two.model.requests.length === 7)
        assert.strictEqual(waitOf((yield* one.ask).exit), 5_000)
        assert.strictEqual(waitOf((yield* two.ask).exit), 5_000)
        yield* Effect.forEach(hanging, Fiber.interrupt)
        yield* two.ask
        assert.strictEqual(yield* one.phase, "closed")
      }),
    ),
  )

  it.effect("is set for all processes, and looked up by those that are never asked", () =>
    onRedis((layer) =>
      Effect.gen(function* () {
        const one = yield* started(layer, [good])
        const two = yield* started(layer, [good])
        yield* one.set("forcedOpen")
        waitOf((yield* two.ask).exit)
        assert.isFalse(two.isAvailable())
        yield* one.set("normal")
        assert.isFalse(two.isAvailable())
        yield* TestClock.adjust("1 second")
        yield* until(() => two.isAvailable() === true)
      }),
    ),
  )

  it.effect("can be set by a process that has no such model", () =>
    onRedis((layer) =>
      Effect.gen(function* () {
        const { ask } = yield* started(layer, [good])
        yield* ask
        const { set } = yield* Effect.provide(Breaker.Breakers, layer)
        assert.isTrue(yield* inTime(set(key, "forcedOpen")))
        assert.isFalse(yield* inTime(set("no such key", "forcedOpen")))
        waitOf((yield* ask).exit)
      }),
    ),
  )

  it.effect("takes one round trip for each decision, and its keys expire", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const redis = yield* Redis.Redis
        const { counting, evals } = counted(redis)
        const layer = Layer.provide(Breaker.layerRedis({ prefix }), Layer.succeed(Redis.Redis, counting))
        const { ask } = yield* started(layer, [good, bad])
        yield* ask
        // Admitted, begun, completed.
        assert.strictEqual(evals.count, 3)
        yield* ask
        assert.strictEqual(evals.count, 5)
        const expires = yield* redis.send<number>("PTTL", `${prefix}:breaker:${key}`)
        assert.isTrue(expires > 3_600_000 && expires <= 3_660_000)
      }),
    ),
  )
})
