/**
 * Token counts of any vendor in the shape of `effect/ai`.
 *
 * @since 0.1.0
 */
import { type Response } from "effect/ai"

import { defined } from "./Json.ts"

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
