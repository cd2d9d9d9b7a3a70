import { count, field } from "@holdfast/core/provider/Json"
import { usage as encode } from "@holdfast/core/provider/TokenCounts"
import { type Response } from "effect/ai"

/**
 * The usage of the Responses API. Its `input_tokens` include what was read from and written to the cache, and its
 * `output_tokens` include reasoning.
 */
export const usage = (raw: unknown): typeof Response.Usage.Encoded => {
  const input = field(raw, "input_tokens_details")
  return encode({
    input: count(raw, "input_tokens"),
    cacheRead: count(input, "cached_tokens"),
    cacheWrite: count(input, "cache_write_tokens"),
    output: count(raw, "output_tokens"),
    reasoning: count(field(raw, "output_tokens_details"), "reasoning_tokens"),
  })
}
