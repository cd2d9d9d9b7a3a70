import { Predicate } from "effect"

import { type Usage } from "../../Reply.ts"
import { type Call, type Dialect, type Failure, hasBearer } from "./dialect.ts"

interface ErrorWords {
  readonly message: string
  readonly type: string
  readonly code: string | null
}

const byStatus: Readonly<Record<number, ErrorWords>> = {
  400: { message: "Invalid request.", type: "invalid_request_error", code: null },
  401: { message: "Incorrect API key provided.", type: "invalid_request_error", code: "invalid_api_key" },
  402: { message: "Insufficient balance.", type: "insufficient_quota", code: "insufficient_balance" },
  403: {
    message: "You are not allowed to use this model.",
    type: "invalid_request_error",
    code: "permission_denied",
  },
  404: {
    message: "The model does not exist or you do not have access to it.",
    type: "invalid_request_error",
    code: "model_not_found",
  },
  408: { message: "Request timed out.", type: "timeout", code: "timeout" },
  409: { message: "The resource was changed by another request.", type: "conflict_error", code: "conflict" },
  413: { message: "Request too large.", type: "invalid_request_error", code: "request_too_large" },
  422: { message: "Unprocessable entity.", type: "invalid_request_error", code: null },
  429: {
    message: "Rate limit reached on requests per min (RPM): Limit 500, Used 500, Requested 1.",
    type: "requests",
    code: "rate_limit_exceeded",
  },
  500: {
    message: "The server had an error while processing your request. Sorry about that!",
    type: "server_error",
    code: null,
  },
  503: {
    message: "The server is currently overloaded with other requests. Sorry about that!",
    type: "server_error",
    code: "server_is_overloaded",
  },
}

const quota: ErrorWords = {
  message: "You exceeded your current quota, please check your plan and billing details.",
  type: "insufficient_quota",
  code: "insufficient_quota",
}

const wordsOf = ({ kind, status }: Failure): ErrorWords => {
  if (kind === "insufficient_quota") return quota
  return (
    byStatus[status] ??
    (status >= 500
      ? { message: "The server had an error.", type: "server_error", code: null }
      : { message: "The request failed.", type: "invalid_request_error", code: null })
  )
}

/** The `error` object of a body or of an event. */
export const errorObject = (failure: Failure) => {
  const words = wordsOf(failure)
  return {
    message: failure.options.message ?? words.message,
    type: failure.options.type ?? words.type,
    param: null,
    code: failure.options.code ?? words.code,
  }
}

/** The usage of the Responses API. */
export const responsesUsage = (usage: Required<Usage>) => ({
  input_tokens: usage.input,
  input_tokens_details: { cached_tokens: usage.cacheRead, ...cacheWrites(usage) },
  output_tokens: usage.output,
  output_tokens_details: { reasoning_tokens: usage.reasoning },
  total_tokens: usage.input + usage.output,
})

/** The usage of Chat Completions. */
export const chatUsage = (usage: Required<Usage>) => ({
  prompt_tokens: usage.input,
  completion_tokens: usage.output,
  total_tokens: usage.input + usage.output,
  prompt_tokens_details: { cached_tokens: usage.cacheRead, audio_tokens: 0, ...cacheWrites(usage) },
  completion_tokens_details: {
    reasoning_tokens: usage.reasoning,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
})

const cacheWrites = ({ cacheWrite, cacheWriteLong }: Required<Usage>) => ({
  cache_write_tokens: cacheWrite + cacheWriteLong,
  ...(cacheWriteLong > 0
    ? { cache_write_tokens_details: { ttl_30m_tokens: cacheWrite, ttl_12h_tokens: cacheWriteLong } }
    : {}),
})

const headers = (call: Call): Record<string, string> => ({
  "x-request-id": call.requestId,
  "openai-organization": "holdfast-emulator",
  "openai-processing-ms": "12",
  "openai-version": "2020-10-01",
  "x-ratelimit-limit-requests": "10000",
  "x-ratelimit-limit-tokens": "2000000",
  "x-ratelimit-remaining-requests": String(Math.max(0, 10_000 - call.number)),
  "x-ratelimit-remaining-tokens": "1999000",
  "x-ratelimit-reset-requests": "6ms",
  "x-ratelimit-reset-tokens": "30ms",
})

/** What both OpenAI APIs have in common. */
export const shared: Pick<
  Dialect,
  "contentType" | "model" | "isStream" | "isAuthenticated" | "unauthenticated" | "headers" | "statusOf" | "errorBody"
> = {
  contentType: "text/event-stream; charset=utf-8",
  model: (body) => (Predicate.isString(body["model"]) ? body["model"] : ""),
  isStream: (body) => body["stream"] === true,
  // Azure has a header of its own for keys.
  isAuthenticated: (sent) => hasBearer(sent) || (sent["api-key"] ?? "") !== "",
  unauthenticated: {
    status: 401,
    kind: undefined,
    options: {
      message: "You didn't provide an API key. You need to provide your API key in an Authorization header.",
      code: "invalid_api_key",
    },
  },
  headers,
  statusOf: (kind) =>
    kind === "rate_limit" || kind === "insufficient_quota"
      ? 429
      : kind === "overloaded"
        ? 503
        : kind === "timeout"
          ? 408
          : 500,
  errorBody: (failure) => ({ error: errorObject(failure) }),
}
