/**
 * Reads the data of `@pydantic/genai-prices`. Only what it says of whole names is taken, not its rules for prefixes, by
 * which a new model gets the price of an older one.
 */

import { type Json, field, list, record, text } from "@holdfast/core/provider/Json"
import { Result } from "effect"

import type * as Money from "../../Money.ts"
import * as Price from "../../Price.ts"
import { type BilledClass } from "./billing.ts"

/** The vendors' names there and here, and how long what is written to their caches lives. */
export const vendors = {
  anthropic: { provider: "anthropic", write: "cacheWrite5m" },
  deepseek: { provider: "deepseek", write: "cacheWrite5m" },
  google: { provider: "google", write: "cacheWrite5m" },
  groq: { provider: "groq", write: "cacheWrite5m" },
  mistral: { provider: "mistral_ai", write: "cacheWrite5m" },
  moonshotai: { provider: "moonshotai", write: "cacheWrite5m" },
  openai: { provider: "openai", write: "cacheWrite30m" },
  "x-ai": { provider: "x_ai", write: "cacheWrite5m" },
} as const

export type Vendor = keyof typeof vendors

/** All prices of one vendor. What cannot be read is left out, and so not known. */
export const pricesOf = (vendor: Vendor, data: unknown): ReadonlyArray<Price.Price> =>
  list(data, "models").flatMap((model) =>
    conditionsOf(model).flatMap((condition) => {
      const names = [...new Set([text(model, "id") ?? "", ...exactNames(field(model, "match"))])].filter(Boolean)
      return names.flatMap((name) =>
        priceOf(vendor, name, { ...condition, contextWindow: field(model, "context_window") }),
      )
    }),
  )

/** What a rule says of whole names; a prefix is one, too. */
const exactNames = (rule: unknown): ReadonlyArray<string> => {
  const either = list(rule, "or")
  if (either.length > 0) return either.flatMap(exactNames)
  const name = text(rule, "equals") ?? text(rule, "starts_with") ?? text(rule, "contains") ?? text(rule, "ends_with")
  return name === undefined ? [] : [name.replace(/[-.@]$/, "")]
}

interface Condition {
  readonly prices: Json
  readonly constraint: unknown
  readonly contextWindow?: unknown
}

// Later conditions go before earlier ones, as in our own book.
const conditionsOf = (model: unknown): ReadonlyArray<Condition> => {
  const prices = field(model, "prices")
  if (!Array.isArray(prices)) return [{ prices: record(prices) ?? {}, constraint: undefined }]
  return (prices as ReadonlyArray<unknown>).map((each) => ({
    prices: record(field(each, "prices")) ?? {},
    constraint: field(each, "constraint"),
  }))
}

const periodOf = (constraint: unknown): Pick<Price.Entry, "from" | "hours"> => {
  const start = text(constraint, "start_date")
  if (start !== undefined) return { from: `${start}T00:00:00Z` }
  const [from, until] = [text(constraint, "start_time"), text(constraint, "end_time")]
  return from === undefined || until === undefined ? {} : { hours: [[from, until]] }
}

const priceOf = (vendor: Vendor, model: string, condition: Condition): ReadonlyArray<Price.Price> => {
  const { provider, write } = vendors[vendor]
  const made = Result.try(() => {
    const levels = [
      ...new Set(
        Object.values(condition.prices)
          .flatMap((price) => list(price, "tiers"))
          .map(startOf),
      ),
    ]
    return Price.make({
      provider,
      model,
      perMillion: listAt(condition.prices, -1, write),
      tiers: levels.map((above) => ({ above, perMillion: listAt(condition.prices, above, write) })),
      ...periodOf(condition.constraint),
      contextWindow: typeof condition.contextWindow === "number" ? condition.contextWindow : undefined,
      source: "https://github.com/pydantic/genai-prices",
      checkedOn: "",
    })
  })
  if (Result.isFailure(made)) return []
  const { input, seconds } = made.success.rates
  return input === undefined && seconds === undefined ? [] : [made.success]
}

const startOf = (tier: unknown): number => Number(field(tier, "start"))

const classes: Readonly<Record<string, BilledClass>> = {
  input_mtok: "input",
  output_mtok: "output",
  cache_read_mtok: "cacheRead",
  cache_write_1h_mtok: "cacheWrite1h",
  input_audio_mtok: "audioInput",
  output_audio_mtok: "audioOutput",
  cache_audio_read_mtok: "audioCacheRead",
  input_image_mtok: "imageInput",
  output_image_mtok: "imageOutput",
  web_searches_kcount: "webSearch",
  input_audio_hours: "seconds",
}

/** The prices with a prompt just longer than so many tokens. */
const listAt = (prices: Json, above: number, write: BilledClass): Price.PriceList => {
  const amounts: Partial<Record<BilledClass, Money.Input>> = {}
  for (const [key, price] of Object.entries(prices)) {
    const name = key === "cache_write_mtok" ? write : classes[key]
    if (name !== undefined) amounts[name] = dollars(amountAt(price, above))
  }
  return amounts
}

const amountAt = (price: unknown, above: number): number => {
  const tiers = list(price, "tiers").filter((tier) => startOf(tier) <= above)
  const reached = tiers.toSorted((one, other) => startOf(one) - startOf(other)).at(-1)
  return Number(reached === undefined ? (field(price, "base") ?? price) : field(reached, "price"))
}

// Six decimals of a dollar are whole for one token of a million. Anything finer is refused, not rounded.
const dollars = (amount: number): Money.Input => {
  const decimal = amount.toFixed(6)
  if (Number(decimal) !== amount) throw new RangeError(`${amount} is not whole for one token`)
  return `$${decimal as `${number}`}`
}
