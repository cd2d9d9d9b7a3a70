/**
 * Databases for the tests, closed and removed with their scope.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

import * as SqliteClient from "../src/SqliteClient.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-sqlite-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true })),
)
export const file = Effect.map(folder, (path) => join(path, "test.db"))

export const opened = (options: SqliteClient.Options) =>
  Effect.map(Layer.build(SqliteClient.layer(options)), (context) =>
    SqlClient.SqlClient.pipe(Effect.provide(context)),
  ).pipe(Effect.flatten)
export const memory = opened({ filename: ":memory:" })

export const things = Effect.gen(function* () {
  const sql = yield* memory
  yield* sql`CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size INTEGER CHECK (size > 0)) STRICT`
  return sql
})

export const reasonOf = (self: Effect.Effect<unknown, SqlError.SqlError>) =>
  Effect.map(Effect.flip(self), (error) => [error.reason._tag, SqliteClient.resultCode(error)] as const)
