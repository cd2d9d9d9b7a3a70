/**
 * Bounds how much all calls together may ask again.
 *
 * A limit per call does not bound the load. While a provider is down every call fails, so two retries per call triple its
 * traffic. A budget is a ratio: while few calls fail all are retried, while all fail one in ten is. Retries, hedges and
 * fallbacks to the same provider draw on it (W. Reese, Retry Budgets, Finagle 2016).
 *
 * **Where in a stack**: outside of retry and hedge, inside of fallback; or around a fallback between models of one provider.
 *
 * @since 0.1.0
 */
import { Clock, Context, Duration, Effect, Layer, Option, Schema } from "effect"
import { AiError } from "effect/ai"
import type * as Redis from "effect/persistence/Redis"

import { type DurationInput } from "./DurationInput.ts"
import { carrying } from "./internal/call/context.ts"
import { describeDuration } from "./internal/describeDuration.ts"
import { FailedModel } from "./internal/error/failedModel.ts"
import { withoutStack } from "./internal/error/withoutStack.ts"
import { millis } from "./internal/millis.ts"
import { countingLayer } from "./internal/model/rebuilt.ts"
import { budgetOf } from "./internal/retryBudget/call.ts"
import { type Rules } from "./internal/retryBudget/state.ts"
import { memoryStore, redisStore, type RetryBudgetStore } from "./internal/retryBudget/store.ts"
import { type ModelCall, type ModelRequest } from "./ModelCall.ts"
import * as PolicyError from "./PolicyError.ts"
import * as ResilientModel from "./ResilientModel.ts"
import { type RedisOptions } from "./SharedState.ts"

/**
 * The model failed, and all that may be asked again at this time has been.
 *
 * @since 0.1.0
 * @category errors
 */
export class RetryBudgetExhausted
  extends Schema.TaggedError<RetryBudgetExhausted>("@holdfast/core/RetryBudgetExhausted")("RetryBudgetExhausted", {
    provider: Schema.String,
    model: Schema.String,
    /** What the model failed with. */
    last: FailedModel,
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    const { model, provider, reason } = this.last
    return `${model} of ${provider} failed with ${reason} and was not retried, because too many calls fail and the retry budget of ${this.provider} is used up; check the provider, or add a fallback`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InternalProviderError({ description: this.message, metadata })
  }
}

/**
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** Attempts that are allowed in any case, in one window. 3 if left out, as in Envoy. */
  readonly minRetries?: number | undefined
  /** How long an attempt counts. 60 seconds if left out. */
  readonly window?: DurationInput | undefined
  /** Budgets with equal keys are one. The provider if left out. */
  readonly key?: ((call: { readonly provider: string; readonly model: string }) => string) | undefined
}

/**
 * Allows as many attempts beside the first ones as a share of the calls, or the floor if that is more.
 *
 * **Details**
 *
 * - Each call through this policy counts as a first attempt. What `Retry`, `Hedge` and `Fallback` inside make in addition
 *   is drawn from the budget; an attempt after throttling costs 2.
 * - A fallback to another provider is not a repetition: it counts as a first attempt of that provider.
 * - When nothing is left, a retry fails with `RetryBudgetExhausted`, which a fallback around it takes over; a hedge is not
 *   sent.
 *
 * State belongs to the model as a value. With `RetryBudgets` in context, all models of the application with the same key
 * share it.
 *
 * **Example** (Retries that cannot become a storm)
 *
 * ```ts
 * import { ResilientModel, Retry, RetryBudget } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { flow } from "effect"
 *
 * const careful = flow(Retry.schedule(Retry.standard), RetryBudget.ratio(0.1))
 *
 * ResilientModel.describe(careful(ScriptedModel.model())).settings // => { ratio: 0.1, minRetries: 3, window: "1m" }
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const ratio = (retriesPerCall: number, options: Options = {}) => {
  const rules: Rules = {
    ratio: retriesPerCall,
    minRetries: options.minRetries ?? 3,
    window: Duration.toMillis(options.window ?? "60 seconds"),
  }
  const keyOf = options.key ?? (({ provider }) => provider)
  const settings = { ratio: retriesPerCall, minRetries: rules.minRetries, window: describeDuration(rules.window) }
  return ResilientModel.policy<RetryBudgetExhausted>(
    { name: "RetryBudget.ratio", place: "retryBudget", settings },
    Effect.fnUntraced(function* <E>(call: ModelCall<E>) {
      const mistake = mistakeIn(rules)
      if (mistake !== undefined) return yield* ResilientModel.misconfigured("RetryBudget.ratio", mistake)
      const budgets = yield* Effect.serviceOption(RetryBudgets)
      const store = Option.isSome(budgets) ? budgets.value.store : yield* ResilientModel.state(() => memoryStore())
      const clock = yield* Clock.Clock
      const retryBudget = budgetOf(store, rules, keyOf)
      const key = keyOf(call)
      return {
        ...call,
        open: (request: ModelRequest) =>
          Effect.suspend(() => {
            store.deposit(key, rules, millis(clock))
            return call.open(carrying(request, { retryBudget }))
          }),
      }
    }),
  )
}

/**
 * The budgets of an application.
 *
 * @since 0.1.0
 * @category services
 */
export class RetryBudgets extends Context.Service<
  RetryBudgets,
  {
    /** @internal */
    readonly store: RetryBudgetStore
  }
>()("@holdfast/core/RetryBudgets") {}

/**
 * Budgets in the memory of this process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<RetryBudgets> = Layer.effect(
  RetryBudgets,
  countingLayer("RetryBudget.layerMemory", () => ({ store: memoryStore() })),
)

/**
 * Budgets that several processes share.
 *
 * **Details**
 *
 * Calls that need no second attempt cost no round trip: a process tells of its first attempts together with the next retry
 * that it asks for. Those of processes that retry nothing are not counted, so the budget is rather too small.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedis = (options?: RedisOptions): Layer.Layer<RetryBudgets, never, Redis.Redis> =>
  Layer.effect(
    RetryBudgets,
    Effect.map(redisStore(options), (store) => ({ store })),
  )

/** @internal */
export const exhausted = (provider: string, last: typeof FailedModel.Type): RetryBudgetExhausted =>
  withoutStack(() => new RetryBudgetExhausted({ provider, model: last.model, last }))

const mistakeIn = ({ minRetries, ratio: retriesPerCall, window }: Rules): string | undefined => {
  if (!(retriesPerCall >= 0 && retriesPerCall <= 1)) return "the ratio must be between 0 and 1"
  if (!Number.isInteger(minRetries) || minRetries < 0) return "minRetries must be a whole number, 0 or more"
  return window > 0 ? undefined : "window must be longer than zero"
}
