import { type Duration, Effect, Option, Stream } from "effect"
import { SqlClient } from "effect/sql"

import { admitted, clockSteppedBack, exceeded, millisOf, reservationOver } from "./admission.ts"
import { NextChange } from "./changes.ts"
import { type Entry, read } from "./journal.ts"
import { type Admission, type Outstanding, type Service } from "./service.ts"
import { type Answer, open, type Operation } from "./sql.ts"
import { unavailable } from "./sqlFailure.ts"
import { type LedgerStore, migrate, type TotalRow } from "./sqlTables.ts"
import { type Movement, nothing, plus, type Total } from "./state.ts"
import { type LedgerUnavailable } from "./unavailable.ts"

interface SqlSettings {
  readonly prefix: string
  readonly tolerance: number
  readonly pollInterval: Duration.Duration
}

/** A ledger in a database, by the clock. */
export const sqlService = Effect.fnUntraced(function* ({ pollInterval, prefix, tolerance }: SqlSettings) {
  const sql = yield* SqlClient.SqlClient
  yield* Effect.mapError(migrate(prefix), unavailable("open"))
  const { store, submit } = yield* Effect.mapError(open(sql, { prefix, tolerance }), unavailable("open"))
  const change = new NextChange()
  const done = <A>(
    operation: LedgerUnavailable["operation"],
    ask: (now: number) => Operation,
    meaning: (answer: Answer) => A,
  ): Effect.Effect<A, LedgerUnavailable> =>
    Effect.clockWith((clock) =>
      Effect.map(Effect.mapError(submit(ask(clock.currentTimeMillisUnsafe())), unavailable(operation)), (answer) => {
        if (operation !== "reserve") change.happened()
        return meaning(answer)
      }),
    )
  const service: Service = {
    reserve: (reservation) =>
      Effect.flatten(done("reserve", (now) => ({ _tag: "Reserve", reservation, now }), admissionOf)),
    settle: (settlement) => done("settle", (now) => ({ _tag: "Settle", settlement, now }), movementsOf),
    release: (id) =>
      done(
        "release",
        (now) => ({ _tag: "Release", id, now }),
        () => undefined,
      ),
    expire: Effect.clockWith((clock) =>
      Effect.mapError(store.overdue(clock.currentTimeMillisUnsafe()), unavailable("expire")),
    ).pipe(
      Effect.flatMap(
        Effect.forEach(
          (id) =>
            done(
              "expire",
              (now) => ({ _tag: "Expire", id, now }),
              (answer) => Number(answer === "changed"),
            ),
          { concurrency: "unbounded" },
        ),
      ),
      Effect.map((counts) => counts.reduce((all, one) => all + one, 0)),
    ),
    total: ({ account, since }) =>
      Effect.mapBoth(store.totals([account], since), { onFailure: unavailable("read"), onSuccess: totalOf }),
    outstanding: Effect.flatMap(store.outstanding, (rows) =>
      Effect.forEach(rows, ({ expired, ...row }) => Effect.map(read(row), (entry) => outstandingOf(entry, expired))),
    ).pipe(Effect.mapBoth({ onFailure: unavailable("read"), onSuccess: (all) => all.flat() })),
    entries: (range) =>
      pages(store, { from: millisOf(range?.from, 0), to: millisOf(range?.to, Number.MAX_SAFE_INTEGER) }),
    nextChange: Effect.sync(() => Effect.race(change.next(), Effect.sleep(pollInterval))),
  }
  yield* service.expire
  return service
})

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
  store: LedgerStore,
  range: { readonly from: number; readonly to: number },
): Stream.Stream<Entry, LedgerUnavailable> =>
  Stream.paginate(0, (after) =>
    Effect.flatMap(store.page({ ...range, after, limit: page }), (rows) =>
      Effect.map(Effect.forEach(rows, read), (entries) => {
        const last = rows.length < page ? undefined : rows.at(-1)
        return [entries, Option.fromNullishOr(last?.seq)] as const
      }),
    ),
  ).pipe(Stream.mapError(unavailable("read")))
