/**
 * What a million tokens of each kind cost at a time, from 2024 on.
 */

import { assert, describe, it } from "@effect/vitest"
import { Money, Price, PriceBook } from "@holdfast/cost"
import { Option } from "effect"

import { usage } from "./prices.ts"

const million = 1_000_000

const bill = (provider: string, model: string, time: string, prompt = million): string => {
  const price = PriceBook.builtIn.find({ provider, model, startedAt: Date.parse(time) })
  if (Option.isNone(price)) return "unknown"
  const cached = prompt / 2
  const plain = { ...price.value, tiers: prompt === million ? [] : price.value.tiers }
  const input =
    prompt === million
      ? { total: 2 * prompt, uncached: prompt, cacheRead: prompt }
      : { total: prompt, cacheRead: cached }
  const { total, unpriced } = Price.cost(plain, { usage: usage(input, { total: million }) })
  return `${unpriced.length > 0 ? "at least " : ""}${Money.format(total)}`
}

/** A million tokens in, a million from the cache, a million out, at the price of short prompts. */
const history: ReadonlyArray<readonly [provider: string, model: string, time: string, total: string]> = [
  ["deepseek", "deepseek-chat", "2024-05-05T12:00:00Z", "unknown"],
  ["deepseek", "deepseek-chat", "2024-12-01T12:00:00Z", "$0.434"],
  ["deepseek", "deepseek-chat", "2025-02-08T15:59:59Z", "$0.434"],
  ["deepseek", "deepseek-chat", "2025-02-08T16:00:00Z", "$1.44"],
  ["deepseek", "deepseek-chat", "2025-02-20T20:00:00Z", "$1.44"],
  ["deepseek", "deepseek-chat", "2025-03-01T12:00:00Z", "$1.44"],
  ["deepseek", "deepseek-chat", "2025-03-01T16:30:00Z", "$0.72"],
  ["deepseek", "deepseek-chat", "2025-03-02T00:29:59Z", "$0.72"],
  ["deepseek", "deepseek-chat", "2025-03-02T00:30:00Z", "$1.44"],
  ["deepseek", "deepseek-chat", "2025-09-05T15:59:59Z", "$1.44"],
  ["deepseek", "deepseek-chat", "2025-09-05T16:30:00Z", "$2.31"],
  ["deepseek", "deepseek-chat", "2025-09-29T12:00:00Z", "at least $0.728"],
  ["deepseek", "deepseek-chat", "2025-10-22T12:00:00Z", "$0.728"],
  ["deepseek", "deepseek-chat", "2025-10-22T20:00:00Z", "$0.728"],
  ["deepseek", "deepseek-chat", "2026-04-24T12:00:00Z", "at least $0.448"],
  ["deepseek", "deepseek-chat", "2026-04-25T12:00:00Z", "$0.448"],
  ["deepseek", "deepseek-chat", "2026-06-15T12:00:00Z", "$0.4228"],
  ["deepseek", "deepseek-chat", "2026-07-25T00:00:00Z", "unknown"],
  ["deepseek", "deepseek-reasoner", "2025-01-19T12:00:00Z", "unknown"],
  ["deepseek", "deepseek-reasoner", "2025-02-01T20:00:00Z", "$2.88"],
  ["deepseek", "deepseek-reasoner", "2025-06-01T12:00:00Z", "$2.88"],
  ["deepseek", "deepseek-reasoner", "2025-06-01T20:00:00Z", "$0.72"],
  ["deepseek", "deepseek-reasoner", "2025-09-10T12:00:00Z", "$2.31"],
  ["deepseek", "deepseek-reasoner", "2025-12-02T13:00:00Z", "$0.728"],
  ["deepseek", "deepseek-v4-flash", "2026-04-23T12:00:00Z", "unknown"],
  ["deepseek", "deepseek-v4-flash", "2026-04-25T12:00:00Z", "$0.448"],
  ["deepseek", "deepseek-v4-flash", "2026-04-26T12:00:00Z", "at least $0.4228"],
  ["deepseek", "deepseek-v4-flash", "2026-06-15T12:00:00Z", "$0.4228"],
  ["deepseek", "deepseek-v4-flash", "2026-06-15T02:00:00Z", "$0.4228"],
  ["deepseek", "deepseek-v4-flash", "2026-08-17T12:00:00Z", "$0.887"],
  ["deepseek", "deepseek-v4-flash", "2026-08-17T02:00:00Z", "$1.774"],
  // Saturday, before weekends were off-peak, and after.
  ["deepseek", "deepseek-v4-flash", "2026-08-22T02:00:00Z", "$1.774"],
  ["deepseek", "deepseek-v4-flash", "2026-08-29T02:00:00Z", "$0.887"],
  ["deepseek", "deepseek-v4-flash", "2026-09-09T20:00:00Z", "at least $0.753"],
  ["deepseek", "deepseek-v4-flash", "2026-09-10T12:00:00Z", "$0.753"],
  ["deepseek", "deepseek-v4-flash", "2026-09-10T07:00:00Z", "$1.506"],
  ["deepseek", "deepseek-flash", "2026-10-01T07:00:00Z", "$0.753"],
  ["deepseek", "deepseek-flash", "2026-10-08T07:00:00Z", "$1.506"],
  ["deepseek", "deepseek-v4-pro", "2026-04-25T12:00:00Z", "$5.365"],
  ["deepseek", "deepseek-v4-pro", "2026-06-15T12:00:00Z", "$1.308625"],
  ["deepseek", "deepseek-v4-pro", "2026-11-24T12:00:00Z", "$2.662"],
  ["deepseek", "deepseek-v4-pro", "2026-11-24T02:00:00Z", "$5.324"],
  ["openai", "gpt-4o", "2024-05-12T12:00:00Z", "unknown"],
  ["openai", "gpt-4o", "2024-06-01T12:00:00Z", "$25.00"],
  ["openai", "gpt-4o", "2024-10-02T00:00:00Z", "$13.75"],
  ["openai", "gpt-4o-2024-05-13", "2026-01-01T12:00:00Z", "$25.00"],
  ["openai", "gpt-4o-2024-08-06", "2024-09-01T12:00:00Z", "$13.75"],
  ["openai", "gpt-4o-2024-08-06", "2025-09-01T12:00:00Z", "$13.75"],
  ["openai", "gpt-4o-mini", "2024-07-18T12:00:00Z", "$0.825"],
  ["openai", "o1-mini", "2024-12-01T12:00:00Z", "$16.50"],
  ["openai", "o1-mini", "2025-02-01T12:00:00Z", "$6.05"],
  ["openai", "o3", "2025-06-09T23:59:59Z", "$52.50"],
  ["openai", "o3", "2025-06-10T00:00:00Z", "$10.50"],
  ["openai", "gpt-5", "2025-08-06T12:00:00Z", "unknown"],
  ["openai", "gpt-5", "2025-09-01T12:00:00Z", "$11.375"],
  ["openai", "gpt-5.6-luna", "2026-07-29T12:00:00Z", "$7.10"],
  ["openai", "gpt-5.6-luna", "2026-07-30T00:00:00Z", "$1.42"],
  ["anthropic", "claude-3-5-haiku", "2024-11-10T12:00:00Z", "$6.10"],
  ["anthropic", "claude-3-5-haiku-20241022", "2024-12-10T12:00:00Z", "$4.88"],
  ["anthropic", "claude-3-opus-20240229", "2024-04-01T12:00:00Z", "$91.50"],
  ["anthropic", "claude-3-7-sonnet-20250219", "2025-03-01T12:00:00Z", "$18.30"],
  ["anthropic", "claude-sonnet-5-5", "2026-10-06T23:59:59Z", "$12.20"],
  ["anthropic", "claude-sonnet-5-5", "2026-10-07T00:00:00Z", "$12.10"],
  ["google", "gemini-1.5-pro", "2024-09-30T12:00:00Z", "unknown"],
  ["google", "gemini-1.5-pro-002", "2024-11-01T12:00:00Z", "$6.5625"],
  ["google", "gemini-2.5-pro", "2025-07-01T12:00:00Z", "$11.56"],
  ["google", "gemini-2.5-pro", "2025-10-20T12:00:00Z", "at least $11.375"],
  ["google", "gemini-2.5-pro", "2025-12-01T12:00:00Z", "$11.375"],
  ["google", "gemini-3.6-flash", "2026-08-01T12:00:00Z", "$9.15"],
  ["google", "gemini-3.6-flash", "2026-08-13T00:00:00Z", "$4.575"],
  ["google", "gemini-3.6-flash", "2027-01-01T00:00:00Z", "$9.15"],
  ["mistral_ai", "mistral-small-latest", "2026-01-22T12:00:00Z", "$0.50"],
]

describe("the history of prices", () => {
  it.each(history)("%s %s at %s: %s", (provider, model, time, total) => {
    assert.strictEqual(bill(provider, model, time), total)
  })
})

/** Half of the prompt is from the cache, and the answer has a million tokens. */
const longPrompts: ReadonlyArray<readonly [string, string, string, prompt: number, total: string]> = [
  ["anthropic", "claude-sonnet-4-20250514", "2025-08-11T12:00:00Z", 400_000, "$15.66"],
  ["anthropic", "claude-sonnet-4-20250514", "2025-09-01T12:00:00Z", 200_000, "$15.33"],
  ["anthropic", "claude-sonnet-4-20250514", "2025-09-01T12:00:00Z", 400_000, "$23.82"],
  ["anthropic", "claude-sonnet-4-5", "2025-10-01T12:00:00Z", 400_000, "$23.82"],
  ["anthropic", "claude-opus-4-6", "2026-03-12T12:00:00Z", 400_000, "$39.70"],
  ["anthropic", "claude-opus-4-6", "2026-03-13T12:00:00Z", 400_000, "$26.10"],
  ["anthropic", "claude-haiku-5-5", "2026-11-24T12:00:00Z", 200_000, "$2.555"],
  ["openai", "gpt-5.4", "2026-11-24T12:00:00Z", 272_000, "$15.374"],
  ["openai", "gpt-5.4", "2026-11-24T12:00:00Z", 272_002, "$23.2480055"],
  ["google", "gemini-2.5-pro", "2025-07-01T12:00:00Z", 400_000, "$15.625"],
  ["google", "gemini-1.5-flash", "2024-11-01T12:00:00Z", 200_000, "$0.61875"],
  ["x_ai", "grok-4.3", "2026-11-24T12:00:00Z", 199_998, "$2.64499855"],
  ["x_ai", "grok-4.3", "2026-11-24T12:00:00Z", 200_000, "$5.29"],
]

describe("long prompts", () => {
  it.each(longPrompts)("%s %s at %s, %d tokens: %s", (provider, model, time, prompt, total) => {
    assert.strictEqual(bill(provider, model, time, prompt), total)
  })
})
