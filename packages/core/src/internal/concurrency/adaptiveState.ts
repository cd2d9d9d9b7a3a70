/**
 * How many calls a model bears at the same time, found out by asking.
 *
 * Plain data. Grows by one for as many good answers as the limit is, shrinks at once when the model says that it has too
 * much to do (AIMD, V. Jacobson, Congestion Avoidance and Control, 1988), and by the gradient of the time to the first part
 * when that grows (Netflix, concurrency-limits, Gradient2). Times are milliseconds of a clock that is never set back.
 */

export interface Rules {
  readonly min: number
  readonly max: number
  readonly initial: number
}

/** What the first parts took, of requests of about the same size: geometric means, which few slow ones do not move. */
interface Pace {
  /** While little was asked. It does not rise under load, or the limit would grow for ever with the delay that it causes. */
  readonly usual: number
  /** Of the last few. */
  readonly recent: number
  readonly seen: number
}

/** A pace is the mean of so many answers, and until there are as many it is not compared with anything. */
const samples = 50

export interface State {
  /** Not whole, so that it grows by less than one a call. */
  readonly limit: number
  /** By the size of the request, in powers of four: a long prompt takes longer, and says nothing about the load. */
  readonly paces: ReadonlyMap<number, Pace>
  readonly shrunkAt: number
}

export const initialState = ({ initial, max, min }: Rules): State => ({
  limit: Math.min(max, Math.max(min, initial)),
  paces: new Map(),
  shrunkAt: -Infinity,
})

/** Calls that may be under way. */
export const placesOf = ({ limit }: State): number => Math.floor(limit)

/** What is still no sign of load. 1.5 as in Gradient2. */
const tolerance = 1.5

/** What is left after a refusal. 0.7 as in CUBIC; less would swing more than needed for a limit that is nearly right. */
const backoff = 0.7

/** How much one slow answer counts. */
const smoothing = 0.2

/** A first part came. */
export const answered = (
  state: State,
  rules: Rules,
  { inFlight, size, took }: { readonly took: number; readonly size: number; readonly inFlight: number },
): State => {
  const bucket = Math.floor(Math.log2(Math.max(1, size)) / 2)
  const before = state.paces.get(bucket) ?? { usual: 1, recent: 1, seen: 0 }
  const seen = Math.min(samples, before.seen + 1)
  const recent = towards(took, before.recent, seen)
  const quiet = inFlight <= state.limit / 4 || state.limit <= rules.min
  const follows = recent < before.usual || quiet
  const usual = seen < samples ? recent : follows ? towards(recent, before.usual, samples) : before.usual
  const paces = new Map(state.paces).set(bucket, { usual, recent, seen })
  const gradient = Math.min(1, Math.max(0.5, (tolerance * usual) / recent))
  return { ...state, paces, limit: bounded(rules, next(state.limit, gradient, inFlight)) }
}

// So many that chance stays within the tolerance: of equal requests, one takes several times as long as another.
const towards = (value: number, before: number, count: number): number =>
  before * (Math.max(value, 1) / before) ** (1 / count)

// A limit that is not made use of says nothing about what the model bears.
const next = (limit: number, gradient: number, inFlight: number): number => {
  if (gradient < 1) return limit * (1 - smoothing + smoothing * gradient)
  return inFlight >= limit / 2 ? limit + 1 / limit : limit
}

/** The model throttled, was overloaded, or did not begin in time. Answers to calls of before it shrank say the same again. */
export const refused = (state: State, rules: Rules, now: number): State => {
  if (now - state.shrunkAt < slowest(state)) return state
  return { ...state, shrunkAt: now, limit: bounded(rules, state.limit * backoff) }
}

const slowest = ({ paces }: State): number =>
  paces.size === 0 ? 1_000 : Math.max(...[...paces.values()].map(({ recent }) => recent))

const bounded = ({ max, min }: Rules, limit: number): number => Math.min(max, Math.max(min, limit))

export const mistakeIn = ({ initial, max, min }: Rules): string | undefined => {
  const isCount = (count: number) => Number.isInteger(count) && count >= 1
  if (!isCount(min)) return "min must be a whole number, 1 or more"
  if (!isCount(max) || max < min) return "max must be a whole number, min or more"
  return isCount(initial) && initial >= min && initial <= max
    ? undefined
    : "initial must be a whole number between min and max"
}
