/**
 * What it takes to price an answer, beside `@pydantic/genai-prices` on the same usage.
 */

import { Price, PriceBook } from "@holdfast/cost"
import { calcPrice, findProvider } from "@pydantic/genai-prices"
import { Option } from "effect"

import { type Contestant } from "./measure.ts"

const answers = 2_000

const timed = (price: (index: number) => unknown): Contestant => ({
  run: () => {
    let last: unknown
    for (let index = 0; index < answers; index++) last = price(index)
    return Promise.resolve(last)
  },
  units: answers,
  runs: 1,
})

// Counts differ from answer to answer, so that nothing can be computed once for all.
const tokens = (index: number) => ({ input: 10_000 + index, read: 6_000 + index, write: 1_000, output: 500 + index })

const usageOf = (index: number): Price.Usage => {
  const { input, output, read, write } = tokens(index)
  return {
    inputTokens: { total: input, uncached: input - read - write, cacheRead: read, cacheWrite: write },
    outputTokens: { total: output, text: output - 100, reasoning: 100 },
  }
}

const model = "claude-sonnet-4-6"

const startedAt = Date.UTC(2026, 10, 24)

/** Looking the price up and applying it, as for each attempt: ours, ours with what Anthropic sends, and theirs. */
export const prices = (): Readonly<Record<"cost" | "costWithMetadata" | "genai", Contestant>> => {
  const find = (): Price.Price => Option.getOrThrow(PriceBook.builtIn.find({ provider: "anthropic", model, startedAt }))
  const provider = findProvider({ providerId: "anthropic" })
  const timestamp = new Date(startedAt)
  return {
    cost: timed((index) => Price.cost(find(), { usage: usageOf(index) })),
    costWithMetadata: timed((index) =>
      Price.cost(find(), {
        usage: usageOf(index),
        finishMetadata: {
          anthropic: {
            usage: {
              cache_creation: { ephemeral_5m_input_tokens: 400, ephemeral_1h_input_tokens: 600 },
              service_tier: "standard",
              inference_geo: "global",
            },
            serviceTier: "standard",
          },
        },
      }),
    ),
    genai: timed((index) => {
      const { input, output, read, write } = tokens(index)
      const usage = { input_tokens: input, cache_read_tokens: read, cache_write_tokens: write, output_tokens: output }
      return calcPrice(usage, model, provider === undefined ? { timestamp } : { provider, timestamp })
    }),
  }
}
