/**
 * How OpenAI's price lists are written down, and what its families of models share.
 */

import * as Price from "../../../Price.ts"
import { double, half, one, tenthMore, twoAndAHalf } from "./factors.ts"
import { genaiPrices, llmPrices, modelsDev } from "./sources.ts"

type More = Partial<Price.Entry>

const checkedOn = "2026-11-28"

export const page = "https://developers.openai.com/api/docs/pricing"

export const read = [page, genaiPrices] as const

const readTwice = [page, genaiPrices, llmPrices] as const

export const entry = (model: string, date: string, perMillion: Price.PriceList, more?: More): Price.Price =>
  Price.make({ provider: "openai", model, perMillion, from: day(date), source: read, checkedOn, ...more })

export const day = (date: string): string => `${date}T00:00:00Z`

export const longPrompt = (perMillion: Price.PriceList): Pick<Price.Entry, "tiers"> => ({
  tiers: [{ above: 272_000, perMillion }],
})

export const discounts: Price.Factors = { batch: half, flex: half }

/** A batch in which what comes from a cache costs what plain input costs: by so much more than a read of its own. */
export const batches = (cacheRead: typeof one): Price.Factors => ({ batch: half, byClass: { batch: { cacheRead } } })

export const hurried: Price.Factors = { ...discounts, priority: double, fast: double, regional: tenthMore }

export const gpt6 = { factors: hurried, contextWindow: 1_050_000, maxOutputTokens: 128_000 }

export const gpt54 = { ...gpt6, source: readTwice }

export const gpt55 = { ...gpt54, factors: { ...hurried, priority: twoAndAHalf, fast: twoAndAHalf } }

/** What priority cost before it was fast mode is not known. */
export const gpt56 = { ...gpt54, factors: { ...discounts, regional: tenthMore } }

export const gpt5 = {
  factors: { ...discounts, priority: double },
  contextWindow: 400_000,
  maxOutputTokens: 128_000,
  source: readTwice,
}

export const discounted = { ...gpt5, factors: discounts }

/** Neither in batches nor with flex. */
export const codex = { ...gpt5, factors: { priority: double }, source: [page, genaiPrices, modelsDev] } as const

export const professional = { ...gpt5, factors: { batch: half }, source: readTwice }

export const gpt41 = { factors: batches(double), contextWindow: 1_047_576, maxOutputTokens: 32_768, source: readTwice }

export const gpt4o = { factors: batches(one), contextWindow: 128_000, maxOutputTokens: 16_384, source: readTwice }

export const o = { factors: batches(one), contextWindow: 200_000, maxOutputTokens: 100_000, source: readTwice }

export const flexible = { ...o, factors: { ...batches(double), flex: half } }
