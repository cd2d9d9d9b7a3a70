/**
 * From what the `@anthropic-ai/sdk` threw, or what an error object in an answer says, to the facts that `ProviderError`
 * reads.
 */
import { type ErrorAnswer } from "@holdfast/core/provider/AnswerResponse"
import { field, record, text } from "@holdfast/core/provider/Json"
import { fromFault, type Origin } from "@holdfast/core/provider/ProviderError"
import * as StainlessError from "@holdfast/core/provider/StainlessError"
import { upstreamIn } from "@holdfast/core/provider/UpstreamError"
import { waitField } from "@holdfast/core/provider/WaitInWords"
import { Predicate } from "effect"
import { type AiError } from "effect/ai"

import { rules } from "./rules.ts"

/** The error for what the SDK threw. */
export const fromThrown = StainlessError.fromThrown(
  ({ body, headers, plain }) => ({
    ...facts(body, plain),
    headers: withRequestId(headers, body),
  }),
  rules,
)

/** The error for an error object inside an answer: a stream's event, or a body of status 200. */
export const fromErrorObject = (origin: Origin, body: unknown, inStream: boolean): AiError.AiError =>
  fromFault(
    { ...origin, rules },
    { ...facts(body, undefined), headers: withRequestId({}, body), inStream, billed: true },
  )

/** The error of one item of a batch. What was refused there is not billed. */
export const fromItem = (origin: Origin, body: unknown): AiError.AiError =>
  fromFault({ ...origin, rules }, { ...facts(body, undefined), headers: withRequestId({}, body) })

/** The same, with all that came with it. */
export const fromErrorAnswer =
  (origin: Origin) =>
  ({ body, headers, inStream, plain }: ErrorAnswer): AiError.AiError =>
    fromFault(
      { ...origin, rules },
      { ...facts(body, plain), headers: withRequestId(headers, body), inStream, billed: true },
    )

// Bodies carry the id too, and some gateways keep only those.
const withRequestId = (headers: Record<string, string>, body: unknown): Record<string, string> => {
  const id = text(body, "request_id")
  return id === undefined || headers["request-id"] !== undefined ? headers : { ...headers, "request-id": id }
}

// `{ type: "error", error: { type, message, details } }`, or whatever a gateway makes of it.
const facts = (body: unknown, plain: string | undefined) => {
  const error = record(field(body, "error")) ?? body
  const message = plain ?? messageOf(body, error)
  const code = field(error, "code")
  const limit = text(field(error, "details"), "error_code")
  return {
    message,
    type: typeOf(error),
    code: limit ?? (Predicate.isNumber(code) ? String(code) : text(error, "code")),
    limit,
    upstream: upstreamIn(message),
    retryAfter: waitField(error),
  }
}

// The outer object's type says only that it is an error.
const typeOf = (error: unknown): string | undefined => {
  const type = text(error, "type")
  return type === "error" ? undefined : type
}

const messageOf = (body: unknown, error: unknown): string => {
  if (Predicate.isString(error)) return error
  const said = [field(error, "message"), field(error, "detail"), text(body, "error")].find(Predicate.isNotNullish)
  if (said === undefined || said === "") return "no details"
  return Predicate.isString(said) ? said : JSON.stringify(said)
}
