/**
 * How long to wait, as vendors say it in words.
 *
 * @since 0.1.0
 */
import { Duration, Predicate } from "effect"

import { sensible, timestamp, waitUntil } from "../internal/http/retryHint.ts"
import { field } from "./Json.ts"

const amounts = /^(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?!s))?(?:(\d{1,9}(?:\.\d{1,12})?)(ms|s))?/i

/**
 * The duration at the beginning of a text: `34s`, `900.2ms`, `4m59s`, `9h40m33s`, `5 minutes`, `1 hour and 20 minutes`.
 * Rounded up to whole milliseconds; nothing for none at all.
 *
 * @since 0.1.0
 * @category conversions
 */
export const durationIn = (text: string | undefined): Duration.Duration | undefined => {
  const [whole = "", days = "0", hours = "0", minutes = "0", amount = "0", unit = "s"] = amounts.exec(text ?? "") ?? []
  if (whole === "") return inWords(text ?? "")
  const millis = Number(amount) * (unit.toLowerCase() === "ms" ? 1 : 1000)
  const longer = (Number(days) * 24 + Number(hours)) * 3_600_000 + Number(minutes) * 60_000
  return duration(longer + millis)
}

const inWords = (text: string): Duration.Duration | undefined => {
  let rest = text.slice(0, 200)
  let sum = 0
  for (let part = words.exec(rest); part !== null; part = words.exec(rest)) {
    sum += Number(part[1]) * (unitsInWords[(part[2] ?? "").toLowerCase()] ?? 0)
    rest = rest.slice(part[0].length)
  }
  return duration(sum)
}

const words =
  /^[\s,]{0,3}(?:and )?(\d{1,9}(?:\.\d{1,9})?) ?(milliseconds?|msecs?|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|ms|s|m|h|d)(?![a-z])/i

const unit = (millis: number, ...names: ReadonlyArray<string>): ReadonlyArray<readonly [string, number]> =>
  names.map((name) => [name, millis])

const unitsInWords: Readonly<Record<string, number>> = Object.fromEntries([
  ...unit(1, "millisecond", "milliseconds", "msec", "msecs", "ms"),
  ...unit(1_000, "second", "seconds", "sec", "secs", "s"),
  ...unit(60_000, "minute", "minutes", "min", "mins", "m"),
  ...unit(3_600_000, "hour", "hours", "hr", "hrs", "h"),
  ...unit(86_400_000, "day", "days", "d"),
])

const duration = (millis: number): Duration.Duration | undefined => {
  const whole = sensible(Math.ceil(Math.round(millis * 1e6) / 1e6))
  return whole === undefined ? undefined : Duration.millis(whole)
}

/**
 * What is needed to read a date in words.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reading {
  /** Unix time in milliseconds. Without it no date is read. */
  readonly now?: (() => number | undefined) | undefined
  /** The offset of dates that say none, such as `+08:00`. UTC if left out. */
  readonly zone?: string | undefined
}

/**
 * When to come back, as vendors say it in a message: "Please try again in 7m32.5s", "retry in 900.2ms", "wait 60 seconds", "reset
 * at 2026-08-25 07:41:44", "regain access on 2026-04-01 at 00:00 UTC".
 *
 * @since 0.1.0
 * @category conversions
 */
export const waitIn = (message: string, reading: Reading = {}): Duration.Duration | undefined => {
  const text = message.slice(0, 20_000)
  const match = spanAfter.exec(text)
  return durationIn(match?.[1]) ?? dateIn(text, reading)
}

const spanAfter =
  /\b(?:(?:try again|retry|retrying|reset|resets|available|available again)[ -](?:in|after)|please wait|wait for|wait)[: ]{1,2}(?:about |approximately |at least |another |for )?(\d.{0,60})/i

const dateAfter =
  /(?:reset|resets|resets? at|reset(?:s|ting)? on|regain access on|try again (?:at|after)|retry (?:at|after)|available (?:again )?(?:at|on)|until|将在)[: ]{0,2}(?:at |on )?(\d{4}-\d{2}-\d{2})[ T]{1,2}(?:at )?(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?/i

const unixAfter = /(?:ratelimit[-_ ]reset|reset(?:s|_at|_time)?(?: at)?)["': ]{1,4}(\d{10,13})\b/i

const dateIn = (text: string, { now, zone = "Z" }: Reading): Duration.Duration | undefined => {
  const clock = now ?? (() => undefined)
  const [, day, time, said] = dateAfter.exec(text) ?? []
  if (day !== undefined && time !== undefined) {
    const offset = said === undefined ? zone : /^(?:Z|UTC|GMT)$/i.test(said) ? "Z" : said.replace(/^(...):?/, "$1:")
    const until = timestamp(`${day}T${time.length === 5 ? `${time}:00` : time}${offset}`)
    const from = clock()
    return until === undefined || from === undefined ? undefined : duration(until - from)
  }
  const millis = waitUntil(unixAfter.exec(text)?.[1], clock)
  return millis === undefined ? undefined : duration(millis)
}

/**
 * When to come back, as servers say it in a field of an error: `retry_after: 20`, `retry_after_ms: 900`, `retryAfter: "20s"`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const waitField = (error: unknown): Duration.Duration | undefined => {
  for (const [name, millis] of waitFields) {
    const value = field(error, name)
    if (Predicate.isNumber(value)) return duration(value * millis)
    if (!Predicate.isString(value)) continue
    return /^\s*\d{1,12}(?:\.\d{1,9})?\s*$/.test(value) ? duration(Number(value) * millis) : durationIn(value.trim())
  }
  return undefined
}

const waitFields: ReadonlyArray<readonly [name: string, millis: number]> = [
  ["retry_after_ms", 1],
  ["retry_after_seconds", 1_000],
  ["retry_after", 1_000],
  ["retryAfter", 1_000],
]
