/**
 * Reading JSON that a provider sent. Nothing of it is trusted: what has another shape than promised reads as absent.
 *
 * @since 0.1.0
 */
import { Predicate, Result, type Schema } from "effect"
import { Tool } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

/**
 * A JSON object of unknown content.
 *
 * @since 0.1.0
 * @category models
 */
export type Json = { readonly [key: string]: unknown }

/**
 * The value, if it is an object.
 *
 * @since 0.1.0
 * @category getters
 */
export const record = (value: unknown): Json | undefined => (Predicate.isReadonlyObject(value) ? value : undefined)

/**
 * A field of an object, whatever it holds.
 *
 * @since 0.1.0
 * @category getters
 */
export const field = (value: unknown, key: string): unknown => record(value)?.[key]

/**
 * A string that is there and not empty.
 *
 * @since 0.1.0
 * @category getters
 */
export const text = (value: unknown, key: string): string | undefined => {
  const found = field(value, key)
  return Predicate.isString(found) && found !== "" ? found : undefined
}

/**
 * A string, or the empty one.
 *
 * @since 0.1.0
 * @category getters
 */
export const textOrEmpty = (value: unknown, key: string): string => text(value, key) ?? ""

const none: ReadonlyArray<unknown> = []

/**
 * The items of a list; none where there is no list.
 *
 * @since 0.1.0
 * @category getters
 */
export const list = (value: unknown, key: string): ReadonlyArray<unknown> => {
  const found = field(value, key)
  return Array.isArray(found) ? (found as ReadonlyArray<unknown>) : none
}

/**
 * A token count: a whole number that is not negative. Anything else is unknown, which is not zero.
 *
 * @since 0.1.0
 * @category getters
 */
export const count = (value: unknown, key: string): number | undefined => {
  const found = field(value, key)
  return Number.isSafeInteger(found) && (found as number) >= 0 ? (found as number) : undefined
}

/**
 * An index of an item, 0 if the provider left it out.
 *
 * @since 0.1.0
 * @category getters
 */
export const index = (value: unknown, key: string): number => count(value, key) ?? 0

const largestSeconds = 8_640_000_000_000

/**
 * Epoch seconds as ISO 8601.
 *
 * @since 0.1.0
 * @category getters
 */
export const timestamp = (value: unknown, key: string): string | undefined => {
  const seconds = field(value, key)
  return Predicate.isNumber(seconds) && Math.abs(seconds) <= largestSeconds
    ? new Date(seconds * 1000).toISOString()
    : undefined
}

/**
 * Parsed arguments of a tool call. Providers write a call without arguments as an empty text. Arguments that could change a
 * prototype, under whichever spelling of the key, are not taken.
 *
 * @since 0.1.0
 * @category conversions
 */
export const params = (json: string): Result.Result<unknown, unknown> =>
  json.trim() === "" ? Result.succeed({}) : Result.try(() => Tool.unsafeSecureJsonParse(spelledOut(json)))

// The check for `__proto__` reads the text, in which letters may be written as escapes: `\u005f_proto__`.
const spelledOut = (json: string): string => (/\\u00[4-7]/.test(json) ? JSON.stringify(JSON.parse(json)) : json)

/**
 * What came out of `JSON.parse` is JSON.
 *
 * @since 0.1.0
 * @category conversions
 */
export const json = (value: unknown): Schema.Json => value as Schema.Json

/**
 * Leaves out what is undefined.
 *
 * @since 0.1.0
 * @category conversions
 */
export const defined = <A extends object>(fields: A): { [K in keyof A]?: Exclude<A[K], undefined> } => {
  const kept: { [K in keyof A]?: Exclude<A[K], undefined> } = {}
  for (const key in fields) {
    const value = fields[key]
    if (value !== undefined) kept[key] = value as Exclude<A[typeof key], undefined>
  }
  return kept
}

/**
 * A link that `effect/ai` can decode.
 *
 * @since 0.1.0
 * @category getters
 */
export const url = (value: unknown, key: string): string | undefined => {
  const found = text(value, key)
  return found !== undefined && URL.canParse(found) ? found : undefined
}

/**
 * Whether a text is base64 that `effect/ai` can decode.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isBase64 = (value: string): boolean => Result.isSuccess(Base64.decode(value))

const dataUrl = /^data:([\w.+-]+\/[\w.+-]+)(?:;[^,;]*)*;base64,/i

/**
 * Takes a base64 `data:` URL apart.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromDataUrl = (value: string): { readonly mediaType: string; readonly data: string } | undefined => {
  const match = dataUrl.exec(value)
  return match?.[1] === undefined ? undefined : { mediaType: match[1], data: value.slice(match[0].length) }
}

const deepest = 512

/**
 * A value without halves of surrogate pairs: each is replaced by U+FFFD, as `String.prototype.toWellFormed` does.
 *
 * **Details**
 *
 * JSON can write half a pair only as an escape, which the vendors' servers refuse. It comes from texts that were cut by
 * their length. Texts, keys, lists and plain objects are looked through; bytes, dates and links stay as they are. What
 * has no such half is given back itself.
 *
 * **Example** (A text that was cut inside an emoji)
 *
 * ```ts
 * import { wellFormed } from "@holdfast/core/provider/Json"
 *
 * wellFormed({ title: "so long \ud83d" }) // => { title: "so long \ufffd" }
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const wellFormed = <A>(value: A): A => mended(value, 0) as A

const mended = (value: unknown, depth: number): unknown => {
  if (typeof value === "string") return wholeCharacters(value)
  if (typeof value !== "object" || value === null || depth > deepest) return value
  return Array.isArray(value) ? mendedItems(value, depth + 1) : mendedFields(value, depth + 1)
}

// With the flag `u` a pair is one character, and only a half by itself is a surrogate.
const wholeCharacters = (characters: string): string => characters.replace(/\p{Surrogate}/gu, "\ufffd")

const mendedItems = (items: ReadonlyArray<unknown>, depth: number): unknown => {
  let changed = false
  const out = items.map((item) => {
    const mend = mended(item, depth)
    changed ||= mend !== item
    return mend
  })
  return changed ? out : items
}

const mendedFields = (fields: object, depth: number): unknown => {
  const prototype: unknown = Object.getPrototypeOf(fields)
  if (prototype !== Object.prototype && prototype !== null) return fields
  let changed = false
  const out = Object.entries(fields).map(([key, item]: [string, unknown]) => {
    const mend = [wholeCharacters(key), mended(item, depth)] as const
    changed ||= mend[0] !== key || mend[1] !== item
    return mend
  })
  return changed ? Object.fromEntries(out) : fields
}
