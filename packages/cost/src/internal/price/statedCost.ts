/**
 * What an answer itself says that it cost.
 */

import { count, field } from "@holdfast/core/provider/Json"

import * as Money from "../../Money.ts"

/**
 * The vendor's own bill, which goes before any that is made of a price list: it knows which model answered, which tools
 * ran, and every discount.
 *
 * OpenRouter states dollars (https://openrouter.ai/docs/use-cases/usage-accounting), and for a key of one's own only its
 * fee, beside what the provider behind it takes. xAI states ticks, ten thousand million of them a dollar
 * (https://docs.x.ai/developers/cost-tracking).
 */
export const statedCost = (metadata: Readonly<Record<string, unknown>> | undefined): Money.Money | undefined => {
  for (const name in metadata) {
    const usage = field(metadata[name], "usage")
    const ticks = count(usage, "cost_in_usd_ticks")
    if (ticks !== undefined) return Money.fromPicodollars(BigInt(ticks) * picodollarsPerTick)
  }
  return openRouter(field(metadata?.["openrouter"], "usage"))
}

const picodollarsPerTick = 100n

const openRouter = (usage: unknown): Money.Money | undefined => {
  const fee = dollars(usage, "cost")
  if (fee === undefined || field(usage, "is_byok") !== true) return fee
  const upstream = dollars(field(usage, "cost_details"), "upstream_inference_cost")
  return upstream === undefined ? undefined : Money.add(fee, upstream)
}

const dollars = (value: unknown, key: string): Money.Money | undefined => {
  const found = field(value, key)
  if (typeof found !== "number" || !(found >= 0) || found > maxDollars) return undefined
  return Money.fromInputUnsafe(`$${found.toFixed(12) as `${number}`}`)
}

// No answer costs a million dollars, and a number that large has no picodollars.
const maxDollars = 1_000_000
