/**
 * What every ledger does, wherever it keeps its journal.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

import type * as Ledger from "../src/Ledger.ts"
import * as Money from "../src/Money.ts"

const money = Money.fromPicodollars

export const subject = (attempt: string, fields?: Partial<Ledger.Subject>): Ledger.Subject => ({
  attempt,
  index: 1,
  provider: "acme",
  model: "acme-1",
  tags: {},
  ...fields,
})

export const claim = (limit: bigint, fields?: Partial<Ledger.Claim>): Ledger.Claim => ({
  account: "team",
  bucket: 0,
  since: 0,
  until: 86_400_000,
  limit: money(limit),
  ...fields,
})

export const reservation = (
  id: string,
  worst: bigint,
  claims: ReadonlyArray<Ledger.Claim>,
  fields?: Partial<Ledger.Reservation>,
): Ledger.Reservation => ({
  id,
  subject: subject(id),
  worst: money(worst),
  claims,
  expiresAt: 60_000,
  ...fields,
})

export const settlement = (id: string, cost: bigint, fields?: Partial<Ledger.Settlement>): Ledger.Settlement => ({
  id,
  subject: subject(id),
  cost: money(cost),
  minimum: money(cost),
  maximum: money(cost),
  basis: "reported",
  outcome: "Completed",
  tokens: {},
  saved: Money.zero,
  ...fields,
})

export const total = (spent: bigint, reserved: bigint, uncertain: bigint): Ledger.Total => ({
  spent: money(spent),
  reserved: money(reserved),
  uncertain: money(uncertain),
})

type Make = (options?: { readonly clockTolerance?: number }) => Effect.Effect<Ledger.Service, unknown, Scope.Scope>

export const ledgerSuite = (name: string, make: Make) => {
  const tags = (ledger: Ledger.Service) =>
    Effect.map(Stream.runCollect(ledger.entries()), (all) => all.map(({ _tag }) => _tag))

  describe(`${name} reserves`, () => {
    it.effect("up to the limit, to the smallest unit", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const limit = claim(10n)
        assert.deepStrictEqual(yield* ledger.reserve(reservation("a", 9n, [limit])), { _tag: "Admitted" })
        assert.deepStrictEqual(yield* ledger.reserve(reservation("b", 2n, [limit])), {
          _tag: "Exceeded",
          claim: limit,
          total: total(0n, 9n, 0n),
          mayFit: true,
        })
        assert.deepStrictEqual(yield* ledger.reserve(reservation("c", 1n, [limit])), { _tag: "Admitted" })
        assert.deepStrictEqual(yield* ledger.total(limit), total(0n, 10n, 0n))
      }),
    )

    it.effect("under all limits or under none", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const wide = claim(100n, { account: "wide" })
        const narrow = claim(5n, { account: "narrow" })
        const answer = yield* ledger.reserve(reservation("a", 6n, [wide, narrow]))
        assert.deepInclude(answer, { _tag: "Exceeded", claim: narrow, mayFit: false })
        assert.deepStrictEqual(yield* ledger.total(wide), total(0n, 0n, 0n))
        assert.deepStrictEqual(yield* ledger.total(narrow), total(0n, 0n, 0n))
        assert.deepStrictEqual(yield* tags(ledger), [])
      }),
    )

    it.effect("once under an id", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const limit = claim(10n)
        for (let turn = 0; turn < 3; turn++) yield* ledger.reserve(reservation("a", 6n, [limit]))
        assert.deepStrictEqual(yield* ledger.total(limit), total(0n, 6n, 0n))
        yield* ledger.release("a")
        const again = yield* Effect.flip(ledger.reserve(reservation("a", 6n, [limit])))
        assert.strictEqual(again.reason, "ReservationOver")
      }),
    )

    it.effect("from as many fibers as there are, and never too much", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const limit = claim(1_000n)
        const answers = yield* Effect.forEach(
          Array.from({ length: 300 }, (_, index) => index),
          (index) => ledger.reserve(reservation(`${index}`, 7n, [limit])),
          { concurrency: "unbounded" },
        )
        assert.lengthOf(
          answers.filter(({ _tag }) => _tag === "Admitted"),
          142,
        )
        assert.deepStrictEqual(yield* ledger.total(limit), total(0n, 994n, 0n))
      }),
    )

    it.effect("under the sum of the buckets of a rolling window", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const at = (bucket: number) => claim(10n, { bucket, since: bucket - 20 })
        yield* ledger.reserve(reservation("a", 6n, [at(0)]))
        yield* ledger.settle(settlement("a", 6n))
        yield* ledger.reserve(reservation("b", 3n, [at(10)]))
        assert.deepInclude(yield* ledger.reserve(reservation("c", 2n, [at(20)])), { _tag: "Exceeded", mayFit: true })
        assert.deepStrictEqual(yield* ledger.reserve(reservation("d", 2n, [at(30)])), { _tag: "Admitted" })
        assert.deepStrictEqual(yield* ledger.total(at(30)), total(0n, 5n, 0n))
      }),
    )

    it.effect("amounts of any size, exactly", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const huge = 10n ** 30n
        const limit = claim(3n * huge)
        yield* ledger.reserve(reservation("a", 2n * huge, [limit]))
        yield* ledger.settle(settlement("a", 2n * huge - 1n))
        assert.deepStrictEqual(yield* ledger.reserve(reservation("b", huge + 1n, [limit])), { _tag: "Admitted" })
        assert.deepStrictEqual(yield* ledger.total(limit), total(2n * huge - 1n, huge + 1n, 0n))
      }),
    )

    it.effect("under names of any kind", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const strange = { tenant: "'; DROP TABLE x --\u0000\ud800é", tags: { "a\u0000": '"' } }
        const asked = reservation("a", 1n, [claim(1n)], { subject: subject("a", strange) })
        yield* ledger.reserve(asked)
        assert.deepStrictEqual(yield* ledger.outstanding, [{ reservation: asked, expired: false }])
      }),
    )
  })

  describe(`${name} settles`, () => {
    it.effect("once, and says what moved", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const [day, month] = [claim(100n, { account: "day" }), claim(200n, { account: "month" })]
        yield* ledger.reserve(reservation("a", 50n, [day]))
        yield* ledger.settle(settlement("a", 20n))
        yield* ledger.reserve(reservation("b", 50n, [day, month]))
        assert.deepStrictEqual(yield* ledger.settle(settlement("b", 5n)), [
          { claim: day, before: money(20n), after: money(25n) },
          { claim: month, before: money(0n), after: money(5n) },
        ])
        assert.deepStrictEqual(yield* ledger.settle(settlement("b", 7n)), [])
        assert.deepStrictEqual(yield* ledger.total(day), total(25n, 0n, 0n))
        assert.deepStrictEqual(yield* tags(ledger), ["Reserved", "Settled", "Reserved", "Settled"])
      }),
    )

    it.effect("what was released, for what was paid is paid", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const limit = claim(10n)
        yield* ledger.reserve(reservation("a", 6n, [limit]))
        yield* ledger.release("a")
        assert.deepStrictEqual(yield* ledger.total(limit), total(0n, 0n, 0n))
        yield* ledger.settle(settlement("a", 3n))
        yield* ledger.release("a")
        assert.deepStrictEqual(yield* ledger.total(limit), total(3n, 0n, 0n))
      }),
    )

    it.effect("what nobody reserved, without a limit", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        assert.deepStrictEqual(yield* ledger.settle(settlement("a", 3n)), [])
        assert.deepStrictEqual(yield* Stream.runCollect(ledger.entries()), [
          { _tag: "Settled", at: 0, settlement: settlement("a", 3n) },
        ])
      }),
    )

    it.effect("what nobody reserved, under the limits that it names, once", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const limit = claim(10n)
        const late = settlement("a", 3n, { claims: [limit] })
        assert.deepStrictEqual(yield* ledger.settle(late), [{ claim: limit, before: money(0n), after: money(3n) }])
        assert.deepStrictEqual(yield* ledger.settle(late), [])
        assert.deepStrictEqual(yield* ledger.total(limit), total(3n, 0n, 0n))
        yield* ledger.reserve(reservation("b", 4n, [limit]))
        yield* ledger.settle(settlement("b", 2n, { claims: [limit] }))
        assert.deepStrictEqual(yield* ledger.total(limit), total(5n, 0n, 0n))
      }),
    )

    it.effect("more than was reserved, for a bound may be wrong and a cost is not", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const limit = claim(10n)
        yield* ledger.reserve(reservation("a", 6n, [limit]))
        yield* ledger.settle(settlement("a", 60n))
        assert.deepStrictEqual(yield* ledger.total(limit), total(60n, 0n, 0n))
        assert.deepInclude(yield* ledger.reserve(reservation("b", 1n, [limit])), { _tag: "Exceeded", mayFit: false })
      }),
    )
  })

  describe(`${name} ends leases`, () => {
    it.effect("into what counts with its worst case until more is known", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const limit = claim(10n)
        yield* ledger.reserve(reservation("a", 6n, [limit], { expiresAt: 1_000 }))
        yield* ledger.reserve(reservation("b", 2n, [limit], { expiresAt: 2_000 }))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* ledger.expire, 1)
        assert.strictEqual(yield* ledger.expire, 0)
        assert.deepStrictEqual(yield* ledger.total(limit), total(0n, 2n, 6n))
        assert.deepStrictEqual(
          (yield* ledger.outstanding).map(({ expired, reservation: { id } }) => [id, expired]),
          [
            ["a", true],
            ["b", false],
          ],
        )
        yield* ledger.settle(settlement("a", 1n))
        assert.deepStrictEqual(yield* ledger.total(limit), total(1n, 2n, 0n))
      }),
    )

    it.effect("that were released after all", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const limit = claim(10n)
        yield* ledger.reserve(reservation("a", 6n, [limit], { expiresAt: 0 }))
        yield* ledger.expire
        yield* ledger.release("a")
        assert.deepStrictEqual(yield* ledger.total(limit), total(0n, 0n, 0n))
        assert.deepStrictEqual(yield* ledger.outstanding, [])
        assert.deepStrictEqual(yield* tags(ledger), ["Reserved", "Expired", "Released"])
      }),
    )
  })

  describe(`${name} keeps time`, () => {
    it.effect("and reads a part of its journal", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        for (const id of ["a", "b", "c"]) {
          yield* ledger.settle(settlement(id, 1n))
          yield* TestClock.adjust("1 second")
        }
        const read = (range: Ledger.Range) =>
          Effect.map(Stream.runCollect(ledger.entries(range)), (all) => all.map(({ at }) => at))
        assert.deepStrictEqual(yield* read({ from: 1_000 }), [1_000, 2_000])
        assert.deepStrictEqual(yield* read({ to: 1_000 }), [0])
        assert.deepStrictEqual(yield* read({ from: 1_000, to: 2_000 }), [1_000])
      }),
    )

    it.effect("and keeps a day that is spent when the clock steps back over midnight", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const midnight = 86_400_000
        const yesterday = claim(10n)
        const today = claim(10n, { bucket: midnight, since: midnight, until: 2 * midnight })
        yield* TestClock.setTime(midnight - 1_000)
        yield* ledger.reserve(reservation("a", 10n, [yesterday]))
        yield* ledger.settle(settlement("a", 10n))
        yield* TestClock.setTime(midnight + 30_000)
        yield* ledger.reserve(reservation("b", 1n, [today]))
        yield* TestClock.setTime(midnight - 10_000)
        assert.deepInclude(yield* ledger.reserve(reservation("c", 1n, [yesterday])), { _tag: "Exceeded" })
      }),
    )

    it.effect("that a clock which was a day ahead does not stop for longer than a minute, nor makes it forget", () =>
      Effect.gen(function* () {
        const ledger = yield* make()
        const day = 86_400_000
        const on = (bucket: number) => claim(10n, { bucket, since: bucket, until: bucket + day })
        yield* TestClock.setTime(1_000)
        yield* ledger.reserve(reservation("a", 7n, [on(0)]))
        yield* ledger.settle(settlement("a", 7n))
        yield* TestClock.setTime(day + 1_000)
        yield* ledger.reserve(reservation("b", 1n, [on(day)]))
        yield* ledger.settle(settlement("b", 1n))
        yield* TestClock.setTime(2_000)
        const error = yield* Effect.flip(ledger.reserve(reservation("c", 1n, [on(0)])))
        assert.strictEqual(error.reason, "ClockSteppedBack")
        yield* TestClock.setTime(62_000)
        assert.deepInclude(yield* ledger.reserve(reservation("d", 4n, [on(0)])), { _tag: "Exceeded" })
        assert.deepStrictEqual(yield* ledger.reserve(reservation("e", 2n, [on(0)])), { _tag: "Admitted" })
      }),
    )

    it.effect("that does not go back, and reserves nothing when the clock does", () =>
      Effect.gen(function* () {
        const ledger = yield* make({ clockTolerance: 1_000 })
        yield* TestClock.setTime(10_000)
        yield* ledger.reserve(reservation("a", 1n, [claim(9n)]))
        yield* TestClock.setTime(9_000)
        yield* ledger.reserve(reservation("b", 1n, [claim(9n)]))
        yield* TestClock.setTime(8_999)
        const error = yield* Effect.flip(ledger.reserve(reservation("c", 1n, [claim(9n)])))
        assert.deepInclude(error, { _tag: "LedgerUnavailable", operation: "reserve", reason: "ClockSteppedBack" })
        yield* ledger.settle(settlement("a", 1n))
        const times = Effect.map(Stream.runCollect(ledger.entries()), (all) => all.map(({ at }) => at))
        assert.deepStrictEqual(yield* times, [10_000, 10_000, 10_000])
        assert.deepStrictEqual(yield* ledger.total(claim(9n)), total(1n, 1n, 0n))
      }),
    )
  })
}
