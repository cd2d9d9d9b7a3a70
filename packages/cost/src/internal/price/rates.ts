/**
 * What one token of each class costs, or one of whatever else is billed.
 */

import { memoize } from "@holdfast/core/provider/JsonSchemas"
import { Record, Result } from "effect"

import * as Money from "../../Money.ts"
import { type BilledClass, type CacheTtl, classes } from "./billing.ts"

/**
 * Dollars for a million tokens, as vendors write them. `webSearch` is for a thousand searches, `characters` for a million of
 * them, `seconds` for an hour of sound, `images` and `requests` for one.
 */
export type PriceList = Readonly<Partial<Record<BilledClass, Money.Input>>>

/** What one token costs, or one search, character, image or request, or an hour in the class `seconds`. */
export type Rates = Readonly<Partial<Record<BilledClass, Money.Money>>>

/** Throws a `RangeError` for what is no amount, or not whole for one token. */
export const ratesOf = (list: PriceList): Rates => {
  const rates: Partial<Record<BilledClass, Money.Money>> = {}
  for (const name of classes) {
    const amount = list[name]
    if (amount !== undefined) rates[name] = each(name, amount)
  }
  return rates
}

/** What one token costs of a million. Throws a `RangeError` for what is no amount, or not whole for one token. */
export const eachOfMillion = (name: string, amount: Money.Input): Money.Money => per(name, amount, 1_000_000n)

const each = (name: BilledClass, amount: Money.Input): Money.Money =>
  per(name, amount, unitsPerPrice[name] ?? 1_000_000n)

const per = (name: string, amount: Money.Input, units: bigint): Money.Money => {
  const parsed = Money.fromInput(amount)
  if (Result.isFailure(parsed)) throw new RangeError(`${name}: ${parsed.failure.message}`)
  if (parsed.success < 0n || parsed.success % units !== 0n) {
    throw new RangeError(`${name}: ${Money.format(parsed.success)} is not whole for one token`)
  }
  return Money.fromPicodollars(parsed.success / units)
}

/** How many of a class a price is for, where that is not a million. */
const unitsPerPrice: Readonly<Partial<Record<BilledClass, bigint>>> = {
  webSearch: 1_000n,
  // Few prices of an hour are whole picodollars for a second, so a second has none: see `amountOf`.
  seconds: 1n,
  images: 1n,
  requests: 1n,
}

/** What is billed otherwise than by tokens, in operations that are no chats. */
export const unitClasses = ["characters", "seconds", "images", "requests"] as const

export type Unit = (typeof unitClasses)[number]

/** What is not priced by itself costs what this costs: a vendor that names no price for it bills it so. */
const otherwise: Readonly<Partial<Record<BilledClass, BilledClass>>> = {
  audioInput: "input",
  imageInput: "input",
  cacheRead: "input",
  audioCacheRead: "cacheRead",
  cacheWrite5m: "input",
  cacheWrite30m: "cacheWrite5m",
  cacheWrite1h: "cacheWrite30m",
  cacheWrite12h: "cacheWrite1h",
  reasoning: "output",
  audioOutput: "output",
  imageOutput: "output",
}

/** The rate of a class, its own or the one that stands in for it. */
export const rateOf = (rates: Rates, name: BilledClass): Money.Money | undefined => {
  const own = rates[name]
  if (own !== undefined) return own
  const next = otherwise[name]
  return next === undefined ? undefined : rateOf(rates, next)
}

/** Whether a write to a cache is billed at the rate of another lifetime, which is a guess. */
export const isGuessed = (rates: Rates, name: BilledClass): boolean =>
  name.startsWith("cacheWrite") && rates[name] === undefined && writes.some((write) => rates[write] !== undefined)

const writes = classes.filter((name) => name.startsWith("cacheWrite"))

/** The lifetime that a vendor gives a cache if nobody asks for another. */
export const shortestWrite = (rates: Rates): CacheTtl => {
  for (const { name, ttl } of lifetimes) if (rates[name] !== undefined) return ttl
  return "5m"
}

const lifetimes = (["5m", "30m", "1h", "12h"] as const).map((ttl) => ({ ttl, name: `cacheWrite${ttl}` as const }))

/** A token of each kind, as a request is estimated. */
export type Kind = "input" | "audioInput" | "imageInput" | "output"

/** The classes in which a token of a kind may end up being billed. What is written to a cache may have any lifetime. */
export const classesOf = (kind: Kind, cacheTtl: CacheTtl | undefined): ReadonlyArray<BilledClass> =>
  cacheTtl === undefined || kind === "output" ? withAnyWrite[kind] : [...reads[kind], `cacheWrite${cacheTtl}` as const]

const reads = {
  input: ["input", "cacheRead"],
  audioInput: ["audioInput", "audioCacheRead"],
  imageInput: ["imageInput", "cacheRead"],
} as const

const withAnyWrite: Readonly<Record<Kind, ReadonlyArray<BilledClass>>> = {
  input: [...reads.input, ...writes],
  audioInput: [...reads.audioInput, ...writes],
  imageInput: [...reads.imageInput, ...writes],
  output: ["output", "reasoning", "audioOutput", "imageOutput"],
}

/** The highest rate that a token of a kind may end up with. */
export const highestOf = (rates: Rates, kind: Kind, cacheTtl: CacheTtl | undefined): Money.Money =>
  cacheTtl === undefined ? highestOfAll(rates)[kind] : highestIn(rates, classesOf(kind, cacheTtl))

// Every attempt asks for the same few.
const highestOfAll = memoize((rates: Rates) => Record.map(withAnyWrite, (names) => highestIn(rates, names)))

const highestIn = (rates: Rates, names: ReadonlyArray<BilledClass>): Money.Money => {
  let most = Money.zero
  for (const name of names) {
    const rate = rateOf(rates, name)
    if (rate !== undefined && rate > most) most = rate
  }
  return most
}
