/**
 * Prices of a few models behind OpenAI's protocol, by the names that `OpenAiCompatible` gives their providers.
 */

import * as Price from "../../../Price.ts"

const checkedOn = "2026-11-24"

const entry = (
  [provider, source]: readonly [provider: string, source: string],
  model: string,
  perMillion: Price.PriceList,
): Price.Price => Price.make({ provider, model, perMillion, source, checkedOn })

const xAi = ["x_ai", "https://docs.x.ai/docs/models"] as const

const groq = ["groq", "https://groq.com/pricing"] as const

const mistral = ["mistral_ai", "https://mistral.ai/pricing"] as const

const moonshot = ["moonshotai", "https://platform.moonshot.ai/docs/pricing/chat"] as const

export const others: ReadonlyArray<Price.Price> = [
  entry(xAi, "grok-3", { input: "$3", cacheRead: "$0.75", output: "$15" }),
  entry(xAi, "grok-3-mini", { input: "$0.30", cacheRead: "$0.075", output: "$0.50" }),
  entry(groq, "llama-3.3-70b-versatile", { input: "$0.59", output: "$0.79" }),
  entry(groq, "qwen/qwen3-32b", { input: "$0.29", output: "$0.59" }),
  entry(mistral, "mistral-small-latest", { input: "$0.10", output: "$0.30" }),
  entry(moonshot, "kimi-k3", { input: "$3", cacheRead: "$0.30", output: "$15" }),
]
