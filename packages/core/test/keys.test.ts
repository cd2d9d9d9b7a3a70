import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"

import { FairSemaphore, type Waiter } from "../src/internal/concurrency/state.ts"
import { memoryPermits, redisPermits } from "../src/internal/concurrency/store.ts"
import { memoryStore } from "../src/internal/responseCache/store.ts"
import { memoryStore as memoryBudgets, redisStore, type RetryBudgetStore } from "../src/internal/retryBudget/store.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Route from "../src/Route.ts"
import { fakeRedis } from "./redis.ts"
import { delta, request } from "./scripted.ts"

const many = 100_000

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Bytes that are in use when everything is collected that can be. */
const inUse = Effect.gen(function* () {
  // What depends on something that was collected goes in the next round.
  for (const _ of [1, 2, 3]) {
    collect()
    yield* turn
  }
  return process.memoryUsage().heapUsed
})

/** How much more is in use after very many keys than after a few. */
const growth = Effect.fnUntraced(function* (
  some: (keys: ReadonlyArray<string>) => Effect.Effect<void>,
  most: number = many,
) {
  const keys = (from: number, count: number) => Array.from({ length: count }, (_, index) => `key-${from + index}`)
  yield* some(keys(0, 2_000))
  const before = yield* inUse
  for (let from = 2_000; from < most; from += 2_000) yield* some(keys(from, 2_000))
  return (yield* inUse) - before
})

/** So little that a key leaves nothing behind: a string alone takes 16 bytes or more, an entry of a map as much again. */
const nothing = many * 15

const waiter = (tenant: string): Waiter => ({
  tenant,
  weight: 1,
  urgency: 1,
  granted: () => {},
  shed: () => {},
  sequence: 0,
  state: "waiting",
})

describe("a hundred thousand keys leave the memory where it was", () => {
  it.effect("tenants who wait at one limit", () =>
    Effect.gen(function* () {
      const gate = new FairSemaphore({ limit: 1, places: many, urgencies: 4 })
      const used = yield* growth((tenants) =>
        Effect.sync(() => {
          const all = tenants.map(waiter)
          for (const one of all) gate.join(one)
          for (const one of all) gate.leave(one)
        }),
      )
      assert.deepStrictEqual([gate.inUse, gate.waiting], [0, 0])
      assert.isBelow(used, nothing)
    }),
  )

  it.effect("limits that nobody uses any more", () =>
    Effect.gen(function* () {
      const permits = memoryPermits()
      const kept = permits.semaphoreOf("kept", { limit: 1, places: 1 })
      const used = yield* growth((keys) =>
        Effect.sync(() => {
          for (const key of keys) permits.semaphoreOf(key, { limit: 1, places: 1 })
        }),
      )
      assert.isBelow(used, nothing)
      assert.strictEqual(permits.semaphoreOf("kept", { limit: 1, places: 1 }), kept)
    }),
  )

  it.effect("permits of limits that are shared", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      redis.answers = Effect.succeed(1)
      const permits = yield* Effect.provide(redisPermits(), redis.layer)
      const used = yield* growth(
        (keys) =>
          Effect.forEach(
            keys,
            (key) => {
              const holder = { key, id: key, weight: 1 }
              redis.commands.length = 0
              return Effect.andThen(permits.take(holder, 1), permits.release(holder))
            },
            { discard: true },
          ),
        many / 10,
      )
      assert.isBelow(used, nothing / 10)
    }),
  )

  const funds: ReadonlyArray<readonly [string, Effect.Effect<RetryBudgetStore>]> = [
    ["in this process", Effect.sync(memoryBudgets)],
    ["that are shared", Effect.suspend(() => Effect.provide(redisStore(), fakeRedis().layer))],
  ]

  it.effect.each(funds)("budgets for retries %s that were not used for a window", ([, made]) =>
    Effect.gen(function* () {
      const store = yield* made
      const rules = { ratio: 0.1, minRetries: 3, window: 1_000 }
      let now = 0
      const used = yield* growth((keys) =>
        Effect.sync(() => {
          for (const key of keys) store.deposit(key, rules, now++)
        }),
      )
      assert.isBelow(used, nothing)
    }),
  )

  it.effect("answers that made room for others", () =>
    Effect.gen(function* () {
      const store = memoryStore(1_000)
      const used = yield* growth((keys) =>
        Effect.forEach(keys, (key) => Effect.andThen(store.get(key), store.set(key, [delta(key)], Duration.hours(1))), {
          discard: true,
        }),
      )
      assert.isBelow(used, nothing)
    }),
  )

  it.effect("keys of a route that keeps them with their model", () =>
    Effect.gen(function* () {
      const model = (name: string) =>
        ResilientModel.make(Effect.succeed({ provider: name, model: name, open: () => Effect.succeed(Stream.empty) }), {
          name,
          settings: {},
        })
      const call = yield* ResilientModel.callOf(Route.sticky([model("a"), model("b")]))
      const asked = request("generate")
      const used = yield* growth((tenants) =>
        Effect.forEach(tenants, (tenant) => RequestContext.annotate(Effect.scoped(call.open(asked)), { tenant }), {
          discard: true,
        }),
      )
      assert.isBelow(used, nothing)
    }),
  )
})
