/**
 * Where in a stack a policy belongs. The innermost are first.
 *
 * **When to use**
 *
 * Give it to a policy of your own that does the work of one of these. `Resilience.check` then finds stacks in which it
 * stands in a harmful order with others.
 *
 * **Details**
 *
 * - `fault`: makes calls fail on purpose.
 * - `firstPartDeadline`, `idleDeadline`: bound the time of one attempt.
 * - `pacing`: delays the parts of an answer.
 * - `concurrencyLimit`, `rateLimit`, `breaker`: refuse or queue single attempts.
 * - `retry`, `resample`, `hedge`: make more attempts, after failures, after bad answers, and for late ones.
 * - `retryBudget`: bounds those.
 * - `fallback`, `route`: choose between models.
 * - `budget`: bounds what all of it costs.
 * - `cache`: answers without asking.
 * - `deadline`: bounds the time of the whole call.
 *
 * @since 0.1.0
 * @category models
 */
export type Place =
  | "fault"
  | "firstPartDeadline"
  | "idleDeadline"
  | "pacing"
  | "concurrencyLimit"
  | "rateLimit"
  | "breaker"
  | "retry"
  | "resample"
  | "hedge"
  | "retryBudget"
  | "fallback"
  | "route"
  | "budget"
  | "cache"
  | "deadline"

/**
 * One policy or model of a stack, with its settings, and what it stands on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Description {
  /** As it is called in code: `Retry.schedule`. */
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
  /** Where it belongs; absent for what may stand anywhere. */
  readonly place?: Place | undefined
  /** Empty for a provider's model, several for a fallback. */
  readonly inner: ReadonlyArray<Description>
}

/**
 * What a policy or a model says of itself.
 *
 * @since 0.1.0
 * @category models
 */
export type Label = Omit<Description, "inner"> & { readonly inner?: ReadonlyArray<Description> }
