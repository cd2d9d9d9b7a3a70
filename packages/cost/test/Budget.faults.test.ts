import { assert, describe, it } from "@effect/vitest"
import { Event, ResilientModel } from "@holdfast/core"
import { Effect, Exit, Stream } from "effect"
import { TestClock } from "effect/testing"

import { chunk, delta, errorOf, finish, script, scripted } from "../../core/test/scripted.ts"
import * as Budget from "../src/Budget.ts"
import * as Cheapest from "../src/Cheapest.ts"
import * as Ledger from "../src/Ledger.ts"
import { acme, caller, ledgerInMemory, money } from "./budgeted.ts"
import { ledgerOn, postgres, sqlite, withoutPostgres } from "./databases.ts"

const answered = ({ exit }: { readonly exit: Exit.Exit<unknown, unknown> }) => Exit.isSuccess(exit)
const day = { account: JSON.stringify(["x", "day"]), since: 0 }
const settled = (ledger: Ledger.Service) =>
  Effect.map(Stream.runCollect(ledger.entries()), (all) =>
    all.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement] : [])),
  )

/** A ledger that loses its connection, before a reservation is written or after it. */
const failing = (ledger: Ledger.Service, down: { now: boolean }, lost: "request" | "answer"): Ledger.Service => {
  const error = (operation: "reserve" | "settle" | "release") =>
    new Ledger.LedgerUnavailable({ operation, reason: "ConnectionLost" })
  return {
    ...ledger,
    reserve: (reservation) => {
      if (!down.now) return ledger.reserve(reservation)
      const failure = Effect.fail(error("reserve"))
      return lost === "request" ? failure : Effect.andThen(ledger.reserve(reservation), failure)
    },
    settle: (settlement) => Effect.suspend(() => (down.now ? Effect.fail(error("settle")) : ledger.settle(settlement))),
    release: (id) => Effect.suspend(() => (down.now ? Effect.fail(error("release")) : ledger.release(id))),
  }
}

const ledgers = [
  { name: "memory", make: ledgerInMemory, missing: undefined },
  { name: "SQLite", make: Effect.flatMap(sqlite, (layer) => ledgerOn(layer)), missing: undefined },
  { name: "PostgreSQL", make: Effect.flatMap(postgres, (layer) => ledgerOn(layer)), missing: withoutPostgres },
] as const

for (const { make, missing, name } of ledgers) {
  describe.skipIf(missing !== undefined)(`an attempt that is made while the ledger in ${name} fails`, () => {
    for (const lost of ["request", "answer"] as const) {
      it.effect(`counts in the total of its budget afterwards, and alerts, when the ${lost} was lost`, () =>
        Effect.gen(function* () {
          const ledger = yield* make
          const down = { now: true }
          const budget = Budget.enforce({
            name: "x",
            daily: money(56n),
            alertAt: [0.4],
            whenUnavailable: Budget.unguarded,
          })
          const call = yield* caller(acme().model.pipe(budget), failing(ledger, down, lost))
          const tags = new Set<string>()
          const outcomes = yield* Event.listen(
            Effect.gen(function* () {
              const all = [yield* call(), yield* call()]
              down.now = false
              yield* TestClock.adjust("1 minute")
              // A fiber of its own settles, and tells it once the database has answered.
              yield* Effect.repeat(ledger.total(day), {
                until: ({ spent }) => spent === 26n && tags.has("ThresholdReached"),
              })
              return all
            }),
            ({ _tag }) => void tags.add(_tag),
          )
          assert.isTrue(outcomes.every(answered))
          assert.deepStrictEqual(yield* ledger.total(day), {
            spent: money(26n),
            reserved: money(0n),
            uncertain: money(0n),
          })
          assert.includeMembers([...tags], ["LedgerFailed", "ThresholdReached"])
          assert.deepStrictEqual(yield* ledger.outstanding, [])
          assert.isTrue(answered(yield* call()))
          assert.deepInclude(errorOf((yield* call()).exit), { _tag: "BudgetExceeded", spent: money(39n) })
        }),
      )
    }
  })
}

describe("a limit of the answer that is not a number of tokens", () => {
  const limits = [1.5, Number.NaN, Infinity, -Infinity, -1, 2 ** 53]

  it.effect("is a typed failure, wherever it is set, and nothing is sent", () =>
    Effect.gen(function* () {
      for (const limit of limits) {
        for (const where of ["settings", "request"] as const) {
          const { provider, requests } = acme()
          const settings = Effect.succeed(where === "settings" ? { maxOutputTokens: limit } : {})
          const model = ResilientModel.fromProvider(Effect.succeed({ ...provider, settings }), {
            name: "m",
            settings: {},
          })
          const request = where === "request" ? { request: () => ({ maxOutputTokens: limit }) } : {}
          const ledger = yield* ledgerInMemory
          const call = yield* caller(model.pipe(Budget.enforce({ name: "x", daily: money(100n), ...request })), ledger)
          const error = errorOf((yield* call()).exit)
          assert.deepInclude(error, { _tag: "UnsupportedOption", option: "maxOutputTokens", model: "acme-1" })
          assert.include(String(error), `it must be a whole number, 0 or more, and is ${limit}`)
          assert.lengthOf(requests, 0)
          assert.lengthOf(yield* Stream.runCollect(ledger.entries()), 0)
        }
      }
    }),
  )

  it.effect("does not keep a route from asking, so that the budget says what is wrong", () =>
    Effect.gen(function* () {
      for (const limit of limits) {
        const budgets = [{ name: "x", daily: money(100n) }]
        const request = () => ({ maxOutputTokens: limit })
        const route = Cheapest.of([acme().model], { budgets, request }).pipe(Budget.enforceAll(budgets, { request }))
        const call = yield* caller(route, yield* ledgerInMemory)
        assert.deepInclude(errorOf((yield* call()).exit), { _tag: "UnsupportedOption", option: "maxOutputTokens" })
      }
    }),
  )
})

describe("usage that is not counts", () => {
  const reporting = (usage: unknown) =>
    scripted([script(chunk(delta("abcdef")), chunk({ ...finish(), usage: usage as never }))])

  it.effect("beside a valid count is estimated, and never less than its bound", () =>
    Effect.gen(function* () {
      const usages: ReadonlyArray<unknown> = [
        { inputTokens: { total: "9000", uncached: 2 }, outputTokens: { total: 3 } },
        { inputTokens: { total: 7, cacheRead: "7" }, outputTokens: { total: 3 } },
        { inputTokens: { total: 7 }, outputTokens: { total: "9000", text: 1 } },
        { inputTokens: { total: 7 }, outputTokens: { total: 3, reasoning: -1 } },
        { inputTokens: { total: 7 }, outputTokens: { total: 1.5, text: 1 } },
        { inputTokens: null, outputTokens: { total: 3 } },
      ]
      for (const usage of usages) {
        const ledger = yield* ledgerInMemory
        const call = yield* caller(reporting(usage).model.pipe(Budget.record()), ledger)
        yield* call("stream")
        const [settlement] = yield* settled(ledger)
        assert.deepInclude(settlement, { basis: "estimated", maximum: money(30n) })
        assert.isTrue((settlement?.minimum ?? 30n) < 30n)
      }
    }),
  )

  it.effect("does not reach a ledger that could not write it", () =>
    Effect.gen(function* () {
      const ledger = yield* Effect.flatMap(sqlite, (layer) => ledgerOn(layer))
      const usage = { inputTokens: { total: "7" }, outputTokens: { total: 3 } }
      const stranger = scripted([script(chunk(delta("a")), chunk({ ...finish(), usage: usage as never }))], {
        name: "stranger",
      })
      const call = yield* caller(
        stranger.model.pipe(
          Budget.record({ whenUnknown: (unknown) => Effect.succeed({ _tag: "Unmetered", unknown }) }),
        ),
        ledger,
      )
      yield* call("stream")
      assert.deepInclude((yield* settled(ledger))[0], { basis: "unpriced", tokens: { output: 3 } })
    }),
  )
})

describe("a refusal", () => {
  it.effect("says how to reserve less where the answer has no limit", () =>
    Effect.gen(function* () {
      const budget = Budget.enforce({ name: "team", daily: money(29n) })
      const { provider } = acme()
      const settings = Effect.succeed({ maxOutputTokens: 10 })
      const limited = ResilientModel.fromProvider(Effect.succeed({ ...provider, settings }), {
        name: "m",
        settings: {},
      })
      const messages: Array<string> = []
      for (const model of [acme().model, limited]) {
        const call = yield* caller(model.pipe(budget), yield* ledgerInMemory)
        messages.push((errorOf((yield* call()).exit) as Error).message)
      }
      const cure = " with an answer of 10 tokens; set maxOutputTokens of the model to reserve less"
      assert.include(messages[0], cure)
      assert.strictEqual(messages[1], messages[0]?.replace(cure, ""))
      assert.match(messages[1] ?? "", /; the limit starts anew at \d{4}-\d\d-\d\dT00:00:00\.000Z$/)
    }),
  )
})
