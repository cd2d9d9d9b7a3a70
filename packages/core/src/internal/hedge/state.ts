/**
 * How often and when a second request may be sent. Plain data; times are milliseconds of a clock that is never set back.
 */

export interface Allowance {
  /** Hedges that may be sent now. Each call adds the share of one, from the one on that has paid for the first. */
  readonly saved: number
  /** Shares that the first hedge, which was there before any call, has still to be paid with. */
  readonly owed: number
  /** Until when none are sent, because a provider asked for less and not for more. */
  readonly quietUntil: number
  /** Times to the first part, the latest last. */
  readonly samples: ReadonlyArray<number>
  /** The same, the shortest first. */
  readonly sorted: ReadonlyArray<number>
}

/** A first hedge may be sent at once, so that an application that asks seldom has one, too. */
export const initial: Allowance = { saved: 1, owed: 1, quietUntil: 0, samples: [], sorted: [] }

/** More are not saved, so that a quiet night does not allow a storm in the morning. */
const maxSaved = 10

const maxSamples = 100

export const deposit = (allowance: Allowance, share: number): Allowance =>
  allowance.owed > 0
    ? { ...allowance, owed: allowance.owed - share }
    : { ...allowance, saved: Math.min(maxSaved, allowance.saved + share) }

/** The allowance after a hedge, or nothing if there must not be one. */
export const tryWithdraw = (allowance: Allowance, now: number): Allowance | undefined =>
  allowance.saved >= 1 && now >= allowance.quietUntil ? { ...allowance, saved: allowance.saved - 1 } : undefined

export const throttled = (allowance: Allowance, until: number): Allowance => ({
  ...allowance,
  quietUntil: Math.max(allowance.quietUntil, until),
})

export const addSample = (allowance: Allowance, timeToFirstPart: number): Allowance => {
  const samples = [...allowance.samples, timeToFirstPart]
  const sorted = [...allowance.sorted]
  sorted.splice(placeOf(sorted, timeToFirstPart), 0, timeToFirstPart)
  const oldest = samples.length > maxSamples ? samples.shift() : undefined
  if (oldest !== undefined) sorted.splice(placeOf(sorted, oldest), 1)
  return { ...allowance, samples, sorted }
}

/** The value that a share of the samples does not exceed (nearest rank), if there are enough of them. */
export const quantile = ({ sorted }: Allowance, share: number, minimum: number): number | undefined =>
  sorted.length < minimum ? undefined : sorted[Math.ceil(share * sorted.length) - 1]

/** Of the first that is not less. */
const placeOf = (sorted: ReadonlyArray<number>, value: number): number => {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}
