/**
 * What our own errors have in common: they fold into `AiError`, and come back out of it.
 *
 * `effect/ai` fixes `AiError` as the error of its `LanguageModel`. Where a resilient model is used as that standard
 * service, a policy's own error travels as an `AiError` whose `metadata.holdfast` holds it in encoded form.
 *
 * @since 0.1.0
 */
import { Option, Predicate, Schema } from "effect"
import { AiError } from "effect/ai"

import { type Failure } from "./internal/error/kind.ts"
import { withoutStack } from "./internal/error/withoutStack.ts"
import { describeUnknown } from "./internal/error/words.ts"

export {
  /**
   * Makes an error without a stack trace.
   *
   * **When to use**
   *
   * Use for refusals. They are part of the plan and say with their fields what happened, and capturing a stack would cost more
   * than the call that is refused.
   *
   * @since 0.1.0
   * @category constructors
   */
  withoutStack,
}

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: TypeId = "~holdfast/core/PolicyError"

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = "~holdfast/core/PolicyError"

/**
 * An error that Holdfast itself raises.
 *
 * **Details**
 *
 * A `"refusal"` only ever happens before the commit point: nothing was delivered, so a policy that sends the request
 * elsewhere takes it out of the error type. An `"interruption"` can also end an answer that has begun.
 *
 * @since 0.1.0
 * @category models
 */
export interface PolicyError<out Moment extends "refusal" | "interruption" = "refusal" | "interruption"> {
  readonly _tag: string
  readonly [TypeId]: Moment
  /** What it says about the model that was called; absent where it says nothing, as with every refusal. */
  readonly failure?: Failure | undefined
  /** The reason under which `effect/ai` sees this error; `metadata` is to be passed on to it. */
  readonly toReason: (metadata: AiError.ProviderMetadata) => AiError.AiErrorReason
}

/**
 * The members of `E` that never occur after the commit point.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Refusal<E> = Extract<E, PolicyError<"refusal">>

/**
 * The members of `E` that can still end an answer that has begun.
 *
 * @since 0.1.0
 * @category utility types
 */
export type AfterCommit<E> = Exclude<E, PolicyError<"refusal">>

/**
 * Whether a value is an error that Holdfast itself raised.
 *
 * @since 0.1.0
 * @category guards
 */
export const isPolicyError = (value: unknown): value is PolicyError => Predicate.hasProperty(value, TypeId)

// The very object is kept beside its folded form, so that within one process nothing is lost or decoded twice.
const originals = new WeakMap<AiError.AiError, PolicyError>()

/**
 * Folds an error of a stack into the one error type of `effect/ai`.
 *
 * **Details**
 *
 * An `AiError` passes unchanged. A policy's error becomes an `AiError` with the closest standard reason and its encoded
 * form in `metadata.holdfast`. Anything else is a mistake of a foreign policy and becomes an `UnknownError`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toAiError = (error: unknown): AiError.AiError => {
  if (AiError.isAiError(error)) return error
  if (!isPolicyError(error)) {
    const description = Predicate.hasProperty(error, "_tag") ? String(error._tag) : describeUnknown(error)
    return AiError.make({ module: "holdfast", method: "open", reason: new AiError.UnknownError({ description }) })
  }
  const metadata = { holdfast: encode(error) }
  const folded = withoutStack(() =>
    AiError.make({ module: "holdfast", method: error._tag, reason: error.toReason(metadata) }),
  )
  originals.set(folded, error)
  return folded
}

/**
 * The error of a stack as it was before `toAiError`, within the same process.
 *
 * @since 0.1.0
 * @category conversions
 */
export const unfold = (error: unknown): unknown => (AiError.isAiError(error) ? (originals.get(error) ?? error) : error)

/**
 * Recovers a policy's error from the `AiError` that carried it, on either side of a wire.
 *
 * **When to use**
 *
 * Use where a model was provided as the standard service, or where an `AiError` was serialised and came back. With
 * `ResilientModel.provide` the errors arrive typed and need no recovery.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromAiError =
  <S extends Schema.ConstraintDecoder<PolicyError>>(schema: S) =>
  (error: AiError.AiError): Option.Option<S["Type"]> => {
    const decode = Schema.decodeUnknownOption(Schema.toCodecJson(schema as unknown as Schema.Codec<S["Type"]>))
    return "metadata" in error.reason ? decode(error.reason.metadata["holdfast"]) : Option.none()
  }

const encode = (error: PolicyError): Schema.MutableJson => {
  const schema: unknown = error.constructor
  const encoded = Schema.isSchema(schema)
    ? Schema.encodeUnknownOption(Schema.toCodecJson(schema as unknown as Schema.Codec<PolicyError>))(error)
    : Option.none()
  return Option.getOrElse(encoded as Option.Option<Schema.MutableJson>, () => ({ _tag: error._tag }))
}
