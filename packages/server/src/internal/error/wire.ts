/** What any error says on the wire. */
import { Failure } from "@holdfast/core"
import { Duration } from "effect"
import { AiError } from "effect/ai"

import { ChatError } from "./chatError.ts"
import { type WireError } from "./fields.ts"
import { policyOf, policyOnWire } from "./policies.ts"

/** `now` is the time in milliseconds. */
export const wireErrorOf = (error: unknown, now: number): WireError => {
  // An application that fails with one has chosen the words.
  if (error instanceof ChatError) return chatErrorOnWire(error)
  const policy = policyOf(error)
  if (policy !== undefined) return policyOnWire(policy, now)
  return AiError.isAiError(error) ? aiErrorOnWire(error) : internalError
}

export const chatErrorOnWire = ({ code, message, policy, retryAfter, retryable, status }: ChatError): WireError => ({
  code,
  message,
  status,
  retryable,
  ...(retryAfter !== undefined && { retryAfter }),
  ...(policy !== undefined && { policy }),
})

export const internalError: WireError = {
  code: "InternalError",
  message: "The server failed to answer.",
  status: 500,
  retryable: false,
}

const aiErrorOnWire = (error: AiError.AiError): WireError => {
  const tooLong: (error: unknown) => boolean = Failure.isContextWindowExceeded
  const { kind, retryAfter } = Failure.classify(error)
  const retryable = Failure.isRetryable(error)
  const hint = retryAfter !== undefined && { retryAfter: Math.max(0, Math.ceil(Duration.toMillis(retryAfter))) }
  if (tooLong(error)) {
    return { code: "ContextWindowExceeded", message: "The conversation is too long.", status: 413, retryable: false }
  }
  const [status, message] = readings[error.reason._tag] ?? [500, "The server failed to answer."]
  return {
    code: error.reason._tag,
    message,
    status: kind === "overloaded" ? 503 : status,
    retryable,
    ...hint,
  }
}

/** The words of the vendor may hold keys, prompts and names of accounts. */
const readings: { readonly [Tag in AiError.AiErrorReason["_tag"]]?: readonly [status: number, message: string] } = {
  NetworkError: [502, "The model could not be reached."],
  RateLimitError: [429, "The model gets too many requests."],
  QuotaExhaustedError: [503, "The quota of the model is used up."],
  // It is the server's key that is wrong, not the client's.
  AuthenticationError: [502, "The server may not use the model."],
  ContentPolicyError: [422, "The model does not answer this for reasons of content."],
  InvalidRequestError: [400, "The model does not take this request."],
  InvalidUserInputError: [400, "The model does not take this request."],
  InternalProviderError: [502, "The model failed to answer."],
  InvalidResponseError: [502, "The model failed to answer."],
  InvalidOutputError: [502, "The answer of the model could not be read."],
  StructuredOutputError: [502, "The answer of the model could not be read."],
  ToolNotFoundError: [502, "The model called a tool that does not exist."],
  ToolParameterValidationError: [502, "The model called a tool with invalid input."],
}
