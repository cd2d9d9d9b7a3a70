/**
 * A failure as JSON, for the journal: what it says of itself, and no stack.
 */
import { PolicyError } from "@holdfast/core"
import { Predicate, Result, Schema } from "effect"
import { AiError } from "effect/ai"

const encodeAiError = Schema.encodeUnknownResult(AiError.AiError)

/** The policies' failures are written as `AiError` writes them, so that they can be read back wherever that can. */
export const encoded = (error: unknown): unknown => {
  const tag = Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" ? error._tag : "Error"
  const message = error instanceof Error ? error.message : String(error)
  const whole =
    AiError.isAiError(error) || PolicyError.isPolicyError(error) ? encodeAiError(asAiError(error)) : undefined
  return {
    _tag: tag,
    message,
    ...(whole !== undefined && Result.isSuccess(whole) ? { aiError: whole.success } : {}),
  }
}

const asAiError = (error: unknown): unknown => (AiError.isAiError(error) ? error : PolicyError.toAiError(error))
