/**
 * Jobs, their pieces and their items in a database. Each step is one statement that changes rows only while they are as the process
 * that takes the step believes, and while that process holds the lease of the job.
 */
import { Effect, Predicate, Schema } from "effect"
import { type Migrator, type SqlClient, type SqlError } from "effect/sql"

import { JobsUnavailable } from "./errors.ts"
import { type Piece, type Range, type Sized, type State, states } from "./state.ts"
import { type Dialect, dialectOf, type NewerTables } from "./tables.ts"

/** A job as it stands. */
export interface JobRow {
  readonly id: string
  /** By which its items are known at the vendor. */
  readonly key: string
  readonly operation: string
  readonly provider: string
  readonly model: string
  /** How often its items were reserved: they cannot be reserved twice by one name. */
  readonly round: number
  /** `undefined` until all items are prepared. */
  readonly items: number | undefined
  readonly canceled: boolean
}

/** What became of an item; `undefined` while nobody knows. */
export const Kind = Schema.Literals(["Answered", "Refused", "Canceled", "Expired", "Missing", "Unsent"])

export type Kind = typeof Kind.Type

export interface ItemRow extends Sized {
  /** As JSON: ids may hold what a database does not take. */
  readonly id: string
  /** What it may cost, in picodollars. */
  readonly worst: string
  readonly kind: Kind | null
  readonly body: string | null
}

/** What the lease tells who renews it. */
export interface Signals {
  readonly canceled: boolean
  readonly woken: number
}

interface Holder {
  readonly job: string
  readonly owner: string
}

type Result<A> = Effect.Effect<A, JobsUnavailable>

type Row = Readonly<Record<string, unknown>>

export class Store {
  readonly #sql: SqlClient.SqlClient
  readonly #dialect: Dialect
  readonly #prefix: string

  constructor(sql: SqlClient.SqlClient, prefix: string) {
    this.#sql = sql
    this.#dialect = dialectOf(sql)
    this.#prefix = prefix
  }

  /** Writes a job down that is not there yet. */
  insert(
    job: Pick<JobRow, "id" | "key" | "model" | "operation" | "provider"> & { readonly now: number },
  ): Result<void> {
    return this.#write(
      `INSERT INTO ${this.#prefix}_job (id, item_key, operation, provider, model, round, canceled, woken, lease_until, created_at)
        VALUES (${this.#parameters(5)}, 1, 0, 0, 0, ${this.#at(6)}) ON CONFLICT (id) DO NOTHING`,
      [job.id, job.key, job.operation, job.provider, job.model, job.now],
    )
  }

  job(id: string): Result<JobRow | undefined> {
    return Effect.flatMap(this.#read(`SELECT * FROM ${this.#prefix}_job WHERE id = ${this.#at(1)}`, [id]), ([row]) =>
      row === undefined ? Effect.undefined : jobOf(row),
    )
  }

  /** Takes the lease of a job that nobody holds, or renews it. Nothing where somebody else holds it. */
  lease({
    job,
    now,
    owner,
    until,
  }: Holder & { readonly now: number; readonly until: number }): Result<Signals | undefined> {
    return Effect.map(
      this.#changed(
        `UPDATE ${this.#prefix}_job SET owner = ${this.#at(1)}, lease_until = ${this.#at(2)}
          WHERE id = ${this.#at(3)} AND (owner = ${this.#at(1)} OR owner IS NULL OR lease_until < ${this.#at(4)})
          RETURNING canceled, woken`,
        [owner, until, job, now],
      ),
      ([row]) =>
        row === undefined ? undefined : { canceled: Number(row["canceled"]) === 1, woken: Number(row["woken"]) },
    )
  }

  release({ job, owner }: Holder): Result<void> {
    return this.#write(
      `UPDATE ${this.#prefix}_job SET owner = NULL WHERE id = ${this.#at(1)} AND owner = ${this.#at(2)}`,
      [job, owner],
    )
  }

  /** Begins once more to reserve the items of a job, whose reservations of the round before were given back. */
  nextRound({ job, owner, round }: Holder & { readonly round: number }): Result<boolean> {
    return this.#one(
      `UPDATE ${this.#prefix}_job SET round = round + 1 WHERE id = ${this.#at(1)} AND owner = ${this.#at(2)}
        AND round = ${this.#at(3)} AND items IS NULL RETURNING id`,
      [job, owner, round],
    )
  }

  /** All items are prepared. */
  prepared({ items, job, owner }: Holder & { readonly items: number }): Result<boolean> {
    return this.#one(
      `UPDATE ${this.#prefix}_job SET items = ${this.#at(3)} WHERE id = ${this.#at(1)} AND owner = ${this.#at(2)} RETURNING id`,
      [job, owner, items],
    )
  }

  /** Wakes who waits for the job, which is known by its own id or by that of one of its batches. Gives the ids of the jobs. */
  wake(id: string, { cancel }: { readonly cancel: boolean }): Result<ReadonlyArray<string>> {
    return Effect.map(
      this.#changed(
        `UPDATE ${this.#prefix}_job SET woken = woken + 1${cancel ? ", canceled = 1" : ""}
          WHERE id = ${this.#at(1)}${cancel ? "" : ` OR id IN (SELECT job FROM ${this.#prefix}_piece WHERE batch = ${this.#at(1)})`}
          RETURNING id`,
        [id],
      ),
      (rows) => rows.map((row) => String(row["id"])),
    )
  }

  forget(job: string): Result<void> {
    return Effect.forEach(
      ["item", "piece"],
      (table) => this.#write(`DELETE FROM ${this.#prefix}_${table} WHERE job = ${this.#at(1)}`, [job]),
      { discard: true },
    ).pipe(Effect.andThen(this.#write(`DELETE FROM ${this.#prefix}_job WHERE id = ${this.#at(1)}`, [job])))
  }

  addPieces(job: string, ranges: ReadonlyArray<Range>): Result<void> {
    if (ranges.length === 0) return Effect.void
    return this.#write(
      `INSERT INTO ${this.#prefix}_piece (job, piece, state, attempt, from_seq, to_seq)
        SELECT ${this.#at(1)}, listed.piece, 'prepared', 1, listed.from_seq, listed.to_seq
        FROM ${this.#dialect.rows(2, { piece: "INTEGER", from_seq: "BIGINT", to_seq: "BIGINT" })} WHERE true
        ON CONFLICT (job, piece) DO NOTHING`,
      [job, JSON.stringify(ranges.map(({ from, to }, piece) => ({ piece, from_seq: from, to_seq: to })))],
    )
  }

  pieces(job: string): Result<ReadonlyArray<Piece>> {
    return Effect.flatMap(
      this.#read(
        `SELECT p.*, (SELECT COUNT(*) FROM ${this.#prefix}_item i
            WHERE i.job = p.job AND i.seq >= p.from_seq AND i.seq < p.to_seq AND i.kind IS NULL) AS sent
          FROM ${this.#prefix}_piece p WHERE p.job = ${this.#at(1)} ORDER BY p.piece`,
        [job],
      ),
      Effect.forEach(pieceOf),
    )
  }

  /** The one step that changes a piece. Nothing is changed for a process whose lease is over, or whose piece went on without it. */
  move(
    { attempt, job, piece, state }: Piece,
    owner: string,
    to: { readonly state: State } & Partial<Pick<Piece, "attempt" | "batch" | "file" | "intentAt">>,
  ): Result<boolean> {
    return this.#one(
      `WITH held AS (SELECT id FROM ${this.#prefix}_job WHERE id = ${this.#at(1)} AND owner = ${this.#at(2)} ${this.#dialect.locked})
        UPDATE ${this.#prefix}_piece SET state = ${this.#at(6)}, attempt = ${this.#at(7)}, file = ${this.#at(8)},
          batch = ${this.#at(9)}, intent_at = ${this.#at(10)}
        WHERE job IN (SELECT id FROM held) AND piece = ${this.#at(3)} AND state = ${this.#at(4)} AND attempt = ${this.#at(5)}
        RETURNING piece`,
      [job, owner, piece, state, attempt, to.state, to.attempt ?? attempt, to.file, to.batch, to.intentAt].map(
        (value) => value ?? null,
      ),
    )
  }

  /** Every item is settled. It is so for good, whoever holds the lease. Gives the pieces for which it is new. */
  settled(job: string): Result<ReadonlyArray<number>> {
    return Effect.map(
      this.#changed(
        `UPDATE ${this.#prefix}_piece SET state = 'settled' WHERE job = ${this.#at(1)} AND state = 'ended' RETURNING piece`,
        [job],
      ),
      (rows) => rows.map((row) => Number(row["piece"])),
    )
  }

  /** Batches that belong to a piece. */
  owned(batches: ReadonlyArray<string>): Result<ReadonlyArray<string>> {
    if (batches.length === 0) return Effect.succeed([])
    return Effect.map(
      this.#read(
        `SELECT batch FROM ${this.#prefix}_piece WHERE batch IN (SELECT id FROM ${this.#dialect.rows(1, { id: "TEXT" })})`,
        [JSON.stringify(batches.map((id) => ({ id })))],
      ),
      (rows) => rows.map((row) => String(row["batch"])),
    )
  }

  /** How many items are written down; they are so in order and without gaps. */
  count(job: string): Result<number> {
    return Effect.flatMap(
      this.#read(`SELECT COUNT(*) AS count FROM ${this.#prefix}_item WHERE job = ${this.#at(1)}`, [job]),
      ([row]) => integer(row?.["count"]),
    )
  }

  /** How many items have which end. */
  kinds(job: string): Result<Readonly<Record<string, number>>> {
    return Effect.map(
      this.#read(`SELECT kind, COUNT(*) AS count FROM ${this.#prefix}_item WHERE job = ${this.#at(1)} GROUP BY kind`, [
        job,
      ]),
      (rows) => Object.fromEntries(rows.map((row) => [text(row["kind"]) ?? "open", Number(row["count"])])),
    )
  }

  add(job: string, items: ReadonlyArray<ItemRow>): Result<void> {
    const columns = {
      seq: "BIGINT",
      id: "TEXT",
      size: "BIGINT",
      texts: "BIGINT",
      worst: "TEXT",
      kind: "TEXT",
      body: "TEXT",
    }
    return this.#write(
      `INSERT INTO ${this.#prefix}_item (job, seq, id, size, texts, worst, kind, body)
        SELECT ${this.#at(1)}, listed.seq, listed.id, listed.size, listed.texts, listed.worst, listed.kind, listed.body
        FROM ${this.#dialect.rows(2, columns)} WHERE true ON CONFLICT (job, seq) DO NOTHING`,
      [job, JSON.stringify(items)],
    )
  }

  /** Forgets the items of a job that was not sent. */
  dropItems(job: string): Result<void> {
    return this.#write(
      `DELETE FROM ${this.#prefix}_item WHERE job = ${this.#at(1)}
        AND EXISTS (SELECT 1 FROM ${this.#prefix}_job WHERE id = ${this.#at(1)} AND items IS NULL)`,
      [job],
    )
  }

  /** Items without an end, in order. */
  open(job: string, { from, limit, to }: Range & { readonly limit: number }): Result<ReadonlyArray<ItemRow>> {
    return Effect.flatMap(
      this.#read(
        `SELECT seq, id, size, texts, worst, kind, body FROM ${this.#prefix}_item WHERE job = ${this.#at(1)}
          AND seq >= ${this.#at(2)} AND seq < ${this.#at(3)} AND kind IS NULL ORDER BY seq LIMIT ${this.#at(4)}`,
        [job, from, to, limit],
      ),
      Effect.forEach(itemOf),
    )
  }

  /** The sizes of items without an end, in order. */
  sizes(job: string, { after, limit }: { readonly after: number; readonly limit: number }) {
    return Effect.flatMap(
      this.#read(
        `SELECT seq, size, texts FROM ${this.#prefix}_item WHERE job = ${this.#at(1)} AND seq > ${this.#at(2)} AND kind IS NULL
          ORDER BY seq LIMIT ${this.#at(3)}`,
        [job, after, limit],
      ),
      Effect.forEach(sizedOf),
    )
  }

  items(job: string, ids: ReadonlyArray<string>): Result<ReadonlyArray<ItemRow>> {
    return Effect.flatMap(
      this.#read(
        `SELECT i.seq, i.id, i.size, i.texts, i.worst, i.kind, i.body FROM ${this.#dialect.rows(2, { id: "TEXT" })}
          ${this.#dialect.join} ${this.#prefix}_item i ON i.job = ${this.#at(1)} AND i.id = listed.id`,
        [job, JSON.stringify(ids.map((id) => ({ id })))],
      ),
      Effect.forEach(itemOf),
    )
  }

  /** Keeps what became of items. What is known of one already stays. Gives what was new. */
  end(
    job: string,
    ends: ReadonlyArray<{ readonly seq: number; readonly kind: Kind; readonly body: string | null }>,
  ): Result<ReadonlyArray<Kind>> {
    if (ends.length === 0) return Effect.succeed([])
    const table = `${this.#prefix}_item`
    return Effect.map(
      // An insert of rows that are there, as an update from a list reads the whole table in SQLite.
      this.#changed(
        `INSERT INTO ${table} (job, seq, id, size, texts, worst, kind, body)
          SELECT known.job, known.seq, known.id, known.size, known.texts, known.worst, listed.kind, listed.body
          FROM ${this.#dialect.rows(2, { seq: "BIGINT", kind: "TEXT", body: "TEXT" })}
          ${this.#dialect.join} ${table} known ON known.job = ${this.#at(1)} AND known.seq = listed.seq
          WHERE known.kind IS NULL
          ON CONFLICT (job, seq) DO UPDATE SET kind = excluded.kind, body = excluded.body WHERE ${table}.kind IS NULL
          RETURNING ${table}.kind`,
        [job, JSON.stringify(ends)],
      ),
      kindsIn,
    )
  }

  /** The same for all items of a range that have no end yet. */
  endRest(job: string, { from, to }: Range, kind: Kind, body: string | null): Result<ReadonlyArray<Kind>> {
    return Effect.map(
      this.#changed(
        `UPDATE ${this.#prefix}_item SET kind = ${this.#at(4)}, body = ${this.#at(5)}
          WHERE job = ${this.#at(1)} AND seq >= ${this.#at(2)} AND seq < ${this.#at(3)} AND kind IS NULL RETURNING kind`,
        [job, from, to, kind, body],
      ),
      kindsIn,
    )
  }

  #at(index: number): string {
    return this.#dialect.parameter(index)
  }

  #parameters(count: number): string {
    return Array.from({ length: count }, (_, index) => this.#at(index + 1)).join(", ")
  }

  #read(statement: string, parameters: ReadonlyArray<unknown>): Result<ReadonlyArray<Row>> {
    return Effect.mapError(this.#sql.unsafe<Row>(statement, parameters).withoutTransform, unavailable("read"))
  }

  #changed(statement: string, parameters: ReadonlyArray<unknown>): Result<ReadonlyArray<Row>> {
    return Effect.mapError(this.#sql.unsafe<Row>(statement, parameters).withoutTransform, unavailable("write"))
  }

  #write(statement: string, parameters: ReadonlyArray<unknown>): Result<void> {
    return Effect.asVoid(this.#changed(statement, parameters))
  }

  #one(statement: string, parameters: ReadonlyArray<unknown>): Result<boolean> {
    return Effect.map(this.#changed(statement, parameters), (rows) => rows.length === 1)
  }
}

export const unavailable =
  (operation: JobsUnavailable["operation"]) =>
  (trouble: SqlError.SqlError | Migrator.MigrationError | NewerTables): JobsUnavailable => {
    if (trouble._tag === "SqlError") {
      return new JobsUnavailable({ operation, reason: trouble.reason._tag, description: trouble.message })
    }
    const reason = trouble._tag === "NewerTables" ? "NewerVersion" : "Damaged"
    return new JobsUnavailable({ operation, reason, description: trouble.message })
  }

const damaged = (what: string) => new JobsUnavailable({ operation: "read", reason: "Damaged", description: what })

// Drivers give large integers as text or as `bigint`.
const integer = (value: unknown): Result<number> => {
  const number = Predicate.isNullish(value) ? Number.NaN : Number(value)
  return Number.isSafeInteger(number)
    ? Effect.succeed(number)
    : Effect.fail(damaged(`there is ${JSON.stringify(String(value).slice(0, 40))} in place of an integer`))
}

const optional = (value: unknown): Result<number | undefined> =>
  Predicate.isNullish(value) ? Effect.undefined : integer(value)

const text = (value: unknown): string | undefined => (Predicate.isString(value) ? value : undefined)

const jobOf = (row: Row): Result<JobRow> =>
  Effect.map(Effect.all({ round: integer(row["round"]), items: optional(row["items"]) }), (numbers) => ({
    id: String(row["id"]),
    key: String(row["item_key"]),
    operation: String(row["operation"]),
    provider: String(row["provider"]),
    model: String(row["model"]),
    canceled: Number(row["canceled"]) === 1,
    ...numbers,
  }))

const pieceOf = (row: Row): Result<Piece> =>
  Effect.flatMap(
    Effect.all({
      piece: integer(row["piece"]),
      attempt: integer(row["attempt"]),
      from: integer(row["from_seq"]),
      to: integer(row["to_seq"]),
      sent: integer(row["sent"]),
      intentAt: optional(row["intent_at"]),
    }),
    (numbers) => {
      const state = states.find((each) => each === row["state"])
      return state === undefined
        ? Effect.fail(damaged("a piece is in no state that there is"))
        : Effect.succeed({
            job: String(row["job"]),
            state,
            file: text(row["file"]),
            batch: text(row["batch"]),
            ...numbers,
          })
    },
  )

const sizedOf = (row: Row): Result<Sized> =>
  Effect.all({ seq: integer(row["seq"]), size: integer(row["size"]), texts: integer(row["texts"]) })

const isKind = Schema.is(Kind)

const kindsIn = (rows: ReadonlyArray<Row>): ReadonlyArray<Kind> => rows.map((row) => row["kind"]).filter(isKind)

const itemOf = (row: Row): Result<ItemRow> =>
  Effect.flatMap(sizedOf(row), (numbers) => {
    const kind = row["kind"]
    return kind === null || isKind(kind)
      ? Effect.succeed({
          id: String(row["id"]),
          worst: String(row["worst"]),
          kind,
          body: text(row["body"]) ?? null,
          ...numbers,
        })
      : Effect.fail(damaged("an item has no end that there is"))
  })
