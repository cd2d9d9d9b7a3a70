/**
 * What an attempt is settled with, from what the vendor reported and what was delivered.
 */

import { assert, describe, it } from "@effect/vitest"
import { type Attempt } from "@holdfast/core"
import { Money, Price, PriceBook } from "@holdfast/cost"

import { type Expected, settlementOf } from "../../../src/internal/budget/settlement.ts"
import { claude, gpt, source, usage } from "../../prices.ts"

const opus = Price.make({
  provider: "anthropic",
  model: "claude-opus",
  perMillion: { input: "$5", output: "$25" },
  ...source,
})

const startedAt = Date.UTC(2026, 10, 24)

const priceOf = PriceBook.priceOf(PriceBook.make([claude, opus, gpt]), { provider: "anthropic", startedAt })

const worst = Money.fromInputUnsafe("$9")

const reserved = (price: Price.Price, known = true): Expected => ({
  reservation: {
    id: "1/team",
    subject: { attempt: "1", index: 1, provider: price.provider, model: price.model, tags: {} },
  },
  worst: {
    quote: { _tag: "Known", price },
    estimate: { input: 1_000, audioInput: 0, imageInput: 0, output: 4_000, doubts: [] } as never,
    circumstances: {},
    priceOf: known ? priceOf : () => undefined,
    maxOutputTokens: undefined,
    cost: worst,
  },
})

const attempt = (more: Partial<Attempt.Attempt>) =>
  ({
    outcome: { _tag: "Completed" },
    deliveredParts: 3,
    deliveredCharacters: 300,
    finishMetadata: undefined,
    ...more,
  }) as Attempt.Attempt

const settled = (each: Partial<Attempt.Attempt>, price = gpt, known = true) => {
  const { basis, cost, maximum, minimum } = settlementOf(attempt(each), reserved(price, known))
  return [basis, ...[minimum, cost, maximum].map(Money.format)]
}

const raw = (counts: object) => ({ openai: { usage: counts } })

describe("usage that cannot be believed", () => {
  // 1,000 tokens of the prompt, and 100 of the answer at 3 characters each, in the dearest class.
  const estimated = ["estimated", "$0.00", "$0.0089", "$9.00"]

  const cases: ReadonlyArray<readonly [name: string, Partial<Attempt.Attempt>, expected: ReadonlyArray<string>]> = [
    ["reported", { usage: usage({ total: 1_000 }, { total: 100 }) }, ["reported", "$0.0015", "$0.0015", "$0.0015"]],
    ["zeros beside content", { usage: usage({ total: 0 }, { total: 0 }) }, estimated],
    ["zeros and nothing delivered", { usage: usage({ total: 0 }, { total: 0 }), deliveredParts: 0 }, estimated],
    [
      "no answer beside content",
      { usage: usage({ total: 1_000 }, { total: 0 }) },
      ["estimated", "$0.001", "$0.0074", "$9.00"],
    ],
    [
      "no answer and nothing delivered",
      { usage: usage({ total: 1_000 }, { total: 0 }), deliveredParts: 0, deliveredCharacters: 0 },
      ["reported", "$0.001", "$0.001", "$0.001"],
    ],
    [
      "a text where the cached tokens should be",
      {
        usage: usage({ total: 1_000 }, { total: 100 }),
        finishMetadata: raw({ prompt_tokens: 1_000, prompt_tokens_details: { cached_tokens: "900" } }),
      },
      ["estimated", "$0.0005", "$0.003", "$9.00"],
    ],
    [
      "more from the cache than there was",
      { usage: usage({ total: 10, cacheRead: 11 }, { total: 100 }) },
      ["estimated", "$0.0005", "$0.003", "$9.00"],
    ],
  ]

  it.each(cases)("%s", (_, each, expected) => {
    assert.deepStrictEqual(settled(each), expected)
  })
})

describe("several models in one answer", () => {
  const answer = (iterations: ReadonlyArray<object>) => ({
    usage: usage({ total: 1_000 }, { total: 100 }),
    finishMetadata: { anthropic: { usage: { input_tokens: 1_000, output_tokens: 100, iterations } } },
  })
  const advice = { type: "advisor_message", model: "claude-opus", input_tokens: 2_000, output_tokens: 200 }

  it("an advisor is paid for at its own price, and its tokens count", () => {
    assert.deepStrictEqual(settled(answer([advice]), claude), ["reported", "$0.0195", "$0.0195", "$0.0195"])
    assert.deepStrictEqual(settlementOf(attempt(answer([advice])), reserved(claude)).tokens, {
      input: 3_000,
      output: 300,
    })
  })

  it("without its price the bill is a lower bound, never exact", () => {
    assert.deepStrictEqual(settled(answer([advice]), claude, false), ["estimated", "$0.0045", "$0.0045", "$9.00"])
  })

  it("an answer of another model is paid for at that one's price", () => {
    const served = { type: "fallback_message", model: "claude-opus", input_tokens: 1_000, output_tokens: 100 }
    assert.deepStrictEqual(settled(answer([served]), claude), ["reported", "$0.0075", "$0.0075", "$0.0075"])
    assert.deepStrictEqual(settled(answer([served]), claude, false).slice(0, 2), ["estimated", "$0.00"])
  })
})

describe("an answer that says what it cost", () => {
  it("costs that, whatever the price list says", () => {
    const each = {
      usage: usage({ total: 1_000 }, { total: 100 }),
      finishMetadata: { openrouter: { usage: { cost: 0.25 } } },
    }
    assert.deepStrictEqual(settled(each), ["reported", "$0.25", "$0.25", "$0.25"])
    assert.deepStrictEqual(settlementOf(attempt(each), reserved(gpt)).tokens, { input: 1_000, output: 100 })
  })
})
