/**
 * What real usage teaches about estimates.
 *
 * The ratio of real to estimated tokens is followed as round-trip times are by TCP (RFC 6298): a moving mean, a moving
 * mean deviation, and as a bound the mean and four deviations.
 */

export interface Correction {
  /** Real tokens over estimated ones. */
  readonly mean: number
  readonly deviation: number
}

/**
 * Before anything is known: right on average, and up to a quarter too low, as the count by runs and scripts is at
 * its worst.
 */
export const initial: Correction = { mean: 1, deviation: 1 / 16 }

const minRatio = 1 / 8
const maxRatio = 8
const minDeviation = 1 / 100

/** What is known after one more answer. A ratio below an eighth or above eight is a mistake, and counts as that bound. */
export const learn = ({ deviation, mean }: Correction, estimated: number, real: number): Correction => {
  if (!(estimated > 0) || !(real > 0)) return { mean, deviation }
  const ratio = Math.min(Math.max(real / estimated, minRatio), maxRatio)
  return {
    mean: (7 / 8) * mean + ratio / 8,
    deviation: Math.max((3 / 4) * deviation + Math.abs(mean - ratio) / 4, minDeviation),
  }
}

/** The factor that makes a bound of an estimate. */
export const bound = ({ deviation, mean }: Correction): number => mean + 4 * deviation
