/**
 * How many attempts one call may make in all, whichever policies make them.
 *
 * Retries inside of retries multiply: three layers of three retries are 64 requests. So all of them draw on one allowance,
 * which is kept with the span of the call.
 */
import { type ModelRequest } from "../../ModelCall.ts"

/** Attempts beside the first one, by the span of the call. Nothing is written down while first attempts succeed. */
const further = new WeakMap<object, number>()

/** Counts one more attempt, if it is among the first so many of its call. */
export const takeAttempt = (request: ModelRequest, most: number): boolean => {
  const taken = further.get(request.options.span) ?? 0
  if (taken + 1 >= most) return false
  further.set(request.options.span, taken + 1)
  return true
}

/** Counts one more attempt that is made in any case. */
export const countAttempt = (request: ModelRequest): void => {
  further.set(request.options.span, (further.get(request.options.span) ?? 0) + 1)
}

/** Takes back an attempt that was counted, and is not made after all. */
export const returnAttempt = (request: ModelRequest): void => {
  further.set(request.options.span, (further.get(request.options.span) ?? 1) - 1)
}

/** Six attempts are enough for a call with retries and fallbacks; more than that is a storm. */
export const standardAttempts = 6
