/**
 * From what the `openai` SDK threw, or what an error object in an answer says, to the facts that `ProviderError` reads.
 */

import { field, type Json, record, text } from "@holdfast/core/provider/Json"
import { fromFault, type Origin } from "@holdfast/core/provider/ProviderError"
import * as StainlessError from "@holdfast/core/provider/StainlessError"
import { waitIn } from "@holdfast/core/provider/WaitInWords"
import { Predicate } from "effect"
import { type AiError } from "effect/ai"

/** The error for what the SDK threw. */
export const fromThrown = StainlessError.fromThrown(({ body, headers, plain }) => ({ ...facts(body, plain), headers }))

/** The error for an error object inside an answer that had begun: a stream's event, or a body of status 200. */
export const fromErrorObject = (origin: Origin, error: unknown): AiError.AiError =>
  fromFault(origin, { ...facts(error, undefined), inStream: true })

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
    retryAfter: waitIn(message),
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
