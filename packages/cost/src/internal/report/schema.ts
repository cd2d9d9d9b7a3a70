/**
 * What a report says, as data.
 */
import { Schema } from "effect"

import * as Money from "../../Money.ts"

/**
 * Attempts, tokens and costs, added up.
 *
 * **Details**
 *
 * `minimum` and `maximum` differ from `cost` where usage was not reported. `costOfFailures` is what attempts cost that did not
 * complete, `costOfRepetitions` what all cost but the first attempt of each call: retries, fallbacks and hedges. `saved` is what
 * prompt caches saved; below zero where writing to them cost more. `unpriced` attempts are in no sum of money.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Totals = Schema.Struct({
  attempts: Schema.Int,
  completed: Schema.Int,
  failed: Schema.Int,
  interrupted: Schema.Int,
  abandoned: Schema.Int,
  /** Attempts that were not the first of their call. */
  repeated: Schema.Int,
  unpriced: Schema.Int,
  /** By class, as `Price.TokenClass`. */
  tokens: Schema.Record(Schema.String, Schema.Finite),
  cost: Money.Money,
  minimum: Money.Money,
  maximum: Money.Money,
  costOfFailures: Money.Money,
  costOfRepetitions: Money.Money,
  saved: Money.Money,
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type Totals = typeof Totals.Type

/**
 * The totals of one day, model, provider, tenant or tag. The dearest come first, days in their order.
 *
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
 * A limit and what is used of it now. `utilisation` is the share of the limit that is spent, reserved or uncertain.
 *
 * @since 0.1.0
 * @category schemas
 */
export const BudgetLine = Schema.Struct({
  budget: Schema.String,
  window: Schema.String,
  scope: Schema.optionalKey(Schema.String),
  limit: Money.Money,
  spent: Money.Money,
  reserved: Money.Money,
  uncertain: Money.Money,
  utilisation: Schema.Finite,
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type BudgetLine = typeof BudgetLine.Type

/**
 * A reservation that is neither settled nor released. One whose lease is over cost between nothing and `worst`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Open = Schema.Struct({
  attempt: Schema.String,
  provider: Schema.String,
  model: Schema.String,
  tenant: Schema.optionalKey(Schema.String),
  worst: Money.Money,
  expired: Schema.Boolean,
  expiresAt: Schema.DateTimeUtcFromMillis,
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type Open = typeof Open.Type

/**
 * @since 0.1.0
 * @category schemas
 */
export const Report = Schema.Struct({
  at: Schema.DateTimeUtcFromMillis,
  from: Schema.DateTimeUtcFromMillis,
  to: Schema.DateTimeUtcFromMillis,
  today: Totals,
  total: Totals,
  budgets: Schema.Array(BudgetLine),
  days: Schema.Array(Row),
  models: Schema.Array(Row),
  providers: Schema.Array(Row),
  tenants: Schema.Array(Row),
  tags: Schema.Array(Row),
  open: Schema.Array(Open),
})

/**
 * @since 0.1.0
 * @category schemas
 */
export type Report = typeof Report.Type
