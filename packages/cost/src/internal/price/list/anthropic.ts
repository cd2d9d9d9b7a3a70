/**
 * Anthropic's prices: https://platform.claude.com/docs/en/about-claude/pricing
 *
 * Batches cost half, what comes from a cache or goes into one included. Inference only in the US costs a tenth more from
 * 4.6 on, and in a region of a cloud from 4.5 on, and fast mode what its page says for the few models that have it. Priority Tier is paid in advance, so there is
 * no price for a single request. Searches cost the same with every model, and are halved by nothing.
 *
 * A price holds from the day on which the model came out. Retired models keep theirs: old bills are still to be read, and
 * clouds serve some of them longer.
 */

import * as Price from "../../../Price.ts"
import { double, half, sixfold, tenthMore } from "./factors.ts"
import { genaiPrices, llmPrices, modelsDev } from "./sources.ts"

type More = Partial<Price.Entry>

const checkedOn = "2026-11-28"

const page = "https://platform.claude.com/docs/en/about-claude/pricing"

const read = [page, genaiPrices] as const

/** Newer than the lists of others. */
const news = [page, "https://github.com/kurofune/claudit/releases/tag/v1.9.2"] as const

/** Input, cache read, writes for five minutes and for an hour, output. */
type Row = readonly [input: Dollars, read: Dollars, write5m: Dollars, write1h: Dollars, output: Dollars]

type Dollars = `$${number}`

const listed = ([input, cacheRead, cacheWrite5m, cacheWrite1h, output]: Row): Price.PriceList => ({
  input,
  cacheRead,
  cacheWrite5m,
  cacheWrite1h,
  output,
  webSearch: "$10",
})

const entry = (model: string, date: string, row: Row, more?: More): Price.Price =>
  Price.make({
    provider: "anthropic",
    model,
    perMillion: listed(row),
    from: day(date),
    source: read,
    checkedOn,
    ...more,
  })

const day = (date: string): string => `${date}T00:00:00Z`

const longPrompt = (above: number, row: Row): Pick<Price.Entry, "tiers"> => ({
  tiers: [{ above, perMillion: listed(row) }],
})

const newest = {
  factors: { batch: half, regional: tenthMore },
  contextWindow: 1_000_000,
  maxOutputTokens: 128_000,
}

const claude45 = { factors: { batch: half }, contextWindow: 200_000, maxOutputTokens: 64_000 }

// In a region of Bedrock or Vertex AI a tenth more, from these on.
const clouded45 = { ...claude45, factors: { batch: half, regional: tenthMore } }

const claude4 = { ...claude45, maxOutputTokens: 32_000 }

const legacy = { factors: { batch: half }, contextWindow: 200_000, maxOutputTokens: 8_192 }

const claude3 = { ...legacy, maxOutputTokens: 4_096 }

const fast = (factor: typeof double): More => ({ factors: { ...newest.factors, fast: factor } })

const sonnet: Row = ["$3", "$0.30", "$3.75", "$6", "$15"]

const longSonnet = longPrompt(200_000, ["$6", "$0.60", "$7.50", "$12", "$22.50"])

const opus: Row = ["$5", "$0.50", "$6.25", "$10", "$25"]

const dearOpus: Row = ["$15", "$1.50", "$18.75", "$30", "$75"]

// https://www.anthropic.com/news/1m-context
const longerContext = "2025-08-12"

const allLengthsAlike = "2026-03-13"

const halvedReads = "2026-10-07"

const current: ReadonlyArray<Price.Price> = [
  entry("claude-fable-5-1", "2026-09-01", ["$10", "$0.25", "$12.50", "$20", "$50"], newest),
  entry("claude-fable-5", "2026-06-09", ["$10", "$1", "$12.50", "$20", "$50"], newest),
  entry("claude-opus-5-5", "2026-09-22", ["$4", "$0.20", "$5", "$8", "$20"], newest),
  entry("claude-opus-5", "2026-07-24", opus, { ...newest, ...fast(double) }),
  entry("claude-sonnet-5-5", "2026-09-28", ["$2", "$0.20", "$2.50", "$4", "$10"], {
    ...newest,
    until: day(halvedReads),
    source: news,
  }),
  entry("claude-sonnet-5-5", halvedReads, ["$2", "$0.10", "$2.50", "$4", "$10"], { ...newest, source: news }),
  entry("claude-sonnet-5", "2026-06-30", ["$2", "$0.20", "$2.50", "$4", "$10"], newest),
  entry("claude-haiku-5-5", "2026-10-07", ["$0.10", "$0.01", "$0.125", "$0.20", "$0.50"], {
    ...newest,
    ...longPrompt(100_000, ["$0.50", "$0.05", "$0.625", "$1", "$2.50"]),
    source: news,
  }),
]

const earlier: ReadonlyArray<Price.Price> = [
  entry("claude-opus-4-8", "2026-05-28", opus, newest),
  entry("claude-opus-4-7", "2026-04-16", opus, { ...newest, ...fast(sixfold) }),
  entry("claude-opus-4-6", "2026-02-05", opus, {
    ...newest,
    ...fast(sixfold),
    ...longPrompt(200_000, ["$10", "$1", "$12.50", "$20", "$37.50"]),
    until: day(allLengthsAlike),
  }),
  entry("claude-opus-4-6", allLengthsAlike, opus, { ...newest, ...fast(sixfold) }),
  entry("claude-sonnet-4-6", "2026-02-17", sonnet, { ...newest, ...longSonnet, until: day(allLengthsAlike) }),
  entry("claude-sonnet-4-6", allLengthsAlike, sonnet, newest),
  entry("claude-haiku-4-5", "2025-10-15", ["$1", "$0.10", "$1.25", "$2", "$5"], clouded45),
  entry("claude-opus-4-5", "2025-11-24", opus, clouded45),
  entry("claude-sonnet-4-5", "2025-09-29", sonnet, { ...clouded45, ...longSonnet, contextWindow: 1_000_000 }),
  entry("claude-opus-4-1", "2025-08-05", dearOpus, claude4),
  entry("claude-opus-4", "2025-05-22", dearOpus, claude4),
  entry("claude-sonnet-4", "2025-05-22", sonnet, { ...claude45, until: day(longerContext) }),
  // No longer prompts than 200,000 tokens since 30 April 2026. Whatever is longer was sent before.
  entry("claude-sonnet-4", longerContext, sonnet, {
    ...claude45,
    ...longSonnet,
    contextWindow: 1_000_000,
    source: [page, llmPrices, "https://www.anthropic.com/news/1m-context"],
  }),
]

const dearHaiku = "2024-12-05"

const retired: ReadonlyArray<Price.Price> = [
  entry("claude-3-7-sonnet", "2025-02-24", sonnet, claude45),
  entry("claude-3-5-sonnet", "2024-06-20", sonnet, legacy),
  entry("claude-3-5-haiku", "2024-11-04", ["$1", "$0.10", "$1.25", "$2", "$5"], {
    ...legacy,
    until: day(dearHaiku),
    source: ["https://www.anthropic.com/claude/haiku", llmPrices],
  }),
  entry("claude-3-5-haiku", dearHaiku, ["$0.80", "$0.08", "$1", "$1.60", "$4"], {
    ...legacy,
    source: [page, llmPrices],
  }),
  entry("claude-3-opus", "2024-03-04", dearOpus, claude3),
  entry("claude-3-sonnet", "2024-03-04", sonnet, { ...claude3, source: [page, genaiPrices, modelsDev] }),
  entry("claude-3-haiku", "2024-03-13", ["$0.25", "$0.03", "$0.30", "$0.50", "$1.25"], claude3),
]

export const anthropic: ReadonlyArray<Price.Price> = [...current, ...earlier, ...retired]
