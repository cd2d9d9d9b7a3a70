import { identity, Result } from "effect"

/**
 * Makes an error without a stack trace.
 *
 * A refusal is part of the plan and says with its fields what happened. Capturing a stack would cost more than the call
 * that is refused, just when there are most of them.
 */
export const withoutStack = <E>(make: () => E): E => {
  const limit = capturing.stackTraceLimit
  capturing.stackTraceLimit = 0
  const error = Result.try({ try: make, catch: identity })
  capturing.stackTraceLimit = limit
  return Result.getOrThrowWith(error, identity)
}

// V8 has this property, and other engines ignore it.
const capturing = Error as unknown as { stackTraceLimit?: number | undefined }
