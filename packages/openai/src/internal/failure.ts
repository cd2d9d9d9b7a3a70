/**
 * From what the `openai` SDK threw, or what an error object in an answer says, to the facts that `ProviderError` reads.
 */

import { field, type Json, record, text } from "@holdfast/core/provider/Json"
import { fromFault, type Origin } from "@holdfast/core/provider/ProviderError"
import * as StainlessError from "@holdfast/core/provider/StainlessError"
import { Duration, Predicate } from "effect"
import { type AiError } from "effect/ai"

/** The error for what the SDK threw. */
export const fromThrown = StainlessError.fromThrown(({ body, headers, plain }) => ({ ...facts(body, plain), headers }))

/** The error for an error object inside an answer: a stream's event, or a body of status 200. */
export const fromErrorObject = (origin: Origin, error: unknown, inStream: boolean): AiError.AiError =>
  fromFault(origin, { ...facts(error, undefined), inStream })

const facts = (error: unknown, plain: string | undefined) => {
  const message = plain ?? messageOf(error)
  const code = field(error, "code")
  return {
    message,
    // OpenRouter and vLLM write the HTTP status of the model behind them into `code`.
    status: httpStatus(code),
    type: text(error, "type"),
    code: Predicate.isNumber(code) ? String(code) : text(error, "code"),
    parameter: text(error, "param"),
    retryAfter: hint(message),
  }
}

const httpStatus = (code: unknown): number | undefined => {
  const status = Predicate.isString(code) && /^\d{3}$/.test(code) ? Number(code) : code
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) < 600
    ? (status as number)
    : undefined
}

// `{ message }` nearly everywhere, `{ error: "text" }` at Ollama, `{ detail }` at servers written with FastAPI.
const messageOf = (error: unknown): string => {
  if (Predicate.isString(error)) return error
  const fields = record(error)
  if (fields === undefined) return "no details"
  return said(fields, "message") ?? said(fields, "detail") ?? said(fields, "error") ?? "no details"
}

const said = (fields: Json, key: string): string | undefined => {
  const value = fields[key]
  if (Predicate.isString(value)) return value === "" ? undefined : value
  return value === undefined || value === null ? undefined : JSON.stringify(value)
}

const hintPattern = /try again in (?:(\d{1,3})h)?(?:(\d{1,4})m(?!s))?(?:(\d{1,6}(?:\.\d{1,9})?)(ms|s))?/i

// OpenAI and Groq say in the message when to come back: "Please try again in 7m32.5s".
const hint = (message: string): Duration.Duration | undefined => {
  const match = hintPattern.exec(message)
  if (match === null || (match[1] ?? match[2] ?? match[3]) === undefined) return undefined
  const [, hours = "0", minutes = "0", amount = "0", unit = "s"] = match
  const millis = Number(amount) * (unit.toLowerCase() === "ms" ? 1 : 1000)
  return Duration.millis(Math.ceil(Number(hours) * 3_600_000 + Number(minutes) * 60_000 + millis))
}
