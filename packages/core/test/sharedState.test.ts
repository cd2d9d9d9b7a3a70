/**
 * What a policy with shared state does is the same, whether the state is in memory or in Redis.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Schedule, Scope } from "effect"

import * as Concurrency from "../src/Concurrency.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import * as Retry from "../src/Retry.ts"
import * as RetryBudget from "../src/RetryBudget.ts"
import { until } from "./breakerProcess.ts"
import { redisIsMissing, withRedis } from "./redis.ts"
import {
  answer,
  chunk,
  deliver,
  delta,
  errorOf,
  errors,
  finish,
  observed,
  refused,
  request,
  script,
  type Script,
  scripted,
  silent,
  wait,
} from "./scripted.ts"

// The policies look for their state in the context, and do without it where there is none; so the types do not ask for it.
const memory = Layer.mergeAll(Concurrency.layerMemory, ResponseCache.layerMemory(), RetryBudget.layerMemory)

const redis = (prefix: string) =>
  Layer.mergeAll(
    Concurrency.layerRedis({ prefix }),
    ResponseCache.layerRedis({ storeId: prefix }),
    RetryBudget.layerRedis({ prefix }),
  )

const inMemory = <A, E>(use: Effect.Effect<A, E, Scope.Scope>) => Effect.provide(Effect.scoped(use), memory)

const onRedis = <A, E>(use: Effect.Effect<A, E, Scope.Scope>) =>
  withRedis((prefix) => Effect.provide(Effect.scoped(use), redis(prefix)))

/** A model with policies that is built twice, as two parts of an application would. */
const twice = Effect.fnUntraced(function* <E>(
  scripts: ReadonlyArray<Script>,
  policies: (model: ResilientModel.ResilientModel<ResilientModel.CallFailure>) => ResilientModel.ResilientModel<E>,
) {
  const model = scripted(scripts)
  const scope = yield* Effect.scope
  const build = Effect.map(Scope.provide(ResilientModel.callOf(policies(model.model)), scope), (call) =>
    Effect.suspend(() => deliver(call, request("stream"))),
  )
  return { model, one: yield* build, other: yield* build }
})

const slow = script(wait(30), chunk(delta("a")), wait(10), chunk(finish()))

describe.each([
  ["in memory", inMemory, false],
  ["on Redis (REDIS_URL)", onRedis, redisIsMissing],
] as const)("state that is shared %s", (_, run, missing) => {
  it.live.skipIf(missing)("limits calls that are under way, of all who share it", () =>
    run(
      Effect.gen(function* () {
        const { model, one, other } = yield* twice([slow], Concurrency.limit(2, { queue: 20 }))
        let most = 0
        const watch = Effect.sync(() => void (most = Math.max(most, model.held)))
        yield* Effect.forkChild(Effect.forever(Effect.andThen(watch, Effect.sleep(2))))
        const asks = Array.from({ length: 6 }, (__, index) => (index % 2 === 0 ? one : other))
        const answers = yield* Effect.all(asks, { concurrency: "unbounded" })
        assert.isTrue(answers.every(({ exit }) => Exit.isSuccess(exit)))
        assert.deepStrictEqual([most, model.held, model.requests.length], [2, 0, 6])
      }),
    ),
  )

  it.live.skipIf(missing)("gives back the place of a call that fails or is given up", () =>
    run(
      Effect.gen(function* () {
        const scripts = [refused(errors.badRequest), silent, answer("b")]
        const { model, one, other } = yield* twice(scripts, Concurrency.limit(1))
        assert.strictEqual(errorOf((yield* one).exit)._tag, "AiError")
        const given = yield* Effect.forkChild(one)
        yield* until(() => model.requests.length === 2)
        yield* Fiber.interrupt(given)
        assert.strictEqual((yield* other).text, "b")
      }),
    ),
  )

  it.live.skipIf(missing)("turns away who finds the line full", () =>
    run(
      Effect.gen(function* () {
        const { one } = yield* twice([slow], Concurrency.limit(1, { queue: 1 }))
        const answers = yield* Effect.all([one, one, one], { concurrency: "unbounded" })
        assert.deepStrictEqual(
          answers.map(({ exit }) => (Exit.isSuccess(exit) ? "answered" : errorOf(exit)._tag)).toSorted(),
          ["ConcurrencyLimited", "answered", "answered"],
        )
      }),
    ),
  )

  it.live.skipIf(missing)("bounds the retries of all who share it", () =>
    run(
      Effect.gen(function* () {
        const { model, one, other } = yield* twice([refused(errors.transient)], (bare) =>
          bare.pipe(Retry.schedule(Schedule.recurs(2)), RetryBudget.ratio(0.1, { minRetries: 3 })),
        )
        const tags = yield* Effect.forEach([one, other, one, other], (ask) =>
          Effect.map(ask, ({ exit }) => errorOf(exit)._tag),
        )
        assert.deepStrictEqual(tags, [
          "AiError",
          "RetryBudgetExhausted",
          "RetryBudgetExhausted",
          "RetryBudgetExhausted",
        ])
        assert.lengthOf(model.requests, 4 + 3)
      }),
    ),
  )

  it.live.skipIf(missing)("keeps answers for all who share it", () =>
    run(
      Effect.gen(function* () {
        const cache = ResponseCache.exact({ scope: ResponseCache.shared, timeToLive: "1 minute" })
        const { model, one, other } = yield* twice([answer("a", "b"), answer("c")], cache)
        yield* one
        const [{ text }, events] = yield* observed(other)
        assert.deepStrictEqual([text, model.requests.length], ["ab", 1])
        assert.deepStrictEqual(
          events.map(({ _tag }) => _tag),
          ["CacheHit"],
        )
      }),
    ),
  )
})
