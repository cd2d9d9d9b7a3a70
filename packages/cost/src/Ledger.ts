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
import { Context, type DateTime, Duration, Effect, Layer, type Stream } from "effect"
import { type SqlClient } from "effect/sql"

import type * as Journal from "./internal/ledger/journal.ts"
import { memoryService } from "./internal/ledger/memoryService.ts"
import { sqlService } from "./internal/ledger/sqlService.ts"
import { type LedgerUnavailable } from "./internal/ledger/unavailable.ts"
import type * as Money from "./Money.ts"

export { LedgerUnavailable } from "./internal/ledger/unavailable.ts"

/**
 * The attempt that a reservation is for: `attempt` is its id, `index` 1 for a call's first one.
 *
 * @since 0.1.0
 * @category models
 */
export type Subject = typeof Journal.Subject.Type

/**
 * A limit that a reservation must fit under.
 *
 * **Details**
 *
 * What is charged to an account is charged to the bucket of a moment, and the limit holds for the sum of all buckets from
 * `since` on. For a day `bucket` and `since` are its beginning. Times are Unix milliseconds; `until` is when the bucket
 * counts no more.
 *
 * @since 0.1.0
 * @category models
 */
export type Claim = typeof Journal.Claim.Type

/**
 * What is to be reserved: the worst case of one attempt, under all of the claims or under none.
 *
 * @since 0.1.0
 * @category models
 */
export type Reservation = typeof Journal.Reservation.Type

/**
 * What an attempt really cost.
 *
 * **Details**
 *
 * `basis` says how that is known: the vendor reported the usage; it is estimated from what was delivered, and lies between
 * `minimum` and `maximum`; nothing was billed; or the model has no price. Where usage was reported, the three amounts are equal.
 *
 * @since 0.1.0
 * @category models
 */
export type Settlement = typeof Journal.Settlement.Type

/**
 * One entry of the journal.
 *
 * @since 0.1.0
 * @category models
 */
export type Entry = Journal.Entry

/**
 * What an account holds: real costs, worst cases of what is under way, and worst cases of what ended nobody knows how.
 *
 * @since 0.1.0
 * @category models
 */
export interface Total {
  readonly spent: Money.Money
  readonly reserved: Money.Money
  readonly uncertain: Money.Money
}

/**
 * Whether a reservation was made.
 *
 * @since 0.1.0
 * @category models
 */
export type Admission =
  | { readonly _tag: "Admitted" }
  | {
      readonly _tag: "Exceeded"
      readonly claim: Claim
      readonly total: Total
      /** Whether it may fit when calls that are under way cost less than their worst case. */
      readonly mayFit: boolean
    }

/**
 * What the account of a claim had spent before a settlement and after it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Movement {
  readonly claim: Claim
  readonly before: Money.Money
  readonly after: Money.Money
}

/**
 * A reservation that was neither settled nor released. With an expired lease its cost lies between nothing and `worst`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outstanding {
  readonly reservation: Reservation
  readonly expired: boolean
}

/**
 * From when on, and until when. All if left out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Range {
  readonly from?: DateTime.DateTime.Input | undefined
  readonly to?: DateTime.DateTime.Input | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Reserves under all claims or under none. Of an id that is reserved already it says so, and changes nothing. */
  readonly reserve: (reservation: Reservation) => Effect.Effect<Admission, LedgerUnavailable>
  /** Takes down a real cost, once. Also after a release or when the lease is over: what was paid is paid. */
  readonly settle: (settlement: Settlement) => Effect.Effect<ReadonlyArray<Movement>, LedgerUnavailable>
  /** Gives a reservation back, because nothing was sent. */
  readonly release: (id: string) => Effect.Effect<void, LedgerUnavailable>
  /** Ends the leases that are over, and says how many were. */
  readonly expire: Effect.Effect<number, LedgerUnavailable>
  readonly total: (claim: Pick<Claim, "account" | "since">) => Effect.Effect<Total, LedgerUnavailable>
  readonly outstanding: Effect.Effect<ReadonlyArray<Outstanding>, LedgerUnavailable>
  /** The journal in its order. */
  readonly entries: (range?: Range) => Stream.Stream<Entry, LedgerUnavailable>
  /**
   * Gives an effect that ends at the next settlement, release or expiry after now, of this process, or for a ledger of
   * several processes after a moment. Who waits for room asks for it first and reserves afterwards.
   */
  readonly nextChange: Effect.Effect<Effect.Effect<void>>
}

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
