import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import * as Choice from "../../../src/internal/route/state.ts"

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const costs = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 })

describe("a choice by weight", () => {
  it("falls to each by its share of all weights", () => {
    const weights = [1, 0, 3]
    const found = [0, 0.2499, 0.25, 0.99].map((value) => Choice.weighted(weights, value))
    assert.deepStrictEqual(found, [0, 0, 2, 2])
  })

  it("never falls to one without weight while others have some", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1 }), chance, (weights, value) => {
        fc.pre(weights.some((weight) => weight > 0))
        assert.isAbove(weights[Choice.weighted(weights, value)] ?? 0, 0)
      }),
      { seed: 1 },
    )
  })
})

describe("the better of two", () => {
  it("is one of them, two different ones where there are two, and never the worst of three or more alone", () => {
    fc.assert(
      fc.property(costs, chance, chance, (all, first, second) => {
        const found = Choice.ofTwo(all, [first, second])
        assert.isDefined(all[found])
        const unique = all.length > 1 && all.filter((cost) => cost === Math.max(...all)).length === 1
        if (unique) assert.isBelow(all[found] ?? Infinity, Math.max(...all))
      }),
      { seed: 2, numRuns: 1_000 },
    )
  })
})

describe("the expected wait", () => {
  it("jumps to a peak and comes down with time", () => {
    const low = Choice.observed(undefined, 100, 0)
    const peak = Choice.observed(low, 5_000, 1_000)
    assert.strictEqual(peak.value, 5_000)
    const soon = Choice.observed(peak, 100, 2_000)
    assert.isAbove(soon.value, 4_000)
    assert.isBelow(Choice.observed(soon, 100, 62_000).value, 120)
  })

  it("is always between what was seen", () => {
    const samples = fc.array(fc.record({ sample: fc.nat(10_000), wait: fc.nat(60_000) }), { minLength: 1 })
    fc.assert(
      fc.property(samples, (all) => {
        let peak: Choice.Peak | undefined
        let now = 0
        for (const { sample, wait } of all) peak = Choice.observed(peak, sample, (now += wait))
        const seen = all.map(({ sample }) => sample)
        assert.isAtLeast(peak?.value ?? -1, Math.min(...seen) - 1e-6)
        assert.isAtMost(peak?.value ?? Infinity, Math.max(...seen) + 1e-6)
      }),
      { seed: 3 },
    )
  })

  it("grows with what is under way, and is nothing for one that was never asked", () => {
    assert.strictEqual(Choice.expected({ value: 10, at: 0 }, 3), 40)
    assert.strictEqual(Choice.expected(undefined, 3), 0)
  })
})

describe("belonging", () => {
  const names = ["a", "b", "c", "d"]
  const keys = Array.from({ length: 4_000 }, (_, index) => `tenant-${index}`)

  it("spreads keys evenly", () => {
    const counts = names.map((_, index) => keys.filter((key) => Choice.owner(key, names) === index).length)
    for (const count of counts) assert.approximately(count, 1_000, 120)
  })

  it("moves only the keys of the one that drops out", () => {
    const without = names.filter((name) => name !== "b")
    const moved = keys.filter((key) => names[Choice.owner(key, names)] !== without[Choice.owner(key, without)])
    assert.isTrue(moved.every((key) => names[Choice.owner(key, names)] === "b"))
  })
})
