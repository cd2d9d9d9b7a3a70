import { Formatter, Predicate } from "effect"

/** What a value that somebody failed with says: any value, also one that cannot be turned into JSON or into a string. */
export const describeUnknown = (value: unknown): string => {
  if (Predicate.isString(value)) return value
  return Predicate.hasProperty(value, "message") && Predicate.isString(value.message)
    ? value.message
    : Formatter.format(value)
}
