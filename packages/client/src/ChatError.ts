/**
 * How an answer can fail: one union, told apart by `code`.
 *
 * @since 0.1.0
 */

interface Model {
  readonly provider: string
  readonly model: string
}

/**
 * A model that failed, as one of several.
 *
 * @since 0.1.0
 * @category models
 */
export interface FailedModel extends Model {
  readonly reason: string
  readonly kind: "transient" | "throttled" | "overloaded" | "undecodable" | "fatal" | "ignored"
  readonly message: string
  /** Milliseconds. */
  readonly retryAfter?: number
}

/**
 * The fields of Holdfast's own errors, by their code. Amounts are texts such as `"0.0021 USD"`, times are milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Policies {
  readonly BudgetExceeded: Model & {
    readonly budget: string
    readonly window: string
    readonly scope?: string
    readonly limit: string
    readonly spent: string
    readonly reserved: string
    readonly requested: string
    readonly assumedOutputTokens?: number
    /** Milliseconds since 1970. */
    readonly resetsAt?: number
  }
  readonly PriceUnknown: Model & { readonly similar?: ReadonlyArray<Model> }
  readonly RateLimited: Model & {
    readonly key: string
    readonly dimension: string
    readonly limit: number
    readonly cost: number
    readonly retryAfter?: number
  }
  readonly ConcurrencyLimited: Model & {
    readonly limit: number
    readonly queue: number
    readonly priority: "critical" | "interactive" | "batch" | "best-effort"
  }
  readonly CircuitOpen: Model & { readonly retryAfter: number }
  readonly DeadlineExceeded: Model & {
    readonly bound: "firstPart" | "betweenParts" | "total"
    readonly duration: number
  }
  readonly RetryBudgetExhausted: Model & { readonly last: FailedModel }
  readonly AllModelsFailed: { readonly trail: ReadonlyArray<FailedModel> }
  readonly StreamTruncated: Model & { readonly deliveredParts: number }
  readonly UnsupportedOption: Model & { readonly option: string; readonly explanation: string }
  readonly FileExpired: {
    readonly provider: string
    readonly file: string
    /** Milliseconds since 1970. */
    readonly expiresAt: number
  }
}

/**
 * Codes without fields of their own: first those of this client, then those of the server, then those of a provider.
 *
 * @since 0.1.0
 * @category models
 */
export type PlainCode =
  /** The connection broke, and could not be had again. What came before stays what it is. */
  | "ConnectionLost"
  /** No answer of a chat server: a status without a typed error, as from a proxy, or the page of a login. */
  | "HttpError"
  | "InvalidRequest"
  | "TooManyMessages"
  | "BodyTooLarge"
  | "BodyTooSlow"
  | "AnswerNotFound"
  | "AnswerAbandoned"
  | "AnswerTooSlow"
  | "AnswerTooLong"
  | "AnswerLost"
  | "AnswersUnavailable"
  | "ServerStopping"
  | "InternalError"
  | "ContextWindowExceeded"
  | "NetworkError"
  | "RateLimitError"
  | "QuotaExhaustedError"
  | "AuthenticationError"
  | "ContentPolicyError"
  | "InvalidRequestError"
  | "InvalidUserInputError"
  | "InternalProviderError"
  | "InvalidResponseError"
  | "InvalidOutputError"
  | "StructuredOutputError"
  | "ToolNotFoundError"
  | "ToolParameterValidationError"

/**
 * An error as it comes over the wire.
 *
 * @since 0.1.0
 * @category models
 */
export interface WireError {
  readonly code: string
  /** A sentence for people. */
  readonly message: string
  readonly status: number
  readonly retryable: boolean
  readonly retryAfter?: number | undefined
  readonly policy?: unknown
}

interface Variant<Code extends string, Policy> extends Error {
  readonly name: "ChatError"
  readonly code: Code
  /** The HTTP status that says the same; 0 where there was no response. */
  readonly status: number
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** Milliseconds until then, if known. */
  readonly retryAfter: number | undefined
  /** The fields of a policy's error. */
  readonly policy: Policy | undefined
}

/**
 * An error of a chat. `switch (error.code)` narrows `policy` to the fields of that error.
 *
 * **Gotchas**
 *
 * A newer server may send a code that is not listed here, so a `switch` needs its `default`. An application whose server fails
 * with codes of its own adds them to `Policies` by declaration merging.
 *
 * @since 0.1.0
 * @category errors
 */
export type ChatError =
  | { [Code in keyof Policies]: Variant<Code, Policies[Code]> }[keyof Policies]
  | Variant<PlainCode, undefined>

/**
 * @since 0.1.0
 * @category errors
 */
export const ChatError = class extends Error {
  override readonly name = "ChatError"
  constructor(fields: WireError) {
    super(fields.message)
    Object.assign(this, fields)
  }
} as unknown as { new (error: WireError & { readonly cause?: unknown }): ChatError; readonly prototype: ChatError }
