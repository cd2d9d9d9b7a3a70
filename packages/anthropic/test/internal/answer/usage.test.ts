import { assert, describe, it } from "@effect/vitest"

import { mergeUsage, usage } from "../../../src/internal/answer/usage.ts"

describe("usage", () => {
  it("counts what came from the cache and went into it as part of the prompt", () => {
    assert.deepStrictEqual(
      usage({
        input_tokens: 5,
        cache_read_input_tokens: 20,
        cache_creation_input_tokens: 7,
        output_tokens: 9,
        output_tokens_details: { thinking_tokens: 4 },
      }),
      {
        inputTokens: { total: 32, uncached: 5, cacheRead: 20, cacheWrite: 7 },
        outputTokens: { total: 9, text: 5, reasoning: 4 },
      },
    )
  })

  it("does not take the unknown for nothing", () => {
    assert.deepStrictEqual(usage(undefined), { inputTokens: {}, outputTokens: {} })
    assert.deepStrictEqual(usage({ input_tokens: 5, cache_read_input_tokens: null, output_tokens: "9" }), {
      inputTokens: { total: 5 },
      outputTokens: {},
    })
    assert.deepStrictEqual(usage({ cache_read_input_tokens: 5 }).inputTokens, { cacheRead: 5 })
  })

  it("adds what a compaction cost, and nothing else of the iterations", () => {
    const iteration = (type: string, input_tokens: number) => ({
      type,
      input_tokens,
      output_tokens: 10,
      cache_read_input_tokens: 1,
      cache_creation_input_tokens: 2,
    })
    const raw = {
      input_tokens: 100,
      output_tokens: 20,
      cache_read_input_tokens: 0,
      cache_creation_input_tokens: 0,
      iterations: [iteration("message", 60), iteration("compaction", 500), iteration("advisor_message", 900), "odd"],
    }
    assert.deepStrictEqual(usage(raw), {
      inputTokens: { total: 603, uncached: 600, cacheRead: 1, cacheWrite: 2 },
      outputTokens: { total: 30 },
    })
  })
})

describe("the usage of a stream", () => {
  const start = {
    input_tokens: 10,
    output_tokens: 1,
    service_tier: "standard",
    cache_creation_input_tokens: 3,
    cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 2 },
  }

  it("is what its end says, and otherwise what its beginning said", () => {
    assert.deepStrictEqual(mergeUsage(start, { input_tokens: 500, output_tokens: 40, server_tool_use: null }), {
      ...start,
      input_tokens: 500,
      output_tokens: 40,
    })
    assert.deepStrictEqual(mergeUsage(start, undefined), start)
    assert.deepStrictEqual(mergeUsage(undefined, start), start)
    assert.isUndefined(mergeUsage(undefined, undefined))
  })

  it("takes what its beginning counted as plain input for what came from the cache", () => {
    const whole = { input_tokens: 1000, output_tokens: 1 }
    const cached = { input_tokens: 0, cache_read_input_tokens: 1000, output_tokens: 5 }
    assert.deepStrictEqual(mergeUsage(whole, cached), cached)
    assert.deepInclude(mergeUsage(whole, { input_tokens: 20, cache_read_input_tokens: 980 }), { input_tokens: 20 })
    // It was counted apart before, so a zero says nothing.
    assert.deepInclude(mergeUsage({ ...whole, cache_read_input_tokens: 7 }, cached), { input_tokens: 1000 })
    assert.deepInclude(mergeUsage(whole, { input_tokens: 0, output_tokens: 5 }), { input_tokens: 1000 })
  })

  it("keeps the split of cache writes as long as it adds up", () => {
    assert.property(mergeUsage(start, { cache_creation_input_tokens: 3, output_tokens: 2 }), "cache_creation")
    assert.notProperty(mergeUsage(start, { cache_creation_input_tokens: 9, output_tokens: 2 }), "cache_creation")
    const split = { ephemeral_5m_input_tokens: 9, ephemeral_1h_input_tokens: 0 }
    assert.property(mergeUsage(start, { cache_creation_input_tokens: 9, cache_creation: split }), "cache_creation")
  })
})
