/**
 * Token counts of any vendor in the shape of `effect/ai`.
 *
 * @since 0.1.0
 */
import { Predicate } from "effect"
import { type Response } from "effect/ai"

import { defined, type Json, record } from "./Json.ts"

/**
 * Token counts as a vendor gives them. What it does not say is undefined, which is not zero.
 *
 * @since 0.1.0
 * @category models
 */
export interface Counts {
  /** All of the prompt, cached or not. */
  readonly input: number | undefined
  readonly cacheRead: number | undefined
  readonly cacheWrite: number | undefined
  /** All that was generated, reasoning included. */
  readonly output: number | undefined
  readonly reasoning: number | undefined
}

const rest = (total: number | undefined, known: number | undefined, also = 0): number | undefined =>
  total === undefined || known === undefined || total < known + also ? undefined : total - known - also

/**
 * The counts in the shape of `effect/ai`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const usage = (counts: Counts): typeof Response.Usage.Encoded => ({
  inputTokens: defined({
    total: counts.input,
    uncached: rest(counts.input, counts.cacheRead, counts.cacheWrite),
    cacheRead: counts.cacheRead,
    cacheWrite: counts.cacheWrite,
  }),
  outputTokens: defined({
    total: counts.output,
    text: rest(counts.output, counts.reasoning),
    reasoning: counts.reasoning,
  }),
})

/**
 * Whether a report of usage says something: it has a count that is not zero. Servers write zeros, or nothing, into every
 * chunk but one.
 *
 * @since 0.1.0
 * @category predicates
 */
export const saysSomething = (report: unknown): boolean =>
  Object.values(record(report) ?? {}).some((value) =>
    Predicate.isNumber(value) ? value > 0 : Predicate.isReadonlyObject(value) && saysSomething(value),
  )

/**
 * What two reports of one answer amount to.
 *
 * **Details**
 *
 * Counts are totals, so that a later report replaces an earlier one, field by field. A later zero, a missing field or one
 * that is no count does not erase a count: no total shrinks to nothing.
 *
 * @since 0.1.0
 * @category combinators
 */
export const laterReport = (earlier: Json | undefined, later: unknown): Json | undefined => {
  const fields = record(later)
  if (earlier === undefined || fields === undefined) return fields ?? earlier
  const merged: Record<string, unknown> = { ...earlier }
  for (const [name, value] of Object.entries(fields)) {
    if (name !== "__proto__" && Predicate.isNotNullish(value)) merged[name] = laterField(earlier[name], value)
  }
  return merged
}

const laterField = (earlier: unknown, later: unknown): unknown => {
  if (Predicate.isNumber(earlier) && earlier > 0) return Predicate.isNumber(later) && later > 0 ? later : earlier
  return isPlain(earlier) && isPlain(later) ? laterReport(earlier, later) : later
}

const isPlain = (value: unknown): value is Json => Predicate.isReadonlyObject(value) && !Array.isArray(value)

/**
 * The same usage, of an answer that has content. A prompt and an answer of zero tokens are then unknown: a server that
 * counts nothing writes zeros.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withoutEmptyTotals = (known: typeof Response.Usage.Encoded): typeof Response.Usage.Encoded => ({
  inputTokens: known.inputTokens.total === 0 ? {} : known.inputTokens,
  outputTokens: known.outputTokens.total === 0 ? {} : known.outputTokens,
})
