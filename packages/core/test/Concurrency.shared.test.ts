import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"

import * as Concurrency from "../src/Concurrency.ts"
import { redisPermits } from "../src/internal/concurrency/store.ts"
import { ServerTime } from "../src/internal/redis.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as SharedState from "../src/SharedState.ts"
import { broken, fakeRedis, redisIsMissing, withRedis } from "./redis.ts"
import { answer, chunk, deliver, delta, errorOf, finish, request, script, scripted, wait } from "./scripted.ts"

const slow = script(wait(20), chunk(delta("a")), wait(20), chunk(finish()))

const built = (model: ReturnType<typeof scripted>, limit: number, options?: Concurrency.Options) =>
  Effect.map(ResilientModel.callOf(model.model.pipe(Concurrency.limit(limit, { queue: 1_000, ...options }))), (call) =>
    Effect.suspend(() => deliver(call, request("stream"))),
  )

const all = (asks: ReadonlyArray<Effect.Effect<unknown>>) => Effect.all(asks, { concurrency: "unbounded" })

describe("limits of an application", () => {
  it.effect("are one for all models with the same key", () =>
    Effect.gen(function* () {
      const [one, other] = [scripted([slow]), scripted([slow], { name: "other" })]
      const options = { key: () => "all" }
      const asks = [yield* built(one, 2, options), yield* built(other, 2, options)]
      const fiber = yield* Effect.forkChild(all(asks.flatMap((ask) => [ask, ask])))
      yield* TestClock.adjust(1)
      assert.strictEqual(one.held + other.held, 2)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual([one.requests.length, other.requests.length], [2, 2])
    }).pipe(Effect.provide(Concurrency.layerMemory)),
  )

  it.effect("hold in this process while Redis is lost, or refuse", () =>
    Effect.gen(function* () {
      for (const onUnavailable of [SharedState.local, SharedState.failClosed]) {
        const redis = fakeRedis()
        redis.answers = broken
        const limits = yield* Layer.build(
          Concurrency.layerRedis({ onUnavailable: onUnavailable }).pipe(Layer.provide(redis.layer)),
        )
        const model = scripted([answer("a")])
        const ask = yield* Effect.provideContext(built(model, 1), limits)
        const exits = [(yield* ask).exit, (yield* ask).exit]
        assert.isTrue(exits.every((exit) => Exit.isSuccess(exit) === (onUnavailable === SharedState.local)))
        if (onUnavailable === SharedState.failClosed) assert.strictEqual(errorOf(exits[0]!)._tag, "ConcurrencyLimited")
        assert.strictEqual(model.held, 0)
      }
    }),
  )
})

describe.skipIf(redisIsMissing)("a limit on Redis (REDIS_URL)", () => {
  const processes = (prefix: string, count: number) =>
    Effect.forEach(Array.from({ length: count }), () => Layer.build(Layer.fresh(Concurrency.layerRedis({ prefix }))))

  it.live("holds over all processes, and lets everybody in", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const models = [scripted([slow]), scripted([slow]), scripted([slow])]
        let most = 0
        const asks = yield* Effect.forEach(yield* processes(prefix, 3), (limits, index) =>
          Effect.provideContext(built(models[index]!, 4), limits),
        )
        const underWay = () => models.reduce((sum, { held }) => sum + held, 0)
        const watch = Effect.sync(() => void (most = Math.max(most, underWay())))
        yield* Effect.forkChild(Effect.forever(Effect.andThen(watch, Effect.sleep(1))))
        yield* all(asks.flatMap((ask) => Array.from({ length: 10 }, () => ask)))
        assert.isAtMost(most, 4)
        assert.isAtLeast(most, 3)
        assert.strictEqual(
          models.reduce((sum, { requests }) => sum + requests.length, 0),
          30,
        )
      }),
    ),
  )

  it.live("takes several places at once or none, and gives back those of a process that died", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const permits = yield* redisPermits({ prefix })
        const take = (id: string, weight: number, at: number) =>
          permits.take({ key: "k", id, weight }, 3).pipe(
            Effect.timeoutOption(50),
            Effect.provideService(ServerTime, at),
            Effect.map(({ _tag }) => _tag),
          )
        assert.strictEqual(yield* take("a", 2, 1_000), "Some")
        assert.strictEqual(yield* take("b", 2, 1_000), "None")
        assert.strictEqual(yield* take("c", 1, 1_000), "Some")
        yield* Effect.provideService(permits.release({ key: "k", id: "a", weight: 2 }), ServerTime, 1_000)
        assert.strictEqual(yield* take("b", 2, 1_000), "Some")
        assert.strictEqual(yield* take("d", 1, 30_999), "None")
        assert.strictEqual(yield* take("d", 1, 31_000), "Some")
      }),
    ),
  )

  it.live("keeps the places of a process that is heard of", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const permits = yield* redisPermits({ prefix })
        const at = (time: number) => Effect.provideService(ServerTime, time)
        yield* permits.take({ key: "k", id: "a", weight: 1 }, 1).pipe(at(1_000))
        yield* permits.renew.pipe(at(20_000))
        const other = permits.take({ key: "k", id: "b", weight: 1 }, 1).pipe(Effect.timeoutOption(50))
        assert.strictEqual((yield* other.pipe(at(40_000)))._tag, "None")
        assert.strictEqual((yield* other.pipe(at(51_000)))._tag, "Some")
      }),
    ),
  )
})

describe.skipIf(redisIsMissing)("a server that comes back empty, on Redis (REDIS_URL)", () => {
  it.live("is told of the places that are still held, and of no others", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const permits = yield* redisPermits({ prefix })
        const redis = yield* Redis.Redis
        const key = `${prefix}:concurrency:k`
        const [a, b] = [
          { key: "k", id: "a", weight: 2 },
          { key: "k", id: "b", weight: 1 },
        ]
        yield* permits.take(a, 2)
        const waiting = yield* Effect.forkChild(permits.take(b, 2), { startImmediately: true })
        yield* redis.send("DEL", key)
        yield* Fiber.interrupt(waiting)
        yield* permits.release(b)
        yield* redis.send("DEL", key)
        yield* permits.renew
        assert.deepStrictEqual(yield* redis.send<ReadonlyArray<string>>("ZRANGE", key, "0", "-1"), ["a:1", "a:2"])
        yield* permits.release(a)
        yield* permits.renew
        assert.deepStrictEqual(yield* redis.send<ReadonlyArray<string>>("ZRANGE", key, "0", "-1"), [])
      }),
    ),
  )
})
