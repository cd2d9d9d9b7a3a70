/**
 * Anthropic's prices: https://platform.claude.com/docs/en/about-claude/pricing
 *
 * Batches cost half. Inference only in the US costs a tenth more from 4.6 on, and fast mode what its page says for the
 * few models that have it. Priority Tier is paid in advance, so there is no price for a single request.
 */

import * as Price from "../../../Price.ts"
import { double, half, sixfold, tenthMore } from "./factors.ts"

type More = Partial<Price.Entry>

const checkedOn = "2026-11-24"

const page = "https://platform.claude.com/docs/en/about-claude/pricing"

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

const entry = (model: string, row: Row, more?: More): Price.Price =>
  Price.make({ provider: "anthropic", model, perMillion: listed(row), source: page, checkedOn, ...more })

const longPrompt = (above: number, row: Row): Pick<Price.Entry, "tiers"> => ({
  tiers: [{ above, perMillion: listed(row) }],
})

const newest = {
  factors: { batch: half, regional: tenthMore },
  contextWindow: 1_000_000,
  maxOutputTokens: 128_000,
}

const claude45 = { factors: { batch: half }, contextWindow: 200_000, maxOutputTokens: 64_000 }

const legacy = { factors: { batch: half }, contextWindow: 200_000, maxOutputTokens: 8_192 }

const fast = (factor: typeof double): More => ({ factors: { ...newest.factors, fast: factor } })

const allLengthsAlike = "2026-03-13T00:00:00Z"

const halvedReads = "2026-10-07T00:00:00Z"

const current: ReadonlyArray<Price.Price> = [
  entry("claude-fable-5-1", ["$10", "$0.25", "$12.50", "$20", "$50"], newest),
  entry("claude-fable-5", ["$10", "$1", "$12.50", "$20", "$50"], newest),
  entry("claude-opus-5-5", ["$4", "$0.20", "$5", "$8", "$20"], newest),
  entry("claude-opus-5", ["$5", "$0.50", "$6.25", "$10", "$25"], { ...newest, ...fast(double) }),
  entry("claude-sonnet-5-5", ["$2", "$0.20", "$2.50", "$4", "$10"], { ...newest, until: halvedReads }),
  entry("claude-sonnet-5-5", ["$2", "$0.10", "$2.50", "$4", "$10"], { ...newest, from: halvedReads }),
  entry("claude-sonnet-5", ["$2", "$0.20", "$2.50", "$4", "$10"], newest),
  entry("claude-haiku-5-5", ["$0.10", "$0.01", "$0.125", "$0.20", "$0.50"], {
    ...newest,
    ...longPrompt(100_000, ["$0.50", "$0.05", "$0.625", "$1", "$2.50"]),
  }),
]

const earlier: ReadonlyArray<Price.Price> = [
  entry("claude-opus-4-8", ["$5", "$0.50", "$6.25", "$10", "$25"], newest),
  entry("claude-opus-4-7", ["$5", "$0.50", "$6.25", "$10", "$25"], { ...newest, ...fast(sixfold) }),
  entry("claude-opus-4-6", ["$5", "$0.50", "$6.25", "$10", "$25"], {
    ...newest,
    ...fast(sixfold),
    ...longPrompt(200_000, ["$10", "$1", "$12.50", "$20", "$37.50"]),
    until: allLengthsAlike,
  }),
  entry("claude-opus-4-6", ["$5", "$0.50", "$6.25", "$10", "$25"], {
    ...newest,
    ...fast(sixfold),
    from: allLengthsAlike,
  }),
  entry("claude-sonnet-4-6", ["$3", "$0.30", "$3.75", "$6", "$15"], {
    ...newest,
    ...longPrompt(200_000, ["$6", "$0.60", "$7.50", "$12", "$22.50"]),
    until: allLengthsAlike,
  }),
  entry("claude-sonnet-4-6", ["$3", "$0.30", "$3.75", "$6", "$15"], { ...newest, from: allLengthsAlike }),
  entry("claude-haiku-4-5", ["$1", "$0.10", "$1.25", "$2", "$5"], claude45),
  entry("claude-opus-4-5", ["$5", "$0.50", "$6.25", "$10", "$25"], claude45),
  entry("claude-sonnet-4-5", ["$3", "$0.30", "$3.75", "$6", "$15"], {
    ...claude45,
    ...longPrompt(200_000, ["$6", "$0.60", "$7.50", "$12", "$22.50"]),
    contextWindow: 1_000_000,
  }),
  entry("claude-sonnet-4", ["$3", "$0.30", "$3.75", "$6", "$15"], claude45),
]

/** Retired. Old bills are still to be read. */
const retired: ReadonlyArray<Price.Price> = [
  entry("claude-3-5-sonnet", ["$3", "$0.30", "$3.75", "$6", "$15"], legacy),
  entry("claude-3-5-haiku", ["$0.80", "$0.08", "$1", "$1.60", "$4"], legacy),
  entry("claude-3-haiku", ["$0.25", "$0.03", "$0.30", "$0.50", "$1.25"], { ...legacy, maxOutputTokens: 4_096 }),
]

export const anthropic: ReadonlyArray<Price.Price> = [...current, ...earlier, ...retired]
