/**
 * Databases for the tests: SQLite always, PostgreSQL where `DATABASE_URL` leads to one.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { PgClient } from "@effect/sql-pg"
import { SqliteClient } from "@holdfast/sqlite"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

import * as Ledger from "../src/Ledger.ts"

type Database = Effect.Effect<Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>, SqlError.SqlError, Scope.Scope>

/** A new file, removed with the scope. */
export const file: Effect.Effect<string, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-ledger-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true })),
  ),
  (path) => join(path, "ledger.db"),
)

export const sqlite: Database = Effect.map(file, (filename) => SqliteClient.layer({ filename, synchronous: "normal" }))

export const databaseUrl = process.env["DATABASE_URL"] ?? "postgres://root@127.0.0.1:5432/test"

export const postgresIn = (schema: string) =>
  PgClient.layer({
    url: Redacted.make(databaseUrl),
    startupParameters: { search_path: schema, synchronous_commit: "off" },
    maxConnections: 4,
  })

const administer = (statement: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(statement)).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(databaseUrl) })),
  )

/** The name of a new schema, dropped with the scope. */
export const schema: Effect.Effect<string, SqlError.SqlError, Scope.Scope> = Effect.suspend(() => {
  const name = `holdfast_${crypto.randomUUID().replaceAll("-", "_")}`
  return Effect.acquireRelease(Effect.as(administer(`CREATE SCHEMA ${name}`), name), () =>
    Effect.orDie(administer(`DROP SCHEMA ${name} CASCADE`)),
  )
})

export const postgres: Database = Effect.map(schema, postgresIn)

/** Why there is no PostgreSQL, if there is none. */
export const withoutPostgres: string | undefined = await Effect.runPromise(
  Effect.match(Effect.timeout(administer("SELECT 1"), "2 seconds"), {
    onFailure: (error) => `no PostgreSQL: ${error.message}`,
    onSuccess: () => undefined,
  }),
)

export const ledgerOn = (
  database: Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>,
  options?: Ledger.SqlOptions,
): Effect.Effect<Ledger.Service, Ledger.LedgerUnavailable | SqlError.SqlError, Scope.Scope> =>
  Effect.map(Layer.build(Layer.provide(Ledger.layerSql(options), database)), (context) =>
    Context.get(context, Ledger.Ledger),
  )
