import { count, field } from "@holdfast/core/provider/Json"
import { usage as encode } from "@holdfast/core/provider/TokenCounts"
import { type Response } from "effect/ai"

/**
 * The usage of Chat Completions. `prompt_tokens` include the cached ones. DeepSeek and Moonshot name the cache reads
 * differently, and `reasoningOutside` is for xAI, whose `completion_tokens` leave reasoning out.
 */
export const usage = (raw: unknown, reasoningOutside: boolean): typeof Response.Usage.Encoded => {
  const prompt = field(raw, "prompt_tokens_details")
  const completion = count(raw, "completion_tokens")
  const reasoning = count(field(raw, "completion_tokens_details"), "reasoning_tokens")
  return encode({
    input: count(raw, "prompt_tokens"),
    cacheRead: count(prompt, "cached_tokens") ?? count(raw, "prompt_cache_hit_tokens") ?? count(raw, "cached_tokens"),
    cacheWrite: count(prompt, "cache_write_tokens"),
    output: reasoningOutside && completion !== undefined ? sum(completion, reasoning ?? 0) : completion,
    reasoning,
  })
}

// Two counts that a server made up may add up to more than a number can hold.
const sum = (one: number, other: number): number | undefined =>
  Number.isSafeInteger(one + other) ? one + other : undefined
