import { assert, describe, it } from "@effect/vitest"
import { type MediaUsage } from "@holdfast/core"

import * as Money from "../src/Money.ts"
import * as Price from "../src/Price.ts"
import { source } from "./prices.ts"

const make = (perMillion: Price.Entry["perMillion"], more: Partial<Price.Entry> = {}) =>
  Price.make({ provider: "acme", model: "m", perMillion, ...source, ...more })

const bill = (price: Price.Price, media: MediaUsage.MediaUsage, circumstances: Price.Circumstances = {}) => {
  const { items, total, unknown, unpriced } = Price.cost(price, {
    ...circumstances,
    usage: undefined,
    finishMetadata: { holdfast: { media } },
  })
  const quantities = Object.fromEntries(items.map((item) => [item.class, item.quantity]))
  return { quantities, total: Money.format(total), unknown, unpriced }
}

const exactly = (quantities: Record<string, number>, total: string) => ({
  quantities,
  total,
  unknown: [],
  unpriced: [],
})

describe("what is billed otherwise than by tokens", () => {
  it("costs what the price says for a million characters, for an hour, for an image and for a request", () => {
    assert.deepStrictEqual(
      bill(make({ characters: "$15" }), { characters: 1_000 }),
      exactly({ characters: 1_000 }, "$0.015"),
    )
    assert.deepStrictEqual(bill(make({ seconds: "$0.36" }), { seconds: 90 }), exactly({ seconds: 90 }, "$0.009"))
    assert.deepStrictEqual(bill(make({ images: "$0.04" }), { images: 3 }), exactly({ images: 3 }, "$0.12"))
    assert.deepStrictEqual(bill(make({ requests: "$0.001" }), { requests: 1 }), exactly({ requests: 1 }, "$0.001"))
  })

  it("is free where the price is zero, and the bill says so for certain", () => {
    assert.deepStrictEqual(bill(make({ requests: "$0" }), { requests: 1 }), exactly({ requests: 1 }, "$0.00"))
  })

  it("is not billed where the price does not name it", () => {
    const price = make({ input: "$5", output: "$30" })
    const usage = {
      requests: 1,
      images: 2,
      inputTokens: { total: 10, text: 10 },
      outputTokens: { total: 100, image: 100 },
    }
    assert.deepStrictEqual(bill(price, usage), exactly({ input: 10, imageOutput: 100 }, "$0.00305"))
  })

  it("is unknown where it has a price and was not counted, or not in a way that can be believed", () => {
    for (const seconds of [undefined, -1, 1.5, Number.NaN, "3", 2 ** 60]) {
      const { total, unknown } = bill(make({ seconds: "$1" }), { seconds: seconds as number })
      assert.deepStrictEqual([total, unknown], ["$0.00", ["input"]])
    }
    assert.deepStrictEqual(bill(make({ images: "$1" }), {}).unknown, ["output"])
  })

  it("must be whole picodollars for one, or there is no such price", () => {
    assert.throws(() => make({ characters: "$0.000000000001" }), RangeError)
    assert.doesNotThrow(() => make({ images: "$0.000000000001" }))
  })

  it("of an hour need not be, and is rounded once, for all of its seconds", () => {
    const hourly = make({ seconds: "$0.111" })
    const cost = (seconds: number) =>
      Price.cost(hourly, { usage: undefined, finishMetadata: { holdfast: { media: { seconds } } } }).total
    // 111,000,000,000 / 3,600 = 30,833,333.33 picodollars for a second, and what is left of one counts as one.
    assert.deepStrictEqual([cost(1), cost(3), cost(3_600)].map(Number), [30_833_334, 92_500_000, 111_000_000_000])
  })
})

describe("tokens of media", () => {
  const apart = make({
    input: "$1",
    imageInput: "$2",
    audioInput: "$3",
    cacheRead: "$0.5",
    output: "$10",
    audioOutput: "$20",
  })

  it("are in one class each, also those from a cache", () => {
    const usage = {
      inputTokens: { total: 100, text: 40, image: 30, audio: 20, cached: 10 },
      outputTokens: { total: 7, text: 3, audio: 4 },
    }
    // 40 x 1 + 30 x 2 + 20 x 3 + 10 x 0.5 + 3 x 10 + 4 x 20 = 275.
    assert.deepStrictEqual(
      bill(apart, usage),
      exactly({ input: 40, imageInput: 30, audioInput: 20, cacheRead: 10, output: 3, audioOutput: 4 }, "$0.000275"),
    )
  })

  it("that are not told apart are billed where it makes no difference, and unknown where it does", () => {
    const same = make({ input: "$1", output: "$12" })
    assert.deepStrictEqual(
      bill(same, { inputTokens: { total: 5 }, outputTokens: { total: 6 } }),
      exactly({ input: 5, output: 6 }, "$0.000077"),
    )
    assert.deepStrictEqual(bill(apart, { inputTokens: { total: 5 }, outputTokens: { total: 6, text: 6 } }), {
      quantities: { output: 6 },
      total: "$0.00006",
      unknown: ["input"],
      unpriced: [],
    })
    // What is left can only be of one kind.
    assert.deepStrictEqual(
      bill(apart, {
        inputTokens: { total: 5, image: 1, audio: 0 },
        outputTokens: { total: 6, text: 6 },
      }).quantities,
      { input: 4, imageInput: 1, output: 6 },
    )
  })

  it("that are more than their total, zero or no counts are unknown", () => {
    const sides: ReadonlyArray<MediaUsage.MediaTokens | undefined> = [
      undefined,
      { total: undefined },
      { total: 0 },
      { total: 5, text: 6 },
      { total: 5, text: 5, audio: 1 },
      { total: 5.5 },
      { total: 5, text: -1 },
      { total: "5" as never },
    ]
    for (const side of sides) {
      const { quantities, unknown } = bill(apart, { inputTokens: side, outputTokens: side })
      assert.deepStrictEqual([quantities, unknown], [{}, ["input", "output"]])
    }
  })

  it("have the factors of how they were served, and the tier of their prompt", () => {
    const half = { numerator: 1n, denominator: 2n }
    const price = make(
      { input: "$2", output: "$4" },
      { factors: { batch: half }, tiers: [{ above: 100, perMillion: { input: "$20", output: "$40" } }] },
    )
    const usage = (total: number) => ({ inputTokens: { total }, outputTokens: { total: 10 } })
    assert.strictEqual(bill(price, usage(100)).total, "$0.00024")
    assert.strictEqual(bill(price, usage(100), { serviceTier: "batch" }).total, "$0.00012")
    assert.strictEqual(bill(price, usage(101)).total, "$0.00242")
    assert.deepStrictEqual(bill(price, usage(100), { serviceTier: "flex" }).unpriced, ["flex"])
  })
})

describe("the most that media cost", () => {
  it("is that of all units and of the dearest tokens", () => {
    const price = make({ characters: "$15", requests: "$0.01", input: "$1", output: "$2", imageOutput: "$30" })
    const most = Price.atMost(price, { input: 10, output: 100, units: { characters: 1_000, requests: 2, images: 5 } })
    // 10 x 1 + 100 x 30 for a million, 1,000 x $15 for a million, and 2 cents.
    assert.strictEqual(Money.format(most), "$0.03801")
  })

  it("is never less than the bill of what stays within it", () => {
    const price = make({ seconds: "$0.36", audioInput: "$6", input: "$2.50", output: "$10" })
    for (const seconds of [0, 1, 59, 3_600]) {
      const usage = { seconds, inputTokens: { total: 60, text: 20, audio: 40 }, outputTokens: { total: 9, text: 9 } }
      const { total } = Price.cost(price, { usage: undefined, finishMetadata: { holdfast: { media: usage } } })
      const most = Price.atMost(price, { input: 20, audioInput: 40, output: 9, units: { seconds } })
      assert.isTrue(total <= most)
    }
  })
})
