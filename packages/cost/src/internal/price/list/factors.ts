/**
 * The factors that vendors share.
 */

import type * as Money from "../../../Money.ts"

export const half: Money.Ratio = { numerator: 1n, denominator: 2n }

export const double: Money.Ratio = { numerator: 2n, denominator: 1n }

export const sixfold: Money.Ratio = { numerator: 6n, denominator: 1n }

export const tenthMore: Money.Ratio = { numerator: 11n, denominator: 10n }
