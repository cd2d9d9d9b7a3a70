/**
 * How many attempts one call may make in all, whichever policies make them.
 *
 * Retries inside of retries multiply: three layers of three retries are 64 requests. So all of them share one allowance.
 */
import { type CallContext } from "./types.ts"

/** Counts one more attempt, if it is among the first so many of its call. */
export const takeAttempt = ({ attempts }: CallContext, maxAttempts: number): boolean => {
  if (attempts.extra + 1 >= maxAttempts) return false
  attempts.extra++
  return true
}

/** Six attempts are enough for a call with retries and fallbacks; more than that is a storm. */
export const standardAttempts = 6
