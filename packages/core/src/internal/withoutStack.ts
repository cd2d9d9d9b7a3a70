/**
 * Makes an error without a stack trace.
 *
 * A refusal is part of the plan and says with its fields what happened. Capturing a stack would cost more than the call
 * that is refused, just when there are most of them.
 */
export const withoutStack = <E>(make: () => E): E => {
  const limit = capturing.stackTraceLimit
  capturing.stackTraceLimit = 0
  const error = make()
  capturing.stackTraceLimit = limit
  return error
}

// V8 has this property, and other engines ignore it.
const capturing = Error as unknown as { stackTraceLimit?: number | undefined }
