import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

import { atomic, ServerTime, redisLink } from "../../src/internal/redis.ts"
import * as SharedState from "../../src/SharedState.ts"
import { broken, fakeRedis, redisIsMissing, silent, slow, withRedis } from "../redis.ts"
import { observed } from "../scripted.ts"

const script = atomic<number>("return 1")
const call = { keys: ["{a}:1", "{a}:2"], args: ["x", 3] }

describe("a link to shared state", () => {
  it.effect("runs the script with its keys, the time and its arguments", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      const link = yield* Effect.provide(redisLink("Test"), redis.layer)
      redis.answers = Effect.succeed(7)
      assert.strictEqual(yield* link.ask(script, call), 7)
      yield* Effect.provideService(link.ask(script, call), ServerTime, 12)
      assert.deepStrictEqual(redis.commands, [
        ["EVALSHA", "sha", "2", "{a}:1", "{a}:2", "", "x", "3"],
        ["EVALSHA", "sha", "2", "{a}:1", "{a}:2", "12", "x", "3"],
      ])
      assert.strictEqual(link.prefix, "holdfast")
      assert.isFalse(link.refuses)
    }),
  )

  it.effect("has no answer while the server fails, asks it once a second, and finds it again", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      const link = yield* Effect.provide(redisLink("Test", { onUnavailable: SharedState.failClosed }), redis.layer)
      assert.isTrue(link.refuses)
      const [answers, events] = yield* observed(
        Effect.gen(function* () {
          redis.answers = broken
          const first = yield* link.ask(script, call)
          const second = yield* link.ask(script, call)
          yield* TestClock.adjust("1 second")
          const third = yield* link.ask(script, call)
          yield* TestClock.adjust("1 second")
          redis.answers = Effect.succeed(7)
          const fourth = yield* link.ask(script, call)
          return [first, second, third, fourth]
        }),
      )
      assert.deepStrictEqual(answers, [undefined, undefined, undefined, 7])
      assert.lengthOf(redis.commands, 3)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["SharedStateUnavailable", "SharedStateRecovered"],
      )
      assert.deepInclude(events[1], { policy: "Test" })
    }),
  )

  it.effect("waits no longer than its patience, also where it cannot be interrupted", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      const link = yield* Effect.provide(redisLink("Test", { timeout: "100 millis" }), redis.layer)
      redis.answers = silent
      const asked = yield* Effect.forkChild(Effect.uninterruptible(link.ask(script, call)))
      yield* TestClock.adjust("99 millis")
      assert.isUndefined(asked.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isUndefined(yield* Fiber.join(asked))
    }),
  )

  it.effect("lets one call try again while the others go on without", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      const link = yield* Effect.provide(redisLink("Test"), redis.layer)
      redis.answers = broken
      yield* link.ask(script, call)
      yield* TestClock.adjust("1 second")
      redis.answers = slow("200 millis", 7)
      const trying = yield* Effect.forkChild(link.ask(script, call))
      yield* TestClock.adjust(1)
      assert.isUndefined(yield* link.ask(script, call))
      yield* TestClock.adjust("200 millis")
      assert.strictEqual(yield* Fiber.join(trying), 7)
      assert.lengthOf(redis.commands, 2)
    }),
  )
})

describe.skipIf(redisIsMissing)("a script on Redis (REDIS_URL)", () => {
  it.effect("sees the time that a test sets, or the server's own", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const link = yield* redisLink("Test", { prefix })
        const time = atomic<string>(`redis.call("SET", KEYS[1], ARGV[2]) return tostring(now())`)
        const ask = link.ask(time, { keys: [`${prefix}:time`], args: ["x"] })
        assert.strictEqual(yield* Effect.provideService(ask, ServerTime, 12.5), "12.5")
        // Later than when this was written, and before the year 2100.
        assert.isTrue(Math.abs(Number(yield* ask) - 2.9e12) < 1.3e12)
      }),
    ),
  )
})
