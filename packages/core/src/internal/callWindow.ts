/**
 * Counts of the calls of the recent past: those of a span of time, or the last so many.
 *
 * Plain data. Times are milliseconds of a clock that is never set back.
 */

export interface Counts {
  readonly calls: number
  readonly failures: number
  readonly slow: number
}

export type Span =
  | { readonly _tag: "Time"; readonly millis: number }
  | { readonly _tag: "Calls"; readonly calls: number }

/** Counts of one slice: a tenth of the time, or a single call. */
interface Slice extends Counts {
  /** Number of the slice since the clock's beginning; calls that are counted by number have 0. */
  readonly number: number
}

export interface CallWindow {
  /** The oldest slice first. */
  readonly slices: ReadonlyArray<Slice>
}

const slicesOfTime = 10

export const empty: CallWindow = { slices: [] }

/** The window with one more call. */
export const add = (
  window: CallWindow,
  span: Span,
  now: number,
  call: { readonly failed: boolean; readonly slow: boolean },
): CallWindow => {
  const added = { calls: 1, failures: call.failed ? 1 : 0, slow: call.slow ? 1 : 0 }
  if (span._tag === "Calls") return { slices: [...window.slices, { number: 0, ...added }].slice(-span.calls) }
  return addToSlice(window, span.millis, now, added)
}

/** The window with a call that had counted as good, and broke afterwards. */
export const amend = (window: CallWindow, span: Span, now: number): CallWindow => {
  const broken = { calls: 0, failures: 1, slow: 0 }
  if (span._tag === "Time") return addToSlice(window, span.millis, now, broken)
  // Which of the good ones it was makes no difference to the counts.
  const index = window.slices.findLastIndex(({ calls, failures }) => failures < calls)
  const slice = window.slices[index]
  return slice === undefined ? window : { slices: window.slices.with(index, plus(slice, broken)) }
}

/** What the window holds now. */
export const counts = (window: CallWindow, span: Span, now: number): Counts => {
  const oldest = span._tag === "Time" ? numberOf(now, span.millis) - slicesOfTime : -1
  let sum: Counts = { calls: 0, failures: 0, slow: 0 }
  for (const slice of window.slices) if (slice.number > oldest) sum = plus(sum, slice)
  return sum
}

const addToSlice = (window: CallWindow, millis: number, now: number, added: Counts): CallWindow => {
  const number = numberOf(now, millis)
  const last = window.slices.at(-1)
  if (last?.number === number) return { slices: [...window.slices.slice(0, -1), plus(last, added)] }
  return { slices: [...window.slices.filter((slice) => slice.number > number - slicesOfTime), { number, ...added }] }
}

const numberOf = (now: number, millis: number): number => Math.floor((now * slicesOfTime) / millis)

const plus = <C extends Counts>(counted: C, added: Counts): C => ({
  ...counted,
  calls: counted.calls + added.calls,
  failures: counted.failures + added.failures,
  slow: counted.slow + added.slow,
})
