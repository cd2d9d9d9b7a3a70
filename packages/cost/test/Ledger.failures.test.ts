import { DatabaseSync } from "node:sqlite"

import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { SqliteClient } from "@holdfast/sqlite"
import { Context, Effect, Exit, Fiber, Layer, Redacted, Schedule, Stream } from "effect"
import { SqlClient } from "effect/sql"

import type * as Ledger from "../src/Ledger.ts"
import { databaseUrl, file, ledgerOn, postgresIn, schema, withoutPostgres } from "./databases.ts"
import { claim, reservation, settlement, total } from "./ledgerSuite.ts"

// By the real clock all leases of these tests are over long ago, so a ledger that is opened finds them expired.
const limit = claim(1_000_000n)

/** A ledger on a file, and the very connection that it uses. */
const onFile = Effect.gen(function* () {
  const filename = yield* file
  const client = Context.get(
    yield* Layer.build(SqliteClient.layer({ filename, busyTimeout: "100 millis", synchronous: "normal" })),
    SqlClient.SqlClient,
  )
  return { filename, sql: client, ledger: yield* ledgerOn(Layer.succeed(SqlClient.SqlClient, client)) }
})

const written = (ledger: Ledger.Service) =>
  Effect.map(
    Effect.all([Stream.runCollect(ledger.entries()), ledger.total(limit), ledger.outstanding]),
    ([entries, ...rest]) => [entries.length, ...rest],
  )

const reasonOf = (self: Effect.Effect<unknown, Ledger.LedgerUnavailable>) =>
  Effect.map(Effect.flip(self), ({ operation, reason }) => `${operation}: ${reason}`)

const large = (id: string) => reservation(id, 1n, [claim(10n, { account: "x".repeat(20_000) })])

describe("a ledger on SQLite", () => {
  it.live("whose disk is full says so, writes nothing by halves, and goes on when there is room", () =>
    Effect.gen(function* () {
      const { ledger, sql } = yield* onFile
      yield* ledger.reserve(reservation("a", 5n, [limit]))
      const before = yield* written(ledger)
      const [pages] = yield* sql<{ page_count: number }>`PRAGMA page_count`
      yield* sql.unsafe(`PRAGMA max_page_count = ${(pages?.page_count ?? 0) + 2}`)
      assert.strictEqual(yield* reasonOf(ledger.reserve(large("b"))), "reserve: DiskFull")
      assert.deepStrictEqual(yield* written(ledger), before)
      yield* sql`PRAGMA max_page_count = 1000000`
      assert.deepStrictEqual(yield* ledger.reserve(large("b")), { _tag: "Admitted" })
      yield* ledger.settle(settlement("a", 1n))
      assert.deepStrictEqual(yield* ledger.total(limit), total(1n, 0n, 0n))
    }),
  )

  it.live("that another process has locked says so after a while, and goes on when it is free", () =>
    Effect.gen(function* () {
      const { filename, ledger } = yield* onFile
      yield* ledger.reserve(reservation("a", 5n, [limit]))
      const other = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(filename)),
        (database) => Effect.sync(() => database.close()),
      )
      other.exec("BEGIN IMMEDIATE")
      assert.strictEqual(yield* reasonOf(ledger.reserve(reservation("b", 5n, [limit]))), "reserve: Locked")
      assert.strictEqual(yield* reasonOf(ledger.settle(settlement("a", 1n))), "settle: Locked")
      other.exec("ROLLBACK")
      yield* ledger.settle(settlement("a", 1n))
      assert.deepStrictEqual(yield* ledger.total(limit), total(1n, 0n, 0n))
    }),
  )

  it.live("that another process has locked ends an interrupted reservation at once, and gives it back", () =>
    Effect.gen(function* () {
      const filename = yield* file
      const ledger = yield* ledgerOn(SqliteClient.layer({ filename, synchronous: "normal" }))
      const other = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(filename)),
        (database) => Effect.sync(() => database.close()),
      )
      other.exec("BEGIN IMMEDIATE")
      const asking = Effect.uninterruptible(ledger.reserve(reservation("a", 5n, [limit])))
      const fiber = yield* Effect.forkChild(asking, { startImmediately: true })
      yield* Effect.sleep("20 millis")
      yield* Fiber.interrupt(fiber)
      // The database is still locked: nothing waited for it.
      assert.isTrue(other.isTransaction)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      other.exec("ROLLBACK")
      yield* Effect.repeat(Stream.runCollect(ledger.entries()), {
        until: (entries) => entries.some(({ _tag }) => _tag === "Released"),
        schedule: Schedule.spaced("5 millis"),
      })
      assert.deepStrictEqual(yield* ledger.total(limit), total(0n, 0n, 0n))
      assert.deepStrictEqual(yield* ledger.outstanding, [])
    }),
  )

  it.live("that may only be read can be read", () =>
    Effect.gen(function* () {
      const { filename, ledger } = yield* onFile
      yield* ledger.reserve(reservation("a", 5n, [limit], { expiresAt: 4_102_444_800_000 }))
      const reading = yield* ledgerOn(SqliteClient.layer({ filename, readonly: true }))
      assert.deepStrictEqual(yield* reading.total(limit), total(0n, 5n, 0n))
      assert.strictEqual(yield* reasonOf(reading.reserve(reservation("b", 5n, [limit]))), "reserve: ReadOnly")
    }),
  )

  it.live("that fails in the midst of writing has written nothing", () =>
    Effect.gen(function* () {
      const { ledger, sql } = yield* onFile
      yield* ledger.reserve(reservation("a", 5n, [limit]))
      const before = yield* written(ledger)
      for (const table of ["journal", "total", "open"]) {
        yield* sql.unsafe(`CREATE TRIGGER no BEFORE INSERT ON holdfast_${table} BEGIN SELECT RAISE(ABORT, 'no'); END`)
        yield* Effect.flip(ledger.reserve(reservation("b", 5n, [limit])))
        yield* sql`DROP TRIGGER no`
        assert.deepStrictEqual(yield* written(ledger), before)
      }
      yield* ledger.reserve(reservation("b", 5n, [limit]))
      assert.deepStrictEqual(yield* ledger.total(limit), total(0n, 10n, 0n))
    }),
  )

  it.live("that is closed says so, after it has done what was asked", () =>
    Effect.gen(function* () {
      const filename = yield* file
      const layer = SqliteClient.layer({ filename })
      const ledger = yield* Effect.scoped(
        Effect.tap(ledgerOn(layer), (each) =>
          Effect.forkDetach(each.reserve(reservation("a", 5n, [limit])), { startImmediately: true }),
        ),
      )
      assert.strictEqual(yield* reasonOf(ledger.reserve(reservation("b", 5n, [limit]))), "reserve: ConnectionLost")
      assert.deepStrictEqual(yield* (yield* ledgerOn(layer)).total(limit), total(0n, 0n, 5n))
    }),
  )

  it.live("in a file that is no database cannot be opened", () =>
    Effect.gen(function* () {
      const filename = yield* file
      const database = new DatabaseSync(filename)
      database.exec("CREATE TABLE holdfast_journal (a INTEGER)")
      database.close()
      const error = yield* Effect.flip(ledgerOn(SqliteClient.layer({ filename })))
      assert.deepInclude(error, { _tag: "LedgerUnavailable", operation: "open", reason: "Damaged" })
    }),
  )
})

describe("a ledger on PostgreSQL", () => {
  it.live("that is not there cannot be opened", () =>
    Effect.gen(function* () {
      const layer = PgClient.layer({ url: Redacted.make("postgres://nobody@127.0.0.1:9/none") })
      const error = yield* Effect.flip(ledgerOn(layer))
      const reason = error._tag === "SqlError" ? error.reason._tag : error.reason
      assert.include(["ConnectionError", "ConnectionLost"], reason)
    }),
  )

  it.live.skipIf(withoutPostgres !== undefined)("whose connections are cut loses nothing that it said it had", () =>
    Effect.gen(function* () {
      const name = yield* schema
      const ledger = yield* ledgerOn(
        PgClient.layer({
          url: Redacted.make(databaseUrl),
          applicationName: name,
          startupParameters: { search_path: name },
        }),
      )
      const administrator = yield* Layer.build(postgresIn("public"))
      const cut = Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ${name}`,
      ).pipe(Effect.provide(administrator))
      // After so many more calls, not after so much time: where to connect takes longer than that, no call would ever end.
      let [ended, cuts] = [0, 0]
      const cutting = yield* Effect.forkChild(
        Effect.forever(
          Effect.delay(
            Effect.suspend(() =>
              ended < 3 * cuts
                ? Effect.void
                : Effect.andThen(
                    Effect.sync(() => cuts++),
                    cut,
                  ),
            ),
            "5 millis",
          ),
        ),
      )
      const outcomes = yield* Effect.forEach(
        Array.from({ length: 300 }, (_, index) => `${index}`),
        (id) =>
          Effect.gen(function* () {
            const reserved = yield* Effect.exit(ledger.reserve(reservation(id, 2n, [limit])))
            const settled = yield* Effect.exit(ledger.settle(settlement(id, 1n)))
            ended++
            return { id, reserved: reserved._tag, settled: settled._tag }
          }),
        { concurrency: 4 },
      )
      cutting.interruptUnsafe()
      assert.isAbove(cuts, 50)
      const calm = yield* ledgerOn(postgresIn(name))
      const entries = yield* Stream.runCollect(calm.entries())
      const settled = new Set(entries.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement.id] : [])))
      const reserved = new Set(entries.flatMap((entry) => (entry._tag === "Reserved" ? [entry.reservation.id] : [])))
      for (const outcome of outcomes) {
        if (outcome.reserved === "Success") assert.isTrue(reserved.has(outcome.id))
        if (outcome.settled === "Success") assert.isTrue(settled.has(outcome.id))
      }
      const both = [...settled].filter((id) => reserved.has(id)).length
      const open = [...reserved].filter((id) => !settled.has(id)).length
      assert.deepStrictEqual(yield* calm.total(limit), total(BigInt(both), 0n, 2n * BigInt(open)))
      assert.lengthOf(yield* calm.outstanding, open)
    }),
  )
})
