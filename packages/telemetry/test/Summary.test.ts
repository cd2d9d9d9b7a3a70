import { assert, describe, it } from "@effect/vitest"
import { Money } from "@holdfast/cost"
import { Effect, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"

import { type RequestLog, Summary } from "../src/index.ts"
import { chance } from "./chaotic.ts"

const line = (fields: Partial<RequestLog.Line>): RequestLog.Line => ({
  line: "call",
  at: 0,
  callId: "c",
  tags: {},
  priority: "interactive",
  operation: "chat",
  mode: "generate",
  provider: "openai",
  model: "gpt-5.4",
  outcome: "Completed",
  duration: 100,
  tokens: { input: 10, output: 5 },
  cost: Money.fromPicodollars(7n),
  basis: "reported",
  sampled: 1,
  ...fields,
})

describe("a summary", () => {
  it("adds up calls and attempts by model, provider, tenant and error", () => {
    const lines = [
      line({ tenant: "acme", timeToFirstPart: 40, cacheHit: true }),
      line({ tenant: "acme", outcome: "Failed", errorType: "RateLimitError", at: 10 }),
      line({ line: "attempt", at: 5 }),
      line({ line: "attempt", model: "gpt-5.4-mini", outcome: "Failed", errorType: "RateLimitError" }),
      line({ line: "attempt", provider: "anthropic", model: "claude", outcome: "Interrupted" }),
    ]
    const summary = Summary.of(lines)
    assert.deepInclude(summary.calls, { count: 2, completed: 1, failed: 1, success: 0.5, failure: 0.5, cacheHits: 1 })
    assert.deepInclude(summary.attempts, { count: 3, interrupted: 1, errors: { RateLimitError: 1 } })
    assert.deepStrictEqual(
      summary.models.map(({ key }) => key),
      ["openai/gpt-5.4", "openai/gpt-5.4-mini", "anthropic/claude"],
    )
    assert.deepStrictEqual(
      summary.providers.map(({ key, totals }) => [key, totals.count]),
      [
        ["openai", 2],
        ["anthropic", 1],
      ],
    )
    assert.deepStrictEqual(
      summary.tenants.map(({ key }) => key),
      ["acme"],
    )
    assert.strictEqual(summary.attempts.cost, 21n)
    assert.deepStrictEqual(summary.attempts.tokens, { input: 30, output: 15 })
    assert.deepInclude(summary, { from: 0, to: 10 })
  })

  it("has quantiles within half a percent of the exact ones, and exact means", () => {
    const random = chance(4)
    const durations = Array.from({ length: 5_000 }, () => Math.exp(random() * 10))
    const { latency } = Summary.of(durations.map((duration) => line({ duration }))).calls
    const exact = durations.toSorted((a, b) => a - b)[Math.ceil(0.95 * 5_000) - 1] as number
    assert.isBelow(Math.abs((latency.p95 ?? 0) - exact) / exact, 0.005)
    assert.closeTo(latency.mean ?? 0, durations.reduce((sum, each) => sum + each, 0) / 5_000, 1e-6)
  })

  it.effect("looks at a window of time, and counts sampled lines as many times", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(10_000_000)
      const window = yield* Summary.last("1 hour")
      const lines = [
        line({ at: 10_000_000 - 3_600_001 }),
        line({ at: 9_000_000, sampled: 20 }),
        line({ at: 10_000_000 }),
      ]
      const { calls, from, to } = yield* Summary.make(Stream.fromIterable(lines), window)
      assert.deepInclude(calls, { count: 20, cost: Money.fromPicodollars(140n) })
      assert.deepStrictEqual([from, to], [6_400_000, 10_000_000])
    }),
  )

  it("is data, JSON and a table, and of nothing too", () => {
    const summary = Summary.of([
      line({ tenant: "acme" }),
      line({ line: "attempt", model: "evil\u001b[2J", errorType: "X", outcome: "Failed" }),
    ])
    const decode = Schema.decodeSync(Schema.fromJsonString(Schema.toCodecJson(Summary.Summary)))
    assert.deepStrictEqual(decode(Summary.toJson(summary)), summary)
    const table = Summary.toTable(summary)
    assert.include(table, "acme")
    assert.notInclude(table, "\u001b")
    assert.include(Summary.toTable(Summary.of([])), "calls")
  })

  it("has no more keys than fit, whatever was asked", () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => line({ line: "attempt", model: `m-${index}` }))
    const { attempts, models } = Summary.of(lines)
    assert.isAtMost(models.length, 1_001)
    assert.strictEqual(
      models.reduce((sum, { totals }) => sum + totals.count, 0),
      attempts.count,
    )
  })
})
