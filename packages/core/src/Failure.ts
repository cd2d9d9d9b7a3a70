/**
 * What an error means to a policy: one reading for all of them.
 *
 * No policy looks at status codes by itself. Providers put what they know of a failure into the `AiError` (see
 * `ProviderError`), this module reads it back, and does its best with errors of foreign models.
 *
 * @since 0.1.0
 */
import { Duration, Option, Predicate, Schema } from "effect"
import { AiError } from "effect/ai"

import { type Failure, type Kind } from "./internal/error/kind.ts"
import { describeUnknown } from "./internal/error/words.ts"
import { isPolicyError, unfold } from "./PolicyError.ts"
import { reasons } from "./provider/ErrorRule.ts"

export type { Failure, Kind } from "./internal/error/kind.ts"

/**
 * What a provider knows of a failure, kept in the error's `metadata.holdfast`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Facts = Schema.Struct({
  kind: Schema.Literals(["transient", "throttled", "overloaded", "undecodable", "fatal"]),
  provider: Schema.String,
  /** The HTTP status, where there was one. */
  status: Schema.optionalKey(Schema.Int),
  /** What the vendor said. Some reasons of `AiError` have no place for it. */
  message: Schema.optionalKey(Schema.String),
  /** The vendor's own names for the error. */
  type: Schema.optionalKey(Schema.String),
  code: Schema.optionalKey(Schema.String),
  requestId: Schema.optionalKey(Schema.String),
  /** The provider's hint, in milliseconds. */
  retryAfter: Schema.optionalKey(Schema.Finite),
  contextWindowExceeded: Schema.optionalKey(Schema.Boolean),
  /** The rule that read the error; see `ErrorRule`. */
  rule: Schema.optionalKey(
    Schema.Struct({ id: Schema.String, reason: Schema.Literals(reasons), source: Schema.String }),
  ),
  /** Whether no rule knew the words, so that the status decided. */
  unknownWording: Schema.optionalKey(Schema.Boolean),
  billed: Schema.optionalKey(Schema.Boolean),
  /** `false` where no connection came about, so that the request never left. */
  sent: Schema.optionalKey(Schema.Boolean),
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type Facts = typeof Facts.Type

/**
 * Reads what an error of a stack means, also when it arrives folded into an `AiError`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const classify = (error: unknown): Failure => {
  const original = unfold(error)
  if (AiError.isAiError(original)) return classifyAiError(original)
  if (isPolicyError(original) && original.failure !== undefined) return original.failure
  return ignored
}

/**
 * What the provider put into the error, if it came from one of Holdfast's providers.
 *
 * @since 0.1.0
 * @category getters
 */
export const facts = (error: unknown): Option.Option<Facts> =>
  AiError.isAiError(error) ? factsIn(error.reason) : Option.none()

const factsIn = (reason: AiError.AiErrorReason): Option.Option<Facts> => {
  if ("metadata" in reason) return decodeFacts(reason.metadata["holdfast"])
  return reason._tag === "NetworkError" ? decodeFacts(reason.cause) : Option.none()
}

/**
 * Whether asking the same model again may help: transient, throttled and overloaded failures.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isRetryable = (error: unknown): boolean => {
  const { kind } = classify(error)
  return kind === "transient" || kind === "throttled" || kind === "overloaded"
}

/**
 * Whether the model answered with something that does not fit the schema. Asking again is paid again.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isUndecodable = (error: unknown): boolean => classify(error).kind === "undecodable"

/**
 * Whether the request was too long for the model's context window.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isContextWindowExceeded = (error: unknown): error is AiError.AiError =>
  Option.exists(facts(error), ({ contextWindowExceeded }) => contextWindowExceeded === true)

/**
 * Whether the provider refused to answer for reasons of content.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isContentPolicy = (error: unknown): error is AiError.AiError =>
  AiError.isAiError(error) && error.reason._tag === "ContentPolicyError"

/**
 * The error's tag, or that of an `AiError`'s reason: `RateLimitError`, `StreamTruncated`.
 *
 * @since 0.1.0
 * @category getters
 */
export const tagOf = (error: unknown): string => {
  const original = unfold(error)
  if (AiError.isAiError(original)) return original.reason._tag
  return Predicate.hasProperty(original, "_tag") ? String(original._tag) : "Unknown"
}

/**
 * What the error says to people. It holds no key and no prompt.
 *
 * @since 0.1.0
 * @category getters
 */
export const messageOf = (error: unknown): string => {
  const told = Option.flatMapNullishOr(facts(error), ({ message }) => message)
  if (Option.isSome(told)) return told.value
  const original = unfold(error)
  // The message of an `AiError` adds advice for developers in further lines.
  if (AiError.isAiError(original) && "description" in original.reason && original.reason.description !== undefined) {
    return original.reason.description
  }
  return describeUnknown(original)
}

/**
 * Which rule read an error, and what it says of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Explanation extends Failure {
  /**
   * What the error was read by: a rule that knows its words, its status alone, the connection or the form of the answer, or a
   * policy's own error. `unknown` is what came from elsewhere.
   */
  readonly by: "rule" | "status" | "answer" | "policy" | "unknown"
  /** The rule, if there was one. Its source is the vendor's document or a public issue. */
  readonly rule: NonNullable<Facts["rule"]> | undefined
  /** What the vendor said, where no rule knew the words: for those who keep the tables. It holds no key and no prompt. */
  readonly unknownWording: string | undefined
}

/**
 * Says how an error was read, for those who wonder why it was retried, or was not.
 *
 * **Example** (A limit that no retry gets around)
 *
 * ```ts
 * import { Failure } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const model = ScriptedModel.model(ScriptedModel.fail({ status: 429, message: "Request too large: Limit 30, Requested 36" }))
 *
 * const explanation = LanguageModel.generateText({ prompt: "hi" }).pipe(
 *   Effect.flip,
 *   Effect.map(Failure.explain),
 *   Effect.provide(model),
 * )
 *
 * const { kind, rule } = await Effect.runPromise(explanation)
 * kind // => "fatal"
 * rule?.id // => "common/request-too-large-for-limit"
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const explain = (error: unknown): Explanation => {
  const original = unfold(error)
  const known = Option.getOrUndefined(facts(original))
  const unknownWording = unknownWordingOf(known)
  return { ...classify(error), by: readBy(original, known), rule: known?.rule, unknownWording }
}

/**
 * What the vendor said, where no rule knew the words: the status, its names and the message, cut to 300 characters.
 *
 * @since 0.1.0
 * @category getters
 */
export const unknownWording = (error: unknown): string | undefined =>
  unknownWordingOf(Option.getOrUndefined(facts(unfold(error))))

const unknownWordingOf = (known: Facts | undefined): string | undefined => {
  if (known?.unknownWording !== true) return undefined
  const { code, message, status, type } = known
  return [status, type, code, message].filter(Predicate.isNotUndefined).join(" ").slice(0, 300)
}

const readBy = (original: unknown, known: Facts | undefined): Explanation["by"] => {
  if (isPolicyError(original)) return "policy"
  if (!AiError.isAiError(original)) return "unknown"
  if (known?.rule !== undefined) return known.unknownWording === true ? "status" : "rule"
  return known !== undefined || original.reason._tag === "NetworkError" ? "answer" : "unknown"
}

const decodeFacts = Schema.decodeUnknownOption(Facts)

const ignored: Failure = { kind: "ignored", retryAfter: undefined, billed: false }

// Each policy on the way asks once more, and reading the facts is a schema's work.
const known = new WeakMap<AiError.AiError, Failure>()

const classifyAiError = (error: AiError.AiError): Failure => {
  const failure = known.get(error) ?? readAiError(error)
  known.set(error, failure)
  return failure
}

const readAiError = (error: AiError.AiError): Failure =>
  Option.match(facts(error), {
    onNone: () => ({
      kind: kindOfReason(error.reason),
      retryAfter: error.retryAfter,
      billed: isUndecodableReason(error.reason),
    }),
    onSome: ({ billed, kind, retryAfter }) => ({
      kind,
      retryAfter: retryAfter === undefined ? error.retryAfter : Duration.millis(retryAfter),
      billed: billed ?? isUndecodableReason(error.reason),
    }),
  })

const isUndecodableReason = (reason: AiError.AiErrorReason): boolean =>
  reason._tag === "StructuredOutputError" || reason._tag === "InvalidOutputError"

const kindOfReason = (reason: AiError.AiErrorReason): Kind => {
  switch (reason._tag) {
    case "RateLimitError":
      return "throttled"
    case "NetworkError":
      return reason.isRetryable ? "transient" : "fatal"
    case "InternalProviderError":
    case "UnknownError":
      return kindOfStatus(reason.http?.response?.status) ?? (reason.isRetryable ? "transient" : "fatal")
    case "StructuredOutputError":
    case "InvalidOutputError":
    case "ToolNotFoundError":
    case "ToolParameterValidationError":
      return "undecodable"
    default:
      return "fatal"
  }
}

/**
 * What an HTTP status says by itself. `undefined` where it says nothing.
 *
 * **Details**
 *
 * The statuses that both vendors' SDKs retry (408, 409, 429, 5xx), 425 (RFC 8470), and 529, Anthropic's "overloaded".
 *
 * @since 0.1.0
 * @category constructors
 */
export const kindOfStatus = (status: number | undefined): Exclude<Kind, "ignored" | "undecodable"> | undefined => {
  if (!Predicate.isNumber(status)) return undefined
  if (status === 429) return "throttled"
  if (status === 529) return "overloaded"
  if (status === 408 || status === 409 || status === 425 || status >= 500) return "transient"
  return status >= 400 ? "fatal" : undefined
}
