/**
 * What Google's models for images and speech cost: https://ai.google.dev/gemini-api/docs/pricing
 *
 * Both are tokens: text in, and images or sound out, each at a price of its own. Transcripts are made by the models for texts,
 * at the price that sound has there. The days on which models came out are from memory, save for Gemini 3.8.
 */

import * as Price from "../../../Price.ts"
import { half } from "./factors.ts"
import { genaiPrices } from "./sources.ts"

const page = "https://ai.google.dev/gemini-api/docs/pricing"

const day = (date: string): string => `${date}T00:00:00Z`

const entry = (
  model: string,
  date: string,
  perMillion: Price.PriceList,
  more: Partial<Price.Entry> = {},
): Price.Price =>
  Price.make({
    provider: "google",
    model,
    perMillion,
    from: day(date),
    factors: { batch: half },
    source: [page, genaiPrices],
    checkedOn: "2026-11-28",
    ...more,
  })

/** Preview and final have the same price under two names. */
const both = (model: string, date: string, perMillion: Price.PriceList): ReadonlyArray<Price.Price> =>
  [model, `${model}-preview`].map((name) => entry(name, date, perMillion, { maxOutputTokens: 32_768 }))

const images: ReadonlyArray<Price.Price> = [
  ...both("gemini-3.1-flash-image", "2026-02-26", { input: "$0.50", output: "$3", imageOutput: "$60" }),
  ...both("gemini-3-pro-image", "2025-11-20", { input: "$2", output: "$12", imageOutput: "$120" }),
  ...both("gemini-2.5-flash-image", "2025-08-26", { input: "$0.30", output: "$2.50", imageOutput: "$30" }),
]

const launch = "https://github.com/BerriAI/litellm/discussions/42776"

const newYear = "2027-01-01"

const speech38 = (model: string, audio: Price.PriceList, later: Price.PriceList): ReadonlyArray<Price.Price> => [
  entry(model, "2026-09-28", audio, { until: day(newYear), maxOutputTokens: 16_384, source: [page, launch] }),
  entry(model, newYear, later, { maxOutputTokens: 16_384, source: [page, launch] }),
]

const speech: ReadonlyArray<Price.Price> = [
  ...speech38("gemini-3.8-flash-tts", { input: "$0.50", output: "$9" }, { input: "$1", output: "$18" }),
  ...speech38("gemini-3.8-flash-lite-tts", { input: "$0.50", output: "$6" }, { input: "$1", output: "$12" }),
  ...["gemini-2.5-flash-preview-tts", "gemini-2.5-flash-tts"].map((model) =>
    entry(model, "2025-05-20", { input: "$0.50", output: "$10" }, { maxOutputTokens: 16_384 }),
  ),
  ...["gemini-2.5-pro-preview-tts", "gemini-2.5-pro-tts"].map((model) =>
    entry(model, "2025-05-20", { input: "$1", output: "$20" }, { maxOutputTokens: 16_384 }),
  ),
]

export const googleMedia: ReadonlyArray<Price.Price> = [...images, ...speech]
