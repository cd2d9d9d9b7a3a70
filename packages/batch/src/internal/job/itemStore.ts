/**
 * The items of jobs in a database. What is known of one stays: no statement changes an item that has ended.
 */
import { Effect } from "effect"

import { integer, type ItemRow, itemOf, type Kind, kindsIn, type Result, sizedOf, text } from "./rows.ts"
import { type Range } from "./state.ts"
import { Statements } from "./statements.ts"

export class ItemStore extends Statements {
  /** How many items are written down; they are so in order and without gaps. */
  count(job: string): Result<number> {
    return Effect.flatMap(
      this.read(`SELECT COUNT(*) AS count FROM ${this.prefix}_item WHERE job = ${this.at(1)}`, [job]),
      ([row]) => integer(row?.["count"]),
    )
  }

  /** How many items have which end. */
  kinds(job: string): Result<Readonly<Record<string, number>>> {
    return Effect.map(
      this.read(`SELECT kind, COUNT(*) AS count FROM ${this.prefix}_item WHERE job = ${this.at(1)} GROUP BY kind`, [
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
    return this.write(
      `INSERT INTO ${this.prefix}_item (job, seq, id, size, texts, worst, kind, body)
        SELECT ${this.at(1)}, listed.seq, listed.id, listed.size, listed.texts, listed.worst, listed.kind, listed.body
        FROM ${this.dialect.rows(2, columns)} WHERE true ON CONFLICT (job, seq) DO NOTHING`,
      [job, JSON.stringify(items)],
    )
  }

  /** Forgets the items of a job that was not sent. */
  dropItems(job: string): Result<void> {
    return this.write(
      `DELETE FROM ${this.prefix}_item WHERE job = ${this.at(1)}
        AND EXISTS (SELECT 1 FROM ${this.prefix}_job WHERE id = ${this.at(1)} AND items IS NULL)`,
      [job],
    )
  }

  /** Items without an end, in order. */
  open(job: string, { from, limit, to }: Range & { readonly limit: number }): Result<ReadonlyArray<ItemRow>> {
    return Effect.flatMap(
      this.read(
        `SELECT seq, id, size, texts, worst, kind, body FROM ${this.prefix}_item WHERE job = ${this.at(1)}
          AND seq >= ${this.at(2)} AND seq < ${this.at(3)} AND kind IS NULL ORDER BY seq LIMIT ${this.at(4)}`,
        [job, from, to, limit],
      ),
      Effect.forEach(itemOf),
    )
  }

  /** The sizes of items without an end, in order. */
  sizes(job: string, { after, limit }: { readonly after: number; readonly limit: number }) {
    return Effect.flatMap(
      this.read(
        `SELECT seq, size, texts FROM ${this.prefix}_item WHERE job = ${this.at(1)} AND seq > ${this.at(2)} AND kind IS NULL
          ORDER BY seq LIMIT ${this.at(3)}`,
        [job, after, limit],
      ),
      Effect.forEach(sizedOf),
    )
  }

  /** Those of these ids, which are JSON. */
  byId(job: string, ids: ReadonlyArray<string>): Result<ReadonlyArray<ItemRow>> {
    return Effect.flatMap(
      this.read(
        `SELECT i.seq, i.id, i.size, i.texts, i.worst, i.kind, i.body FROM ${this.dialect.rows(2, { id: "TEXT" })}
          ${this.dialect.join} ${this.prefix}_item i ON i.job = ${this.at(1)} AND i.id = listed.id`,
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
    const table = `${this.prefix}_item`
    return Effect.map(
      // An insert of rows that are there, as an update from a list reads the whole table in SQLite.
      this.changed(
        `INSERT INTO ${table} (job, seq, id, size, texts, worst, kind, body)
          SELECT known.job, known.seq, known.id, known.size, known.texts, known.worst, listed.kind, listed.body
          FROM ${this.dialect.rows(2, { seq: "BIGINT", kind: "TEXT", body: "TEXT" })}
          ${this.dialect.join} ${table} known ON known.job = ${this.at(1)} AND known.seq = listed.seq
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
      this.changed(
        `UPDATE ${this.prefix}_item SET kind = ${this.at(4)}, body = ${this.at(5)}
          WHERE job = ${this.at(1)} AND seq >= ${this.at(2)} AND seq < ${this.at(3)} AND kind IS NULL RETURNING kind`,
        [job, from, to, kind, body],
      ),
      kindsIn,
    )
  }
}
