/**
 * Calls under budgets whose database falls silent: each is over by its deadline or when it is interrupted, and what it cost is
 * written when the database is heard of again.
 */
import { DatabaseSync } from "node:sqlite"

import { assert, describe, it } from "@effect/vitest"
import { Deadline } from "@holdfast/core"
import { SqliteClient } from "@holdfast/sqlite"
import { Effect, Exit, Fiber, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"

import { errorOf, type Mode } from "../../core/test/scripted.ts"
import * as Budget from "../src/Budget.ts"
import type * as Ledger from "../src/Ledger.ts"
import { acme, caller, money } from "./budgeted.ts"
import { file, ledgerOn, schema, withoutPostgres } from "./databases.ts"
import { throughProxy } from "./support/faultyProxy.ts"

/** A ledger that can be made to wait, and to go on. Its own patience is longer than a test takes. */
const options = { timeout: "2 minutes", pollInterval: "10 millis" } as const

const onPostgres = (settings: Ledger.SqlOptions) =>
  Effect.gen(function* () {
    const { layer, proxy } = yield* throughProxy(yield* schema)
    const ledger = yield* ledgerOn(layer, { ...options, ...settings })
    return {
      ledger,
      silence: () => proxy.arm({ kind: "swallow", direction: "toServer", packet: 1 }),
      isSilent: () => proxy.hit(),
      heal: () => proxy.heal(),
    }
  })

const onSqlite = (settings: Ledger.SqlOptions) =>
  Effect.gen(function* () {
    const filename = yield* file
    const ledger = yield* ledgerOn(SqliteClient.layer({ filename, synchronous: "normal", busyTimeout: "2 minutes" }), {
      ...options,
      ...settings,
    })
    const other = yield* Effect.acquireRelease(
      Effect.sync(() => new DatabaseSync(filename)),
      (database) => Effect.sync(() => database.close()),
    )
    return {
      ledger,
      silence: () => other.exec("BEGIN IMMEDIATE"),
      isSilent: () => other.isTransaction,
      heal: () => other.exec("ROLLBACK"),
    }
  })

const databases = [
  { name: "PostgreSQL that does not answer", make: onPostgres, missing: withoutPostgres },
  { name: "SQLite that another process has locked", make: onSqlite, missing: undefined },
]

const steps = ["reserve", "settle", "release"] as const

/** Lets the sockets do their work while the time of the test stands still. */
const moment = TestClock.withLive(Effect.sleep("2 millis"))

/** Waits for something by the clock of the machine, while time passes for who tries again. */
const until = <A, E>(self: Effect.Effect<A, E>, isSo: (value: A) => boolean): Effect.Effect<A, E> =>
  Effect.repeat(Effect.andThen(Effect.andThen(moment, TestClock.adjust("100 millis")), self), { until: isSo })

const entriesOf = (ledger: Ledger.Service) => Stream.runCollect(ledger.entries())

for (const { make, missing, name } of databases) {
  describe.skipIf(missing !== undefined)(`on ${name}`, () => {
    for (const step of steps) {
      for (const mode of ["generate", "stream"] as const satisfies ReadonlyArray<Mode>) {
        for (const end of ["deadline", "interruption"] as const) {
          it.effect(`a ${mode} call is over at its ${end} in the midst of ${step}, and all is written in the end`, () =>
            Effect.gen(function* () {
              const { heal, isSilent, ledger, silence } = yield* make({})
              const silent = <A, E>(at: typeof step, self: Effect.Effect<A, E>) =>
                Effect.suspend(() => {
                  if (at === step && !isSilent()) silence()
                  return self
                })
              const watched: Ledger.Service = {
                ...ledger,
                reserve: (reservation) => silent("reserve", ledger.reserve(reservation)),
                settle: (settlement) => silent("settle", ledger.settle(settlement)),
                release: (id) => silent("release", ledger.release(id)),
              }
              const provider = acme()
              const outer = Budget.enforce({ name: "x", daily: money(100n) })
              // What the outer one reserved is given back when the inner one refuses.
              const inner = Budget.enforce({ name: "y", daily: money(step === "release" ? 10n : 100n) })
              const model = provider.model.pipe(inner, outer, Deadline.total("10 seconds"))
              const call = yield* caller(model, watched)
              const fiber = yield* Effect.forkChild(call(mode), { startImmediately: true })
              yield* Effect.repeat(moment, { until: isSilent })
              assert.isUndefined(fiber.pollUnsafe())
              if (end === "deadline") yield* TestClock.adjust("10 seconds")
              else fiber.interruptUnsafe()
              // Nothing that passes by the clock of the test is left to wait for; the database is still silent.
              yield* Effect.repeat(moment, { until: () => fiber.pollUnsafe() !== undefined })
              assert.isTrue(isSilent())
              const exit = yield* Fiber.await(fiber)
              if (end === "interruption") assert.isTrue(Exit.hasInterrupts(exit))
              else {
                const { exit: answered, text } = yield* exit
                if (step === "reserve") assert.deepInclude(errorOf(answered), { _tag: "DeadlineExceeded" })
                else if (step === "release") assert.deepInclude(errorOf(answered), { _tag: "BudgetExceeded" })
                // The answer was there in time, and is not lost to the database.
                else assert.deepStrictEqual([answered._tag, text], ["Success", "a"])
              }
              heal()
              const isSent = step === "settle"
              const ends = isSent ? 2 : 1
              yield* until(entriesOf(ledger), (all) => all.filter(({ _tag }) => _tag !== "Reserved").length >= ends)
              assert.lengthOf(provider.requests, isSent ? 1 : 0)
              for (const budget of ["x", "y"]) {
                assert.deepStrictEqual(yield* ledger.total({ account: JSON.stringify([budget, "day"]), since: 0 }), {
                  spent: money(isSent ? 13n : 0n),
                  reserved: money(0n),
                  uncertain: money(0n),
                })
              }
              assert.deepStrictEqual(yield* ledger.outstanding, [])
            }),
          )
        }
      }
    }

    it.effect("a call is over at its deadline while a slice is exchanged, and holds nothing of it afterwards", () =>
      Effect.gen(function* () {
        const { heal, isSilent, ledger, silence } = yield* make({ slice: money(40n) })
        const model = acme().model.pipe(Budget.enforce({ name: "x", daily: money(100n) }), Deadline.total("10 seconds"))
        const call = yield* caller(model, ledger)
        silence()
        const fibers = yield* Effect.forEach([1, 2], () => Effect.forkChild(call(), { startImmediately: true }))
        yield* Effect.repeat(moment, { until: isSilent })
        yield* TestClock.adjust("10 seconds")
        yield* Effect.repeat(moment, { until: () => fibers.every((fiber) => fiber.pollUnsafe() !== undefined) })
        for (const fiber of fibers) {
          assert.deepInclude(errorOf((yield* Fiber.join(fiber)).exit), { _tag: "DeadlineExceeded" })
        }
        heal()
        yield* until(
          Effect.map(call(), ({ exit }) => exit._tag),
          (tag) => tag === "Success",
        )
        yield* until(
          ledger.total({ account: JSON.stringify(["x", "day"]), since: 0 }),
          ({ reserved }) => reserved === 0n,
        )
        assert.deepStrictEqual(yield* ledger.outstanding, [])
      }),
    )
  })
}

/** A call whose settlement waits for a locked file, in a ledger with a scope of its own. */
const leftBehind = (settings: { readonly isFailing: boolean }) =>
  Effect.gen(function* () {
    const filename = yield* file
    const scope = yield* Scope.make()
    const layer = SqliteClient.layer({ filename, busyTimeout: settings.isFailing ? 0 : "2 minutes" })
    const ledger = yield* Scope.provide(ledgerOn(layer, options), scope)
    const other = yield* Effect.acquireRelease(
      Effect.sync(() => new DatabaseSync(filename)),
      (database) => Effect.sync(() => database.close()),
    )
    const settle: Ledger.Service["settle"] = (settlement) =>
      Effect.suspend(() => {
        if (!other.isTransaction) other.exec("BEGIN IMMEDIATE")
        return ledger.settle(settlement)
      })
    const budget = Budget.enforce({ name: "x", daily: money(100n) })
    const call = yield* caller(acme().model.pipe(budget), { ...ledger, settle })
    const fiber = yield* Effect.forkChild(call(), { startImmediately: true })
    yield* Effect.repeat(moment, { until: () => other.isTransaction })
    fiber.interruptUnsafe()
    yield* Fiber.await(fiber)
    const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
    return { other, closing, layer }
  })

describe("a ledger that is closed", () => {
  it.effect("waits for what is under way", () =>
    Effect.gen(function* () {
      const { closing, layer, other } = yield* leftBehind({ isFailing: false })
      yield* Effect.repeat(moment, { times: 5 })
      assert.isUndefined(closing.pollUnsafe())
      other.exec("ROLLBACK")
      yield* until(
        Effect.sync(() => closing.pollUnsafe()),
        (exit) => exit !== undefined,
      )
      const entries = yield* entriesOf(yield* ledgerOn(layer))
      assert.deepStrictEqual(
        entries.map(({ _tag }) => _tag),
        ["Reserved", "Settled"],
      )
    }),
  )

  it.effect("does not wait for a database that goes on failing; the reservation stays, until its lease is over", () =>
    Effect.gen(function* () {
      const { closing, layer, other } = yield* leftBehind({ isFailing: true })
      yield* until(
        Effect.sync(() => closing.pollUnsafe()),
        (exit) => exit !== undefined,
      )
      assert.isTrue(other.isTransaction)
      other.exec("ROLLBACK")
      const again = yield* ledgerOn(layer)
      assert.lengthOf(yield* again.outstanding, 1)
      yield* TestClock.adjust("20 minutes")
      yield* again.expire
      assert.deepStrictEqual(
        (yield* again.outstanding).map(({ expired }) => expired),
        [true],
      )
    }),
  )
})

describe("a model that is provided for one request", () => {
  it.effect("leaves its settlement to the ledger", () =>
    Effect.gen(function* () {
      const { heal, isSilent, ledger, silence } = yield* onSqlite({})
      const settle: Ledger.Service["settle"] = (settlement) =>
        Effect.suspend(() => {
          if (!isSilent()) silence()
          return ledger.settle(settlement)
        })
      const model = acme().model.pipe(Budget.enforce({ name: "x", daily: money(100n) }), Deadline.total("10 seconds"))
      const request = Effect.scoped(Effect.flatMap(caller(model, { ...ledger, settle }), (call) => call()))
      const fiber = yield* Effect.forkChild(request, { startImmediately: true })
      yield* Effect.repeat(moment, { until: isSilent })
      yield* TestClock.adjust("10 seconds")
      const { text } = yield* Fiber.join(fiber)
      assert.strictEqual(text, "a")
      heal()
      yield* until(entriesOf(ledger), (all) => all.some(({ _tag }) => _tag === "Settled"))
    }),
  )
})
