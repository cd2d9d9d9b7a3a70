/**
 * The tables of batch jobs, in the dialects of SQLite and of PostgreSQL.
 *
 * Lists go in as one parameter, as JSON, so that there is one statement for any number of rows.
 */
import { type SqlMigrations } from "@holdfast/cost"
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"

export interface Dialect {
  /** Where a parameter goes; counts from 1. */
  readonly parameter: (index: number) => string
  /** The objects of a JSON array, a parameter, as the table `listed`. */
  readonly rows: (index: number, columns: Readonly<Record<string, string>>) => string
  /** Joins a table to `listed`, row by row of the list. */
  readonly join: string
  /** Locks the rows that a query reads until its statement is over, so that what it read stays true. */
  readonly locked: string
}

const sqlite: Dialect = {
  parameter: (index) => `?${index}`,
  rows: (index, columns) => {
    const fields = Object.keys(columns).map((name) => `value ->> '${name}' AS ${name}`)
    return `(SELECT ${fields.join(", ")} FROM json_each(?${index})) AS listed`
  },
  // Left to itself it reads all rows of the table, and the list anew for each of them.
  join: "CROSS JOIN",
  // There is one writer.
  locked: "",
}

const postgres: Dialect = {
  parameter: (index) => `$${index}`,
  rows: (index, columns) => {
    const fields = Object.entries(columns).map(([name, type]) => `${name} ${type}`)
    return `json_to_recordset($${index}::text::json) AS listed(${fields.join(", ")})`
  },
  join: "JOIN",
  locked: "FOR UPDATE",
}

export const dialectOf = (sql: SqlClient.SqlClient): Dialect =>
  sql.onDialectOrElse({ pg: () => postgres, orElse: () => sqlite })

/** By version and name. What was published is never changed; a change of the tables is one more. */
export const migrations: Readonly<Record<string, SqlMigrations.Migration>> = {
  "1_jobs": (sql, prefix) =>
    Effect.forEach(
      [
        // `items` is unknown until all of them are prepared. `round` counts how often they were reserved.
        `CREATE TABLE ${prefix}_job (id TEXT NOT NULL PRIMARY KEY, item_key TEXT NOT NULL, provider TEXT NOT NULL,
        model TEXT NOT NULL, round INTEGER NOT NULL, items BIGINT, canceled INTEGER NOT NULL, woken BIGINT NOT NULL,
        owner TEXT, lease_until BIGINT NOT NULL, created_at BIGINT NOT NULL)`,
        `CREATE TABLE ${prefix}_piece (job TEXT NOT NULL, piece INTEGER NOT NULL, state TEXT NOT NULL,
        attempt INTEGER NOT NULL, from_seq BIGINT NOT NULL, to_seq BIGINT NOT NULL, file TEXT, batch TEXT,
        intent_at BIGINT, PRIMARY KEY (job, piece))`,
        `CREATE INDEX ${prefix}_piece_batch ON ${prefix}_piece (batch)`,
        // `body` is what is asked until there is a `kind`, and then what was answered.
        `CREATE TABLE ${prefix}_item (job TEXT NOT NULL, seq BIGINT NOT NULL, id TEXT NOT NULL, size BIGINT NOT NULL,
        worst TEXT NOT NULL, kind TEXT, body TEXT, PRIMARY KEY (job, seq))`,
        `CREATE UNIQUE INDEX ${prefix}_item_id ON ${prefix}_item (job, id)`,
      ],
      (statement) => sql.unsafe(statement),
      { discard: true },
    ),
  "2_operations": (sql, prefix) =>
    Effect.forEach(
      [
        `ALTER TABLE ${prefix}_job ADD COLUMN operation TEXT NOT NULL DEFAULT 'chat'`,
        // How many texts an item asks vectors for: vendors limit those of a batch.
        `ALTER TABLE ${prefix}_item ADD COLUMN texts BIGINT NOT NULL DEFAULT 0`,
      ],
      (statement) => sql.unsafe(statement),
      { discard: true },
    ),
}
