/**
 * Answers in which several models took part, and answers that say themselves what they cost.
 */

import { assert, describe, it } from "@effect/vitest"
import { Money, Price, PriceBook } from "@holdfast/cost"
import { Effect } from "effect"
import * as fc from "fast-check"

import { half, source, usage } from "./prices.ts"

const model = (name: string, input: Money.Input, output: Money.Input): Price.Price =>
  Price.make({
    provider: "anthropic",
    model: name,
    perMillion: { input, output, cacheRead: "$0.10", webSearch: "$10" },
    factors: { batch: half },
    ...source,
  })

const fable = model("claude-fable", "$10", "$50")
const opus = model("claude-opus", "$5", "$25")
const sonnet = model("claude-sonnet", "$2", "$10")
const book = PriceBook.make([fable, opus, sonnet])
const priceOf = PriceBook.priceOf(book, { provider: "anthropic", startedAt: 0 })

const million = 1_000_000

interface Iteration {
  readonly type: string
  readonly model?: string
  readonly input_tokens: number
  readonly output_tokens: unknown
}

const iteration = (type: string, name: string | undefined, output: unknown, input = million): Iteration => ({
  type,
  ...(name !== undefined && { model: name }),
  input_tokens: input,
  output_tokens: output,
})

const answer = (iterations: ReadonlyArray<unknown>, more: Partial<Price.Answer> = {}): Price.Answer => ({
  usage: usage({ total: million }, { total: million }),
  finishMetadata: { anthropic: { usage: { input_tokens: million, output_tokens: million, iterations } } },
  ...more,
})

const billed = (price: Price.Price, each: Price.Answer) => {
  const { total, unknown, unpriced } = Price.cost(price, each)
  return [Money.format(total), unknown, unpriced]
}

describe("usage.iterations", () => {
  const own = iteration("message", undefined, million)

  const cases: ReadonlyArray<
    readonly [
      name: string,
      asked: Price.Price,
      iterations: ReadonlyArray<unknown>,
      withBook: ReadonlyArray<unknown>,
      without: ReadonlyArray<unknown>,
    ]
  > = [
    ["none", sonnet, [], ["$12.00", [], []], ["$12.00", [], []]],
    ["only its own", sonnet, [own, own], ["$12.00", [], []], ["$12.00", [], []]],
    [
      "a compaction, which the totals have",
      sonnet,
      [iteration("compaction", undefined, 5)],
      ["$12.00", [], []],
      ["$12.00", [], []],
    ],
    [
      "an advisor",
      sonnet,
      [own, iteration("advisor_message", "claude-opus", million), own],
      ["$42.00", [], []],
      ["$12.00", [], ["claude-opus"]],
    ],
    [
      "an advisor by the name of its snapshot",
      sonnet,
      [iteration("advisor_message", "claude-opus-20260101", million)],
      ["$42.00", [], []],
      ["$12.00", [], ["claude-opus-20260101"]],
    ],
    [
      "two advisors",
      sonnet,
      [iteration("advisor_message", "claude-opus", million), iteration("advisor_message", "claude-fable", million)],
      ["$102.00", [], []],
      ["$12.00", [], ["claude-opus", "claude-fable"]],
    ],
    [
      "an advisor of the same model",
      sonnet,
      [iteration("advisor_message", "claude-sonnet", million)],
      ["$24.00", [], []],
      ["$24.00", [], []],
    ],
    [
      "an advisor whom nobody knows",
      sonnet,
      [iteration("advisor_message", "claude-next", million)],
      ["$12.00", [], ["claude-next"]],
      ["$12.00", [], ["claude-next"]],
    ],
    [
      "an advisor without a name",
      sonnet,
      [iteration("advisor_message", undefined, million)],
      ["$12.00", [], ["advisor_message"]],
      ["$12.00", [], ["advisor_message"]],
    ],
    [
      "an advisor with a count that is none",
      sonnet,
      [iteration("advisor_message", "claude-opus", "7")],
      ["$17.00", ["output"], []],
      ["$12.00", [], ["claude-opus"]],
    ],
    [
      "a fallback: the totals are those of the model that answered",
      fable,
      [iteration("message", "claude-fable", 0), iteration("fallback_message", "claude-opus", million)],
      ["$30.00", [], []],
      ["$0.00", ["input", "output"], ["claude-opus"]],
    ],
    [
      "a fallback after which the other model ran in a loop",
      fable,
      [iteration("message", "claude-opus", 5), iteration("fallback_message", "claude-opus", million)],
      ["$30.00", [], []],
      ["$0.00", ["input", "output"], ["claude-opus"]],
    ],
    [
      "a fallback from a model that had begun to write",
      fable,
      [iteration("message", "claude-fable", 7), iteration("fallback_message", "claude-opus", million)],
      ["$30.00", [], ["claude-fable"]],
      ["$0.00", ["input", "output"], ["claude-fable", "claude-opus"]],
    ],
    [
      "a fallback to a model that nobody knows",
      fable,
      [iteration("fallback_message", "claude-next", million)],
      ["$0.00", ["input", "output"], ["claude-next"]],
      ["$0.00", ["input", "output"], ["claude-next"]],
    ],
    [
      "a kind that is not known",
      sonnet,
      [iteration("critic_message", "claude-opus", 5)],
      ["$12.00", [], ["claude-opus"]],
      ["$12.00", [], ["claude-opus"]],
    ],
    ["what is no iteration", sonnet, [null, 7, "x", {}], ["$12.00", [], []], ["$12.00", [], []]],
  ]

  it.each(cases)("%s", (_, asked, iterations, withBook, without) => {
    assert.deepStrictEqual(billed(asked, answer(iterations, { priceOf })), withBook)
    assert.deepStrictEqual(billed(asked, answer(iterations)), without)
  })

  it("names the model of each line that is not of the one that was asked", () => {
    const { items } = Price.cost(sonnet, answer([iteration("advisor_message", "claude-opus", 5, 7)], { priceOf }))
    assert.deepStrictEqual(
      items.map((item) => [item.class, item.quantity, item.model]),
      [
        ["input", million, undefined],
        ["output", million, undefined],
        ["input", 7, "claude-opus"],
        ["output", 5, "claude-opus"],
      ],
    )
  })

  it("an advisor is served as the request was", () => {
    const batched = answer([iteration("advisor_message", "claude-opus", million)], { priceOf, serviceTier: "batch" })
    assert.deepStrictEqual(billed(sonnet, batched), ["$21.00", [], []])
  })

  it.effect("a book prices an attempt with all its models, at the time of the attempt", () =>
    Effect.gen(function* () {
      const attempt = {
        ...answer([iteration("advisor_message", "claude-opus", million)]),
        provider: "anthropic",
        model: "claude-sonnet",
      }
      assert.strictEqual(Money.format((yield* PriceBook.cost(attempt)).total), "$42.00")
      const error = yield* Effect.flip(PriceBook.cost({ ...attempt, model: "claude-next" }))
      assert.strictEqual(error._tag, "PriceUnknown")
    }).pipe(Effect.provideService(PriceBook.PriceBook, book)),
  )

  it("a bill stays the sum of its lines, and is no less than without the others", () => {
    const others = fc.array(
      fc.record({
        type: fc.constantFrom("message", "advisor_message", "fallback_message", "compaction", "other"),
        model: fc.constantFrom("claude-fable", "claude-opus", "claude-sonnet", "claude-next"),
        input_tokens: fc.nat(),
        output_tokens: fc.nat(),
      }),
      { maxLength: 5 },
    )
    fc.assert(
      fc.property(others, (iterations) => {
        const bill = Price.cost(sonnet, answer(iterations, { priceOf }))
        assert.strictEqual(bill.total, Money.sum(bill.items.map(({ amount }) => amount)))
        const without = Price.cost(
          sonnet,
          answer(
            iterations.filter(({ type }) => type !== "advisor_message"),
            { priceOf },
          ),
        )
        assert.isTrue(bill.total >= without.total)
      }),
    )
  })
})

describe("a retry with a credit for the cache of the model that declined", () => {
  const credited = (status: unknown) => ({
    usage: usage({ total: million, uncached: 0, cacheWrite: million }, { total: million }),
    finishMetadata: { anthropic: { usage: { fallback_credit: status === undefined ? null : { status } } } },
  })

  it("costs at least what it would have, had all of it been read", () => {
    const write = Price.make({
      provider: "anthropic",
      model: "claude-sonnet",
      perMillion: { input: "$2", cacheRead: "$0.20", cacheWrite5m: "$2.50", output: "$10" },
      ...source,
    })
    assert.deepStrictEqual(billed(write, credited({ type: "redeemed" })), ["$10.20", [], ["fallbackCredit"]])
    for (const status of [{ type: "not_applied", reason: "expired" }, "redeemed", undefined]) {
      assert.deepStrictEqual(billed(write, credited(status)), ["$12.50", [], []])
    }
  })
})

describe("an answer that says what it cost", () => {
  const stated: ReadonlyArray<readonly [name: string, metadata: object, expected: ReadonlyArray<unknown>]> = [
    ["OpenRouter", { openrouter: { usage: { cost: 0.5 } } }, ["$0.50", [], []]],
    [
      "OpenRouter, to the last digit",
      { openrouter: { usage: { cost: 0.000_000_000_001 } } },
      ["$0.000000000001", [], []],
    ],
    ["OpenRouter, written with an exponent", { openrouter: { usage: { cost: 1.4e-7 } } }, ["$0.00000014", [], []]],
    ["OpenRouter, for nothing", { openrouter: { usage: { cost: 0 } } }, ["$0.00", [], []]],
    [
      "OpenRouter with a key of one's own",
      { openrouter: { usage: { cost: 0.05, is_byok: true, cost_details: { upstream_inference_cost: 1 } } } },
      ["$1.05", [], []],
    ],
    ["the same without the rest", { openrouter: { usage: { cost: 0.05, is_byok: true } } }, ["$12.00", [], []]],
    ["xAI", { x_ai: { usage: { cost_in_usd_ticks: 37_756_000 } } }, ["$0.0037756", [], []]],
    [
      "xAI with tools",
      { x_ai: { usage: { cost_in_usd_ticks: 1e10, server_side_tool_usage_details: { web_search_calls: 3 } } } },
      ["$1.00", [], []],
    ],
    ["a text", { openrouter: { usage: { cost: "0.5" } } }, ["$12.00", [], []]],
    ["less than nothing", { openrouter: { usage: { cost: -1 } } }, ["$12.00", [], []]],
    ["more than anything", { openrouter: { usage: { cost: 1e9 } } }, ["$12.00", [], []]],
    ["a fraction of a tick", { x_ai: { usage: { cost_in_usd_ticks: 0.5 } } }, ["$12.00", [], []]],
    ["somebody else's field of that name", { perplexity: { usage: { cost: 5 } } }, ["$12.00", [], []]],
  ]

  it.each(stated)("%s", (_, finishMetadata, expected) => {
    const each = answer([], { finishMetadata: finishMetadata as Record<string, unknown> })
    assert.deepStrictEqual(billed(sonnet, each), expected)
    const { items, total } = Price.cost(sonnet, each)
    assert.strictEqual(Money.sum(items.map(({ amount }) => amount)), total)
  })

  it("goes before counts that nobody reported, unless it is nothing as well", () => {
    const none = { usage: usage({ total: 0 }, { total: 0 }), deliveredParts: 1 }
    const said = (cost: number) => billed(sonnet, { ...none, finishMetadata: { openrouter: { usage: { cost } } } })
    assert.deepStrictEqual(said(0.25), ["$0.25", [], []])
    assert.deepStrictEqual(said(0), ["$0.00", ["input", "output"], []])
  })
})
