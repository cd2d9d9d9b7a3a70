import { Schema } from "effect"

/** What an error says on the wire. */
export const fields = {
  /**
   * What happened, as one word: the tag of one of Holdfast's errors (`BudgetExceeded`), of a reason of an `AiError`
   * (`ContentPolicyError`), or of the server itself (`InvalidRequest`, `BodyTooLarge`, `AnswerNotFound`, `AnswerAbandoned`,
   * `AnswerTooLong`, `AnswerTooSlow`, `ServerStopping`, `InternalError`).
   */
  code: Schema.String,
  /** A sentence for people. */
  message: Schema.String,
  /** The HTTP status that says the same, also where the response had begun already. */
  status: Schema.Int,
  /** Whether the same request may succeed later. */
  retryable: Schema.Boolean,
  /** When to come back, in milliseconds. */
  retryAfter: Schema.optionalKey(Schema.Finite),
  /** The fields of one of Holdfast's own errors, with its `_tag`. */
  policy: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
}

export const WireError = Schema.Struct(fields)

export type WireError = typeof WireError.Type
