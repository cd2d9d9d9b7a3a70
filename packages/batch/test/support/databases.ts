/**
 * Databases for the tests: SQLite always, PostgreSQL where `DATABASE_URL` leads to one.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { PgClient } from "@effect/sql-pg"
import { Ledger, Price, PriceBook } from "@holdfast/cost"
import { SqliteClient } from "@holdfast/sqlite"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

import * as BatchJob from "../../src/BatchJob.ts"

export type Kind = "sqlite" | "postgres"

/** A new file, removed with the scope. */
export const file: Effect.Effect<string, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-batch-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true })),
  ),
  (path) => join(path, "jobs.db"),
)

const databaseUrl = process.env["DATABASE_URL"] ?? "postgres://root@127.0.0.1:5432/test"

const postgresIn = (schema: string) =>
  PgClient.layer({
    url: Redacted.make(databaseUrl),
    startupParameters: { search_path: schema, synchronous_commit: "off" },
    maxConnections: 4,
    // Of a machine that is busy.
    connectTimeout: "2 minutes",
  })

const administer = (statement: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(statement)).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(databaseUrl) })),
  )

/** The name of a new schema, dropped with the scope. */
const schema: Effect.Effect<string, SqlError.SqlError, Scope.Scope> = Effect.suspend(() => {
  const name = `holdfast_${crypto.randomUUID().replaceAll("-", "_")}`
  return Effect.acquireRelease(Effect.as(administer(`CREATE SCHEMA ${name}`), name), () =>
    Effect.orDie(administer(`DROP SCHEMA ${name} CASCADE`)),
  )
})

/** Why there is no PostgreSQL, if there is none. */
export const withoutPostgres: string | undefined = await Effect.runPromise(
  Effect.match(Effect.timeout(administer("SELECT 1"), "2 seconds"), {
    onFailure: (error) => `no PostgreSQL: ${error.message}`,
    onSuccess: () => undefined,
  }),
)

/** Where a new database is, also for another process. */
export const place = (kind: Kind): Effect.Effect<string, SqlError.SqlError, Scope.Scope> =>
  kind === "sqlite" ? file : schema

export const clientAt = (kind: Kind, where: string): Layer.Layer<SqlClient.SqlClient, SqlError.SqlError> =>
  kind === "sqlite" ? SqliteClient.layer({ filename: where, synchronous: "normal" }) : postgresIn(where)

/** $0.10 and $0.50 for a million tokens; half of it in a batch. */
const pricing = PriceBook.layerExtend([
  Price.make({
    provider: "acme",
    model: "acme-1",
    perMillion: { input: "$0.10", output: "$0.50" },
    factors: { batch: { numerator: 1n, denominator: 2n } },
    source: "made up",
    checkedOn: "2026-11-28",
  }),
])

/** Jobs and a ledger in one database. */
export const storesOn = (client: Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>) =>
  Layer.mergeAll(BatchJob.layerSql(), Ledger.layerSql(), pricing).pipe(Layer.provideMerge(client))
