/**
 * Google's prices: https://ai.google.dev/gemini-api/docs/pricing
 *
 * Batches and flex cost half, except that a batch pays the full price for what comes from a cache. Priority costs 1.8
 * times as much where its page says so; with other models it is not listed. A cache that was made on purpose also costs
 * by the hour, which no answer reports: 4.50 dollars for a million tokens with Pro models, and 1 dollar with Flash models, half of it as long
 * as these are introduced at half of their price (comments of genai-prices).
 */

import * as Price from "../../../Price.ts"
import { fourFifthsMore, half, one } from "./factors.ts"
import { genaiPrices, llmPrices, modelsDev } from "./sources.ts"

type More = Partial<Price.Entry>

const checkedOn = "2026-11-28"

const page = "https://ai.google.dev/gemini-api/docs/pricing"

const entry = (model: string, date: string, perMillion: Price.PriceList, more?: More): Price.Price =>
  Price.make({
    provider: "google",
    model,
    perMillion,
    from: day(date),
    source: [page, genaiPrices],
    checkedOn,
    ...more,
  })

const day = (date: string): string => `${date}T00:00:00Z`

const until = (date: string): More => ({ until: day(date) })

const batchOnly: Price.Factors = { batch: half, byClass: { batch: { cacheRead: one, audioCacheRead: one } } }

const discounts: Price.Factors = { ...batchOnly, flex: half }

const gemini = { factors: discounts, contextWindow: 1_048_576, maxOutputTokens: 65_536 }

const hurried = { ...gemini, factors: { ...discounts, priority: fourFifthsMore } }

const gemini2 = { ...gemini, factors: batchOnly, maxOutputTokens: 8_192 }

const gemini15 = { ...gemini2, factors: {} }

const above = (tokens: number, perMillion: Price.PriceList): Pick<Price.Entry, "tiers"> => ({
  tiers: [{ above: tokens, perMillion }],
})

const firstOfDecember = "2026-12-01"

const gemini4 = (model: string, date: string, source: string): ReadonlyArray<Price.Price> => [
  entry(
    model,
    date,
    { input: "$2", cacheRead: "$0.10", output: "$10" },
    {
      ...hurried,
      ...until(firstOfDecember),
      source: [page, source],
    },
  ),
  entry(
    model,
    firstOfDecember,
    { input: "$4", cacheRead: "$0.20", output: "$20" },
    {
      ...hurried,
      source: [page, source],
    },
  ),
]

const whole: Price.PriceList = { input: "$1.50", cacheRead: "$0.15", output: "$7.50" }

const halved: Price.PriceList = { input: "$0.75", cacheRead: "$0.075", output: "$3.75" }

const newYear = "2027-01-01"

/** Introduced at half of their price, which ends with the year. */
const introduced = "2026-08-13"

const ofPro: More = { cacheStorage: "$4.50" }

const ofFlash: More = { cacheStorage: "$1" }

const introducedStorage: More = { cacheStorage: "$0.50" }

const flash = (model: string, date: string): ReadonlyArray<Price.Price> => [
  entry(model, date, halved, { ...hurried, ...introducedStorage, ...until(newYear), source: [page, genaiPrices] }),
  entry(model, newYear, whole, { ...hurried, ...ofFlash }),
]

const pro3 = (model: string, date: string): Price.Price =>
  entry(
    model,
    date,
    { input: "$2", cacheRead: "$0.20", output: "$12" },
    {
      ...gemini,
      ...ofPro,
      ...above(200_000, { input: "$4", cacheRead: "$0.40", output: "$18" }),
      source: [page, genaiPrices, llmPrices],
    },
  )

const lite31: Price.PriceList = {
  input: "$0.25",
  cacheRead: "$0.025",
  audioInput: "$0.50",
  audioCacheRead: "$0.05",
  output: "$1.50",
}

const current: ReadonlyArray<Price.Price> = [
  ...gemini4("gemini-4-argon", "2026-10-13", "https://github.com/iyulab/TokenMeter/releases/tag/v0.13.1"),
  ...gemini4("gemini-4-carbon", "2026-11-10", "https://github.com/TrazumAPP/Trazum/releases/tag/v2.7.9"),
  ...flash("gemini-3.8-flash", "2026-09-02"),
  ...flash("gemini-3.7-flash", introduced),
  entry("gemini-3.6-flash", "2026-07-21", whole, {
    ...gemini,
    ...ofFlash,
    ...until(introduced),
    source: [page, llmPrices, "https://github.com/simstudioai/sim/pull/5812"],
  }),
  ...flash("gemini-3.6-flash", introduced),
  entry(
    "gemini-3.5-flash",
    "2026-05-19",
    { input: "$1.50", cacheRead: "$0.15", output: "$9" },
    {
      ...gemini,
      source: [page, genaiPrices, llmPrices],
    },
  ),
  entry(
    "gemini-3.5-flash-lite",
    "2026-07-21",
    { input: "$0.30", cacheRead: "$0.03", output: "$2.50" },
    {
      ...gemini,
      source: [page, genaiPrices, llmPrices],
    },
  ),
  pro3("gemini-3.1-pro-preview", "2026-02-19"),
  pro3("gemini-3-pro-preview", "2025-11-18"),
  entry("gemini-3.1-flash-lite", "2026-03-03", lite31, { ...gemini, ...ofFlash }),
  entry("gemini-3.1-flash-lite-preview", "2026-03-03", lite31, {
    ...gemini,
    ...ofFlash,
    source: [page, genaiPrices, llmPrices],
  }),
  entry(
    "gemini-3-flash-preview",
    "2025-12-17",
    { input: "$0.50", cacheRead: "$0.05", audioInput: "$1", audioCacheRead: "$0.10", output: "$3" },
    { ...gemini, ...ofFlash, source: [page, genaiPrices, modelsDev] },
  ),
]

/** Reads from a cache became cheaper at some time in between. */
const cheaperReads = ["2025-10-03", "2025-11-07"] as const

interface Reads {
  readonly from: string
  readonly earlier: Price.PriceList
  readonly later: Price.PriceList
  readonly tiers?: readonly [earlier: Price.PriceList, later: Price.PriceList]
}

const gemini25 = (model: string, { earlier, from, later, tiers }: Reads): ReadonlyArray<Price.Price> => {
  const [before, after] = tiers?.map((list) => above(200_000, list)) ?? []
  const storage = model.endsWith("-pro") ? ofPro : ofFlash
  return [
    entry(model, from, earlier, {
      ...gemini,
      ...storage,
      ...before,
      ...until(cheaperReads[0]),
      source: [page, modelsDev],
    }),
    entry(model, cheaperReads[0], later, {
      ...gemini,
      ...storage,
      ...after,
      ...until(cheaperReads[1]),
      atLeast: ["cacheRead", "audioCacheRead"],
      source: [page, modelsDev],
    }),
    entry(model, cheaperReads[1], later, { ...gemini, ...storage, ...after, source: [page, genaiPrices, llmPrices] }),
  ]
}

const earlier: ReadonlyArray<Price.Price> = [
  ...gemini25("gemini-2.5-pro", {
    from: "2025-06-17",
    earlier: { input: "$1.25", cacheRead: "$0.31", output: "$10" },
    later: { input: "$1.25", cacheRead: "$0.125", output: "$10" },
    tiers: [
      { input: "$2.50", cacheRead: "$0.625", output: "$15" },
      { input: "$2.50", cacheRead: "$0.25", output: "$15" },
    ],
  }),
  ...gemini25("gemini-2.5-flash", {
    from: "2025-06-17",
    earlier: { input: "$0.30", cacheRead: "$0.075", audioInput: "$1", audioCacheRead: "$0.25", output: "$2.50" },
    later: { input: "$0.30", cacheRead: "$0.03", audioInput: "$1", audioCacheRead: "$0.10", output: "$2.50" },
  }),
  ...gemini25("gemini-2.5-flash-lite", {
    from: "2025-07-22",
    earlier: { input: "$0.10", cacheRead: "$0.025", audioInput: "$0.30", audioCacheRead: "$0.075", output: "$0.40" },
    later: { input: "$0.10", cacheRead: "$0.01", audioInput: "$0.30", audioCacheRead: "$0.03", output: "$0.40" },
  }),
  entry(
    "gemini-2.0-flash",
    "2025-02-05",
    { input: "$0.10", cacheRead: "$0.025", audioInput: "$0.70", audioCacheRead: "$0.175", output: "$0.40" },
    { ...gemini2, source: [page, genaiPrices, llmPrices] },
  ),
  entry(
    "gemini-2.0-flash-lite",
    "2025-02-25",
    { input: "$0.075", output: "$0.30" },
    {
      ...gemini2,
      source: [page, genaiPrices, llmPrices],
    },
  ),
]

/** Before their cuts of 2024 the prices of 1.5 changed too often to be known. */
const retired: ReadonlyArray<Price.Price> = [
  entry(
    "gemini-1.5-pro",
    "2024-10-01",
    { input: "$1.25", cacheRead: "$0.3125", output: "$5" },
    {
      ...gemini15,
      ...above(128_000, { input: "$2.50", cacheRead: "$0.625", output: "$10" }),
      contextWindow: 2_097_152,
      source: [page, genaiPrices, llmPrices],
    },
  ),
  entry(
    "gemini-1.5-flash",
    "2024-08-12",
    { input: "$0.075", cacheRead: "$0.01875", output: "$0.30" },
    {
      ...gemini15,
      ...above(128_000, { input: "$0.15", cacheRead: "$0.0375", output: "$0.60" }),
      source: [page, genaiPrices, llmPrices],
    },
  ),
  entry(
    "gemini-1.5-flash-8b",
    "2024-10-14",
    { input: "$0.0375", cacheRead: "$0.01", output: "$0.15" },
    {
      ...gemini15,
      ...above(128_000, { input: "$0.075", cacheRead: "$0.02", output: "$0.30" }),
      source: [page, genaiPrices, llmPrices],
    },
  ),
]

const embeddings: ReadonlyArray<Price.Price> = [
  entry(
    "gemini-embedding-001",
    "2025-07-14",
    { input: "$0.15" },
    {
      factors: { batch: half },
      source: [page, genaiPrices, modelsDev],
    },
  ),
  entry(
    "gemini-embedding-2",
    "2026-05-19",
    { input: "$0.20", audioInput: "$6.50", imageInput: "$0.45" },
    {
      factors: { batch: half },
    },
  ),
]

export const google: ReadonlyArray<Price.Price> = [...current, ...earlier, ...retired, ...embeddings]
