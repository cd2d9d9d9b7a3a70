/**
 * What was spent, what may be spent by calls that are under way, and where it is written down.
 *
 * An append-only journal is the truth, and totals derive from it. Before an attempt its worst case is reserved, under all
 * limits that hold for it or under none; after it what it really cost is settled, or the reservation is released where
 * nothing was sent. Each is idempotent by the reservation's id. A reservation that is never ended, because its process was
 * killed, becomes a stated interval when its lease is over: it cost something between nothing and its worst case, and counts
 * with its worst case.
 *
 * **Where in a stack**: nowhere by itself; `Budget.enforce` and `Budget.record` use the one in context.
 *
 * @since 0.1.0
 */
import { ResilientModel } from "@holdfast/core"
import { type DurationInput } from "@holdfast/core/DurationInput"
import { Context, Duration, Effect, Layer, Result, type Scope } from "effect"
import { type SqlClient } from "effect/sql"

import { Background } from "./internal/ledger/background.ts"
import { memoryService } from "./internal/ledger/memoryService.ts"
import { type Service } from "./internal/ledger/service.ts"
import { sqlService } from "./internal/ledger/sqlService.ts"
import { type LedgerUnavailable } from "./internal/ledger/unavailable.ts"
import * as Money from "./Money.ts"

export { LedgerUnavailable } from "./internal/ledger/unavailable.ts"

export type { Claim, Entry, Reservation, Settlement, Subject } from "./internal/ledger/journal.ts"
export type { Admission, Outstanding, Range, Service } from "./internal/ledger/service.ts"
export type { Movement, Total } from "./internal/ledger/state.ts"

/**
 * The ledger of an application.
 *
 * @since 0.1.0
 * @category services
 */
export class Ledger extends Context.Service<Ledger, Service>()("@holdfast/cost/Ledger") {}

/**
 * @since 0.1.0
 * @category models
 */
export interface MemoryOptions {
  /** How many entries of the journal are kept at least, for reports; twice as many at most. 10,000 if left out. */
  readonly keep?: number | undefined
  /**
   * How far the clock may be set back before nothing is reserved any more. 1 minute if left out. A clock that stays set back, because
   * it was ahead before, is believed after a minute.
   */
  readonly clockTolerance?: DurationInput | undefined
}

/**
 * A ledger in the memory of this process. It forgets all when the process ends.
 *
 * **Gotchas**
 *
 * Each one that is built counts by itself: provide it once, to the whole application, and not around each request. A process that
 * builds it again and again is warned once.
 *
 * **Example** (A reservation and its end)
 *
 * ```ts
 * import { Ledger, Money } from "@holdfast/cost"
 * import { Effect } from "effect"
 *
 * const subject = { attempt: "a1", index: 1, provider: "openai", model: "gpt-6.1-terra", tags: {} }
 * const claim = { account: "team-a", bucket: 0, since: 0, until: 86_400_000, limit: Money.fromInputUnsafe("1 USD") }
 * const worst = Money.fromInputUnsafe("0.60 USD")
 * const reserve = (id: string) =>
 *   Effect.flatMap(Ledger.Ledger, (ledger) =>
 *     ledger.reserve({ id, subject, worst, claims: [claim], expiresAt: 60_000 }),
 *   )
 *
 * const program = Effect.map(Effect.all([reserve("r1"), reserve("r2")]), (all) => all.map(({ _tag }) => _tag))
 *
 * await Effect.runPromise(Effect.provide(program, Ledger.layerMemory())) // => ["Admitted", "Exceeded"]
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (options: MemoryOptions = {}): Layer.Layer<Ledger> =>
  Layer.effect(
    Ledger,
    Effect.flatMap(makeMemory(options), (service) => ResilientModel.countingLayer("Ledger.layerMemory", () => service)),
  )

/**
 * A ledger in memory for one who keeps accounts apart from the application's, such as the cap of a bulk run.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMemory = (options: MemoryOptions = {}): Effect.Effect<Service, never, Scope.Scope> =>
  Effect.clockWith((clock) => {
    const keep = options.keep ?? 10_000
    const tolerance = Duration.toMillis(options.clockTolerance ?? "1 minute")
    return Number.isInteger(keep) && keep >= 1
      ? Effect.map(Background.make, (background) => memoryService({ keep, tolerance, clock, background }))
      : Effect.die(new Error("Ledger.layerMemory: keep must be a whole number, 1 or more"))
  })

/**
 * @since 0.1.0
 * @category models
 */
export interface SqlOptions {
  /** What the names of the tables begin with. `holdfast` if left out. */
  readonly prefix?: string | undefined
  /**
   * How far the clock may be set back before nothing is reserved any more. 1 minute if left out. A clock that stays set back, because
   * it was ahead before, is believed after a minute.
   */
  readonly clockTolerance?: DurationInput | undefined
  /** How often a call that waits for room looks at what other processes have settled. A quarter of a second if left out. */
  readonly pollInterval?: DurationInput | undefined
  /**
   * How long the database is waited for before the ledger counts as unavailable. 6 seconds if left out, a little more than a
   * lock is waited for.
   */
  readonly timeout?: DurationInput | undefined
  /**
   * How much of a budget a process leases at once, to spend from it without asking the database for each call. Nothing is
   * leased if left out.
   */
  readonly slice?: Money.Input | undefined
}

/**
 * A ledger in the database of the `SqlClient` in context: SQLite for one process or several on one machine, PostgreSQL 14 or
 * later for any number.
 *
 * **Details**
 *
 * - The tables are made when the layer is built, and brought up to date later on. In PostgreSQL they are in the first schema of
 *   the connection's `search_path`.
 * - What several fibers ask for at once is done in one transaction. It is all written or nothing is.
 * - Reservations whose lease is over are found when the layer is built, every minute, and whenever `expire` is run.
 * - A reservation that is interrupted ends at once, and is given back as soon as the database can be reached.
 * - With `slice` a process leases a part of each budget that it uses, and calls cost no transaction of their own. What was spent
 *   is written down every second, and when the slice is used up; what is left is given back when it was idle for a second, and when
 *   the layer is closed. Limits hold as exactly as without. A process that is killed leaves its slice, which counts in full: it cost
 *   something between nothing and the slice, and the attempts of its last second are not in the journal.
 *
 * **Gotchas**
 *
 * When the database fails, so does every reservation, with `LedgerUnavailable`: what cannot be counted is not spent.
 *
 * **Example** (A ledger that survives a restart)
 *
 * ```ts
 * import { Ledger } from "@holdfast/cost"
 * import { SqliteClient } from "@holdfast/sqlite"
 * import { Effect, Layer } from "effect"
 *
 * const ledger = Ledger.layerSql().pipe(Layer.provide(SqliteClient.layer({ filename: ":memory:" })))
 * const expired = Effect.flatMap(Ledger.Ledger, ({ expire }) => expire)
 *
 * await Effect.runPromise(Effect.provide(expired, ledger)) // => 0
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSql = (options: SqlOptions = {}): Layer.Layer<Ledger, LedgerUnavailable, SqlClient.SqlClient> =>
  Layer.effect(
    Ledger,
    Effect.suspend(() => {
      const prefix = options.prefix ?? "holdfast"
      if (!/^[a-z_][a-z0-9_]{0,40}$/.test(prefix)) {
        return misconfigured("prefix must be a name of small letters, digits and underscores")
      }
      const slice = options.slice === undefined ? undefined : Money.fromInput(options.slice)
      if (slice !== undefined && Result.isFailure(slice)) return misconfigured(`slice: ${slice.failure.message}`)
      if (slice !== undefined && slice.success <= 0n) return misconfigured("slice must be above zero")
      return sqlService({
        prefix,
        tolerance: Duration.toMillis(options.clockTolerance ?? "1 minute"),
        pollInterval: Duration.fromInputUnsafe(options.pollInterval ?? "250 millis"),
        timeout: Duration.fromInputUnsafe(options.timeout ?? "6 seconds"),
        slice: slice?.success,
      })
    }),
  )

const misconfigured = (mistake: string) => Effect.die(new Error(`Ledger.layerSql: ${mistake}`))
