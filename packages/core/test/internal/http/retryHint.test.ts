import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"

import { retryHint } from "../../../src/internal/http/retryHint.ts"

const date = "Wed, 01 Jan 2030 00:00:00 GMT"

describe("a hint", () => {
  const cases: ReadonlyArray<readonly [Record<string, string>, number | undefined]> = [
    [{}, undefined],
    [{ "retry-after-ms": "1500" }, 1_500],
    [{ "retry-after-ms": "12.5" }, 12.5],
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after": " 7 " }, 7_000],
    [{ "retry-after": "0" }, undefined],
    [{ "retry-after": "0.000" }, undefined],
    [{ "retry-after-ms": "0" }, undefined],
    [{ "retry-after": "1s" }, 1_000],
    [{ "retry-after": "1m30s" }, 90_000],
    [{ "retry-after": "1893456030", date }, 30_000],
    [{ "retry-after": "1893456030000", date }, 30_000],
    [{ "retry-after": "99999999" }, undefined],
    [{ "retry-after": "0.0001" }, 1],
    [{ "retry-after": "1.5" }, 1_500],
    [{ "retry-after-ms": "100", "retry-after": "7" }, 100],
    [{ "retry-after-ms": "soon", "retry-after": "7" }, 7_000],
    [{ "retry-after": "Wed, 01 Jan 2030 00:00:30 GMT", date }, 30_000],
    [{ "retry-after": "Tue, 31 Dec 2029 23:59:00 GMT", date }, undefined],
    [{ "retry-after": "Wed, 01 Jan 2030 00:00:30 GMT" }, undefined],
    [{ "retry-after": "Wed, 01 Jan 2030 00:00:30 GMT", date: "now" }, undefined],
    [{ "retry-after": "Wed, 01 Jan 2030 25:00:30 GMT", date }, undefined],
    [{ "retry-after": "Wednesday, 01-Jan-30 00:00:30 GMT", date }, undefined],
    [{ "retry-after": "2030-01-01T00:00:30Z", date }, 30_000],
    [{ "retry-after": "2029-12-31T23:59:00Z", date }, undefined],
  ]

  it.each(cases)("in %o is %s milliseconds", (headers, hint) => {
    assert.strictEqual(retryHint(headers), hint)
  })

  it.each([
    "-3",
    "1.5e3",
    "0x10",
    "",
    " ",
    "Infinity",
    "NaN",
    "1,5",
    "1 2",
    "+1",
    "s",
    "1x",
    ".5",
    "5.",
    "9".repeat(13),
    "١",
  ])("is not read into %o", (value) => {
    assert.isUndefined(retryHint({ "retry-after": value, date }))
    assert.isUndefined(retryHint({ "retry-after-ms": value, date }))
  })

  it("is never read into garbage: it is above nothing and at most a year", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (seconds, millis, now) => {
        const hint = retryHint({ "retry-after": seconds, "retry-after-ms": millis, date: now })
        assert.isTrue(hint === undefined || (hint > 0 && hint <= 366 * 86_400_000))
      }),
      { numRuns: 5_000, seed: 5 },
    )
  })

  it("as a date is as far away as the response's own clock says", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), fc.integer({ min: -100_000, max: 100_000 }), (now, ahead) => {
        const until = Math.max(0, now + ahead)
        const headers = {
          date: new Date(now * 1000).toUTCString(),
          "retry-after": new Date(until * 1000).toUTCString(),
        }
        assert.strictEqual(retryHint(headers), until > now ? (until - now) * 1000 : undefined)
      }),
      { numRuns: 500, seed: 6 },
    )
  })
})
