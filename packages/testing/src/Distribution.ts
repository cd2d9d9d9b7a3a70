/**
 * How long something takes, when it does not always take the same.
 *
 * @since 0.1.0
 */
import { Duration } from "effect"

/**
 * A distribution of durations, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Distribution {
  readonly mean: number
  /** One of them. `chance` is uniform between 0 and 1, and may be asked as often as it takes. */
  readonly sample: (chance: () => number) => number
}

/**
 * Always the same.
 *
 * @since 0.1.0
 * @category constructors
 */
export const constant = (duration: Duration.Input): Distribution => {
  const millis = Duration.toMillis(duration)
  return { mean: millis, sample: () => millis }
}

/**
 * Without memory: how long it has taken says nothing about how long it still takes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const exponential = (mean: Duration.Input): Distribution => {
  const millis = Duration.toMillis(mean)
  return { mean: millis, sample: (chance) => -millis * Math.log(1 - chance()) }
}

/**
 * Log-normal, which fits times to first part: half take longer than the median, and a few take much longer.
 *
 * **Details**
 *
 * `sigma` is the standard deviation of the logarithm. With 0.5 one in a hundred takes 3 times the median, with 1 it takes 10
 * times. The mean is `median · exp(sigma² / 2)`.
 *
 * **Example** (The mean is above the median)
 *
 * ```ts
 * import { Distribution } from "@holdfast/testing"
 *
 * Math.round(Distribution.lognormal({ median: "1 second", sigma: 0.5 }).mean) // => 1133
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const lognormal = (options: { readonly median: Duration.Input; readonly sigma: number }): Distribution => {
  const median = Duration.toMillis(options.median)
  const { sigma } = options
  return {
    mean: median * Math.exp((sigma * sigma) / 2),
    sample: (chance) => median * Math.exp(sigma * normal(chance)),
  }
}

/**
 * Mostly one distribution, and for a share of the cases another one.
 *
 * **Example** (One in fifty takes ten times as long)
 *
 * ```ts
 * import { Distribution } from "@holdfast/testing"
 *
 * const firstPart = Distribution.bimodal({
 *   usual: Distribution.lognormal({ median: "500 millis", sigma: 0.3 }),
 *   rare: Distribution.lognormal({ median: "5 seconds", sigma: 0.3 }),
 *   share: 0.02,
 * })
 *
 * firstPart.mean > 500 // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const bimodal = (options: {
  readonly usual: Distribution
  readonly rare: Distribution
  /** Of the rare ones, from 0 to 1. */
  readonly share: number
}): Distribution => {
  const { rare, share, usual } = options
  return {
    mean: usual.mean * (1 - share) + rare.mean * share,
    sample: (chance) => (chance() < share ? rare : usual).sample(chance),
  }
}

/** Standard normal (Box and Muller, 1958). */
const normal = (chance: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
