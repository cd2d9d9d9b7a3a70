import { Predicate, Redacted } from "effect"
import * as Base64 from "effect/encoding/Base64"

/** JSON with sorted keys, and with bytes and addresses in it. Throws for what has no value to compare by. */
export const canonical = (value: unknown): string => {
  if (value === undefined) return "undefined"
  if (value === null || typeof value === "string" || typeof value === "boolean") return JSON.stringify(value)
  if (typeof value === "number" || typeof value === "bigint") return String(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (value instanceof Uint8Array) return `bytes:${Base64.encode(value)}`
  if (value instanceof URL) return `url:${JSON.stringify(value.href)}`
  const fields = fieldsOf(value)
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(",")}}`
}

const fieldsOf = (value: unknown): ReadonlyArray<[string, unknown]> => {
  const fields = Predicate.isObject(value) && !Redacted.isRedacted(value) ? Object.entries(value) : undefined
  // What shows nothing of itself, such as a `Date` or a `Map`, would be equal to all of its kind.
  if (fields === undefined || (fields.length === 0 && Object.getPrototypeOf(value) !== Object.prototype)) {
    throw new TypeError(`cannot be compared: ${typeof value}`)
  }
  return fields.filter(([, field]) => field !== undefined).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
