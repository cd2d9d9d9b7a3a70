import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"

import { ledgerOn, postgres, sqlite, withoutPostgres } from "./databases.ts"
import { claim, ledgerSuite, reservation, settlement, total } from "./ledgerSuite.ts"

const databases = [
  { name: "SQLite", database: sqlite, missing: undefined },
  { name: "PostgreSQL", database: postgres, missing: withoutPostgres },
] as const

for (const { database, missing, name } of databases) {
  describe.skipIf(missing !== undefined)(`on ${name}${missing === undefined ? "" : ` (${missing})`}`, () => {
    ledgerSuite(`a ledger on ${name}`, (options) => Effect.flatMap(database, (layer) => ledgerOn(layer, options)))

    it.effect("a ledger goes on where it was when it was closed", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const limit = claim(10n)
        yield* Effect.scoped(
          Effect.gen(function* () {
            const ledger = yield* ledgerOn(layer)
            yield* ledger.reserve(reservation("a", 4n, [limit]))
            yield* ledger.reserve(reservation("b", 5n, [limit]))
            yield* ledger.settle(settlement("a", 1n))
          }),
        )
        const ledger = yield* ledgerOn(layer)
        assert.deepStrictEqual(yield* ledger.total(limit), total(1n, 5n, 0n))
        yield* ledger.settle(settlement("b", 2n))
        assert.deepStrictEqual(yield* ledger.total(limit), total(3n, 0n, 0n))
        assert.lengthOf(yield* Stream.runCollect(ledger.entries()), 4)
      }),
    )

    it.effect("two ledgers on one database keep to one limit", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const [one, other] = [yield* ledgerOn(layer), yield* ledgerOn(layer)]
        const limits = ["x", "y", "z"].map((account) => claim(500n, { account }))
        const answers = yield* Effect.forEach(
          Array.from({ length: 200 }, (_, index) => index),
          (index) => {
            // In different orders, so that locks taken in the order of asking would be waited for in a circle.
            const claims = index % 3 === 0 ? limits : limits.toReversed()
            return (index % 2 === 0 ? one : other).reserve(reservation(`${index}`, 7n, claims))
          },
          { concurrency: "unbounded" },
        )
        assert.lengthOf(
          answers.filter(({ _tag }) => _tag === "Admitted"),
          71,
        )
        for (const limit of limits) assert.deepStrictEqual(yield* one.total(limit), total(0n, 497n, 0n))
      }),
    )

    it.effect("what another ledger reserved can be settled, once", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const [one, other] = [yield* ledgerOn(layer), yield* ledgerOn(layer)]
        const limit = claim(10n)
        yield* one.reserve(reservation("a", 4n, [limit]))
        const moved = yield* Effect.all([one.settle(settlement("a", 3n)), other.settle(settlement("a", 3n))], {
          concurrency: "unbounded",
        })
        assert.deepStrictEqual(moved.flat().length, 1)
        assert.deepStrictEqual(yield* other.total(limit), total(3n, 0n, 0n))
        assert.deepStrictEqual(yield* one.outstanding, [])
      }),
    )

    it.effect("a journal longer than a page is read to its end", () =>
      Effect.gen(function* () {
        const ledger = yield* Effect.flatMap(database, ledgerOn)
        yield* Effect.forEach(
          Array.from({ length: 1_001 }, (_, index) => index),
          (index) => ledger.settle(settlement(`${index}`, 1n)),
          { concurrency: "unbounded" },
        )
        assert.lengthOf(yield* Stream.runCollect(ledger.entries()), 1_001)
      }),
    )

    it.effect("windows of any length read no more than their own buckets, and keep no more", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const ledger = yield* ledgerOn(layer)
        const minute = 60_000
        const [day, month] = [1_440 * minute, 30 * 1_440 * minute]
        const claimsAt = (now: number) => {
          const [bucket, today] = [Math.floor(now / minute) * minute, Math.floor(now / day) * day]
          return [
            claim(100_000n, { account: "month", until: month }),
            claim(100_000n, { account: "day", bucket: today, since: today, until: today + day }),
            claim(60n, { account: "hour", bucket, since: bucket - 60 * minute, until: bucket + 61 * minute }),
          ]
        }
        let [now, admitted] = [0, 0]
        for (let index = 0; index < 160; index++) {
          const answer = yield* ledger.reserve(reservation(`${index}`, 1n, claimsAt(now), { expiresAt: month }))
          if (answer._tag === "Admitted") {
            admitted++
            // One of the first is never ended, and must not be forgotten.
            if (index !== 3) yield* ledger.settle(settlement(`${index}`, 1n))
          }
          now += 30 * minute
          yield* TestClock.setTime(now)
        }
        assert.strictEqual(admitted, 160)
        const rows = yield* Effect.flatMap(
          SqlClient.SqlClient,
          (sql) => sql<{ account: string; count: unknown }>`
            SELECT account, COUNT(*) AS count FROM holdfast_total GROUP BY account ORDER BY account`,
        ).pipe(Effect.provide(layer))
        const counts = Object.fromEntries(rows.map(({ account, count }) => [account, Number(count)]))
        assert.strictEqual(counts["month"], 1)
        assert.isAtMost(counts["day"] ?? 0, 4)
        assert.isAtMost(counts["hour"] ?? 0, 12)
        assert.deepStrictEqual(yield* ledger.total({ account: "month", since: 0 }), total(159n, 1n, 0n))
        const [, , hour] = claimsAt(now)
        assert.deepStrictEqual(yield* ledger.total(hour ?? claim(0n)), total(2n, 0n, 0n))
      }),
    )

    it.effect("two ledgers with prefixes of their own know nothing of each other", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const [one, other] = [yield* ledgerOn(layer, { prefix: "one" }), yield* ledgerOn(layer, { prefix: "other" })]
        yield* one.settle(settlement("a", 3n))
        assert.lengthOf(yield* Stream.runCollect(other.entries()), 0)
      }),
    )

    it.effect("a database that somebody has damaged is no ledger", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const ledger = yield* ledgerOn(layer)
        yield* ledger.reserve(reservation("a", 4n, [claim(10n)]))
        yield* Effect.flatMap(SqlClient.SqlClient, (each) => each`UPDATE holdfast_journal SET detail = 'no'`).pipe(
          Effect.provide(layer),
        )
        const error = yield* Effect.flip(ledger.settle(settlement("a", 1n)))
        assert.deepInclude(error, { operation: "settle", reason: "Damaged" })
      }),
    )

    it.effect("one damaged reservation fails by itself, not what is done in the same transaction", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const limit = claim(100n)
        const ids = Array.from({ length: 20 }, (_, index) => `${index}`)
        const ledger = yield* ledgerOn(layer)
        yield* Effect.forEach(ids, (id) => ledger.reserve(reservation(id, 2n, [limit], { expiresAt: 1_000 })))
        const sql = Context.get(yield* Layer.build(layer), SqlClient.SqlClient)
        yield* sql`UPDATE holdfast_journal SET detail = 'no' WHERE id = '7'`
        yield* TestClock.adjust("2 seconds")
        // Beside the sweep, in the same transaction.
        const [swept, admitted] = yield* Effect.all(
          [Effect.exit(ledger.expire), ledger.reserve(reservation("new", 3n, [limit]))],
          { concurrency: "unbounded" },
        )
        assert.strictEqual(admitted._tag, "Admitted")
        assert.isTrue(Exit.isFailure(swept))
        const open = yield* sql<{ id: string }>`SELECT id FROM holdfast_open WHERE expired = 0 ORDER BY id`
        assert.deepStrictEqual(
          open.map(({ id }) => id),
          ["7", "new"],
        )
      }),
    )
  })
}

it.effect("a prefix is a name", () =>
  Effect.gen(function* () {
    const layer = yield* sqlite
    const exit = yield* Effect.exit(Effect.scoped(ledgerOn(layer, { prefix: "a; DROP" })))
    assert.isTrue(Exit.hasDies(exit))
  }),
)
