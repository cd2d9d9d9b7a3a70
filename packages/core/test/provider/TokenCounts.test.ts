import { assert, describe, it } from "@effect/vitest"

import * as TokenCounts from "../../src/provider/TokenCounts.ts"

const none = { input: undefined, cacheRead: undefined, cacheWrite: undefined, output: undefined, reasoning: undefined }
const usage = (counts: Partial<TokenCounts.Counts>) => TokenCounts.usage({ ...none, ...counts })

describe("token counts", () => {
  it("that nobody told are absent, which is not zero", () => {
    assert.deepStrictEqual(usage({}), { inputTokens: {}, outputTokens: {} })
    assert.deepStrictEqual(usage({ input: 0, output: 0 }), { inputTokens: { total: 0 }, outputTokens: { total: 0 } })
  })

  it("are split into what was cached and what was not", () => {
    assert.deepStrictEqual(usage({ input: 30, cacheRead: 20, cacheWrite: 4, output: 9, reasoning: 5 }), {
      inputTokens: { total: 30, uncached: 6, cacheRead: 20, cacheWrite: 4 },
      outputTokens: { total: 9, text: 4, reasoning: 5 },
    })
    assert.deepStrictEqual(usage({ input: 30, cacheRead: 20 }).inputTokens, { total: 30, uncached: 10, cacheRead: 20 })
  })

  it("that contradict each other are not split", () => {
    assert.deepStrictEqual(usage({ input: 10, cacheRead: 20, output: 3, reasoning: 4 }), {
      inputTokens: { total: 10, cacheRead: 20 },
      outputTokens: { total: 3, reasoning: 4 },
    })
  })
})
