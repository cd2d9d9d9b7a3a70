import { Schema } from "effect"

import * as Failure from "../../Failure.ts"

/** What a model failed with, as data. */
export const FailedModel = Schema.Struct({
  provider: Schema.String,
  model: Schema.String,
  /** The error's tag, or the tag of an `AiError`'s reason: `RateLimitError`, `CircuitOpen`. */
  reason: Schema.String,
  kind: Schema.Literals(["transient", "throttled", "overloaded", "undecodable", "fatal", "ignored"]),
  message: Schema.String,
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis),
})

export const failedModel = (
  { model, provider }: { readonly provider: string; readonly model: string },
  error: unknown,
): typeof FailedModel.Type => {
  const { kind, retryAfter } = Failure.classify(error)
  return {
    provider,
    model,
    reason: Failure.tagOf(error),
    kind,
    message: Failure.messageOf(error),
    ...(retryAfter !== undefined && { retryAfter }),
  }
}
