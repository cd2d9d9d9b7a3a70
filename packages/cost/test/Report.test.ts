import { assert, describe, it } from "@effect/vitest"
import { Fallback } from "@holdfast/core"
import { DateTime, Effect, Exit, Schema } from "effect"
import { TestClock } from "effect/testing"

import { answer, errors, refused, scripted } from "../../core/test/scripted.ts"
import * as Budget from "../src/Budget.ts"
import * as Ledger from "../src/Ledger.ts"
import * as Report from "../src/Report.ts"
import { acme, caller, ledgerInMemory, money } from "./budgeted.ts"
import { ledgerOn, sqlite } from "./databases.ts"
import { claim, reservation, settlement, subject } from "./ledgerSuite.ts"

const at = (text: string) => TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe(text)))
const make = (ledger: Ledger.Service, options?: Report.Options) =>
  Effect.provideService(Report.make(options), Ledger.Ledger, ledger)
const costs = (rows: ReadonlyArray<Report.Row>) => rows.map(({ key, totals }) => [key, totals.attempts, totals.cost])

/** Three attempts on two days, by two tenants. */
const spend = (ledger: Ledger.Service) =>
  Effect.gen(function* () {
    yield* at("2026-11-23T12:00:00Z")
    yield* ledger.settle(
      settlement("a", 10n, {
        subject: subject("a", { tenant: "t", tags: { feature: "search" } }),
        tokens: { input: 5, cacheRead: 7 },
        saved: money(4n),
      }),
    )
    yield* at("2026-11-24T12:00:00Z")
    yield* ledger.settle(
      settlement("b", 30n, {
        subject: subject("b", { tenant: "t", index: 2, provider: "second", model: "dear" }),
        outcome: "Failed",
        basis: "estimated",
        minimum: money(0n),
        maximum: money(50n),
        tokens: { input: 1 },
      }),
    )
    yield* ledger.settle(
      settlement("c", 5n, { subject: subject("c", { tags: { feature: "chat" } }), tokens: { output: 2 } }),
    )
  })

describe("a report", () => {
  it.effect("adds up attempts, tokens and costs by day, model, provider, tenant and tag", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      yield* spend(ledger)
      const report = yield* make(ledger)
      assert.deepStrictEqual(report.total, {
        attempts: 3,
        completed: 2,
        failed: 1,
        interrupted: 0,
        abandoned: 0,
        repeated: 1,
        unpriced: 0,
        tokens: { input: 6, cacheRead: 7, output: 2 },
        cost: money(45n),
        minimum: money(15n),
        maximum: money(65n),
        costOfFailures: money(30n),
        costOfRepetitions: money(30n),
        saved: money(4n),
      })
      assert.deepInclude(report.today, { attempts: 2, cost: money(35n) })
      assert.deepStrictEqual(costs(report.days), [
        ["2026-11-23", 1, money(10n)],
        ["2026-11-24", 2, money(35n)],
      ])
      assert.deepStrictEqual(costs(report.models), [
        ["second/dear", 1, money(30n)],
        ["acme/acme-1", 2, money(15n)],
      ])
      assert.deepStrictEqual(costs(report.providers), [
        ["second", 1, money(30n)],
        ["acme", 2, money(15n)],
      ])
      assert.deepStrictEqual(costs(report.tenants), [
        ["t", 2, money(40n)],
        ["", 1, money(5n)],
      ])
      assert.deepStrictEqual(costs(report.tags), [
        ["feature=search", 1, money(10n)],
        ["feature=chat", 1, money(5n)],
      ])
    }),
  )

  it.effect("reads this month by the time zone, or another span", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      yield* at("2026-10-31T23:30:00Z")
      yield* ledger.settle(settlement("a", 1n))
      yield* at("2026-11-01T00:30:00Z")
      yield* ledger.settle(settlement("b", 2n))
      const cost = (options: Report.Options) => Effect.map(make(ledger, options), ({ total }) => total.cost)
      assert.strictEqual(yield* cost({}), money(2n))
      assert.strictEqual(yield* cost({ timeZone: "Europe/Zurich" }), money(3n))
      assert.strictEqual(yield* cost({ from: "2026-10-01T00:00:00Z", to: "2026-11-01T00:00:00Z" }), money(1n))
      const days = Effect.map(make(ledger, { timeZone: "Europe/Zurich" }), (report) =>
        report.days.map(({ key }) => key),
      )
      assert.deepStrictEqual(yield* days, ["2026-11-01"])
      assert.isTrue(Exit.hasDies(yield* Effect.exit(make(ledger, { timeZone: "Nowhere" }))))
    }),
  )

  it.effect("shows budgets with what is used of them, and counts an attempt once under several", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      yield* at("2026-11-24T12:00:00Z")
      const stack = acme().model.pipe(
        Budget.enforce({ name: "team [a]", daily: money(100n), rolling: { limit: money(60n), window: "1 hour" } }),
        Budget.enforce({ name: "tenants", monthly: money(52n), per: Budget.perTenant }),
      )
      const call = yield* caller(stack, ledger)
      yield* call("generate", { tenant: 'a "tenant"' })
      const report = yield* make(ledger)
      assert.deepInclude(report.total, { attempts: 1, cost: money(13n) })
      assert.sameDeepMembers(
        report.budgets.map(({ budget, scope, spent, utilisation, window }) => [
          budget,
          window,
          scope,
          spent,
          utilisation,
        ]),
        [
          ["team [a]", "day", undefined, money(13n), 0.13],
          ["team [a]", "1h", undefined, money(13n), 0.21666],
          ["tenants", "month", 'a "tenant"', money(13n), 0.25],
        ],
      )
      yield* TestClock.adjust("62 minutes")
      const later = yield* make(ledger)
      assert.deepStrictEqual(later.budgets.map(({ window }) => window).toSorted(), ["day", "month"])
    }),
  )

  it.effect("shows what was paid for failures and for repetitions", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      const stack = acme(refused(errors.transient)).model.pipe(
        Fallback.to(scripted([answer("b")], { name: "dear" }).model),
        Budget.record(),
      )
      const call = yield* caller(stack, ledger)
      yield* call()
      const { total } = yield* make(ledger)
      assert.deepInclude(total, {
        attempts: 2,
        completed: 1,
        failed: 1,
        repeated: 1,
        costOfFailures: money(0n),
        costOfRepetitions: money(130n),
      })
    }),
  )

  it.effect("shows reservations that are open, and as intervals those whose process has died", () =>
    Effect.gen(function* () {
      const ledger = yield* ledgerInMemory
      yield* ledger.reserve(reservation("a", 6n, [claim(10n)], { expiresAt: 1_000 }))
      yield* ledger.reserve(reservation("b", 2n, [claim(10n)], { expiresAt: 100_000 }))
      yield* TestClock.adjust("10 seconds")
      const { budgets, open } = yield* make(ledger)
      assert.deepStrictEqual(
        open.map(({ attempt, expired, worst }) => [attempt, expired, worst]),
        [
          ["a", true, money(6n)],
          ["b", false, money(2n)],
        ],
      )
      assert.deepInclude(budgets[0], { budget: "team", reserved: money(2n), uncertain: money(6n), utilisation: 0.8 })
    }),
  )

  it.effect("is the same from a database", () =>
    Effect.gen(function* () {
      const memory = yield* ledgerInMemory
      const database = yield* Effect.flatMap(sqlite, (layer) => ledgerOn(layer))
      yield* spend(memory)
      yield* spend(database)
      assert.deepStrictEqual(yield* make(database), yield* make(memory))
    }),
  )
})

describe("as text", () => {
  const report = Effect.gen(function* () {
    const ledger = yield* ledgerInMemory
    yield* spend(ledger)
    yield* ledger.settle(settlement("d", 1n, { subject: subject("d", { tenant: '=cmd|"x",\u001b[2J' }) }))
    yield* ledger.reserve(
      reservation("e", 6n, [claim(100n, { account: '["team","day"]', until: 4_000_000_000_000 })], { expiresAt: 1 }),
    )
    return yield* make(ledger)
  })

  it.effect("it is JSON that can be read back", () =>
    Effect.gen(function* () {
      const made = yield* report
      const decode = Schema.decodeEffect(Schema.fromJsonString(Schema.toCodecJson(Report.Report)))
      assert.deepStrictEqual(yield* decode(Report.toJson(made)), made)
      assert.include(Report.toJson(made), '"0.000000000046 USD"')
    }),
  )

  it.effect("it is CSV that no spreadsheet runs", () =>
    Effect.gen(function* () {
      const lines = Report.toCsv(yield* report).split("\r\n")
      assert.strictEqual(
        lines[0],
        "group,key,attempts,completed,failed,interrupted,abandoned,repeated,unpriced,cost_usd,minimum_usd,maximum_usd,failures_usd,repetitions_usd,saved_usd,input_tokens,cacheRead_tokens,output_tokens",
      )
      assert.strictEqual(
        lines[1],
        "total,,4,3,1,0,0,1,0,0.000000000046,0.000000000016,0.000000000066,0.00000000003,0.00000000003,0.000000000004,6,7,2",
      )
      const hostile = lines.find((line) => line.includes("cmd"))
      assert.isTrue(hostile?.startsWith(`tenants,"'=cmd|""x"",\u001b[2J",1,`))
    }),
  )

  it.effect("it is a table that moves nobody's cursor", () =>
    Effect.gen(function* () {
      const table = Report.toTable(yield* report)
      assert.notInclude(table, "\u001b")
      assert.deepStrictEqual(table.split("\n").slice(0, 8), [
        "        attempts                                                  cost        failures     repetitions            saved",
        "──────  ────────  ────────────────────────────────────────────────────  ──────────────  ──────────────  ───────────────",
        "today          3  $0.000000000036 ($0.000000000006 to $0.000000000056)  $0.00000000003  $0.00000000003            $0.00",
        "in all         4  $0.000000000046 ($0.000000000016 to $0.000000000066)  $0.00000000003  $0.00000000003  $0.000000000004",
        "",
        "budget                limit            spent  reserved   used",
        "────────────  ─────────────  ───────────────  ────────  ─────",
        "team per day  $0.0000000001  $0.000000000006     $0.00  6.0 %",
      ])
      assert.match(table, /e +acme-1 +\$0\.000000000006 +over: cost unknown$/)
    }),
  )
})
