/**
 * DeepSeek's prices: https://api-docs.deepseek.com/quick_start/pricing
 *
 * They change often. Since August 2026 they double in the office hours of Beijing, 01:00 to 04:00 and 06:00 to 10:00 UTC.
 * Weekends and Chinese holidays are billed as off-peak there; they are priced as peak here, which is never too little.
 */

import * as Price from "../../../Price.ts"

type More = Partial<Price.Entry>

const checkedOn = "2026-11-24"

const page = "https://api-docs.deepseek.com/quick_start/pricing"

const entry = (model: string, perMillion: Price.PriceList, more?: More): Price.Price =>
  Price.make({ provider: "deepseek", model, perMillion, source: page, checkedOn, ...more })

const limits = { contextWindow: 1_000_000, maxOutputTokens: 393_216 }

const peak = {
  hours: [
    ["01:00:00Z", "04:00:00Z"],
    ["06:00:00Z", "10:00:00Z"],
  ],
} as const

const byTheHour = "2026-08-16T16:00:00Z"

const flash = (model: string): ReadonlyArray<Price.Price> => [
  entry(model, { input: "$0.15", cacheRead: "$0.003", output: "$0.60" }, limits),
  entry(model, { input: "$0.30", cacheRead: "$0.006", output: "$1.20" }, { ...limits, ...peak }),
]

export const deepseek: ReadonlyArray<Price.Price> = [
  ...flash("deepseek-flash"),
  // The old name of the same.
  ...flash("deepseek-v4-flash"),
  entry(
    "deepseek-v4-pro",
    { input: "$0.435", cacheRead: "$0.003625", output: "$0.87" },
    {
      ...limits,
      until: byTheHour,
    },
  ),
  entry("deepseek-v4-pro", { input: "$0.66", cacheRead: "$0.022", output: "$1.98" }, { ...limits, from: byTheHour }),
  entry(
    "deepseek-v4-pro",
    { input: "$1.32", cacheRead: "$0.044", output: "$3.96" },
    {
      ...limits,
      ...peak,
      from: byTheHour,
    },
  ),
  // V3, and R1 behind the second name, at their prices of February 2025.
  entry(
    "deepseek-chat",
    { input: "$0.27", cacheRead: "$0.07", output: "$1.10" },
    {
      contextWindow: 64_000,
      maxOutputTokens: 8_192,
    },
  ),
  entry(
    "deepseek-reasoner",
    { input: "$0.55", cacheRead: "$0.14", output: "$2.19" },
    {
      contextWindow: 64_000,
      maxOutputTokens: 64_000,
    },
  ),
]
