/**
 * The factors that vendors share.
 */

import type * as Money from "../../../Money.ts"

const ratio = (numerator: bigint, denominator: bigint): Money.Ratio => ({ numerator, denominator })

export const one = ratio(1n, 1n)

export const half = ratio(1n, 2n)

export const double = ratio(2n, 1n)

export const sixfold = ratio(6n, 1n)

export const tenthMore = ratio(11n, 10n)

/** 1.75, 1.8 and 2.5. */
export const threeQuartersMore = ratio(7n, 4n)

export const fourFifthsMore = ratio(9n, 5n)

export const twoAndAHalf = ratio(5n, 2n)
