/**
 * Counts of the calls of the recent past: those of a span of time, or the last so many.
 *
 * Plain data. Times are milliseconds of a clock that is never set back. A call makes one small object: what lies before
 * the present is summed up, and is looked at again only when a new slice of time begins.
 */

export interface Counts {
  readonly calls: number
  readonly failures: number
  readonly slow: number
}

export type Span =
  | { readonly _tag: "Time"; readonly millis: number }
  | { readonly _tag: "Calls"; readonly calls: number }

/** Counts of a tenth of the span. */
interface Slice extends Counts {
  /** Number of the slice since the clock's beginning. */
  readonly number: number
}

/** The present slice, and those before it, the oldest first. */
interface Recent extends Slice {
  readonly past: ReadonlyArray<Slice>
  /** Sums of the past. */
  readonly pastCalls: number
  readonly pastFailures: number
  readonly pastSlow: number
}

/** The last calls, the oldest first: 1 for a failure, 2 for a slow one, 0 for a good one. */
interface Last extends Counts {
  readonly each: ReadonlyArray<number>
}

export type CallWindow = Recent | Last

const slicesOfTime = 10

const emptyRecent: Recent = {
  number: -Infinity,
  calls: 0,
  failures: 0,
  slow: 0,
  past: [],
  pastCalls: 0,
  pastFailures: 0,
  pastSlow: 0,
}

const emptyLast: Last = { each: [], calls: 0, failures: 0, slow: 0 }

export const empty: CallWindow = emptyRecent

/** What became of a call: a broken one had counted as good before. */
export type Call = "good" | "slow" | "failed" | "broken"

/** The window with one more call, or with one that broke afterwards. */
export const add = (window: CallWindow, span: Span, now: number, call: Call): CallWindow => {
  if (span._tag === "Calls") {
    return call === "broken" ? amend(lastOf(window)) : append(lastOf(window), span.calls, call)
  }
  const present = at(recentOf(window), span.millis, now)
  return {
    number: present.number,
    calls: call === "broken" ? present.calls : present.calls + 1,
    failures: call === "failed" || call === "broken" ? present.failures + 1 : present.failures,
    slow: call === "slow" ? present.slow + 1 : present.slow,
    past: present.past,
    pastCalls: present.pastCalls,
    pastFailures: present.pastFailures,
    pastSlow: present.pastSlow,
  }
}

/** What the window holds now. */
export const counts = (window: CallWindow, span: Span, now: number): Counts => {
  if (span._tag === "Calls") return lastOf(window)
  const { calls, failures, pastCalls, pastFailures, pastSlow, slow } = at(recentOf(window), span.millis, now)
  return { calls: calls + pastCalls, failures: failures + pastFailures, slow: slow + pastSlow }
}

// Rules may change from one kind of window to the other, and then it begins anew.
const lastOf = (window: CallWindow): Last => ("each" in window ? window : emptyLast)
const recentOf = (window: CallWindow): Recent => ("past" in window ? window : emptyRecent)

/** The window as it is now. */
const at = (window: Recent, millis: number, now: number): Recent => {
  const number = Math.floor((now * slicesOfTime) / millis)
  if (number === window.number) return window
  const past = [...window.past, window].filter((slice) => slice.number > number - slicesOfTime).map(sliceOf)
  return {
    number,
    calls: 0,
    failures: 0,
    slow: 0,
    past,
    pastCalls: past.reduce((sum, { calls }) => sum + calls, 0),
    pastFailures: past.reduce((sum, { failures }) => sum + failures, 0),
    pastSlow: past.reduce((sum, { slow }) => sum + slow, 0),
  }
}

const sliceOf = ({ calls, failures, number, slow }: Slice): Slice => ({ number, calls, failures, slow })

const codes = { good: 0, failed: 1, slow: 2 }

const append = ({ each }: Last, most: number, call: Exclude<Call, "broken">): Last =>
  summed([...(each.length < most ? each : each.slice(each.length - most + 1)), codes[call]])

// Which of the good ones it was makes no difference to the counts.
const amend = (window: Last): Last => {
  const index = window.each.findLastIndex((code) => (code & codes.failed) === 0)
  return index < 0 ? window : summed(window.each.with(index, (window.each[index] ?? 0) | codes.failed))
}

const summed = (each: ReadonlyArray<number>): Last => ({
  each,
  calls: each.length,
  failures: having(each, codes.failed),
  slow: having(each, codes.slow),
})

const having = (each: ReadonlyArray<number>, flag: number): number =>
  each.reduce((sum, code) => ((code & flag) === 0 ? sum : sum + 1), 0)
