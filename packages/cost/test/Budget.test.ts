import { assert, describe, it } from "@effect/vitest"
import { Fallback, Hedge, PolicyError as PolicyErrors, ResilientModel, Retry } from "@holdfast/core"
import { DateTime, Effect, Exit, Fiber, Layer, Schedule, Stream } from "effect"
import { AiError, LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

import { answer, errorOf, errors, refused, scripted, silent } from "../../core/test/scripted.ts"
import * as Budget from "../src/Budget.ts"
import * as Ledger from "../src/Ledger.ts"
import { acme, caller, ledgerInMemory, money, pricing } from "./budgeted.ts"

const failing = <E>({ exit }: { readonly exit: Exit.Exit<unknown, E> }) => errorOf(exit)
const answered = ({ exit }: { readonly exit: Exit.Exit<unknown, unknown> }) => Exit.isSuccess(exit)
const tags = (ledger: Ledger.Service) =>
  Effect.map(Stream.runCollect(ledger.entries()), (all) => all.map(({ _tag }) => _tag))
const settled = (ledger: Ledger.Service) =>
  Effect.map(Stream.runCollect(ledger.entries()), (all) =>
    all.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement] : [])),
  )
const everything = { account: JSON.stringify(["team", "day"]), since: 0 }

describe.each(["generate", "stream"] as const)("a budget of %s calls", (mode) => {
  it.effect("reserves the worst case and settles what it really cost", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const call = yield* caller(acme().model.pipe(Budget.enforce({ name: "team", daily: money(30n) })), ledger)
      assert.isTrue(answered(yield* call(mode)))
      const [reserved, ended] = yield* Stream.runCollect(ledger.entries())
      assert.deepInclude(reserved?._tag === "Reserved" ? reserved.reservation : {}, {
        worst: money(30n),
        expiresAt: 900_000,
      })
      assert.deepInclude(ended?._tag === "Settled" ? ended.settlement : {}, {
        cost: money(13n),
        minimum: money(13n),
        maximum: money(13n),
        basis: "reported",
        outcome: "Completed",
        tokens: { input: 7, output: 3 },
      })
      assert.deepStrictEqual(yield* ledger.total(everything), {
        spent: money(13n),
        reserved: money(0n),
        uncertain: money(0n),
      })
    }),
  )

  it.effect("refuses what may cost more than is left, by the smallest unit, and sends nothing", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const model = acme()
      const call = yield* caller(model.model.pipe(Budget.enforce({ name: "team", daily: money(42n) })), ledger)
      yield* TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-24T23:00:00Z")))
      assert.isTrue(answered(yield* call(mode)))
      const error = failing(yield* call(mode))
      assert.deepInclude(error, {
        _tag: "BudgetExceeded",
        budget: "team",
        window: "day",
        provider: "acme",
        model: "acme-1",
        limit: money(42n),
        spent: money(13n),
        reserved: money(0n),
        requested: money(30n),
      })
      assert.deepStrictEqual((error as Budget.BudgetExceeded).resetsAt, DateTime.makeUnsafe("2026-11-25T00:00:00Z"))
      assert.lengthOf(model.requests, 1)
      yield* TestClock.adjust("1 hour")
      assert.isTrue(answered(yield* call(mode)))
    }),
  )

  it.effect("counts each retry, each fallback at its own price, and what was not billed with nothing", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const first = acme(refused(errors.transient))
      const second = scripted([answer("b")], { name: "dear" })
      const stack = first.model.pipe(
        Retry.schedule(Schedule.recurs(1)),
        Fallback.to(second.model),
        Budget.enforce({ name: "team", daily: money(300n) }),
      )
      const call = yield* caller(stack, ledger)
      assert.isTrue(answered(yield* call(mode)))
      assert.deepStrictEqual(
        (yield* settled(ledger)).map(({ basis, cost, subject }) => [subject.model, subject.index, basis, cost]),
        [
          ["acme-1", 1, "unbilled", money(0n)],
          ["acme-1", 2, "unbilled", money(0n)],
          ["dear-1", 3, "reported", money(130n)],
        ],
      )
    }),
  )

  it.effect("is refused at the fallback that it cannot pay, however cheap the first model is", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const dear = scripted([answer("b")], { name: "dear" })
      const stack = acme(refused(errors.transient)).model.pipe(
        Fallback.to(dear.model),
        Budget.enforce({ name: "team", daily: money(299n) }),
      )
      const call = yield* caller(stack, ledger)
      assert.deepInclude(failing(yield* call(mode)), {
        _tag: "BudgetExceeded",
        model: "dear-1",
        requested: money(300n),
      })
      assert.lengthOf(dear.requests, 0)
    }),
  )
})

describe("what is reserved for an answer", () => {
  it.effect("is bounded by the settings of the model, and by what the budget is told before them", () =>
    Effect.gen(function* () {
      const { provider } = acme()
      const settings = Effect.succeed({ maxOutputTokens: 4 })
      const brief = ResilientModel.fromProvider(Effect.succeed({ ...provider, settings }), { name: "m", settings: {} })
      const told = { request: () => ({ maxOutputTokens: 7 }) }
      // Ten tokens of prompt, and twice as many as the answer may have.
      for (const [model, options, worst] of [
        [acme().model, {}, 30n],
        [brief, {}, 18n],
        [brief, told, 24n],
      ] as const) {
        const ledger = yield* ledgerInMemory
        const call = yield* caller(model.pipe(Budget.enforce({ name: "x", daily: money(1n), ...options })), ledger)
        for (const mode of ["generate", "stream"] as const) {
          assert.deepInclude(errorOf((yield* call(mode)).exit), { _tag: "BudgetExceeded", requested: money(worst) })
        }
      }
    }),
  )
})

describe("budgets", () => {
  it.effect("at once are all kept, and nothing is reserved under one when another refuses", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const budgets = [
        { name: "team", daily: money(1_000n), monthly: money(2_000n) },
        { name: "tenants", daily: money(50n), per: Budget.perTenant },
      ]
      const call = yield* caller(acme().model.pipe(Budget.enforceAll(budgets)), ledger)
      assert.isTrue(answered(yield* call("generate", { tenant: "a" })))
      assert.isTrue(answered(yield* call("generate", { tenant: "a" })))
      assert.deepInclude(failing(yield* call("generate", { tenant: "a" })), {
        budget: "tenants",
        scope: "a",
        spent: money(26n),
      })
      assert.isTrue(answered(yield* call("generate", { tenant: "b" })))
      assert.deepInclude(yield* ledger.total(everything), { spent: money(39n), reserved: money(0n) })
    }),
  )

  it.effect("around each other give back what they reserved", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const stack = acme().model.pipe(
        Budget.enforce({ name: "inner", daily: money(29n) }),
        Budget.enforce({ name: "team", daily: money(100n) }),
      )
      const call = yield* caller(stack, ledger)
      assert.deepInclude(failing(yield* call()), { budget: "inner" })
      assert.deepStrictEqual(yield* tags(ledger), ["Reserved", "Released"])
      assert.deepInclude(yield* ledger.total(everything), { spent: money(0n), reserved: money(0n) })
    }),
  )

  it.effect("count per model, provider, tag and any combination", () =>
    Effect.gen(function* () {
      const scopes: ReadonlyArray<readonly [Budget.Scope, string | undefined]> = [
        [Budget.perModel, "acme/acme-1"],
        [Budget.perProvider, "acme"],
        [Budget.perTag("feature"), "search"],
        [Budget.perTag("constructor"), undefined],
        [Budget.perEach(Budget.perTenant, Budget.perProvider), '["t","acme"]'],
        [Budget.only(Budget.perTenant, ["t"]), "t"],
        [Budget.only(Budget.perProvider, ["acme"]), "acme"],
        [() => "mine", "mine"],
      ]
      for (const [per, scope] of scopes) {
        const ledger = yield* ledgerInMemory
        const call = yield* caller(acme().model.pipe(Budget.enforce({ name: "x", daily: money(29n), per })), ledger)
        const error = failing(yield* call("generate", { tenant: "t", tags: { feature: "search" } }))
        assert.deepStrictEqual((error as Budget.BudgetExceeded).scope, scope)
      }
    }),
  )

  it.effect.each([
    [Budget.only(Budget.perProvider, ["google"]), "gcp.gemini"],
    [Budget.only(Budget.perProvider, ["gcp.gemini"]), "gcp.gemini"],
    [Budget.only(Budget.perProvider, ["Gemini", "xai"]), "gcp.gemini"],
    [Budget.only(Budget.perModel, ["google/gcp.gemini-1"]), "gcp.gemini/gcp.gemini-1"],
  ] as const)("count a provider by any of its names: %#", ([per, scope]) =>
    Effect.gen(function* () {
      const gemini = scripted([answer("a")], { name: "gcp.gemini" })
      const ledger = yield* ledgerInMemory
      const budget = Budget.enforce({ name: "x", daily: money(0n), per })
      const call = yield* caller(gemini.model.pipe(budget), ledger)
      assert.strictEqual((failing(yield* call()) as Budget.BudgetExceeded).scope, scope)
    }),
  )

  it.effect("are no concern of attempts that are not theirs, which are taken down all the same", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const per = Budget.only(Budget.perTenant, ["t"])
      const call = yield* caller(acme().model.pipe(Budget.enforce({ name: "x", daily: money(0n), per })), ledger)
      assert.isTrue(answered(yield* call("generate", { tenant: "u" })))
      assert.isFalse(answered(yield* call("generate", { tenant: "t" })))
      assert.deepStrictEqual(yield* tags(ledger), ["Reserved", "Settled"])
    }),
  )

  it.effect("of a rolling window have room again when it has moved on", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const rolling = { limit: money(30n), window: "1 hour" } as const
      const call = yield* caller(acme().model.pipe(Budget.enforce({ name: "x", rolling })), ledger)
      assert.isTrue(answered(yield* call()))
      yield* TestClock.adjust("1 hour")
      const error = failing(yield* call()) as Budget.BudgetExceeded
      assert.deepInclude(error, { window: "1h" })
      assert.isUndefined(error.resetsAt)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(answered(yield* call()))
    }),
  )

  it.effect("of a day begin at midnight in their time zone", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      yield* TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-24T22:30:00Z")))
      const daily = Budget.enforce({ name: "x", daily: money(30n), timeZone: "Europe/Zurich" })
      const call = yield* caller(acme().model.pipe(daily), ledger)
      assert.isTrue(answered(yield* call()))
      assert.isFalse(answered(yield* call()))
      yield* TestClock.adjust("30 minutes")
      assert.isTrue(answered(yield* call()))
    }),
  )

  it.effect("of equal names are one, in whatever stack", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const budget = Budget.enforce({ name: "x", daily: money(42n) })
      const first = yield* caller(acme().model.pipe(budget), ledger)
      const second = yield* caller(scripted([answer("b")], { name: "second" }).model.pipe(budget), ledger)
      assert.isTrue(answered(yield* first()))
      assert.deepInclude(failing(yield* second()), { _tag: "BudgetExceeded", spent: money(13n) })
    }),
  )

  it.effect("take down every hedge, also the one that lost", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const stack = acme(silent).model.pipe(
        Hedge.to(scripted([answer("b")], { name: "second" }).model, "1 second"),
        Budget.enforce({ name: "team", daily: money(100n) }),
      )
      const call = yield* caller(stack, ledger)
      const fiber = yield* Effect.forkChild(call())
      yield* TestClock.adjust("1 minute")
      assert.isTrue(answered(yield* Fiber.join(fiber)))
      const all = yield* settled(ledger)
      assert.sameDeepMembers(
        all.map(({ basis, cost, maximum, outcome }) => [outcome, basis, cost, maximum]),
        [
          ["Interrupted", "estimated", money(10n), money(30n)],
          ["Completed", "reported", money(13n), money(13n)],
        ],
      )
    }),
  )

  it("refuse settings that make no sense, by name", () => {
    const mistakes: ReadonlyArray<readonly [Budget.Options & Budget.Settings, string]> = [
      [{ name: "", daily: "1 USD" }, "name"],
      [{ name: "x" }, "daily"],
      [{ name: "x", daily: "1 USDX" as "1 USD" }, "daily"],
      [{ name: "x", monthly: "$-1" }, "monthly"],
      [{ name: "x", daily: money(-1n) }, "daily"],
      [{ name: "x", rolling: { limit: "1 USD", window: Infinity } }, "rolling.window"],
      [{ name: "x", daily: "1 USD", timeZone: "Europe/Nowhere" }, "timeZone"],
      [{ name: "x", daily: "1 USD", alertAt: [0.5, 80] }, "alertAt"],
      [{ name: "x", daily: "1 USD", lease: 0 }, "lease"],
    ]
    for (const [options, field] of mistakes) {
      const exit = Effect.runSyncExit(
        Effect.scoped(
          Effect.flatMap(ledgerInMemory, (ledger) => caller(acme().model.pipe(Budget.enforce(options)), ledger)),
        ),
      )
      assert.isTrue(Exit.hasDies(exit))
      assert.include(String(exit), field)
    }
  })

  it("are described with their settings", () => {
    const described = ResilientModel.describe(
      acme().model.pipe(
        Budget.enforce({
          name: "x",
          daily: "1 USD",
          monthly: money(5n),
          rolling: { limit: "2 USD", window: "1 hour" },
        }),
      ),
    )
    assert.deepInclude(described, {
      name: "Budget.enforce",
      settings: { budgets: [{ name: "x", daily: "1 USD", monthly: "$0.000000000005", rolling: ["2 USD in 1h"] }] },
    })
  })
})

describe("a refusal", () => {
  it.effect("comes typed, or as an exhausted quota where the standard service is used", () =>
    Effect.gen(function* () {
      const model = acme().model.pipe(Budget.enforce({ name: "team", daily: money(1n) }))
      const needs = Layer.merge(pricing, Ledger.layerMemory())
      const ask = LanguageModel.generateText({ prompt: "hi" })
      const typed = yield* ask.pipe(
        ResilientModel.provide(model),
        Effect.as("answered"),
        Effect.catchTag("BudgetExceeded", ({ budget }) => Effect.succeed(budget)),
        Effect.provide(needs),
      )
      assert.strictEqual(typed, "team")
      const folded = yield* ask.pipe(Effect.provide(Layer.provide(model, needs)), Effect.flip)
      assert.strictEqual(folded._tag, "AiError")
      const reason = AiError.isAiError(folded) ? folded.reason : undefined
      assert.deepInclude(reason, { _tag: "QuotaExhaustedError", resetAt: DateTime.makeUnsafe(86_400_000) })
      assert.isFalse(folded.isRetryable)
      const back = AiError.isAiError(folded) ? PolicyErrors.fromAiError(Budget.BudgetExceeded)(folded) : undefined
      assert.deepInclude(back, { _tag: "Some" })
    }),
  )
})

describe("Budget.orElse", () => {
  it.effect("asks the cheaper model, within what is left, and takes the refusal out of the type", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const budget = Budget.enforce({ name: "team", daily: money(130n) })
      const dear = scripted([answer("dear")], { name: "dear" })
      const stack = budget(dear.model).pipe(Budget.orElse(budget(acme(answer("cheap")).model)))
      const call = yield* caller(stack, ledger)
      const texts = yield* Effect.forEach(Array.from({ length: 9 }), () => Effect.map(call(), ({ text }) => text))
      assert.deepStrictEqual(texts, [...Array.from({ length: 8 }, () => "cheap"), ""])
      assert.deepInclude(failing(yield* call()), { _tag: "BudgetExceeded", model: "acme-1" })
      assert.lengthOf(dear.requests, 0)
    }),
  )

  it.effect("lets all other failures pass", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const cheap = acme(answer("cheap"))
      const stack = scripted([refused(errors.badKey)], { name: "second" }).model.pipe(
        Budget.enforce({ name: "team", daily: money(130n) }),
        Budget.orElse(cheap.model),
      )
      const call = yield* caller(stack, ledger)
      assert.deepInclude(failing(yield* call()), { _tag: "AiError" })
      assert.lengthOf(cheap.requests, 0)
    }),
  )
})
