import { Clock, Duration, Effect, identity, Option, Predicate, Stream } from "effect"
import { SqlClient } from "effect/sql"

import * as Money from "../../Money.ts"
import { migrate } from "../../SqlMigrations.ts"
import { admitted, clockSteppedBack, exceeded, millisOf, reservationOver } from "./admission.ts"
import { Background } from "./background.ts"
import { NextChange } from "./changes.ts"
import { type Entry, read } from "./journal.ts"
import { pause, within } from "./patience.ts"
import { type Admission, type Outstanding, type Service } from "./service.ts"
import { Slices } from "./slices.ts"
import { open, type Trouble } from "./sql.ts"
import { unavailable } from "./sqlFailure.ts"
import { migrations } from "./sqlMigrations.ts"
import { type Answer, type Exchanged, type Operation } from "./sqlOperation.ts"
import { type LedgerStore, type TotalRow } from "./sqlTables.ts"
import { type Movement, nothing, plus, type Total } from "./state.ts"
import { millisNow } from "./time.ts"
import { type LedgerUnavailable } from "./unavailable.ts"

interface SqlSettings {
  readonly prefix: string
  readonly tolerance: number
  readonly pollInterval: Duration.Duration
  /** How long the database is waited for. */
  readonly timeout: Duration.Duration
  /** How much a process leases at once. Nothing is leased if left out. */
  readonly slice: Money.Money | undefined
}

/** A ledger in a database, by the clock. */
export const sqlService = Effect.fnUntraced(function* (settings: SqlSettings) {
  const { pollInterval, prefix, slice, timeout, tolerance } = settings
  const sql = yield* SqlClient.SqlClient
  yield* Effect.mapError(within(migrate(prefix, migrations), timeout), unavailable("open"))
  const { store, submit } = yield* Effect.mapError(open(sql, { prefix, tolerance, timeout }), unavailable("open"))
  const change = new NextChange()
  const background = yield* Background.make
  const service = rowService({ store, submit, change, pollInterval, timeout, background })
  yield* service.expire
  // A reservation whose answer was lost, or whose process was killed, is nobody's to end.
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(pause(expiryInterval), Effect.ignore(service.expire))))
  if (slice === undefined) return service
  const clock = yield* Clock.Clock
  const slices = new Slices({
    size: slice,
    tolerance,
    clock,
    exchange: (operation) =>
      Effect.mapBoth(submit(operation), { onFailure: unavailable("reserve"), onSuccess: exchangedOf }),
  })
  yield* Effect.forkScoped(Effect.forever(Effect.delay(slices.sweep, sweepInterval)))
  yield* Effect.addFinalizer(() => slices.close)
  return slicedService(service, slices, change)
})

const expiryInterval = Duration.minutes(1)

/** How long a slice lies idle before it is given back. */
const sweepInterval = Duration.seconds(1)

interface Rows {
  readonly store: LedgerStore
  readonly submit: (operation: Operation) => Effect.Effect<Answer, Trouble>
  readonly change: NextChange
  readonly pollInterval: Duration.Duration
  readonly timeout: Duration.Duration
  readonly background: Background
}

/** Each operation is a row of the journal, in a transaction that it shares with others. */
const rowService = ({ background, change, pollInterval, store, submit, timeout }: Rows): Service => {
  const done = <A>(
    operation: LedgerUnavailable["operation"],
    ask: (now: number) => Operation,
    meaning: (answer: Answer) => A,
  ): Effect.Effect<A, LedgerUnavailable> =>
    Effect.clockWith((clock) =>
      Effect.map(Effect.mapError(submit(ask(millisNow(clock))), unavailable(operation)), (answer) => {
        if (operation !== "reserve") change.happened()
        return meaning(answer)
      }),
    )
  const expireOne = (id: string) =>
    done(
      "expire",
      (now) => ({ _tag: "Expire", id, now }),
      (answer) => Number(answer === "changed"),
    )
  const release = (id: string) => Effect.asVoid(done("release", (now) => ({ _tag: "Release", id, now }), identity))
  const reading = <A>(self: Effect.Effect<A, Trouble>, operation: "expire" | "read" = "read") =>
    Effect.mapError(within(self, timeout), unavailable(operation))
  return {
    // Who no longer waits for the answer has sent nothing.
    reserve: (reservation) =>
      Effect.flatten(
        Effect.onInterrupt(
          Effect.interruptible(done("reserve", (now) => ({ _tag: "Reserve", reservation, now }), admissionOf)),
          () => Effect.asVoid(background.persist(release(reservation.id))),
        ),
      ),
    settle: (settlement) => done("settle", (now) => ({ _tag: "Settle", settlement, now }), movementsOf),
    release,
    expire: Effect.clockWith((clock) => reading(store.overdue(millisNow(clock)), "expire")).pipe(
      // All are tried: one that cannot be read keeps no other open.
      Effect.flatMap(Effect.forEach((id) => Effect.exit(expireOne(id)), { concurrency: "unbounded" })),
      Effect.flatMap((exits) => Effect.all(exits)),
      Effect.map((counts) => counts.reduce((all, one) => all + one, 0)),
    ),
    total: ({ account, since }) => Effect.map(reading(store.totals([{ account, since }])), totalOf),
    outstanding: reading(
      Effect.flatMap(store.outstanding, (rows) =>
        Effect.forEach(rows, ({ expired, ...row }) => Effect.map(read(row), (entry) => outstandingOf(entry, expired))),
      ),
    ).pipe(Effect.map((all) => all.flat())),
    entries: (range) =>
      pages((page) => within(store.page(page), timeout), {
        from: millisOf(range?.from, 0),
        to: millisOf(range?.to, Number.MAX_SAFE_INTEGER),
      }),
    nextChange: Effect.sync(() => Effect.race(change.next(), Effect.sleep(pollInterval))),
    persist: (write) => background.persist(write),
  }
}

/** Attempts are paid from slices of this process; what is read is corrected by what the database does not know of them. */
const slicedService = (rows: Service, slices: Slices, change: NextChange): Service => ({
  ...rows,
  reserve: (reservation) => slices.reserve(reservation),
  settle: (settlement) =>
    Effect.suspend(() => {
      const movements = slices.settle(settlement)
      if (movements === undefined) return rows.settle(slices.withClaims(settlement))
      change.happened()
      return Effect.succeed(movements)
    }),
  release: (id) =>
    Effect.suspend(() => {
      if (!slices.release(id)) return rows.release(id)
      change.happened()
      return Effect.void
    }),
  total: (claim) => Effect.map(rows.total(claim), (total) => slices.correct(total, claim)),
  outstanding: Effect.map(rows.outstanding, (all) => {
    const own = slices.open
    return [
      ...all.filter(({ reservation }) => !own.slices.has(reservation.id)),
      ...own.reservations.map((reservation) => ({ reservation, expired: false })),
    ]
  }),
  entries: (range) => Stream.unwrap(Effect.as(slices.flush, rows.entries(range))),
})

const exchangedOf = (answer: Answer): Exchanged =>
  Predicate.isTagged(answer, "Exchanged")
    ? answer
    : { _tag: "Exchanged", amount: Money.zero, movements: [], refusal: undefined }

const admissionOf = (answer: Answer): Effect.Effect<Admission, LedgerUnavailable> => {
  if (answer === "over") return reservationOver
  if (answer === "steppedBack") return clockSteppedBack
  return typeof answer === "object" && "claim" in answer ? Effect.succeed(exceeded(answer)) : admitted
}

const movementsOf = (answer: Answer): ReadonlyArray<Movement> =>
  Array.isArray(answer) ? (answer as ReadonlyArray<Movement>) : []

const totalOf = (rows: ReadonlyArray<TotalRow>): Total =>
  rows.map(({ reserved, spent, uncertain }) => ({ spent, reserved, uncertain })).reduce(plus, nothing)

const outstandingOf = (entry: Entry, expired: boolean): ReadonlyArray<Outstanding> =>
  entry._tag === "Reserved" ? [{ reservation: entry.reservation, expired }] : []

/** How many entries are read at once. */
const page = 500

const pages = (
  pageOf: LedgerStore["page"],
  range: { readonly from: number; readonly to: number },
): Stream.Stream<Entry, LedgerUnavailable> =>
  Stream.paginate(0, (after) =>
    Effect.flatMap(pageOf({ ...range, after, limit: page }), (rows) =>
      Effect.map(Effect.forEach(rows, read), (entries) => {
        const last = rows.length < page ? undefined : rows.at(-1)
        return [entries, Option.fromNullishOr(last?.seq)] as const
      }),
    ),
  ).pipe(Stream.mapError(unavailable("read")))
