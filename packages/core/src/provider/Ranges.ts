/**
 * Checks that hold for every model: numeric ranges, and stop sequences that are empty or too many.
 *
 * @since 0.1.0
 */
import { type Refusals } from "./Refusals.ts"

/**
 * What a number may be.
 *
 * @since 0.1.0
 * @category models
 */
export interface Range {
  readonly least: number
  readonly most: number
  /** Whether it must have no fraction. */
  readonly whole: boolean
}

/**
 * A number from `least` to `most`, both included.
 *
 * @since 0.1.0
 * @category constructors
 */
export const between = (least: number, most: number): Range => ({ least, most, whole: false })

/**
 * Whole numbers from one on.
 *
 * @since 0.1.0
 * @category constructors
 */
export const wholeFrom = (least: number, most: number = Number.MAX_SAFE_INTEGER): Range => ({
  least,
  most,
  whole: true,
})

/**
 * Refuses numbers that are out of their range.
 *
 * @since 0.1.0
 * @category guards
 */
export const refuseNumbers = (
  settings: Readonly<Record<string, unknown>>,
  ranges: Readonly<Record<string, Range>>,
  refusals: Refusals,
): void => {
  for (const [option, range] of Object.entries(ranges)) {
    const value = settings[option]
    if (value === undefined || isIn(range, value)) continue
    refusals.option(option, `${typeof value === "number" ? value : "it"} is not ${nameOf(range)}`)
  }
}

const isIn = ({ least, most, whole }: Range, value: unknown): boolean =>
  typeof value === "number" && value >= least && value <= most && (!whole || Number.isInteger(value))

const nameOf = ({ least, most, whole }: Range): string => {
  const number = whole ? "a whole number" : "a number"
  return most === Number.MAX_SAFE_INTEGER ? `${number} of at least ${least}` : `${number} from ${least} to ${most}`
}

/**
 * Refuses texts that stop nothing, and more of them than the API takes.
 *
 * @since 0.1.0
 * @category guards
 */
export const refuseStops = (option: string, stops: ReadonlyArray<string>, most: number, refusals: Refusals): void => {
  if (stops.includes("")) refusals.option(option, "an empty text stops nothing; leave it out")
  if (stops.length > most) refusals.option(option, `the API takes at most ${most} texts, and ${stops.length} are given`)
}
