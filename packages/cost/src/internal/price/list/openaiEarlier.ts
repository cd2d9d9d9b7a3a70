/**
 * OpenAI's models before GPT-5. Most are retired; old bills are still to be read.
 */

import type * as Price from "../../../Price.ts"
import { double, half, threeQuartersMore } from "./factors.ts"
import { batches, day, entry, flexible, gpt41, gpt4o, o, page } from "./openaiRows.ts"
import { genaiPrices, llmPrices, modelsDev } from "./sources.ts"

const moved4o = "2024-10-02"

const cheapO1Mini = "2025-01-31"

const cheapO3 = "2025-06-10"

export const family4: ReadonlyArray<Price.Price> = [
  entry(
    "gpt-4.1",
    "2025-04-14",
    { input: "$2", cacheRead: "$0.50", output: "$8" },
    {
      ...gpt41,
      factors: { ...batches(double), priority: threeQuartersMore },
    },
  ),
  entry("gpt-4.1-mini", "2025-04-14", { input: "$0.40", cacheRead: "$0.10", output: "$1.60" }, gpt41),
  entry("gpt-4.1-nano", "2025-04-14", { input: "$0.10", cacheRead: "$0.025", output: "$0.40" }, gpt41),
  entry("gpt-4.5-preview", "2025-02-27", { input: "$75", cacheRead: "$37.50", output: "$150" }, gpt4o),
  // Until it meant the cheaper snapshot of August, the name meant that of May.
  entry(
    "gpt-4o",
    "2024-05-13",
    { input: "$5", output: "$15" },
    {
      ...gpt4o,
      maxOutputTokens: 4_096,
      until: day(moved4o),
      source: [page, genaiPrices, modelsDev, "https://developers.openai.com/api/docs/changelog"],
    },
  ),
  entry("gpt-4o", moved4o, { input: "$2.50", cacheRead: "$1.25", output: "$10" }, gpt4o),
  entry(
    "gpt-4o-2024-05-13",
    "2024-05-13",
    { input: "$5", output: "$15" },
    {
      ...gpt4o,
      maxOutputTokens: 4_096,
      source: [page, genaiPrices, modelsDev],
    },
  ),
  // From then on it is priced as `gpt-4o`.
  entry(
    "gpt-4o-2024-08-06",
    "2024-08-06",
    { input: "$2.50", cacheRead: "$1.25", output: "$10" },
    {
      ...gpt4o,
      until: day(moved4o),
      source: [page, genaiPrices, modelsDev],
    },
  ),
  entry("gpt-4o-mini", "2024-07-18", { input: "$0.15", cacheRead: "$0.075", output: "$0.60" }, gpt4o),
  entry(
    "gpt-4-turbo",
    "2024-04-09",
    { input: "$10", output: "$30" },
    {
      factors: { batch: half },
      contextWindow: 128_000,
      maxOutputTokens: 4_096,
      source: [page, genaiPrices, modelsDev],
    },
  ),
  entry(
    "gpt-4",
    "2023-03-14",
    { input: "$30", output: "$60" },
    {
      factors: { batch: half },
      contextWindow: 8_192,
      maxOutputTokens: 8_192,
      source: [page, genaiPrices, modelsDev],
    },
  ),
  entry(
    "gpt-audio",
    "2025-08-28",
    { input: "$2.50", audioInput: "$32", output: "$10", audioOutput: "$64" },
    { contextWindow: 128_000, maxOutputTokens: 16_384 },
  ),
  entry(
    "gpt-3.5-turbo-instruct",
    "2023-09-18",
    { input: "$1.50", output: "$2" },
    {
      contextWindow: 4_096,
      maxOutputTokens: 4_096,
    },
  ),
]

export const reasoning: ReadonlyArray<Price.Price> = [
  entry("o4-mini", "2025-04-16", { input: "$1.10", cacheRead: "$0.275", output: "$4.40" }, flexible),
  entry(
    "o3",
    "2025-04-16",
    { input: "$10", cacheRead: "$2.50", output: "$40" },
    {
      ...flexible,
      until: day(cheapO3),
      source: ["https://openai.com/index/introducing-o3-and-o4-mini/", llmPrices],
    },
  ),
  entry(
    "o3",
    cheapO3,
    { input: "$2", cacheRead: "$0.50", output: "$8" },
    {
      ...flexible,
      source: [page, genaiPrices, modelsDev],
    },
  ),
  entry("o3-pro", cheapO3, { input: "$20", output: "$80" }, { ...o, factors: { batch: half } }),
  entry("o3-mini", "2025-01-31", { input: "$1.10", cacheRead: "$0.55", output: "$4.40" }, o),
  entry("o1-pro", "2025-03-19", { input: "$150", output: "$600" }, { ...o, factors: { batch: half } }),
  entry(
    "o1",
    "2024-12-17",
    { input: "$15", cacheRead: "$7.50", output: "$60" },
    {
      ...o,
      source: [page, genaiPrices, modelsDev],
    },
  ),
  entry(
    "o1-preview",
    "2024-09-12",
    { input: "$15", cacheRead: "$7.50", output: "$60" },
    {
      ...o,
      contextWindow: 128_000,
      maxOutputTokens: 32_768,
    },
  ),
  entry(
    "o1-mini",
    "2024-09-12",
    { input: "$3", cacheRead: "$1.50", output: "$12" },
    {
      ...o,
      contextWindow: 128_000,
      maxOutputTokens: 65_536,
      until: day(cheapO1Mini),
      source: [page, llmPrices],
    },
  ),
  entry(
    "o1-mini",
    cheapO1Mini,
    { input: "$1.10", cacheRead: "$0.55", output: "$4.40" },
    {
      ...o,
      contextWindow: 128_000,
      maxOutputTokens: 65_536,
    },
  ),
]

export const embeddings: ReadonlyArray<Price.Price> = [
  entry(
    "text-embedding-3-small",
    "2024-01-25",
    { input: "$0.02" },
    {
      factors: { batch: half },
      contextWindow: 8_192,
      source: [page, genaiPrices, modelsDev],
    },
  ),
  entry(
    "text-embedding-3-large",
    "2024-01-25",
    { input: "$0.13" },
    {
      factors: { batch: half },
      contextWindow: 8_192,
      source: [page, genaiPrices, modelsDev],
    },
  ),
]
