import { count, field } from "@holdfast/core/provider/Json"
import { usage as encode } from "@holdfast/core/provider/TokenCounts"
import { Predicate } from "effect"
import { type Response } from "effect/ai"

/**
 * The usage of an answer. Prompts and the results of Google's own tools, which are fed back as input, are counted apart,
 * and so are candidates and thoughts. What was read from a cache is part of the prompt.
 *
 * Google's JSON leaves out counts that are zero. So what is missing beside a count that is there is zero, and without
 * any count nothing is known. What is there and is no count is unknown, too.
 */
export const usage = (raw: unknown): typeof Response.Usage.Encoded => {
  const prompt = count(raw, "promptTokenCount")
  const total = count(raw, "totalTokenCount")
  const toolUse = countOrZero(raw, "toolUsePromptTokenCount")
  const candidates = count(raw, "candidatesTokenCount")
  const thoughts = countOrZero(raw, "thoughtsTokenCount")
  const input = prompt === undefined || toolUse === undefined ? undefined : sum(prompt, toolUse)
  const generated = candidates ?? count(raw, "thoughtsTokenCount") ?? total
  const output =
    generated === undefined || thoughts === undefined ? undefined : outputOf(candidates, thoughts, input, total)
  return encode({
    input,
    cacheRead: prompt === undefined ? undefined : countOrZero(raw, "cachedContentTokenCount"),
    cacheWrite: undefined,
    output,
    reasoning: output === undefined ? undefined : thoughts,
  })
}

const countOrZero = (raw: unknown, key: string): number | undefined =>
  Predicate.isNullish(field(raw, key)) ? 0 : count(raw, key)

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
