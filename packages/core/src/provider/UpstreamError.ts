/**
 * What a server behind a gateway said, where the gateway passes it on inside of its own error.
 *
 * @since 0.1.0
 */
import { Predicate, Result } from "effect"

import { type ProviderFault } from "./ErrorRule.ts"
import { field, record } from "./Json.ts"

/**
 * The status that a `code` is, if it is one.
 *
 * @since 0.1.0
 * @category conversions
 */
export const httpStatus = (code: unknown): number | undefined => {
  const status = Predicate.isString(code) && /^\d{3}$/.test(code) ? Number(code) : code
  return Predicate.isNumber(status) && Number.isInteger(status) && status >= 400 && status < 600 ? status : undefined
}

/**
 * The error in a text that is JSON, or that quotes it: `Error from provider(zai, 429): {"error":{"code":"1113", ...}}`.
 * Nothing where there is none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const upstreamIn = (text: string): ProviderFault | undefined => {
  const first = text.indexOf("{")
  const last = text.lastIndexOf("}")
  if (first < 0 || last < first || last - first > longest) return undefined
  const quoted = text.slice(first, last + 1)
  return faultIn(parsed(quoted) ?? parsed(quoted.replaceAll('\\"', '"')), 0)
}

const longest = 20_000

const parsed = (json: string): unknown => Result.getOrUndefined(Result.try((): unknown => JSON.parse(json)))

/**
 * The error in a value that was passed on, whether it is text or parsed already.
 *
 * @since 0.1.0
 * @category conversions
 */
export const upstreamOf = (value: unknown): ProviderFault | undefined => {
  if (!Predicate.isString(value)) return faultIn(value, 0)
  return upstreamIn(value) ?? (value === "" ? undefined : { message: value })
}

const faultIn = (body: unknown, depth: number): ProviderFault | undefined => {
  const inner = field(body, "error")
  const error = record(inner) ?? record(body)
  const message = Predicate.isString(inner) ? inner : (field(error, "message") ?? field(error, "detail"))
  if (error === undefined || !Predicate.isString(message)) return undefined
  const code = field(error, "code")
  const type = field(error, "type") ?? field(error, "status")
  // Any JSON may have a message, also that of a prompt.
  if (inner === undefined && code === undefined && type === undefined) return undefined
  const further = depth < 3 ? upstreamIn(message) : undefined
  return {
    message,
    status: httpStatus(code),
    type: Predicate.isString(type) ? type : undefined,
    code: Predicate.isString(code) || Predicate.isNumber(code) ? String(code) : undefined,
    ...(further && { upstream: further }),
  }
}
