import { assert, describe, it } from "@effect/vitest"
import { Event } from "@holdfast/core"
import { Effect, Exit, Stream } from "effect"
import { TestClock } from "effect/testing"

import {
  answer,
  chunk,
  delta,
  errorOf,
  errors,
  fails,
  finish,
  type Outcome,
  scripted,
  script,
} from "../../core/test/scripted.ts"
import * as Budget from "../src/Budget.ts"
import type * as CostEvent from "../src/CostEvent.ts"
import * as Ledger from "../src/Ledger.ts"
import * as PriceBook from "../src/PriceBook.ts"
import { acme, caller, dear, heard, heardAll, ledgerInMemory, money } from "./budgeted.ts"

const answered = ({ exit }: { readonly exit: Exit.Exit<unknown, unknown> }) => Exit.isSuccess(exit)
const settled = (ledger: Ledger.Service) =>
  Effect.map(Stream.runCollect(ledger.entries()), (all) =>
    all.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement] : [])),
  )
const thresholds = (events: ReadonlyArray<CostEvent.Event>) =>
  events.flatMap((event) =>
    event._tag === "ThresholdReached" ? [[event.window, event.threshold, event.spent] as const] : [],
  )

/** A ledger whose operations fail while they are listed. */
const failing = (ledger: Ledger.Service, broken: Set<"reserve" | "settle" | "release">): Ledger.Service => {
  const unless =
    <A, B>(
      operation: "reserve" | "settle" | "release",
      self: (value: A) => Effect.Effect<B, Ledger.LedgerUnavailable>,
    ) =>
    (value: A) =>
      Effect.suspend(() =>
        broken.has(operation)
          ? Effect.fail(new Ledger.LedgerUnavailable({ operation, reason: "DiskFull" }))
          : self(value),
      )
  return {
    ...ledger,
    reserve: unless("reserve", ledger.reserve),
    settle: unless("settle", ledger.settle),
    release: unless("release", ledger.release),
  }
}

describe("a refusal", () => {
  it.effect("is told by the name of the policy", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const call = yield* caller(acme().model.pipe(Budget.enforce({ name: "x", daily: money(1n) })), ledger)
      const policies: Array<string> = []
      yield* Event.listen(call(), (event) => {
        if (event._tag === "Refused") policies.push(event.policy)
      })
      assert.deepStrictEqual(policies, ["Budget.enforce"])
    }),
  )
})

describe("the money of an attempt", () => {
  it.effect("is told when it is reserved and when it is charged, class by class, as the ledger has it", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const call = yield* caller(acme().model.pipe(Budget.enforce({ name: "x", daily: money(100n) })), ledger)
      const [, events] = yield* heardAll(call())
      const [reserved, charged] = events
      const [settlement] = yield* settled(ledger)
      assert.deepInclude(reserved, { _tag: "AttemptReserved", worst: money(30n) })
      if (charged?._tag !== "AttemptCharged") return assert.fail("nothing was charged")
      const { amounts, ...charge } = charged.charge
      assert.strictEqual(charged.attempt, settlement?.subject.attempt)
      assert.deepInclude(settlement, charge)
      assert.strictEqual(
        Object.values(amounts).reduce((sum, amount) => sum + amount, 0n),
        charge.cost,
      )
      assert.deepStrictEqual(Object.keys(amounts), Object.keys(charge.tokens))
    }),
  )

  it.effect("is told as released where another budget refuses the attempt", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const model = acme().model.pipe(
        Budget.enforce({ name: "inner", daily: money(1n) }),
        Budget.enforce({ name: "outer", daily: money(100n) }),
      )
      const [, events] = yield* heardAll((yield* caller(model, ledger))())
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["AttemptReserved", "AttemptReleased"],
      )
    }),
  )

  it.effect("is told although the ledger cannot be reached", () =>
    Effect.gen(function* () {
      const ledger = failing(yield* ledgerInMemory, new Set(["settle"]))
      const call = yield* caller(acme().model.pipe(Budget.enforce({ name: "x", daily: money(100n) })), ledger)
      const [, events] = yield* heardAll(call())
      assert.deepInclude(
        events.find(({ _tag }) => _tag === "AttemptCharged"),
        { provider: "acme", model: "acme-1" },
      )
    }),
  )
})

describe("an alert", () => {
  it.effect("is told once in each window, when its share is spent", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const call = yield* caller(
        acme().model.pipe(Budget.enforce({ name: "x", daily: money(100n), monthly: money(160n) })),
        ledger,
      )
      const [, events] = yield* heard(
        Effect.gen(function* () {
          for (let day = 0; day < 2; day++) {
            for (let turn = 0; turn < 8; turn++) yield* call()
            yield* TestClock.adjust("1 day")
          }
        }),
      )
      assert.deepStrictEqual(thresholds(events), [
        // Six calls fit into a day, and seven into a day of which 80 are spent: not before.
        ["month", 0.8, money(130n)],
      ])
      assert.strictEqual(events.length, 1)
    }),
  )

  it.effect("is told at each of several shares, with whose limit it is", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const budget = Budget.enforce({ name: "x", daily: money(65n), per: Budget.perTenant, alertAt: [0.2, 0.4, 0.8] })
      const call = yield* caller(acme().model.pipe(budget), ledger)
      const [, events] = yield* heard(Effect.forEach([1, 2, 3], () => call("generate", { tenant: "t" })))
      assert.deepStrictEqual(thresholds(events), [
        ["day", 0.2, money(13n)],
        ["day", 0.4, money(26n)],
      ])
      assert.deepInclude(events[0], { budget: "x", scope: "t", limit: money(65n) })
    }),
  )

  it.effect("whose sink throws is nobody else's trouble", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const budget = Budget.enforce({ name: "x", daily: money(30n), alertAt: [0.1] })
      const call = yield* caller(acme().model.pipe(budget), ledger)
      const throws = () => {
        throw new Error("a bug")
      }
      const [outcome, events] = yield* heard(Event.listen(call(), throws))
      assert.isTrue(answered(outcome))
      assert.lengthOf(events, 1)
      assert.deepStrictEqual(yield* ledger.outstanding, [])
    }),
  )
})

describe("an attempt", () => {
  const run = (played: ReturnType<typeof script>, settings: Budget.Settings = {}) =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const call = yield* caller(
        acme(played).model.pipe(Budget.enforce({ name: "x", daily: money(100n), ...settings })),
        ledger,
      )
      const [, events] = yield* heard(call("stream"))
      const [settlement] = yield* settled(ledger)
      return { settlement, events }
    })

  it.effect("that was cut settles with what was asked and what was delivered, as an interval", () =>
    Effect.gen(function* () {
      const { settlement } = yield* run(script(chunk(delta("hello")), chunk(delta(" you")), fails(errors.broken)))
      assert.deepInclude(settlement, {
        basis: "estimated",
        outcome: "Failed",
        minimum: money(0n),
        cost: money(10n + 2n * 3n),
        maximum: money(30n),
      })
    }),
  )

  it.effect("that was cut counts with its worst case where that was chosen", () =>
    Effect.gen(function* () {
      const cut = script(chunk(delta("hello")), fails(errors.broken))
      assert.strictEqual((yield* run(cut, { unreported: Budget.atMost })).settlement?.cost, money(30n))
      assert.strictEqual((yield* run(cut, { unreported: ({ minimum }) => minimum })).settlement?.cost, money(0n))
    }),
  )

  it.effect("that was billed although it failed settles with its usage", () =>
    Effect.gen(function* () {
      const { settlement } = yield* run(script(chunk(delta("a")), chunk(finish()), fails(errors.broken)))
      assert.deepInclude(settlement, { basis: "reported", cost: money(13n) })
    }),
  )

  it.effect("of which only a part was reported has the rest estimated", () =>
    Effect.gen(function* () {
      const usage = { inputTokens: { total: 7 }, outputTokens: {} }
      const { settlement } = yield* run(script(chunk(delta("hello you")), chunk({ ...finish(), usage })))
      assert.deepInclude(settlement, { basis: "estimated", minimum: money(7n), cost: money(13n), maximum: money(30n) })
    }),
  )

  it.effect("that broke before an answer may have cost something, and counts with nothing", () =>
    Effect.gen(function* () {
      const { settlement } = yield* run({ refuses: errors.broken, steps: [] })
      assert.deepInclude(settlement, { basis: "unbilled", cost: money(0n), maximum: money(30n) })
      const refusedByStatus = yield* run({ refuses: errors.transient, steps: [] })
      assert.deepInclude(refusedByStatus.settlement, { basis: "unbilled", cost: money(0n), maximum: money(0n) })
    }),
  )

  it.effect("that cost more than its bound is counted in full, and told", () =>
    Effect.gen(function* () {
      const usage = { inputTokens: { total: 7 }, outputTokens: { total: 90 } }
      const { events, settlement } = yield* run(script(chunk(delta("a")), chunk({ ...finish(), usage })))
      assert.strictEqual(settlement?.cost, money(187n))
      assert.deepInclude(
        events.find(({ _tag }) => _tag === "BoundExceeded"),
        { bound: money(30n), cost: money(187n), model: "acme-1" },
      )
    }),
  )

  it.effect("says what a prompt cache has saved", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const usage = { inputTokens: { total: 7, uncached: 2, cacheRead: 5 }, outputTokens: { total: 3 } }
      const model = scripted([script(chunk(delta("a")), chunk({ ...finish(), usage }))], { name: "dear" })
      const call = yield* caller(model.model.pipe(Budget.record()), ledger)
      yield* call("stream")
      // A cached token costs 2 in place of 10.
      assert.deepInclude((yield* settled(ledger))[0], {
        tokens: { input: 2, cacheRead: 5, output: 3 },
        cost: money(2n * 10n + 5n * 2n + 3n * 20n),
        saved: money(5n * 8n),
      })
    }),
  )
})

describe("a model without a price", () => {
  const unknown = () => scripted([answer("a")], { name: "stranger" })

  it.effect("is refused before anything is sent", () =>
    Effect.gen(function* () {
      const model = unknown()
      const call = yield* caller(
        model.model.pipe(Budget.enforce({ name: "x", daily: money(100n) })),
        yield* ledgerInMemory,
      )
      assert.deepInclude(errorOf((yield* call()).exit), { _tag: "PriceUnknown", model: "stranger-1" })
      assert.lengthOf(model.requests, 0)
    }),
  )

  it.effect("costs what was given as the worst case, of which nobody knows how much was paid", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const whenUnknown = PriceBook.worstCase(dear)
      const call = yield* caller(
        unknown().model.pipe(Budget.enforce({ name: "x", daily: money(300n), whenUnknown })),
        ledger,
      )
      assert.isTrue(answered(yield* call()))
      assert.deepInclude((yield* settled(ledger))[0], {
        basis: "estimated",
        minimum: money(0n),
        cost: money(130n),
        maximum: money(130n),
      })
      assert.deepInclude(errorOf((yield* call()).exit), { _tag: "BudgetExceeded", requested: money(300n) })
    }),
  )

  it.effect("is let through unmetered, and somebody is told, and the ledger knows that it was", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const told: Array<string> = []
      const whenUnknown = PriceBook.unmetered(({ model }) => Effect.sync(() => told.push(model)))
      const call = yield* caller(
        unknown().model.pipe(Budget.enforce({ name: "x", daily: money(0n), whenUnknown })),
        ledger,
      )
      assert.isTrue(answered(yield* call()))
      assert.deepStrictEqual(told, ["stranger-1"])
      assert.deepInclude((yield* settled(ledger))[0], {
        basis: "unpriced",
        cost: money(0n),
        tokens: { input: 7, output: 3 },
      })
    }),
  )
})

describe("a ledger that fails", () => {
  const setup = (settings: Partial<Budget.Options & Budget.Settings> = {}) =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const broken = new Set<"reserve" | "settle" | "release">()
      const model = acme()
      const budget = Budget.enforce({ name: "x", daily: money(100n), ...settings })
      return { ledger, broken, model, call: yield* caller(model.model.pipe(budget), failing(ledger, broken)) }
    })
  const failed = <E>({ exit }: Outcome<E>) => errorOf(exit)

  it.effect("keeps attempts from being made, unless they may be made uncounted", () =>
    Effect.gen(function* () {
      const closed = yield* setup()
      closed.broken.add("reserve")
      assert.deepInclude(failed(yield* closed.call()), { _tag: "LedgerUnavailable", reason: "DiskFull" })
      assert.lengthOf(closed.model.requests, 0)
      const open = yield* setup({ whenUnavailable: Budget.unguarded })
      open.broken.add("reserve")
      const [outcome, events] = yield* heard(open.call())
      assert.isTrue(answered(outcome))
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["LedgerFailed"],
      )
      assert.lengthOf(yield* settled(open.ledger), 1)
    }),
  )

  it.effect("keeps no answer from its caller, and takes down what it cost as soon as it can", () =>
    Effect.gen(function* () {
      const { broken, call, ledger } = yield* setup({ alertAt: [0.1] })
      broken.add("settle")
      const [outcome, events] = yield* heard(
        Effect.gen(function* () {
          const result = yield* call()
          yield* TestClock.adjust("1 minute")
          assert.lengthOf(yield* settled(ledger), 0)
          broken.clear()
          yield* TestClock.adjust("1 minute")
          return result
        }),
      )
      assert.isTrue(answered(outcome))
      assert.lengthOf(yield* settled(ledger), 1)
      assert.deepStrictEqual(yield* ledger.outstanding, [])
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["LedgerFailed", "ThresholdReached"],
      )
    }),
  )
})

it.effect("what no budget is for is taken down as well", () =>
  Effect.gen(function* () {
    const ledger = yield* ledgerInMemory
    const call = yield* caller(acme().model.pipe(Budget.record()), ledger)
    assert.isTrue(answered(yield* call()))
    assert.deepInclude((yield* settled(ledger))[0], { cost: money(13n), basis: "reported" })
  }),
)
