/**
 * Error bodies of servers that do not write them as OpenAI does. The SDK reads the field `error` of an object and forgets
 * all else: that of Mistral and SGLang (`{ message, type, code }`), of servers written with FastAPI (`{ detail }`), of Google's
 * compatible endpoint (a list), and the code beside a text (`{ code, error: "..." }`).
 */
import { record } from "@holdfast/core/provider/Json"
import { Predicate, Result } from "effect"

/** A `fetch` whose error answers the SDK can read. */
export const withErrorBodies =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init) =>
    fetch(input, init).then((response) => {
      if (response.ok) return response
      const read = response.text.bind(response)
      const text = () => read().then(readable)
      return Object.defineProperty(response, "text", { value: text, configurable: true })
    })

const readable = (text: string): string => {
  if (!/^\s*[[{"]/.test(text)) return text
  const body = Result.getOrUndefined(Result.try((): unknown => JSON.parse(text)))
  const first: unknown = Array.isArray(body) ? body[0] : body
  if (Predicate.isString(first)) return JSON.stringify({ error: first })
  const fields = record(first)
  if (fields === undefined) return text
  const { error, ...rest } = fields
  if (record(error) !== undefined) return first === body ? text : JSON.stringify(first)
  if (Predicate.isString(error) && error !== "") return JSON.stringify({ error: { ...rest, message: error } })
  return JSON.stringify({ error: fields })
}
