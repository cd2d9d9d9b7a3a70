import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Redis } from "effect/persistence"
import * as fc from "fast-check"

import { redisWindow } from "../../../src/internal/rateLimit/redis.ts"
import * as SlidingWindow from "../../../src/internal/rateLimit/state.ts"
import { ServerTime } from "../../../src/internal/redis.ts"
import { redisIsMissing, withRedis } from "../../redis.ts"
import { everything, scenarios } from "./usageCommands.ts"

describe.skipIf(redisIsMissing)("an account of use on Redis (REDIS_URL)", () => {
  it.effect("answers everything as the one in memory does", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const shared = yield* redisWindow({ prefix, timeout: "10 seconds" })
        let answers = 0
        for (const [number, { commands, rules }] of fc
          .sample(scenarios(everything, 60), { numRuns: 150, seed: 3 })
          .entries()) {
          let now = 1_750_000_000_000.25
          const key = String(number)
          const account = SlidingWindow.make(rules, now)
          const taken: Array<{ readonly at: number; readonly costs: ReadonlyArray<number> }> = []
          for (const command of commands) {
            const atTime = <A>(self: Effect.Effect<A>) => Effect.provideService(self, ServerTime, now)
            if (command._tag === "Wait") now += command.millis
            else if (command._tag === "Back") now -= command.millis
            else if (command._tag === "Take") {
              const refusal = SlidingWindow.take(account, rules, command.costs, now)
              const left = rules.map((_, index) => SlidingWindow.remainingAt(account, rules, index, now))
              if (refusal === undefined) taken.push({ at: now, costs: command.costs })
              const answer = yield* atTime(shared.take(key, rules, command.costs))
              assert.deepStrictEqual(answer, refusal ?? { at: now, left })
              answers++
            } else {
              const call = taken[command.which % Math.max(1, taken.length)] ?? { at: now, costs: [] }
              const said: SlidingWindow.Report = {
                at: call.at,
                changes:
                  command._tag === "Settle"
                    ? call.costs.map((cost, index) => cost * ((command.shares[index] ?? 1) - 1))
                    : [],
                hints:
                  command._tag === "Told"
                    ? [{ ...command, remaining: Math.floor(command.share * 10) }].map(
                        ({ dimension, remaining, reset }) => ({ dimension, remaining, reset }),
                      )
                    : [],
                throttled: command._tag === "Throttled" ? { hint: command.hint } : undefined,
              }
              const expected = SlidingWindow.report(account, rules, said, now)
              assert.deepStrictEqual(yield* atTime(shared.report(key, rules, said)), expected)
              answers++
            }
          }
        }
        assert.isAbove(answers, 1_000)
      }),
    ),
  )

  it.effect("is forgotten when nothing in it counts any more", () =>
    withRedis((prefix) =>
      Effect.gen(function* () {
        const shared = yield* redisWindow({ prefix })
        const redis = yield* Redis.Redis
        const rules = [{ name: "requests", limit: 10, window: 60_000 }]
        yield* shared.take("a", rules, [1])
        const life = Number(yield* redis.send("PTTL", `${prefix}:limit:a`))
        assert.isTrue(life > 59_000 && life <= 60_001)
        yield* shared.report("a", rules, { at: 0, changes: [], hints: [], throttled: { hint: 300_000 } })
        assert.isAbove(Number(yield* redis.send("PTTL", `${prefix}:limit:a`)), 290_000)
      }),
    ),
  )
})
