import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import * as HedgeAllowance from "../../../src/internal/hedge/state.ts"

describe("an allowance for hedges", () => {
  it("knows the quantiles of the last hundred samples", () => {
    const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 300, size: "max" })
    fc.assert(
      fc.property(times, fc.double({ min: 0.01, max: 1, noNaN: true }), (samples, share) => {
        const allowance = samples.reduce(HedgeAllowance.addSample, HedgeAllowance.initial)
        const last = samples.slice(-100).toSorted((a, b) => a - b)
        const expected = last.length < 20 ? undefined : last[Math.ceil(share * last.length) - 1]
        assert.strictEqual(HedgeAllowance.quantile(allowance, share, 20), expected)
      }),
      { numRuns: 1_000 },
    )
  })

  it("allows no more than the share of the calls, one at once, and ten that were saved", () => {
    const command = fc.constantFrom("call", "hedge", "hedge")
    fc.assert(
      fc.property(fc.array(command, { maxLength: 400, size: "max" }), (commands) => {
        let allowance = HedgeAllowance.initial
        let [calls, hedges] = [0, 0]
        for (const what of commands) {
          if (what === "call") {
            allowance = HedgeAllowance.deposit(allowance, 0.05)
            calls++
          } else {
            const next = HedgeAllowance.tryWithdraw(allowance, 0)
            if (next !== undefined) hedges++
            allowance = next ?? allowance
          }
          assert.isAtMost(hedges, Math.max(1, 0.05 * calls + 1e-9))
          assert.isAtMost(allowance.saved, 10)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})
