/**
 * Ways of being served whose factor is not the same for every class.
 */

import { assert, describe, it } from "@effect/vitest"
import { Money, Price } from "@holdfast/cost"
import * as fc from "fast-check"

import { half, source, usage } from "./prices.ts"

const one = { numerator: 1n, denominator: 1n }
const double = { numerator: 2n, denominator: 1n }

const price = Price.make({
  provider: "p",
  model: "m",
  perMillion: { input: "$2", cacheRead: "$0.20", output: "$12", webSearch: "$10" },
  factors: { batch: half, regional: double, byClass: { batch: { cacheRead: one }, regional: { cacheRead: double } } },
  ...source,
})

const million = 1_000_000

const amounts = (of: Price.Price, more: Partial<Price.Answer> = {}, startedSearches = 0) =>
  Object.fromEntries(
    Price.cost(of, {
      usage: usage({ total: 2 * million, uncached: million, cacheRead: million }, { total: million }),
      finishMetadata: { anthropic: { usage: { server_tool_use: { web_search_requests: startedSearches } } } },
      ...more,
    }).items.map(({ amount, class: name }) => [name, Money.format(amount)]),
  )

describe("a factor by class", () => {
  it("is that of the class, and the common one for the rest", () => {
    assert.deepStrictEqual(amounts(price, { serviceTier: "batch" }), {
      input: "$1.00",
      cacheRead: "$0.20",
      output: "$6.00",
    })
    assert.deepStrictEqual(amounts(price, { serviceTier: "batch", regional: true }), {
      input: "$2.00",
      cacheRead: "$0.40",
      output: "$12.00",
    })
  })

  it("searches cost the same however their tokens are served", () => {
    assert.strictEqual(amounts(price, { serviceTier: "batch", regional: true }, 1_000)["webSearch"], "$10.00")
  })

  it("is in the bound of a request, too", () => {
    const dear = Price.make({
      provider: "p",
      model: "m",
      perMillion: { input: "$2", cacheRead: "$1.50", output: "$1" },
      factors: { batch: half, byClass: { batch: { cacheRead: one } } },
      ...source,
    })
    assert.strictEqual(Money.format(Price.atMost(dear, { input: million, output: 0, serviceTier: "batch" })), "$1.50")
  })

  it("no request costs more than its bound", () => {
    const counts = fc.nat({ max: million })
    fc.assert(
      fc.property(
        counts,
        counts,
        counts,
        fc.constantFrom("standard", "batch"),
        (uncached, read, output, serviceTier) => {
          const bill = Price.cost(price, {
            usage: usage({ total: uncached + read, uncached, cacheRead: read }, { total: output }),
            serviceTier,
          })
          assert.isTrue(bill.total <= Price.atMost(price, { input: uncached + read, output, serviceTier }))
        },
      ),
    )
  })
})
