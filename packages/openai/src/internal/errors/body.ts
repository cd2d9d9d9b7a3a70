/**
 * Error bodies of servers that do not write them as OpenAI does. The SDK reads the field `error` of an object and forgets
 * all else: that of Mistral and SGLang (`{ message, type, code }`), of servers written with FastAPI (`{ detail }`), of Google's
 * compatible endpoint (a list), the code beside a text (`{ code, error: "..." }`), and MiniMax's (`{ base_resp: { status_code,
 * status_msg } }`).
 */
import { count, field, type Json, record, text } from "@holdfast/core/provider/Json"
import { Predicate, Result } from "effect"

/** A `fetch` whose error answers the SDK can read. */
export const withErrorBodies =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init) =>
    fetch(input, init).then((response) => {
      if (response.ok) return response
      const read = response.text.bind(response)
      return Object.defineProperty(response, "text", { value: () => read().then(readable), configurable: true })
    })

/** The error in a body, however it is written. */
export const errorIn = (body: unknown): unknown => {
  const first: unknown = Array.isArray(body) ? body[0] : body
  const fields = record(first)
  if (fields === undefined) return first
  const status = record(fields["base_resp"])
  if (status !== undefined && count(status, "status_code") !== 0) return inWords(status)
  const { error, ...rest } = fields
  if (record(error) !== undefined) return error
  return Predicate.isString(error) && error !== "" ? { ...rest, message: error } : fields
}

// With the code in the words, as MiniMax writes it elsewhere: `insufficient balance (1008)`.
const inWords = (status: Json) => {
  const code = count(status, "status_code")
  const words = text(status, "status_msg") ?? "no details"
  return { code, message: code === undefined || words.includes(`(${code})`) ? words : `${words} (${code})` }
}

const readable = (body: string): string => {
  if (!/^\s*[[{"]/.test(body)) return body
  const parsed = Result.getOrUndefined(Result.try((): unknown => JSON.parse(body)))
  const error = errorIn(parsed)
  if (record(error) === undefined && !Predicate.isString(error)) return body
  return record(field(parsed, "error")) === error ? body : JSON.stringify({ error })
}
