/**
 * Jobs and their pieces in a database. Each step is one statement that changes rows only while they are as the process that takes
 * the step believes, and while that process holds the lease of the job.
 */
import { Effect } from "effect"
import { type SqlClient } from "effect/sql"

import { ItemStore } from "./itemStore.ts"
import { jobOf, type JobRow, pieceOf, type Result, type Signals } from "./rows.ts"
import { type Piece, type Range, type State } from "./state.ts"
import { Statements } from "./statements.ts"

interface Holder {
  readonly job: string
  readonly owner: string
}

export class Store extends Statements {
  readonly items: ItemStore

  constructor(sql: SqlClient.SqlClient, prefix: string) {
    super(sql, prefix)
    this.items = new ItemStore(sql, prefix)
  }

  /** Writes a job down that is not there yet. */
  insert(
    job: Pick<JobRow, "id" | "key" | "model" | "operation" | "provider"> & { readonly now: number },
  ): Result<void> {
    return this.write(
      `INSERT INTO ${this.prefix}_job (id, item_key, operation, provider, model, round, canceled, woken, lease_until, created_at)
        VALUES (${this.parameters(5)}, 1, 0, 0, 0, ${this.at(6)}) ON CONFLICT (id) DO NOTHING`,
      [job.id, job.key, job.operation, job.provider, job.model, job.now],
    )
  }

  job(id: string): Result<JobRow | undefined> {
    return Effect.flatMap(this.read(`SELECT * FROM ${this.prefix}_job WHERE id = ${this.at(1)}`, [id]), ([row]) =>
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
      this.changed(
        `UPDATE ${this.prefix}_job SET owner = ${this.at(1)}, lease_until = ${this.at(2)}
          WHERE id = ${this.at(3)} AND (owner = ${this.at(1)} OR owner IS NULL OR lease_until < ${this.at(4)})
          RETURNING canceled, woken`,
        [owner, until, job, now],
      ),
      ([row]) =>
        row === undefined ? undefined : { canceled: Number(row["canceled"]) === 1, woken: Number(row["woken"]) },
    )
  }

  release({ job, owner }: Holder): Result<void> {
    return this.write(`UPDATE ${this.prefix}_job SET owner = NULL WHERE id = ${this.at(1)} AND owner = ${this.at(2)}`, [
      job,
      owner,
    ])
  }

  /** Begins once more to reserve the items of a job, whose reservations of the round before were given back. */
  nextRound({ job, owner, round }: Holder & { readonly round: number }): Result<boolean> {
    return this.one(
      `UPDATE ${this.prefix}_job SET round = round + 1 WHERE id = ${this.at(1)} AND owner = ${this.at(2)}
        AND round = ${this.at(3)} AND items IS NULL RETURNING id`,
      [job, owner, round],
    )
  }

  /** All items are prepared. */
  prepared({ items, job, owner }: Holder & { readonly items: number }): Result<boolean> {
    return this.one(
      `UPDATE ${this.prefix}_job SET items = ${this.at(3)} WHERE id = ${this.at(1)} AND owner = ${this.at(2)} RETURNING id`,
      [job, owner, items],
    )
  }

  /** Wakes who waits for the job, which is known by its own id or by that of one of its batches. Gives the ids of the jobs. */
  wake(id: string, { cancel }: { readonly cancel: boolean }): Result<ReadonlyArray<string>> {
    return Effect.map(
      this.changed(
        `UPDATE ${this.prefix}_job SET woken = woken + 1${cancel ? ", canceled = 1" : ""}
          WHERE id = ${this.at(1)}${cancel ? "" : ` OR id IN (SELECT job FROM ${this.prefix}_piece WHERE batch = ${this.at(1)})`}
          RETURNING id`,
        [id],
      ),
      (rows) => rows.map((row) => String(row["id"])),
    )
  }

  forget(job: string): Result<void> {
    return Effect.forEach(
      ["item", "piece"],
      (table) => this.write(`DELETE FROM ${this.prefix}_${table} WHERE job = ${this.at(1)}`, [job]),
      { discard: true },
    ).pipe(Effect.andThen(this.write(`DELETE FROM ${this.prefix}_job WHERE id = ${this.at(1)}`, [job])))
  }

  addPieces(job: string, ranges: ReadonlyArray<Range>): Result<void> {
    if (ranges.length === 0) return Effect.void
    return this.write(
      `INSERT INTO ${this.prefix}_piece (job, piece, state, attempt, from_seq, to_seq)
        SELECT ${this.at(1)}, listed.piece, 'prepared', 1, listed.from_seq, listed.to_seq
        FROM ${this.dialect.rows(2, { piece: "INTEGER", from_seq: "BIGINT", to_seq: "BIGINT" })} WHERE true
        ON CONFLICT (job, piece) DO NOTHING`,
      [job, JSON.stringify(ranges.map(({ from, to }, piece) => ({ piece, from_seq: from, to_seq: to })))],
    )
  }

  pieces(job: string): Result<ReadonlyArray<Piece>> {
    return Effect.flatMap(
      this.read(
        `SELECT p.*, (SELECT COUNT(*) FROM ${this.prefix}_item i
            WHERE i.job = p.job AND i.seq >= p.from_seq AND i.seq < p.to_seq AND i.kind IS NULL) AS sent
          FROM ${this.prefix}_piece p WHERE p.job = ${this.at(1)} ORDER BY p.piece`,
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
    return this.one(
      `WITH held AS (SELECT id FROM ${this.prefix}_job WHERE id = ${this.at(1)} AND owner = ${this.at(2)} ${this.dialect.locked})
        UPDATE ${this.prefix}_piece SET state = ${this.at(6)}, attempt = ${this.at(7)}, file = ${this.at(8)},
          batch = ${this.at(9)}, intent_at = ${this.at(10)}
        WHERE job IN (SELECT id FROM held) AND piece = ${this.at(3)} AND state = ${this.at(4)} AND attempt = ${this.at(5)}
        RETURNING piece`,
      [job, owner, piece, state, attempt, to.state, to.attempt ?? attempt, to.file, to.batch, to.intentAt].map(
        (value) => value ?? null,
      ),
    )
  }

  /** Every item is settled. It is so for good, whoever holds the lease. Gives the pieces for which it is new. */
  settled(job: string): Result<ReadonlyArray<number>> {
    return Effect.map(
      this.changed(
        `UPDATE ${this.prefix}_piece SET state = 'settled' WHERE job = ${this.at(1)} AND state = 'ended' RETURNING piece`,
        [job],
      ),
      (rows) => rows.map((row) => Number(row["piece"])),
    )
  }

  /** Batches that belong to a piece. */
  owned(batches: ReadonlyArray<string>): Result<ReadonlyArray<string>> {
    if (batches.length === 0) return Effect.succeed([])
    return Effect.map(
      this.read(
        `SELECT batch FROM ${this.prefix}_piece WHERE batch IN (SELECT id FROM ${this.dialect.rows(1, { id: "TEXT" })})`,
        [JSON.stringify(batches.map((id) => ({ id })))],
      ),
      (rows) => rows.map((row) => String(row["batch"])),
    )
  }
}
