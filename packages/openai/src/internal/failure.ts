/**
 * From what the `openai` SDK threw, or what an error object in an answer says, to the facts that `ProviderError` reads.
 */

import { errorWords } from "@holdfast/core/provider/AnswerBody"
import { type ErrorAnswer } from "@holdfast/core/provider/AnswerResponse"
import { field, type Json, record, text } from "@holdfast/core/provider/Json"
import { fromFault, type Origin } from "@holdfast/core/provider/ProviderError"
import * as StainlessError from "@holdfast/core/provider/StainlessError"
import { httpStatus, upstreamIn, upstreamOf } from "@holdfast/core/provider/UpstreamError"
import { waitField } from "@holdfast/core/provider/WaitInWords"
import { Predicate } from "effect"
import { type AiError } from "effect/ai"

import { errorIn } from "./errors/body.ts"
import { rules } from "./errors/rules.ts"

/** The error for what the SDK threw. */
export const fromThrown = StainlessError.fromThrown(({ body, headers, plain }) => {
  const found = facts(body, plain)
  return { ...found, headers: { ...found.headers, ...headers } }
}, rules)

/** The error for an error object inside an answer: a stream's event, or a body of status 200. */
export const fromErrorObject = (origin: Origin, error: unknown, inStream: boolean): AiError.AiError =>
  fromFault({ ...origin, rules }, { ...facts(error, undefined), inStream, billed: true })

/** The error of one item of a batch. What was refused there is not billed. */
export const fromItem = (origin: Origin, error: unknown, status: number | undefined): AiError.AiError => {
  const found = facts(errorIn(error), undefined)
  return fromFault({ ...origin, rules }, { ...found, status: status ?? found.status })
}

/** The same, with all that came with it. */
export const fromErrorAnswer =
  (origin: Origin) =>
  ({ body, headers, inStream, plain }: ErrorAnswer): AiError.AiError => {
    const found = facts(errorIn(body), plain)
    return fromFault(
      { ...origin, rules },
      { ...found, headers: { ...found.headers, ...headers }, inStream, billed: true },
    )
  }

const facts = (error: unknown, plain: string | undefined) => {
  const said = plain ?? messageOf(error)
  const code = field(error, "code")
  const metadata = field(error, "metadata")
  const passedOn = upstreamOf(field(metadata, "raw"))
  return {
    message: passedOn === undefined ? said : `${said}: ${passedOn.message}`,
    // OpenRouter and vLLM write the HTTP status of the model behind them into `code`.
    status: httpStatus(code),
    // Google's compatible endpoint calls it `status`.
    type: text(error, "type") ?? text(error, "status"),
    code: Predicate.isNumber(code) ? String(code) : text(error, "code"),
    parameter: text(error, "param"),
    // OpenRouter passes on what the server behind it said, and what its own headers would say.
    upstream: passedOn ?? upstreamIn(said) ?? filtered(error),
    headers: { ...headersIn(field(metadata, "headers")), ...resetIn(metadata) },
    // OpenRouter names which of several limits it is.
    limit: text(metadata, "limit_source"),
    retryAfter: waitField(error) ?? waitField(metadata),
  }
}

const resetIn = (metadata: unknown) => {
  const reset = text(metadata, "resets_at")
  return reset === undefined ? undefined : { "x-ratelimit-reset": reset }
}

// Azure says with an inner error why its filter took offence.
const filtered = (error: unknown) => {
  const code = text(field(error, "innererror"), "code")
  return code === undefined ? undefined : { message: "", code }
}

const headersIn = (headers: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record(headers) ?? {}).flatMap(([name, value]) =>
      Predicate.isString(value) || Predicate.isNumber(value) ? [[name.toLowerCase(), String(value)]] : [],
    ),
  )

// `{ message }` nearly everywhere, `{ error: "text" }` at Ollama, `{ detail }` at servers written with FastAPI.
const messageOf = (error: unknown): string => {
  if (Predicate.isString(error)) return error
  const fields = record(error)
  if (fields === undefined) return "no details"
  for (const name of [...errorWords, "error"]) {
    const words = textIn(fields, name)
    if (words !== undefined) return words
  }
  return "no details"
}

const textIn = (fields: Json, key: string): string | undefined => {
  const value = fields[key]
  if (Predicate.isString(value)) return value === "" ? undefined : value
  if (Array.isArray(value)) return complaints(value)
  return value === undefined || value === null ? undefined : JSON.stringify(value)
}

// FastAPI lists what is wrong, and quotes the request with each.
const complaints = (list: ReadonlyArray<unknown>): string | undefined => {
  const all = list.slice(0, 5).flatMap((item) => {
    const place = field(item, "loc")
    const where = Array.isArray(place) ? `${place.slice(0, 10).map(String).join(".")}: ` : ""
    const what = text(item, "msg") ?? text(item, "message")
    return what === undefined ? [] : [`${where}${what}`]
  })
  return all.length === 0 ? JSON.stringify(list) : all.join("; ")
}
