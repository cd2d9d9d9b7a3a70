import { assert, describe, it } from "@effect/vitest"
import { Money, Price } from "@holdfast/cost"
import * as fc from "fast-check"

import { claude, gemini, gpt, half, source, usage } from "./prices.ts"

const money = (text: string) => Money.format(Money.fromInputUnsafe(text as "$1"))

const total = (price: Price.Price, answer: Price.Answer): string => Money.format(Price.cost(price, answer).total)

const quantities = (price: Price.Price, answer: Price.Answer) =>
  Object.fromEntries(Price.cost(price, answer).items.map(({ class: name, quantity }) => [name, quantity]))

const anthropic = (raw: object) => ({ anthropic: { usage: raw } })
const openai = (raw: object, more: object = {}) => ({ openai: { usage: raw, ...more } })

describe("classes", () => {
  it("a cached token is billed once", () => {
    const answer = { usage: usage({ total: 1_000, uncached: 100, cacheRead: 600, cacheWrite: 300 }, { total: 10 }) }
    assert.deepStrictEqual(quantities(claude, answer), { input: 100, cacheRead: 600, cacheWrite5m: 300, output: 10 })
    // 100 x 3 + 600 x 0.30 + 300 x 3.75 + 10 x 15, in millionths of a dollar.
    assert.strictEqual(total(claude, answer), money("$0.001755"))
  })

  it("reasoning is part of the output, and may have its own price", () => {
    const answer = { usage: usage({ total: 0 }, { total: 100, text: 40, reasoning: 60 }) }
    assert.deepStrictEqual(quantities(gpt, answer), { output: 40, reasoning: 60 })
    assert.strictEqual(total(gpt, answer), money("$0.00056"))
    assert.strictEqual(total(claude, answer), money("$0.0015"))
  })

  it("writes to a cache are billed by their lifetime", () => {
    const written = usage({ total: 1_000, uncached: 0, cacheRead: 0, cacheWrite: 1_000 })
    const cases = [
      [
        claude,
        anthropic({ cache_creation: { ephemeral_5m_input_tokens: 400, ephemeral_1h_input_tokens: 600 } }),
        "$0.0051",
      ],
      [claude, anthropic({ cache_creation: { ephemeral_5m_input_tokens: 1_000 } }), "$0.00375"],
      [claude, anthropic({ cache_creation: { ephemeral_1h_input_tokens: 1_000 } }), "$0.006"],
      [claude, anthropic({}), "$0.00375"],
      [claude, undefined, "$0.00375"],
      // The rest of a split that does not add up has the vendor's usual lifetime.
      [claude, anthropic({ cache_creation: { ephemeral_1h_input_tokens: 600 } }), "$0.0051"],
      [claude, anthropic({ cache_creation: { ephemeral_1h_input_tokens: 5_000 } }), "$0.006"],
      [
        gpt,
        openai({ input_tokens_details: { cache_write_tokens_details: { ttl_30m_tokens: 400, ttl_12h_tokens: 600 } } }),
        "$0.002",
      ],
      [gpt, openai({}), "$0.00125"],
    ] as const
    for (const [price, finishMetadata, expected] of cases) {
      const bill = Price.cost(price, { usage: written, finishMetadata })
      assert.deepStrictEqual([Money.format(bill.total), bill.unpriced], [money(expected), []])
    }
    assert.strictEqual(total(claude, { usage: written, cacheTtl: "1h" }), money("$0.006"))
  })

  it("a write whose lifetime has no price is billed like a shorter one, and says so", () => {
    const bill = Price.cost(claude, {
      usage: usage({ total: 10, cacheWrite: 10 }),
      finishMetadata: openai({ input_tokens_details: { cache_write_tokens_details: { ttl_12h_tokens: 10 } } }),
    })
    assert.strictEqual(Money.format(bill.total), money("$0.00006"))
    assert.deepStrictEqual(bill.unpriced, ["cacheWrite12h"])
  })

  it("sound is billed as sound, on either side", () => {
    const answer = {
      usage: usage({ total: 100, uncached: 80, cacheRead: 20 }, { total: 50, reasoning: 10 }),
      finishMetadata: openai({
        prompt_tokens_details: { audio_tokens: 30, cached_tokens: 20 },
        completion_tokens_details: { audio_tokens: 25, reasoning_tokens: 10 },
      }),
    }
    assert.deepStrictEqual(quantities(gpt, answer), {
      input: 50,
      audioInput: 30,
      cacheRead: 20,
      output: 15,
      reasoning: 10,
      audioOutput: 25,
    })
  })

  it("Google says which of the cached tokens were sound", () => {
    const answer = {
      usage: usage({ total: 1_000, uncached: 600, cacheRead: 400 }),
      finishMetadata: {
        google: {
          usage: {
            promptTokensDetails: [
              { modality: "TEXT", tokenCount: 700 },
              { modality: "AUDIO", tokenCount: 300 },
            ],
            cacheTokensDetails: [
              { modality: "AUDIO", tokenCount: 250 },
              { modality: "TEXT", tokenCount: 150 },
            ],
          },
        },
      },
    }
    assert.deepStrictEqual(quantities(gemini, answer), {
      input: 550,
      audioInput: 50,
      cacheRead: 150,
      audioCacheRead: 250,
    })
  })

  it("searches are billed, and named where they have no price", () => {
    const answer = {
      usage: usage({ total: 0 }),
      finishMetadata: anthropic({ server_tool_use: { web_search_requests: 3 } }),
    }
    assert.strictEqual(total(claude, answer), money("$0.03"))
    assert.deepStrictEqual(Price.cost(gpt, answer).unpriced, ["webSearch"])
  })
})

describe("what is not known", () => {
  it("is not zero: the bill says so", () => {
    const nothing = Price.cost(gpt, { usage: undefined })
    assert.deepStrictEqual(nothing, { items: [], total: Money.zero, unknown: ["input", "output"], unpriced: [] })
    assert.deepStrictEqual(Price.cost(gpt, { usage: usage({ total: 1 }, {}) }).unknown, ["output"])
    assert.deepStrictEqual(Price.cost(gpt, { usage: usage({}, { total: 1 }) }).unknown, ["input"])
  })

  it("is no output where a model has none", () => {
    const embedding = Price.make({ provider: "o", model: "e", perMillion: { input: "$0.02" }, ...source })
    assert.deepStrictEqual(Price.cost(embedding, { usage: usage({ total: 1 }, {}) }).unknown, [])
  })

  it("a total is the sum of its parts, and the rest of a total is plain", () => {
    assert.deepStrictEqual(
      quantities(gpt, { usage: usage({ uncached: 5, cacheRead: 7 }, { text: 2, reasoning: 3 }) }),
      {
        input: 5,
        cacheRead: 7,
        output: 2,
        reasoning: 3,
      },
    )
    assert.deepStrictEqual(quantities(gpt, { usage: usage({ total: 10, cacheRead: 4 }, { total: 9, reasoning: 2 }) }), {
      input: 6,
      cacheRead: 4,
      output: 7,
      reasoning: 2,
    })
  })

  it("a side of which a detail is text is unknown beside a valid count, however it is written", () => {
    const sides = (raw: unknown) =>
      Price.cost(gpt, { usage: usage({ total: 10 }, { total: 9 }), finishMetadata: { openai: { usage: raw } } }).unknown
    for (const wrong of ["8", 8, true, ["8"], { cached_tokens: "8" }, { cached_tokens: 0.5 }]) {
      assert.deepStrictEqual(
        sides({ prompt_tokens: 10, prompt_tokens_details: wrong }),
        ["input"],
        JSON.stringify(wrong),
      )
    }
    for (const wrong of ["2", 2, { reasoning_tokens: "2" }]) {
      assert.deepStrictEqual(sides({ completion_tokens: 9, completion_tokens_details: wrong }), ["output"])
    }
    for (const wrong of ["2", {}, [{ tokenCount: "2" }]]) {
      assert.deepStrictEqual(sides({ promptTokensDetails: wrong }), ["input"])
      assert.deepStrictEqual(sides({ candidatesTokensDetails: wrong }), ["output"])
    }
    assert.deepStrictEqual(sides({ prompt_tokens: "10", completion_tokens: 9 }), ["input"])
    assert.deepStrictEqual(sides({ prompt_tokens: 10, completion_tokens: "9" }), ["output"])
    assert.deepStrictEqual(
      sides({ prompt_tokens_details: null, completion_tokens_details: {}, promptTokensDetails: [] }),
      [],
    )
  })

  it("counts that are no counts are unknown, and never crash", () => {
    for (const wrong of [-1, 0.5, Number.NaN, Infinity, 2 ** 60, "7", null, {}]) {
      assert.deepStrictEqual(
        Price.cost(gpt, { usage: usage({ total: wrong as number }, { total: wrong as number }) }).unknown,
        ["input", "output"],
      )
    }
    const hostile = fc.anything()
    fc.assert(
      fc.property(hostile, hostile, hostile, (input, output, raw) => {
        const bill = Price.cost(gpt, {
          usage: { inputTokens: input, outputTokens: output } as never,
          finishMetadata: { openai: { usage: raw, serviceTier: raw } },
        })
        assert.isTrue(bill.total >= 0n)
      }),
    )
  })
})

describe("tiers", () => {
  const at = (length: number) => total(claude, { usage: usage({ total: length }, { total: 1_000 }) })

  it("re-price the whole request from the first token above", () => {
    assert.strictEqual(at(199_999), money("$0.614997"))
    assert.strictEqual(at(200_000), money("$0.615"))
    assert.strictEqual(at(200_001), money("$1.222506"))
  })

  it("count what came from the cache", () => {
    const answer = { usage: usage({ total: 200_001, cacheRead: 200_000 }) }
    assert.strictEqual(total(claude, answer), money("$0.120006"))
  })

  it("of several the highest that is reached counts, in whichever order they were given", () => {
    const price = Price.make({
      provider: "p",
      model: "m",
      perMillion: { input: "$1", output: "$1" },
      tiers: [
        { above: 200, perMillion: { input: "$3", output: "$1" } },
        { above: 100, perMillion: { input: "$2", output: "$1" } },
      ],
      ...source,
    })
    const prices = [100, 101, 200, 201].map((length) => Price.ratesFor(price, length).input)
    assert.deepStrictEqual(prices, [1_000_000n, 2_000_000n, 2_000_000n, 3_000_000n].map(Money.fromPicodollars))
  })
})

describe("factors", () => {
  const plain = usage({ total: 1_000_000 }, { total: 0 })

  it("batch, flex and priority", () => {
    const cost = (serviceTier: Price.ServiceTier) => total(gpt, { usage: plain, serviceTier })
    assert.deepStrictEqual((["standard", "batch", "flex", "priority", "fast"] as const).map(cost), [
      "$1.00",
      "$0.50",
      "$0.50",
      "$2.00",
      "$2.00",
    ])
  })

  it("the answer knows better than the request, except for batches", () => {
    const cases = [
      [openai({}, { serviceTier: "default" }), "priority", "$1.00"],
      [openai({}, { serviceTier: "flex" }), undefined, "$0.50"],
      [openai({}, { serviceTier: "FLEX" }), undefined, "$0.50"],
      [openai({}, { serviceTier: "default" }), "batch", "$0.50"],
      [{ google: { serviceTier: "priority" } }, undefined, "$2.00"],
      [undefined, "flex", "$0.50"],
    ] as const
    for (const [finishMetadata, serviceTier, expected] of cases) {
      assert.strictEqual(total(gpt, { usage: plain, finishMetadata, serviceTier }), expected)
    }
  })

  it("multiply each other", () => {
    const geo = anthropic({ service_tier: "batch", inference_geo: "us" })
    assert.strictEqual(total(claude, { usage: usage({ total: 100_000 }), finishMetadata: geo }), money("$0.165"))
    assert.strictEqual(
      total(claude, { usage: usage({ total: 100_000 }), finishMetadata: geo, regional: false }),
      money("$0.15"),
    )
  })

  it("one that the price does not have is named", () => {
    for (const word of ["priority", "scale", "constructor"]) {
      const bill = Price.cost(claude, { usage: plain, finishMetadata: anthropic({ service_tier: word }) })
      assert.deepStrictEqual([Money.format(bill.total), bill.unpriced], ["$6.00", [word]])
    }
    assert.deepStrictEqual(
      Price.cost(claude, { usage: plain, finishMetadata: anthropic({ speed: "fast" }) }).unpriced,
      ["fast"],
    )
  })

  it("are rounded up once an item", () => {
    const odd = Price.make({
      provider: "p",
      model: "m",
      perMillion: { input: "$0.000003", output: "$0.000001" },
      factors: { batch: half },
      ...source,
    })
    const bill = Price.cost(odd, { usage: usage({ total: 3 }, { total: 1 }), serviceTier: "batch" })
    assert.deepStrictEqual(
      bill.items.map(({ amount, rate }) => [rate, amount]),
      [
        [3n, 5n],
        [1n, 1n],
      ],
    )
  })
})

describe("periods", () => {
  const dated = Price.make({
    provider: "p",
    model: "m",
    perMillion: { input: "$1", output: "$1" },
    from: "2026-10-07T00:00:00Z",
    until: "2026-12-01T00:00:00Z",
    ...source,
  })

  it("begin and end at their second", () => {
    const times = [
      [Date.UTC(2026, 9, 6, 23, 59, 59, 999), false],
      [Date.UTC(2026, 9, 7), true],
      [Date.UTC(2026, 10, 30, 23, 59, 59, 999), true],
      [Date.UTC(2026, 11, 1), false],
    ] as const
    for (const [at, expected] of times) assert.strictEqual(Price.holds(dated, at), expected)
  })

  it("may be hours of the day, also across midnight", () => {
    const night = Price.make({
      provider: "p",
      model: "m",
      perMillion: { input: "$1" },
      hours: [["16:30:00Z", "00:30:00Z"]],
      ...source,
    })
    const times = [
      [Date.UTC(2026, 1, 1, 16, 29, 59), false],
      [Date.UTC(2026, 1, 1, 16, 30, 0), true],
      [Date.UTC(2026, 1, 2, 0, 29, 59, 999), true],
      [Date.UTC(2026, 1, 2, 0, 30, 0), false],
      [-1, true],
    ] as const
    for (const [at, expected] of times) assert.strictEqual(Price.holds(night, at), expected)
  })
})

describe("days", () => {
  const workdays = Price.make({
    provider: "p",
    model: "m",
    perMillion: { input: "$1" },
    days: ["monday", "tuesday", "wednesday", "thursday", "friday"],
    hours: [["01:00:00Z", "04:00:00Z"]],
    except: ["2026-10-01"],
    ...source,
  })

  it("are those of the week, without single ones", () => {
    const times = [
      [Date.UTC(2026, 8, 30, 2), true],
      [Date.UTC(2026, 8, 30, 4), false],
      [Date.UTC(2026, 9, 1, 2), false],
      [Date.UTC(2026, 9, 2, 1), true],
      [Date.UTC(2026, 9, 3, 2), false],
      [Date.UTC(2026, 9, 4, 2), false],
      [Date.UTC(2026, 9, 5, 2), true],
      // Wednesday, before 1970.
      [Date.UTC(1969, 11, 31, 2), true],
      [Date.UTC(1969, 11, 28, 2), false],
    ] as const
    for (const [at, expected] of times) assert.strictEqual(Price.holds(workdays, at), expected, String(at))
  })
})

describe("a price of which only the least is known", () => {
  it("is in the total, and named", () => {
    const least = Price.make({
      provider: "p",
      model: "m",
      perMillion: { input: "$1", output: "$2" },
      atLeast: ["output"],
      ...source,
    })
    const { total: sum, unpriced } = Price.cost(least, { usage: usage({ total: 1_000_000 }, { total: 1_000_000 }) })
    assert.deepStrictEqual([Money.format(sum), unpriced], ["$3.00", ["output"]])
  })
})

describe("mistakes in an entry", () => {
  const entry = { provider: "p", model: "m", perMillion: { input: "$1" }, ...source } as const
  const wrong: ReadonlyArray<readonly [Partial<Price.Entry>, RegExp]> = [
    [{ perMillion: { input: "$0.0000001" } }, /^input: \$0\.0000001 is not whole/],
    [{ perMillion: { output: "-1 USD" } }, /^output/],
    [{ perMillion: { input: "1 EUR" as "1 USD" } }, /^input/],
    [{ from: "2026-10-07" }, /"2026-10-07" is not a time/],
    [{ until: "2026-13-07T00:00:00Z" }, /not a time/],
    [{ hours: [["24:00:00Z", "01:00:00Z"]] }, /time of day/],
    [{ from: "2026-10-07T00:00:00Z", until: "2026-10-07T00:00:00Z" }, /cannot end/],
    [{ days: ["someday" as "monday"] }, /day of the week/],
    [{ except: ["1 May"] }, /not a time/],
  ]

  it.each(wrong)("%j", (fields, expected) => {
    assert.throws(() => Price.make({ ...entry, ...fields }), RangeError, expected)
  })
})
