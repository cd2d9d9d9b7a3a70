/**
 * The most that so many tokens cost, in whichever class they end up being billed.
 */
import * as Money from "../../Money.ts"
import { amountOf, type Pricing, unitAmountOf } from "./bill.ts"
import { type CacheTtl } from "./billing.ts"
import { classesOf, highestOf, type Kind, rateOf, type Rates, type Unit, unitClasses } from "./rates.ts"
import { type Asked, isPlain, type Served, servedAs } from "./serviceTier.ts"

export interface Bound extends Asked, Readonly<Partial<Record<Kind, number | undefined>>> {
  readonly cacheTtl?: CacheTtl | undefined
  /** What is billed otherwise than by tokens. */
  readonly units?: Readonly<Partial<Record<Unit, number | undefined>>> | undefined
}

/** The dearest of all tiers that a prompt of so many tokens can reach. */
export const mostOf = ({ factors, rates, tiers }: Pricing, bound: Bound): Money.Money => {
  const prompt = (bound.input ?? 0) + (bound.audioInput ?? 0) + (bound.imageInput ?? 0)
  const served = servedAs(factors, bound, undefined)
  let most = inTier(rates, bound, served)
  for (const tier of tiers) if (prompt > tier.above) most = Money.max(most, inTier(tier.rates, bound, served))
  return most
}

const kinds: ReadonlyArray<Kind> = ["input", "audioInput", "imageInput", "output"]

const inTier = (rates: Rates, bound: Bound, served: Served): Money.Money => {
  let sum = Money.zero
  for (const kind of kinds) {
    const tokens = bound[kind] ?? 0
    if (tokens > 0) sum = Money.add(sum, dearest(rates, { kind, tokens, cacheTtl: bound.cacheTtl, served }))
  }
  if (bound.units === undefined) return sum
  for (const name of unitClasses) {
    const [rate, quantity = 0] = [rates[name], bound.units[name]]
    if (rate === undefined || quantity === 0) continue
    sum = Money.add(sum, unitAmountOf(name, { rate, quantity: Math.ceil(quantity), factor: served.factorOf(name) }))
  }
  return sum
}

interface Amount {
  readonly kind: Kind
  readonly tokens: number
  readonly cacheTtl: CacheTtl | undefined
  readonly served: Served
}

const dearest = (rates: Rates, { cacheTtl, kind, served, tokens }: Amount): Money.Money => {
  // Where no class has a factor of its own, the highest rate makes the highest amount: one product in place of six.
  if (isPlain(served)) return Money.times(highestOf(rates, kind, cacheTtl), tokens)
  let most = Money.zero
  for (const name of classesOf(kind, cacheTtl)) {
    most = Money.max(most, amountOf(rateOf(rates, name) ?? Money.zero, tokens, served.factorOf(name)))
  }
  return most
}
