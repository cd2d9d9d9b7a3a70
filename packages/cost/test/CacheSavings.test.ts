import { assert, describe, it } from "@effect/vitest"
import { CacheSavings, Money, Price, PriceBook } from "@holdfast/cost"
import { Option, Schema } from "effect"
import { Prompt, Tool } from "effect/ai"
import * as fc from "fast-check"

import { claude, gemini, gpt, half, source, usage } from "./prices.ts"

const dollars = (savings: CacheSavings.Savings) =>
  [savings.withoutCache, savings.withCache, savings.saved].map(Money.format)

const long = "You are a shipwright and know everything about ships. ".repeat(100)

const Weather = Tool.make("Weather", { parameters: Schema.Struct({ place: Schema.String }) })

describe("break-even", () => {
  const cases = [
    // A write costs 1.25 and a read 0.1: 1.25 + 0.1 n <= 1 + n from n = 0.28 on.
    [claude, "5m", 1],
    // 2 + 0.1 n <= 1 + n from n = 1.11 on.
    [claude, "1h", 2],
    // 1.25 + 0.05 n <= 1 + n, and 2.5 + 0.05 n <= 1 + n.
    [gpt, "30m", 1],
    [gpt, "12h", 2],
    // Written for the price of plain input.
    [gemini, "5m", 0],
  ] as const

  it.each(cases)("%#", (price, ttl, reads) => {
    assert.deepStrictEqual(CacheSavings.breakEven(price, ttl), Option.some(reads))
  })

  it("is never where reading is not cheaper", () => {
    const price = Price.make({ provider: "p", model: "m", perMillion: { input: "$1", output: "$1" }, ...source })
    assert.deepStrictEqual(CacheSavings.breakEven(price, "5m"), Option.none())
  })

  it("is the least number of reads that pays, for every price of the book", () => {
    const ttls = ["5m", "30m", "1h", "12h"] as const
    for (const price of PriceBook.builtIn.prices) {
      for (const ttl of ttls) {
        const { read, uncached, write } = CacheSavings.rates(price, ttl)
        const pays = (reads: number) => write + read * BigInt(reads) <= uncached * BigInt(1 + reads)
        Option.match(CacheSavings.breakEven(price, ttl), {
          onNone: () => assert.isTrue(read >= uncached),
          onSome: (reads) => assert.deepStrictEqual([pays(reads), reads > 0 && pays(reads - 1)], [true, false]),
        })
      }
    }
  })

  it("rates are those of the prompt's length", () => {
    const rates = (length: number) => Object.values(CacheSavings.rates(claude, "1h", length)).map(Money.format)
    assert.deepStrictEqual(rates(200_000), ["$0.000003", "$0.000006", "$0.0000003"])
    assert.deepStrictEqual(rates(200_001), ["$0.000006", "$0.000012", "$0.0000006"])
  })
})

describe("what is to be expected", () => {
  const traffic = { requests: 1_000, prefixTokens: 10_000, hitRate: 0.9, ttl: "5m" } as const

  it("counts each write once", () => {
    const savings = CacheSavings.expected(claude, traffic)
    // 10 M x $3; 9 M x $0.30 + 1 M x $3.75.
    assert.deepStrictEqual(dollars(savings), ["$30.00", "$6.45", "$23.55"])
    assert.deepStrictEqual([savings.readTokens, savings.writtenTokens], [9_000_000, 1_000_000])
  })

  it("may be a loss", () => {
    assert.deepStrictEqual(dollars(CacheSavings.expected(claude, { ...traffic, hitRate: 0 })), [
      "$30.00",
      "$37.50",
      "-$7.50",
    ])
  })

  it("is what the usage of such a traffic costs", () => {
    const requests = fc.nat({ max: 40 })
    const tokens = fc.nat({ max: 10_000 })
    const rate = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(requests, tokens, rate, (many, prefixTokens, hitRate) => {
        const guess = CacheSavings.expected(claude, { requests: many, prefixTokens, hitRate, ttl: "5m" })
        const hits = Math.floor(many * hitRate)
        const answers = Array.from({ length: many }, (_, index) => ({
          price: claude,
          answer: {
            usage: usage({ total: prefixTokens, [index < hits ? "cacheRead" : "cacheWrite"]: prefixTokens }),
          },
        }))
        assert.deepStrictEqual(CacheSavings.measured(answers), guess)
      }),
    )
  })

  it("a rate that is none is a mistake of the program", () => {
    for (const hitRate of [-0.1, 1.1, Number.NaN]) {
      assert.throws(() => CacheSavings.expected(claude, { ...traffic, hitRate }), RangeError)
    }
  })
})

describe("what was saved", () => {
  it("is the difference to plain input, with the same tier and factors", () => {
    const read = { usage: usage({ total: 1_000_000, cacheRead: 900_000 }, { total: 10 }) }
    const cases = [
      [{ ...read, serviceTier: "batch" }, ["$3.0001125", "$0.5701125", "$2.43"]],
      [{ usage: usage({ total: 100_000, cacheRead: 90_000 }) }, ["$0.30", "$0.057", "$0.243"]],
      [{ usage: usage({ uncached: 10_000, cacheRead: 90_000 }) }, ["$0.30", "$0.057", "$0.243"]],
      [{ usage: usage({ total: 100_000, cacheWrite: 100_000 }), cacheTtl: "1h" }, ["$0.30", "$0.60", "-$0.30"]],
      [{ usage: usage({ total: 100_000 }) }, ["$0.30", "$0.30", "$0.00"]],
      [{ usage: undefined }, ["$0.00", "$0.00", "$0.00"]],
    ] as const
    for (const [answer, expected] of cases) {
      assert.deepStrictEqual(dollars(CacheSavings.measured([{ price: claude, answer }])), [...expected])
    }
    assert.strictEqual(half.numerator, 1n)
  })

  it("sounds from the cache would have been billed as sounds", () => {
    const answer = {
      usage: usage({ total: 1_000, cacheRead: 1_000 }),
      finishMetadata: {
        google: {
          usage: {
            promptTokensDetails: [{ modality: "AUDIO", tokenCount: 1_000 }],
            cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 1_000 }],
          },
        },
      },
    }
    const savings = CacheSavings.measured([{ price: gemini, answer }])
    assert.deepStrictEqual(dollars(savings), ["$0.0007", "$0.000175", "$0.000525"])
    assert.strictEqual(savings.readTokens, 1_000)
  })
})

describe("marking a prefix", () => {
  const conversation = [
    { role: "system", content: long },
    { role: "system", content: "Answer in one sentence." },
    { role: "user", content: "Why do ships float?" },
    { role: "assistant", content: "They displace water." },
    { role: "user", content: "And why do they sink?" },
  ] as const satisfies Prompt.RawInput

  const optionsOf = ({ breakpoint, prompt }: CacheSavings.Marked): unknown =>
    breakpoint === undefined ? undefined : prompt.content[breakpoint]?.options

  it("ends it with the last message of the system, or the last example, in the provider's way", () => {
    const anthropic = { provider: "anthropic", model: "claude-sonnet-5-5" }
    const openai = { provider: "openai", model: "gpt-6.1-terra" }
    const cases = [
      [anthropic, 1, { anthropic: { cacheControl: { type: "ephemeral", ttl: "5m" } } }],
      [{ ...anthropic, ttl: "1h" }, 1, { anthropic: { cacheControl: { type: "ephemeral", ttl: "1h" } } }],
      [{ ...anthropic, examples: 2 }, 3, { anthropic: { cacheControl: { type: "ephemeral", ttl: "5m" } } }],
      [openai, 1, { openai: { promptCacheBreakpoint: { ttl: "30m" } } }],
      // What the model said cannot end a prefix at OpenAI.
      [{ ...openai, examples: 2, ttl: "12h" }, 2, { openai: { promptCacheBreakpoint: { ttl: "12h" } } }],
      [{ ...openai, model: "gpt-5.2" }, undefined, undefined],
      [{ provider: "google", model: "gemini-3.8-flash" }, undefined, undefined],
      [{ provider: "deepseek", model: "deepseek-chat" }, undefined, undefined],
    ] as const
    for (const [prefix, breakpoint, options] of cases) {
      const marked = CacheSavings.mark(conversation, prefix)
      assert.deepStrictEqual([marked.breakpoint, optionsOf(marked)], [breakpoint, options])
      assert.deepStrictEqual(
        marked.prompt.content.map(({ content }) => content),
        Prompt.make(conversation).content.map(({ content }) => content),
      )
    }
  })

  it("keeps other options of the message", () => {
    const prompt = [{ role: "system", content: long, options: { anthropic: { a: 1 }, other: { b: 2 } } }] as const
    const marked = CacheSavings.mark(prompt as unknown as Prompt.RawInput, {
      provider: "anthropic",
      model: "claude-sonnet-5-5",
    })
    assert.deepStrictEqual(optionsOf(marked), {
      anthropic: { a: 1, cacheControl: { type: "ephemeral", ttl: "5m" } },
      other: { b: 2 },
    })
  })

  const warnings = (prompt: Prompt.RawInput, prefix: CacheSavings.Prefix) => CacheSavings.mark(prompt, prefix).warnings

  it("warns of a prefix that is too short for the model, tools included", () => {
    const prefix = (model: string, tools: ReadonlyArray<Tool.Any> = []) => ({ provider: "anthropic", model, tools })
    const short = (model: string) => warnings(conversation, prefix(model)).map((warning) => warning._tag)
    assert.deepStrictEqual(["claude-opus-5", "claude-sonnet-4-5-20250929", "claude-haiku-4-5"].map(short), [
      [],
      [],
      ["PrefixTooShort"],
    ])
    const count = (tools: ReadonlyArray<Tool.Any>) => CacheSavings.mark("hi", prefix("claude-opus-5", tools)).tokens
    assert.strictEqual(count([]), 0)
    assert.isAbove(count([Weather]), 20)
  })

  it("warns where there is nothing to mark, and of lifetimes that the provider does not have", () => {
    assert.deepInclude(warnings("hi", { provider: "anthropic", model: "claude-opus-5" }), { _tag: "NothingToMark" })
    const hour = CacheSavings.mark(conversation, { provider: "openai", model: "gpt-6-sol", ttl: "1h" })
    assert.deepStrictEqual(hour.warnings, [{ _tag: "LifetimeUnknown", ttl: "1h", lifetimes: ["30m", "12h"] }])
    assert.deepStrictEqual(optionsOf(hour), { openai: { promptCacheBreakpoint: { ttl: "30m" } } })
  })
})

describe("a prefix that changes", () => {
  const system = (text: string): Prompt.RawInput => [
    { role: "system", content: text },
    { role: "user", content: `${Math.PI} ${text.length}` },
  ]

  it("is found at its place, and nothing of it is told", () => {
    const before = system(`${long} Today is Monday.`)
    const after = system(`${long} Today is Tuesday.`)
    assert.deepStrictEqual(
      CacheSavings.changed({ before, after }),
      Option.some({ _tag: "PrefixChanged", in: 0, after: long.length + " Today is ".length }),
    )
  })

  it("is not one that only grows behind its end", () => {
    const before = system(long)
    const after = Prompt.concat(Prompt.make(system(long)), "And why do they sink?")
    assert.deepStrictEqual(CacheSavings.changed({ before, after }), Option.none())
    assert.deepStrictEqual(CacheSavings.changed({ before, after: before }, { examples: 5 }), Option.none())
  })

  it("may be in the tools, the examples, or a file", () => {
    const Tides = Tool.make("Tides", { parameters: Schema.Struct({}) })
    const prompt = system(long)
    assert.deepStrictEqual(
      CacheSavings.changed(
        { before: prompt, after: prompt },
        { tools: { before: [Weather, Tides], after: [Tides, Weather] } },
      ),
      Option.some({ _tag: "PrefixChanged", in: "tools", after: 0 }),
    )
    const example = (byte: number): Prompt.RawInput => [
      { role: "system", content: long },
      { role: "user", content: [{ type: "file", mediaType: "image/png", data: new Uint8Array([byte, 2, 3]) }] },
    ]
    const changed = CacheSavings.changed({ before: example(1), after: example(9) }, { examples: 1 })
    assert.deepInclude(Option.getOrThrow(changed), { _tag: "PrefixChanged", in: 1 })
    assert.deepStrictEqual(
      CacheSavings.changed({ before: example(1), after: example(1) }, { examples: 1 }),
      Option.none(),
    )
  })

  it("was there before, and is not there any more", () => {
    const changed = CacheSavings.changed({ before: system("long ago"), after: "hi" })
    assert.deepStrictEqual(changed, Option.some({ _tag: "PrefixChanged", in: 0, after: 0 }))
  })
})
