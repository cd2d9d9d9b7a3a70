/**
 * A refusal: an error of a class, without a stack trace and without the checks of its schema.
 *
 * It says with its fields what happened, and they are our own. Checking them and capturing a stack would cost more than
 * the call that is refused, just when there are most of them.
 */
export const refusal = <Fields extends object, E extends Tagged>(
  type: new (fields: Fields) => E,
  fields: Fields & Pick<E, "_tag">,
): E => {
  const limit = capturing.stackTraceLimit
  capturing.stackTraceLimit = 0
  // A true `Error` of that class, as its own constructor would make it.
  const error = Reflect.construct(Error, [], type) as E
  capturing.stackTraceLimit = limit
  return Object.assign(error, fields)
}

interface Tagged extends Error {
  readonly _tag: string
}

// V8 has this property, and other engines ignore it.
const capturing = Error as unknown as { stackTraceLimit?: number | undefined }
