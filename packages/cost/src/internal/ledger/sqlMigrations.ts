/**
 * The tables of a ledger as they came about.
 */
import { Effect } from "effect"

import { type Migration } from "../../SqlMigrations.ts"
import { dialectOf } from "./sqlTables.ts"

/** By version and name. What was published is never changed; a change of the tables is one more. */
export const migrations: Readonly<Record<string, Migration>> = {
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
