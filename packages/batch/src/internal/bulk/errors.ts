import { Money } from "@holdfast/cost"
import { Schema } from "effect"

/**
 * Two items have one id, so that their results could not be told apart. The second was not asked.
 *
 * @since 0.1.0
 * @category errors
 */
export class DuplicateItem extends Schema.TaggedError<DuplicateItem>("@holdfast/batch/DuplicateItem")("DuplicateItem", {
  id: Schema.String,
}) {
  override get message(): string {
    return `two items have the id ${JSON.stringify(this.id)}; give each item an id of its own`
  }
}

/**
 * What is left of the cap is not enough for another item. What was under way has ended, and its results are there.
 *
 * @since 0.1.0
 * @category errors
 */
export class CostCapReached extends Schema.TaggedError<CostCapReached>("@holdfast/batch/CostCapReached")(
  "CostCapReached",
  {
    cap: Money.Money,
    spent: Money.Money,
    /** The most that the item which did not fit can cost. */
    requested: Money.Money,
    done: Schema.Int,
  },
) {
  override get message(): string {
    const { cap, done, requested, spent } = this
    const money = (amount: Money.Money) => Money.format(amount)
    return `${money(spent)} of ${money(cap)} are spent after ${done} items, and the next one may cost ${money(requested)}; start again with a higher cap to go on`
  }
}

/**
 * The run was asked to stop. What was under way has ended; started again, it goes on from here.
 *
 * @since 0.1.0
 * @category errors
 */
export class RunStopped extends Schema.TaggedError<RunStopped>("@holdfast/batch/RunStopped")("RunStopped", {
  done: Schema.Int,
}) {
  override get message(): string {
    return `the run was stopped after ${this.done} item${this.done === 1 ? "" : "s"}; start it again to go on`
  }
}

/**
 * The journal cannot be read or written. Nothing is asked whose result could not be kept.
 *
 * @since 0.1.0
 * @category errors
 */
export class JournalFailed extends Schema.TaggedError<JournalFailed>("@holdfast/batch/JournalFailed")("JournalFailed", {
  path: Schema.String,
  /** Counts from 1, where a line is to blame. */
  line: Schema.optionalKey(Schema.Int),
  reason: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
}) {
  override get message(): string {
    const place = this.line === undefined ? this.path : `line ${this.line} of ${this.path}`
    return `${place}: ${this.reason}`
  }
}
