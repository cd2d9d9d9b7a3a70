/**
 * Keeps what is spent under limits, before it is spent.
 *
 * Before each attempt below it, whether a first one, a retry, a fallback or a hedge, the worst case of that attempt is reserved
 * at the price of the model that is about to be called, under all limits that hold for it or under none. What it really cost
 * is settled afterwards, however it ended. When there is no room the call is refused, waits for room, or goes to a cheaper
 * model, as was chosen; a request is never made smaller in silence.
 *
 * **Where in a stack**: outside of retries, fallbacks and hedges, so that its refusal ends the call. Inside of a deadline for
 * the whole call, which then counts the time of waiting.
 *
 * @since 0.1.0
 */
import {
  AttemptGuard,
  Event,
  type ModelCall,
  ModelCall as ModelCalls,
  type Operation,
  Resilient,
  ResilientModel,
} from "@holdfast/core"
import { type DurationInput } from "@holdfast/core/DurationInput"
import { DateTime, Duration, Effect, Option } from "effect"

import * as CostEvent from "./CostEvent.ts"
import * as Estimate from "./Estimate.ts"
import { BudgetExceeded } from "./internal/budget/exceeded.ts"
import { budgetGuard } from "./internal/budget/guard.ts"
import {
  type Interval,
  mistakeIn,
  type Options,
  type Refusal,
  rulesOf,
  type Settings,
  type WhenUnavailable,
} from "./internal/budget/options.ts"
import { Ledger } from "./Ledger.ts"
import * as Money from "./Money.ts"
import * as PriceBook from "./PriceBook.ts"

export { BudgetExceeded } from "./internal/budget/exceeded.ts"
export { only, perEach, perModel, perProvider, perTag, perTenant, type Scope } from "./internal/budget/scopes.ts"

export type {
  Interval,
  Options,
  Refusal,
  RequestFacts,
  Rolling,
  Settings,
  WhenUnavailable,
} from "./internal/budget/options.ts"

/**
 * Enforces one budget.
 *
 * **Details**
 *
 * - It needs a `Ledger`. Without a `PriceBook` in context the one that comes with this package is used, and without an
 *   `Estimate.Estimator` one that counts by script.
 * - Limits are checked and reserved in one step. Concurrent calls, also of several processes on one database, never spend more
 *   than the limit as long as no attempt costs more than its worst case; if one does, `BoundExceeded` is emitted.
 * - Calls wait in the order of arrival, and only while calls under way may still turn out cheaper than their worst case. A wait
 *   can be interrupted, and nothing is reserved then.
 * - An attempt whose usage was not reported settles with an estimate from what was delivered, marked as such.
 *
 * **Example** (A limit that is reached)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { Budget, Ledger, Price, PriceBook } from "@holdfast/cost"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect, Layer } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const prices = PriceBook.layerExtend([
 *   Price.make({
 *     provider: "scripted",
 *     model: "scripted-model",
 *     perMillion: { input: "$1", output: "$2" },
 *     maxOutputTokens: 10_000,
 *     source: "made up",
 *     checkedOn: "2026-11-24",
 *   }),
 * ])
 * const model = ScriptedModel.model(ScriptedModel.text("hello")).pipe(
 *   Budget.enforce({ name: "team-a", daily: "0.01 USD" }),
 * )
 * const program = LanguageModel.generateText({ prompt: "hi" }).pipe(
 *   ResilientModel.provide(model),
 *   Effect.as("answered"),
 *   Effect.catchTag("BudgetExceeded", ({ budget, window }) => Effect.succeed(`${budget}: enough for this ${window}`)),
 *   Effect.provide(Layer.merge(prices, Ledger.layerMemory())),
 * )
 *
 * await Effect.runPromise(program) // => "team-a: enough for this day"
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const enforce = ({ name, daily, monthly, rolling, per, timeZone, alertAt, ...settings }: Options & Settings) =>
  enforceAll([{ name, daily, monthly, rolling, per, timeZone, alertAt }], settings)

/**
 * Enforces several budgets at once: an attempt is reserved under all of them or under none.
 *
 * **Example** (The whole company, and each tenant)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { Budget } from "@holdfast/cost"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const careful = Budget.enforceAll(
 *   [
 *     { name: "company", monthly: "30000 USD", timeZone: "Europe/Zurich" },
 *     { name: "tenants", daily: "20 USD", per: Budget.perTenant },
 *   ],
 *   { wait: "10 seconds" },
 * )
 *
 * ResilientModel.describe(careful(ScriptedModel.model())).settings["wait"] // => "10s"
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const enforceAll = (budgets: ReadonlyArray<Options>, settings: Settings = {}) =>
  ResilientModel.policy<Refusal, Ledger>(
    {
      name: budgets.length === 0 ? "Budget.record" : "Budget.enforce",
      place: "budget",
      settings: {
        budgets: budgets.map(settingsOf),
        ...(settings.wait !== undefined && { wait: format(settings.wait) }),
      },
    },
    <E>(call: ModelCall.ModelCall<E>) =>
      Effect.map(guard(budgets, settings), (installed) => AttemptGuard.install(call, installed)),
  )

/**
 * The guard that `enforceAll` installs, for policies that keep a budget in a ledger of their own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const guard = Effect.fnUntraced(function* (budgets: ReadonlyArray<Options>, settings: Settings = {}) {
  for (const budget of budgets) {
    const mistake = mistakeIn(budget)
    if (mistake !== undefined) return yield* Effect.die(new Error(`Budget.enforce: ${mistake}`))
  }
  const lease = Duration.toMillis(settings.lease ?? "15 minutes")
  if (!(lease > 0 && Number.isFinite(lease))) {
    return yield* Effect.die(new Error("Budget.enforce: lease must be a finite duration above zero"))
  }
  const estimator = yield* Effect.serviceOption(Estimate.Estimator)
  return budgetGuard({
    name: budgets.map(({ name }) => name).join("+"),
    rules: budgets.flatMap(rulesOf),
    bound: settings.bound,
    request: settings.request,
    whenUnknown: settings.whenUnknown ?? PriceBook.refuse,
    whenUnavailable: settings.whenUnavailable ?? refuse,
    unreported: settings.unreported ?? atEstimate,
    wait: settings.wait === undefined ? undefined : Duration.toMillis(settings.wait),
    lease,
    ledger: yield* Ledger,
    book: Option.getOrElse(yield* Effect.serviceOption(PriceBook.PriceBook), () => PriceBook.builtIn),
    estimator: Option.isSome(estimator) ? estimator.value : yield* Estimate.make,
  })
})

/**
 * Records in the ledger what every attempt costs, without a limit.
 *
 * **When to use**
 *
 * Use for reports about calls without a budget. Beneath a budget it is not needed.
 *
 * @since 0.1.0
 * @category policies
 */
export const record = (settings: Omit<Settings, "wait"> = {}) => enforceAll([], settings)

/**
 * Asks a cheaper model when a budget of the model before it refuses.
 *
 * **Details**
 *
 * The failure `BudgetExceeded` is taken out of the type; the cheaper model's own come in. All other failures pass.
 *
 * **Gotchas**
 *
 * The cheaper model is not under the budget that refused, unless the budget is piped onto it as well. Budgets with equal names
 * share one limit, so what is left of it goes to the cheaper model.
 *
 * **Example** (What is left goes to a cheaper model)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { Budget } from "@holdfast/cost"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const budget = Budget.enforce({ name: "team-a", daily: "100 USD" })
 * const degrading = <R, R2>(
 *   best: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>,
 *   cheap: ResilientModel.ResilientModel<ResilientModel.CallFailure, R2>,
 * ) => budget(best).pipe(Budget.orElse(budget(cheap)))
 *
 * ResilientModel.describe(degrading(ScriptedModel.model(), ScriptedModel.model())).name // => "Budget.orElse"
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const orElse =
  <K extends Operation.Kind, E2, R2>(cheaper: Resilient.Resilient<K, E2, R2>) =>
  <E, R>(self: Resilient.Resilient<K, E, R>): Resilient.Resilient<K, Exclude<E, BudgetExceeded> | E2, R | R2> => {
    const label = { name: "Budget.orElse", settings: {}, inner: [Resilient.describe(cheaper)] }
    return Resilient.onto(self, label, (preferred) =>
      Effect.map(Resilient.anyCallOf(cheaper), (fallback): ModelCall.ModelCall<Exclude<E, BudgetExceeded> | E2> => ({
        ...ModelCalls.among([preferred, fallback]),
        open: (request) =>
          Effect.catchIf(
            preferred.open(request) as Opened<Exclude<E, BudgetExceeded> | E2 | BudgetExceeded>,
            isBudgetExceeded,
            (error) => {
              request.call.attempts.extra++
              return Effect.andThen(
                Event.emit(() => chosen({ preferred, fallback, request }, error)),
                fallback.open(request),
              )
            },
          ) as Opened<Exclude<E, BudgetExceeded> | E2>,
      })),
    )
  }

/**
 * Whether an error is the refusal of a budget.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isBudgetExceeded = (error: unknown): error is BudgetExceeded => error instanceof BudgetExceeded

/**
 * Counts what was not reported with its estimate.
 *
 * @since 0.1.0
 * @category unreported usage
 */
export const atEstimate = ({ estimate }: Interval): Money.Money => estimate

/**
 * Counts what was not reported with its worst case, so that no limit can be passed by it.
 *
 * @since 0.1.0
 * @category unreported usage
 */
export const atMost = ({ maximum }: Interval): Money.Money => maximum

/**
 * Makes no attempt that cannot be reserved.
 *
 * @since 0.1.0
 * @category when the ledger fails
 */
export const refuse: WhenUnavailable = Effect.fail

/**
 * Makes attempts also when they cannot be reserved, and emits `LedgerFailed` for each.
 *
 * **Gotchas**
 *
 * No limit holds while the ledger fails. What such attempts cost is charged to their budgets as soon as the ledger works again.
 *
 * @since 0.1.0
 * @category when the ledger fails
 */
export const unguarded: WhenUnavailable = (error, { id }) =>
  CostEvent.emit(() => ({ _tag: "LedgerFailed", attempt: id, error }))

type Opened<E> = ReturnType<ModelCall.ModelCall<E>["open"]>

interface Switch {
  readonly preferred: ModelCall.ModelCall<unknown>
  readonly fallback: ModelCall.ModelCall<unknown>
  readonly request: ModelCall.ModelRequest
}

const chosen = ({ fallback, preferred, request }: Switch, error: BudgetExceeded): Event.Decision => ({
  _tag: "FallbackChosen",
  callId: request.call.id,
  from: { provider: preferred.provider, model: preferred.model },
  to: { provider: fallback.provider, model: fallback.model },
  error,
})

const amount = (input: Money.Input): string => (typeof input === "bigint" ? Money.format(input) : input)

const format = (duration: DurationInput): string => Duration.format(Duration.fromInputUnsafe(duration))

const settingsOf = ({ name, daily, monthly, rolling = [], timeZone }: Options) => ({
  name,
  ...(daily !== undefined && { daily: amount(daily) }),
  ...(monthly !== undefined && { monthly: amount(monthly) }),
  ...("limit" in rolling || rolling.length > 0
    ? {
        rolling: ("limit" in rolling ? [rolling] : rolling).map(
          ({ limit, window }) => `${amount(limit)} in ${format(window)}`,
        ),
      }
    : {}),
  ...(timeZone !== undefined && {
    timeZone: DateTime.isTimeZone(timeZone) ? DateTime.zoneToString(timeZone) : timeZone,
  }),
})
