import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"

import * as RateLimit from "../src/RateLimit.ts"
import * as SharedState from "../src/SharedState.ts"
import { built, guessed, using } from "./limited.ts"
import { broken, type FakeRedis, fakeRedis, redisIsMissing, silent, slow, withRedis } from "./redis.ts"
import { chunk, delta, errorOf, finish, hangs, observed, script, wait } from "./scripted.ts"

const placed = (redis: FakeRedis, options?: SharedState.RedisOptions) => ({
  limits: Layer.provide(RateLimit.layerRedis(options), redis.layer),
  pass: TestClock.adjust,
  resolution: 0,
})

const room = Effect.succeed(["1", "1000", "1", "1"])
const full = Effect.succeed(["0", "5000", "0"])
const evaluated = ({ commands }: FakeRedis) => commands.filter(([name]) => name === "EVALSHA").length

describe("a limit that is shared", () => {
  it.effect("asks once for a decision, and once more if there is something to settle", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      redis.answers = room
      const requests = yield* built(RateLimit.perMinute({ requests: 10 }), { place: placed(redis) })
      yield* Effect.replicateEffect(requests.ask, 5)
      assert.lengthOf(redis.commands, 5)
      const both = yield* built(RateLimit.perMinute({ requests: 10, tokens: 1_000 }), { place: placed(redis) })
      redis.commands.length = 0
      yield* both.ask
      assert.lengthOf(redis.commands, 2)
    }),
  )

  it.effect("asks for who is first in line alone, when his time has come", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      redis.answers = full
      const { ask } = yield* built(RateLimit.perMinute({ requests: 10 }), { place: placed(redis) })
      const fibers = yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.forkChild(ask))
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(evaluated(redis), 1)
      yield* TestClock.adjust("1300 millis")
      assert.strictEqual(evaluated(redis), 2)
      redis.answers = room
      yield* TestClock.adjust("5300 millis")
      assert.strictEqual(evaluated(redis), 52)
      yield* Effect.forEach(fibers, Fiber.join)
    }),
  )

  it.effect("asks again for who is first in line whenever something was given back", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      redis.answers = room
      const slowly = script(wait("1 second"), chunk(delta("a")), chunk(finish()))
      const limit = RateLimit.perMinute({ tokens: 1_000, ...guessed(500, 0) })
      const { ask } = yield* built(limit, { place: placed(redis), scripts: [slowly] })
      const first = yield* Effect.forkChild(ask)
      yield* TestClock.adjust("500 millis")
      const second = yield* Effect.forkChild(ask)
      yield* TestClock.adjust("100 millis")
      redis.answers = Effect.succeed(["0", "20000", "0"])
      const waiting = yield* Effect.forkChild(ask)
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(evaluated(redis), 3)
      // Each settles, and is followed by the question of the one that waits.
      yield* TestClock.adjust("300 millis")
      assert.strictEqual(evaluated(redis), 5)
      yield* TestClock.adjust("500 millis")
      assert.strictEqual(evaluated(redis), 7)
      yield* Effect.forEach([first, second, waiting], Fiber.interrupt)
    }),
  )

  it.effect("says nothing to Redis of headers that leave more than is known to be left", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      redis.answers = room
      const headers = { "x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "1s" }
      const { ask } = yield* built(RateLimit.perMinute({ requests: 10 }), {
        place: placed(redis),
        scripts: [{ ...using(1, 1), headers }],
      })
      yield* ask
      assert.strictEqual(evaluated(redis), 1)
      redis.answers = Effect.succeed(["1", "1000", "5"])
      yield* ask
      assert.strictEqual(evaluated(redis), 3)
    }),
  )

  it.effect("goes on by itself while Redis is lost, with the same rules, and comes back to it", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      redis.answers = broken
      const { ask } = yield* built(RateLimit.perMinute({ requests: 2, maxWait: 0 }), { place: placed(redis) })
      const [outcomes, events] = yield* observed(Effect.replicateEffect(ask, 3))
      assert.deepStrictEqual(
        outcomes.map(({ exit }) => Exit.isSuccess(exit)),
        [true, true, false],
      )
      assert.deepStrictEqual(events.filter(({ _tag }) => _tag === "SharedStateUnavailable").length, 1)
      yield* TestClock.adjust("2 seconds")
      redis.answers = room
      const [again, found] = yield* observed(ask)
      assert.isTrue(Exit.isSuccess(again.exit))
      assert.isTrue(found.some(({ _tag }) => _tag === "SharedStateRecovered"))
    }),
  )

  it.effect("refuses while Redis is lost, if it is to", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      redis.answers = silent
      const place = placed(redis, { onUnavailable: SharedState.failClosed, timeout: "100 millis" })
      const { ask, entries, model } = yield* built(RateLimit.perMinute({ requests: 2 }), { place })
      const asked = yield* Effect.forkChild(Effect.all([ask, ask], { concurrency: "unbounded" }))
      yield* TestClock.adjust("100 millis")
      for (const { exit } of yield* Fiber.join(asked)) {
        assert.deepInclude(errorOf(exit), { _tag: "RateLimited", dimension: "all", retryAfter: Duration.seconds(1) })
      }
      assert.lengthOf(model.requests, 0)
      yield* TestClock.adjust("2 minutes")
      assert.isTrue(entries.of("acme/acme-1 requests/60000", [], 0).isIdle(200_000))
    }),
  )

  it.effect("gives back what was taken for a caller who gave up meanwhile", () =>
    Effect.gen(function* () {
      const redis = fakeRedis()
      redis.answers = slow("50 millis", ["1", "1000", "1", "1"])
      const { ask, model } = yield* built(RateLimit.perMinute({ requests: 2 }), {
        place: placed(redis),
        scripts: [script(hangs)],
      })
      const asked = yield* Effect.forkChild(ask)
      yield* TestClock.adjust("10 millis")
      const interrupted = yield* Effect.forkChild(Fiber.interrupt(asked))
      yield* TestClock.adjust("40 millis")
      redis.answers = Effect.succeed([])
      yield* TestClock.adjust("50 millis")
      yield* Fiber.join(interrupted)
      assert.lengthOf(model.requests, 0)
      // The change of -1 request.
      assert.strictEqual(redis.commands[1]?.[8], "-1")
    }),
  )
})

const run = promisify(execFile)
const file = fileURLToPath(new URL("limitedProcess.ts", import.meta.url))

const limit = 300
const window = 1_000
const windows = 2

/** When four processes that ask as fast as they may were let through, by the server's clock. */
const fourProcesses = (prefix: string) =>
  Effect.gen(function* () {
    // The first window is for all of them to begin.
    const args = [file, prefix, String(limit), String(window), String(window * (windows + 1.4))]
    const processes = Array.from({ length: 4 }, () => Effect.promise(() => run(process.execPath, args)))
    const outputs = yield* Effect.all(processes, { concurrency: "unbounded" })
    const each = outputs.map(({ stdout }) => JSON.parse(stdout) as ReadonlyArray<number>)
    assert.isTrue(each.every((sent) => sent.length > 0))
    return each.flat().toSorted((a, b) => a - b)
  })

describe.skipIf(redisIsMissing)("four processes with one limit on Redis (REDIS_URL)", () => {
  it.live("use nearly all of it, and never more in any window", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const used: Array<number> = []
        // A machine that has too much to do wakes nobody in time, and that is not the limit's doing.
        while (used.length < 3 && !used.some((share) => share > 0.98)) {
          const sent = yield* fourProcesses(`${prefix}:${used.length}`)
          for (const [index, at] of sent.entries()) {
            const next = sent[index + limit]
            if (next !== undefined) assert.isAtLeast(next - at, window)
          }
          const [first, last] = [sent[limit], sent[limit * (windows + 1)]]
          assert.isDefined(first)
          used.push(last === undefined ? 0 : (windows * window) / (last - first))
        }
        // How much is left unused by the limit itself is proven in virtual time.
        assert.isAbove(Math.max(...used), 0.8)
      }),
    ),
  )
})
