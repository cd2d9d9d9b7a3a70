/**
 * Usage that cannot be believed: zeros of servers that do not count, and counts that are none.
 */

import { assert, describe, it } from "@effect/vitest"
import { Price } from "@holdfast/cost"
import * as fc from "fast-check"

import { claude, gemini, gpt, usage } from "./prices.ts"

const unknown = (answer: Price.Answer, price = gpt) => Price.cost(price, answer).unknown

const classesOf = (answer: Price.Answer, price = gpt) => Price.cost(price, answer).items.map((item) => item.class)

describe("zeros beside content are unknown", () => {
  const zeros: ReadonlyArray<
    readonly [name: string, usage: Price.Usage, deliveredParts: number | undefined, unknown: ReadonlyArray<string>]
  > = [
    ["all zero, content", usage({ total: 0 }, { total: 0 }), 3, ["input", "output"]],
    ["all zero, nothing delivered", usage({ total: 0 }, { total: 0 }), 0, ["input", "output"]],
    ["all zero, nothing known of the content", usage({ total: 0 }, { total: 0 }), undefined, ["input", "output"]],
    ["zeros in every part", usage({ uncached: 0, cacheRead: 0 }, { text: 0, reasoning: 0 }), 1, ["input", "output"]],
    ["empty records", usage({}, {}), 1, ["input", "output"]],
    ["a prompt, and content of zero tokens", usage({ total: 9 }, { total: 0 }), 1, ["output"]],
    ["a prompt, and truly nothing", usage({ total: 9 }, { total: 0 }), 0, []],
    ["a prompt, and who knows", usage({ total: 9 }, { total: 0 }), undefined, []],
    ["an answer to a prompt of nothing", usage({ total: 0 }, { total: 5 }), 1, ["input"]],
    ["only the prompt's count left out, an empty answer", usage({}, { total: 0 }), 0, ["input", "output"]],
    ["all from the cache", usage({ total: 9, uncached: 0, cacheRead: 9 }, { total: 1 }), 1, []],
  ]

  it.each(zeros)("%s", (_, each, deliveredParts, expected) => {
    assert.deepStrictEqual<ReadonlyArray<string>>(unknown({ usage: each, deliveredParts }), expected)
  })

  it("is never an exact bill of nothing", () => {
    fc.assert(
      fc.property(fc.nat({ max: 5 }), fc.nat({ max: 5 }), fc.integer({ min: 1, max: 9 }), (input, output, parts) => {
        const bill = Price.cost(gpt, {
          usage: usage({ total: input }, { total: output }),
          deliveredParts: parts,
        })
        assert.strictEqual(bill.unknown.includes("input"), input === 0)
        assert.strictEqual(bill.unknown.includes("output"), output === 0)
      }),
    )
  })
})

const noCounts: ReadonlyArray<unknown> = [
  "12",
  "",
  "many",
  -1,
  0.5,
  2 ** 53,
  1e300,
  Number.NaN,
  Infinity,
  true,
  {},
  [1],
]

describe("a count that is none makes its side unknown", () => {
  const good = usage({ total: 12 }, { total: 5 })

  const inputs: ReadonlyArray<readonly [name: string, raw: (wrong: unknown) => object]> = [
    ["Chat: prompt_tokens", (wrong) => ({ prompt_tokens: wrong, completion_tokens: 5 })],
    ["Chat: cached_tokens", (wrong) => ({ prompt_tokens: 12, prompt_tokens_details: { cached_tokens: wrong } })],
    ["Chat: audio_tokens", (wrong) => ({ prompt_tokens: 12, prompt_tokens_details: { audio_tokens: wrong } })],
    ["DeepSeek: prompt_cache_hit_tokens", (wrong) => ({ prompt_tokens: 12, prompt_cache_hit_tokens: wrong })],
    ["Moonshot: cached_tokens", (wrong) => ({ prompt_tokens: 12, cached_tokens: wrong })],
    ["Responses: input_tokens", (wrong) => ({ input_tokens: wrong, output_tokens: 5 })],
    ["Responses: cached_tokens", (wrong) => ({ input_tokens: 12, input_tokens_details: { cached_tokens: wrong } })],
    ["Responses: cache_write_tokens", (wrong) => ({ input_tokens_details: { cache_write_tokens: wrong } })],
    [
      "Responses: ttl_12h_tokens",
      (wrong) => ({ input_tokens_details: { cache_write_tokens_details: { ttl_12h_tokens: wrong } } }),
    ],
    ["Anthropic: cache_read_input_tokens", (wrong) => ({ input_tokens: 12, cache_read_input_tokens: wrong })],
    ["Anthropic: cache_creation_input_tokens", (wrong) => ({ input_tokens: 12, cache_creation_input_tokens: wrong })],
    ["Anthropic: ephemeral_1h", (wrong) => ({ cache_creation: { ephemeral_1h_input_tokens: wrong } })],
    ["Google: promptTokenCount", (wrong) => ({ promptTokenCount: wrong, candidatesTokenCount: 5 })],
    ["Google: cachedContentTokenCount", (wrong) => ({ promptTokenCount: 12, cachedContentTokenCount: wrong })],
    ["Google: toolUsePromptTokenCount", (wrong) => ({ promptTokenCount: 12, toolUsePromptTokenCount: wrong })],
    ["Google: a modality", (wrong) => ({ promptTokensDetails: [{ modality: "AUDIO", tokenCount: wrong }] })],
    ["Google: a cached modality", (wrong) => ({ cacheTokensDetails: [{ modality: "TEXT", tokenCount: wrong }] })],
  ]

  const outputs: ReadonlyArray<readonly [name: string, raw: (wrong: unknown) => object]> = [
    ["Chat: completion_tokens", (wrong) => ({ prompt_tokens: 12, completion_tokens: wrong })],
    ["Chat: reasoning_tokens", (wrong) => ({ completion_tokens_details: { reasoning_tokens: wrong } })],
    ["Responses: output_tokens", (wrong) => ({ input_tokens: 12, output_tokens: wrong })],
    ["Responses: reasoning_tokens", (wrong) => ({ output_tokens_details: { reasoning_tokens: wrong } })],
    ["Anthropic: thinking_tokens", (wrong) => ({ output_tokens_details: { thinking_tokens: wrong } })],
    ["Google: candidatesTokenCount", (wrong) => ({ promptTokenCount: 12, candidatesTokenCount: wrong })],
    ["Google: thoughtsTokenCount", (wrong) => ({ candidatesTokenCount: 5, thoughtsTokenCount: wrong })],
    ["Google: a modality", (wrong) => ({ candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: wrong }] })],
  ]

  it.each(inputs)("%s", (_, raw) => {
    for (const wrong of noCounts) {
      const answer = { usage: good, finishMetadata: { vendor: { usage: raw(wrong) } } }
      assert.deepStrictEqual(unknown(answer), ["input"], String(wrong))
      assert.deepStrictEqual(classesOf(answer), ["output"], String(wrong))
    }
  })

  it.each(outputs)("%s", (_, raw) => {
    for (const wrong of noCounts) {
      const answer = { usage: good, finishMetadata: { vendor: { usage: raw(wrong) } } }
      assert.deepStrictEqual(unknown(answer), ["output"], String(wrong))
      assert.deepStrictEqual(classesOf(answer), ["input"], String(wrong))
    }
  })

  it("but null is how vendors leave one out", () => {
    for (const [, raw] of [...inputs, ...outputs]) {
      assert.deepStrictEqual(unknown({ usage: good, finishMetadata: { vendor: { usage: raw(null) } } }), [])
    }
  })

  it("so does one in the usage itself, whatever its parts say", () => {
    for (const wrong of noCounts) {
      const side = (name: string) => ({ total: 10, uncached: 5, text: 5, [name]: wrong as number })
      for (const name of ["total", "uncached", "cacheRead", "cacheWrite"]) {
        assert.deepStrictEqual(unknown({ usage: usage(side(name), { total: 1 }) }), ["input"], name)
      }
      for (const name of ["total", "text", "reasoning"]) {
        assert.deepStrictEqual(unknown({ usage: usage({ total: 1 }, side(name)) }), ["output"], name)
      }
    }
  })
})

describe("parts that are more than their whole make the side unknown", () => {
  const wrong: ReadonlyArray<readonly [Price.Usage, ReadonlyArray<string>]> = [
    [usage({ total: 10, cacheRead: 11 }, { total: 1 }), ["input"]],
    [usage({ total: 10, cacheRead: 6, cacheWrite: 5 }, { total: 1 }), ["input"]],
    [usage({ total: 10 }, { total: 5, reasoning: 6 }), ["output"]],
    [usage({ total: 0, cacheRead: 5 }, { total: 1 }), ["input"]],
    [usage({ uncached: 2 ** 53 - 1, cacheRead: 2 ** 53 - 1 }, { total: 1 }), ["input"]],
  ]

  it.each(wrong)("%j", (each, expected) => {
    assert.deepStrictEqual<ReadonlyArray<string>>(unknown({ usage: each }), expected)
  })
})

describe("what the vendor's own tools did", () => {
  const billed = (finishMetadata: object, price = claude) => {
    const { items, unpriced } = Price.cost(price, {
      usage: usage({ total: 1 }, { total: 1 }),
      finishMetadata: finishMetadata as Record<string, unknown>,
    })
    return [items.find((item) => item.class === "webSearch")?.quantity, unpriced]
  }
  const anthropic = (tools: object) => ({ anthropic: { usage: { server_tool_use: tools } } })

  const cases: ReadonlyArray<readonly [metadata: object, searches: number | undefined, ReadonlyArray<string>]> = [
    [anthropic({ web_search_requests: 2 }), 2, []],
    [anthropic({ web_search_requests: 0, web_fetch_requests: 4 }), undefined, []],
    [anthropic({ web_search_requests: "2" }), undefined, ["webSearch"]],
    [anthropic({ web_search_requests: 1, code_execution_requests: 1 }), 1, ["code_execution_requests"]],
    [{ x_ai: { usage: { num_sources_used: 5 } } }, undefined, ["num_sources_used"]],
    [{ x_ai: { usage: { num_sources_used: 0 } } }, undefined, []],
    [{ x_ai: { usage: { server_side_tool_usage_details: { x_search_calls: 1 } } } }, undefined, ["x_search_calls"]],
    [{ perplexity: { usage: { num_search_queries: 1 } } }, undefined, ["num_search_queries"]],
    [{ google: { groundingMetadata: { webSearchQueries: ["x"] } } }, undefined, ["webSearch"]],
    [{ google: { groundingMetadata: { webSearchQueries: [] } } }, undefined, []],
  ]

  it.each(cases)("%j", (metadata, searches, unpriced) => {
    assert.deepStrictEqual(billed(metadata), [searches, unpriced])
  })
})

describe("hostile usage", () => {
  it("never crashes and never makes a bill that is less than nothing", () => {
    const anything = fc.anything()
    fc.assert(
      fc.property(anything, anything, anything, anything, (input, output, raw, parts) => {
        for (const price of [claude, gemini, gpt]) {
          const bill = Price.cost(price, {
            usage: { inputTokens: input, outputTokens: output } as never,
            deliveredParts: parts as number,
            finishMetadata: { anthropic: { usage: raw }, openrouter: { usage: { cost: raw } } },
          })
          assert.isTrue(bill.total >= 0n)
        }
      }),
    )
  })
})
