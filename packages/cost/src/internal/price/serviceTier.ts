/**
 * How a request was served, and by what factor that changes its price.
 */

import { type Json, text } from "@holdfast/core/provider/Json"

import type * as Money from "../../Money.ts"
import { statedTier } from "./billing.ts"

export type ServiceTier = "standard" | "batch" | "flex" | "priority" | "fast"

export interface Factors {
  readonly batch?: Money.Ratio | undefined
  readonly flex?: Money.Ratio | undefined
  readonly priority?: Money.Ratio | undefined
  readonly fast?: Money.Ratio | undefined
  readonly regional?: Money.Ratio | undefined
}

export interface Asked {
  readonly serviceTier?: ServiceTier | undefined
  readonly regional?: boolean | undefined
  readonly finishMetadata?: Readonly<Record<string, unknown>> | undefined
}

export interface Served {
  /** All factors in one; `undefined` where none applies. */
  readonly factor: Money.Ratio | undefined
  /** Ways of being served for which the price has no factor. */
  readonly unpriced: ReadonlyArray<string>
}

// Vendors' words for being served as everybody is.
const plain = new Set(["standard", "default", "auto", "unspecified", "on_demand", "standard_only"])

/** What the vendor says of an answer, where it says something; and what was asked for otherwise. */
export const servedAs = (factors: Factors, asked: Asked, raw: Json | undefined): Served => {
  const tier = tierOf(asked.serviceTier, statedTier(asked.finishMetadata) ?? text(raw, "service_tier"))
  const isFast = tier !== "fast" && text(raw, "speed") === "fast"
  const isRegional = asked.regional ?? text(raw, "inference_geo") === "us"
  if (tier === undefined && !isFast && !isRegional) return asEverybody
  const names = [tier, isFast ? "fast" : undefined, isRegional ? "regional" : undefined].filter(
    (name) => name !== undefined,
  )
  const known = names.flatMap((name) => factorOf(factors, name) ?? [])
  return {
    factor: known.length === 0 ? undefined : known.reduce(product),
    unpriced: names.filter((name) => factorOf(factors, name) === undefined),
  }
}

const factorOf = (factors: Factors, name: string): Money.Ratio | undefined =>
  Object.hasOwn(factors, name) ? factors[name as keyof Factors] : undefined

const asEverybody: Served = { factor: undefined, unpriced: [] }

// The answers of a batch say that they were served as usual. A request for priority may have been served without it.
const tierOf = (asked: ServiceTier | undefined, said: string | undefined): string | undefined => {
  const tier = asked === "batch" ? asked : (said?.toLowerCase() ?? asked)
  return tier === undefined || plain.has(tier) ? undefined : tier
}

const product = (one: Money.Ratio, other: Money.Ratio): Money.Ratio => ({
  numerator: one.numerator * other.numerator,
  denominator: one.denominator * other.denominator,
})
