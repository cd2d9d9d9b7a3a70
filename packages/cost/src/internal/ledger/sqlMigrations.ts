/**
 * The tables of a ledger as they came about: made where there are none, brought up to date where they are older, and left alone
 * where a later version of this library has made them.
 */
import { Data, Effect } from "effect"
import { Migrator, SqlClient, type SqlError } from "effect/sql"

import { dialectOf } from "./sqlTables.ts"

/** The database has tables that this version does not know how to keep. */
export class NewerTables extends Data.TaggedError("NewerTables")<{ readonly found: number; readonly known: number }> {
  override get message(): string {
    return `its tables are of version ${this.found}, and this program knows version ${this.known} and earlier ones`
  }
}

type Migration = (sql: SqlClient.SqlClient, prefix: string) => Effect.Effect<unknown, SqlError.SqlError>

/** By version and name. What was published is never changed; a change of the tables is one more. */
const migrations: Readonly<Record<string, Migration>> = {
  "1_ledger": (sql, prefix) => {
    const { amount, sequence } = dialectOf(sql)
    return Effect.forEach(
      [
        `CREATE TABLE ${prefix}_journal (seq ${sequence}, id TEXT NOT NULL, kind TEXT NOT NULL, at BIGINT NOT NULL,
        amount ${amount} NOT NULL, detail TEXT NOT NULL, UNIQUE (id, kind))`,
        `CREATE INDEX ${prefix}_journal_at ON ${prefix}_journal (at)`,
        `CREATE TABLE ${prefix}_total (account TEXT NOT NULL, bucket BIGINT NOT NULL, spent ${amount} NOT NULL,
        reserved ${amount} NOT NULL, uncertain ${amount} NOT NULL, PRIMARY KEY (account, bucket))`,
        `CREATE TABLE ${prefix}_open (id TEXT NOT NULL PRIMARY KEY, expires_at BIGINT NOT NULL, expired INTEGER NOT NULL)`,
        `CREATE INDEX ${prefix}_open_expires_at ON ${prefix}_open (expires_at)`,
      ],
      (statement) => sql.unsafe(statement),
      { discard: true },
    )
  },
}

const known = Math.max(...Object.keys(migrations).map(Number.parseFloat))

export const migrate = (
  prefix: string,
): Effect.Effect<void, Migrator.MigrationError | SqlError.SqlError | NewerTables, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => {
    const table = `${prefix}_migrations`
    const steps = Object.entries(migrations).map(([name, run]) => [name, run(sql, prefix)] as const)
    const found = sql.unsafe<{ readonly found: unknown }>(
      `SELECT COALESCE(MAX(migration_id), 0) AS found FROM ${table}`,
    )
    return Migrator.make({})({ loader: Migrator.fromRecord(Object.fromEntries(steps)), table }).pipe(
      Effect.andThen(found.withoutTransform),
      Effect.flatMap(([row]) => {
        const version = Number(row?.found)
        return version > known ? Effect.fail(new NewerTables({ found: version, known })) : Effect.void
      }),
    )
  })
