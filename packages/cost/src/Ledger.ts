/**
 * What was spent, what may be spent by calls that are under way, and where it is written down.
 *
 * An append-only journal is the truth, and totals derive from it. Before an attempt its worst case is reserved, under all
 * limits that hold for it or under none; after it what it really cost is settled, or the reservation is released where
 * nothing was sent. Each is idempotent by the reservation's id. A reservation that nobody ends, because its process was
 * killed, becomes a stated interval when its lease is over: it cost something between nothing and its worst case, and counts
 * with its worst case.
 *
 * **Where in a stack**: nowhere by itself; `Budget.enforce` and `Budget.record` use the one in context.
 *
 * @since 0.1.0
 */
import { Context, Duration, Effect, Layer } from "effect"
import { type SqlClient } from "effect/sql"

import { memoryService } from "./internal/ledger/memoryService.ts"
import { type Service } from "./internal/ledger/service.ts"
import { sqlService } from "./internal/ledger/sqlService.ts"
import { type LedgerUnavailable } from "./internal/ledger/unavailable.ts"

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
  /** How far the clock may be set back before nothing is reserved any more. 1 minute if left out. */
  readonly clockTolerance?: Duration.Input | undefined
}

/**
 * A ledger in the memory of this process. It forgets all when the process ends.
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
    Effect.clockWith((clock) => {
      const keep = options.keep ?? 10_000
      const tolerance = Duration.toMillis(options.clockTolerance ?? "1 minute")
      return Number.isInteger(keep) && keep >= 1
        ? Effect.succeed(memoryService({ keep, tolerance, clock }))
        : Effect.die(new Error("Ledger.layerMemory: keep must be a whole number, 1 or more"))
    }),
  )

/**
 * @since 0.1.0
 * @category models
 */
export interface SqlOptions {
  /** What the names of the tables begin with. `holdfast` if left out. */
  readonly prefix?: string | undefined
  /** How far the clock may be set back before nothing is reserved any more. 1 minute if left out. */
  readonly clockTolerance?: Duration.Input | undefined
  /** After how long one who waits for room looks what other processes have settled. A quarter of a second if left out. */
  readonly pollInterval?: Duration.Input | undefined
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
 * - Reservations whose lease is over are found when the layer is built, and whenever `expire` is run.
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
      return /^[a-z_][a-z0-9_]{0,40}$/.test(prefix)
        ? sqlService({
            prefix,
            tolerance: Duration.toMillis(options.clockTolerance ?? "1 minute"),
            pollInterval: Duration.fromInputUnsafe(options.pollInterval ?? "250 millis"),
          })
        : Effect.die(new Error("Ledger.layerSql: prefix must be a name of small letters, digits and underscores"))
    }),
  )
