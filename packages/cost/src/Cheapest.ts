/**
 * Sends each request to the model that is the cheapest for it, and for which there is money left.
 *
 * Every model is priced for the request at hand: its own count of the prompt, its own price, the longest answer that it may
 * give or the one that it usually gives. The lowest price wins among the models whose budgets still have room for their worst
 * case. When none has room the cheapest is asked all the same, so that the budget says what is missing; when a model has no
 * price, it is left out.
 *
 * **Where in a stack**: where a fallback stands: outside of everything that belongs to a single model, inside of the budget
 * for all of them.
 *
 * @since 0.1.0
 */
import { type Attempt, type ModelCall, RequestContext, Route } from "@holdfast/core"
import { type DurationInput } from "@holdfast/core/DurationInput"
import { Clock, Duration, Effect, Option, Predicate, Result } from "effect"

import type * as Budget from "./Budget.ts"
import * as Estimate from "./Estimate.ts"
import { Headroom } from "./internal/budget/headroom.ts"
import { mistakeIn, rulesOf } from "./internal/budget/options.ts"
import { costOf, isTokenCount, type Pricing, worstCase } from "./internal/budget/worstCase.ts"
import { priceUnknown } from "./internal/price/unknown.ts"
import { Ledger } from "./Ledger.ts"
import * as Money from "./Money.ts"
import * as PriceBook from "./PriceBook.ts"

/**
 * How models are priced. `whenUnknown`, `bound` and `request` are those of `Budget.Settings`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Pick<Budget.Settings, "bound" | "request" | "whenUnknown"> {
  /** How many tokens an answer mostly has: prices are compared for it. The most that a model may generate if left out. */
  readonly usualOutputTokens?: number | undefined
}

/**
 * Which budgets must have room. It is read from the ledger, and nothing is reserved.
 *
 * @since 0.1.0
 * @category models
 */
export interface WithinBudgets {
  readonly budgets: ReadonlyArray<Budget.Options>
  /** For how long a total is used again once it was read. It is read for each request if left out. */
  readonly remember?: DurationInput | undefined
}

/**
 * Chooses the cheapest of several models for each request.
 *
 * **When to use**
 *
 * Use for models that are equally good for the job. With `budgets`, give those that are enforced around the route, or on its
 * models: what one model has used up then goes to the next cheapest.
 *
 * **Details**
 *
 * - Prices are compared at the worst case of the request, or at `usualOutputTokens`; room is wanted for the worst case.
 * - A model without a price is not asked. When none has one the call fails with `PriceUnknown`.
 *   `whenUnknown: PriceBook.worstCase(price)` gives such models a price, and what is `PriceBook.unmetered` comes after all
 *   others; both are decided for each request.
 * - Models whose circuit is open are not asked, as with every route.
 * - An answer is as long as the settings of the model let it be, or as `request` says, or else as the price says.
 * - Totals are read from the cheapest model on, until one has room. A ledger that fails refuses nothing here: that is for
 *   the budget to decide.
 *
 * **Gotchas**
 *
 * It enforces nothing. Two calls that see the same room may both ask for it, and `Budget.enforce` refuses one of them.
 *
 * **Example** (A limit for each model, and the next cheapest beyond it)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { Budget, Cheapest } from "@holdfast/cost"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const budgets: ReadonlyArray<Budget.Options> = [{ name: "models", daily: "50 USD", per: Budget.perModel }]
 * const routed = <E, R>(one: ResilientModel.ResilientModel<E, R>, other: ResilientModel.ResilientModel<E, R>) =>
 *   Cheapest.of([one, other], { budgets, usualOutputTokens: 500 }).pipe(Budget.enforceAll(budgets))
 *
 * const [route] = ResilientModel.describe(routed(ScriptedModel.model(), ScriptedModel.model())).inner
 * route?.name // => "Cheapest.of"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const of: {
  <const M extends Route.Models>(
    models: M,
    options: Options & WithinBudgets,
  ): Route.Routed<M[number], PriceBook.PriceUnknown, Ledger>
  <const M extends Route.Models>(models: M, options?: Options): Route.Routed<M[number], PriceBook.PriceUnknown>
} = <const M extends Route.Models>(models: M, options?: Options & Partial<WithinBudgets>) =>
  Route.make(models, {
    label: {
      name: "Cheapest.of",
      place: "route",
      settings: { ...(options?.budgets !== undefined && { budgets: options.budgets.map(({ name }) => name) }) },
    },
    // Without budgets no ledger is looked for, which the two signatures say better than one could.
    choice: choosing(options ?? {}) as Effect.Effect<Route.Choice<PriceBook.PriceUnknown>>,
  })

const choosing = Effect.fnUntraced(function* ({
  budgets = [],
  remember = 0,
  ...options
}: Options & Partial<WithinBudgets>) {
  const mistake = mistakeOf(options) ?? budgets.map(mistakeIn).find((each) => each !== undefined)
  if (mistake !== undefined) return yield* Effect.die(new Error(`Cheapest.of: ${mistake}`))
  const estimator = yield* Effect.serviceOption(Estimate.Estimator)
  const book = Option.getOrElse(yield* Effect.serviceOption(PriceBook.PriceBook), () => PriceBook.builtIn)
  const pricing: RoutePricing = {
    ...options,
    whenUnknown: options.whenUnknown ?? PriceBook.refuse,
    book,
    estimator: Option.isSome(estimator) ? estimator.value : yield* Estimate.make,
  }
  const headroom =
    budgets.length === 0
      ? undefined
      : new Headroom(budgets.flatMap(rulesOf), yield* Ledger, Duration.toMillis(remember))
  const choice: Route.Choice<PriceBook.PriceUnknown> = Effect.fnUntraced(function* (request, candidates) {
    const [first, ...others] = (yield* offersOf(pricing, request, candidates)).toSorted(byPrice)
    if (first === undefined) return yield* unknown(book, candidates)
    if (headroom === undefined) return first.candidate
    const withRoom = yield* Effect.findFirst([first, ...others], ({ start, worst }) =>
      headroom.hasRoomFor(start, worst),
    )
    return Option.getOrElse(withRoom, () => first).candidate
  })
  return choice
})

interface RoutePricing extends Pricing {
  readonly usualOutputTokens?: number | undefined
}

/** What one model would ask for the request. */
interface Offer {
  readonly candidate: Route.Candidate
  readonly start: Attempt.AttemptStart
  /** `undefined` where it is not metered. */
  readonly price: Money.Money | undefined
  readonly worst: Money.Money
}

const offersOf = Effect.fnUntraced(function* (
  pricing: RoutePricing,
  request: ModelCall.ModelRequest,
  candidates: ReadonlyArray<Route.Candidate>,
) {
  const context = yield* RequestContext.RequestContext
  const now = yield* Clock.currentTimeMillis
  const offers = yield* Effect.forEach(candidates, (candidate) =>
    Effect.flatMap(maxOutputTokensOf(candidate), (maxOutputTokens) =>
      Effect.suspend(() => {
        const start = hypothetical(candidate, { request, context, now, maxOutputTokens })
        const offer = offerOf(pricing, candidate, start)
        return Effect.result(Effect.catchTag(offer, "UnsupportedOption", () => withoutLimit(candidate, start)))
      }),
    ),
  )
  return offers.flatMap((offer) => (Result.isSuccess(offer) ? [offer.success] : []))
})

const offerOf = Effect.fnUntraced(function* (
  pricing: RoutePricing,
  candidate: Route.Candidate,
  start: Attempt.AttemptStart,
) {
  const { circumstances, cost: worst, estimate, quote } = yield* worstCase(pricing, start)
  const output = Math.min(estimate.output, pricing.usualOutputTokens ?? Infinity)
  const price = quote._tag === "Unmetered" ? undefined : costOf(quote.price, circumstances, { ...estimate, output })
  const offer: Offer = { candidate, start, price, worst }
  return offer
})

// A request that no worst case can be computed for is the budget's to refuse, or the provider's; the model comes last.
const withoutLimit = (candidate: Route.Candidate, start: Attempt.AttemptStart) =>
  Effect.succeed<Offer>({ candidate, start, price: undefined, worst: Money.zero })

/** How long an answer may be by the settings of a model, where they are those of one model and say so. */
const maxOutputTokensOf = ({ settings = Effect.undefined }: Route.Candidate): Effect.Effect<number | undefined> =>
  Effect.map(settings, (known) =>
    Predicate.hasProperty(known, "maxOutputTokens") &&
    Predicate.isNumber(known.maxOutputTokens) &&
    isTokenCount(known.maxOutputTokens)
      ? known.maxOutputTokens
      : undefined,
  )

interface Asked {
  readonly request: ModelCall.ModelRequest
  readonly context: RequestContext.RequestContext
  readonly now: number
  readonly maxOutputTokens: number | undefined
}

/** The attempt as it would begin, for functions of budgets that look at attempts. It is not made, and has no id. */
const hypothetical = (
  { account, model, pricedAs, provider }: Route.Candidate,
  { context, maxOutputTokens, now, request }: Asked,
): Attempt.AttemptStart => ({
  _tag: "AttemptStarted",
  id: "",
  callId: request.call.id,
  operation: request.call.operation,
  traceId: request.call.span?.traceId ?? "",
  spanId: request.call.span?.spanId ?? "",
  index: 1,
  provider,
  model,
  account,
  pricedAs,
  maxOutputTokens,
  request,
  context,
  startedAt: now,
})

/** Of equal ones the first stays first. */
const byPrice = (one: Offer, other: Offer): number => {
  if (one.price === undefined || other.price === undefined)
    return Number(one.price === undefined) - Number(other.price === undefined)
  return Money.Order(one.price, other.price)
}

const unknown = (
  book: PriceBook.Book,
  [first]: ReadonlyArray<Route.Candidate>,
): Effect.Effect<never, PriceBook.PriceUnknown> =>
  Effect.suspend(() => Effect.fail(priceUnknown(book, { provider: first?.provider ?? "", model: first?.model ?? "" })))

const mistakeOf = ({ usualOutputTokens }: Options): string | undefined =>
  usualOutputTokens === undefined || (Number.isInteger(usualOutputTokens) && usualOutputTokens >= 0)
    ? undefined
    : "usualOutputTokens must be a whole number, 0 or more"
