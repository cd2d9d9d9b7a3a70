import { copyFileSync, renameSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"

import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { type SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"

import { file, memory, opened, reasonOf, things } from "./opened.ts"

describe("failures", () => {
  it.effect("of constraints say which", () =>
    Effect.gen(function* () {
      const sql = yield* things
      yield* sql`INSERT INTO thing ${sql.insert({ id: 1, name: "a" })}`
      const twice = yield* Effect.flip(sql`INSERT INTO thing ${sql.insert({ id: 2, name: "a" })}`)
      assert.deepInclude(twice.reason, { _tag: "UniqueViolation", constraint: "thing.name" })
      const key = yield* Effect.flip(sql`INSERT INTO thing ${sql.insert({ id: 1, name: "b" })}`)
      assert.deepInclude(key.reason, { _tag: "UniqueViolation", constraint: "thing.id" })
      assert.deepStrictEqual(yield* reasonOf(sql`INSERT INTO thing ${sql.insert({ size: -1 })}`), [
        "ConstraintError",
        275,
      ])
    }),
  )

  it.effect("of the program are told from those of the database", () =>
    Effect.gen(function* () {
      const sql = yield* things
      assert.deepStrictEqual(yield* reasonOf(sql`SELEC 1`), ["SqlSyntaxError", 1])
      assert.deepStrictEqual(yield* reasonOf(sql`SELECT * FROM nothing`), ["SqlSyntaxError", 1])
    }),
  )

  it.effect("for want of room leave what was there", () =>
    Effect.gen(function* () {
      const sql = yield* things
      yield* sql`PRAGMA max_page_count = 8`
      const fill = sql.withTransaction(
        Effect.forEach([1, 2, 3], () => sql`INSERT INTO thing (name) VALUES (hex(randomblob(10000)))`),
      )
      assert.deepStrictEqual(yield* reasonOf(fill), ["UnknownError", 13])
      assert.lengthOf(yield* sql`SELECT * FROM thing`, 0)
      yield* sql`INSERT INTO thing (name) VALUES ('small')`
    }),
  )

  it.effect("to open say why", () =>
    Effect.gen(function* () {
      const path = yield* file
      writeFileSync(path, "this is a text and by no means a database, however long it may go on")
      assert.deepStrictEqual(yield* reasonOf(Effect.scoped(opened({ filename: path }))), ["UnknownError", 26])
      assert.deepStrictEqual(yield* reasonOf(Effect.scoped(opened({ filename: `${path}/below` }))), [
        "ConnectionError",
        14,
      ])
      const absent = opened({ filename: `${path}.absent`, readonly: true })
      assert.deepStrictEqual(yield* reasonOf(Effect.scoped(absent)), ["ConnectionError", 14])
    }),
  )

  it.effect("to write what may only be read are refusals", () =>
    Effect.gen(function* () {
      const filename = yield* file
      yield* Effect.scoped(Effect.flatMap(opened({ filename }), (sql) => sql`CREATE TABLE kept (a INTEGER)`))
      const sql = yield* opened({ filename, readonly: true })
      assert.deepStrictEqual(yield* sql.withTransaction(sql`SELECT * FROM kept`), [])
      assert.deepStrictEqual(yield* reasonOf(sql`INSERT INTO kept VALUES (1)`), ["AuthorizationError", 8])
    }),
  )

  it.effect("to write into a file that was deleted or replaced are lost connections, until it is back", () =>
    Effect.gen(function* () {
      for (const suffix of ["", "-wal"]) {
        const path = yield* file
        const sql = yield* opened({ filename: path })
        yield* sql`CREATE TABLE kept (a INTEGER)`
        const insert = sql`INSERT INTO kept VALUES (1)`
        const [here, away] = [path + suffix, `${path}.away`]
        for (const replaced of [false, true]) {
          renameSync(here, away)
          if (replaced) copyFileSync(away, here)
          assert.deepStrictEqual(yield* reasonOf(insert), ["ConnectionError", undefined])
          assert.deepStrictEqual(yield* reasonOf(sql.withTransaction(insert)), ["ConnectionError", undefined])
          renameSync(away, here)
        }
        // In the midst of a transaction it is found when that is to be written.
        const lost = sql.withTransaction(
          Effect.andThen(
            insert,
            Effect.sync(() => renameSync(here, away)),
          ),
        )
        assert.deepStrictEqual(yield* reasonOf(lost), ["ConnectionError", undefined])
        renameSync(away, here)
        assert.deepStrictEqual(yield* sql`SELECT * FROM kept`, [])
        yield* sql.withTransaction(insert)
        assert.lengthOf(yield* sql`SELECT * FROM kept`, 1)
      }
    }),
  )

  it.effect("after the end are lost connections", () =>
    Effect.gen(function* () {
      const sql = yield* Effect.scoped(memory)
      assert.deepStrictEqual(yield* reasonOf(sql`SELECT 1`), ["ConnectionError", undefined])
    }),
  )
})

describe("a database that somebody else holds", () => {
  const held = Effect.gen(function* () {
    const filename = yield* file
    const sql = yield* opened({ filename, busyTimeout: "1 second" })
    yield* sql`CREATE TABLE kept (a INTEGER)`
    const other = yield* Effect.acquireRelease(
      Effect.sync(() => new DatabaseSync(filename)),
      (database) => Effect.sync(() => database.close()),
    )
    other.exec("BEGIN IMMEDIATE")
    return { sql, other }
  })
  const insert = (sql: SqlClient.SqlClient) => sql`INSERT INTO kept VALUES (1)`

  it.effect("is waited for without blocking, as long as was said", () =>
    Effect.gen(function* () {
      const { sql } = yield* held
      for (const write of [insert(sql), sql.withTransaction(insert(sql))]) {
        const fiber = yield* Effect.forkChild(reasonOf(write), { startImmediately: true })
        yield* TestClock.adjust("900 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("200 millis")
        assert.deepStrictEqual(yield* Fiber.join(fiber), ["LockTimeoutError", 5])
      }
    }),
  )

  it.effect("is given up at once by a transaction that is interrupted, or whose time is over", () =>
    Effect.gen(function* () {
      const { other, sql } = yield* held
      const interrupted = yield* Effect.forkChild(sql.withTransaction(insert(sql)), { startImmediately: true })
      yield* TestClock.adjust("100 millis")
      interrupted.interruptUnsafe()
      const late = yield* Effect.forkChild(Effect.timeoutOption(sql.withTransaction(insert(sql)), "300 millis"))
      yield* TestClock.adjust("300 millis")
      assert.strictEqual((yield* Fiber.await(interrupted))._tag, "Failure")
      assert.strictEqual((yield* Fiber.join(late))._tag, "None")
      other.exec("ROLLBACK")
      yield* sql.withTransaction(insert(sql))
      assert.lengthOf(yield* sql`SELECT * FROM kept`, 1)
    }),
  )

  it.effect("is still waited for where a transaction must not be interrupted", () =>
    Effect.gen(function* () {
      const { other, sql } = yield* held
      const fiber = yield* Effect.forkChild(Effect.uninterruptible(sql.withTransaction(insert(sql))), {
        startImmediately: true,
      })
      yield* TestClock.adjust("100 millis")
      fiber.interruptUnsafe()
      other.exec("ROLLBACK")
      yield* TestClock.adjust("30 millis")
      yield* Fiber.await(fiber)
      assert.lengthOf(yield* sql`SELECT * FROM kept`, 1)
    }),
  )

  it.effect("is written to as soon as it is free", () =>
    Effect.gen(function* () {
      const { other, sql } = yield* held
      const fiber = yield* Effect.forkChild(sql.withTransaction(insert(sql)), { startImmediately: true })
      yield* TestClock.adjust("500 millis")
      other.exec("ROLLBACK")
      yield* TestClock.adjust("30 millis")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(fiber)))
      assert.lengthOf(yield* sql`SELECT * FROM kept`, 1)
    }),
  )

  it.effect("can be read meanwhile", () =>
    Effect.gen(function* () {
      const { sql } = yield* held
      assert.deepStrictEqual(yield* sql`SELECT * FROM kept`, [])
    }),
  )
})
