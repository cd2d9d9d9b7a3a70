import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { jitterCeiling, waitBeforeRetry } from "../../../src/internal/retry/state.ts"

const situation = {
  kind: "transient" as const,
  retryAfter: undefined,
  delay: 100,
  remaining: undefined,
  maxRetryAfter: 60_000,
}

describe("the wait before a retry", () => {
  const cases = [
    ["is the schedule's without a hint", {}, 100],
    ["is the hint where there is one", { retryAfter: 7 }, 7],
    ["is the schedule's when the hint is nothing", { retryAfter: 0 }, 100],
    ["is the schedule's when the hint lies in the past", { retryAfter: -5 }, 100],
    ["is the longest hint that is allowed", { retryAfter: 60_000 }, 60_000],
    ["is none beyond that", { retryAfter: 60_001 }, undefined],
    ["is none when it reaches the deadline", { remaining: 100 }, undefined],
    ["is made when it ends before the deadline", { remaining: 101 }, 100],
    ["is none when the hint reaches the deadline", { retryAfter: 500, remaining: 500 }, undefined],
    ["is none when no time is left", { delay: 0, remaining: 0 }, undefined],
  ] as const

  it.each(cases)("%s", (_, fields, expected) => {
    assert.strictEqual(waitBeforeRetry({ ...situation, ...fields }), expected)
  })

  it("never reaches the deadline", () => {
    const time = fc.integer({ min: 0, max: 100_000 })
    fc.assert(
      fc.property(time, time, fc.option(time, { nil: undefined }), (delay, remaining, retryAfter) => {
        const wait = waitBeforeRetry({ ...situation, delay, remaining, retryAfter })
        return wait === undefined || wait < remaining
      }),
    )
    assert.isUndefined(waitBeforeRetry({ ...situation, remaining: situation.delay }))
  })
})

describe("the ceiling of the jitter", () => {
  const backoff = { base: 500, throttledBase: 1_000, cap: 30_000 }

  it("doubles up to the cap", () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 8].map((retry) => jitterCeiling(backoff, "transient", retry))
    assert.deepStrictEqual(ceilings, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it("starts higher for a model that has too much to do", () => {
    assert.strictEqual(jitterCeiling(backoff, "throttled", 1), 1_000)
    assert.strictEqual(jitterCeiling(backoff, "overloaded", 2), 2_000)
  })

  it("stays finite without a cap", () => {
    assert.isTrue(Number.isFinite(jitterCeiling({ ...backoff, cap: Infinity }, "transient", 100_000)))
  })
})
