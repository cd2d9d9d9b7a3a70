/**
 * Anthropic's token counts.
 */
import { count, field, type Json, list, record, text } from "@holdfast/core/provider/Json"
import { usage as encode } from "@holdfast/core/provider/TokenCounts"
import { Predicate } from "effect"
import { type Response } from "effect/ai"

/**
 * What a stream's end says of its usage, laid over what its beginning said.
 *
 * Both are totals, and the end knows more: tools that Anthropic ran have added to the prompt since. What it leaves out or
 * sends as `null` or as text stays, and so does what it sends as zero: no total shrinks to nothing. Only where the end is the first
 * to say what came from the cache, the beginning counted that as plain input, and may have counted nothing else.
 */
export const mergeUsage = (start: Json | undefined, end: Json | undefined): Json | undefined => {
  if (start === undefined || end === undefined) return end ?? start
  const splitsInput =
    !cacheCounts.some((name) => isPositive(start[name])) && cacheCounts.some((name) => isPositive(end[name]))
  const said = Object.entries(end).filter(
    ([name, value]) =>
      Predicate.isNotNullish(value) &&
      (!isPositive(start[name]) || isPositive(value) || (splitsInput && name === "input_tokens" && value === 0)),
  )
  const merged: Json = { ...start, ...Object.fromEntries(said) }
  return splitIsStale(merged) ? without(merged, "cache_creation") : merged
}

const cacheCounts = ["cache_read_input_tokens", "cache_creation_input_tokens"]

const isPositive = (value: unknown): boolean => Predicate.isNumber(value) && value > 0

// The beginning's split of cache writes does not add up to the end's total any more, and would be priced wrongly.
const splitIsStale = (usage: Json): boolean => {
  const split = record(usage["cache_creation"])
  const total = count(usage, "cache_creation_input_tokens")
  if (split === undefined || total === undefined) return false
  return sum(count(split, "ephemeral_5m_input_tokens"), count(split, "ephemeral_1h_input_tokens")) !== total
}

const without = (fields: Json, key: string): Json =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key))

/**
 * The usage in the shape of `effect/ai`.
 *
 * Anthropic's `input_tokens` are only what neither came from the cache nor went into it. What a compaction of the
 * conversation cost is in no total, only among the `iterations`. Sub-inferences by other models are not counted: they
 * have other prices.
 */
export const usage = (raw: unknown): typeof Response.Usage.Encoded => {
  const compactions = list(raw, "iterations").filter((iteration) => text(iteration, "type") === "compaction")
  const total = (key: string): number | undefined => {
    const known = count(raw, key)
    return known === undefined ? undefined : counted(known, ...compactions.map((iteration) => count(iteration, key)))
  }
  const cacheRead = total("cache_read_input_tokens")
  const cacheWrite = total("cache_creation_input_tokens")
  const uncached = total("input_tokens")
  return encode({
    input: uncached === undefined ? undefined : counted(uncached, cacheRead, cacheWrite),
    cacheRead,
    cacheWrite,
    output: total("output_tokens"),
    reasoning: count(field(raw, "output_tokens_details"), "thinking_tokens"),
  })
}

// Counts that a server made up may add up to more than a number can hold.
const counted = (...values: ReadonlyArray<number | undefined>): number | undefined => {
  const total = sum(...values)
  return Number.isSafeInteger(total) ? total : undefined
}

const sum = (...values: ReadonlyArray<number | undefined>): number =>
  values.reduce<number>((known, value) => known + (value ?? 0), 0)
