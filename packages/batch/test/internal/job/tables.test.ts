import { assert, describe, it } from "@effect/vitest"
import { SqlMigrations } from "@holdfast/cost"
import { SqliteClient } from "@holdfast/sqlite"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"

import * as BatchJob from "../../../src/BatchJob.ts"
import { migrations } from "../../../src/internal/job/tables.ts"

const prefix = "holdfast_batch"

/** The tables as their first version left them, with a job in them. */
const first = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [name, run] = Object.entries(migrations)[0] ?? ["", () => Effect.void]
  yield* SqlMigrations.migrate(prefix, { [name]: run })
  yield* sql.unsafe(
    `INSERT INTO ${prefix}_job (id, item_key, provider, model, round, items, canceled, woken, lease_until, created_at)
      VALUES ('old', 'key', 'acme', 'acme-1', 1, 1, 0, 0, 0, 0)`,
  )
  yield* sql.unsafe(
    `INSERT INTO ${prefix}_item (job, seq, id, size, worst, kind, body) VALUES ('old', 0, '"a"', 9, '0', NULL, '{}')`,
  )
})

const opened = <A, E>(self: Effect.Effect<A, E, BatchJob.Jobs>) =>
  Effect.provide(self, Layer.fresh(BatchJob.layerSql()))

const inMemory = Layer.fresh(SqliteClient.layer({ filename: ":memory:" }))

describe("the tables of jobs", () => {
  it.live("of an earlier version are brought up to date: what was there is a job of chats", () =>
    Effect.gen(function* () {
      yield* first
      const { ends, items, operation } = yield* opened(BatchJob.status("old"))
      assert.deepStrictEqual([operation, items, ends], ["chat", 1, { open: 1 }])
      // Once for good.
      assert.strictEqual((yield* opened(BatchJob.status("old"))).operation, "chat")
    }).pipe(Effect.provide(inMemory)),
  )

  it.live("of a later version are left alone", () =>
    Effect.gen(function* () {
      yield* SqlMigrations.migrate(prefix, { ...migrations, "99_later": () => Effect.void })
      const error = yield* Effect.flip(opened(BatchJob.status("old")))
      assert.strictEqual(error._tag, "JobsUnavailable")
      if (error._tag === "JobsUnavailable") assert.strictEqual(error.reason, "NewerVersion")
    }).pipe(Effect.provide(inMemory)),
  )
})
