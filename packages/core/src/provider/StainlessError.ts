/**
 * From what an SDK made by Stainless threw, such as those of OpenAI and Anthropic, to the facts that `ProviderError` reads.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import { type AiError } from "effect/ai"

import { type ErrorRule } from "./ErrorRule.ts"
import { fromFault, fromTransport, fromUnknown, type Origin, type ProviderFault } from "./ProviderError.ts"
import { headersOf } from "./SdkStream.ts"

/**
 * The SDK's error for an answer that is one. Nothing in it is trusted.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiError extends Error {
  readonly status: unknown
  readonly error: unknown
  readonly headers: Headers | undefined
}

type ErrorClass<Instance> = abstract new (...args: never) => Instance

/**
 * The SDK's error classes. They are loaded with the SDK, so they come as values.
 *
 * @since 0.1.0
 * @category models
 */
export interface SdkErrors {
  readonly APIError: ErrorClass<ApiError>
  readonly APIConnectionError: ErrorClass<Error>
  readonly APIUserAbortError: ErrorClass<Error>
}

/**
 * What an error says, as far as vendors write it differently.
 *
 * @since 0.1.0
 * @category models
 */
export interface ErrorAnswer {
  /** The error object, or the body around it; none if it was not JSON. */
  readonly body: unknown
  /** The body as it came, where it is no JSON. */
  readonly plain: string | undefined
  /** The response's headers in lower case. */
  readonly headers: Record<string, string>
}

/**
 * The error for what the SDK threw.
 *
 * **Details**
 *
 * An `APIError` without a status is an error event inside a stream. A broken connection is an `APIConnectionError`
 * before the headers, and a plain `TypeError` after them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromThrown =
  (faultOf: (answer: ErrorAnswer) => ProviderFault, rules?: ReadonlyArray<ErrorRule>) =>
  (sdk: SdkErrors, origin: Origin, inStream: boolean) =>
  (cause: unknown): AiError.AiError => {
    if (cause instanceof sdk.APIConnectionError) return fromTransport(origin, cause.cause ?? cause)
    if (cause instanceof sdk.APIUserAbortError) return fromTransport(origin, cause)
    if (!(cause instanceof sdk.APIError)) return fromUnknown(origin, cause, inStream)
    const { error: body, headers, message, status } = cause
    const plain = body === undefined ? withoutStatus(message) : undefined
    return fromFault(
      { ...origin, rules },
      {
        ...faultOf({ body, plain, headers: headersOf(headers) }),
        ...(Predicate.isNumber(status) ? { status } : { inStream: true }),
      },
    )
  }

const withoutStatus = (message: string): string => message.replace(/^\d{3} /, "")
