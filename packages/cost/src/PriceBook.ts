/**
 * The prices of many models.
 *
 * A model is looked up by provider and name, then by its name without the date of a snapshot, and never by how its name
 * begins: `gpt-4o-mini` is not a kind of `gpt-4o`, and the next model is not priced like this one. `google` and
 * `gcp.gemini`, as attempts call it, are one provider. A price holds for its time, and is never that of another time. A
 * model that is not in the book at the time of a call is `PriceUnknown`, and the caller says what happens then: it is refused, priced as the worst case, or let through unmetered and told to somebody. It is never
 * free in silence.
 *
 * **Where in a stack**: nowhere by itself; budgets, ledgers and reports ask it.
 *
 * @since 0.1.0
 */

import { type Attempt, type ImageModel } from "@holdfast/core"
import { Clock, Context, Effect, Layer, Option } from "effect"
import { dual } from "effect/Function"

import { genaiPrices as genaiPackage } from "./internal/optionalPackage.ts"
import { type PackageMissing } from "./internal/packageMissing.ts"
import { priceNameOf } from "./internal/price/asked.ts"
import { pricesOf, type Vendor, vendors } from "./internal/price/genaiPrices.ts"
import { anthropic } from "./internal/price/list/anthropic.ts"
import { deepseek } from "./internal/price/list/deepseek.ts"
import { google } from "./internal/price/list/google.ts"
import { googleMedia } from "./internal/price/list/googleMedia.ts"
import { openai } from "./internal/price/list/openai.ts"
import { openaiMedia } from "./internal/price/list/openaiMedia.ts"
import { others } from "./internal/price/list/others.ts"
import { scripted } from "./internal/price/list/scripted.ts"
import { undated, vendorOf } from "./internal/price/modelName.ts"
import { goesBefore } from "./internal/price/period.ts"
import { priceUnknown, type PriceUnknown } from "./internal/price/unknown.ts"
import * as Money from "./Money.ts"
import * as Price from "./Price.ts"

export {
  /**
   * @since 0.1.0
   * @category errors
   */
  PackageMissing,
} from "./internal/packageMissing.ts"

export { PriceUnknown } from "./internal/price/unknown.ts"

/**
 * The model whose price is wanted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Query {
  readonly provider: string
  readonly model: string
  /** As an attempt has it. It goes before provider and model. */
  readonly pricedAs?: Attempt.PricedAs | undefined
  /** When it was called, in Unix milliseconds, as `Attempt.startedAt` is. Now if left out. */
  readonly startedAt?: number | undefined
}

/**
 * Prices that can be looked up.
 *
 * @since 0.1.0
 * @category models
 */
export interface Book {
  /** All of them, in the order in which they were given. */
  readonly prices: ReadonlyArray<Price.Price>
  readonly find: (query: Query & { readonly startedAt: number }) => Option.Option<Price.Price>
}

/**
 * What a call is to be priced with.
 *
 * **Details**
 *
 * `WorstCase` is the price that was given for models that the book does not know. `Unmetered` has none.
 *
 * @since 0.1.0
 * @category models
 */
export type Quote =
  | { readonly _tag: "Known"; readonly price: Price.Price }
  | { readonly _tag: "WorstCase"; readonly price: Price.Price }
  | { readonly _tag: "Unmetered"; readonly unknown: PriceUnknown }

/**
 * What happens with a model whose price is not known: `refuse`, `worstCase` or `unmetered`.
 *
 * @since 0.1.0
 * @category models
 */
export type WhenUnknown = (unknown: PriceUnknown) => Effect.Effect<Quote, PriceUnknown>

/**
 * The prices of the application.
 *
 * @since 0.1.0
 * @category services
 */
export class PriceBook extends Context.Service<PriceBook, Book>()("@holdfast/cost/PriceBook") {}

/**
 * A book of just these prices. Of several for one model the last that holds at the time counts.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (prices: Iterable<Price.Price>): Book => {
  const all = [...prices]
  const providers = new Map<string, Map<string, Array<Price.Price>>>()
  for (const each of all) {
    const vendor = vendorOf(each.provider)
    const models = providers.get(vendor) ?? new Map<string, Array<Price.Price>>()
    providers.set(vendor, models)
    models.set(each.model, [...(models.get(each.model) ?? []), each])
  }
  return {
    prices: all,
    find: ({ model, provider, startedAt }) => {
      const models = providers.get(vendorOf(provider))
      const at = (name: string) => priceAt(models?.get(name) ?? none, startedAt)
      return Option.fromUndefinedOr(at(model) ?? at(undated(model) ?? ""))
    },
  }
}

const published = make([...openai, ...openaiMedia, ...anthropic, ...google, ...googleMedia, ...deepseek, ...others])

const madeUp = make(scripted)

/**
 * The prices that come with this package. They are dated; `source` and `checkedOn` of each say where and when it was read.
 *
 * **Details**
 *
 * `ScriptedModel` of `@holdfast/testing` has a price, too: by its usual names 1 USD for a million tokens of input and 10 USD for
 * one of output. It is made up, and is not among `prices`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const builtIn: Book = {
  prices: published.prices,
  find: (query) => Option.orElse(published.find(query), () => madeUp.find(query)),
}

/**
 * Asks a second book for what the first does not know.
 *
 * **Example** (An agreement with a vendor goes first)
 *
 * ```ts
 * import { Money, Price, PriceBook } from "@holdfast/cost"
 * import { Option } from "effect"
 *
 * const agreed = Price.make({
 *   provider: "openai",
 *   model: "gpt-6-sol",
 *   perMillion: { input: "$1.60", output: "$8" },
 *   source: "contract of March",
 *   checkedOn: "2026-03-01",
 * })
 * const book = PriceBook.orElse(PriceBook.make([agreed]), PriceBook.builtIn)
 *
 * Option.isSome(book.find({ provider: "openai", model: "gpt-6-luna", startedAt: Date.UTC(2026, 10, 24) })) // => true
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const orElse: {
  (that: Book): (self: Book) => Book
  (self: Book, that: Book): Book
} = dual(2, (self: Book, that: Book): Book => ({
  prices: [...self.prices, ...that.prices],
  find: (query) => Option.orElse(self.find(query), () => that.find(query)),
}))

/**
 * The price of a model, or the failure that it is not known.
 *
 * @since 0.1.0
 * @category combinators
 */
export const price = (query: Query): Effect.Effect<Price.Price, PriceUnknown, PriceBook> =>
  Effect.flatMap(PriceBook, (book) =>
    Effect.flatMap(find(book, query), (found) =>
      Option.isSome(found) ? Effect.succeed(found.value) : Effect.fail(priceUnknown(book, query)),
    ),
  )

/**
 * What an answer cost, every model that took part in it at its own price.
 *
 * **Details**
 *
 * Takes an `Attempt` of `@holdfast/core` as it is. Fails where the price of the model that was asked is not known; other
 * models without a price are named in `Cost.unpriced`.
 *
 * **Example** (Claude asks an advisor)
 *
 * ```ts
 * import { Money, PriceBook } from "@holdfast/cost"
 * import { Effect } from "effect"
 *
 * const advice = { type: "advisor_message", model: "claude-opus-5-5", input_tokens: 1_000, output_tokens: 100 }
 * const answer = {
 *   provider: "anthropic",
 *   model: "claude-sonnet-5",
 *   startedAt: Date.UTC(2026, 10, 24),
 *   usage: { inputTokens: { total: 1_000 }, outputTokens: { total: 500 } },
 *   finishMetadata: { anthropic: { usage: { input_tokens: 1_000, output_tokens: 500, iterations: [advice] } } },
 * }
 *
 * // 1,000 x $2 + 500 x $10, and 1,000 x $4 + 100 x $20.
 * const { total } = Effect.runSync(Effect.provide(PriceBook.cost(answer), PriceBook.layer))
 *
 * Money.format(total) // => "$0.013"
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const cost = (answer: Query & Price.Answer): Effect.Effect<Price.Cost, PriceUnknown, PriceBook> =>
  Effect.gen(function* () {
    const book = yield* PriceBook
    const startedAt = answer.startedAt ?? (yield* Clock.currentTimeMillis)
    const query = { ...priceNameOf(answer), startedAt }
    const found = book.find(query)
    if (Option.isNone(found)) return yield* Effect.fail(priceUnknown(book, query))
    const regional = answer.regional ?? answer.pricedAs?.regional
    return Price.cost(found.value, { ...answer, regional, priceOf: answer.priceOf ?? priceOf(book, query) })
  })

/**
 * What an answer of an image, speech, transcription or moderation model cost, at the price of the model that gave it.
 *
 * **Details**
 *
 * It is the cost of the attempt that was answered. Attempts before it that were paid for, too, are told by events and kept by
 * the ledger. An answer out of a cache cost nothing. What the vendor did not count is named in `Cost.unknown`.
 *
 * **Example** (An answer that was counted in seconds)
 *
 * ```ts
 * import { Money, PriceBook } from "@holdfast/cost"
 * import { Effect } from "effect"
 *
 * const answer = {
 *   usage: { seconds: 61 },
 *   source: { provider: "openai", model: "whisper-1", startedAt: Date.UTC(2026, 10, 24) },
 * }
 *
 * const { total } = Effect.runSync(Effect.provide(PriceBook.costOf(answer), PriceBook.layer))
 *
 * Money.format(total) // => "$0.0061"
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const costOf = ({
  source,
  usage,
}: Pick<ImageModel.MediaAnswer, "source" | "usage">): Effect.Effect<Price.Cost, PriceUnknown, PriceBook> =>
  source.cached === true
    ? Effect.succeed({ items: [], total: Money.zero, unknown: [], unpriced: [] })
    : cost({ ...source, usage: undefined, finishMetadata: { holdfast: { media: usage } } })

/**
 * The prices of a provider's other models at one time, for `Price.Answer`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const priceOf =
  (
    book: Book,
    { provider, startedAt }: { readonly provider: string; readonly startedAt: number },
  ): ((model: string) => Price.Price | undefined) =>
  (model) =>
    Option.getOrUndefined(book.find({ provider, model, startedAt }))

/**
 * What a call of a model is to be priced with, and what happens where its price is not known.
 *
 * **Example** (Unmetered, and reported)
 *
 * ```ts
 * import { PriceBook } from "@holdfast/cost"
 * import { Effect } from "effect"
 *
 * const told: Array<string> = []
 * const tell = PriceBook.unmetered((unknown) => Effect.sync(() => told.push(unknown.model)))
 * const program = PriceBook.quote({ provider: "ollama", model: "llama4" }, tell).pipe(Effect.provide(PriceBook.layer))
 *
 * Effect.runSync(program)._tag // => "Unmetered"
 * told // => ["llama4"]
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const quote = (query: Query, whenUnknown: WhenUnknown): Effect.Effect<Quote, PriceUnknown, PriceBook> =>
  Effect.flatMap(PriceBook, (book) =>
    Effect.flatMap(find(book, query), (found) =>
      Option.isSome(found)
        ? Effect.succeed({ _tag: "Known", price: found.value })
        : whenUnknown(priceUnknown(book, query)),
    ),
  )

/**
 * A model whose price is not known is not called.
 *
 * @since 0.1.0
 * @category unknown models
 */
export const refuse: WhenUnknown = Effect.fail

/**
 * A model whose price is not known costs this much, which should be more than any that could be meant.
 *
 * @since 0.1.0
 * @category unknown models
 */
export const worstCase =
  (given: Price.Price): WhenUnknown =>
  () =>
    Effect.succeed({ _tag: "WorstCase", price: given })

/**
 * A model without a known price is called all the same. It is in no sum, and it is reported.
 *
 * @since 0.1.0
 * @category unknown models
 */
export const unmetered =
  (tell: (unknown: PriceUnknown) => Effect.Effect<unknown>): WhenUnknown =>
  (error) =>
    Effect.as(tell(error), { _tag: "Unmetered", unknown: error })

/**
 * The prices that come with this package.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<PriceBook> = Layer.succeed(PriceBook, builtIn)

/**
 * Prices of one's own that go before those that come with this package.
 *
 * **Gotchas**
 *
 * A price for `gpt-4o` is also that of each of its snapshots, such as `gpt-4o-2024-05-13`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOverride = (prices: Iterable<Price.Price>): Layer.Layer<PriceBook> =>
  Layer.succeed(PriceBook, orElse(make(prices), builtIn))

/**
 * Prices of one's own for what this package does not know.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerExtend = (prices: Iterable<Price.Price>): Layer.Layer<PriceBook> =>
  Layer.succeed(PriceBook, orElse(orElse(published, make(prices)), madeUp))

/**
 * The prices of `@pydantic/genai-prices`, which has to be installed.
 *
 * **Gotchas**
 *
 * It knows nothing of batches, service tiers and regions. Only its whole names are used, not its rules for how a name
 * begins.
 *
 * @since 0.1.0
 * @category constructors
 */
export const genaiPrices: Effect.Effect<Book, PackageMissing> = Effect.map(genaiPackage, ({ findProvider }) =>
  make(
    (Object.keys(vendors) as Array<Vendor>).flatMap((vendor) => pricesOf(vendor, findProvider({ providerId: vendor }))),
  ),
)

/**
 * The prices that come with this package, and those of `@pydantic/genai-prices` for models that it does not know at all.
 *
 * **Gotchas**
 *
 * Most prices of that package have no dates and hold for all times. So they are not asked for a model that this package
 * knows, not even for a time at which it has no price.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerGenaiPrices: Layer.Layer<PriceBook, PackageMissing> = Layer.effect(
  PriceBook,
  Effect.map(genaiPrices, (theirs) => orElse(builtIn, make(theirs.prices.filter((each) => !isListed(each))))),
)

const isListed = ({ model, provider }: Price.Price): boolean =>
  builtIn.prices.some((each) => each.provider === provider && [model, undated(model)].includes(each.model))

const none: ReadonlyArray<never> = []

// Where several hold the most specific counts, whichever order they stand in, and the last of equals.
const priceAt = (prices: ReadonlyArray<Price.Price>, at: number): Price.Price | undefined => {
  let chosen: Price.Price | undefined
  for (const each of prices) {
    if (Price.holds(each, at) && (chosen === undefined || goesBefore(each.period, chosen.period))) chosen = each
  }
  return chosen
}

const find = (book: Book, query: Query): Effect.Effect<Option.Option<Price.Price>> =>
  Effect.map(Clock.currentTimeMillis, (now) =>
    book.find({ ...query, ...priceNameOf(query), startedAt: query.startedAt ?? now }),
  )
