/**
 * From what the `@google/genai` SDK threw, or what an error object in an answer says, to the facts that `ProviderError`
 * reads.
 */

import type { ApiError } from "@google/genai/web"
import { type ErrorAnswer } from "@holdfast/core/provider/AnswerResponse"
import { field, list, record, text } from "@holdfast/core/provider/Json"
import {
  fromFault,
  fromTransport,
  fromUnknown,
  isBrokenConnection,
  type Origin,
  type ProviderFault,
  thrownMessage,
} from "@holdfast/core/provider/ProviderError"
import { upstreamIn } from "@holdfast/core/provider/UpstreamError"
import { durationIn } from "@holdfast/core/provider/WaitInWords"
import { Predicate, Result } from "effect"
import { type AiError } from "effect/ai"

import { type Exchange } from "./http/exchange.ts"
import { rules } from "./rules.ts"

/** The SDK's error class. It is loaded with the SDK, so it comes as a value. */
export interface SdkErrors {
  readonly ApiError: typeof ApiError
}

/** The error for what the SDK threw. */
export const fromThrown =
  (sdk: SdkErrors, origin: Origin, exchange: Exchange | undefined, inStream: boolean) =>
  (cause: unknown): AiError.AiError => {
    if (cause instanceof sdk.ApiError) return fromApiError(origin, cause, exchange)
    if (isBrokenConnection(cause)) {
      return fromTransport(origin, cause, exchange?.status !== undefined && exchange.status < 300)
    }
    if (exchange !== undefined && !exchange.sent) return refusedBySdk(origin, cause)
    const status = exchange?.status ?? 200
    if (status >= 300)
      return fromFault({ ...origin, rules }, { message: "no details", status, headers: exchange?.headers })
    return fromUnknown(origin, cause, inStream)
  }

/** An answer that is an error, as it came. */
export class ErrorResponse extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(body: string, status: number, headers: Readonly<Record<string, string>>) {
    super(body)
    this.status = status
    this.headers = headers
  }
}

/** The error for what `fetch` threw, or for an `ErrorResponse`. */
export const fromFetch =
  (sdk: SdkErrors, origin: Origin) =>
  (cause: unknown): AiError.AiError =>
    cause instanceof ErrorResponse
      ? fromFault(
          { ...origin, rules },
          { ...facts(errorIn(cause.message)), status: cause.status, headers: cause.headers },
        )
      : fromThrown(sdk, origin, undefined, false)(cause)

/** The error of one item of a batch, or of all of it. What was refused there is not billed. */
export const fromItem = (origin: Origin, error: unknown): AiError.AiError =>
  fromFault({ ...origin, rules }, { ...facts(error), type: typeOf(error) ?? codeNames[Number(field(error, "code"))] })

// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
const codeNames: Readonly<Record<number, string>> = {
  1: "CANCELLED",
  3: "INVALID_ARGUMENT",
  4: "DEADLINE_EXCEEDED",
  5: "NOT_FOUND",
  7: "PERMISSION_DENIED",
  8: "RESOURCE_EXHAUSTED",
  9: "FAILED_PRECONDITION",
  13: "INTERNAL",
  14: "UNAVAILABLE",
  16: "UNAUTHENTICATED",
}

/** The error for an error object in a body of status 200. */
export const fromErrorObject = (origin: Origin, error: unknown): AiError.AiError =>
  fromFault({ ...origin, rules }, { ...facts(error), billed: true })

/** The same, with all that came with it. */
export const fromErrorAnswer =
  (origin: Origin) =>
  ({ body, headers, inStream, plain }: ErrorAnswer): AiError.AiError => {
    const error = field(body, "error")
    const known = plain === undefined ? facts(errorFields(error) ?? body) : { message: plain }
    return fromFault({ ...origin, rules }, { ...known, headers, inStream, billed: true })
  }

const errorFields = (error: unknown) => (Predicate.isString(error) ? { message: error } : record(error))

// The SDK checks options that only Vertex AI has, and throws before it sends anything.
const refusedBySdk = (origin: Origin, cause: unknown): AiError.AiError =>
  fromFault({ ...origin, rules }, { message: thrownMessage(cause), type: "INVALID_ARGUMENT" })

const fromApiError = (origin: Origin, cause: ApiError, exchange: Exchange | undefined): AiError.AiError => {
  return fromFault(
    { ...origin, rules },
    { ...facts(errorIn(cause.message)), status: cause.status, headers: exchange?.headers },
  )
}

// The message is the JSON of the body. Endpoints that stream without events put the error into a list, and an error body
// of another content type is wrapped into a second one by the SDK.
const errorIn = (json: string): unknown => {
  const error = parsedError(json)
  const inner = parsedError(text(error, "message") ?? "")
  return inner ?? error ?? { message: json }
}

const parsedError = (json: string): unknown => {
  if (!/^\s*[[{]/.test(json)) return undefined
  const body = Result.getOrUndefined(Result.try((): unknown => JSON.parse(json)))
  const error = field(Array.isArray(body) ? body[0] : body, "error")
  return errorFields(error)
}

const facts = (error: unknown): ProviderFault => {
  const message = text(error, "message") ?? "no details"
  const code = field(error, "code")
  const details = list(error, "details")
  return {
    message,
    status: isErrorStatus(code) ? code : undefined,
    type: typeOf(error) ?? text(error, "type"),
    // Names in text are those of gateways.
    code: text(detail(details, "ErrorInfo"), "reason") ?? text(error, "code"),
    parameter: text(list(detail(details, "BadRequest"), "fieldViolations")[0], "field"),
    limit: limitsIn(details),
    retryAfter: durationIn(text(detail(details, "RetryInfo"), "retryDelay")),
    upstream: upstreamIn(message),
  }
}

// "Check your plan and billing details" is said of limits per minute, too. Only the names of the limits tell them apart.
const limitsIn = (details: ReadonlyArray<unknown>): string | undefined => {
  const violations = list(detail(details, "QuotaFailure"), "violations").slice(0, 20)
  const names = violations.map((violation) => `${text(violation, "quotaId")}=${text(violation, "quotaValue") ?? "?"}`)
  const named = text(field(detail(details, "ErrorInfo"), "metadata"), "quota_limit")
  const all = named === undefined ? names : [...names, named]
  return all.length === 0 ? undefined : all.join(" ")
}

const isErrorStatus = (code: unknown): code is number =>
  Number.isInteger(code) && (code as number) >= 400 && (code as number) < 600

// The SDK puts the phrase of the status line here if the body was not JSON.
const typeOf = (error: unknown): string | undefined => {
  const status = text(error, "status")
  return status !== undefined && /^[A-Z_]+$/.test(status) ? status : undefined
}

const detail = (details: ReadonlyArray<unknown>, name: string): unknown =>
  details.find((item) => text(item, "@type")?.endsWith(`google.rpc.${name}`) === true)
