/**
 * A ledger on PostgreSQL whose commits arrive late: after the caller has gone, after the lease, after its process. Time passes by the
 * clock of the test meanwhile, and locks are held by that of the machine.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

import type * as Ledger from "../src/Ledger.ts"
import { ledgerOn, postgresIn, schema, withoutPostgres } from "./databases.ts"
import { claim, reservation, settlement, total } from "./ledgerSuite.ts"
import { throughProxy } from "./support/faultyProxy.ts"

const limit = claim(100n)
const asked = reservation("a", 5n, [limit])

/** What does not wait for the clock happens meanwhile. A connection that is being opened when the clock is put on is late. */
const moment = TestClock.withLive(Effect.sleep("2 millis"))

const until = <A, E>(self: Effect.Effect<A, E>, isSo: (value: A) => boolean): Effect.Effect<A, E> =>
  Effect.flatMap(self, (value) => (isSo(value) ? Effect.succeed(value) : Effect.andThen(moment, until(self, isSo))))

const make = Effect.gen(function* () {
  const name = yield* schema
  const { layer, proxy } = yield* throughProxy(name, { prepare: false })
  const scope = yield* Scope.fork(yield* Effect.scope)
  const ledger = yield* Scope.provide(ledgerOn(layer, { timeout: "1 minute" }), scope)
  const calm = yield* ledgerOn(postgresIn(name), { timeout: "1 minute" })
  /** Begins what is asked of the ledger, and holds its commit. */
  const held = Effect.fnUntraced(function* <A, E>(self: Effect.Effect<A, E>) {
    proxy.hold("COMMIT")
    const fiber = yield* Effect.forkChild(Effect.exit(self), { startImmediately: true })
    yield* until(Effect.sync(proxy.isHolding), (isHolding) => isHolding)
    return fiber
  })
  const kill = Effect.suspend(() => {
    proxy.abandon()
    return Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
  })
  return { ledger, calm, proxy, held, kill }
})

const later = TestClock.adjust("5 minutes")

const tags = (ledger: Ledger.Service) =>
  Effect.map(Stream.runCollect(ledger.entries()), (all) => all.map(({ _tag }) => _tag))

/** Nothing of it is open, and the total says what the journal says. */
const isOver = Effect.fnUntraced(function* (
  calm: Ledger.Service,
  expected: { readonly entries: ReadonlyArray<string>; readonly total: Ledger.Total },
) {
  assert.deepStrictEqual(yield* tags(calm), expected.entries)
  assert.deepStrictEqual(yield* calm.total(limit), expected.total)
  assert.strictEqual(yield* calm.expire, 0)
  assert.isTrue((yield* calm.outstanding).every(({ expired }) => expired))
})

describe.skipIf(withoutPostgres !== undefined)("a commit that arrives after its lease", () => {
  it.effect("of a reservation that was given up is followed by its release", () =>
    Effect.gen(function* () {
      const { calm, held, ledger, proxy } = yield* make
      const fiber = yield* held(ledger.reserve(asked))
      yield* Fiber.interrupt(fiber)
      yield* later
      // Nobody can see it, so nobody can end it.
      assert.strictEqual(yield* calm.expire, 0)
      assert.deepStrictEqual(yield* calm.outstanding, [])
      proxy.letThrough()
      yield* until(tags(calm), (all) => all.length === 2)
      yield* isOver(calm, { entries: ["Reserved", "Released"], total: total(0n, 0n, 0n) })
    }),
  )

  it.effect("of a reservation whose process is gone is found by the next one that looks", () =>
    Effect.gen(function* () {
      const { calm, held, kill, ledger, proxy } = yield* make
      const reserving = yield* held(ledger.reserve(asked))
      const closing = yield* kill
      yield* later
      assert.strictEqual(yield* calm.expire, 0)
      proxy.letThrough()
      yield* until(tags(calm), (all) => all.length === 1)
      assert.strictEqual(yield* calm.expire, 1)
      yield* isOver(calm, { entries: ["Reserved", "Expired"], total: total(0n, 0n, 5n) })
      yield* until(TestClock.adjust("1 minute"), () => closing.pollUnsafe() !== undefined)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(reserving)))
      yield* isOver(calm, { entries: ["Reserved", "Expired"], total: total(0n, 0n, 5n) })
    }),
  )

  it.effect("of a reservation that a second one asks for is the only one", () =>
    Effect.gen(function* () {
      const { calm, held, ledger, proxy } = yield* make
      const fiber = yield* held(ledger.reserve(asked))
      const again = yield* Effect.forkChild(calm.reserve(asked), { startImmediately: true })
      yield* Effect.repeat(moment, { times: 10 })
      assert.isUndefined(again.pollUnsafe())
      proxy.letThrough()
      assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.succeed({ _tag: "Admitted" } as const))
      assert.deepStrictEqual(yield* Fiber.join(again), { _tag: "Admitted" })
      assert.deepStrictEqual(yield* tags(calm), ["Reserved"])
      yield* later
      assert.strictEqual(yield* calm.expire, 1)
    }),
  )

  for (const [name, end, expected] of [
    ["settlement", (ledger) => ledger.settle(settlement("a", 2n)), ["Settled", total(2n, 0n, 0n)]],
    ["release", (ledger) => ledger.release("a"), ["Released", total(0n, 0n, 0n)]],
  ] as ReadonlyArray<
    readonly [
      name: string,
      end: (ledger: Ledger.Service) => Effect.Effect<unknown, Ledger.LedgerUnavailable>,
      expected: readonly [entry: string, total: Ledger.Total],
    ]
  >) {
    it.effect(`of a ${name} is waited for by who finds the lease over, and nothing is left to expire`, () =>
      Effect.gen(function* () {
        const { calm, held, ledger, proxy } = yield* make
        yield* ledger.reserve(asked)
        const ending = yield* held(end(ledger))
        yield* later
        const expiring = yield* Effect.forkChild(calm.expire, { startImmediately: true })
        yield* Effect.repeat(moment, { times: 10 })
        assert.isUndefined(expiring.pollUnsafe())
        proxy.letThrough()
        assert.strictEqual(yield* Fiber.join(expiring), 0)
        assert.isTrue(Exit.isSuccess(yield* Fiber.join(ending)))
        yield* isOver(calm, { entries: ["Reserved", expected[0]], total: expected[1] })
      }),
    )

    it.effect(`of a ${name} whose process is gone counts as if it had come in time`, () =>
      Effect.gen(function* () {
        const { calm, held, kill, ledger, proxy } = yield* make
        yield* ledger.reserve(asked)
        const ending = yield* held(end(ledger))
        const closing = yield* kill
        yield* later
        proxy.letThrough()
        yield* until(tags(calm), (all) => all.length === 2)
        yield* isOver(calm, { entries: ["Reserved", expected[0]], total: expected[1] })
        yield* until(TestClock.adjust("1 minute"), () => closing.pollUnsafe() !== undefined)
        assert.isTrue(Exit.isFailure(yield* Fiber.join(ending)))
      }),
    )
  }

  it.effect("of an expiry is waited for by a settlement, which counts what was paid", () =>
    Effect.gen(function* () {
      const { calm, held, ledger, proxy } = yield* make
      yield* ledger.reserve(asked)
      yield* later
      const expiring = yield* held(ledger.expire)
      const settling = yield* Effect.forkChild(calm.settle(settlement("a", 2n)), { startImmediately: true })
      yield* Effect.repeat(moment, { times: 10 })
      assert.isUndefined(settling.pollUnsafe())
      proxy.letThrough()
      assert.deepStrictEqual(yield* Fiber.join(expiring), Exit.succeed(1))
      assert.lengthOf(yield* Fiber.join(settling), 1)
      yield* isOver(calm, { entries: ["Reserved", "Expired", "Settled"], total: total(2n, 0n, 0n) })
    }),
  )
})

describe.skipIf(withoutPostgres !== undefined)("a commit that arrives after the ledger has given it up", () => {
  it.effect("comes to nothing, and what was asked for is neither reserved nor open", () =>
    Effect.gen(function* () {
      const name = yield* schema
      const { layer, proxy } = yield* throughProxy(name, { prepare: false })
      const calm = yield* ledgerOn(postgresIn(name), { timeout: "1 minute" })
      const ledger = yield* ledgerOn(layer, { timeout: "1500 millis" })
      proxy.hold("COMMIT")
      const exit = yield* Effect.exit(ledger.reserve(asked))
      yield* later
      proxy.letThrough()
      // As a call does that was not let in: nobody knows whether it was written.
      const released = Exit.isFailure(exit) ? Effect.flatten(ledger.persist(ledger.release("a"))) : ledger.release("a")
      yield* released
      yield* until(Effect.andThen(TestClock.adjust("1 second"), tags(calm)), (all) => all.includes("Released"))
      assert.deepStrictEqual(yield* calm.total(limit), total(0n, 0n, 0n))
      assert.deepStrictEqual(yield* calm.outstanding, [])
    }),
  )
})
