/**
 * What context caches cost by the hour, under the same budgets as calls and in the same reports.
 *
 * Before a span of time its whole cost is reserved, and when it is over what was really stored is settled, to the millisecond. A process that
 * is killed leaves a reservation that ends when the vendor removes the cache by itself; from then on it counts with its worst case.
 *
 * **Where in a stack**: nowhere; it is handed to what is stored, such as `GoogleCache.make` of `@holdfast/google`.
 *
 * @since 0.1.0
 */
import { ProviderName, type StorageMeter } from "@holdfast/core"
import { type PricedAs } from "@holdfast/core/Attempt"
import { Effect, Option } from "effect"

import type * as Budget from "./Budget.ts"
import { type BudgetExceeded } from "./internal/budget/exceeded.ts"
import { mistakeIn, type Options as BudgetOptions, rulesOf } from "./internal/budget/options.ts"
import { storageMeter } from "./internal/storage/meter.ts"
import { Ledger, type LedgerUnavailable } from "./Ledger.ts"
import * as PriceBook from "./PriceBook.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /** A model without a price for storage is refused if left out. */
  readonly whenUnknown?: PriceBook.WhenUnknown | undefined
  /**
   * Whether the tokens that are sent to make a cache are billed as a prompt. At Vertex AI they are, at the Gemini API no bill is known that has
   * them; so that is what is done if left out.
   */
  readonly billsCreation?: ((span: Creation) => boolean) | undefined
}

/**
 * What is known of a cache that is made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Creation {
  readonly provider: string
  readonly model: string
  readonly pricedAs?: PricedAs | undefined
}

/**
 * Why a span is refused.
 *
 * @since 0.1.0
 * @category errors
 */
export type Refusal = BudgetExceeded | LedgerUnavailable | PriceBook.PriceUnknown

/**
 * A meter under budgets. One with the name of a budget on calls shares its limit.
 *
 * **Details**
 *
 * A span is charged to the window in which it began. Tenants and tags come from the `RequestContext` of who makes the cache.
 *
 * **Example** (A cache under the budget of a team)
 *
 * ```ts
 * import { Budget, CacheStorage, Ledger } from "@holdfast/cost"
 * import { Effect } from "effect"
 *
 * const team = { name: "team-a", daily: "100 USD" } as const
 * const calls = Budget.enforce(team)
 * const meter = CacheStorage.enforce([team]).pipe(Effect.provide(Ledger.layerMemory()))
 *
 * Effect.isEffect(meter) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const enforce = (
  budgets: ReadonlyArray<Budget.Options>,
  settings: Settings = {},
): Effect.Effect<StorageMeter.StorageMeter<Refusal>, never, Ledger> => makeMeter(budgets, settings)

/**
 * A meter that writes down what is stored, and limits nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const record = (settings: Settings = {}): Effect.Effect<StorageMeter.StorageMeter<Refusal>, never, Ledger> =>
  makeMeter([], settings)

const makeMeter = Effect.fnUntraced(function* (budgets: ReadonlyArray<BudgetOptions>, settings: Settings) {
  for (const budget of budgets) {
    const mistake = mistakeIn(budget)
    if (mistake !== undefined) return yield* Effect.die(new Error(`CacheStorage.enforce: ${mistake}`))
  }
  return storageMeter({
    name: ["storage", ...budgets.map(({ name }) => name)].join("+"),
    rules: budgets.flatMap(rulesOf),
    ledger: yield* Ledger,
    book: Option.getOrElse(yield* Effect.serviceOption(PriceBook.PriceBook), () => PriceBook.builtIn),
    whenUnknown: settings.whenUnknown ?? PriceBook.refuse,
    billsCreation: settings.billsCreation ?? isVertex,
  })
})

const isVertex = ({ provider }: Creation): boolean => ProviderName.canonical(provider) === "gcp.vertex_ai"
