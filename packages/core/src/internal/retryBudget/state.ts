/**
 * How many attempts may be made beside the first ones, of the calls of the recent past.
 *
 * Plain data. Times are milliseconds of a clock that is never set back.
 */

export interface Rules {
  /** Of the first attempts, from 0 to 1. */
  readonly ratio: number
  /** What is there in any case. */
  readonly minRetries: number
  /** How long an attempt counts. */
  readonly window: number
}

/** What happened in a tenth of the window. */
interface Slice {
  /** Number of the slice since the clock's beginning. */
  readonly number: number
  /** First attempts of calls. */
  readonly first: number
  /** Attempts beside them. */
  readonly withdrawn: number
}

export interface State {
  readonly current: Slice
  /** Those before it, the oldest first. */
  readonly past: ReadonlyArray<Slice>
}

export const slicesPerWindow = 10

export const initial: State = { current: { number: -Infinity, first: 0, withdrawn: 0 }, past: [] }

/** A call has begun. */
export const deposit = (state: State, rules: Rules, now: number): State => {
  const { current, past } = advance(state, rules, now)
  return { current: { ...current, first: current.first + 1 }, past }
}

/** The state after one more attempt, or nothing if there must not be one. */
export const withdraw = (
  state: State,
  rules: Rules,
  { cost, now }: { readonly cost: number; readonly now: number },
) => {
  const next = advance(state, rules, now)
  const { withdrawn, first } = totals(next)
  if (withdrawn + cost > Math.max(rules.minRetries, rules.ratio * first)) return undefined
  return { current: { ...next.current, withdrawn: next.current.withdrawn + cost }, past: next.past }
}

/** What the window holds. */
export const totals = ({ current, past }: State): { readonly first: number; readonly withdrawn: number } => {
  let { withdrawn, first } = current
  for (const slice of past) {
    first += slice.first
    withdrawn += slice.withdrawn
  }
  return { first, withdrawn }
}

/** The state at a later time: older slices count no more. */
export const advance = (state: State, { window }: Rules, now: number): State => {
  const number = Math.floor((now * slicesPerWindow) / window)
  if (number <= state.current.number) return state
  const past = [...state.past, state.current].filter((slice) => slice.number > number - slicesPerWindow)
  return { current: { number, first: 0, withdrawn: 0 }, past }
}
