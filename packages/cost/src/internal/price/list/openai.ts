/**
 * OpenAI's prices: https://developers.openai.com/api/docs/pricing
 *
 * - **Batches** cost half. From GPT-5 on that is so for what comes from a cache, too; before, a batch has no price of its
 *   own for it, and it is plain input. **Flex** costs half with the models that have it: o3, o4-mini, and from GPT-5 on.
 * - **Priority**, since 30 July 2026 fast mode, has a price of its own for each model:
 *   https://openai.com/api-priority-processing/. Where nobody says what it is, it is not listed.
 * - **A prompt of more than 272,000 tokens** doubles the price of the whole request's input from 5.4 on, and makes its
 *   output cost half more.
 * - **Processing in a region** costs a tenth more with models from 5 March 2026 on:
 *   https://developers.openai.com/api/docs/guides/data-residency
 *
 * A price holds from the day on which the model came out.
 */

import type * as Price from "../../../Price.ts"
import { fourFifthsMore, tenthMore } from "./factors.ts"
import { embeddings, family4, reasoning } from "./openaiEarlier.ts"
import {
  codex,
  day,
  discounted,
  discounts,
  entry,
  gpt5,
  gpt54,
  gpt55,
  gpt56,
  gpt6,
  hurried,
  longPrompt,
  page,
  professional,
  read,
} from "./openaiRows.ts"

const launch6 = [page, "https://apidog.com/blog/gpt-6-1-terra-vs-gpt-6-1-sol/"] as const

const current: ReadonlyArray<Price.Price> = [
  entry(
    "gpt-6-astra",
    "2026-09-03",
    { input: "$10", cacheRead: "$1", cacheWrite30m: "$12.50", output: "$50" },
    {
      ...gpt6,
      ...longPrompt({ input: "$20", cacheRead: "$2", cacheWrite30m: "$25", output: "$75" }),
    },
  ),
  entry(
    "gpt-6-sol",
    "2026-09-22",
    { input: "$2", cacheRead: "$0.20", cacheWrite30m: "$2.50", output: "$10" },
    {
      ...gpt6,
      ...longPrompt({ input: "$4", cacheRead: "$0.40", cacheWrite30m: "$5", output: "$15" }),
    },
  ),
  entry(
    "gpt-6-luna",
    "2026-09-22",
    { input: "$0.10", cacheRead: "$0.01", cacheWrite30m: "$0.125", output: "$0.50" },
    {
      ...gpt6,
      ...longPrompt({ input: "$0.20", cacheRead: "$0.02", cacheWrite30m: "$0.25", output: "$0.75" }),
    },
  ),
  entry(
    "gpt-6.1-sol",
    "2026-09-29",
    { input: "$2", cacheRead: "$0.10", cacheWrite30m: "$2.50", output: "$10" },
    {
      ...gpt6,
      ...longPrompt({ input: "$4", cacheRead: "$0.20", cacheWrite30m: "$5", output: "$15" }),
      source: launch6,
    },
  ),
  entry(
    "gpt-6.1-terra",
    "2026-10-26",
    { input: "$1", cacheRead: "$0.05", cacheWrite30m: "$1.25", cacheWrite12h: "$2.50", output: "$5" },
    {
      ...gpt6,
      ...longPrompt({ input: "$2", cacheRead: "$0.10", cacheWrite30m: "$2.50", cacheWrite12h: "$5", output: "$7.50" }),
      source: ["https://developers.openai.com/api/docs/models/gpt-6.1-terra", ...launch6],
    },
  ),
]

const released56 = "2026-07-09"

const cut30July = "2026-07-30"

const cut21August = "2026-08-21"

const sol: Price.PriceList = { input: "$5", cacheRead: "$0.50", cacheWrite30m: "$6.25", output: "$30" }

const longSol = longPrompt({ input: "$10", cacheRead: "$1", cacheWrite30m: "$12.50", output: "$45" })

const family56: ReadonlyArray<Price.Price> = [
  entry("gpt-5.6-sol", released56, sol, { ...gpt56, ...longSol, until: day(cut30July) }),
  entry("gpt-5.6-sol", cut30July, sol, { ...gpt54, ...longSol, until: day(cut21August) }),
  entry(
    "gpt-5.6-sol",
    cut21August,
    { input: "$4", cacheRead: "$0.40", cacheWrite30m: "$5", output: "$20" },
    {
      ...gpt54,
      ...longPrompt({ input: "$8", cacheRead: "$0.80", cacheWrite30m: "$10", output: "$30" }),
      source: read,
    },
  ),
  entry(
    "gpt-5.6-terra",
    released56,
    { input: "$2.50", cacheRead: "$0.25", cacheWrite30m: "$3.125", output: "$15" },
    {
      ...gpt56,
      ...longPrompt({ input: "$5", cacheRead: "$0.50", cacheWrite30m: "$6.25", output: "$22.50" }),
      until: day(cut30July),
    },
  ),
  entry(
    "gpt-5.6-terra",
    cut30July,
    { input: "$2", cacheRead: "$0.20", cacheWrite30m: "$2.50", output: "$12" },
    {
      ...gpt54,
      ...longPrompt({ input: "$4", cacheRead: "$0.40", cacheWrite30m: "$5", output: "$18" }),
    },
  ),
  entry(
    "gpt-5.6-luna",
    released56,
    { input: "$1", cacheRead: "$0.10", cacheWrite30m: "$1.25", output: "$6" },
    {
      ...gpt56,
      ...longPrompt({ input: "$2", cacheRead: "$0.20", cacheWrite30m: "$2.50", output: "$9" }),
      until: day(cut30July),
    },
  ),
  entry(
    "gpt-5.6-luna",
    cut30July,
    { input: "$0.20", cacheRead: "$0.02", cacheWrite30m: "$0.25", output: "$1.20" },
    {
      ...gpt54,
      ...longPrompt({ input: "$0.40", cacheRead: "$0.04", cacheWrite30m: "$0.50", output: "$1.80" }),
    },
  ),
]

const gpt52: Price.PriceList = { input: "$1.75", cacheRead: "$0.175", output: "$14" }

const gpt51: Price.PriceList = { input: "$1.25", cacheRead: "$0.125", output: "$10" }

const longPro = longPrompt({ input: "$60", output: "$270" })

const longContext = { contextWindow: 1_050_000, factors: { ...discounts, regional: tenthMore } }

const family5: ReadonlyArray<Price.Price> = [
  entry(
    "gpt-5.5",
    "2026-04-23",
    { input: "$5", cacheRead: "$0.50", output: "$30" },
    {
      ...gpt55,
      ...longPrompt({ input: "$10", cacheRead: "$1", output: "$45" }),
    },
  ),
  entry("gpt-5.5-pro", "2026-04-23", { input: "$30", output: "$180" }, { ...gpt5, ...longContext, ...longPro }),
  entry(
    "gpt-5.4",
    "2026-03-05",
    { input: "$2.50", cacheRead: "$0.25", output: "$15" },
    {
      ...gpt54,
      ...longPrompt({ input: "$5", cacheRead: "$0.50", output: "$22.50" }),
    },
  ),
  entry("gpt-5.4-pro", "2026-03-05", { input: "$30", output: "$180" }, { ...gpt5, ...longContext, ...longPro }),
  entry(
    "gpt-5.4-mini",
    "2026-03-17",
    { input: "$0.75", cacheRead: "$0.075", output: "$4.50" },
    {
      ...gpt5,
      factors: hurried,
    },
  ),
  entry(
    "gpt-5.4-nano",
    "2026-03-17",
    { input: "$0.20", cacheRead: "$0.02", output: "$1.25" },
    {
      ...gpt5,
      factors: { ...discounts, regional: tenthMore },
    },
  ),
  entry("gpt-5.3-codex", "2026-02-05", gpt52, codex),
  entry("gpt-5.2", "2025-12-11", gpt52, gpt5),
  entry("gpt-5.2-pro", "2025-12-11", { input: "$21", output: "$168" }, professional),
  entry("gpt-5.2-codex", "2025-12-11", gpt52, codex),
  entry("gpt-5.1", "2025-11-13", gpt51, gpt5),
  entry("gpt-5.1-codex", "2025-11-13", gpt51, codex),
  entry("gpt-5", "2025-08-07", gpt51, gpt5),
  entry("gpt-5-pro", "2025-10-06", { input: "$15", output: "$120" }, professional),
  entry("gpt-5-codex", "2025-09-15", gpt51, codex),
  entry(
    "gpt-5-mini",
    "2025-08-07",
    { input: "$0.25", cacheRead: "$0.025", output: "$2" },
    {
      ...gpt5,
      factors: { ...discounts, priority: fourFifthsMore },
    },
  ),
  entry("gpt-5-nano", "2025-08-07", { input: "$0.05", cacheRead: "$0.005", output: "$0.40" }, discounted),
]

export const openai: ReadonlyArray<Price.Price> = [
  ...current,
  ...family56,
  ...family5,
  ...family4,
  ...reasoning,
  ...embeddings,
]
