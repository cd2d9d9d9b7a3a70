import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, pipe, Result, Schema } from "effect"
import * as fc from "fast-check"

import * as Money from "../src/Money.ts"

const dollar = 1_000_000_000_000n
const amounts = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(Money.fromPicodollars)
const counts = fc.nat({ max: 10_000_000 })
const ratios = fc.record({
  numerator: fc.bigInt({ min: 0n, max: 100n }),
  denominator: fc.bigInt({ min: 1n, max: 100n }),
})

describe("reading", () => {
  const good = [
    ["100 USD", 100n * dollar],
    ["100USD", 100n * dollar],
    ["0.01 USD", 10_000_000_000n],
    ["$0.000123", 123_000_000n],
    ["$0.000000000001", 1n],
    ["$1.5000000000000", (3n * dollar) / 2n],
    ["-$5", -5n * dollar],
    ["-2.50 USD", (-5n * dollar) / 2n],
    ["$0", 0n],
    ["-$0.00", 0n],
    ["$999999999999999999999999", 999_999_999_999_999_999_999_999n * dollar],
  ] as const

  it.each(good)("%s", (text, picodollars) => {
    assert.deepStrictEqual(Money.fromString(text), Result.succeed(Money.fromPicodollars(picodollars)))
  })

  const bad = [
    "",
    "100",
    "100 EUR",
    "USD 100",
    "$",
    "$.5",
    "$5.",
    "$1,000",
    "$1e3",
    "$ 5",
    "--$5",
    "$-5",
    "$5 USD",
    "NaN USD",
    "Infinity USD",
    "100 USD\n",
    "$0.0000000000001",
    "$1.2.3",
    "$１",
    "$1000000000000000000000000",
    "\ud800",
  ]

  it.each(bad)("refuses %j", (text) => {
    const refused = Money.fromString(text)
    assert.isTrue(Result.isFailure(refused) && refused.failure._tag === "MoneyMalformed")
    assert.throws(() => Money.fromInputUnsafe(text as "1 USD"), Money.MoneyMalformed)
  })

  it("does no work on a text that is much too long, and keeps little of it", () => {
    const refused = Money.fromString(`$${"9".repeat(1_000_000)}`)
    assert.isTrue(Result.isFailure(refused) && refused.failure.input.length === 40)
  })

  it("takes money as it is", () => {
    assert.strictEqual(Money.fromInputUnsafe(Money.fromPicodollars(7n)), 7n)
  })
})

describe("writing", () => {
  const written = [
    [0n, "$0.00"],
    [1n, "$0.000000000001"],
    [123_000_000n, "$0.000123"],
    [dollar / 10n, "$0.10"],
    [100n * dollar, "$100.00"],
    [-5n * dollar, "-$5.00"],
    [-1n, "-$0.000000000001"],
  ] as const

  it.each(written)("%s picodollars", (picodollars, text) => {
    assert.strictEqual(Money.format(Money.fromPicodollars(picodollars)), text)
  })

  it("gives what reads as the same amount", () => {
    fc.assert(
      fc.property(amounts, (money) => assert.strictEqual(Money.fromInputUnsafe(Money.format(money) as "$1"), money)),
    )
  })

  it.effect("as JSON it is a text with its currency, and comes back", () =>
    Effect.gen(function* () {
      const codec = Schema.toCodecJson(Schema.Struct({ spent: Money.Money }))
      const spent = Money.fromInputUnsafe("$12.3456")
      const json = yield* Schema.encodeEffect(codec)({ spent })
      assert.deepStrictEqual(json, { spent: "12.3456 USD" })
      assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(codec)(json), { spent })
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Schema.decodeUnknownEffect(codec)({ spent: "12" }))))
    }),
  )
})

describe("counting", () => {
  it("sums are the same in any order and any grouping", () => {
    fc.assert(
      fc.property(fc.array(amounts), (all) => {
        const [half, other] = [all.slice(0, all.length / 2), all.slice(all.length / 2)]
        assert.strictEqual(Money.sum(all), Money.sum(all.toReversed()))
        assert.strictEqual(Money.sum(all), Money.add(Money.sum(half), Money.sum(other)))
      }),
    )
  })

  it("what is added can be subtracted", () => {
    fc.assert(
      fc.property(amounts, amounts, (one, other) =>
        assert.strictEqual(Money.subtract(Money.add(one, other), other), one),
      ),
    )
  })

  it("a multiple is the sum of so many", () => {
    const few = fc.nat({ max: 50 })
    fc.assert(
      fc.property(amounts, few, (money, count) =>
        assert.strictEqual(Money.times(money, count), Money.sum(Array(count).fill(money))),
      ),
    )
    fc.assert(
      fc.property(amounts, counts, (money, count) =>
        assert.strictEqual(Money.times(money, count), Money.times(money, BigInt(count))),
      ),
    )
  })

  it("a count that is not whole is a mistake of the program", () => {
    for (const count of [0.5, Number.NaN, Infinity]) assert.throws(() => Money.times(Money.zero, count), RangeError)
  })

  it("a part is rounded up, by less than the smallest unit", () => {
    fc.assert(
      fc.property(amounts, ratios, (money, { denominator, numerator }) => {
        const over = Money.timesRatio(money, { denominator, numerator }) * denominator - money * numerator
        assert.isTrue(over >= 0n && over < denominator)
      }),
    )
  })

  it("a denominator that is not above zero is a mistake of the program", () => {
    for (const denominator of [0n, -1n]) {
      assert.throws(() => Money.timesRatio(Money.zero, { numerator: 1n, denominator }), RangeError)
    }
  })

  it("orders by amount", () => {
    fc.assert(
      fc.property(amounts, amounts, (one, other) => {
        const [low, high] = [Money.min(one, other), Money.max(one, other)]
        assert.isTrue(low <= high && low + high === one + other)
        assert.isTrue(one === other || Money.Order(low, high) === -1)
      }),
    )
    assert.isTrue(Money.Equivalence(Money.fromInputUnsafe("1 USD"), Money.fromInputUnsafe("$1.00")))
  })

  it("takes its own amount last as well", () => {
    const bill = pipe(
      Money.fromInputUnsafe("$0.25"),
      Money.times(4),
      Money.add(Money.fromInputUnsafe("1 USD")),
      Money.subtract(Money.fromInputUnsafe("$0.50")),
      Money.timesRatio({ numerator: 1n, denominator: 2n }),
      Money.max(Money.zero),
      Money.min(Money.fromInputUnsafe("100 USD")),
    )
    assert.strictEqual(Money.format(bill), "$0.75")
  })
})
