import { assert, describe, it } from "@effect/vitest"
import { Money, PriceBook } from "@holdfast/cost"
import { Effect, Option } from "effect"

import { differences } from "../scripts/differences.ts"
import { pricesOf } from "../src/internal/price/genaiPrices.ts"

/** Where the package is known to differ, and why ours stands. */
const known: ReadonlyArray<readonly [difference: RegExp, why: string]> = [
  [/^openai\/.*webSearch nothing, there \$10\.00$/, "OpenAI's usage does not say how many searches there were"],
  [/^openai\/gpt-(?:6-astra|5\.[456].*): tier above 272000, there 271999$/, "the page says: more than 272K"],
  [/^openai\/gpt-6\.1-(?:sol|terra): not there$/, "of October 2026, newer than the package"],
  [/^anthropic\/claude-(?:haiku|sonnet)-5-5: not there$/, "of October 2026; the package takes Sonnet 5.5 for Sonnet 5"],
  [/^google\/gemini-4-(?:argon|carbon): not there$/, "of November 2026, newer than the package"],
  [/^deepseek\/deepseek-flash: not there$/, "V4.1 of October 2026, newer than the package"],
  [/^deepseek\/deepseek-v4-flash: /, "since October 2026 billed as deepseek-flash, by DeepSeek's page"],
  [/^anthropic\/claude-3-haiku: webSearch \$10\.00, there nothing$/, "searches cost the same with every model"],
  [/^google\/gemini-1\.5-pro: (?:long prompts: )?cacheRead/, "the package has it as gemini-pro-1.5 only"],
]

const theirs = PriceBook.genaiPrices

const now = Date.UTC(2026, 10, 24, 12)

describe("beside @pydantic/genai-prices", () => {
  it.effect("the built-in prices differ only where it is known why", () =>
    Effect.gen(function* () {
      const found = differences(PriceBook.builtIn.prices, PriceBook.builtIn, yield* theirs)
      const news = found.filter((line) => !known.some(([difference]) => difference.test(line)))
      assert.deepStrictEqual(news, [], "differences that nobody has looked at")
      const stale = known.filter(([difference]) => !found.some((line) => difference.test(line)))
      assert.deepStrictEqual(stale, [], "reasons for differences that are gone")
      process.stdout.write(`known differences from @pydantic/genai-prices:\n  ${found.join("\n  ")}\n`)
    }),
  )

  it.effect("every snapshot that both know has the same price in both", () =>
    Effect.gen(function* () {
      const book = yield* theirs
      const shared = book.prices.filter((price) => Option.isSome(PriceBook.builtIn.find({ ...price, startedAt: now })))
      assert.isAbove(shared.length, 60)
      const news = differences(shared, PriceBook.builtIn, book).filter(
        (line) => !known.some(([difference]) => difference.test(line.replace(/-20\d\d-\d\d-\d\d:/, ":"))),
      )
      assert.deepStrictEqual(news, [])
    }),
  )

  it.effect("its data fill in what the built-in book does not know, never by how a name begins", () =>
    Effect.gen(function* () {
      const input = (model: string, provider = "openai") =>
        Effect.map(Effect.option(PriceBook.price({ provider, model, startedAt: now })), (price) =>
          Option.getOrUndefined(
            Option.map(price, ({ rates }) => Money.format(Money.times(rates.input ?? Money.zero, 1_000_000))),
          ),
        )
      assert.strictEqual(yield* input("gpt-5-pro"), "$15.00")
      assert.strictEqual(yield* input("grok-4", "x_ai"), "$3.00")
      assert.strictEqual(yield* input("gpt-6-sol"), "$2.00")
      assert.isUndefined(yield* input("claude-sonnet-5-7", "anthropic"))
      assert.isUndefined(yield* input("gpt-5-nano-next"))
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
