/**
 * What vendors charge for other ways of being served, class by class.
 */

import { assert, describe, it } from "@effect/vitest"
import { Money, Price, PriceBook } from "@holdfast/cost"
import { Option } from "effect"

import { usage } from "./prices.ts"

describe("as the vendors bill", () => {
  const at = Date.UTC(2026, 10, 24, 12)
  const find = (provider: string, model: string) =>
    Option.getOrThrow(PriceBook.builtIn.find({ provider, model, startedAt: at }))

  const cases: ReadonlyArray<
    readonly [
      provider: string,
      model: string,
      circumstances: Price.Circumstances,
      input: string,
      cacheRead: string,
      output: string,
    ]
  > = [
    // What a batch of Gemini's finds in a cache is billed as outside of a batch.
    ["google", "gemini-2.5-flash", { serviceTier: "batch" }, "$0.15", "$0.03", "$1.25"],
    ["google", "gemini-3.8-flash", { serviceTier: "batch" }, "$0.375", "$0.075", "$1.875"],
    ["google", "gemini-3.8-flash", { serviceTier: "priority" }, "$1.35", "$0.135", "$6.75"],
    // Batches and caches multiply with Claude.
    ["anthropic", "claude-opus-4-8", { serviceTier: "batch" }, "$2.50", "$0.25", "$12.50"],
    ["anthropic", "claude-opus-4-8", { regional: true }, "$5.50", "$0.55", "$27.50"],
    // From GPT-5 on a batch has a price for what comes from a cache; before, that is plain input of the batch.
    ["openai", "gpt-5", { serviceTier: "batch" }, "$0.625", "$0.0625", "$5.00"],
    ["openai", "gpt-5.4-mini", { serviceTier: "flex" }, "$0.375", "$0.0375", "$2.25"],
    ["openai", "gpt-4.1", { serviceTier: "batch" }, "$1.00", "$1.00", "$4.00"],
    ["openai", "gpt-4o", { serviceTier: "batch" }, "$1.25", "$1.25", "$5.00"],
    ["openai", "o3", { serviceTier: "batch" }, "$1.00", "$1.00", "$4.00"],
    ["openai", "o3", { serviceTier: "flex" }, "$1.00", "$0.25", "$4.00"],
    // Priority, each model with its own factor.
    ["openai", "gpt-5", { serviceTier: "priority" }, "$2.50", "$0.25", "$20.00"],
    ["openai", "gpt-5-mini", { serviceTier: "priority" }, "$0.45", "$0.045", "$3.60"],
    ["openai", "gpt-5.5", { serviceTier: "priority" }, "$12.50", "$1.25", "$75.00"],
    ["openai", "gpt-4.1", { serviceTier: "priority" }, "$3.50", "$0.875", "$14.00"],
    // A tenth more in a region, for models from 5 March 2026 on.
    ["openai", "gpt-5.4-mini", { regional: true }, "$0.825", "$0.0825", "$4.95"],
    ["openai", "gpt-6-luna", { regional: true, serviceTier: "batch" }, "$0.055", "$0.0055", "$0.275"],
  ]

  it.each(cases)("%s %s %j", (provider, model, circumstances, input, cacheRead, output) => {
    const bill = Price.cost(find(provider, model), {
      usage: usage({ total: 200_000, uncached: 100_000, cacheRead: 100_000 }, { total: 100_000 }),
      ...circumstances,
    })
    assert.deepStrictEqual(bill.unpriced, [])
    assert.deepStrictEqual(
      bill.items.map(({ amount }) => Money.format(Money.times(amount, 10))),
      [input, cacheRead, output],
    )
  })

  const withoutFactor: ReadonlyArray<readonly [string, string, Price.Circumstances, string]> = [
    // Flex is for reasoning models only.
    ["openai", "gpt-4o", { serviceTier: "flex" }, "flex"],
    ["openai", "gpt-4.1", { serviceTier: "flex" }, "flex"],
    // Priority Tier is paid in advance.
    ["anthropic", "claude-opus-4-8", { serviceTier: "priority" }, "priority"],
    ["anthropic", "claude-opus-4-8", { serviceTier: "fast" }, "fast"],
    ["openai", "gpt-5", { regional: true }, "regional"],
  ]

  it.each(withoutFactor)("%s %s has no factor for %j, and says so", (provider, model, circumstances, name) => {
    const answer = { usage: usage({ total: 1 }, { total: 1 }), ...circumstances }
    assert.deepStrictEqual(Price.cost(find(provider, model), answer).unpriced, [name])
  })
})
