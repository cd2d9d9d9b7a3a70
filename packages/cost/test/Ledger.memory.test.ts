import { assert, describe, it } from "@effect/vitest"
import { Array, Context, Effect, Exit, Fiber, Layer, Logger, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"

import { forgetBuilds } from "../../core/src/internal/model/rebuilt.ts"
import { idOf } from "../src/internal/ledger/journal.ts"
import * as Ledger from "../src/Ledger.ts"
import * as Money from "../src/Money.ts"
import { claim, ledgerSuite, reservation, settlement, total } from "./ledgerSuite.ts"

const make = (options?: Ledger.MemoryOptions) =>
  Effect.map(Layer.build(Ledger.layerMemory(options)), (context) => Context.get(context, Ledger.Ledger))

ledgerSuite("a ledger in memory", make)

type Step =
  | { readonly _tag: "reserve"; readonly id: string; readonly worst: bigint; readonly accounts: ReadonlyArray<string> }
  | { readonly _tag: "settle"; readonly id: string; readonly cost: bigint }
  | { readonly _tag: "release"; readonly id: string }
  | { readonly _tag: "expire" }
  | { readonly _tag: "wait"; readonly millis: number }

const id = fc.constantFrom("a", "b", "c", "d", "e", "f")
const amount = fc.bigInt({ min: 0n, max: 40n })
const accounts = ["x", "y", "z"] as const
const limits = { x: 50n, y: 80n, z: 30n }
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      _tag: fc.constant("reserve" as const),
      id,
      worst: amount,
      accounts: fc.subarray([...accounts]),
    }),
  },
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("settle" as const), id, cost: amount }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("release" as const), id }) },
  fc.record({ _tag: fc.constant("expire" as const) }),
  fc.record({ _tag: fc.constant("wait" as const), millis: fc.nat(20_000) }),
)

const play = (ledger: Ledger.Service, each: Step, now: number) => {
  switch (each._tag) {
    case "reserve": {
      const claims = each.accounts.map((account) => claim(limits[account as keyof typeof limits], { account }))
      return Effect.exit(ledger.reserve(reservation(each.id, each.worst, claims, { expiresAt: now + 10_000 })))
    }
    case "settle":
      return ledger.settle(settlement(each.id, each.cost))
    case "release":
      return ledger.release(each.id)
    case "expire":
      return ledger.expire
    case "wait":
      return TestClock.adjust(each.millis)
  }
}

/** Totals as somebody adds them up who has only the journal. */
const fromJournal = (entries: ReadonlyArray<Ledger.Entry>, account: string) => {
  let [spent, reserved, uncertain] = [0n, 0n, 0n]
  for (const [first, ...rest] of Object.values(Array.groupBy(entries, idOf))) {
    // What was settled before it was reserved has no limit.
    if (first?._tag !== "Reserved" || !first.reservation.claims.some((each) => each.account === account)) continue
    const settled = rest.find((entry) => entry._tag === "Settled")
    if (settled !== undefined) spent += settled.settlement.cost
    else if (rest.some(({ _tag }) => _tag === "Released")) continue
    else if (rest.some(({ _tag }) => _tag === "Expired")) uncertain += first.reservation.worst
    else reserved += first.reservation.worst
  }
  return total(spent, reserved, uncertain)
}

const property = <A>(arbitrary: fc.Arbitrary<A>, check: (value: A) => Effect.Effect<void, unknown, Scope.Scope>) =>
  fc.assert(
    fc.asyncProperty(arbitrary, (value) =>
      Effect.runPromise(Effect.provide(Effect.scoped(check(value)), TestClock.layer())),
    ),
  )

describe("totals", () => {
  it("follow from the journal, whatever happens", () =>
    property(fc.array(step, { maxLength: 40 }), (steps) =>
      Effect.gen(function* () {
        const ledger = yield* make()
        let now = 0
        for (const each of steps) {
          yield* play(ledger, each, now)
          if (each._tag === "wait") now += each.millis
        }
        const entries = yield* Stream.runCollect(ledger.entries())
        for (const account of accounts) {
          const sum = yield* ledger.total({ account, since: 0 })
          assert.deepStrictEqual(sum, fromJournal(entries, account))
        }
      }),
    ))

  const ended = fc.uniqueArray(fc.tuple(fc.uuid(), amount, fc.option(amount, { nil: undefined })), {
    selector: ([each]) => each,
    maxLength: 20,
  })
  const orders = ended.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })))

  it("do not depend on the order in which attempts end", () =>
    property(orders, ([one, other]) =>
      Effect.gen(function* () {
        const sums = yield* Effect.forEach([one, other], (order) =>
          Effect.gen(function* () {
            const ledger = yield* make()
            for (const [each, worst] of one) yield* ledger.reserve(reservation(each, worst, [claim(10_000n)]))
            for (const [each, , cost] of order) {
              yield* cost === undefined ? ledger.release(each) : ledger.settle(settlement(each, cost))
            }
            return yield* ledger.total(claim(0n))
          }),
        )
        assert.deepStrictEqual(sums[0], sums[1])
        assert.strictEqual(sums[0]?.reserved, Money.zero)
      }),
    ))
})

describe("the memory of a ledger", () => {
  it.effect("is bounded, and loses nothing that is still open or counted", () =>
    Effect.gen(function* () {
      const ledger = yield* make({ keep: 10 })
      const limit = claim(1_000_000n)
      yield* ledger.reserve(reservation("open", 5n, [limit]))
      for (let index = 0; index < 100; index++) {
        yield* ledger.reserve(reservation(`${index}`, 5n, [limit]))
        yield* ledger.settle(settlement(`${index}`, 3n))
      }
      assert.isAtMost((yield* Stream.runCollect(ledger.entries())).length, 20)
      assert.deepStrictEqual(yield* ledger.total(limit), total(300n, 5n, 0n))
      yield* ledger.settle(settlement("open", 1n))
      assert.deepStrictEqual(yield* ledger.total(limit), total(301n, 0n, 0n))
    }),
  )

  it.effect("lets go of accounts that count no more", () =>
    Effect.gen(function* () {
      const ledger = yield* make({ keep: 5 })
      const old = claim(100n, { account: "old", until: 1_000 })
      yield* ledger.settle(settlement("x", 1n))
      yield* ledger.reserve(reservation("a", 5n, [old]))
      yield* ledger.settle(settlement("a", 3n))
      yield* TestClock.adjust("1 hour")
      for (let index = 0; index < 20; index++) yield* ledger.settle(settlement(`${index}`, 3n))
      assert.deepStrictEqual(yield* ledger.total(old), total(0n, 0n, 0n))
    }),
  )

  it.effect("is bounded where reservations are given back, as those of an outer budget when an inner one refuses", () =>
    Effect.gen(function* () {
      const ledger = yield* make({ keep: 10 })
      const limit = claim(1_000_000n)
      yield* ledger.reserve(reservation("open", 5n, [limit]))
      for (let index = 0; index < 100; index++) {
        yield* ledger.reserve(reservation(`${index}`, 5n, [limit]))
        yield* ledger.release(`${index}`)
      }
      assert.isAtMost((yield* Stream.runCollect(ledger.entries())).length, 20)
      assert.deepStrictEqual(yield* ledger.total(limit), total(0n, 5n, 0n))
    }),
  )

  it.effect("has a size that makes sense", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(make({ keep: 0 })))
      assert.include(String(exit), "keep")
      assert.isTrue(Exit.hasDies(exit))
    }),
  )
})

it.effect("a change wakes all who wait for it, and not those who ask later", () =>
  Effect.gen(function* () {
    const ledger = yield* make()
    const waiting = yield* Effect.forEach([1, 2], () =>
      Effect.flatMap(ledger.nextChange, (change) => Effect.forkChild(change, { startImmediately: true })),
    )
    yield* ledger.reserve(reservation("a", 1n, [claim(5n)]))
    yield* Effect.yieldNow
    assert.deepStrictEqual(
      waiting.map((fiber) => fiber.pollUnsafe()),
      [undefined, undefined],
    )
    yield* ledger.settle(settlement("a", 1n))
    yield* Effect.forEach(waiting, Fiber.join)
    const later = yield* Effect.forkChild(Effect.flatten(ledger.nextChange), { startImmediately: true })
    yield* Effect.yieldNow
    assert.isUndefined(later.pollUnsafe())
  }),
)

describe("a ledger in memory that is built anew for every request", () => {
  it("is warned of once, because each counts by itself", async () => {
    forgetBuilds()
    const warnings: Array<string> = []
    const logger = Logger.make(({ message }) => void warnings.push(String(message)))
    const spending = Effect.flatMap(Ledger.Ledger, (ledger) => ledger.total({ account: "x", since: 0 }))
    const request = Effect.provide(spending, Ledger.layerMemory())
    const requests = Effect.forEach(Array.range(1, 20), () => request, { discard: true })
    await Effect.runPromise(Effect.provide(requests, Logger.layer([logger])))
    const [warning, ...rest] = warnings
    assert.include(warning, "Ledger.layerMemory was built 8 times")
    assert.deepStrictEqual(rest, [])
  })
})
