/**
 * The bill of one answer: of the model that was asked, of others that took part in it, and of the vendor's own tools.
 */

import { type MediaUsage } from "@holdfast/core/MediaUsage"
import { type Json } from "@holdfast/core/provider/Json"
import { Predicate } from "effect"

import * as Money from "../../Money.ts"
import { type BilledClass, billedTokens, type CacheTtl, rawUsage, type Usage } from "./billing.ts"
import { hostedTools } from "./hostedTools.ts"
import { billedMedia, mediaUsage } from "./media.ts"
import { undated } from "./modelName.ts"
import { hasCredit, type Inference, otherModels } from "./models.ts"
import { isGuessed, rateOf, type Rates, shortestWrite } from "./rates.ts"
import { type Asked, type Factors, type Served, servedAs } from "./serviceTier.ts"
import { statedCost } from "./statedCost.ts"

/**
 * One line of a bill.
 *
 * @since 0.1.0
 * @category models
 */
export interface Item {
  /** `adjustment` is the difference between the other lines and what the vendor itself says that the answer cost. */
  readonly class: BilledClass | "adjustment"
  /** The model that it is for, where that is not the one that was asked. */
  readonly model?: string
  /** Tokens; in the classes `webSearch`, `characters`, `seconds`, `images` and `requests` what they are named after. */
  readonly quantity: number
  /** Of one of them, and of an hour in the class `seconds`, before any factor. */
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
  /** What the vendor did not report, or not in a way that can be believed, and what therefore has no item. */
  readonly unknown: ReadonlyArray<"input" | "output">
  /**
   * What was used and has no price here, such as `"webSearch"`, a service tier without a factor, or another model that
   * took part in the answer.
   */
  readonly unpriced: ReadonlyArray<string>
}

/** As much of a price as a bill needs. */
export interface Pricing {
  readonly model: string
  readonly rates: Rates
  readonly tiers: ReadonlyArray<{ readonly above: number; readonly rates: Rates }>
  readonly factors: Factors
  readonly atLeast: ReadonlyArray<BilledClass>
}

export interface Reply extends Asked {
  readonly usage: Usage | undefined
  readonly cacheTtl?: CacheTtl | undefined
  readonly deliveredParts?: number | undefined
  readonly priceOf?: ((model: string) => Pricing | undefined) | undefined
}

export const costOf = (price: Pricing, reply: Reply): Cost => {
  const media = mediaUsage(reply.finishMetadata)
  if (media !== undefined) {
    const bill = new Bill([])
    bill.addMedia(price, media, reply)
    return bill.settled(undefined)
  }
  const raw = rawUsage(reply.finishMetadata)
  const others = otherModels(raw)
  const serving = others.serving === undefined ? price : pricingOf(others.serving, price, reply)
  const bill = new Bill(others.unpriced)
  if (serving === undefined) bill.addUnknown(others.serving ?? "")
  else bill.addAnswer(serving, { ...reply, raw }, serving === price ? undefined : others.serving)
  for (const inference of others.inferences) addInference(bill, inference, { price, reply, raw })
  bill.addTools(serving ?? price, hostedTools(reply.finishMetadata, raw))
  return bill.settled(statedCost(reply.finishMetadata))
}

/** The rates of a request with a prompt of so many tokens. */
export const ratesAt = ({ rates, tiers }: Pick<Pricing, "rates" | "tiers">, promptTokens: number): Rates => {
  let chosen = rates
  for (const tier of tiers) if (promptTokens > tier.above) chosen = tier.rates
  return chosen
}

/** The amount of so many tokens of a class. */
export const amountOf = (rate: Money.Money, quantity: number, factor: Money.Ratio | undefined): Money.Money => {
  const amount = Money.times(rate, quantity)
  return factor === undefined ? amount : Money.timesRatio(amount, factor)
}

/** The same of what may be no tokens: seconds are sold by the hour. Something is rounded at the end alone. */
export const unitAmountOf = (
  name: BilledClass,
  { factor, quantity, rate }: { rate: Money.Money; quantity: number; factor: Money.Ratio | undefined },
): Money.Money => {
  if (name !== "seconds") return amountOf(rate, quantity, factor)
  const { denominator, numerator } = factor ?? whole
  return amountOf(rate, quantity, { numerator, denominator: denominator * secondsPerHour })
}

const none: ReadonlyArray<never> = []

const secondsPerHour = 3_600n

const whole: Money.Ratio = { numerator: 1n, denominator: 1n }

const pricingOf = (model: string, asked: Pricing, { priceOf }: Reply): Pricing | undefined =>
  model === asked.model || undated(model) === asked.model || model === undated(asked.model) ? asked : priceOf?.(model)

interface Asking {
  readonly price: Pricing
  readonly reply: Reply
  readonly raw: Json | undefined
}

const addInference = (bill: Bill, inference: Inference, { price, raw, reply }: Asking): void => {
  const pricing = pricingOf(inference.model, price, reply)
  if (pricing === undefined) bill.unpriced.push(inference.model)
  else {
    const { raw: counts, usage } = inference
    const served = servedAs(pricing.factors, reply, raw)
    bill.addTokens(pricing, { usage, raw: counts, cacheTtl: undefined, hasContent: true, served }, inference.model)
  }
}

interface Tokens {
  readonly usage: Usage | undefined
  readonly raw: Json | undefined
  readonly cacheTtl: CacheTtl | undefined
  readonly hasContent: boolean | undefined
  readonly served: Served
}

class Bill {
  readonly items: Array<Item> = []
  readonly unpriced: Array<string>
  private readonly unknown: Array<"input" | "output"> = []

  constructor(unpriced: ReadonlyArray<string>) {
    this.unpriced = [...unpriced]
  }

  addUnknown(model: string): void {
    this.unpriced.push(model)
    this.unknown.push("input", "output")
  }

  addAnswer(price: Pricing, reply: Reply & { readonly raw: Json | undefined }, model: string | undefined): void {
    const served = servedAs(price.factors, reply, reply.raw)
    const hasContent = Predicate.isNumber(reply.deliveredParts) ? reply.deliveredParts > 0 : undefined
    this.unpriced.push(...served.unpriced)
    this.addTokens(price, { usage: reply.usage, raw: reply.raw, cacheTtl: reply.cacheTtl, hasContent, served }, model)
  }

  addMedia(price: Pricing, media: MediaUsage, reply: Reply): void {
    const { atLeast, factors } = price
    const served = servedAs(factors, reply, undefined)
    this.unpriced.push(...served.unpriced)
    const rates = ratesAt(price, media.inputTokens?.total ?? 0)
    const { quantities, unknown } = billedMedia(media, rates)
    for (const [name, quantity] of Object.entries(quantities)) {
      this.addItem(name as BilledClass, { rates, quantity, served, model: undefined, atLeast })
    }
    this.unknown.push(...unknown)
  }

  addTokens(price: Pricing, { cacheTtl, served, ...reported }: Tokens, model: string | undefined): void {
    const unsplit = cacheTtl ?? shortestWrite(price.rates)
    const { promptTokens, quantities, unknown } = billedTokens({ ...reported, unsplit })
    const rates = ratesAt(price, promptTokens)
    const isCredited = hasCredit(reported.raw)
    for (const key in quantities) {
      const name = isCredited && key.startsWith("cacheWrite") ? "cacheRead" : (key as BilledClass)
      if (name !== key) this.unpriced.push("fallbackCredit")
      this.addItem(name, {
        rates,
        quantity: quantities[key as BilledClass] ?? 0,
        served,
        model,
        atLeast: price.atLeast,
      })
    }
    for (const side of unknown) {
      // A model without a price for output, as for embeddings, generates nothing.
      if (side === "input" || rates.output !== undefined) this.unknown.push(side)
    }
  }

  addTools({ atLeast, rates }: Pricing, { unpriced, webSearches }: ReturnType<typeof hostedTools>): void {
    this.unpriced.push(...unpriced)
    if (webSearches > 0) {
      this.addItem("webSearch", { rates, quantity: webSearches, served: undefined, model: undefined, atLeast })
    }
  }

  /** What the vendor itself says of the whole goes before what was made of its parts, unless it does not count at all. */
  settled(stated: Money.Money | undefined): Cost {
    let total = Money.zero
    for (const { amount } of this.items) total = Money.add(total, amount)
    const unknown = this.unknown.length === 0 ? none : [...new Set(this.unknown)].toSorted()
    if (stated === undefined || (stated === Money.zero && unknown.length > 0)) {
      return { items: this.items, total, unknown, unpriced: this.unpriced }
    }
    const rest = Money.subtract(stated, total)
    const adjustment = { class: "adjustment", quantity: 1, rate: rest, amount: rest } as const
    const items = rest === Money.zero ? this.items : [...this.items, adjustment]
    return { items, total: stated, unknown: [], unpriced: [] }
  }

  private addItem(name: BilledClass, { atLeast, model, quantity, rates, served }: Line): void {
    const rate = rateOf(rates, name)
    if (rate === undefined || isGuessed(rates, name) || atLeast.includes(name)) this.unpriced.push(name)
    if (rate === undefined) return
    const amount = unitAmountOf(name, { rate, quantity, factor: served?.factorOf(name) })
    this.items.push({ class: name, ...(model !== undefined && { model }), quantity, rate, amount })
  }
}

interface Line {
  readonly rates: Rates
  readonly quantity: number
  readonly served: Served | undefined
  readonly model: string | undefined
  readonly atLeast: ReadonlyArray<BilledClass>
}
