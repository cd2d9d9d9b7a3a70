import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { headerNames, remainingIn, resetIn } from "../../../src/internal/rateLimit/headers.ts"

const tokens = headerNames("tokens")
const now = Date.parse("2026-11-24T10:00:00Z")
const reset = (value: string, other: Readonly<Record<string, string>> = {}) =>
  resetIn({ "x-ratelimit-reset-tokens": value, ...other }, tokens, () => now)

describe("the headers of a limit", () => {
  it.each([
    ["149984", 149_984],
    ["0", 0],
    ["-1", undefined],
    ["1e9", undefined],
    ["12 ", undefined],
    ["9".repeat(30), undefined],
  ])("tell what is left: %s", (value, left) => {
    assert.strictEqual(remainingIn({ "x-ratelimit-remaining-tokens": value }, tokens), left)
    assert.strictEqual(remainingIn({ "anthropic-ratelimit-tokens-remaining": value }, tokens), left)
  })

  it.each([
    ["6m0s", 360_000],
    ["17ms", 17],
    ["1.5s", 1_500],
    ["1h2m3.5s", 3_723_500],
    ["1d", 86_400_000],
    ["20", 20_000],
    ["2026-11-24T10:00:30Z", 30_000],
    ["2026-11-24T11:00:30.5+01:00", 30_500],
    ["2020-01-01T00:00:00Z", 0],
    ["", undefined],
    ["s", undefined],
    ["-3", undefined],
    ["soon", undefined],
    ["2026-11-24", undefined],
    ["2026-99-99T99:99:99Z", undefined],
  ])("tell when all of it is there again: %s", (value, millis) => {
    assert.strictEqual(reset(value), millis)
  })

  it("tell it by the clock of the server, where the answer has a date", () => {
    const date = { date: "Tue, 24 Nov 2026 10:00:10 GMT" }
    assert.strictEqual(reset("2026-11-24T10:00:30Z", date), 20_000)
  })

  it("may hold anything", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        const millis = reset(value)
        assert.isTrue(millis === undefined || (millis >= 0 && millis < Infinity))
      }),
    )
  })
})
