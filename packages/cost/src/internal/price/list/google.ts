/**
 * Google's prices: https://ai.google.dev/gemini-api/docs/pricing
 *
 * Batches and flex cost half. What priority costs differs from model to model and is not listed. A cache that was made on
 * purpose also costs by the hour, which no answer reports.
 */

import * as Price from "../../../Price.ts"
import { half } from "./factors.ts"

type More = Partial<Price.Entry>

const checkedOn = "2026-11-24"

const page = "https://ai.google.dev/gemini-api/docs/pricing"

const entry = (model: string, perMillion: Price.PriceList, more?: More): Price.Price =>
  Price.make({ provider: "google", model, perMillion, source: page, checkedOn, ...more })

const gemini = { factors: { batch: half, flex: half }, contextWindow: 1_048_576, maxOutputTokens: 65_536 }

const retired = { ...gemini, maxOutputTokens: 8_192 }

const above = (tokens: number, perMillion: Price.PriceList): Pick<Price.Entry, "tiers"> => ({
  tiers: [{ above: tokens, perMillion }],
})

const firstOfDecember = "2026-12-01T00:00:00Z"

const newYear = "2027-01-01T00:00:00Z"

const gemini4 = (model: string): ReadonlyArray<Price.Price> => [
  entry(model, { input: "$2", cacheRead: "$0.10", output: "$10" }, { ...gemini, until: firstOfDecember }),
  entry(model, { input: "$4", cacheRead: "$0.20", output: "$20" }, { ...gemini, from: firstOfDecember }),
]

/** At half of their price until the end of the year. */
const flash = (model: string): ReadonlyArray<Price.Price> => [
  entry(model, { input: "$0.75", cacheRead: "$0.075", output: "$3.75" }, { ...gemini, until: newYear }),
  entry(model, { input: "$1.50", cacheRead: "$0.15", output: "$7.50" }, { ...gemini, from: newYear }),
]

const pro3 = (model: string): Price.Price =>
  entry(
    model,
    { input: "$2", cacheRead: "$0.20", output: "$12" },
    {
      ...gemini,
      ...above(200_000, { input: "$4", cacheRead: "$0.40", output: "$18" }),
    },
  )

export const google: ReadonlyArray<Price.Price> = [
  ...gemini4("gemini-4-argon"),
  ...gemini4("gemini-4-carbon"),
  ...flash("gemini-3.8-flash"),
  ...flash("gemini-3.7-flash"),
  ...flash("gemini-3.6-flash"),
  entry("gemini-3.5-flash", { input: "$1.50", cacheRead: "$0.15", output: "$9" }, gemini),
  entry("gemini-3.5-flash-lite", { input: "$0.30", cacheRead: "$0.03", output: "$2.50" }, gemini),
  pro3("gemini-3.1-pro-preview"),
  pro3("gemini-3-pro-preview"),
  entry(
    "gemini-3.1-flash-lite",
    { input: "$0.25", cacheRead: "$0.025", audioInput: "$0.50", audioCacheRead: "$0.05", output: "$1.50" },
    gemini,
  ),
  entry(
    "gemini-2.5-pro",
    { input: "$1.25", cacheRead: "$0.125", output: "$10" },
    {
      ...gemini,
      ...above(200_000, { input: "$2.50", cacheRead: "$0.25", output: "$15" }),
    },
  ),
  entry(
    "gemini-2.5-flash",
    { input: "$0.30", cacheRead: "$0.03", audioInput: "$1", audioCacheRead: "$0.10", output: "$2.50" },
    gemini,
  ),
  entry(
    "gemini-2.5-flash-lite",
    { input: "$0.10", cacheRead: "$0.01", audioInput: "$0.30", audioCacheRead: "$0.03", output: "$0.40" },
    gemini,
  ),
  entry(
    "gemini-2.0-flash",
    { input: "$0.10", cacheRead: "$0.025", audioInput: "$0.70", audioCacheRead: "$0.175", output: "$0.40" },
    retired,
  ),
  entry(
    "gemini-1.5-pro",
    { input: "$1.25", cacheRead: "$0.3125", output: "$5" },
    {
      ...retired,
      ...above(128_000, { input: "$2.50", cacheRead: "$0.625", output: "$10" }),
      contextWindow: 2_097_152,
    },
  ),
  entry(
    "gemini-1.5-flash",
    { input: "$0.075", cacheRead: "$0.01875", output: "$0.30" },
    {
      ...retired,
      ...above(128_000, { input: "$0.15", cacheRead: "$0.0375", output: "$0.60" }),
    },
  ),
  entry("gemini-embedding-001", { input: "$0.15" }, { factors: { batch: half } }),
  entry(
    "gemini-embedding-2",
    { input: "$0.20", audioInput: "$6.50", imageInput: "$0.45" },
    { factors: { batch: half } },
  ),
]
