import { count, defined, type Json, record } from "@holdfast/core/provider/Json"
import { usage as encode } from "@holdfast/core/provider/TokenCounts"
import { type Response } from "effect/ai"

/**
 * The usage of an answer. Prompts and the results of Google's own tools, which are fed back as input, are counted apart,
 * and so are candidates and thoughts. What was read from a cache is part of the prompt.
 *
 * Google's JSON leaves out counts that are zero. So what is missing beside a count that is there is zero, and without
 * any count nothing is known.
 */
export const usage = (raw: unknown): typeof Response.Usage.Encoded => {
  const prompt = count(raw, "promptTokenCount")
  const total = count(raw, "totalTokenCount")
  const toolUse = count(raw, "toolUsePromptTokenCount") ?? 0
  const candidates = count(raw, "candidatesTokenCount")
  const thoughts = count(raw, "thoughtsTokenCount")
  const input = prompt === undefined ? undefined : sum(prompt, toolUse)
  const generated = candidates ?? thoughts ?? total
  const output = generated === undefined ? undefined : outputOf(candidates, thoughts ?? 0, input, total)
  return encode({
    input,
    cacheRead: prompt === undefined ? undefined : (count(raw, "cachedContentTokenCount") ?? 0),
    cacheWrite: undefined,
    output,
    reasoning: output === undefined ? undefined : (thoughts ?? 0),
  })
}

// With candidates left out, the total says whether they are zero.
const outputOf = (
  candidates: number | undefined,
  thoughts: number,
  input: number | undefined,
  total: number | undefined,
): number | undefined => {
  if (candidates !== undefined) return sum(candidates, thoughts)
  if (total === undefined || input === undefined) return thoughts === 0 ? undefined : thoughts
  return Math.max(total - input, thoughts)
}

// Two counts that a server made up may add up to more than a number can hold.
const sum = (one: number, other: number): number | undefined =>
  Number.isSafeInteger(one + other) ? one + other : undefined

/** Usage is cumulative: what a later chunk says replaces what an earlier one said. */
export const laterUsage = (earlier: Json | undefined, later: unknown): Json | undefined => {
  const fields = record(later)
  return fields === undefined ? earlier : { ...earlier, ...defined(fields) }
}
