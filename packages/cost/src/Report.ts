/**
 * What was spent, on what, and how much of it was for nothing.
 *
 * A report adds up the journal of the ledger: attempts, tokens and costs of today and of a span of time, by day, model, provider,
 * tenant and tag; budgets with what is left of them; and the reservations that ended in an unknown way, as intervals.
 *
 * **Where in a stack**: nowhere; it reads the ledger in context.
 *
 * @since 0.1.0
 */
import { DateTime, Effect, Schema, Stream } from "effect"

import { budgetOf } from "./internal/budget/claims.ts"
import { zoneOf } from "./internal/budget/options.ts"
import { spanAt } from "./internal/budget/window.ts"
import { Fold, type Group, type Sum } from "./internal/report/fold.ts"
import { csvOf, tableOf } from "./internal/report/formats.ts"
import { type BudgetLine, type Open, Report, type Row, type Totals } from "./internal/report/schema.ts"
import { Ledger, type LedgerUnavailable, type Outstanding, type Service } from "./Ledger.ts"
import * as Money from "./Money.ts"

export { BudgetLine, Open, Report, Row, Totals } from "./internal/report/schema.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Whose midnight it is. UTC if left out. */
  readonly timeZone?: string | DateTime.TimeZone | undefined
  /** The beginning of this month if left out. */
  readonly from?: DateTime.DateTime.Input | undefined
  /** Now if left out. */
  readonly to?: DateTime.DateTime.Input | undefined
}

/**
 * Reads the ledger, and ends the leases that are over before.
 *
 * **Details**
 *
 * An attempt counts when it was settled, once also where several budgets have settled it. Budgets are those of which a reservation
 * stands in the part of the journal that is read, and that still count.
 *
 * **Gotchas**
 *
 * A time zone or a time that cannot be read is a defect: it is a mistake in the program.
 *
 * **Example** (A report of nothing)
 *
 * ```ts
 * import { Ledger, Report } from "@holdfast/cost"
 * import { Effect } from "effect"
 *
 * const program = Effect.map(Report.make(), ({ total }) => total.attempts)
 *
 * await Effect.runPromise(Effect.provide(program, Ledger.layerMemory())) // => 0
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (options: Options = {}) {
  const ledger = yield* Ledger
  const zone = zoneOf(options.timeZone)
  if (zone === undefined)
    return yield* Effect.die(
      new Error(
        `Report.make: timeZone: ${String(options.timeZone)} is not a time zone such as Europe/Zurich or +02:00`,
      ),
    )
  const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
  const from = options.from === undefined ? spanAt({ _tag: "Month", zone }, now).since : millisOf(options.from)
  const to = options.to === undefined ? now + 1 : millisOf(options.to)
  yield* ledger.expire
  const dayOf = days(zone)
  const fold = new Fold(dayOf, dayOf(now))
  yield* Stream.runForEachArray(ledger.entries({ from, to }), (entries) => Effect.sync(() => entries.forEach(fold.add)))
  const report: Report = {
    at: DateTime.makeUnsafe(now),
    from: DateTime.makeUnsafe(from),
    to: DateTime.makeUnsafe(to),
    today: totalsOf(fold.today),
    total: totalsOf(fold.all),
    budgets: yield* budgetLines(ledger, fold, now),
    days: rowsOf(fold, "day").toSorted((one, other) => (one.key < other.key ? -1 : 1)),
    models: rowsOf(fold, "model"),
    providers: rowsOf(fold, "provider"),
    tenants: rowsOf(fold, "tenant"),
    tags: rowsOf(fold, "tag"),
    open: (yield* ledger.outstanding).map(openOf),
  }
  return report
})

/**
 * As JSON, with amounts as text such as `"0.25 USD"` and times in Unix milliseconds.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toJson = (report: Report): string => encode(report)

/**
 * As comma-separated values: one line for each group and key, amounts in dollars.
 *
 * **Details**
 *
 * Texts that a spreadsheet would run as a formula get an apostrophe in front.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toCsv = (report: Report): string => csvOf(report)

/**
 * As a table for a terminal.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toTable = (report: Report): string => tableOf(report)

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.toCodecJson(Report)))

const millisOf = (input: DateTime.DateTime.Input): number => DateTime.toEpochMillis(DateTime.makeUnsafe(input))

/** The date of a moment. The entries of a journal come in their order, so that mostly it is the date of the one before. */
const days = (zone: DateTime.TimeZone): ((at: number) => string) => {
  let [since, until, date] = [0, 0, ""]
  return (at) => {
    if (at >= since && at < until) return date
    const span = spanAt({ _tag: "Day", zone }, at)
    since = span.since
    until = span.until
    date = DateTime.formatIsoDate(DateTime.makeZonedUnsafe(span.since, { timeZone: zone }))
    return date
  }
}

const totalsOf = ({ failures, repetitions, ...sum }: Sum): Totals => ({
  ...sum,
  costOfFailures: failures,
  costOfRepetitions: repetitions,
})

const rowsOf = (fold: Fold, group: Group): ReadonlyArray<Row> =>
  [...fold.groups[group]]
    .map(([key, sum]) => ({ key, totals: totalsOf(sum) }))
    .toSorted((one, other) => Money.Order(other.totals.cost, one.totals.cost))

const budgetLines = (
  ledger: Service,
  { claims }: Fold,
  now: number,
): Effect.Effect<ReadonlyArray<BudgetLine>, LedgerUnavailable> =>
  Effect.forEach(
    [...claims.values()].filter(({ claim }) => claim.until > now),
    ({ claim }) => {
      // An account that no budget made has no window that could move.
      const known = budgetOf(claim.account) ?? { budget: claim.account, window: "", scope: undefined }
      const stands = ["day", "month", ""].includes(known.window)
      // A rolling window has moved on since then.
      const since = stands ? claim.since : now - (claim.bucket - claim.since)
      return Effect.map(
        ledger.total({ account: claim.account, since }),
        ({ reserved, spent, uncertain }): BudgetLine => ({
          budget: known.budget,
          window: known.window,
          ...(known.scope !== undefined && { scope: known.scope }),
          limit: claim.limit,
          spent,
          reserved,
          uncertain,
          utilisation: share(spent + reserved + uncertain, claim.limit),
        }),
      )
    },
  )

// To a thousandth of a percent.
const share = (part: bigint, whole: bigint): number => (whole === 0n ? 1 : Number((part * 100_000n) / whole) / 100_000)

const openOf = ({ expired, reservation: { expiresAt, subject, worst } }: Outstanding): Open => ({
  attempt: subject.attempt,
  provider: subject.provider,
  model: subject.model,
  ...(subject.tenant !== undefined && { tenant: subject.tenant }),
  worst,
  expired,
  expiresAt: DateTime.makeUnsafe(expiresAt),
})
