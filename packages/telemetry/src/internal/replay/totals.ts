/**
 * What many calls amount to, as they were and as they would have been.
 */
import { Money } from "@holdfast/cost"

import { type DecisionTrace } from "../decisions/schema.ts"

/**
 * Durations are milliseconds; quantiles are by nearest rank, of calls that were answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Totals {
  readonly calls: number
  readonly completed: number
  readonly failed: number
  readonly attempts: number
  readonly retries: number
  readonly hedges: number
  readonly fallbacks: number
  readonly refusals: number
  readonly latency: Quantiles
  readonly timeToFirstPart: Quantiles
  readonly cost: Money.Money
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Quantiles {
  readonly p50: number | undefined
  readonly p95: number | undefined
  readonly p99: number | undefined
}

export const totalsOf = (traces: ReadonlyArray<DecisionTrace>): Totals => {
  const answered = traces.filter(({ outcome }) => outcome === "Completed")
  const decided = (kind: string) =>
    traces.reduce((sum, { decisions }) => sum + decisions.filter((decision) => decision.kind === kind).length, 0)
  return {
    calls: traces.length,
    completed: answered.length,
    failed: traces.filter(({ outcome }) => outcome === "Failed").length,
    attempts: traces.reduce((sum, { attempts }) => sum + attempts.length, 0),
    retries: decided("retry"),
    hedges: decided("hedge"),
    fallbacks: decided("fallback"),
    refusals: decided("refusal"),
    latency: quantiles(answered.map(({ duration }) => duration)),
    timeToFirstPart: quantiles(answered.flatMap(({ firstPart }) => (firstPart === undefined ? [] : [firstPart]))),
    cost: Money.sum(traces.map(({ cost }) => cost)),
  }
}

const quantiles = (values: ReadonlyArray<number>): Quantiles => {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
