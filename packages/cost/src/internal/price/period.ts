/**
 * When a price holds.
 */

import { DateTime, Option } from "effect"

/** Hours of every day, in seconds since midnight UTC. */
interface Hours {
  readonly from: number
  readonly until: number
}

/** In Unix milliseconds; a bound that is left out is never reached. */
export interface Period {
  readonly from: number | undefined
  readonly until: number | undefined
  readonly hours: ReadonlyArray<Hours> | undefined
}

export interface PeriodInput {
  readonly from?: string | undefined
  readonly until?: string | undefined
  readonly hours?: ReadonlyArray<readonly [from: string, until: string]> | undefined
}

/** Throws a `RangeError` for what is no time. */
export const periodOf = ({ from, hours, until }: PeriodInput): Period => ({
  from: from === undefined ? undefined : instant(from),
  until: until === undefined ? undefined : instant(until),
  hours: hours?.map(([begin, end]) => ({ from: secondOfDay(begin), until: secondOfDay(end) })),
})

/** From its first second on, until before its last. */
export const holds = ({ from, hours, until }: Period, at: number): boolean => {
  if ((from !== undefined && at < from) || (until !== undefined && at >= until)) return false
  if (hours === undefined) return true
  const second = Math.floor((((at % day) + day) % day) / 1_000)
  return hours.some((each) =>
    each.from <= each.until ? second >= each.from && second < each.until : second >= each.from || second < each.until,
  )
}

const day = 86_400_000

// With its zone, so that it means the same second everywhere.
const instant = (text: string): number => {
  const parsed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? DateTime.make(text) : Option.none()
  if (Option.isNone(parsed)) throw new RangeError(`"${text}" is no time such as "2026-10-07T00:00:00Z"`)
  return DateTime.toEpochMillis(parsed.value)
}

const secondOfDay = (text: string): number => {
  const match = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)Z$/.exec(text)
  if (match === null) throw new RangeError(`"${text}" is no time of day such as "16:30:00Z"`)
  return Number(match[1]) * 3_600 + Number(match[2]) * 60 + Number(match[3])
}
