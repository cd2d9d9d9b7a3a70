/**
 * How jobs, and items of them, fail.
 */
import { type Failure, PolicyError } from "@holdfast/core"
import { Schema } from "effect"
import { AiError } from "effect/ai"

/**
 * The database of the jobs cannot be asked. What was done is in it, and a job that is started again goes on from there.
 *
 * @since 0.1.0
 * @category errors
 */
export class JobsUnavailable extends Schema.TaggedError<JobsUnavailable>("@holdfast/batch/JobsUnavailable")(
  "JobsUnavailable",
  {
    operation: Schema.Literals(["open", "read", "write"]),
    /** The reason of `effect/sql`, such as `LockTimeoutError`; `Damaged` and `NewerVersion` are about the tables. */
    reason: Schema.String,
    description: Schema.optionalKey(Schema.String),
  },
) {
  override get message(): string {
    const said = this.description === undefined ? "" : `: ${this.description}`
    return `the jobs could not be ${this.operation === "open" ? "opened" : this.operation === "read" ? "read" : "written"} (${this.reason})${said}`
  }
}

/**
 * There is no job of this id.
 *
 * @since 0.1.0
 * @category errors
 */
export class JobUnknown extends Schema.TaggedError<JobUnknown>("@holdfast/batch/JobUnknown")("JobUnknown", {
  job: Schema.String,
}) {
  override get message(): string {
    return `there is no job ${JSON.stringify(this.job)}`
  }
}

/**
 * A job of this id is under way with other items, or at another model. Its results are for the items that it was started with.
 *
 * **When to use**
 *
 * Give each set of items a job id of its own.
 *
 * @since 0.1.0
 * @category errors
 */
export class JobDiffers extends Schema.TaggedError<JobDiffers>("@holdfast/batch/JobDiffers")("JobDiffers", {
  job: Schema.String,
  reason: Schema.Literals(["OtherModel", "UnknownItem", "ItemsMissing"]),
  /** The item that the job does not have, or how many of its items were not given. */
  detail: Schema.String,
}) {
  override get message(): string {
    return `the job ${JSON.stringify(this.job)} is another one (${this.reason}: ${this.detail}); give each set of items a job id of its own`
  }
}

/**
 * A batch may have been made, and the vendor's list does not say whose its batches are.
 *
 * **When to use**
 *
 * Look at the candidates in the vendor's console, and start the job again with `whenUnsure: createAgain` where none of them is of
 * the job, or with `wait`, which reads them when they are over.
 *
 * @since 0.1.0
 * @category errors
 */
export class BatchUnsure extends Schema.TaggedError<BatchUnsure>("@holdfast/batch/BatchUnsure")("BatchUnsure", {
  job: Schema.String,
  /** The vendor's ids. */
  candidates: Schema.Array(Schema.String),
}) {
  override get message(): string {
    return `the process that made the batch of ${JSON.stringify(this.job)} was gone before it knew of it, and any of ${this.candidates.join(", ")} may be it`
  }
}

const fields = { job: Schema.String, item: Schema.String }

/** Of an item that its batch did not answer. */
const unanswered = ({ message }: Error, metadata: AiError.ProviderMetadata): AiError.AiErrorReason =>
  new AiError.InternalProviderError({ description: message, metadata })

const free: Failure.Failure = { kind: "ignored", retryAfter: undefined, billed: false }

/**
 * The job was canceled before the item was answered. It costs nothing.
 *
 * @since 0.1.0
 * @category errors
 */
export class ItemCanceled
  extends Schema.TaggedError<ItemCanceled>("@holdfast/batch/ItemCanceled")("ItemCanceled", fields)
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const
  readonly failure = free

  override get message(): string {
    return `the job ${JSON.stringify(this.job)} was canceled before ${JSON.stringify(this.item)} was answered`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return unanswered(this, metadata)
  }
}

/**
 * The vendor's time for the batch was over before the item was answered. It costs nothing.
 *
 * **When to use**
 *
 * Ask it again in a job of another id, or live.
 *
 * @since 0.1.0
 * @category errors
 */
export class ItemExpired
  extends Schema.TaggedError<ItemExpired>("@holdfast/batch/ItemExpired")("ItemExpired", fields)
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const
  readonly failure = free

  override get message(): string {
    return `the batch of ${JSON.stringify(this.job)} was over before ${JSON.stringify(this.item)} was answered`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return unanswered(this, metadata)
  }
}

/**
 * The batch is over and says nothing of the item, and the vendor does not say either whether it is billed. It counts with its worst
 * case, as an interval from nothing up to it.
 *
 * @since 0.1.0
 * @category errors
 */
export class ItemLost
  extends Schema.TaggedError<ItemLost>("@holdfast/batch/ItemLost")("ItemLost", fields)
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const
  readonly failure: Failure.Failure = { kind: "fatal", retryAfter: undefined, billed: true }

  override get message(): string {
    return `the batch of ${JSON.stringify(this.job)} is over and says nothing of ${JSON.stringify(this.item)}`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return unanswered(this, metadata)
  }
}

/**
 * The item asked something that was not in the batch: `ask` asked nothing when the batch was made, or asks a second time. A batch has
 * no second turn: a tool call in an answer is the answer.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoSecondTurn
  extends Schema.TaggedError<NoSecondTurn>("@holdfast/batch/NoSecondTurn")("NoSecondTurn", fields)
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const
  readonly failure = free

  override get message(): string {
    return `${JSON.stringify(this.item)} asks more than the batch of ${JSON.stringify(this.job)} was asked; a batch has no second turn`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InvalidRequestError({ description: this.message, metadata })
  }
}

/**
 * How an item of a batch fails beside what its model can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ItemFailure = ItemCanceled | ItemExpired | ItemLost | NoSecondTurn
