/**
 * The tables of a ledger, and the statements on them, in the dialects of SQLite and of PostgreSQL.
 *
 * Lists go in as one parameter, as JSON, so that there is one statement for any number of rows and the database prepares it
 * once. Amounts are text or `NUMERIC`: none is too large, and none is rounded.
 */
import { Duration, Effect } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"

import * as Money from "../../Money.ts"
import { DamagedRow, type Written } from "./journal.ts"
import { transaction } from "./sqlTransaction.ts"
import { type Total } from "./state.ts"

export interface JournalRow extends Written {
  readonly amount: string
}

export interface TotalRow extends Total {
  readonly account: string
  readonly bucket: number
}

/** The part of an account from a moment on, or up to it. */
export interface AccountSpan {
  readonly account: string
  readonly since: number
}

type Query<A> = Effect.Effect<A, SqlError.SqlError>

/** What comes out of the database may not be what went in. */
type Reading<A> = Effect.Effect<A, SqlError.SqlError | DamagedRow>

type Unread<Row> = { readonly [Column in keyof Row]: unknown }

export interface Page {
  readonly from: number
  readonly to: number
  readonly after: number
  readonly limit: number
}

interface Dialect {
  readonly amount: string
  readonly sequence: string
  /** Where a parameter goes. */
  readonly parameter: (index: number) => string
  /** That a column is one of the texts of a JSON array, the first parameter. */
  readonly isListed: (column: string) => string
  /** The rows `found` of a table for each row `listed` of a list, by an index. */
  readonly forEach: (rows: string, found: { readonly table: string; readonly condition: string }) => string
  /** The objects of a JSON array, the first parameter, as a table. */
  readonly rows: (columns: Readonly<Record<string, string>>) => string
  /** Locks what the first parameter lists. */
  readonly lock: ((timeout: Duration.Duration) => string) | undefined
  /** Settings of a transaction that locks nothing yet. */
  readonly settings: ((timeout: Duration.Duration) => string) | undefined
}

const sqlite: Dialect = {
  amount: "TEXT",
  sequence: "INTEGER PRIMARY KEY",
  parameter: () => "?",
  isListed: (column) => `${column} IN (SELECT value FROM json_each(?))`,
  forEach: (rows, { condition, table }) => `${rows} JOIN ${table} AS found ON ${condition}`,
  rows: (columns) => {
    const fields = Object.keys(columns).map((name) => `value ->> '${name}' AS ${name}`)
    return `(SELECT ${fields.join(", ")} FROM json_each(?)) AS listed`
  },
  // A transaction has the one lock that there is.
  lock: undefined,
  settings: undefined,
}

// A plan is made while the tables are empty, and kept: it must not be one that reads them from the beginning to the end.
// A transaction whose process is not heard of any more, because its packets are lost, must not keep its locks for longer than
// others wait for them; and who waits is to hear of it before its own time is over.
const settings = (timeout: Duration.Duration): string => {
  const shareOf = (share: number) => Math.max(1, Math.floor(Duration.toMillis(timeout) * share))
  return `SELECT set_config('lock_timeout', '${shareOf(5 / 6)}', true), set_config('enable_seqscan', 'off', true),
    set_config('idle_in_transaction_session_timeout', '${shareOf(2 / 3)}', true)`
}

const postgres: Dialect = {
  amount: "NUMERIC",
  sequence: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
  parameter: (index) => `$${index}`,
  isListed: (column) => `${column} = ANY (ARRAY(SELECT json_array_elements_text($1::text::json)))`,
  forEach: (rows, { condition, table }) =>
    `${rows}, LATERAL (SELECT * FROM ${table} AS found WHERE ${condition} OFFSET 0) AS found`,
  rows: (columns) => {
    const fields = Object.entries(columns).map(([name, type]) => `${name} ${type}`)
    return `json_to_recordset($1::text::json) AS listed(${fields.join(", ")})`
  },
  // Always in the same order, so that two processes never wait for each other; and not for ever.
  lock: (timeout) => `WITH settings AS MATERIALIZED (${settings(timeout)})
    SELECT pg_advisory_xact_lock(keys.k) FROM settings, LATERAL (
      SELECT DISTINCT hashtextextended(value, 0) AS k FROM json_array_elements_text($1::text::json) AS value ORDER BY k
    ) AS keys`,
  settings,
}

/** What a ledger asks of its database. Its tables begin with a prefix. */
export class LedgerStore {
  readonly #sql: SqlClient.SqlClient
  readonly #dialect: Dialect
  readonly #prefix: string
  readonly #lock: string | undefined
  readonly #settings: string | undefined

  /** The timeout is how long this process waits for a transaction. */
  constructor(
    sql: SqlClient.SqlClient,
    { prefix, timeout }: { readonly prefix: string; readonly timeout: Duration.Duration },
  ) {
    this.#sql = sql
    this.#dialect = dialectOf(sql)
    this.#prefix = prefix
    this.#lock = this.#dialect.lock?.(timeout)
    this.#settings = this.#dialect.settings?.(timeout)
  }

  transaction<A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E | SqlError.SqlError> {
    return transaction(this.#sql, self)
  }

  /** Keeps other processes from these accounts until the transaction ends. */
  lock(accounts: ReadonlyArray<string>): Query<void> {
    return this.#lock === undefined ? Effect.void : this.#listed(this.#lock, accounts)
  }

  /** What has to be set in a transaction before it reads, unless it locks first. */
  get configured(): Query<void> {
    return this.#settings === undefined ? Effect.void : Effect.asVoid(this.#run(this.#settings, []))
  }

  entries(ids: ReadonlyArray<string>): Reading<ReadonlyArray<Written>> {
    if (ids.length === 0) return Effect.succeed([])
    return Effect.flatMap(
      this.#run<Unread<Written>>(
        `SELECT id, kind, at, detail FROM ${this.#prefix}_journal WHERE ${this.#dialect.isListed("id")} ORDER BY seq`,
        [JSON.stringify(ids)],
      ),
      Effect.forEach(writtenOf),
    )
  }

  /** The totals of accounts, each from its own moment on: one of them may be a month and another one an hour. */
  totals(spans: ReadonlyArray<AccountSpan>): Reading<ReadonlyArray<TotalRow>> {
    if (spans.length === 0) return Effect.succeed([])
    return Effect.flatMap(
      this.#run<Unread<TotalRow>>(
        `SELECT found.account, found.bucket, CAST(found.spent AS TEXT) AS spent,
            CAST(found.reserved AS TEXT) AS reserved, CAST(found.uncertain AS TEXT) AS uncertain FROM ${this.#totalsOf(">=")}`,
        [JSON.stringify(spans)],
      ),
      Effect.forEach(totalOf),
    )
  }

  /** Removes what accounts held before a moment, except for what is still reserved or uncertain. */
  prune(spans: ReadonlyArray<AccountSpan>): Query<void> {
    return this.#listed(
      `DELETE FROM ${this.#prefix}_total WHERE (account, bucket) IN (
          SELECT found.account, found.bucket FROM ${this.#totalsOf("<")}
          WHERE CAST(found.reserved AS TEXT) = '0' AND CAST(found.uncertain AS TEXT) = '0')`,
      spans,
    )
  }

  #totalsOf(comparison: ">=" | "<"): string {
    return this.#dialect.forEach(this.#dialect.rows({ account: "TEXT", since: "BIGINT" }), {
      table: `${this.#prefix}_total`,
      condition: `found.account = listed.account AND found.bucket ${comparison} listed.since`,
    })
  }

  append(rows: ReadonlyArray<JournalRow>): Query<void> {
    const columns = { id: "TEXT", kind: "TEXT", at: "BIGINT", amount: this.#dialect.amount, detail: "TEXT" }
    return this.#listed(
      `INSERT INTO ${this.#prefix}_journal (id, kind, at, amount, detail)
        SELECT id, kind, at, amount, detail FROM ${this.#dialect.rows(columns)}`,
      rows,
    )
  }

  save(rows: ReadonlyArray<TotalRow>): Query<void> {
    const { amount } = this.#dialect
    const columns = { account: "TEXT", bucket: "BIGINT", spent: amount, reserved: amount, uncertain: amount }
    return this.#listed(
      `INSERT INTO ${this.#prefix}_total (account, bucket, spent, reserved, uncertain)
        SELECT account, bucket, spent, reserved, uncertain FROM ${this.#dialect.rows(columns)} WHERE true
        ON CONFLICT (account, bucket) DO UPDATE
          SET spent = excluded.spent, reserved = excluded.reserved, uncertain = excluded.uncertain`,
      rows.map(({ reserved, spent, uncertain, ...key }) =>
        Object.assign(key, { spent: `${spent}`, reserved: `${reserved}`, uncertain: `${uncertain}` }),
      ),
    )
  }

  open(rows: ReadonlyArray<{ readonly id: string; readonly expires_at: number }>): Query<void> {
    const columns = { id: "TEXT", expires_at: "BIGINT" }
    return this.#listed(
      `INSERT INTO ${this.#prefix}_open (id, expires_at, expired)
        SELECT id, expires_at, 0 FROM ${this.#dialect.rows(columns)}`,
      rows,
    )
  }

  close(ids: ReadonlyArray<string>): Query<void> {
    return this.#listed(`DELETE FROM ${this.#prefix}_open WHERE ${this.#dialect.isListed("id")}`, ids)
  }

  expired(ids: ReadonlyArray<string>): Query<void> {
    return this.#listed(`UPDATE ${this.#prefix}_open SET expired = 1 WHERE ${this.#dialect.isListed("id")}`, ids)
  }

  /** Reservations whose lease is over. */
  overdue(now: number): Query<ReadonlyArray<string>> {
    return Effect.map(
      this.#run<{ readonly id: string }>(
        `SELECT id FROM ${this.#prefix}_open WHERE expired = 0 AND expires_at <= ${this.#dialect.parameter(1)}`,
        [now],
      ),
      (rows) => rows.map(({ id }) => id),
    )
  }

  get outstanding(): Reading<ReadonlyArray<Written & { readonly expired: boolean }>> {
    return Effect.flatMap(
      this.#run<Unread<Written> & { readonly expired: unknown }>(
        `SELECT j.id, j.kind, j.at, j.detail, o.expired FROM ${this.#prefix}_open o
          JOIN ${this.#prefix}_journal j ON j.id = o.id AND j.kind = 'Reserved' ORDER BY j.seq`,
        [],
      ),
      Effect.forEach((row) =>
        Effect.map(writtenOf(row), (written) => ({ ...written, expired: Number(row.expired) === 1 })),
      ),
    )
  }

  get latest(): Reading<number> {
    return Effect.flatMap(
      this.#run<{ readonly at: unknown }>(`SELECT COALESCE(MAX(at), 0) AS at FROM ${this.#prefix}_journal`, []),
      ([row]) => integer(row?.at ?? 0),
    )
  }

  page({ after, from, limit, to }: Page): Reading<ReadonlyArray<Written & { readonly seq: number }>> {
    const { parameter } = this.#dialect
    return Effect.flatMap(
      this.#run<Unread<Written> & { readonly seq: unknown }>(
        `SELECT seq, id, kind, at, detail FROM ${this.#prefix}_journal
          WHERE at >= ${parameter(1)} AND at < ${parameter(2)} AND seq > ${parameter(3)}
          ORDER BY seq LIMIT ${parameter(4)}`,
        [from, to, after, limit],
      ),
      Effect.forEach((row) =>
        Effect.flatMap(writtenOf(row), (written) => Effect.map(integer(row.seq), (seq) => ({ ...written, seq }))),
      ),
    )
  }

  #run<Row extends object>(statement: string, parameters: ReadonlyArray<unknown>): Query<ReadonlyArray<Row>> {
    return this.#sql.unsafe<Row>(statement, parameters).withoutTransform
  }

  #listed(statement: string, values: ReadonlyArray<unknown>): Query<void> {
    return values.length === 0 ? Effect.void : Effect.asVoid(this.#run(statement, [JSON.stringify(values)]))
  }
}

const writtenOf = (row: Unread<Written>): Effect.Effect<Written, DamagedRow> =>
  Effect.map(integer(row.at), (at) => ({ id: String(row.id), kind: String(row.kind), at, detail: String(row.detail) }))

const totalOf = (row: Unread<TotalRow>): Effect.Effect<TotalRow, DamagedRow> => {
  const [bucket, spent, reserved, uncertain] = [row.bucket, row.spent, row.reserved, row.uncertain].map(String)
  for (const amount of [bucket, spent, reserved, uncertain]) {
    if (amount === undefined || !/^-?\d+$/.test(amount)) return damaged(amount)
  }
  return Effect.succeed({
    account: String(row.account),
    bucket: Number(bucket),
    spent: Money.fromPicodollars(BigInt(spent ?? 0)),
    reserved: Money.fromPicodollars(BigInt(reserved ?? 0)),
    uncertain: Money.fromPicodollars(BigInt(uncertain ?? 0)),
  })
}

// Drivers give large integers as text or as `bigint`.
const integer = (value: unknown): Effect.Effect<number, DamagedRow> => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? Effect.succeed(number) : damaged(value)
}

const damaged = (value: unknown) =>
  Effect.fail(new DamagedRow({ message: `expected an integer, found ${JSON.stringify(String(value).slice(0, 40))}` }))

export const dialectOf = (sql: SqlClient.SqlClient): Dialect =>
  sql.onDialectOrElse({ pg: () => postgres, orElse: () => sqlite })
