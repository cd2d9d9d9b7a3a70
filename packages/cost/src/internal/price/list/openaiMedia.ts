/**
 * What OpenAI's models for images, speech, transcripts, moderation and decisions cost:
 * https://developers.openai.com/api/docs/pricing and the pages of the models.
 *
 * - **Images** are tokens of text and of images, in and out. The endpoints for images do not say what came from a cache.
 * - **Speech** is characters with `tts-1`, and tokens of text and of sound with the others.
 * - **Transcripts** are seconds with Whisper and `gpt-transcribe`, and tokens with the others. What a token of sound costs there
 *   is from the price list; the page of `gpt-4o-transcribe` names the price of text for it, too, which does not fit with what
 *   OpenAI says that a minute costs.
 * - **Moderation** is free of charge.
 * - **Decisions** cost what plain input costs, and nothing for output. That what comes from a cache or goes into one costs the
 *   same is how "no surcharge" is read here.
 *
 * Prices are from these pages and, where it has them, `@pydantic/genai-prices`. The days on which models before 2026 came out, and
 * how many tokens `gpt-image-1-mini` makes at most, are from memory: no page that was read tells them.
 *
 * A limit of 0 tokens says that none are billed. How many tokens an image has at most is told for sizes up to 1,536 by 1,024
 * only; https://developers.openai.com/api/docs/guides/image-generation.
 */

import type * as Price from "../../../Price.ts"
import { half } from "./factors.ts"
import { entry, page, read } from "./openaiRows.ts"
import { genaiPrices, modelsDev } from "./sources.ts"

const modelPage = (model: string): string => `https://developers.openai.com/api/docs/models/${model}`

const batched = { factors: { batch: half } }

const imageTokens: Price.PriceList = { input: "$5", cacheRead: "$1.25", imageInput: "$8", output: "$30" }

const images25 = (model: string, date: string, source: string): Price.Price =>
  entry(model, date, imageTokens, { ...batched, source: [modelPage(model), source] })

const images: ReadonlyArray<Price.Price> = [
  images25("gpt-image-2.6-flare", "2026-11-04", "https://docs.apiyi.com/en/live/2026-11/gpt-image-2-6-launch.md"),
  images25("gpt-image-2.6-sunburst", "2026-11-04", "https://docs.apiyi.com/en/live/2026-11/gpt-image-2-6-launch.md"),
  images25("gpt-image-2.5-flare", "2026-09-08", "https://apifox.com/apiskills/gpt-image-2-5-api-cn/"),
  images25("gpt-image-2.5-sunburst", "2026-09-08", "https://apifox.com/apiskills/gpt-image-2-5-api-cn/"),
  entry("gpt-image-2", "2026-04-21", imageTokens, { ...batched, source: read }),
  entry(
    "gpt-image-1.5",
    "2025-12-16",
    { input: "$5", cacheRead: "$1.25", imageInput: "$8", output: "$10", imageOutput: "$32" },
    { ...batched, source: read },
  ),
  entry(
    "gpt-image-1-mini",
    "2025-10-06",
    { input: "$2", cacheRead: "$0.20", imageInput: "$2.50", output: "$8" },
    { ...batched, maxOutputTokens: 6_240, source: read },
  ),
]

const sound: ReadonlyArray<Price.Price> = [
  entry("tts-1", "2023-11-06", { characters: "$15" }, { maxOutputTokens: 0, source: [modelPage("tts-1"), page] }),
  entry("tts-1-hd", "2023-11-06", { characters: "$30" }, { maxOutputTokens: 0, source: [modelPage("tts-1-hd"), page] }),
  entry("gpt-4o-mini-tts", "2025-03-20", { input: "$0.60", output: "$12" }, { source: read }),
  entry("whisper-1", "2023-03-01", { seconds: "$0.36" }, { maxOutputTokens: 0, source: read }),
  entry(
    "gpt-transcribe",
    "2026-07-28",
    { seconds: "$0.27" },
    { maxOutputTokens: 0, source: [modelPage("gpt-transcribe"), genaiPrices] },
  ),
  entry(
    "gpt-4o-transcribe",
    "2025-03-20",
    { input: "$2.50", audioInput: "$6", output: "$10" },
    { maxOutputTokens: 2_000, source: [genaiPrices, page] },
  ),
  entry(
    "gpt-4o-transcribe-diarize",
    "2025-10-15",
    { input: "$2.50", audioInput: "$6", output: "$10" },
    { maxOutputTokens: 2_000, source: [genaiPrices, page] },
  ),
  entry(
    "gpt-4o-mini-transcribe",
    "2025-03-20",
    { input: "$1.25", audioInput: "$3", output: "$5" },
    { maxOutputTokens: 2_000, source: [genaiPrices, page] },
  ),
]

const judgements: ReadonlyArray<Price.Price> = [
  entry(
    "omni-moderation",
    "2024-09-26",
    { requests: "$0" },
    { maxOutputTokens: 0, source: ["https://developers.openai.com/api/docs/guides/moderation", modelsDev] },
  ),
  entry(
    "gpt-6-luna-decisions",
    "2026-10-06",
    { input: "$0.10", output: "$0" },
    {
      maxOutputTokens: 0,
      contextWindow: 1_050_000,
      source: [
        "https://apidog.com/blog/openai-decisions-api",
        "https://openrouter.ai/openai/gpt-6-luna-decisions/providers",
      ],
    },
  ),
]

export const openaiMedia: ReadonlyArray<Price.Price> = [...images, ...sound, ...judgements]
