import { assert, describe, it } from "@effect/vitest"

import * as Distribution from "../src/Distribution.ts"
import { generator } from "../src/internal/seeded.ts"

const samples = (distribution: Distribution.Distribution): ReadonlyArray<number> => {
  const chance = generator(5)
  return Array.from({ length: 40_000 }, () => distribution.sample(chance)).toSorted((a, b) => a - b)
}

const at = (sorted: ReadonlyArray<number>, quantile: number): number =>
  sorted[Math.floor(quantile * sorted.length)] as number

const usual = Distribution.lognormal({ median: "500 millis", sigma: 0.5 })
const rare = Distribution.exponential("5 seconds")

const all: Readonly<Record<string, Distribution.Distribution>> = {
  constant: Distribution.constant("3 seconds"),
  exponential: rare,
  lognormal: usual,
  bimodal: Distribution.bimodal({ usual, rare, share: 0.1 }),
}

describe("a distribution", () => {
  for (const [name, distribution] of Object.entries(all)) {
    it(`${name} has the mean that it says it has, and nothing below 0 or without an end`, () => {
      const sorted = samples(distribution)
      const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
      assert.closeTo(mean / distribution.mean, 1, 0.02)
      assert.isTrue(sorted.every((value) => value >= 0 && Number.isFinite(value)))
    })
  }

  it("lognormal has its quantiles", () => {
    const sorted = samples(usual)
    assert.closeTo(at(sorted, 0.5), 500, 10)
    // 2.326 standard deviations.
    assert.closeTo(at(sorted, 0.99), 500 * Math.exp(0.5 * 2.326), 60)
  })

  it("exponential has its quantiles", () => {
    const sorted = samples(rare)
    assert.closeTo(at(sorted, 0.5), 5000 * Math.LN2, 100)
    assert.closeTo(at(sorted, 0.95), 5000 * Math.log(20), 400)
  })

  it("bimodal has as many rare ones as it says", () => {
    const distribution = Distribution.bimodal({
      usual: Distribution.constant("1 second"),
      rare: Distribution.constant("9 seconds"),
      share: 0.1,
    })
    const sorted = samples(distribution)
    assert.closeTo(sorted.filter((value) => value === 9000).length / sorted.length, 0.1, 0.005)
  })
})
