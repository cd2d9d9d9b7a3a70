import { assert, describe, it } from "@effect/vitest"
import { Event, RequestContext, Resilient } from "@holdfast/core"
import { Budget, CacheStorage, CostEvent, Ledger, Money, Price, PriceBook, Report } from "@holdfast/cost"
import { GoogleCache, GoogleClient, GoogleLanguageModel } from "@holdfast/google"
import { Emulator, Reply } from "@holdfast/testing"
import { DateTime, Effect, Layer, Option, Redacted } from "effect"
import { LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

const clients = Layer.unwrap(
  Effect.map(Emulator.Emulator, (emulator) =>
    GoogleClient.layer({ apiKey: Redacted.make("test-key"), apiUrl: emulator.baseUrl("google") }),
  ),
)

const live = Layer.mergeAll(clients, Ledger.layerMemory()).pipe(Layer.provideMerge(Emulator.layer()))

const team = { name: "team-a", daily: "1 USD" } as const

const name = "gemini-3.8-flash"

const book = "It was the best of times, it was the worst of times. ".repeat(2_000)

/** In the year whose prices are known. */
const begin = TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-28T12:00:00Z")))

const cacheFor = (seconds: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const meter = yield* CacheStorage.enforce([team])
      const cache = yield* GoogleCache.make({ model: name, prompt: book, meter, timeToLive: "1 hour" })
      yield* TestClock.adjust(`${seconds} seconds`)
      return cache
    }),
  )

const expected = (tokens: number, millis: number): Money.Money => {
  // $0.50 for a million tokens and an hour: 500,000 picodollars for each.
  const exact = 500_000n * BigInt(tokens) * BigInt(millis)
  return Money.fromPicodollars((exact + 3_599_999n) / 3_600_000n)
}

describe("storage of caches", () => {
  it.effect("is on the bill to the millisecond, under the budget of the calls and in its report", () =>
    Effect.gen(function* () {
      yield* begin
      const { script } = yield* Emulator.Emulator
      yield* script("google", Reply.text("A book.", { usage: { input: 1_000, output: 100 } }))
      const charged: Array<Money.Money> = []
      const cache = yield* cacheFor(754).pipe(
        RequestContext.annotate({ tenant: "acme" }),
        Event.listen((event) => {
          if (CostEvent.isCostEvent(event) && event._tag === "StorageCharged") charged.push(event.cost)
        }),
      )
      const storage = expected(cache.tokens, 754_000)
      assert.deepStrictEqual(charged, [storage])
      yield* LanguageModel.generateText({ prompt: "What is it?" }).pipe(
        Resilient.provide(GoogleLanguageModel.model(name).pipe(Budget.enforce(team))),
        RequestContext.annotate({ tenant: "acme" }),
      )
      const report = yield* Report.make()
      const call = Money.fromInputUnsafe("0.001125 USD")
      assert.strictEqual(report.total.cost, Money.add(storage, call))
      assert.deepStrictEqual([report.total.attempts, report.total.completed], [1, 1])
      assert.strictEqual(report.total.tokens["cacheTokenHours"], (cache.tokens * 754) / 3_600)
      assert.deepStrictEqual(
        report.tenants.map(({ key, totals }) => [key, totals.cost]),
        [["acme", Money.add(storage, call)]],
      )
      assert.deepStrictEqual(
        report.budgets.map(({ budget, reserved, spent }) => [budget, spent, reserved]),
        [["team-a", Money.add(storage, call), Money.zero]],
      )
    }).pipe(Effect.provide(live)),
  )

  it.effect("is refused where it does not fit, before anything is stored", () =>
    Effect.gen(function* () {
      yield* begin
      const meter = yield* CacheStorage.enforce([{ name: "small", daily: "0.000001 USD" }])
      const error = yield* Effect.flip(Effect.scoped(GoogleCache.make({ model: name, prompt: book, meter })))
      assert.strictEqual(error._tag, "BudgetExceeded")
      assert.lengthOf((yield* (yield* Emulator.Emulator).files.seen).caches, 0)
    }).pipe(Effect.provide(live)),
  )

  it.effect("counts with its worst case when its process is killed, from the end of its time on", () =>
    Effect.gen(function* () {
      yield* begin
      const { seen } = (yield* Emulator.Emulator).files
      const meter = yield* CacheStorage.enforce([team])
      // A scope that is never closed is a process that has gone.
      const span = { id: "cache-1/1", provider: "gcp.gemini", model: name, tokens: 100_000, isSent: true }
      const from = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const context = { tags: {}, priority: "interactive" } as const
      yield* meter.reserve({ ...span, from, until: from + 600_000, context })
      const worst = expected(100_000, 600_000)
      yield* TestClock.adjust("600 seconds")
      const { outstanding } = yield* Ledger.Ledger
      assert.deepStrictEqual(
        (yield* outstanding).map(({ expired }) => expired),
        [false],
      )
      yield* TestClock.adjust("60 seconds")
      const report = yield* Report.make()
      assert.deepStrictEqual(
        report.budgets.map(({ uncertain }) => uncertain),
        [worst],
      )
      assert.lengthOf((yield* seen).caches, 0)
    }).pipe(Effect.provide(live)),
  )

  it.effect("has no price where none is known, and says so", () =>
    Effect.gen(function* () {
      yield* begin
      const meter = yield* CacheStorage.record()
      const unknown = GoogleCache.make({ model: "gemini-4-argon", prompt: book, meter })
      assert.strictEqual((yield* Effect.flip(Effect.scoped(unknown)))._tag, "PriceUnknown")
      const lenient = yield* CacheStorage.record({ whenUnknown: PriceBook.unmetered(() => Effect.void) })
      yield* Effect.scoped(GoogleCache.make({ model: "gemini-4-argon", prompt: book, meter: lenient }))
      const { total } = yield* Report.make()
      assert.deepStrictEqual([total.cost, total.unpriced], [Money.zero, 1])
    }).pipe(Effect.provide(live)),
  )

  it("costs as Google says, and a cache at Vertex AI also costs what a prompt of its tokens would", () => {
    const at = DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-28T12:00:00Z"))
    const cost = (model: string) =>
      Option.map(PriceBook.builtIn.find({ provider: "google", model, startedAt: at }), (price) =>
        Price.storage(price, { tokens: 1_000_000, millis: 3_600_000 }),
      )
    assert.deepStrictEqual(cost("gemini-2.5-pro"), Option.some(Money.fromInputUnsafe("4.50 USD")))
    assert.deepStrictEqual(cost("gemini-2.5-flash"), Option.some(Money.fromInputUnsafe("1 USD")))
    assert.deepStrictEqual(cost("gemini-3.8-flash"), Option.some(Money.fromInputUnsafe("0.50 USD")))
    assert.deepStrictEqual(cost("gemini-4-carbon"), Option.some(undefined))
  })

  it.effect("is billed with the prompt that made it at Vertex AI", () =>
    Effect.gen(function* () {
      yield* begin
      const meter = yield* CacheStorage.record()
      const from = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const span = {
        id: "cache-2/1",
        provider: "gcp.vertex_ai",
        model: name,
        pricedAs: { provider: "gcp.gemini", model: name },
        tokens: 100_000,
        from,
        until: from + 600_000,
        context: { tags: {}, priority: "interactive" },
      } as const
      for (const isSent of [true, false]) {
        const { settle } = yield* meter.reserve({ ...span, id: `cache-2/${String(isSent)}`, isSent })
        yield* settle({ tokens: 90_000, until: from + 300_000 })
      }
      const { total } = yield* Report.make()
      const storage = expected(90_000, 300_000)
      const sent = Money.fromInputUnsafe("0.0675 USD")
      assert.strictEqual(total.cost, Money.sum([storage, storage, sent]))
      assert.strictEqual(total.tokens["input"], 90_000)
    }).pipe(Effect.provide(live)),
  )
})
