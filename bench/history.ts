/**
 * What a call costs on a ledger that is a year old, beside one that is new: with a day, a month and a rolling hour in each.
 */
import { performance } from "node:perf_hooks"

import { Ledger, Money } from "@holdfast/cost"
import { Effect, Layer, type Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

import { onFile, onServer, pair, service } from "./ledger.ts"
import { ratio } from "./measure.ts"

type Database = Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>

const [minute, day] = [60_000, 86_400_000]

/** Entries of the old ledger: a reservation and a settlement every minute. */
const minutes = (365 * day) / minute
const pairs = 1_000
const rounds = 15

const limit = Money.fromInputUnsafe("1000 USD")

const claimsAt = (now: number): ReadonlyArray<Ledger.Claim> => {
  const [bucket, today] = [Math.floor(now / minute) * minute, Math.floor(now / day) * day]
  const month = today - 29 * day
  return [
    { account: "day", bucket: today, since: today, until: today + day, limit },
    { account: "month", bucket: month, since: month, until: today + day, limit },
    { account: "hour", bucket, since: bucket - 60 * minute, until: bucket + 61 * minute, limit },
  ]
}

/** The numbers from 0 on, as a table with the column `n`. */
const numbers = (sql: SqlClient.SqlClient): string =>
  sql.onDialectOrElse({
    pg: () => `generate_series(0::bigint, ${minutes - 1}::bigint) AS series(n)`,
    orElse: () =>
      `(WITH RECURSIVE series(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n < ${minutes - 1}) SELECT n FROM series)`,
  })

/** A year of entries, and the buckets of its minutes and days as they were while they counted. */
const age = (database: Database, prefix: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const now = Math.floor(Date.now() / minute) * minute
    const at = `${now - 365 * day} + n * ${minute}`
    for (const kind of ["Reserved", "Settled"]) {
      yield* sql.unsafe(
        `INSERT INTO ${prefix}_journal (id, kind, at, amount, detail)
          SELECT 'old-' || n, '${kind}', ${at}, '1', '{"old":true}' FROM ${numbers(sql)}`,
      )
    }
    yield* sql.unsafe(
      `INSERT INTO ${prefix}_total (account, bucket, spent, reserved, uncertain)
        SELECT 'hour', ${at}, '1', '0', '0' FROM ${numbers(sql)}`,
    )
  }).pipe(Effect.provide(database))

let ids = 0

const timed = (ledger: Ledger.Service): Effect.Effect<number, Ledger.LedgerUnavailable> =>
  Effect.suspend(() => {
    const began = performance.now()
    return Effect.map(
      Effect.forEach(
        Array.from({ length: pairs }),
        () => pair(ledger, `${process.pid}-h${ids++}`, claimsAt(Date.now())),
        { concurrency: 64, discard: true },
      ),
      () => performance.now() - began,
    )
  })

const oldOverNew = <E>(database: Effect.Effect<Database, E, Scope.Scope>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const layer = yield* database
      const open = (prefix: string) => service(Layer.provide(Ledger.layerSql({ prefix }), Layer.fresh(layer)))
      const [young, old] = [yield* open("young"), yield* open("old")]
      yield* age(layer, "old")
      // The first call of each removes what counts no more.
      yield* Effect.all([timed(young), timed(old)])
      const times = yield* Effect.forEach(Array.from({ length: rounds }), (_, round) =>
        Effect.gen(function* () {
          const first = yield* timed(round % 2 === 0 ? old : young)
          const second = yield* timed(round % 2 === 0 ? young : old)
          return round % 2 === 0 ? { old: first, young: second } : { old: second, young: first }
        }),
      )
      return ratio(
        times.map((each) => each.old),
        times.map((each) => each.young),
      )
    }),
  )

/** The greater of the two ratios; that of SQLite where there is no server. */
export const yearOldOverNew = Effect.map(
  Effect.all([oldOverNew(onFile), Effect.catch(oldOverNew(onServer), () => Effect.succeed(0))]),
  (ratios) => Math.max(...ratios),
)
