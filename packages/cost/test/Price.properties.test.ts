import { assert, describe, it } from "@effect/vitest"
import { Money, Price, PriceBook } from "@holdfast/cost"
import * as fc from "fast-check"

import { claude, gemini, gpt, usage } from "./prices.ts"

const count = fc.nat({ max: 400_000 })
const counts = fc.record({ uncached: count, cacheRead: count, cacheWrite: count, text: count, reasoning: count })
const tiersOfService = fc.constantFrom<Array<Price.ServiceTier>>("standard", "batch", "flex", "priority")
const prices = fc.constantFrom(claude, gpt, gemini)

type Counts = typeof counts extends fc.Arbitrary<infer T> ? T : never

const reported = ({ cacheRead, cacheWrite, reasoning, text, uncached }: Counts) =>
  usage(
    { total: uncached + cacheRead + cacheWrite, uncached, cacheRead, cacheWrite },
    { total: text + reasoning, text, reasoning },
  )

describe("properties", () => {
  it("a bill is the sum of its items, and its tokens are those reported", () => {
    fc.assert(
      fc.property(prices, counts, (price, each) => {
        const bill = Price.cost(price, { usage: reported(each) })
        assert.strictEqual(bill.total, Money.sum(bill.items.map(({ amount }) => amount)))
        const tokens = bill.items.reduce((sum, { quantity }) => sum + quantity, 0)
        assert.strictEqual(tokens, each.uncached + each.cacheRead + each.cacheWrite + each.text + each.reasoning)
      }),
    )
  })

  it("attempts cost together what they cost one by one, in any order", () => {
    fc.assert(
      fc.property(prices, fc.array(counts), (price, attempts) => {
        const amounts = attempts.map((each) => Price.cost(price, { usage: reported(each) }).total)
        assert.strictEqual(Money.sum(amounts), Money.sum(amounts.toReversed()))
      }),
    )
  })

  it("within a tier and without a factor, two attempts cost what one of both sizes costs", () => {
    fc.assert(
      fc.property(counts, counts, (one, other) => {
        const both = {
          uncached: one.uncached + other.uncached,
          cacheRead: one.cacheRead + other.cacheRead,
          cacheWrite: one.cacheWrite + other.cacheWrite,
          text: one.text + other.text,
          reasoning: one.reasoning + other.reasoning,
        }
        const [first, second, sum] = [one, other, both].map((each) => Price.cost(gpt, { usage: reported(each) }).total)
        assert.strictEqual(Money.add(first ?? Money.zero, second ?? Money.zero), sum)
      }),
    )
  })

  it("no token makes a request cheaper", () => {
    const keys = fc.constantFrom<Array<keyof Counts>>("uncached", "cacheRead", "cacheWrite", "text", "reasoning")
    fc.assert(
      fc.property(
        prices,
        counts,
        keys,
        fc.nat({ max: 300_000 }),
        tiersOfService,
        (price, each, key, more, serviceTier) => {
          const cost = (of: Counts) => Price.cost(price, { usage: reported(of), serviceTier }).total
          assert.isTrue(cost(each) <= cost({ ...each, [key]: each[key] + more }))
        },
      ),
    )
  })

  const listed = fc.constantFrom(...PriceBook.builtIn.prices)

  it("of every built-in price, however it is served: the sum of its items, and more for more tokens, within a bound", () => {
    const keys = fc.constantFrom<Array<keyof Counts>>("uncached", "cacheRead", "cacheWrite", "text", "reasoning")
    const circumstances = fc.record({ serviceTier: tiersOfService, regional: fc.boolean() })
    fc.assert(
      fc.property(listed, counts, keys, fc.nat({ max: 300_000 }), circumstances, (price, each, key, more, served) => {
        const bill = Price.cost(price, { usage: reported(each), ...served })
        assert.strictEqual(bill.total, Money.sum(bill.items.map(({ amount }) => amount)))
        const longer = reported({ ...each, [key]: each[key] + more })
        const dearer = Price.cost(price, { usage: longer, ...served }).total
        assert.isTrue(bill.total <= dearer)
        const tokens = { input: longer.inputTokens.total ?? 0, output: longer.outputTokens.total ?? 0 }
        assert.isTrue(dearer <= Price.atMost(price, { ...tokens, ...served }))
      }),
      { numRuns: 500 },
    )
  })

  it("no request costs more than the bound of its tokens", () => {
    fc.assert(
      fc.property(prices, counts, count, tiersOfService, (price, each, slack, serviceTier) => {
        const { inputTokens, outputTokens } = reported(each)
        const bound = Price.atMost(price, {
          input: (inputTokens.total ?? 0) + slack,
          output: (outputTokens.total ?? 0) + slack,
          serviceTier,
        })
        assert.isTrue(Price.cost(price, { usage: reported(each), serviceTier }).total <= bound)
      }),
    )
  })
})
