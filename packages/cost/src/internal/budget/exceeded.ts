import { PolicyError } from "@holdfast/core"
import { DateTime, Schema } from "effect"
import { AiError } from "effect/ai"

import * as Money from "../../Money.ts"

/**
 * There is no room for the worst case of an attempt.
 *
 * @since 0.1.0
 * @category errors
 */
export class BudgetExceeded
  extends Schema.TaggedError<BudgetExceeded>("@holdfast/cost/BudgetExceeded")("BudgetExceeded", {
    budget: Schema.String,
    /** `"day"`, `"month"`, or the length of a rolling window. */
    window: Schema.String,
    /** The tenant, tag or model of the limit, where each has its own. */
    scope: Schema.optionalKey(Schema.String),
    provider: Schema.String,
    model: Schema.String,
    limit: Money.Money,
    /** Real costs, and worst cases of attempts that ended in an unknown way. */
    spent: Money.Money,
    /** Worst cases of attempts that are under way. */
    reserved: Money.Money,
    /** The worst case of this attempt. */
    requested: Money.Money,
    /**
     * The length of answer that was assumed, because neither the settings of the model nor `request` of the budget set
     * `maxOutputTokens`. Setting it reserves less.
     */
    assumedOutputTokens: Schema.optionalKey(Schema.Finite),
    /** When the limit starts anew. Absent for a rolling window, where there is no such moment. */
    resetsAt: Schema.optionalKey(Schema.DateTimeUtcFromMillis),
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    const [limit, spent, reserved, requested] = [this.limit, this.spent, this.reserved, this.requested].map(
      Money.format,
    )
    const name = this.scope === undefined ? this.budget : `${this.budget} (${this.scope})`
    const cure =
      this.assumedOutputTokens === undefined
        ? ""
        : ` with an answer of ${this.assumedOutputTokens} tokens; set maxOutputTokens of the model to reserve less`
    const anew = this.resetsAt === undefined ? "" : `; the limit starts anew at ${DateTime.formatIso(this.resetsAt)}`
    return `${name} may spend ${limit} per ${this.window}; ${spent} are spent, ${reserved} reserved, and this call may cost ${requested}${cure}${anew}`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.QuotaExhaustedError({
      metadata,
      ...(this.resetsAt !== undefined && { resetAt: this.resetsAt }),
    })
  }
}
