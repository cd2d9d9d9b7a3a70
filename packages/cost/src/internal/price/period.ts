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
  /** Days of the week, from Sunday (0) to Saturday (6). */
  readonly days: ReadonlyArray<number> | undefined
  /** Single days on which it does not hold, by the number of days since 1970. */
  readonly except: ReadonlyArray<number> | undefined
}

export type Weekday = (typeof weekdays)[number]

const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const

export interface PeriodInput {
  readonly from?: string | undefined
  readonly until?: string | undefined
  readonly hours?: ReadonlyArray<readonly [from: string, until: string]> | undefined
  readonly days?: ReadonlyArray<Weekday> | undefined
  readonly except?: ReadonlyArray<string> | undefined
}

/** Throws a `RangeError` for what is no time, and for a period that ends before it begins. */
export const periodOf = ({ days, except, from, hours, until }: PeriodInput): Period => {
  const period: Period = {
    from: from === undefined ? undefined : instant(from),
    until: until === undefined ? undefined : instant(until),
    hours: hours?.map(([begin, end]) => ({ from: secondOfDay(begin), until: secondOfDay(end) })),
    days: days?.map(weekday),
    except: except?.map((date) => instant(`${date}T00:00:00Z`) / day),
  }
  if (period.from !== undefined && period.until !== undefined && period.from >= period.until) {
    throw new RangeError(`a price that holds from ${from} cannot end at ${until}`)
  }
  return period
}

/** From its first second on, until before its last. */
export const holds = ({ days, except, from, hours, until }: Period, at: number): boolean => {
  if ((from !== undefined && at < from) || (until !== undefined && at >= until)) return false
  const date = Math.floor(at / day)
  if (days !== undefined && !days.includes((((date + thursday) % 7) + 7) % 7)) return false
  if (except?.includes(date) === true) return false
  if (hours === undefined) return true
  const second = Math.floor((at - date * day) / 1_000)
  return hours.some((each) =>
    each.from <= each.until ? second >= each.from && second < each.until : second >= each.from || second < each.until,
  )
}

/**
 * Whether the first of two periods goes first at a time at which both hold: some hours of the day before all of them, and
 * what began later before what began earlier.
 */
export const goesBefore = (one: Period, other: Period): boolean => {
  const [mine, theirs] = [one, other].map(({ days, hours }) => (hours === undefined && days === undefined ? 0 : 1))
  if (mine !== theirs) return (mine ?? 0) > (theirs ?? 0)
  const [begun, otherBegun] = [one.from ?? -Infinity, other.from ?? -Infinity]
  return begun === otherBegun ? (one.until ?? Infinity) <= (other.until ?? Infinity) : begun > otherBegun
}

const day = 86_400_000

// 1 January 1970.
const thursday = 4

// With its zone, so that it means the same second everywhere.
const instant = (text: string): number => {
  const parsed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? DateTime.make(text) : Option.none()
  if (Option.isNone(parsed)) throw new RangeError(`"${text}" is not a time such as "2026-10-07T00:00:00Z"`)
  return DateTime.toEpochMillis(parsed.value)
}

const secondOfDay = (text: string): number => {
  const match = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)Z$/.exec(text)
  if (match === null) throw new RangeError(`"${text}" is not a time of day such as "16:30:00Z"`)
  return Number(match[1]) * 3_600 + Number(match[2]) * 60 + Number(match[3])
}

const weekday = (name: string): number => {
  const index = weekdays.findIndex((each) => each === name)
  if (index === -1) throw new RangeError(`"${name}" is not a day of the week such as "monday"`)
  return index
}
