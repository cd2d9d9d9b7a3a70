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

import { type Billed, type BilledClass, billedTokens, type CacheTtl, rawUsage } from "./internal/price/billing.ts"
import { holds as holdsAt, type Period, periodOf } from "./internal/price/period.ts"
import {
  dearest,
  isGuessed,
  type PriceList,
  rateOf,
  type Rates,
  ratesOf,
  shortestWrite,
} from "./internal/price/rates.ts"
import { type Factors, type Served, servedAs, type ServiceTier } from "./internal/price/serviceTier.ts"
import * as Money from "./Money.ts"

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
  /** The most tokens that the model generates for one request, reasoning included. */
  readonly maxOutputTokens: number | undefined
  /** The most tokens that the model looks at. */
  readonly contextWindow: number | undefined
  /** Where it was read. */
  readonly source: string
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
  readonly maxOutputTokens?: number | undefined
  readonly contextWindow?: number | undefined
  readonly source: string
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
}

/**
 * One line of a bill.
 *
 * @since 0.1.0
 * @category models
 */
export interface Item {
  readonly class: TokenClass
  /** Tokens; searches in the class `webSearch`. */
  readonly quantity: number
  /** Of one token, before any factor. */
  readonly rate: Money.Money
  readonly amount: Money.Money
}

/**
 * A bill.
 *
 * **Gotchas**
 *
 * Where `unknown` or `unpriced` is not empty, `total` is only what is known for certain, and the request cost at least
 * that.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cost {
  readonly items: ReadonlyArray<Item>
  readonly total: Money.Money
  /** What the vendor did not report, and what therefore has no item. */
  readonly unknown: ReadonlyArray<"input" | "output">
  /** What was used and has no price here, such as `"webSearch"`, or a service tier without a factor. */
  readonly unpriced: ReadonlyArray<string>
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
   * What prices are multiplied by. A way of being served without a factor is billed as usual and named in
   * `Cost.unpriced`.
   *
   * @since 0.1.0
   * @category models
   */
  Factors,
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
}

/**
 * Makes a price of what a vendor's page says.
 *
 * **Gotchas**
 *
 * An amount that is none, or not whole picodollars for one token, and a time that is none throw a `RangeError`.
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
  const tiers = (entry.tiers ?? []).map((tier) => ({ above: tier.above, rates: ratesOf(tier.perMillion) }))
  return {
    provider,
    model,
    rates: ratesOf(perMillion),
    tiers: tiers.toSorted((one, other) => one.above - other.above),
    factors,
    period: periodOf(entry),
    maxOutputTokens,
    contextWindow,
    source,
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
 * - Of a known total, what is not said to come from a cache, to go into one or to be reasoning is plain input or output.
 * - Cache writes without a lifetime have the shortest one that has a price, unless `cacheTtl` says otherwise.
 *
 * @since 0.1.0
 * @category combinators
 */
export const cost = (price: Price, answer: Answer): Cost => {
  const raw = rawUsage(answer.finishMetadata)
  const billed = billedTokens(answer.usage, raw, answer.cacheTtl ?? shortestWrite(price.rates))
  return itemise(ratesFor(price, billed.promptTokens), billed, servedAs(price.factors, answer, raw))
}

/**
 * The rates of a request with a prompt of so many tokens.
 *
 * @since 0.1.0
 * @category getters
 */
export const ratesFor = ({ rates, tiers }: Price, promptTokens: number): Rates => {
  let chosen = rates
  for (const tier of tiers) if (promptTokens > tier.above) chosen = tier.rates
  return chosen
}

/**
 * The most that a request of at most so many tokens costs, in whichever class they are billed.
 *
 * **Details**
 *
 * A prompt may turn out shorter than its bound and end up in any tier below; all that it can reach are looked at. What is
 * written to a cache costs more than plain input, so the dearest write counts, unless `cacheTtl` says which one it is.
 *
 * @since 0.1.0
 * @category combinators
 */
export const atMost = (price: Price, tokens: Tokens): Money.Money => {
  const prompt = tokens.input + (tokens.audioInput ?? 0) + (tokens.imageInput ?? 0)
  const reachable = [price.rates, ...price.tiers.filter(({ above }) => prompt > above).map(({ rates }) => rates)]
  const { factor } = servedAs(price.factors, tokens, undefined)
  return reachable.reduce<Money.Money>((most, rates) => {
    const rate = (kind: (typeof kinds)[number]) => dearest(rates, kind, tokens.cacheTtl)
    const total = Money.sum(kinds.map((kind) => times(rate(kind), tokens[kind] ?? 0, factor)))
    return Money.max(most, total)
  }, Money.zero)
}

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

const kinds = ["input", "audioInput", "imageInput", "output"] as const

const times = (rate: Money.Money, quantity: number, factor: Money.Ratio | undefined): Money.Money => {
  const amount = Money.times(rate, quantity)
  return factor === undefined ? amount : Money.timesRatio(amount, factor)
}

const itemise = (rates: Rates, { quantities, unknown }: Billed, served: Served): Cost => {
  const items: Array<Item> = []
  const unpriced = [...served.unpriced]
  let total: bigint = 0n
  for (const key in quantities) {
    const name = key as TokenClass
    const quantity = quantities[name] ?? 0
    const rate = rateOf(rates, name)
    if (rate === undefined || isGuessed(rates, name)) unpriced.push(name)
    if (rate !== undefined) {
      const amount = times(rate, quantity, served.factor)
      items.push({ class: name, quantity, rate, amount })
      total += amount
    }
  }
  // A model without a price for output, as for embeddings, generates nothing.
  const gaps = rates.output === undefined ? unknown.filter((side) => side !== "output") : unknown
  return { items, total: Money.fromPicodollars(total), unknown: gaps, unpriced }
}
