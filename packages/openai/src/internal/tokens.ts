import { type Response } from "effect/ai"

import { defined } from "./read.ts"

/** Token counts as a vendor gives them. What it does not say is undefined, which is not zero. */
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

/** The counts in the shape of `effect/ai`. */
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
