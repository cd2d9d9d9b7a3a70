/**
 * Prices of a few models behind OpenAI's protocol, by the names that `OpenAiCompatible` gives their providers.
 */

import * as Price from "../../../Price.ts"
import { genaiPrices, llmPrices, modelsDev } from "./sources.ts"

const checkedOn = "2026-11-28"

type Vendor = readonly [provider: string, page: string]

type Source = readonly [string, ...ReadonlyArray<string>]

interface More extends Partial<Omit<Price.Entry, "source">> {
  readonly also?: Source
}

const entry =
  ([provider, page]: Vendor) =>
  (
    model: string,
    date: string,
    perMillion: Price.PriceList,
    { also = [genaiPrices], ...more }: More = {},
  ): Price.Price =>
    Price.make({
      provider,
      model,
      perMillion,
      from: `${date}T00:00:00Z`,
      source: [page, ...also],
      checkedOn,
      ...more,
    })

const above = (tokens: number, perMillion: Price.PriceList): Pick<Price.Entry, "tiers"> => ({
  tiers: [{ above: tokens, perMillion }],
})

const xAi = entry(["x_ai", "https://docs.x.ai/docs/models"])

const groq = entry(["groq", "https://groq.com/pricing"])

const mistral = entry(["mistral_ai", "https://mistral.ai/pricing"])

const moonshot = entry(["moonshotai", "https://platform.moonshot.ai/docs/pricing/chat"])

const kimi2: Price.PriceList = { input: "$0.60", cacheRead: "$0.15", output: "$2.50" }

const fastGrok: Price.PriceList = { input: "$0.20", cacheRead: "$0.05", output: "$0.50" }

// xAI's dear tier begins with the 200,000th token, the one of grok-4 above 128,000.
const from200k = 199_999

export const others: ReadonlyArray<Price.Price> = [
  xAi(
    "grok-4.5",
    "2026-07-08",
    { input: "$2", cacheRead: "$0.30", output: "$6" },
    {
      ...above(from200k, { input: "$4", cacheRead: "$0.60", output: "$12" }),
      contextWindow: 500_000,
      also: [genaiPrices, llmPrices],
    },
  ),
  xAi(
    "grok-4.3",
    "2026-05-01",
    { input: "$1.25", cacheRead: "$0.20", output: "$2.50" },
    {
      ...above(from200k, { input: "$2.50", cacheRead: "$0.40", output: "$5" }),
      contextWindow: 1_000_000,
      also: [genaiPrices, llmPrices, modelsDev],
    },
  ),
  xAi(
    "grok-4",
    "2025-07-09",
    { input: "$3", cacheRead: "$0.75", output: "$15" },
    {
      ...above(128_000, { input: "$6", cacheRead: "$0.75", output: "$30" }),
      contextWindow: 256_000,
      also: [llmPrices],
    },
  ),
  ...["grok-4-fast", "grok-4-fast-reasoning"].map((name) =>
    xAi(name, "2025-09-19", fastGrok, {
      ...above(128_000, { input: "$0.40", cacheRead: "$0.05", output: "$1" }),
      contextWindow: 2_000_000,
      also: [llmPrices],
    }),
  ),
  xAi(
    "grok-code-fast-1",
    "2025-08-28",
    { input: "$0.20", cacheRead: "$0.02", output: "$1.50" },
    {
      also: [genaiPrices, llmPrices],
    },
  ),
  xAi("grok-3", "2025-04-09", { input: "$3", cacheRead: "$0.75", output: "$15" }, { also: [genaiPrices, llmPrices] }),
  xAi(
    "grok-3-mini",
    "2025-04-09",
    { input: "$0.30", cacheRead: "$0.075", output: "$0.50" },
    {
      also: [genaiPrices, llmPrices],
    },
  ),
  groq(
    "llama-3.3-70b-versatile",
    "2024-12-06",
    { input: "$0.59", output: "$0.79" },
    {
      also: [genaiPrices, modelsDev],
    },
  ),
  groq("qwen/qwen3-32b", "2025-06-11", { input: "$0.29", output: "$0.59" }, { also: [genaiPrices, modelsDev] }),
  mistral(
    "mistral-small-latest",
    "2025-01-30",
    { input: "$0.10", output: "$0.30" },
    {
      until: "2026-03-16T00:00:00Z",
      also: [genaiPrices, llmPrices],
    },
  ),
  // Mistral Small 4 since then. Its reads cost a tenth, which the alias shares.
  mistral(
    "mistral-small-latest",
    "2026-03-16",
    { input: "$0.15", cacheRead: "$0.015", output: "$0.60" },
    {
      also: [modelsDev],
    },
  ),
  moonshot("kimi-k3", "2026-07-16", { input: "$3", cacheRead: "$0.30", output: "$15" }),
  moonshot(
    "kimi-k2.6",
    "2026-04-21",
    { input: "$0.95", cacheRead: "$0.16", output: "$4" },
    {
      also: [genaiPrices, modelsDev],
    },
  ),
  moonshot(
    "kimi-k2.5",
    "2026-01-27",
    { input: "$0.60", cacheRead: "$0.10", output: "$3" },
    {
      also: [genaiPrices, modelsDev],
    },
  ),
  moonshot("kimi-k2-thinking", "2025-11-06", kimi2, { also: [genaiPrices, llmPrices, modelsDev] }),
  moonshot("kimi-k2-0905-preview", "2025-09-05", kimi2, { also: [genaiPrices, llmPrices, modelsDev] }),
]
