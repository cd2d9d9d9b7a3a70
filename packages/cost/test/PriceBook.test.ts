import { assert, describe, it } from "@effect/vitest"
import { PolicyError } from "@holdfast/core"
import { Money, Price, PriceBook } from "@holdfast/cost"
import { Effect, Option, Result } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"

import { source } from "./prices.ts"

const now = Date.UTC(2026, 10, 24, 12)

const find = (provider: string, model: string, startedAt = now, book = PriceBook.builtIn) =>
  Option.getOrUndefined(book.find({ provider, model, startedAt }))

const perMillion = (rate: Money.Money | undefined): string =>
  rate === undefined ? "none" : Money.format(Money.times(rate, 1_000_000))

const listed = (provider: string, model: string, startedAt = now): string => {
  const price = find(provider, model, startedAt)
  return `${perMillion(price?.rates.input)} ${perMillion(price?.rates.output)}`
}

const mine = (model: string, input: Money.Input): Price.Price =>
  Price.make({ provider: "openai", model, perMillion: { input, output: "$1" }, ...source })

describe("the built-in book", () => {
  const examples = [
    ["openai", "gpt-4o", "$2.50 $10.00"],
    ["openai", "gpt-4o-mini", "$0.15 $0.60"],
    ["openai", "o1", "$15.00 $60.00"],
    ["openai", "o3-mini", "$1.10 $4.40"],
    ["anthropic", "claude-3-5-sonnet", "$3.00 $15.00"],
    ["anthropic", "claude-3-5-haiku", "$0.80 $4.00"],
    ["google", "gemini-1.5-pro", "$1.25 $5.00"],
    ["google", "gemini-1.5-flash", "$0.075 $0.30"],
    ["google", "gemini-2.0-flash", "$0.10 $0.40"],
    ["deepseek", "deepseek-flash", "$0.15 $0.60"],
    ["openai", "gpt-6-astra", "$10.00 $50.00"],
    ["openai", "gpt-6.1-terra", "$1.00 $5.00"],
    ["anthropic", "claude-opus-5-5", "$4.00 $20.00"],
    ["anthropic", "claude-haiku-5-5", "$0.10 $0.50"],
    ["google", "gemini-3.8-flash", "$0.75 $3.75"],
    ["openai", "text-embedding-3-small", "$0.02 none"],
  ] as const

  it.each(examples)("%s %s", (provider, model, expected) => {
    assert.strictEqual(listed(provider, model), expected)
  })

  const models = new Map<string, ReadonlyArray<Price.Price>>()
  for (const each of PriceBook.builtIn.prices) {
    const name = `${each.provider}/${each.model}`
    models.set(name, [...(models.get(name) ?? []), each])
  }

  it("has one price for each model and second, from its first one on without a gap", () => {
    for (const [name, all] of models) {
      const starts = all.flatMap(({ period }) => period.from ?? [])
      const [first, last] = [Math.min(...starts), Math.max(...all.map(({ period }) => period.until ?? Infinity))]
      for (const { model, period, provider } of all) {
        assert.isDefined(period.from, `${name} says since when`)
        for (const bound of [period.from ?? 0, period.until ?? first]) {
          for (const time of [bound - 1, bound]) {
            const isCovered = time >= first && time < last
            // Older than the snapshot is only what its plain name meant.
            const isAlias = find(provider, model, time)?.model !== model
            if (!isAlias || isCovered) assert.strictEqual(find(provider, model, time) !== undefined, isCovered, name)
          }
        }
      }
    }
  })

  it("is the same whichever order its prices stand in", () => {
    const { prices } = PriceBook.builtIn
    const times = [...new Set(prices.flatMap(({ period }) => [period.from ?? 0, period.until ?? 0]))]
    const hours = [0, 2, 7, 17].map((hour) => hour * 3_600_000)
    const moments = [...times, now].flatMap((time) => [-1, ...hours].map((since) => time + since))
    fc.assert(
      fc.property(fc.shuffledSubarray([...prices], { minLength: prices.length }), (shuffled) => {
        const other = PriceBook.make(shuffled)
        for (const [, [each]] of models) {
          assert.isDefined(each)
          for (const time of moments) {
            const { model, provider } = each
            assert.strictEqual(find(provider, model, time, other), find(provider, model, time), `${model} at ${time}`)
          }
        }
      }),
      { numRuns: 5 },
    )
  })

  it("needs no rounding: every price times every factor is whole", () => {
    for (const { factors, model, rates, tiers } of PriceBook.builtIn.prices) {
      const one: Money.Ratio = { numerator: 1n, denominator: 1n }
      const { batch = one, fast = one, flex = one, priority = one, regional: tenths = one } = factors
      for (const service of [one, batch, fast, flex, priority]) {
        const ratio = {
          numerator: service.numerator * tenths.numerator,
          denominator: service.denominator * tenths.denominator,
        }
        for (const rate of [rates, ...tiers.map((tier) => tier.rates)].flatMap((each) => Object.values(each))) {
          assert.strictEqual(Money.timesRatio(rate, ratio) * ratio.denominator, rate * ratio.numerator, model)
        }
      }
      for (const [name, ratio] of Object.values(factors.byClass ?? {}).flatMap((each) => Object.entries(each))) {
        const rate = rates[name as Price.TokenClass] ?? Money.zero
        assert.strictEqual(Money.timesRatio(rate, ratio) * ratio.denominator, rate * ratio.numerator, model)
      }
    }
  })

  it("says of each price where and when it was read, in two places at least", () => {
    for (const { checkedOn, model, source: page, sources } of PriceBook.builtIn.prices) {
      assert.strictEqual(page, sources[0])
      assert.isAtLeast(new Set(sources).size, 2, model)
      for (const each of sources) assert.match(each, /^https:\/\//)
      assert.match(checkedOn, /^20\d\d-\d\d-\d\d$/)
    }
  })

  it("long prompts cost more in every class", () => {
    for (const { model, rates, tiers } of PriceBook.builtIn.prices) {
      for (const tier of tiers) {
        assert.sameMembers(Object.keys(tier.rates), Object.keys(rates), model)
        for (const key of Object.keys(rates) as Array<Price.TokenClass>) {
          assert.isTrue((tier.rates[key] ?? 0n) >= (rates[key] ?? 0n), `${model} ${key}`)
        }
      }
    }
  })
})

describe("lookup", () => {
  const same = [
    ["openai", "gpt-4o-2024-08-06", "gpt-4o"],
    ["anthropic", "claude-3-5-sonnet-20241022", "claude-3-5-sonnet"],
    ["anthropic", "claude-3-5-haiku-latest", "claude-3-5-haiku"],
    ["anthropic", "claude-sonnet-4-20250514", "claude-sonnet-4"],
    ["anthropic", "claude-sonnet-4-0", "claude-sonnet-4"],
    ["anthropic", "claude-opus-4-0", "claude-opus-4"],
    ["openai", "gpt-5.6", "gpt-5.6-sol"],
    ["google", "gemini-2.0-flash-001", "gemini-2.0-flash"],
    ["google", "gemini-1.5-pro-latest", "gemini-1.5-pro"],
  ] as const

  it.each(same)("%s %s is %s", (provider, dated, name) => {
    assert.strictEqual(find(provider, dated), find(provider, name))
    assert.isDefined(find(provider, dated))
  })

  it("takes the name that attempts have for Google's API as that of the vendor, in both directions", () => {
    assert.isDefined(find("gcp.gemini", "gemini-3.8-flash"))
    assert.strictEqual(find("gcp.gemini", "gemini-3.8-flash"), find("google", "gemini-3.8-flash"))
    const own = { ...mine("gemini-x", "$1"), provider: "gcp.gemini" }
    assert.strictEqual(find("google", "gemini-x", now, PriceBook.make([own])), own)
  })

  it("a snapshot with a price of its own has that", () => {
    assert.strictEqual(listed("openai", "gpt-4o-2024-05-13"), "$5.00 $15.00")
    assert.strictEqual(listed("mistral_ai", "mistral-small-latest"), "$0.15 $0.60")
    assert.strictEqual(listed("mistral_ai", "mistral-small-latest", Date.UTC(2026, 0, 1)), "$0.10 $0.30")
  })

  const strangers = [
    ["openai", "gpt-4o-ultra"],
    ["openai", "gpt-4o-2024"],
    ["openai", "gpt-4o-0613"],
    ["openai", "gpt-4o-2024-13-45x"],
    ["openai", "gpt-6.2-sol"],
    ["openai", "GPT-4o"],
    ["openai", "gpt"],
    ["openai", ""],
    ["anthropic", "gpt-4o"],
    ["anthropic", "claude-fable-5-2"],
    ["ollama", "llama4"],
    ["__proto__", "constructor"],
  ] as const

  it.each(strangers)("%s %j is not known", (provider, model) => {
    assert.isUndefined(find(provider, model))
  })

  it("never goes by how a name begins", () => {
    const names = fc.constantFrom(...PriceBook.builtIn.prices)
    fc.assert(
      fc.property(names, fc.stringMatching(/^[a-z.\d]{1,8}$/), ({ model, provider }, more) => {
        const longer = `${model}${more}`
        const isListed = PriceBook.builtIn.prices.some((price) => price.model === longer)
        assert.strictEqual(find(provider, longer) !== undefined, isListed)
      }),
    )
  })

  it("does not look long at a name that is too long", () => {
    assert.isUndefined(find("openai", `gpt${"-2024".repeat(200_000)}`))
  })
})

describe("prices that change", () => {
  const changes = [
    ["anthropic", "claude-sonnet-5-5", Date.UTC(2026, 9, 7), "cacheRead", "$0.20", "$0.10"],
    ["google", "gemini-4-argon", Date.UTC(2026, 11, 1), "input", "$2.00", "$4.00"],
    ["google", "gemini-3.8-flash", Date.UTC(2027, 0, 1), "output", "$3.75", "$7.50"],
    ["openai", "gpt-5.6-sol", Date.UTC(2026, 7, 21), "output", "$30.00", "$20.00"],
    ["deepseek", "deepseek-v4-pro", Date.UTC(2026, 7, 16, 16), "input", "$0.435", "$0.66"],
  ] as const

  it.each(changes)("%s %s changes at its second", (provider, model, at, name, before, after) => {
    const price = (time: number) => perMillion(find(provider, model, time)?.rates[name])
    assert.deepStrictEqual([price(at - 1), price(at), price(at + 1_000)], [before, after, after])
  })

  it("DeepSeek costs twice as much in the office hours of Beijing", () => {
    const input = (...time: [hour: number, minute: number, second: number]) =>
      perMillion(find("deepseek", "deepseek-v4-pro", Date.UTC(2026, 10, 24, ...time))?.rates.input)
    assert.deepStrictEqual(
      [input(0, 59, 59), input(1, 0, 0), input(3, 59, 59), input(4, 0, 0), input(9, 59, 59), input(10, 0, 0)],
      ["$0.66", "$1.32", "$1.32", "$0.66", "$1.32", "$0.66"],
    )
  })

  it("a time before the first price is a model without one", () => {
    assert.isUndefined(find("openai", "o3", Date.UTC(2025, 3, 15)))
    assert.isUndefined(find("google", "gemini-1.5-pro", Date.UTC(2024, 5, 1)))
    assert.isUndefined(find("openai", "gpt-4o", 0))
  })

  it("a time after the last price is a model without one", () => {
    assert.isUndefined(find("deepseek", "deepseek-chat"))
    assert.isUndefined(find("deepseek", "deepseek-reasoner", Date.UTC(2026, 6, 25)))
  })
})

describe("a model that is not known", () => {
  const query = { provider: "ollama", model: "llama4" }
  const worst = mine("worst", "$1000")

  it.effect("is a typed failure", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(PriceBook.price(query))
      assert.deepStrictEqual([error._tag, error.provider, error.model], ["PriceUnknown", "ollama", "llama4"])
      assert.notInclude(error.stack ?? "", "PriceBook.test")
    }).pipe(Effect.provide(PriceBook.layer)),
  )

  it.effect("is refused, or priced as the worst case, or unmetered and told, as chosen", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      assert.strictEqual((yield* Effect.flip(PriceBook.quote(query, PriceBook.refuse)))._tag, "PriceUnknown")
      assert.deepStrictEqual(yield* PriceBook.quote(query, PriceBook.worstCase(worst)), {
        _tag: "WorstCase",
        price: worst,
      })
      const told: Array<string> = []
      const tell = PriceBook.unmetered((unknown) => Effect.sync(() => told.push(unknown.message)))
      assert.strictEqual((yield* PriceBook.quote(query, tell))._tag, "Unmetered")
      assert.deepStrictEqual(told, ["the price of llama4 of ollama is not known; add it with PriceBook.layerExtend"])
      const known = yield* PriceBook.quote({ provider: "openai", model: "gpt-4o" }, tell)
      assert.strictEqual(known._tag, "Known")
      assert.lengthOf(told, 1)
    }).pipe(Effect.provide(PriceBook.layer)),
  )

  it("goes through an AiError and comes back", () => {
    const error = new PriceBook.PriceUnknown(query)
    const folded = PolicyError.toAiError(error)
    assert.strictEqual(folded.reason._tag, "InvalidRequestError")
    assert.deepStrictEqual(
      Option.map(PolicyError.fromAiError(PriceBook.PriceUnknown)(folded), ({ model }) => model),
      Option.some("llama4"),
    )
  })
})

describe("layers", () => {
  const input = (model: string) =>
    Effect.map(Effect.result(PriceBook.price({ provider: "openai", model })), (price) =>
      Result.isSuccess(price) ? perMillion(price.success.rates.input) : "unknown",
    )

  it.effect("prices of one's own go before, or after", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const own = [mine("gpt-4o", "$1"), mine("gpt-house", "$7")]
      const both = Effect.all([input("gpt-4o"), input("gpt-house"), input("gpt-4o-mini"), input("gpt-none")])
      assert.deepStrictEqual(yield* Effect.provide(both, PriceBook.layerOverride(own)), [
        "$1.00",
        "$7.00",
        "$0.15",
        "unknown",
      ])
      assert.deepStrictEqual(yield* Effect.provide(both, PriceBook.layerExtend(own)), [
        "$2.50",
        "$7.00",
        "$0.15",
        "unknown",
      ])
    }),
  )

  it.effect("the clock chooses among dated prices", () =>
    Effect.gen(function* () {
      const read = Effect.map(PriceBook.price({ provider: "google", model: "gemini-4-carbon" }), (price) =>
        perMillion(price.rates.input),
      )
      yield* TestClock.setTime(Date.UTC(2026, 10, 30, 23, 59, 59, 999))
      assert.strictEqual(yield* read, "$2.00")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* read, "$4.00")
    }).pipe(Effect.provide(PriceBook.layer)),
  )

  it("of several prices for one model the last that holds counts", () => {
    const book = PriceBook.make([mine("m", "$1"), mine("m", "$2")])
    assert.strictEqual(perMillion(find("openai", "m", now, book)?.rates.input), "$2.00")
  })

  const since = (from: string, amount: Money.Input, more: Partial<Price.Entry> = {}) =>
    Price.make({ provider: "openai", model: "m", perMillion: { input: amount }, from, ...more, ...source })

  it("what began later goes before what began earlier, and hours of the day before all of them", () => {
    const prices = [
      mine("m", "$1"),
      since("2026-01-01T00:00:00Z", "$2"),
      since("2026-11-24T00:00:00Z", "$3"),
      since("2026-01-01T00:00:00Z", "$4", { hours: [["12:00:00Z", "13:00:00Z"]] }),
      since("2026-01-01T00:00:00Z", "$5", { days: ["saturday"] }),
    ]
    const times = [
      [Date.UTC(2025, 0, 1), "$1.00"],
      [Date.UTC(2026, 0, 5, 1), "$2.00"],
      [Date.UTC(2026, 10, 24, 1), "$3.00"],
      [Date.UTC(2026, 10, 24, 12, 30), "$4.00"],
      [Date.UTC(2026, 10, 28, 1), "$5.00"],
    ] as const
    fc.assert(
      fc.property(fc.shuffledSubarray(prices, { minLength: prices.length }), (shuffled) => {
        const book = PriceBook.make(shuffled)
        for (const [time, expected] of times) {
          assert.strictEqual(perMillion(find("openai", "m", time, book)?.rates.input), expected)
        }
      }),
    )
  })
})

describe("a name that is misspelt", () => {
  it.effect("is answered with the nearest names of the book, and the layer that adds prices", () =>
    Effect.gen(function* () {
      const messageOf = (query: PriceBook.Query) =>
        Effect.map(Effect.flip(PriceBook.price(query)), ({ message }) => message)
      const cure = "If not, add it with PriceBook.layerExtend"
      assert.strictEqual(
        yield* messageOf({ provider: "openai", model: "gpt-4o-minii" }),
        `the price of gpt-4o-minii of openai is not known; did you mean gpt-4o-mini? ${cure}`,
      )
      assert.strictEqual(
        yield* messageOf({ provider: "openai", model: "o3", startedAt: 0 }),
        "the price of o3 of openai is not known; add it with PriceBook.layerExtend",
      )
      assert.include(
        yield* messageOf({ provider: "azure", model: "gpt-4o-mini" }),
        "did you mean gpt-4o-mini of openai?",
      )
      assert.strictEqual(
        yield* messageOf({ provider: "scripted", model: "another-one" }),
        "the price of another-one of scripted is not known; add it with PriceBook.layerExtend",
      )
      assert.include(yield* messageOf({ provider: "openai", model: "x".repeat(10_000) }), "PriceBook.layerExtend")
    }).pipe(Effect.provide(PriceBook.layer)),
  )
})

it("prices a scripted model by its usual names, and lists it nowhere", () => {
  const price = PriceBook.builtIn.find({
    provider: "scripted",
    model: "scripted-model",
    startedAt: Date.UTC(2026, 10, 28),
  })
  assert.isTrue(Option.isSome(price))
  assert.isFalse(PriceBook.builtIn.prices.some(({ provider }) => provider === "scripted"))
})
