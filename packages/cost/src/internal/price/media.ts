/**
 * From what a vendor reported of images, speech, transcripts and moderation to what it bills, class by class.
 *
 * Which of the counts are billed only the price says: a model that is billed by the second has none for tokens. What has a
 * price and was not counted is unknown.
 */
import { type MediaTokens, type MediaUsage } from "@holdfast/core/MediaUsage"
import { field, record } from "@holdfast/core/provider/Json"
import { Predicate } from "effect"

import { type Billed, type BilledClass } from "./billing.ts"
import { rateOf, type Rates } from "./rates.ts"

/** What was counted in media, where the answer is of a model that is no chat. */
export const mediaUsage = (metadata: Readonly<Record<string, unknown>> | undefined): MediaUsage | undefined =>
  record(field(metadata?.["holdfast"], "media"))

type Quantities = Partial<Record<BilledClass, number>>

type Side = "input" | "output"

export const billedMedia = (usage: MediaUsage, rates: Rates): Billed => {
  const quantities: Quantities = {}
  const unknown = new Set<Side>()
  for (const name of units) {
    if (rates[name] === undefined) continue
    const counted = amount(usage[name])
    if (counted === undefined) unknown.add(name === "images" ? "output" : "input")
    else if (counted > 0) quantities[name] = counted
  }
  for (const side of ["input", "output"] as const) {
    if (rateOf(rates, side) === undefined && sides[side].every(([, name]) => rates[name] === undefined)) continue
    const tokens = tokensOf(side === "input" ? usage.inputTokens : usage.outputTokens, { side, rates })
    if (tokens === undefined) unknown.add(side)
    else Object.assign(quantities, tokens)
  }
  return { quantities, promptTokens: amount(usage.inputTokens?.total) ?? 0, unknown: [...unknown].toSorted() }
}

const units = ["characters", "seconds", "images", "requests"] as const

const sides = {
  input: [
    ["text", "input"],
    ["image", "imageInput"],
    ["audio", "audioInput"],
    ["cached", "cacheRead"],
    ["cachedAudio", "audioCacheRead"],
  ],
  output: [
    ["text", "output"],
    ["image", "imageOutput"],
    ["audio", "audioOutput"],
  ],
} as const satisfies Record<Side, ReadonlyArray<readonly [keyof MediaTokens, BilledClass]>>

interface Asked {
  readonly side: Side
  readonly rates: Rates
}

/**
 * The tokens of a side by class; `undefined` where they cannot be told. Of a total whose parts are not known, it can where
 * all classes cost the same.
 */
const tokensOf = (tokens: MediaTokens | undefined, { rates, side }: Asked): Quantities | undefined => {
  const total = amount(tokens?.total)
  // No prompt is empty, and neither is an answer: servers that do not count send zeros.
  if (total === undefined || total === 0) return undefined
  const quantities: Quantities = {}
  let rest = total
  for (const [part, name] of sides[side]) {
    const stated = tokens?.[part]
    if (stated === undefined) continue
    const counted = amount(stated)
    if (counted === undefined || counted > rest) return undefined
    rest -= counted
    if (counted > 0) quantities[name] = counted
  }
  if (rest === 0) return quantities
  const [first, ...others] = sides[side]
    // What is not said to come from a cache does not.
    .filter(([part]) => tokens?.[part] === undefined && !part.startsWith("cached"))
    .map(([, name]) => ({ name, rate: rateOf(rates, name) }))
  if (first === undefined || others.some(({ rate }) => rate !== first.rate)) return undefined
  quantities[first.name] = rest
  return quantities
}

const amount = (value: unknown): number | undefined =>
  Predicate.isNumber(value) && Number.isSafeInteger(value) && value >= 0 ? value : undefined
