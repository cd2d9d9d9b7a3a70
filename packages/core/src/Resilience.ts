/**
 * The policies in the order in which they belong, with defaults for language models.
 *
 * Everything here can be written as a `flow` of policies, and is. Begin with `standard`, look at it with
 * `ResilientModel.describe`, and write your own when you want to leave something out.
 *
 * @since 0.1.0
 */
import { type Schedule } from "effect"

import * as Breaker from "./Breaker.ts"
import * as Concurrency from "./Concurrency.ts"
import * as Deadline from "./Deadline.ts"
import { type DurationInput } from "./DurationInput.ts"
import * as Fallback from "./Fallback.ts"
import * as Hedge from "./Hedge.ts"
import { type Finding as StackFinding, findings } from "./internal/model/order.ts"
import { type Kind } from "./Operation.ts"
import type * as PolicyError from "./PolicyError.ts"
import * as Resilient from "./Resilient.ts"
import type * as ResilientModel from "./ResilientModel.ts"
import * as ResponseCache from "./ResponseCache.ts"
import * as Retry from "./Retry.ts"
import * as RetryBudget from "./RetryBudget.ts"

/**
 * A policy as a value: `RateLimit.perMinute(...)`, `Budget.enforce(...)`.
 *
 * @since 0.1.0
 * @category models
 */
export type Policy = (self: ResilientModel.ResilientModel<Any, Any>) => Model

/** Stands for the failures and needs of the model that a policy is piped onto. */
interface Any {
  readonly "~holdfast/core/Resilience/Any": never
}

/**
 * No policy at all.
 *
 * @since 0.1.0
 * @category models
 */
export type None = (self: ResilientModel.ResilientModel<Any, Any>) => ResilientModel.ResilientModel<Any, Any>

/**
 * The error that a policy adds.
 *
 * @since 0.1.0
 * @category utility types
 */
export type AddedError<P> = P extends (self: ResilientModel.ResilientModel<Any, Any>) => infer M
  ? Exclude<ErrorOf<M>, Any>
  : never

/**
 * What a policy needs.
 *
 * @since 0.1.0
 * @category utility types
 */
export type AddedNeeds<P> = P extends (self: ResilientModel.ResilientModel<Any, Any>) => infer M
  ? Exclude<NeedsOf<M>, Any>
  : never

/**
 * A model to fall back to.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = { [K in Kind]: Resilient.Resilient<K, unknown, unknown> }[Kind]

/**
 * What the models to fall back to serve; anything where there are none.
 *
 * @since 0.1.0
 * @category utility types
 */
export type ServedBy<M> = [M] extends [never]
  ? Kind
  : M extends Resilient.Resilient<infer K, infer _E, infer _R>
    ? K
    : never

/**
 * What is asked of one model, from the inside out. Each is the option of the policy that it is named after.
 *
 * @since 0.1.0
 * @category options
 */
export interface ModelOptions<Limit extends Policy = None> {
  /** 30 seconds for a stream to begin, 3 minutes for a whole answer. */
  readonly firstPart?: Parameters<typeof Deadline.firstPart>[0] | undefined
  /** 20 seconds. */
  readonly betweenParts?: DurationInput | undefined
  /** 64 calls at the same time. */
  readonly concurrency?: number | undefined
  /** None: what an account may ask, only you know. `RateLimit.openAiTier1` and the like, or one of your own. */
  readonly rateLimit?: Limit | undefined
  readonly breaker?: Breaker.Options | undefined
  /** `Retry.standard`: two retries with full jitter. */
  readonly retries?: Schedule.Schedule<unknown> | undefined
  /** The share of calls that may be asked again. 0.1 */
  readonly retryBudget?: number | undefined
  /** None: a second request is a second price. */
  readonly hedge?: Hedge.Delay | undefined
}

/**
 * What is asked of a whole call, beside what is asked of each model.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options<
  Limit extends Policy = None,
  Budget extends Policy = None,
  M extends Model = never,
> extends ModelOptions<Limit> {
  /** Models to go on to, in order, each with the same policies around it. */
  readonly fallbacks?: ReadonlyArray<M> | undefined
  /** None. `Budget.enforce(...)` of `@holdfast/cost`. */
  readonly budget?: Budget | undefined
  /** None: who shares answers has to be said. */
  readonly cache?: ResponseCache.Options | undefined
  /** 10 minutes, as in the vendors' SDKs. */
  readonly total?: DurationInput | undefined
}

/**
 * How a model with the standard policies around it can fail, beside what it fails with itself.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Refusals =
  | Breaker.CircuitOpen
  | Concurrency.ConcurrencyLimited
  | Deadline.DeadlineExceeded
  | Deadline.FirstPartExceeded
  | RetryBudget.RetryBudgetExhausted

/**
 * The failures of one model with the standard policies, or what is left of those of several.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Failures<E, Limit, M> = [M] extends [never]
  ? E | AddedError<Limit> | Refusals
  : Fallback.AllModelsFailed | PolicyError.AfterCommit<E | AddedError<Limit> | Refusals | ErrorOf<M>>

/**
 * @since 0.1.0
 * @category utility types
 */
export type ErrorOf<M> = M extends Resilient.Resilient<infer _K, infer E, infer _R> ? E : never

/**
 * @since 0.1.0
 * @category utility types
 */
export type NeedsOf<M> = M extends Resilient.Resilient<infer _K, infer _E, infer R> ? R : never

/**
 * The policies that belong to one model:
 * `hedge ( retry budget ( retry ( breaker ( rate limit ( concurrency ( deadlines for parts ( model ) ) ) ) ) ) )`.
 *
 * @since 0.1.0
 * @category policies
 */
export const perModel =
  <Limit extends Policy = None>(options: ModelOptions<Limit> = {}) =>
  <K extends Kind, E, R>(
    self: Resilient.Resilient<K, E, R>,
  ): Resilient.Resilient<K, E | AddedError<Limit> | Refusals, R | AddedNeeds<Limit>> => {
    const { hedge, rateLimit } = options
    const placed = self.pipe(
      Deadline.firstPart(options.firstPart ?? { stream: "30 seconds", generate: "3 minutes" }),
      Deadline.betweenParts(options.betweenParts ?? "20 seconds"),
      Concurrency.limit(options.concurrency ?? 64),
    )
    const retried = added(placed, rateLimit).pipe(
      Breaker.guard(options.breaker),
      Retry.schedule(options.retries ?? Retry.standard),
    )
    return (hedge === undefined ? retried : Hedge.after(hedge)(retried)).pipe(
      RetryBudget.ratio(options.retryBudget ?? 0.1),
    )
  }

/**
 * All policies, in their order:
 * `total deadline ( cache ( budget ( fallback ( each model with its own ) ) ) )`.
 *
 * **Details**
 *
 * Without options: a deadline for the whole call and for its parts, retries within a budget, a breaker, and a limit of calls
 * at the same time. What costs money, needs a decision, or depends on an account is off until it is given.
 *
 * **Example** (A model that survives)
 *
 * ```ts
 * import { Resilience, ResilientModel } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const resilient = <R>(
 *   first: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>,
 *   second: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>,
 * ) => first.pipe(Resilience.standard({ fallbacks: [second], total: "2 minutes" }))
 *
 * ResilientModel.describe(resilient(ScriptedModel.model(), ScriptedModel.model())).name // => "Deadline.total"
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const standard =
  <Limit extends Policy = None, Budget extends Policy = None, M extends Model = never>(
    options: Options<Limit, Budget, M> = {},
  ) =>
  <K extends ServedBy<M>, E, R>(
    self: Resilient.Resilient<K, E, R>,
  ): Resilient.Resilient<
    K,
    Failures<E, Limit, M> | AddedError<Budget> | Deadline.DeadlineExceeded,
    R | AddedNeeds<Limit> | AddedNeeds<Budget> | NeedsOf<M>
  > => {
    const careful = perModel<Limit>(options)
    const several = (options.fallbacks ?? []).reduce(
      // All of one operation, as the types of the arguments say.
      (stack, next) => Fallback.to(careful(next as unknown as typeof self))(stack) as unknown as typeof stack,
      careful(self),
    ) as unknown as Resilient.Resilient<K, Failures<E, Limit, M>, R | AddedNeeds<Limit> | NeedsOf<M>>
    const { budget, cache } = options
    const paid = added(several, budget)
    return (cache === undefined ? paid : ResponseCache.exact(cache)(paid)).pipe(
      Deadline.total(options.total ?? "10 minutes"),
    )
  }

/**
 * Two policies that harm each other where they stand, why, and what to do.
 *
 * @since 0.1.0
 * @category models
 */
export type Finding = StackFinding

/**
 * What is wrong with the order of a stack; nothing, if all is well.
 *
 * **When to use**
 *
 * Use in a test of the application's stacks. When a stack is built, findings are logged as warnings all the same, once for
 * each stack.
 *
 * **Example** (A limit around a retry)
 *
 * ```ts
 * import { Concurrency, Resilience, type ResilientModel, Retry } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const problems = (model: ResilientModel.ResilientModel<ResilientModel.CallFailure>) =>
 *   Resilience.check(model.pipe(Retry.schedule(Retry.standard), Concurrency.limit(64)))
 *
 * problems(ScriptedModel.model()).map(({ fix }) => fix) // => ["pipe the limit before the retry"]
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const check = (model: Model): ReadonlyArray<Finding> =>
  findings(Resilient.describe(model as Resilient.Resilient<"chat", unknown, unknown>))

/** The model with a policy of the caller's around it, if there is one. */
const added = <K extends Kind, E, R, P extends Policy>(
  self: Resilient.Resilient<K, E, R>,
  policy: P | undefined,
): Resilient.Resilient<K, E | AddedError<P>, R | AddedNeeds<P>> =>
  // Policies are written for all operations, and their types for the one that applications ask most.
  (policy === undefined ? self : policy(self as unknown as ResilientModel.ResilientModel<never>)) as never
