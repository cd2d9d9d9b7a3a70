/**
 * What a summary says, as data.
 */
import { Money } from "@holdfast/cost"
import { Schema } from "effect"

/**
 * Calls or attempts, added up. Rates are from 0 to 1, durations milliseconds.
 *
 * **Details**
 *
 * `success` is the share that completed, `failure` the share that failed or was refused; what callers gave up or left is in neither.
 * Counts of a log that keeps one in so many are estimates: each line counts as many times as its `sampled` says.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Totals = Schema.Struct({
  count: Schema.Int,
  completed: Schema.Int,
  failed: Schema.Int,
  interrupted: Schema.Int,
  abandoned: Schema.Int,
  success: Schema.Finite,
  failure: Schema.Finite,
  cacheHits: Schema.Int,
  latency: Schema.Struct({ mean: Schema.optionalKey(Schema.Finite), p95: Schema.optionalKey(Schema.Finite) }),
  timeToFirstToken: Schema.Struct({ mean: Schema.optionalKey(Schema.Finite), p95: Schema.optionalKey(Schema.Finite) }),
  tokens: Schema.Record(Schema.String, Schema.Finite),
  cost: Money.Money,
  /** By tag. */
  errors: Schema.Record(Schema.String, Schema.Int),
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type Totals = typeof Totals.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const Row = Schema.Struct({ key: Schema.String, totals: Totals })

/**
 * @since 0.1.0
 * @category schemas
 */
export type Row = typeof Row.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const Summary = Schema.Struct({
  /** Unix milliseconds; of the first and the last line where nothing was asked. */
  from: Schema.Finite,
  to: Schema.Finite,
  calls: Totals,
  attempts: Totals,
  /** Of attempts, which know the model that was asked; the most frequent first. */
  models: Schema.Array(Row),
  providers: Schema.Array(Row),
  /** Of calls. */
  tenants: Schema.Array(Row),
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type Summary = typeof Summary.Type
