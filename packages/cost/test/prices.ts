/**
 * Prices for the tests, in three vendors' ways.
 */

import { Price } from "@holdfast/cost"

export const source = { source: "https://prices.example", checkedOn: "2026-11-24" }

export const half = { numerator: 1n, denominator: 2n }
const double = { numerator: 2n, denominator: 1n }
const tenthMore = { numerator: 11n, denominator: 10n }

export const claude = Price.make({
  provider: "anthropic",
  model: "claude",
  perMillion: {
    input: "$3",
    cacheRead: "$0.30",
    cacheWrite5m: "$3.75",
    cacheWrite1h: "$6",
    output: "$15",
    webSearch: "$10",
  },
  tiers: [
    {
      above: 200_000,
      perMillion: { input: "$6", cacheRead: "$0.60", cacheWrite5m: "$7.50", cacheWrite1h: "$12", output: "$22.50" },
    },
  ],
  factors: { batch: half, regional: tenthMore },
  ...source,
})

export const gpt = Price.make({
  provider: "openai",
  model: "gpt",
  perMillion: {
    input: "$1",
    cacheRead: "$0.05",
    cacheWrite30m: "$1.25",
    cacheWrite12h: "$2.50",
    audioInput: "$32",
    output: "$5",
    reasoning: "$6",
    audioOutput: "$64",
  },
  factors: { batch: half, flex: half, priority: double, fast: double },
  ...source,
})

export const gemini = Price.make({
  provider: "google",
  model: "gemini",
  perMillion: { input: "$0.10", cacheRead: "$0.025", audioInput: "$0.70", audioCacheRead: "$0.175", output: "$0.40" },
  ...source,
})

/** A usage of which only the given counts are known. The output is nothing if left out. */
export const usage = (input: Price.Usage["inputTokens"], output: Price.Usage["outputTokens"] = { total: 0 }) => ({
  inputTokens: input,
  outputTokens: output,
})
