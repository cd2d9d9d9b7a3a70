/**
 * Whose money it is.
 */
import { type Attempt, ProviderName } from "@holdfast/core"

/**
 * Whose money it is: attempts with equal keys share a limit. `undefined` is for attempts that the budget is not for.
 *
 * @since 0.1.0
 * @category models
 */
export type Scope = (start: Attempt.AttemptStart) => string | undefined

/**
 * A limit for each tenant. Requests without a tenant share one.
 *
 * @since 0.1.0
 * @category scopes
 */
export const perTenant: Scope = ({ context }) => context.tenant ?? ""

/**
 * A limit for each value of a tag. Requests without the tag share one.
 *
 * @since 0.1.0
 * @category scopes
 */
export const perTag =
  (tag: string): Scope =>
  ({ context }) =>
    Object.hasOwn(context.tags, tag) ? (context.tags[tag] ?? "") : ""

/**
 * A limit for each model of each provider.
 *
 * @since 0.1.0
 * @category scopes
 */
export const perModel: Scope = ({ model, provider }) => `${ProviderName.canonical(provider)}/${model}`

/**
 * A limit for each provider.
 *
 * @since 0.1.0
 * @category scopes
 */
export const perProvider: Scope = ({ provider }) => ProviderName.canonical(provider)

/**
 * A limit for each combination.
 *
 * **Example** (Each tenant may spend so much on each model)
 *
 * ```ts
 * import { RequestContext, ResilientModel } from "@holdfast/core"
 * import { Budget, Ledger, Report } from "@holdfast/cost"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const model = ScriptedModel.named({ provider: "openai", model: "gpt-6-luna" }, ScriptedModel.text("hello")).pipe(
 *   Budget.enforce({ name: "each", daily: "1 USD", per: Budget.perEach(Budget.perTenant, Budget.perModel) }),
 * )
 * const program = LanguageModel.generateText({ prompt: "hi" }).pipe(
 *   ResilientModel.provide(model),
 *   RequestContext.annotate({ tenant: "acme" }),
 *   Effect.andThen(Report.make()),
 *   Effect.map(({ budgets }) => budgets[0]?.scope),
 *   Effect.provide(Ledger.layerMemory()),
 * )
 *
 * await Effect.runPromise(program) // => '["acme","openai/gpt-6-luna"]'
 * ```
 *
 * @since 0.1.0
 * @category scopes
 */
export const perEach =
  (...scopes: ReadonlyArray<Scope>): Scope =>
  (start) => {
    const keys = scopes.map((scope) => scope(start))
    return keys.includes(undefined) ? undefined : JSON.stringify(keys)
  }

/**
 * Only for what has these keys; other attempts are no concern of the budget.
 *
 * **Example** (A budget for one tenant)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { Budget } from "@holdfast/cost"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const enforce = Budget.enforce({ name: "trial", daily: "1 USD", per: Budget.only(Budget.perTenant, ["acme"]) })
 *
 * ResilientModel.describe(enforce(ScriptedModel.model())).settings["budgets"] // => [{ name: "trial", daily: "1 USD" }]
 * ```
 *
 * @since 0.1.0
 * @category scopes
 */
export const only = (scope: Scope, keys: ReadonlyArray<string>): Scope => {
  const wanted = new Set(keys.map((key) => named(scope, key)))
  return (start) => {
    const key = scope(start)
    return key !== undefined && wanted.has(key) ? key : undefined
  }
}

/** The key of a scope in which people may have called a provider by another of its names. */
const named = (scope: Scope, key: string): string => {
  if (scope === perProvider) return ProviderName.canonical(key)
  return scope === perModel ? ProviderName.canonicalKey(key) : key
}
