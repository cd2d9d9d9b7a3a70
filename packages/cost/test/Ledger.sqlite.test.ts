/**
 * A ledger on SQLite against all that can happen to a file: at each step it says what is wrong, and what could not be written is
 * there as soon as the file is sound again.
 */
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"

import { assert, describe, it } from "@effect/vitest"
import { SqliteClient } from "@holdfast/sqlite"
import { Cause, Context, Effect, Exit, Fiber, Layer, Schedule, type Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"

import type * as Ledger from "../src/Ledger.ts"
import { file, ledgerOn } from "./databases.ts"
import { claim, reservation, settlement, total } from "./ledgerSuite.ts"
import { numbers } from "./support/numbers.ts"

const limit = claim(1_000_000n)
const lease = { expiresAt: 4_102_444_800_000 }

interface Opened {
  readonly filename: string
  readonly sql: SqlClient.SqlClient
  readonly ledger: Ledger.Service
}

/** What happens to the file, and the effect that undoes it. */
type Damage = (opened: Opened) => Effect.Effect<Effect.Effect<void, unknown>, unknown, Scope.Scope>

const foreign = ({ filename }: Opened) =>
  Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(filename)),
    (database) => Effect.sync(() => database.close()),
  )

const locking =
  (begin: string): Damage =>
  (opened) =>
    Effect.map(foreign(opened), (other) => {
      other.exec(begin)
      return Effect.sync(() => other.exec("ROLLBACK"))
    })

const moving =
  (suffix: string): Damage =>
  ({ filename }) =>
    Effect.sync(() => {
      renameSync(filename + suffix, `${filename}${suffix}.away`)
      return Effect.sync(() => renameSync(`${filename}${suffix}.away`, filename + suffix))
    })

const damages: Readonly<
  Record<string, { readonly reason: Ledger.LedgerUnavailable["reason"]; readonly damage: Damage }>
> = {
  "a full disk": {
    reason: "DiskFull",
    damage: ({ sql }) =>
      Effect.gen(function* () {
        // Whatever is left of the last pages is filled up.
        yield* sql`CREATE TABLE ballast (a BLOB)`
        const [pages] = yield* sql<{ page_count: number }>`PRAGMA page_count`
        yield* sql.unsafe(`PRAGMA max_page_count = ${pages?.page_count ?? 0}`)
        yield* sql`CREATE TRIGGER full BEFORE INSERT ON holdfast_journal BEGIN
          INSERT INTO ballast VALUES (zeroblob(100000)); END`
        return Effect.andThen(sql`DROP TRIGGER full`, sql`PRAGMA max_page_count = 1000000`)
      }),
  },
  "a file that another process writes to": { reason: "Locked", damage: locking("BEGIN IMMEDIATE") },
  "a file that another process keeps for itself": { reason: "Locked", damage: locking("BEGIN EXCLUSIVE") },
  "a file that may only be read": {
    reason: "ReadOnly",
    damage: ({ sql }) => Effect.as(sql`PRAGMA query_only = ON`, sql`PRAGMA query_only = OFF`),
  },
  "a file that was deleted": { reason: "ConnectionLost", damage: moving("") },
  "a write-ahead log that was deleted": { reason: "ConnectionLost", damage: moving("-wal") },
  "a file that was replaced": {
    reason: "ConnectionLost",
    damage: ({ filename }) =>
      Effect.sync(() => {
        renameSync(filename, `${filename}.away`)
        copyFileSync(`${filename}.away`, filename)
        return Effect.sync(() => renameSync(`${filename}.away`, filename))
      }),
  },
  "a table that is gone": {
    reason: "Damaged",
    damage: ({ sql }) =>
      Effect.as(
        sql`ALTER TABLE holdfast_total RENAME TO elsewhere`,
        sql`ALTER TABLE elsewhere RENAME TO holdfast_total`,
      ),
  },
  "amounts that are none": {
    reason: "Damaged",
    damage: ({ sql }) =>
      Effect.as(
        sql`UPDATE holdfast_total SET spent = 'x' || spent`,
        sql`UPDATE holdfast_total SET spent = substr(spent, 2)`,
      ),
  },
}

type Step = (ledger: Ledger.Service) => Effect.Effect<unknown, Ledger.LedgerUnavailable>

/** Each works on a reservation of its own that was made before. */
const steps: Readonly<
  Record<"reserve" | "settle" | "release", (ledger: Ledger.Service) => Effect.Effect<unknown, Ledger.LedgerUnavailable>>
> = {
  reserve: (ledger) => ledger.reserve(reservation("reserve", 7n, [limit], lease)),
  settle: (ledger) => ledger.settle(settlement("settle", 2n)),
  release: (ledger) => ledger.release("release"),
}

const open = Effect.gen(function* () {
  const filename = yield* file
  const client = SqliteClient.layer({ filename, busyTimeout: "30 millis", synchronous: "normal" })
  const sql = Context.get(yield* Layer.build(client), SqlClient.SqlClient)
  const ledger = yield* ledgerOn(Layer.succeed(SqlClient.SqlClient, sql))
  const opened: Opened = { filename, sql, ledger }
  for (const id of ["settle", "release"]) yield* ledger.reserve(reservation(id, 5n, [limit], lease))
  return opened
})

describe("a ledger on SQLite that meets", { concurrent: true }, () => {
  for (const [name, { damage, reason }] of Object.entries(damages)) {
    it.live(`${name} says so at each step, writes nothing by halves, and writes all when it is over`, () =>
      Effect.gen(function* () {
        const opened = yield* open
        const { ledger } = opened
        const heal = yield* damage(opened)
        for (const [operation, step] of Object.entries(steps) as ReadonlyArray<[keyof typeof steps, Step]>) {
          const exit = yield* Effect.exit(step(ledger))
          assert.isTrue(Exit.isFailure(exit) && !Cause.hasDies(exit.cause), `${operation}: ${String(exit)}`)
          assert.deepInclude(yield* Effect.flip(step(ledger)), { _tag: "LedgerUnavailable", operation, reason })
        }
        // The calls are over; what they left behind goes on.
        yield* Effect.forEach(Object.values(steps), (step) => ledger.persist(step(ledger)))
        yield* heal
        yield* Effect.repeat(Stream.runCollect(ledger.entries()), {
          until: (entries) => entries.length === 5,
          schedule: Schedule.spaced("5 millis"),
        })
        assert.deepStrictEqual(yield* ledger.total(limit), total(2n, 7n, 0n))
        assert.deepStrictEqual(
          (yield* ledger.outstanding).map(({ reservation: { id } }) => id),
          ["reserve"],
        )
        yield* ledger.release("reserve")
        // And it is all there for who opens the file next.
        const other = new DatabaseSync(opened.filename)
        assert.deepInclude(other.prepare("SELECT COUNT(*) AS count FROM holdfast_journal").get(), { count: 6 })
        other.close()
      }),
    )
  }
})

const kinds = ["header", "page", "log"] as const

/** A file whose journal has some entries, closed or as a process that was killed leaves it: with a log. */
const written = (kind: (typeof kinds)[number]) =>
  Effect.gen(function* () {
    const filename = yield* file
    yield* Effect.scoped(
      Effect.gen(function* () {
        const ledger = yield* ledgerOn(SqliteClient.layer({ filename, synchronous: "normal" }))
        for (let index = 0; index < 40; index++) {
          yield* ledger.reserve(reservation(`${index}`, 5n, [limit], lease))
          if (index % 2 === 0) yield* ledger.settle(settlement(`${index}`, 2n))
        }
        if (kind !== "log") return
        for (const suffix of ["", "-wal"]) copyFileSync(filename + suffix, `${filename}.killed${suffix}`)
      }),
    )
    return kind === "log" ? `${filename}.killed` : filename
  })

const flip = (path: string, kind: (typeof kinds)[number], below: (most: number) => number) => {
  const target = kind === "log" ? `${path}-wal` : path
  const bytes = readFileSync(target)
  const [from, to] = kind === "header" ? [0, 100] : [kind === "page" ? 100 : 0, bytes.length]
  for (let count = 1 + below(16); count > 0; count--) {
    const at = from + below(to - from)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
  }
  writeFileSync(target, bytes)
}

const flips = 40

describe("a ledger on SQLite in whose file bits were flipped", { concurrent: true }, () => {
  for (const kind of kinds) {
    it.live(`in the ${kind} works or says what is wrong, and has lost nothing when the file is restored`, () =>
      Effect.gen(function* () {
        const sound = yield* written(kind)
        const below = numbers(20_261_124)
        let shortest = Infinity
        const reasons = new Map<string, number>()
        const seen = (what: string) => reasons.set(what, (reasons.get(what) ?? 0) + 1)
        for (let turn = 0; turn < flips; turn++) {
          const path = `${sound}.${turn}`
          for (const suffix of ["", "-wal"]) if (existsSync(sound + suffix)) copyFileSync(sound + suffix, path + suffix)
          flip(path, kind, below)
          const exits = yield* Effect.exit(
            Effect.scoped(
              Effect.gen(function* () {
                const ledger = yield* ledgerOn(SqliteClient.layer({ filename: path, synchronous: "normal" }))
                const reading = [ledger.total(limit), ledger.outstanding, Stream.runCollect(ledger.entries())]
                const writing = [
                  ledger.reserve(reservation("new", 1n, [limit], lease)),
                  ledger.settle(settlement("1", 1n)),
                  ledger.release("3"),
                ]
                return yield* Effect.forEach([...reading, ...writing], (step) =>
                  Effect.exit(step as Effect.Effect<unknown, Ledger.LedgerUnavailable>),
                )
              }),
            ),
          )
          if (kind === "log" && Exit.isSuccess(exits)) {
            const [spent, , entries] = exits.value as ReadonlyArray<Exit.Exit<unknown, unknown>>
            if (spent?._tag === "Success" && entries?._tag === "Success") {
              const all = entries.value as ReadonlyArray<Ledger.Entry>
              shortest = Math.min(shortest, all.length)
              // What is left are whole transactions, from the first one on.
              const settled = all.filter(({ _tag }) => _tag === "Settled").length
              const left = all.filter(({ _tag }) => _tag === "Reserved").length - settled
              assert.deepStrictEqual(spent.value, total(2n * BigInt(settled), 5n * BigInt(left), 0n))
            }
          }
          const all: ReadonlyArray<Exit.Exit<unknown, unknown>> = Exit.isSuccess(exits) ? exits.value : [exits]
          for (const exit of all) {
            if (Exit.isSuccess(exit)) {
              seen("works")
              continue
            }
            assert.isFalse(Cause.hasDies(exit.cause), `${turn}: ${String(exit)}`)
            const error = exit.cause.reasons.find((each) => each._tag === "Fail")?.error as {
              _tag: string
              reason: string | { _tag: string }
            }
            assert.include(["LedgerUnavailable", "SqlError"], error._tag)
            seen(typeof error.reason === "string" ? error.reason : error.reason._tag)
          }
          for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true })
        }
        assert.isAtLeast(
          [...reasons.values()].reduce((sum, count) => sum + count, 0),
          flips,
        )
        // Some of them do harm; those in a log are found by its checksums, and end it there.
        if (kind === "log") assert.isAbove(shortest, -1)
        else assert.isAbove((reasons.get("Damaged") ?? 0) + (reasons.get("UnknownError") ?? 0), 0)
        if (kind === "log") assert.isBelow(shortest, 60)
        const restored = yield* ledgerOn(SqliteClient.layer({ filename: sound }))
        assert.deepStrictEqual(yield* restored.total(limit), total(40n, 100n, 0n))
        assert.lengthOf(yield* Stream.runCollect(restored.entries()), 60)
      }),
    )
  }
})

describe("tables of another version", () => {
  it.live("that are newer are refused, with both versions, and left alone", () =>
    Effect.gen(function* () {
      const { filename, sql } = yield* open
      yield* sql`INSERT INTO holdfast_migrations (migration_id, name) VALUES (7, 'later')`
      const before = readFileSync(filename)
      const error = yield* Effect.flip(ledgerOn(SqliteClient.layer({ filename })))
      assert.deepInclude(error, { _tag: "LedgerUnavailable", operation: "open", reason: "NewerVersion" })
      assert.include(error.message, "its tables are of version 7, and this program knows version 1 and earlier ones")
      assert.deepStrictEqual(readFileSync(filename), before)
    }),
  )

  it.live("that are older are brought up to date, by one of several processes that come at once", () =>
    Effect.gen(function* () {
      const filename = yield* file
      // Before its first version a ledger had no tables but the one of versions.
      const old = new DatabaseSync(filename)
      old.exec(`CREATE TABLE holdfast_migrations (migration_id integer PRIMARY KEY NOT NULL,
        created_at datetime NOT NULL DEFAULT current_timestamp, name VARCHAR(255) NOT NULL)`)
      old.close()
      const fibers = yield* Effect.forEach([1, 2, 3], () =>
        Effect.forkChild(ledgerOn(SqliteClient.layer({ filename, synchronous: "normal" })), { startImmediately: true }),
      )
      const ledgers = yield* Effect.forEach(fibers, Fiber.join)
      for (const [index, ledger] of ledgers.entries())
        yield* ledger.settle(settlement(`${index}`, 1n, { claims: [limit] }))
      assert.deepStrictEqual(yield* ledgers[0]!.total(limit), total(3n, 0n, 0n))
    }),
  )
})
