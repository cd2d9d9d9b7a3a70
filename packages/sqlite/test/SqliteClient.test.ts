import { existsSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, Exit, Fiber, Stream, String as Strings } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"

import * as SqliteClient from "../src/SqliteClient.ts"
import { file, memory, opened, reasonOf, things } from "./opened.ts"

describe("values", () => {
  it.effect("come back as they were written", () =>
    Effect.gen(function* () {
      const sql = yield* memory
      yield* sql`CREATE TABLE kept (a INTEGER, b REAL, c TEXT, d BLOB, e INTEGER, f TEXT) STRICT`
      const at = new Date("2026-01-02T03:04:05.678Z")
      yield* sql`INSERT INTO kept VALUES (${7}, ${1.5}, ${"é\u0000"}, ${new Uint8Array([1, 2])}, ${true}, ${at})`
      yield* sql`INSERT INTO kept VALUES (${null}, ${null}, ${""}, ${new Uint8Array()}, ${false}, ${null})`
      const [first, second] = yield* sql`SELECT * FROM kept`
      assert.deepStrictEqual(
        { ...first },
        {
          a: 7,
          b: 1.5,
          c: "é\u0000",
          d: new Uint8Array([1, 2]),
          e: 1,
          f: "2026-01-02T03:04:05.678Z",
        },
      )
      assert.deepStrictEqual({ ...second }, { a: null, b: null, c: "", d: new Uint8Array(), e: 0, f: null })
    }),
  )

  it.effect("that are whole numbers are never rounded", () =>
    Effect.gen(function* () {
      const sql = yield* memory
      yield* sql`CREATE TABLE amount (value INTEGER) STRICT`
      const values = [0, -1, 2 ** 53 - 1, -(2 ** 53 - 1), 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]
      for (const value of values) yield* sql`INSERT INTO amount VALUES (${value})`
      const rows = yield* sql<{ value: number | bigint }>`SELECT value FROM amount ORDER BY rowid`
      assert.deepStrictEqual(
        rows.map(({ value }) => value),
        values,
      )
      const arrays = yield* sql`SELECT value FROM amount ORDER BY rowid`.values
      assert.deepStrictEqual(arrays.flat(), values)
    }),
  )

  it.effect("that SQLite cannot hold are typed failures", () =>
    Effect.gen(function* () {
      const sql = yield* things
      for (const value of [{ a: 1 }, 2n ** 64n] as const) {
        const [tag] = yield* reasonOf(sql.unsafe("INSERT INTO thing (id) VALUES (?)", [value as never]))
        assert.strictEqual(tag, "UnknownError")
      }
      assert.lengthOf(yield* sql`SELECT * FROM thing`, 0)
    }),
  )

  it.effect("have the names that the program wants", () =>
    Effect.gen(function* () {
      const sql = yield* opened({
        filename: ":memory:",
        transformQueryNames: Strings.camelToSnake,
        transformResultNames: Strings.snakeToCamel,
      })
      yield* sql`CREATE TABLE kept (long_name TEXT)`
      yield* sql`INSERT INTO kept ${sql.insert({ longName: "a" })}`
      assert.deepStrictEqual(yield* sql`SELECT * FROM kept`, [{ longName: "a" }])
      assert.deepStrictEqual(yield* Stream.runCollect(sql`SELECT * FROM kept`.stream), [{ longName: "a" }])
    }),
  )
})

describe("statements", () => {
  it.effect("give back what they return, and what they changed", () =>
    Effect.gen(function* () {
      const sql = yield* things
      const returned = yield* sql`INSERT INTO thing ${sql.insert([{ name: "a" }, { name: "b" }])} RETURNING id`
      assert.deepStrictEqual(
        returned.map(({ id }) => id),
        [1, 2],
      )
      assert.deepStrictEqual(yield* sql`UPDATE thing SET size = 1`.raw, { changes: 2, lastInsertRowid: 2 })
      assert.deepStrictEqual(yield* sql`DELETE FROM thing`, [])
    }),
  )

  it.effect("are prepared again when they were not used for long, and when the schema has changed", () =>
    Effect.gen(function* () {
      const sql = yield* opened({ filename: ":memory:", preparedStatements: 2 })
      yield* sql`CREATE TABLE kept (a INTEGER)`
      yield* sql`INSERT INTO kept VALUES (1)`
      for (let round = 0; round < 3; round++) {
        for (let column = 0; column < 4; column++) {
          const rows = yield* sql.unsafe(`SELECT ${column} AS n FROM kept`)
          assert.deepStrictEqual({ ...rows[0] }, { n: column })
        }
      }
      assert.deepStrictEqual({ ...(yield* sql`SELECT * FROM kept`)[0] }, { a: 1 })
      yield* sql`ALTER TABLE kept ADD COLUMN b INTEGER`
      assert.deepStrictEqual({ ...(yield* sql`SELECT * FROM kept`)[0] }, { a: 1, b: null })
    }),
  )

  it.effect("stream, also while the same statement is run inside", () =>
    Effect.gen(function* () {
      const sql = yield* memory
      const numbers = sql<{
        n: number
      }>`WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 1000) SELECT n FROM up`
      const seen = yield* sql.withTransaction(
        numbers.stream.pipe(
          Stream.mapEffect(({ n }) => (n % 400 === 0 ? Effect.map(numbers, (rows) => rows.length) : Effect.succeed(n))),
          Stream.runCollect,
        ),
      )
      assert.lengthOf(seen, 1000)
      assert.deepStrictEqual([seen[0], seen[399], seen[998]], [1, 1000, 999])
    }),
  )

  it.effect("stream no further than is asked for, and give the connection back", () =>
    Effect.gen(function* () {
      const sql = yield* memory
      const endless = sql<{
        n: number
      }>`WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up) SELECT n FROM up`
      const some = yield* Stream.runCollect(Stream.take(endless.stream, 3))
      assert.deepStrictEqual(
        some.map(({ n }) => n),
        [1, 2, 3],
      )
      yield* sql`CREATE TABLE later (a INTEGER)`
    }),
  )

  it.effect("that fail while they stream say so", () =>
    Effect.gen(function* () {
      const sql = yield* memory
      const broken = sql`SELECT abs(-9223372036854775807 - 1) AS n`.stream
      assert.strictEqual((yield* reasonOf(Stream.runDrain(broken)))[0], "SqlSyntaxError")
    }),
  )
})

describe("transactions", () => {
  const names = (sql: SqlClient.SqlClient) =>
    Effect.map(sql<{ name: string }>`SELECT name FROM thing ORDER BY id`, (rows) => rows.map(({ name }) => name))

  it.effect("leave nothing behind when they fail or are interrupted", () =>
    Effect.gen(function* () {
      const sql = yield* things
      const insert = (name: string) => sql`INSERT INTO thing ${sql.insert({ name })}`
      yield* Effect.exit(sql.withTransaction(Effect.andThen(insert("a"), Effect.fail("no"))))
      yield* Effect.exit(sql.withTransaction(Effect.andThen(insert("b"), Effect.die("a bug"))))
      const fiber = yield* Effect.forkChild(sql.withTransaction(Effect.andThen(insert("c"), Effect.never)), {
        startImmediately: true,
      })
      yield* Fiber.interrupt(fiber)
      yield* sql.withTransaction(insert("d"))
      assert.deepStrictEqual(yield* names(sql), ["d"])
    }),
  )

  it.effect("inside of transactions are undone alone", () =>
    Effect.gen(function* () {
      const sql = yield* things
      const insert = (name: string) => sql`INSERT INTO thing ${sql.insert({ name })}`
      yield* sql.withTransaction(
        Effect.gen(function* () {
          yield* insert("a")
          yield* Effect.exit(sql.withTransaction(Effect.andThen(insert("b"), Effect.fail("no"))))
          yield* sql.withTransaction(insert("c"))
        }),
      )
      assert.deepStrictEqual(yield* names(sql), ["a", "c"])
    }),
  )

  it.effect("keep other fibers waiting until they are over", () =>
    Effect.gen(function* () {
      const sql = yield* things
      const slow = sql.withTransaction(
        Effect.andThen(
          sql`INSERT INTO thing ${sql.insert({ name: "a" })}`,
          Effect.andThen(Effect.sleep("1 second"), Effect.fail("no")),
        ),
      )
      const fiber = yield* Effect.forkChild(Effect.exit(slow), { startImmediately: true })
      const reader = yield* Effect.forkChild(names(sql), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(reader), [])
      yield* Fiber.join(fiber)
    }),
  )

  it.effect("whose commit is refused are undone, and the connection goes on", () =>
    Effect.gen(function* () {
      const sql = yield* things
      yield* sql`CREATE TABLE child (parent INTEGER REFERENCES thing (id) DEFERRABLE INITIALLY DEFERRED) STRICT`
      const orphan = sql.withTransaction(sql`INSERT INTO child VALUES (5)`)
      assert.strictEqual((yield* reasonOf(orphan))[0], "ConstraintError")
      assert.lengthOf(yield* sql`SELECT * FROM child`, 0)
    }),
  )
})

describe("a client", () => {
  it.effect("has safe settings", () =>
    Effect.gen(function* () {
      const sql = yield* opened({ filename: yield* file })
      const pragma = (name: string) =>
        Effect.map(sql.unsafe(`PRAGMA ${name}`).values, (rows) => [name, rows[0]?.[0]] as const)
      assert.deepStrictEqual(
        yield* Effect.forEach(["journal_mode", "synchronous", "foreign_keys", "trusted_schema"], pragma),
        [
          ["journal_mode", "wal"],
          ["synchronous", 2],
          ["foreign_keys", 1],
          ["trusted_schema", 0],
        ],
      )
    }),
  )

  it.effect("closes its database with its scope", () =>
    Effect.gen(function* () {
      const filename = yield* file
      yield* Effect.scoped(Effect.flatMap(opened({ filename }), (sql) => sql`CREATE TABLE kept (a INTEGER)`))
      // The log is gone when the last connection is closed.
      assert.deepStrictEqual([existsSync(filename), existsSync(`${filename}-wal`)], [true, false])
    }),
  )

  it.effect("takes its options from the configuration", () =>
    Effect.gen(function* () {
      const layer = SqliteClient.layerConfig({
        filename: Config.String("FILE"),
        synchronous: Config.succeed("normal" as const),
      })
      const rows = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`PRAGMA synchronous`.values)
      const provider = ConfigProvider.fromUnknown({ FILE: ":memory:" })
      assert.deepStrictEqual(
        yield* rows.pipe(Effect.provide(layer), Effect.provideService(ConfigProvider.ConfigProvider, provider)),
        [[1]],
      )
    }),
  )

  it.effect("refuses settings that make no sense, by name", () =>
    Effect.gen(function* () {
      for (const [options, name] of [
        [{ filename: "" }, "filename"],
        [{ filename: ":memory:", preparedStatements: 0 }, "preparedStatements"],
      ] as const) {
        const exit = yield* Effect.exit(Effect.scoped(opened(options)))
        assert.isTrue(Exit.hasDies(exit))
        assert.include(String(exit), name)
      }
    }),
  )
})
