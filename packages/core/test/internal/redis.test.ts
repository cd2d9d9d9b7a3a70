/**
 * What counts as a lost Redis, and which keys are one.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"

import { atomic, redisLink } from "../../src/internal/redis.ts"
import * as ResilientModel from "../../src/ResilientModel.ts"
import * as ResponseCache from "../../src/ResponseCache.ts"
import { broken, fakeRedis, redisIsMissing, silent, withRedis } from "../redis.ts"
import { answer, deliver, observed, request, scripted } from "../scripted.ts"

const count = atomic<number>(`return redis.call("INCR", KEYS[1])`)

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** Keeps the event loop from its work, as a large computation does, but leaves the processor to other tests. */
const busy = (millis: number) => Effect.sync(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis))

describe.skipIf(redisIsMissing)("a process that is busy, on Redis (REDIS_URL)", () => {
  it.live("has not lost it", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const link = yield* redisLink("test", { prefix, timeout: "250 millis" })
        const ask = link.ask(count, { keys: [`${prefix}:busy`], args: [] })
        yield* ask
        for (const [index, stall] of [10, 100, 240, 260, 300, 500, 1_000, 2_000].entries()) {
          const [[counted], events] = yield* observed(
            Effect.all([ask, Effect.delay(busy(stall), 0)], { concurrency: "unbounded" }),
          )
          assert.deepStrictEqual([counted, events], [index + 2, []], `after ${stall} ms`)
        }
      }),
    ),
  )
})

describe.skipIf(redisIsMissing)("keys on Redis (REDIS_URL)", () => {
  it.live("are as many as in memory, also with lone surrogates", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const link = yield* redisLink("test", { prefix })
        const tenants = ["\ud800", "\ud801", "\udc00", "\ufffd", "\\ud800", '"\\ud800"', "a\ud800", "😀"]
        for (const round of [1, 2]) {
          for (const tenant of tenants) {
            assert.strictEqual(yield* link.ask(count, { keys: [`${prefix}:${tenant}`], args: [] }), round)
          }
        }
        // Not all of them begin with the prefix, by which the others are deleted.
        const redis = yield* Redis.Redis
        const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", `"${prefix}*`)
        yield* redis.send("DEL", ...keys)
      }),
    ),
  )
})

describe("a cache whose Redis is lost", () => {
  it.effect("is told once, and does not make calls wait, until it is asked again after a second", () =>
    Effect.gen(function* () {
      for (const lost of [silent, broken]) {
        const redis = fakeRedis()
        redis.answers = lost
        const caches = yield* Layer.build(
          ResponseCache.layerRedis({ timeout: "200 millis" }).pipe(Layer.provide(redis.layer)),
        )
        const model = scripted([answer("a")])
        const cached = model.model.pipe(ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 minute" }))
        const call = yield* Effect.provideContext(ResilientModel.callOf(cached), caches)
        const ask = Effect.suspend(() => deliver(call, request("generate")))
        const [, events] = yield* observed(
          Effect.gen(function* () {
            const first = yield* Effect.forkChild(ask, { startImmediately: true })
            // The name of a request is computed by another thread.
            yield* Effect.repeat(turn, { until: () => redis.commands.length > 0 })
            yield* TestClock.adjust("200 millis")
            yield* Fiber.join(first)
            const before = redis.commands.length
            // Nothing passes on the clock: nobody waits.
            yield* ask
            yield* ask
            assert.lengthOf(redis.commands, before)
            redis.answers = Effect.succeed(null)
            yield* TestClock.adjust("1 second")
            yield* ask
            assert.isAbove(redis.commands.length, before)
          }),
        )
        const told = events.map(({ _tag }) => _tag).filter((tag) => tag.startsWith("SharedState"))
        assert.deepStrictEqual(told, ["SharedStateUnavailable", "SharedStateRecovered"])
        assert.lengthOf(model.requests, 4)
      }
    }),
  )
})
