import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Breaker, type CommitPoint, Fallback, RequestContext, ResilientModel, Retry } from "@holdfast/core"
import { Effect, Exit, Layer } from "effect"
import { TestClock } from "effect/testing"

import { answer, deliver, errorOf, errors, refused, request, scripted } from "../../core/test/scripted.ts"
import * as Budget from "../src/Budget.ts"
import * as Cheapest from "../src/Cheapest.ts"
import * as Ledger from "../src/Ledger.ts"
import * as PriceBook from "../src/PriceBook.ts"
import { caller, dear, ledgerInMemory, money, pricing } from "./budgeted.ts"

/** "acme" and "second" have one price, "dear" ten times that, and "stranger" none. */
const named = (name: "acme" | "dear" | "second" | "stranger", script = answer(name)) =>
  scripted([script, answer(name)], { name })

/** Calls a route that needs no ledger. */
const built = <E>(model: ResilientModel.ResilientModel<E>) =>
  Effect.map(ResilientModel.callOf(model.pipe(ResilientModel.connect(pricing))), (call) =>
    deliver(call, request("generate")),
  )

const lengths = (...models: ReadonlyArray<ReturnType<typeof named>>) => models.map(({ requests }) => requests.length)

describe("the cheapest of several models", () => {
  it.effect("is asked, and of equal ones the first", () =>
    Effect.gen(function* () {
      const [costly, acme, second] = [named("dear"), named("acme"), named("second")]
      const call = yield* built(Cheapest.of([costly.model, acme.model, second.model]))
      yield* Effect.replicateEffect(call, 3)
      assert.deepStrictEqual(lengths(costly, acme, second), [0, 3, 0])
    }),
  )

  it.effect("is found for the longest answer that each may give, or for a usual one", () =>
    Effect.gen(function* () {
      // Ten tokens of prompt for 10 and 100, and a thousand tokens of answer for 2,000; or ten for 200.
      const facts: Cheapest.Options = {
        request: ({ provider }) => ({ maxOutputTokens: provider === "acme" ? 1_000 : 10 }),
      }
      const [acme, costly] = [named("acme"), named("dear")]
      yield* yield* built(Cheapest.of([acme.model, costly.model], facts))
      assert.deepStrictEqual(lengths(acme, costly), [0, 1])
      yield* yield* built(Cheapest.of([acme.model, costly.model], { ...facts, usualOutputTokens: 10 }))
      assert.deepStrictEqual(lengths(acme, costly), [1, 1])
    }),
  )

  it.effect("is found by the settings of each model, where they say how long an answer may be", () =>
    Effect.gen(function* () {
      const [acme, costly] = [named("acme"), named("dear")]
      const talkative = ResilientModel.fromProvider(
        Effect.succeed({ ...acme.provider, settings: Effect.succeed({ maxOutputTokens: 1_000 }) }),
        { name: "talkative", settings: {} },
      )
      yield* yield* built(Cheapest.of([talkative.pipe(Retry.schedule(Retry.standard)), costly.model]))
      assert.deepStrictEqual(lengths(acme, costly), [0, 1])
      // What is said of the request goes first.
      yield* yield* built(Cheapest.of([talkative, costly.model], { request: () => ({ maxOutputTokens: 10 }) }))
      assert.deepStrictEqual(lengths(acme, costly), [1, 1])
    }),
  )

  it.effect("is not one without a price, unless the user says what it may cost", () =>
    Effect.gen(function* () {
      const [stranger, costly] = [named("stranger"), named("dear")]
      const models = [stranger.model, costly.model] as const
      yield* yield* built(Cheapest.of(models))
      assert.deepStrictEqual(lengths(stranger, costly), [0, 1])
      const free = { ...dear, rates: {} }
      yield* yield* built(Cheapest.of(models, { whenUnknown: PriceBook.worstCase(free) }))
      assert.deepStrictEqual(lengths(stranger, costly), [1, 1])
      const told: Array<string> = []
      const whenUnknown = PriceBook.unmetered(({ model }) => Effect.sync(() => told.push(model)))
      yield* yield* built(Cheapest.of(models, { whenUnknown }))
      // What nobody meters is not taken for free.
      assert.deepStrictEqual(lengths(stranger, costly), [1, 2])
      yield* yield* built(Cheapest.of([stranger.model], { whenUnknown }))
      assert.deepStrictEqual(lengths(stranger, costly), [2, 2])
      assert.deepStrictEqual(told, ["stranger-1", "stranger-1"])
    }),
  )

  it.effect("fails with PriceUnknown where no model has a price, and sends nothing", () =>
    Effect.gen(function* () {
      const stranger = named("stranger")
      const route = Cheapest.of([stranger.model])
      expectTypeOf(route).toEqualTypeOf<
        ResilientModel.ResilientModel<ResilientModel.CallFailure | CommitPoint.StreamTruncated | PriceBook.PriceUnknown>
      >()
      const { exit } = yield* yield* built(route)
      assert.deepInclude(errorOf(exit), { _tag: "PriceUnknown", provider: "stranger", model: "stranger-1" })
      const elsewhere = named("acme")
      yield* yield* built(route.pipe(Fallback.to(elsewhere.model)))
      assert.deepStrictEqual(lengths(stranger, elsewhere), [0, 1])
    }),
  )

  it.effect("is not one whose circuit is open", () =>
    Effect.gen(function* () {
      const guard = Breaker.guard({ trip: { consecutiveFailures: 1 } })
      const [acme, costly] = [named("acme", refused(errors.transient)), named("dear")]
      const call = yield* built(Cheapest.of([acme.model.pipe(guard), costly.model]))
      yield* Effect.replicateEffect(call, 3)
      assert.deepStrictEqual(lengths(acme, costly), [1, 2])
    }),
  )

  it.effect("is built with what makes sense, and says which field does not", () =>
    Effect.gen(function* () {
      const { model } = named("acme")
      const mistakes = [
        [Cheapest.of([model], { usualOutputTokens: 0.5 }), "usualOutputTokens must be a whole number, 0 or more"],
        [Cheapest.of([model], { budgets: [{ name: "" }] }), "name must not be empty"],
        [
          Cheapest.of([model], { budgets: [{ name: "team" }], remember: "1 second" }),
          "daily, monthly or rolling must be given",
        ],
      ] as const
      for (const [route, message] of mistakes) {
        const exit = yield* Effect.exit(Layer.build(Layer.provide(route, Ledger.layerMemory())))
        assert.deepStrictEqual(exit, Exit.die(new Error(`Cheapest.of: ${message}`)))
      }
    }),
  )
})

describe("the cheapest model with room", () => {
  /** A call may cost 30 and does cost 13: the third would pass 60. */
  const budgets = [{ name: "models", daily: money(60n), per: Budget.only(Budget.perProvider, ["acme"]) }]

  it.effect("is the next one when the budget of the first is used up, until that holds anew", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const [acme, costly] = [named("acme"), named("dear")]
      const route = Cheapest.of([costly.model, acme.model], { budgets })
      expectTypeOf(route).toEqualTypeOf<
        ResilientModel.ResilientModel<
          ResilientModel.CallFailure | CommitPoint.StreamTruncated | PriceBook.PriceUnknown,
          Ledger.Ledger
        >
      >()
      const call = yield* caller(route.pipe(Budget.enforceAll(budgets)), ledger)
      const exits = yield* Effect.replicateEffect(call(), 5)
      assert.isTrue(exits.every(({ exit }) => Exit.isSuccess(exit)))
      // 13, 26 and 39 are spent; with 30 more it would be 69.
      assert.deepStrictEqual(lengths(acme, costly), [3, 2])
      yield* TestClock.adjust("1 day")
      yield* call()
      assert.deepStrictEqual(lengths(acme, costly), [4, 2])
    }),
  )

  it.effect("is sought for each tenant", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const each = [
        { name: "tenants", daily: money(30n), per: Budget.perEach(Budget.perTenant, Budget.perProvider) },
        { name: "company", monthly: money(1_000n) },
      ]
      const [acme, second] = [named("acme"), named("second")]
      const route = Cheapest.of([acme.model, second.model], { budgets: each })
      const call = yield* caller(route.pipe(Budget.enforceAll(each)), ledger)
      yield* call("generate", { tenant: "a" })
      yield* call("generate", { tenant: "a" })
      yield* call("generate", { tenant: "b" })
      assert.deepStrictEqual(lengths(acme, second), [2, 1])
    }),
  )

  it.effect("is the cheapest of all when none has room, so that its budget says what is missing", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const all = [{ name: "team", daily: money(29n) }]
      const [acme, costly] = [named("acme"), named("dear")]
      const route = Cheapest.of([costly.model, acme.model], { budgets: all }).pipe(Budget.enforceAll(all))
      const { exit } = yield* (yield* caller(route, ledger))()
      assert.deepInclude(errorOf(exit), { _tag: "BudgetExceeded", model: "acme-1", requested: money(30n) })
      assert.deepStrictEqual(lengths(acme, costly), [0, 0])
    }),
  )

  it.effect("is looked for in the ledger each time, or less often where that is asked for", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      let reads = 0
      const counting: Ledger.Service = {
        ...ledger,
        total: (claim) =>
          Effect.andThen(
            Effect.sync(() => void reads++),
            ledger.total(claim),
          ),
      }
      const [acme, costly] = [named("acme"), named("dear")]
      const ask = (remember?: "1 second") =>
        Effect.map(
          caller(Cheapest.of([acme.model, costly.model], { budgets, remember }).pipe(Budget.record()), counting),
          (call) => call(),
        )
      const fresh = yield* ask()
      yield* fresh
      yield* fresh
      assert.strictEqual(reads, 2)
      const remembering = yield* ask("1 second")
      yield* Effect.replicateEffect(remembering, 3)
      assert.strictEqual(reads, 3)
      yield* TestClock.adjust("1 second")
      yield* remembering
      assert.strictEqual(reads, 4)
    }),
  )

  it.effect("does not depend on a ledger that fails: what then happens is said by the budget", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const lost = new Ledger.LedgerUnavailable({ operation: "read", reason: "ConnectionLost" })
      const [acme, costly] = [named("acme"), named("dear")]
      const route = Cheapest.of([costly.model, acme.model], { budgets })
      const call = yield* caller(route, { ...ledger, total: () => Effect.fail(lost) })
      yield* RequestContext.annotate(call(), { tenant: "a" })
      assert.deepStrictEqual(lengths(acme, costly), [1, 0])
    }),
  )
})
