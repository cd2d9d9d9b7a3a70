/**
 * The spans of time that a budget is counted in.
 *
 * A day and a month begin and end by a time zone and are one bucket each. A rolling window moves on in sixty steps: it counts
 * whole buckets, the oldest one to the end, so that never more than the limit is spent in any span of its length.
 */
import { DateTime, Duration } from "effect"

import { type Claim } from "../ledger/journal.ts"

export type Window =
  | { readonly _tag: "Day"; readonly zone: DateTime.TimeZone }
  | { readonly _tag: "Month"; readonly zone: DateTime.TimeZone }
  | { readonly _tag: "Rolling"; readonly length: number }

/** In Unix milliseconds: what is charged now, from where it is counted, and how long the charge counts. */
export type Span = Pick<Claim, "bucket" | "since" | "until">

/** Into how many steps a rolling window is divided. */
export const steps = 60

export const nameOf = (window: Window): string => {
  if (window._tag === "Rolling") return Duration.format(Duration.millis(window.length))
  return window._tag === "Day" ? "day" : "month"
}

export const spanAt = (window: Window, now: number): Span => {
  if (window._tag === "Rolling") return rolling(window.length, now)
  const part = window._tag === "Day" ? "day" : "month"
  const begin = DateTime.startOf(DateTime.makeZonedUnsafe(now, { timeZone: window.zone }), part)
  const bucket = DateTime.toEpochMillis(begin)
  const next = DateTime.startOf(DateTime.add(begin, part === "day" ? { days: 1 } : { months: 1 }), part)
  return { bucket, since: bucket, until: DateTime.toEpochMillis(next) }
}

/** When a bucket of the span is left that is charged now, so that a moment in it need not be looked up again. */
export const endOf = (window: Window, span: Span): number =>
  window._tag === "Rolling" ? span.bucket + stepOf(window.length) : span.until

const stepOf = (length: number): number => Math.max(1, Math.ceil(length / steps))

const rolling = (length: number, now: number): Span => {
  const step = stepOf(length)
  const bucket = Math.floor(now / step) * step
  return { bucket, since: Math.floor((bucket - length) / step) * step, until: bucket + step + length }
}
