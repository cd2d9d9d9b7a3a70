/**
 * What one model costs, and what a request to it cost.
 *
 * A price says what each class of tokens costs, above which length of the prompt the whole request costs more, by what
 * factor batches and other ways of being served differ, from when until when it holds, and where it was read and on what
 * day. `cost` applies it to the usage that a vendor reported and gives every item of the bill.
 *
 * **Where in a stack**: nowhere by itself; a budget settles attempts with it, and reports count with it.
 *
 * @since 0.1.0
 */

import { type Response } from "effect/ai"

import { type Cost, costOf, type Item, ratesAt } from "./internal/price/bill.ts"
import { type BilledClass, type CacheTtl } from "./internal/price/billing.ts"
import { mostOf } from "./internal/price/mostOf.ts"
import { holds as holdsAt, type Period, periodOf, type Weekday } from "./internal/price/period.ts"
import { type PriceList, type Rates, ratesOf } from "./internal/price/rates.ts"
import { type ClassFactors, type Factor, type Factors, type ServiceTier } from "./internal/price/serviceTier.ts"
import type * as Money from "./Money.ts"

/**
 * What a vendor bills apart. Each token is in one class only: what was read from a cache is not also `input`, and
 * reasoning is not also `output`.
 *
 * @since 0.1.0
 * @category models
 */
export type TokenClass = BilledClass

/**
 * The price of one model in one period.
 *
 * @since 0.1.0
 * @category models
 */
export interface Price {
  readonly provider: string
  readonly model: string
  /** What one token of a class costs. Absent where it costs what plain input or output costs. */
  readonly rates: Rates
  /** With a prompt of more than `above` tokens the whole request has other rates. In rising order. */
  readonly tiers: ReadonlyArray<{ readonly above: number; readonly rates: Rates }>
  /** For batches, other service tiers, and data that stays in a region. */
  readonly factors: Factors
  /** In Unix milliseconds. */
  readonly period: Period
  /** Classes of which it is only known that they cost no less than their rate; bills name them in `Cost.unpriced`. */
  readonly atLeast: ReadonlyArray<TokenClass>
  /** The most tokens that the model generates for one request, reasoning included. */
  readonly maxOutputTokens: number | undefined
  /** The most tokens that the model looks at. */
  readonly contextWindow: number | undefined
  /** Where it was read: the first of `sources`. */
  readonly source: string
  /** Everything that says so. */
  readonly sources: ReadonlyArray<string>
  /** The day on which it was read, such as `"2026-11-24"`. */
  readonly checkedOn: string
}

/**
 * A price as vendors write it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly provider: string
  readonly model: string
  /** Dollars for a million tokens, by class; `webSearch` is for a thousand searches. */
  readonly perMillion: PriceList
  readonly tiers?: ReadonlyArray<{ readonly above: number; readonly perMillion: PriceList }> | undefined
  readonly factors?: Factors | undefined
  /** The first second in which it holds: `"2026-10-07T00:00:00Z"`. Since ever if left out. */
  readonly from?: string | undefined
  /** The first second in which it holds no more. For good if left out. */
  readonly until?: string | undefined
  /** The hours of each day in which it holds, in UTC: `["16:30:00Z", "00:30:00Z"]`. All of them if left out. */
  readonly hours?: ReadonlyArray<readonly [from: string, until: string]> | undefined
  /** The days of the week on which it holds, in UTC. All of them if left out. */
  readonly days?: ReadonlyArray<Weekday> | undefined
  /** Dates on which it does not hold, in UTC: `["2026-10-01"]`. */
  readonly except?: ReadonlyArray<string> | undefined
  /** Classes of which it is only known that they cost no less. */
  readonly atLeast?: ReadonlyArray<TokenClass> | undefined
  readonly maxOutputTokens?: number | undefined
  readonly contextWindow?: number | undefined
  /** Where it was read; several where more than one place says so. */
  readonly source: string | readonly [string, ...ReadonlyArray<string>]
  readonly checkedOn: string
}

/**
 * What the one who asked knows of a request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Circumstances {
  /** What was asked for. What the answer says of it goes first, except for batches, whose answers do not say. */
  readonly serviceTier?: ServiceTier | undefined
  /** Whether the request had to be served in a region. */
  readonly regional?: boolean | undefined
  /** How long the caches live that were written, where the answer does not say. The shortest with a price if left out. */
  readonly cacheTtl?: CacheTtl | undefined
}

/**
 * What a vendor reported, in the shape of `effect/ai`. What it left out is undefined, which is not zero.
 *
 * @since 0.1.0
 * @category models
 */
export type Usage = typeof Response.Usage.Encoded

/**
 * An answer as far as it matters for its bill. `Attempt` of `@holdfast/core` is one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer extends Circumstances {
  readonly usage: Usage | undefined
  /** The `finish` part's metadata, where vendors say what `effect/ai` has no field for. */
  readonly finishMetadata?: Readonly<Record<string, unknown>> | undefined
  /** How many parts of content were delivered. Beside them a count of zero is unknown. */
  readonly deliveredParts?: number | undefined
  /** The price of another model of the same provider, for answers in which several took part. */
  readonly priceOf?: ((model: string) => Price | undefined) | undefined
}

export type {
  /**
   * How long what is written to a prompt cache lives there.
   *
   * @since 0.1.0
   * @category models
   */
  CacheTtl,
  /**
   * The factors of classes that have another one than the rest.
   *
   * @since 0.1.0
   * @category models
   */
  ClassFactors,
  Cost,
  /**
   * What has a factor: a service tier, or that data stays in a region.
   *
   * @since 0.1.0
   * @category models
   */
  Factor,
  /**
   * What prices are multiplied by. A way of being served without a factor is billed as usual and named in
   * `Cost.unpriced`.
   *
   * @since 0.1.0
   * @category models
   */
  Factors,
  Item,
  /**
   * @since 0.1.0
   * @category models
   */
  Period,
  /**
   * Dollars for a million tokens, by class; `webSearch` is for a thousand searches.
   *
   * @since 0.1.0
   * @category models
   */
  PriceList,
  /**
   * What one token of a class costs.
   *
   * @since 0.1.0
   * @category models
   */
  Rates,
  /**
   * The ways in which vendors serve requests at another price.
   *
   * @since 0.1.0
   * @category models
   */
  ServiceTier,
  /**
   * @since 0.1.0
   * @category models
   */
  Weekday,
}

/**
 * Makes a price of what a vendor's page says.
 *
 * **Gotchas**
 *
 * An amount or a time that cannot be read, and an amount that is not whole picodollars for one token, throw a `RangeError`.
 *
 * **Example** (The price of a model of one's own)
 *
 * ```ts
 * import { Money, Price } from "@holdfast/cost"
 *
 * const price = Price.make({
 *   provider: "gpu-box",
 *   model: "llama-70b",
 *   perMillion: { input: "$0.59", output: "$0.79" },
 *   source: "https://wiki.example/gpu-box",
 *   checkedOn: "2026-11-24",
 * })
 * const { total } = Price.cost(price, { usage: { inputTokens: { total: 1_000 }, outputTokens: { total: 100 } } })
 *
 * Money.format(total) // => "$0.000669"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (entry: Entry): Price => {
  const { checkedOn, contextWindow, factors = {}, maxOutputTokens, model, perMillion, provider, source } = entry
  const sources = typeof source === "string" ? [source] : source
  const tiers = (entry.tiers ?? []).map((tier) => ({ above: tier.above, rates: ratesOf(tier.perMillion) }))
  return {
    provider,
    model,
    rates: ratesOf(perMillion),
    tiers: tiers.toSorted((one, other) => one.above - other.above),
    factors,
    period: periodOf(entry),
    atLeast: entry.atLeast ?? [],
    maxOutputTokens,
    contextWindow,
    source: sources[0] ?? "",
    sources,
    checkedOn,
  }
}

/**
 * Whether a price holds at a time, given in Unix milliseconds.
 *
 * @since 0.1.0
 * @category predicates
 */
export const holds = (price: Price, at: number): boolean => holdsAt(price.period, at)

/**
 * What a request cost, from the usage that the vendor reported.
 *
 * **Details**
 *
 * The prompt's whole length chooses the tier. Factors multiply each other and are applied once to each item; only there
 * can something have to be rounded. Counts that a vendor leaves out are not zero:
 *
 * - A total that is left out is the sum of its parts, and `unknown` without any.
 * - A prompt of zero tokens is `unknown`, and so is an answer of zero tokens beside content.
 * - Counts that are texts, negative, fractions or too large, and parts that are more than their whole, make their side
 *   `unknown`.
 * - Of a known total, what is not said to come from a cache, to go into one or to be reasoning is plain input or output.
 * - Cache writes without a lifetime have the shortest one that has a price, unless `cacheTtl` says otherwise.
 *
 * Other models that took part, such as Anthropic's advisor or the model of a fallback on the server's side, are billed at
 * their own prices, which `priceOf` gives. Without one they are named in `unpriced`. What the vendor itself says that the
 * answer cost, as OpenRouter and xAI do, is the total.
 *
 * @since 0.1.0
 * @category combinators
 */
export const cost = (price: Price, answer: Answer): Cost => costOf(price, answer)

/**
 * The rates of a request with a prompt of so many tokens.
 *
 * @since 0.1.0
 * @category getters
 */
export const ratesFor = (price: Price, promptTokens: number): Rates => ratesAt(price, promptTokens)

/**
 * The most that a request of at most so many tokens costs, in whichever class they are billed.
 *
 * **Details**
 *
 * A prompt may turn out shorter than its bound and end up in any tier below; all that it can reach are looked at. What is
 * written to a cache costs more than plain input, so the most expensive write counts, unless `cacheTtl` says which one it is.
 *
 * @since 0.1.0
 * @category combinators
 */
export const atMost = (price: Price, tokens: Tokens): Money.Money => mostOf(price, tokens)

/**
 * How many tokens a request has at most.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tokens extends Circumstances {
  /** Of the prompt, except for those of sounds and images. */
  readonly input: number
  readonly audioInput?: number | undefined
  readonly imageInput?: number | undefined
  readonly output: number
}
