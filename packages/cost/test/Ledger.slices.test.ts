import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Context, Effect, Exit, Layer, Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"

import * as Budget from "../src/Budget.ts"
import * as Ledger from "../src/Ledger.ts"
import * as Money from "../src/Money.ts"
import * as Report from "../src/Report.ts"
import { acme, caller, money } from "./budgeted.ts"
import { ledgerOn, postgres, sqlite, withoutPostgres } from "./databases.ts"
import { claim, reservation, settlement, total } from "./ledgerSuite.ts"

const databases = [
  { name: "SQLite", database: sqlite, missing: undefined },
  { name: "PostgreSQL", database: postgres, missing: withoutPostgres },
] as const

/** Written, with all that is still on its way to the database. */
const settledIds = (ledger: Ledger.Service) =>
  Effect.map(Stream.runCollect(ledger.entries()), (all) =>
    all.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement.id] : [])),
  )

/** Lets seconds pass until the ledger's total is the expected one; a test that waits in vain times out. */
const comesTo = (ledger: Ledger.Service, limit: Ledger.Claim, expected: Ledger.Total) =>
  Effect.repeat(Effect.andThen(TestClock.adjust("1 second"), ledger.total(limit)), {
    until: ({ reserved, spent }) => reserved === expected.reserved && spent === expected.spent,
  })

/** For a process that dies, and does nothing from then on. */
const stopped = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.updateService(
    self,
    Clock.Clock,
    (clock) => Object.create(clock, { sleep: { value: () => Effect.never } }) as Clock.Clock,
  )

type Step =
  | { readonly _tag: "reserve"; readonly by: number; readonly worst: bigint; readonly scope: number }
  | { readonly _tag: "end"; readonly which: number; readonly cost: bigint | undefined }
  | { readonly _tag: "wait"; readonly millis: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("reserve" as const),
      by: fc.nat(2),
      worst: fc.bigInt({ min: 0n, max: 40n }),
      scope: fc.nat(1),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      _tag: fc.constant("end" as const),
      which: fc.nat(),
      cost: fc.option(fc.bigInt({ min: 0n, max: 40n }), { nil: undefined }),
    }),
  },
  fc.record({ _tag: fc.constant("wait" as const), millis: fc.nat(3_000) }),
)

const limits = { day: 400n, month: 600n, minute: 250n }
const dayLength = 86_400_000

/** A day, a month and a rolling minute, the day for each of two tenants. */
const claimsAt = (now: number, scope: number): ReadonlyArray<Ledger.Claim> => {
  const bucket = Math.floor(now / 1_000) * 1_000
  return [
    claim(limits.day, { account: `day ${scope}` }),
    claim(limits.month, { account: "month", until: 30 * dayLength }),
    claim(limits.minute, { account: "minute", bucket, since: bucket - 60_000, until: bucket + 61_000 }),
  ]
}

interface Attempt {
  readonly id: string
  readonly by: number
  readonly at: number
  readonly scope: number
  readonly worst: bigint
  cost: bigint | undefined
}

const chargeOf = ({ cost, worst }: Attempt) => cost ?? worst

/** What the accounts of the claims hold by a model that sees every process. */
const modelTotal = (attempts: ReadonlyArray<Attempt>, { account, since }: Ledger.Claim) =>
  attempts
    .filter(({ at, scope }) => claimsAt(at, scope).some((each) => each.account === account && each.bucket >= since))
    .reduce((sum, attempt) => sum + chargeOf(attempt), 0n)

const play = (slice: bigint, steps: ReadonlyArray<Step>) =>
  Effect.gen(function* () {
    const layer = yield* sqlite
    const scope = yield* Scope.make()
    const ledgers = yield* Scope.provide(
      Effect.forEach([0, 1, 2], () => ledgerOn(layer, { slice: money(slice) })),
      scope,
    )
    const attempts: Array<Attempt> = []
    let now = 0
    for (const [index, each] of steps.entries()) {
      if (each._tag === "wait") {
        yield* TestClock.adjust(each.millis)
        now += each.millis
      } else if (each._tag === "reserve") {
        const claims = claimsAt(now, each.scope)
        const id = `${index}`
        const answer = yield* ledgers[each.by]!.reserve(
          reservation(id, each.worst, claims, { expiresAt: now + 10 * dayLength }),
        )
        if (answer._tag === "Exceeded") continue
        attempts.push({ id, by: each.by, at: now, scope: each.scope, worst: each.worst, cost: undefined })
        for (const one of claims) assert.isTrue(modelTotal(attempts, one) <= one.limit)
      } else {
        const open = attempts.filter(({ cost }) => cost === undefined)
        const attempt = open[each.which % Math.max(1, open.length)]
        if (attempt === undefined) continue
        const cost = each.cost === undefined ? undefined : each.cost > attempt.worst ? attempt.worst : each.cost
        if (cost === undefined) yield* ledgers[attempt.by]!.release(attempt.id)
        else yield* ledgers[attempt.by]!.settle(settlement(attempt.id, cost))
        attempt.cost = cost ?? -1n
        if (cost === undefined) attempts.splice(attempts.indexOf(attempt), 1)
      }
    }
    yield* Scope.close(scope, Exit.void)
    const rows = yield* ledgerOn(layer)
    for (const tenant of [0, 1]) {
      for (const one of claimsAt(now, tenant)) {
        const found = yield* rows.total({ account: one.account, since: 0 })
        const mine = attempts.filter(({ at, scope: of }) =>
          claimsAt(at, of).some(({ account }) => account === one.account),
        )
        const open = mine.filter(({ cost }) => cost === undefined).reduce((sum, { worst }) => sum + worst, 0n)
        assert.strictEqual(found.reserved, money(open))
        if (one.account === "minute") continue
        assert.strictEqual(found.spent, money(mine.reduce((sum, { cost }) => sum + (cost ?? 0n), 0n)))
      }
    }
    assert.sameMembers(
      [...(yield* settledIds(rows))],
      attempts.flatMap(({ cost, id }) => (cost === undefined ? [] : [id])),
    )
  })

describe("slices of three processes on one file", () => {
  it("never exceed a limit of any window or scope, and lose nothing, whatever happens", async () => {
    const steps = fc.array(step, { maxLength: 60 })
    const result = await fc.check(
      fc.asyncProperty(fc.bigInt({ min: 1n, max: 300n }), steps, (slice, all) =>
        Effect.runPromise(Effect.provide(Effect.scoped(play(slice, all)), TestClock.layer())),
      ),
      { numRuns: 60 },
    )
    assert.isFalse(result.failed, fc.defaultReportMessage(result))
  })
})

for (const { database, missing, name } of databases) {
  describe.skipIf(missing !== undefined)(`slices on ${name}${missing === undefined ? "" : ` (${missing})`}`, () => {
    it.effect("are used up to the smallest unit of the limit", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const ledgers = yield* Effect.forEach([1, 2, 3, 4], () => ledgerOn(layer, { slice: money(300n) }))
        const limit = claim(1_000n)
        const answers = yield* Effect.forEach(
          Array.from({ length: 400 }, (_, index) => index),
          (index) =>
            Effect.gen(function* () {
              const ledger = ledgers[index % 4]!
              const answer = yield* ledger.reserve(reservation(`${index}`, 7n, [limit]))
              if (answer._tag === "Admitted") yield* ledger.settle(settlement(`${index}`, 7n))
              return answer._tag
            }),
          { concurrency: 16 },
        )
        const admitted = answers.filter((tag) => tag === "Admitted").length
        // What others hold and do not use comes back when it was idle for a while.
        yield* TestClock.adjust("3 seconds")
        let rest = 0
        for (const [index, ledger] of ledgers.entries()) {
          for (let worst = 7n; worst >= 1n; worst--) {
            for (let turn = 0; ; turn++) {
              const id = `rest ${index} ${worst} ${turn}`
              if ((yield* ledger.reserve(reservation(id, worst, [limit])))._tag === "Exceeded") break
              yield* ledger.settle(settlement(id, worst))
              rest += Number(worst)
            }
            yield* TestClock.adjust("3 seconds")
          }
        }
        assert.strictEqual(admitted * 7 + rest, 1_000)
        for (const ledger of ledgers) yield* comesTo(ledger, limit, total(1_000n, 0n, 0n))
      }),
    )

    it.effect("ask the database once for many attempts, and are read as what was spent of them", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const [ledger, other] = [yield* ledgerOn(layer, { slice: money(1_000n) }), yield* ledgerOn(layer)]
        const limit = claim(5_000n)
        for (let index = 0; index < 100; index++) {
          yield* ledger.reserve(reservation(`${index}`, 9n, [limit]))
          if (index > 0) yield* ledger.settle(settlement(`${index}`, 5n))
        }
        assert.lengthOf(yield* Stream.runCollect(other.entries()), 1)
        assert.deepStrictEqual(yield* other.total(limit), total(0n, 1_000n, 0n))
        assert.deepStrictEqual(yield* ledger.total(limit), total(495n, 9n, 0n))
        assert.deepStrictEqual(
          (yield* ledger.outstanding).map((each) => each.reservation.id),
          ["0"],
        )
        assert.lengthOf(yield* settledIds(ledger), 99)
        assert.strictEqual((yield* other.total(limit)).spent, money(495n))
        yield* comesTo(other, limit, total(495n, 9n, 0n))
        yield* ledger.release("0")
        yield* comesTo(other, limit, total(495n, 0n, 0n))
      }),
    )

    it.effect("of a process that died count in full, and are an interval in reports when their lease is over", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const dead = yield* Scope.make()
        const budget = Budget.enforce({ name: "x", daily: money(100n), lease: "1 minute" })
        const ledger = yield* stopped(Scope.provide(ledgerOn(layer, { slice: money(60n) }), dead))
        const call = yield* Scope.provide(caller(acme().model.pipe(budget), ledger), dead)
        yield* call()
        const others = yield* ledgerOn(layer)
        const day = { account: JSON.stringify(["x", "day"]), since: 0 }
        assert.deepStrictEqual(yield* others.total(day), total(0n, 60n, 0n))
        yield* TestClock.setTime(60_000)
        const report = yield* Effect.provideService(Report.make(), Ledger.Ledger, others)
        assert.deepStrictEqual(
          report.open.map(({ expired, model, worst }) => [expired, model, worst]),
          [[true, "slice", money(60n)]],
        )
        assert.deepInclude(report.budgets[0], { spent: money(0n), uncertain: money(60n) })
        const next = yield* caller(acme().model.pipe(budget), others)
        assert.isTrue(Exit.isSuccess((yield* next()).exit))
        assert.isTrue(Exit.isFailure((yield* next()).exit))
        yield* Scope.close(dead, Exit.void)
      }),
    )

    it.effect("are given back with what was spent when their ledger is closed", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const limit = claim(1_000n)
        yield* Effect.scoped(
          Effect.gen(function* () {
            const ledger = yield* ledgerOn(layer, { slice: money(500n) })
            yield* ledger.reserve(reservation("a", 30n, [limit]))
            yield* ledger.settle(settlement("a", 10n))
            yield* ledger.reserve(reservation("b", 30n, [limit]))
          }),
        )
        const rows = yield* ledgerOn(layer)
        assert.deepStrictEqual(yield* rows.total(limit), total(10n, 30n, 0n))
        assert.deepStrictEqual(yield* settledIds(rows), ["a"])
      }),
    )

    it.effect("keep what is known of an id", () =>
      Effect.gen(function* () {
        const layer = yield* database
        const ledger = yield* ledgerOn(layer, { slice: money(500n) })
        const limit = claim(1_000n)
        yield* ledger.reserve(reservation("a", 30n, [limit]))
        assert.strictEqual((yield* ledger.reserve(reservation("a", 30n, [limit])))._tag, "Admitted")
        assert.deepStrictEqual(yield* ledger.total(limit), total(0n, 30n, 0n))
        yield* ledger.release("a")
        assert.strictEqual(
          (yield* Effect.flip(ledger.reserve(reservation("a", 30n, [limit])))).reason,
          "ReservationOver",
        )
        yield* ledger.settle(settlement("a", 4n))
        yield* ledger.reserve(reservation("b", 30n, [limit]))
        yield* ledger.settle(settlement("b", 5n))
        assert.deepStrictEqual(yield* ledger.settle(settlement("b", 6n)), [])
        yield* comesTo(yield* ledgerOn(layer), limit, total(9n, 0n, 0n))
        assert.deepStrictEqual(yield* ledger.settle(settlement("b", 6n)), [])
      }),
    )
  })
}

describe("a database that fails", () => {
  it.effect("lets nothing be drawn from a slice whose exchange has no answer, and nothing be lost", () =>
    Effect.gen(function* () {
      const sql = Context.get(yield* Layer.build(yield* sqlite), SqlClient.SqlClient)
      const ledger = yield* ledgerOn(Layer.succeed(SqlClient.SqlClient, sql), { slice: money(100n) })
      const limit = claim(150n)
      yield* ledger.reserve(reservation("a", 60n, [limit]))
      yield* ledger.settle(settlement("a", 50n))
      yield* sql.unsafe(`CREATE TRIGGER no BEFORE INSERT ON holdfast_journal BEGIN SELECT RAISE(ABORT, 'no'); END`)
      const exit = yield* Effect.exit(ledger.reserve(reservation("b", 60n, [limit])))
      assert.deepInclude(Exit.isFailure(exit) ? Cause.squash(exit.cause) : {}, { _tag: "LedgerUnavailable" })
      // It would fit into what is left of the slice, if that were known to be there still.
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ledger.reserve(reservation("c", 10n, [limit])))))
      yield* sql`DROP TRIGGER no`
      assert.strictEqual((yield* ledger.reserve(reservation("d", 60n, [limit])))._tag, "Admitted")
      assert.deepStrictEqual(yield* ledger.total(limit), total(50n, 60n, 0n))
      assert.strictEqual((yield* ledger.reserve(reservation("e", 41n, [limit])))._tag, "Exceeded")
      assert.strictEqual((yield* ledger.reserve(reservation("f", 40n, [limit])))._tag, "Admitted")
    }),
  )
})

it("the size of a slice is an amount above zero", () => {
  for (const slice of [Money.zero, money(-1n), "1 EUR" as "1 USD"]) {
    const exit = Effect.runSyncExit(Effect.scoped(Effect.flatMap(sqlite, (layer) => ledgerOn(layer, { slice }))))
    assert.isTrue(Exit.hasDies(exit))
    assert.include(String(exit), "slice")
  }
})
