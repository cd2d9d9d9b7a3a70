import { assert, describe, it } from "@effect/vitest"
import { laterReport } from "@holdfast/core/provider/TokenCounts"

import { usage } from "../../../src/internal/answer/usage.ts"

const totals = (raw: unknown) => {
  const { inputTokens, outputTokens } = usage(raw)
  return { ...inputTokens, total: undefined, in: inputTokens.total, out: outputTokens.total, ...outputTokens }
}

describe("usage", () => {
  it("adds thoughts to what was answered, and what tools found to the prompt", () => {
    const raw = {
      promptTokenCount: 100,
      cachedContentTokenCount: 60,
      toolUsePromptTokenCount: 40,
      candidatesTokenCount: 7,
      thoughtsTokenCount: 5,
      totalTokenCount: 152,
    }
    assert.deepStrictEqual(usage(raw), {
      inputTokens: { total: 140, uncached: 80, cacheRead: 60 },
      outputTokens: { total: 12, text: 7, reasoning: 5 },
    })
  })

  it("takes counts that are left out for zero, beside others", () => {
    assert.deepStrictEqual(usage({ promptTokenCount: 9, thoughtsTokenCount: 5, totalTokenCount: 14 }), {
      inputTokens: { total: 9, uncached: 9, cacheRead: 0 },
      outputTokens: { total: 5, text: 0, reasoning: 5 },
    })
    assert.deepStrictEqual(usage({ promptTokenCount: 9, totalTokenCount: 9 }).outputTokens, {
      total: 0,
      text: 0,
      reasoning: 0,
    })
    assert.strictEqual(totals({ promptTokenCount: 9, totalTokenCount: 20 }).out, 11)
    assert.strictEqual(totals({ promptTokenCount: 9, thoughtsTokenCount: 3 }).out, 3)
    assert.strictEqual(totals({ promptTokenCount: 9, thoughtsTokenCount: 3, totalTokenCount: 1 }).out, 3)
  })

  it("knows nothing without counts", () => {
    for (const raw of [undefined, null, {}, { trafficType: "ON_DEMAND" }, { promptTokenCount: -1 }, "9"]) {
      assert.deepStrictEqual(usage(raw), { inputTokens: {}, outputTokens: {} })
    }
    assert.deepStrictEqual(usage({ promptTokenCount: 9 }).outputTokens, {})
    assert.deepStrictEqual(usage({ totalTokenCount: 9 }), { inputTokens: {}, outputTokens: {} })
    assert.deepStrictEqual(usage({ candidatesTokenCount: 9 }), {
      inputTokens: {},
      outputTokens: { total: 9, text: 9, reasoning: 0 },
    })
  })

  it("is cumulative", () => {
    const first = laterReport(undefined, { promptTokenCount: 9, candidatesTokenCount: 1 })
    const second = laterReport(first, { promptTokenCount: 9, candidatesTokenCount: 4, thoughtsTokenCount: undefined })
    assert.deepStrictEqual(laterReport(second, undefined), { promptTokenCount: 9, candidatesTokenCount: 4 })
    assert.isUndefined(laterReport(undefined, 3))
  })
})
