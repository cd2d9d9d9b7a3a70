/**
 * How a request was served, and by what factor that changes its price.
 */

import { type Json, text } from "@holdfast/core/provider/Json"

import type * as Money from "../../Money.ts"
import { type BilledClass, statedTier } from "./billing.ts"

export type ServiceTier = "standard" | "batch" | "flex" | "priority" | "fast"

/** The factor of each class that has another one than the rest. */
export type ClassFactors = Readonly<Partial<Record<BilledClass, Money.Ratio>>>

export interface Factors {
  readonly batch?: Money.Ratio | undefined
  readonly flex?: Money.Ratio | undefined
  readonly priority?: Money.Ratio | undefined
  readonly fast?: Money.Ratio | undefined
  readonly regional?: Money.Ratio | undefined
  /** For classes to which another factor applies: a batch of Gemini's pays the full price for what came from a cache. */
  readonly byClass?: Readonly<Partial<Record<Factor, ClassFactors>>> | undefined
}

/** What has a factor. */
export type Factor = "batch" | "flex" | "priority" | "fast" | "regional"

export interface Asked {
  readonly serviceTier?: ServiceTier | undefined
  readonly regional?: boolean | undefined
  readonly finishMetadata?: Readonly<Record<string, unknown>> | undefined
}

export interface Served {
  /** All factors of a class in one; `undefined` where none applies. */
  readonly factorOf: (name: BilledClass) => Money.Ratio | undefined
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
  const known = names.filter((name): name is Factor => isFactor(name) && factors[name] !== undefined)
  return {
    factorOf: (name) => productOf(factors, known, name),
    unpriced: names.filter((name) => !known.includes(name as Factor)),
  }
}

const isFactor = (name: string): name is Factor => factorNames.has(name)

const factorNames: ReadonlySet<string> = new Set<Factor>(["batch", "flex", "priority", "fast", "regional"])

const asEverybody: Served = { factorOf: () => undefined, unpriced: [] }

/** Whether no factor applies to anything. */
export const isPlain = (served: Served): boolean => served === asEverybody

// Searches are billed by the call, however the tokens around them were served.
const productOf = (factors: Factors, names: ReadonlyArray<Factor>, billed: BilledClass): Money.Ratio | undefined => {
  let all: Money.Ratio | undefined
  for (const name of names) {
    const own = factors.byClass?.[name]?.[billed]
    const one = own ?? (billed === "webSearch" ? undefined : factors[name])
    if (one !== undefined) all = all === undefined ? one : product(all, one)
  }
  return all
}

// The answers of a batch say that they were served as usual. A request for priority may have been served without it.
const tierOf = (asked: ServiceTier | undefined, said: string | undefined): string | undefined => {
  const tier = asked === "batch" ? asked : (said?.toLowerCase() ?? asked)
  return tier === undefined || plain.has(tier) ? undefined : tier
}

const product = (one: Money.Ratio, other: Money.Ratio): Money.Ratio => ({
  numerator: one.numerator * other.numerator,
  denominator: one.denominator * other.denominator,
})
