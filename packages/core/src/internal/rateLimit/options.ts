import { Duration } from "effect"

import { type DurationInput } from "../../DurationInput.ts"
import { type TokenEstimate } from "../../TokenEstimate.ts"
import { type ModelRequest } from "../call/types.ts"
import { describeDuration } from "../describeDuration.ts"
import { type Rules } from "./state.ts"

/**
 * The tokens of a call: estimated before it, as the provider counted them after it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tokens extends TokenEstimate {
  /** Those of the input that came from the provider's prompt cache. 0 before the call. */
  readonly cacheRead: number
}

/**
 * One thing that is counted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dimension {
  /** As the provider's headers call it, so that they are heeded: `tokens` of `x-ratelimit-remaining-tokens`. */
  readonly name: string
  readonly limit: number
  /** How long what was used counts. */
  readonly window: DurationInput
  /** What a call takes, by its estimated tokens at first, and by its real ones in the end. */
  readonly cost: (tokens: Tokens, request: ModelRequest) => number
}

/** What a call takes of a limit of requests. */
export const oneRequest = (): number => 1

/** Whether a limit looks at tokens at all: a prompt is not read where only requests are counted. */
export const looksAtTokens = (dimensions: ReadonlyArray<Dimension>): boolean =>
  dimensions.some(({ cost }) => cost !== oneRequest)

/** The dimensions as plain numbers. */
export const rulesOf = (dimensions: ReadonlyArray<Dimension>): Rules =>
  dimensions.map(({ limit, name, window }) => ({ name, limit, window: Duration.toMillis(window) }))

/** A rule as it stands in the description of a stack. */
export const described = ({ limit, name, window }: Rules[number]): string =>
  `${limit} ${name} in ${describeDuration(window)}`

/** What is wrong with the options, by their names. */
export const mistakeIn = (rules: Rules, queue: number, maxWait: number): string | undefined => {
  if (rules.length === 0) return "there must be a limit"
  for (const { limit, name, window } of rules) {
    if (!(limit > 0 && limit < Infinity)) return `the limit of ${name} must be a number above 0`
    if (!(window > 0 && window < Infinity)) return `the window of ${name} must be a duration above 0`
    if (!/^[\w-]{1,64}$/.test(name)) return "the name of a dimension must be letters, digits, - and _"
  }
  if (new Set(rules.map(({ name, window }) => `${name}/${window}`)).size < rules.length)
    return "two limits are of the same dimension and window"
  if (!Number.isInteger(queue) || queue < 0) return "queue must be a whole number, 0 or more"
  return maxWait >= 0 ? undefined : "maxWait must be a duration, 0 or more"
}
