import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Random, Schedule } from "effect"

import * as Breaker from "../src/Breaker.ts"
import { openingDelay } from "../src/internal/breaker/openFor.ts"

describe("openFor", () => {
  it.effect("grows by a twentieth, up to half a minute, less up to half at random", () =>
    Effect.gen(function* () {
      const next = yield* Schedule.toStep(Breaker.openFor)
      for (let opening = 0; opening < 80; opening++) {
        const most = Math.min(30_000, 1_000 * 1.05 ** opening)
        const [, open] = yield* next(0, undefined)
        assert.isAtMost(Duration.toMillis(open), Math.round(most))
        assert.isAtLeast(Duration.toMillis(open), Math.round(most / 2))
      }
    }),
  )

  it.effect("has grown to 5 seconds at most in an outage of a minute", () =>
    Effect.gen(function* () {
      const next = yield* Schedule.toStep(Breaker.openFor)
      let lasted = 0
      let longest = 0
      while (lasted < 60_000) {
        const opened = Duration.toMillis((yield* next(0, undefined))[1])
        longest = Math.max(longest, opened)
        lasted += opened
      }
      assert.isBelow(longest, 5_500)
    }).pipe(Random.withSeed(1)),
  )

  it.effect("is looked up as far as it goes, and no further than a hundred openings", () =>
    Effect.gen(function* () {
      const grows = Schedule.fromStep(
        Effect.sync(() => {
          let steps = 0
          return () =>
            Effect.sync((): [Duration.Duration, Duration.Duration] => [Duration.zero, Duration.seconds(++steps)])
        }),
      )
      assert.strictEqual(yield* openingDelay(grows, 3), 3_000)
      assert.strictEqual(yield* openingDelay(grows, 1_000_000), 100_000)
      assert.strictEqual(yield* openingDelay(Schedule.upTo(grows, { times: 2 }), 50), 2_000)
    }),
  )
})
