import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration } from "effect"
import * as fc from "fast-check"

import * as Window from "../../../src/internal/budget/window.ts"

const zone = DateTime.zoneMakeNamedUnsafe("Europe/Zurich")
const at = (text: string) => DateTime.toEpochMillis(DateTime.makeUnsafe(text))
const hours = (span: Window.Span) => (span.until - span.bucket) / 3_600_000

describe("days and months", () => {
  it.each([
    ["2026-03-29T10:00:00Z", "2026-03-28T23:00:00Z", 23],
    ["2026-10-25T10:00:00Z", "2026-10-24T22:00:00Z", 25],
    ["2026-06-30T21:59:59.999Z", "2026-06-29T22:00:00Z", 24],
    ["2026-06-30T22:00:00Z", "2026-06-30T22:00:00Z", 24],
  ])("of a time zone begin and end by it: %s", (now, began, long) => {
    const span = Window.spanAt({ _tag: "Day", zone }, at(now))
    assert.deepStrictEqual([span.bucket, span.since, hours(span)], [at(began), at(began), long])
  })

  it("of a time zone are months of it", () => {
    const span = Window.spanAt({ _tag: "Month", zone }, at("2026-03-15T00:00:00Z"))
    assert.deepStrictEqual(span, {
      bucket: at("2026-02-28T23:00:00Z"),
      since: at("2026-02-28T23:00:00Z"),
      until: at("2026-03-31T22:00:00Z"),
    })
  })

  it("follow each other without a gap", () => {
    const moment = fc.integer({ min: at("2020-01-01T00:00:00Z"), max: at("2040-01-01T00:00:00Z") })
    fc.assert(
      fc.property(moment, fc.constantFrom("Day" as const, "Month" as const), (now, _tag) => {
        const span = Window.spanAt({ _tag, zone }, now)
        assert.isTrue(span.bucket <= now && now < span.until)
        assert.deepStrictEqual(Window.spanAt({ _tag, zone }, span.until - 1), span)
        assert.strictEqual(Window.spanAt({ _tag, zone }, span.until).bucket, span.until)
        assert.strictEqual(Window.endOf({ _tag, zone }, span), span.until)
      }),
      { numRuns: 200 },
    )
  })
})

describe("a rolling window", () => {
  const length = fc.integer({ min: 1, max: 100_000_000 })
  const moment = fc.integer({ min: 0, max: 10_000_000_000 })

  it("counts all that was charged within its length, and little more", () => {
    fc.assert(
      fc.property(length, moment, fc.nat(200_000_000), (long, now, ago) => {
        const window = { _tag: "Rolling", length: long } as const
        const step = Math.ceil(long / Window.steps)
        const charged = Window.spanAt(window, Math.max(0, now - ago))
        const counted = charged.bucket >= Window.spanAt(window, now).since
        const passed = now - Math.max(0, now - ago)
        assert.isTrue(passed > long || counted)
        assert.isTrue(passed <= long + step || !counted)
        assert.isTrue(charged.until > now || !counted)
      }),
    )
  })

  it("is charged to one bucket until it ends", () => {
    fc.assert(
      fc.property(length, moment, (long, now) => {
        const window = { _tag: "Rolling", length: long } as const
        const span = Window.spanAt(window, now)
        const end = Window.endOf(window, span)
        assert.isTrue(span.bucket <= now && now < end)
        assert.strictEqual(Window.spanAt(window, end).bucket, end)
      }),
    )
  })
})

it("windows have names for people", () => {
  assert.deepStrictEqual(
    [
      Window.nameOf({ _tag: "Day", zone }),
      Window.nameOf({ _tag: "Month", zone }),
      Window.nameOf({ _tag: "Rolling", length: Duration.toMillis("90 minutes") }),
    ],
    ["day", "month", "1h 30m"],
  )
})
