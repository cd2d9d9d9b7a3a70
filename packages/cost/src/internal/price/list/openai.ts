/**
 * OpenAI's prices: https://developers.openai.com/api/docs/pricing
 *
 * Batches and flex cost half. From 5.4 on fast mode, earlier called priority, costs twice as much, and a prompt of more
 * than 272,000 tokens doubles the price of the whole request's input and makes its output cost half more. What priority
 * costs with older models differs from model to model and is not listed. Processing in a region costs a tenth more from
 * 6 on.
 */

import * as Price from "../../../Price.ts"
import { double, half, tenthMore } from "./factors.ts"

type More = Partial<Price.Entry>

const checkedOn = "2026-11-24"

const page = "https://developers.openai.com/api/docs/pricing"

const entry = (model: string, perMillion: Price.PriceList, more?: More): Price.Price =>
  Price.make({ provider: "openai", model, perMillion, source: page, checkedOn, ...more })

const longPrompt = (perMillion: Price.PriceList): Pick<Price.Entry, "tiers"> => ({
  tiers: [{ above: 272_000, perMillion }],
})

const discounts = { batch: half, flex: half }

const hurried = { ...discounts, priority: double, fast: double }

const gpt6 = { factors: { ...hurried, regional: tenthMore }, contextWindow: 1_050_000, maxOutputTokens: 128_000 }

const gpt5 = { factors: discounts, contextWindow: 400_000, maxOutputTokens: 128_000 }

const gpt54 = { factors: hurried, contextWindow: 1_050_000, maxOutputTokens: 128_000 }

const gpt41 = { factors: discounts, contextWindow: 1_047_576, maxOutputTokens: 32_768 }

const gpt4o = { factors: discounts, contextWindow: 128_000, maxOutputTokens: 16_384 }

const o = { factors: discounts, contextWindow: 200_000, maxOutputTokens: 100_000 }

const current: ReadonlyArray<Price.Price> = [
  entry(
    "gpt-6-astra",
    { input: "$10", cacheRead: "$1", cacheWrite30m: "$12.50", output: "$50" },
    {
      ...gpt6,
      ...longPrompt({ input: "$20", cacheRead: "$2", cacheWrite30m: "$25", output: "$75" }),
    },
  ),
  entry(
    "gpt-6-sol",
    { input: "$2", cacheRead: "$0.20", cacheWrite30m: "$2.50", output: "$10" },
    {
      ...gpt6,
      ...longPrompt({ input: "$4", cacheRead: "$0.40", cacheWrite30m: "$5", output: "$15" }),
    },
  ),
  entry(
    "gpt-6-luna",
    { input: "$0.10", cacheRead: "$0.01", cacheWrite30m: "$0.125", output: "$0.50" },
    {
      ...gpt6,
      ...longPrompt({ input: "$0.20", cacheRead: "$0.02", cacheWrite30m: "$0.25", output: "$0.75" }),
    },
  ),
  // What is written to its cache was on no page; it is a quarter more than plain input with all others of the family.
  entry(
    "gpt-6.1-sol",
    { input: "$2", cacheRead: "$0.10", cacheWrite30m: "$2.50", output: "$10" },
    {
      ...gpt6,
      ...longPrompt({ input: "$4", cacheRead: "$0.20", cacheWrite30m: "$5", output: "$15" }),
    },
  ),
  entry(
    "gpt-6.1-terra",
    { input: "$1", cacheRead: "$0.05", cacheWrite30m: "$1.25", cacheWrite12h: "$2.50", output: "$5" },
    {
      ...gpt6,
      ...longPrompt({ input: "$2", cacheRead: "$0.10", cacheWrite30m: "$2.50", cacheWrite12h: "$5", output: "$7.50" }),
      source: "https://developers.openai.com/api/docs/models/gpt-6.1-terra",
    },
  ),
]

const cut30July = "2026-07-30T00:00:00Z"

const cut21August = "2026-08-21T00:00:00Z"

const gpt56: ReadonlyArray<Price.Price> = [
  entry(
    "gpt-5.6-sol",
    { input: "$5", cacheRead: "$0.50", cacheWrite30m: "$6.25", output: "$30" },
    {
      ...gpt54,
      ...longPrompt({ input: "$10", cacheRead: "$1", cacheWrite30m: "$12.50", output: "$45" }),
      until: cut21August,
    },
  ),
  entry(
    "gpt-5.6-sol",
    { input: "$4", cacheRead: "$0.40", cacheWrite30m: "$5", output: "$20" },
    {
      ...gpt54,
      ...longPrompt({ input: "$8", cacheRead: "$0.80", cacheWrite30m: "$10", output: "$30" }),
      from: cut21August,
    },
  ),
  entry(
    "gpt-5.6-terra",
    { input: "$2.50", cacheRead: "$0.25", cacheWrite30m: "$3.125", output: "$15" },
    {
      ...gpt54,
      ...longPrompt({ input: "$5", cacheRead: "$0.50", cacheWrite30m: "$6.25", output: "$22.50" }),
      until: cut30July,
    },
  ),
  entry(
    "gpt-5.6-terra",
    { input: "$2", cacheRead: "$0.20", cacheWrite30m: "$2.50", output: "$12" },
    {
      ...gpt54,
      ...longPrompt({ input: "$4", cacheRead: "$0.40", cacheWrite30m: "$5", output: "$18" }),
      from: cut30July,
    },
  ),
  entry(
    "gpt-5.6-luna",
    { input: "$1", cacheRead: "$0.10", cacheWrite30m: "$1.25", output: "$6" },
    {
      ...gpt54,
      ...longPrompt({ input: "$2", cacheRead: "$0.20", cacheWrite30m: "$2.50", output: "$9" }),
      until: cut30July,
    },
  ),
  entry(
    "gpt-5.6-luna",
    { input: "$0.20", cacheRead: "$0.02", cacheWrite30m: "$0.25", output: "$1.20" },
    {
      ...gpt54,
      ...longPrompt({ input: "$0.40", cacheRead: "$0.04", cacheWrite30m: "$0.50", output: "$1.80" }),
      from: cut30July,
    },
  ),
]

const earlier: ReadonlyArray<Price.Price> = [
  entry(
    "gpt-5.5",
    { input: "$5", cacheRead: "$0.50", output: "$30" },
    {
      ...gpt54,
      ...longPrompt({ input: "$10", cacheRead: "$1", output: "$45" }),
    },
  ),
  entry(
    "gpt-5.4",
    { input: "$2.50", cacheRead: "$0.25", output: "$15" },
    {
      ...gpt54,
      ...longPrompt({ input: "$5", cacheRead: "$0.50", output: "$22.50" }),
    },
  ),
  entry("gpt-5.4-mini", { input: "$0.75", cacheRead: "$0.075", output: "$4.50" }, gpt5),
  entry("gpt-5.4-nano", { input: "$0.20", cacheRead: "$0.02", output: "$1.25" }, gpt5),
  entry("gpt-5.2", { input: "$1.75", cacheRead: "$0.175", output: "$14" }, gpt5),
  entry("gpt-5.2-codex", { input: "$1.75", cacheRead: "$0.175", output: "$14" }, gpt5),
  entry("gpt-5.1", { input: "$1.25", cacheRead: "$0.125", output: "$10" }, gpt5),
  entry("gpt-5", { input: "$1.25", cacheRead: "$0.125", output: "$10" }, gpt5),
  entry("gpt-5-mini", { input: "$0.25", cacheRead: "$0.025", output: "$2" }, gpt5),
  entry("gpt-5-nano", { input: "$0.05", cacheRead: "$0.005", output: "$0.40" }, gpt5),
  entry("gpt-4.1", { input: "$2", cacheRead: "$0.50", output: "$8" }, gpt41),
  entry("gpt-4.1-mini", { input: "$0.40", cacheRead: "$0.10", output: "$1.60" }, gpt41),
  entry("gpt-4.1-nano", { input: "$0.10", cacheRead: "$0.025", output: "$0.40" }, gpt41),
]

/** Retired or about to be. Old bills are still to be read. */
const legacy: ReadonlyArray<Price.Price> = [
  entry("gpt-4o", { input: "$2.50", cacheRead: "$1.25", output: "$10" }, gpt4o),
  // The first one of the name costs more than those after it.
  entry("gpt-4o-2024-05-13", { input: "$5", output: "$15" }, { ...gpt4o, maxOutputTokens: 4_096 }),
  entry("gpt-4o-mini", { input: "$0.15", cacheRead: "$0.075", output: "$0.60" }, gpt4o),
  entry(
    "gpt-audio",
    { input: "$2.50", audioInput: "$32", output: "$10", audioOutput: "$64" },
    {
      contextWindow: 128_000,
      maxOutputTokens: 16_384,
    },
  ),
  entry("o1", { input: "$15", cacheRead: "$7.50", output: "$60" }, o),
  entry("o3", { input: "$2", cacheRead: "$0.50", output: "$8" }, { ...o, from: "2025-06-10T00:00:00Z" }),
  entry("o3-mini", { input: "$1.10", cacheRead: "$0.55", output: "$4.40" }, o),
  entry("o4-mini", { input: "$1.10", cacheRead: "$0.275", output: "$4.40" }, o),
  entry("gpt-3.5-turbo-instruct", { input: "$1.50", output: "$2" }, { contextWindow: 4_096, maxOutputTokens: 4_096 }),
]

const embeddings: ReadonlyArray<Price.Price> = [
  entry("text-embedding-3-small", { input: "$0.02" }, { factors: { batch: half }, contextWindow: 8_192 }),
  entry("text-embedding-3-large", { input: "$0.13" }, { factors: { batch: half }, contextWindow: 8_192 }),
]

export const openai: ReadonlyArray<Price.Price> = [...current, ...gpt56, ...earlier, ...legacy, ...embeddings]
