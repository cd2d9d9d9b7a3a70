import { assert, describe, it } from "@effect/vitest"
import { Money, Price, PriceBook } from "@holdfast/cost"
import { Effect, Option } from "effect"

import { type Decision, decisions } from "../scripts/decisions.ts"
import { decisionOn, differences, timesOf } from "../scripts/differences.ts"
import { pricesOf } from "../src/internal/price/genaiPrices.ts"
import { source as test } from "./prices.ts"

const theirs = PriceBook.genaiPrices

const now = Date.UTC(2026, 10, 24, 12)

const inBoth = (book: PriceBook.Book) =>
  book.prices.filter(
    (price) =>
      PriceBook.builtIn.prices.some(({ model, provider }) => provider === price.provider && model === price.model) ||
      Option.isSome(PriceBook.builtIn.find({ ...price, startedAt: now })),
  )

describe("beside @pydantic/genai-prices", () => {
  it.effect("over the whole history every difference has been decided, and every decision has its difference", () =>
    Effect.gen(function* () {
      const book = yield* theirs
      const shared = inBoth(book)
      assert.isAbove(new Set(shared.map(({ model }) => model)).size, 100)
      const found = differences([...PriceBook.builtIn.prices, ...shared], PriceBook.builtIn, book)
      assert.isAbove(found.length, 100)
      const open = found.filter((each) => decisionOn(each) === undefined).map((each) => each.line)
      assert.deepStrictEqual(open, [], "differences that nobody has looked at")
      const used = new Set(found.map(decisionOn))
      const stale = decisions.filter((each) => !used.has(each)).map(({ difference }) => String(difference))
      assert.deepStrictEqual(stale, [], "decisions on differences that are gone")
    }),
  )

  it("every decision says why and where that is to be read", () => {
    for (const { source, why } of decisions) {
      assert.isAbove(why.length, 20)
      assert.match(source, /^https:\/\//)
    }
  })

  it("finds what differs at one bound only, in whichever book it is", () => {
    const price = (input: Money.Input, more: Partial<Price.Entry> = {}) =>
      Price.make({ provider: "openai", model: "m", perMillion: { input }, ...more, ...test })
    const from = (day: string) => ({ from: `${day}T00:00:00Z` })
    const ours = PriceBook.make([price("$1", from("2025-01-01")), price("$2", from("2025-06-01"))])
    const lines = (there: PriceBook.Book) =>
      differences(ours.prices, ours, there).map((each) => `${each.line} ${each.from} ${each.until}`)
    assert.deepStrictEqual(lines(ours), [])
    assert.deepStrictEqual(lines(PriceBook.make([price("$1"), price("$2", from("2025-06-02"))])), [
      "openai/m: input $2.00, there $1.00 2025-06-01T00:00:00Z 2025-06-01T23:59:59Z",
    ])
    const night = price("$3", { ...from("2025-06-01"), hours: [["22:00:00Z", "23:00:00Z"]] })
    assert.deepStrictEqual(lines(PriceBook.make([...ours.prices, night])), [
      "openai/m: input $2.00, there $3.00 2025-06-01T22:00:00Z 2026-11-28T22:59:59Z",
    ])
    assert.deepStrictEqual(lines(PriceBook.make([price("$1", from("2024-01-01")), price("$2", from("2025-06-01"))])), [
      "openai/m: not known here 2024-01-01T00:00:00Z 2024-12-31T23:59:59Z",
    ])
    assert.include(timesOf(ours.prices), Date.UTC(2025, 5, 1) - 1_000)
  })

  it("a decision holds for its times only", () => {
    const line = "openai/o3: cacheRead $2.50, there $0.50"
    const decision: Decision | undefined = decisionOn({
      line,
      from: "2025-04-16T00:00:00Z",
      until: "2025-06-09T23:59:59Z",
    })
    assert.strictEqual(decision?.right, "here")
    assert.isUndefined(decisionOn({ line, from: "2025-04-16T00:00:00Z", until: "2026-11-28T12:00:00Z" }))
  })

  it.effect("its data fill in what the built-in book does not know, never by how a name begins", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        Option.isSome(PriceBook.builtIn.find({ provider: "openai", model: "o3-deep-research", startedAt: now })),
        false,
      )
      const input = (model: string, provider = "openai") =>
        Effect.map(Effect.option(PriceBook.price({ provider, model, startedAt: now })), (price) =>
          Option.getOrUndefined(
            Option.map(price, ({ rates }) => Money.format(Money.times(rates.input ?? Money.zero, 1_000_000))),
          ),
        )
      assert.strictEqual(yield* input("gpt-5-pro"), "$15.00")
      assert.strictEqual(yield* input("o3-deep-research"), "$10.00")
      assert.strictEqual(yield* input("grok-4", "x_ai"), "$3.00")
      assert.strictEqual(yield* input("gpt-6-sol"), "$2.00")
      assert.isUndefined(yield* input("claude-sonnet-5-7", "anthropic"))
      assert.isUndefined(yield* input("gpt-5-nano-next"))
    }).pipe(Effect.provide(PriceBook.layerGenaiPrices)),
  )

  it.effect("its undated data fill in no time at which the built-in book has no price", () =>
    Effect.gen(function* () {
      const price = (model: string, time: number, provider = "openai") =>
        Effect.map(Effect.option(PriceBook.price({ provider, model, startedAt: time })), Option.isSome)
      assert.isFalse(yield* price("deepseek-chat", now, "deepseek"))
      assert.isFalse(yield* price("gpt-4o", Date.UTC(2023, 0, 1)))
      assert.isFalse(yield* price("gpt-4o-2024-11-20", Date.UTC(2023, 0, 1)))
      assert.isTrue(yield* price("o3-deep-research", Date.UTC(2023, 0, 1)))
    }).pipe(Effect.provide(PriceBook.layerGenaiPrices)),
  )

  it("reads tiers, hours and dates of its data, and leaves out what it cannot", () => {
    const model = (id: string, prices: unknown) => ({ id, match: { equals: id }, prices })
    const prices = pricesOf("openai", {
      models: [
        model("tiered", { input_mtok: { base: 1, tiers: [{ start: 100, price: 2 }] }, output_mtok: 3 }),
        model("dated", [
          { prices: { input_mtok: 1 } },
          { constraint: { type: "start_date", start_date: "2026-01-01" }, prices: { input_mtok: 2 } },
        ]),
        model("hourly", [
          {
            constraint: { type: "time_of_date", start_time: "16:30:00Z", end_time: "00:30:00Z" },
            prices: { input_mtok: 1 },
          },
        ]),
        model("too fine", { input_mtok: 0.000_000_1 }),
        model("not a number", { input_mtok: "1" }),
        model("nothing", {}),
        { id: "", match: 7 },
        null,
      ],
    })
    assert.deepStrictEqual<unknown>(
      prices.map(({ model: name, period, rates, tiers }) => [
        name,
        rates.input,
        tiers.map((tier) => [tier.above, tier.rates.input, tier.rates.output]),
        period.from,
        period.hours,
      ]),
      [
        ["tiered", 1_000_000n, [[100, 2_000_000n, 3_000_000n]], undefined, undefined],
        ["dated", 1_000_000n, [], undefined, undefined],
        ["dated", 2_000_000n, [], Date.UTC(2026, 0, 1), undefined],
        ["hourly", 1_000_000n, [], undefined, [{ from: 59_400, until: 1_800 }]],
        ["not a number", 1_000_000n, [], undefined, undefined],
      ],
    )
    assert.deepStrictEqual(pricesOf("openai", undefined), [])
  })
})
