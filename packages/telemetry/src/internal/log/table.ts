/**
 * A request log in a table, in SQL that SQLite and PostgreSQL have in common.
 */
import { Array as Arr, Effect, Stream } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"

import { type Line, toJson } from "./line.ts"

type Sql = SqlClient.SqlClient

export const createTable = (sql: Sql, name: string): Effect.Effect<void, SqlError.SqlError> =>
  Effect.andThen(
    sql`CREATE TABLE IF NOT EXISTS ${sql(name)} (
      at BIGINT NOT NULL,
      line TEXT NOT NULL,
      call_id TEXT NOT NULL,
      tenant TEXT,
      provider TEXT NOT NULL,
      model TEXT NOT NULL,
      outcome TEXT NOT NULL,
      error_type TEXT,
      duration_ms DOUBLE PRECISION NOT NULL,
      cost BIGINT NOT NULL,
      sampled INTEGER NOT NULL,
      detail TEXT NOT NULL
    )`,
    sql`CREATE INDEX IF NOT EXISTS ${sql(`${name}_at`)} ON ${sql(name)} (at)`,
  )

/** Parameters of one statement; SQLite takes 32,766 and PostgreSQL 65,535. */
const rowsOfStatement = 1_000

export const insertLines = (
  sql: Sql,
  name: string,
  lines: ReadonlyArray<Line>,
): Effect.Effect<void, SqlError.SqlError> => {
  const pieces = Arr.chunksOf(lines.map(rowOf), rowsOfStatement)
  const inserted = Effect.forEach(pieces, (rows) => sql`INSERT INTO ${sql(name)} ${sql.insert(rows)}`, {
    discard: true,
  })
  return sql.withTransaction(inserted)
}

const rowOf = (line: Line): Record<string, string | number | null> => ({
  at: Math.floor(line.at),
  line: line.line,
  call_id: line.callId,
  tenant: line.tenant ?? null,
  provider: line.provider,
  model: line.model,
  outcome: line.outcome,
  error_type: line.errorType ?? null,
  duration_ms: line.duration,
  // Exact up to 9,000 dollars an attempt.
  cost: Number(line.cost),
  sampled: line.sampled,
  detail: toJson(line),
})

export const selectLines = (
  sql: Sql,
  name: string,
  { from = 0, to = 8_640_000_000_000_000 }: { readonly from?: number | undefined; readonly to?: number | undefined },
): Stream.Stream<string, SqlError.SqlError> =>
  sql<{ detail: string }>`SELECT detail FROM ${sql(name)} WHERE at >= ${from} AND at < ${to} ORDER BY at`.stream.pipe(
    Stream.map(({ detail }) => detail),
  )
