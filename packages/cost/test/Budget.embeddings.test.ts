import { assert, describe, it } from "@effect/vitest"
import { RequestContext, Resilient, type ResilientEmbeddingModel, Retry } from "@holdfast/core"
import * as ProviderError from "@holdfast/core/provider/ProviderError"
import { Effect, Exit, Layer, Schedule, Stream } from "effect"
import { EmbeddingModel } from "effect/ai"
import { TestClock } from "effect/testing"

import { scriptedEmbeddings } from "../../core/test/embeddings.ts"
import * as Budget from "../src/Budget.ts"
import * as Ledger from "../src/Ledger.ts"
import * as Money from "../src/Money.ts"
import * as PriceBook from "../src/PriceBook.ts"

const overloaded = ProviderError.fromFault(
  { module: "openai", method: "embed", provider: "openai", url: "", scrub: (text) => text },
  { message: "busy", status: 503 },
)

const openai = { provider: "openai", model: "text-embedding-3-small" } as const

/** Two cents for a million tokens are 20,000 picodollars for one. */
const tokens = (count: number) => Money.fromPicodollars(20_000n * BigInt(count))

const embed = (text: string) => Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed(text))
const embedMany = (texts: ReadonlyArray<string>) =>
  Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embedMany(texts))

const settlements = Effect.flatMap(Ledger.Ledger, (ledger) => Stream.runCollect(ledger.entries())).pipe(
  Effect.map((entries) => entries.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement] : []))),
)

/** On a day for which the built-in list has prices. */
const today = Layer.effectDiscard(TestClock.setTime(Date.UTC(2026, 10, 24)))

const shelf = Layer.mergeAll(PriceBook.layer, Ledger.layerMemory(), today)

const using = <E>(model: ResilientEmbeddingModel.ResilientEmbeddingModel<E, Ledger.Ledger>) => Resilient.provide(model)

describe("a budget of embeddings", () => {
  it.effect("settles what the vendor counted, to the last picodollar", () =>
    Effect.gen(function* () {
      const { model } = scriptedEmbeddings({ ...openai, limits: { maxInputs: 2 } })
      yield* embedMany(["a", "bb", "ccc"]).pipe(using(model.pipe(Budget.enforce({ name: "team", daily: "1 USD" }))))
      const paid = yield* settlements
      assert.deepStrictEqual(
        paid.map(({ basis, cost, maximum, minimum, tokens: counted }) => [basis, cost, minimum, maximum, counted]),
        [3, 3].map((count) => ["reported" as const, tokens(count), tokens(count), tokens(count), { input: count }]),
      )
    }).pipe(Effect.provide(shelf)),
  )

  it.effect("refuses before anything is sent, and counts no output", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings(openai)
      const stack = model.pipe(Retry.schedule(Schedule.recurs(3)), Budget.enforce({ name: "team", daily: tokens(200) }))
      const small = "x".repeat(100)
      const answer = yield* embed(small).pipe(using(stack))
      assert.isDefined(answer.vector)
      const error = yield* embed("x".repeat(4_000)).pipe(using(stack), Effect.flip)
      assert.strictEqual(error._tag, "BudgetExceeded")
      assert.strictEqual(asked.length, 1)
      assert.deepStrictEqual((error as Budget.BudgetExceeded).spent, tokens(100))
    }).pipe(Effect.provide(shelf)),
  )

  it.effect("pays a retry by the piece, and nothing for what was not billed", () =>
    Effect.gen(function* () {
      const failures = [overloaded]
      const { model } = scriptedEmbeddings({
        ...openai,
        limits: { maxInputs: 1 },
        reply: ([text]) => (text === "bb" ? failures.pop() : undefined),
      })
      const stack = model.pipe(Retry.schedule(Schedule.recurs(1)), Budget.enforce({ name: "team", daily: "1 USD" }))
      yield* embedMany(["a", "bb"]).pipe(using(stack))
      const paid = (yield* settlements).map(({ basis, cost }) => [basis, cost] as const)
      assert.deepStrictEqual(new Set(paid.map(([basis]) => basis)), new Set(["reported", "unbilled"]))
      assert.deepStrictEqual(
        paid.reduce((sum, [, cost]) => Money.add(sum, cost), Money.zero),
        tokens(3),
      )
    }).pipe(Effect.provide(shelf)),
  )

  it.effect("takes an unknown usage for an interval, and not for nothing", () =>
    Effect.gen(function* () {
      const { model } = scriptedEmbeddings({ ...openai, reply: () => ({ inputTokens: undefined }) })
      yield* embed("a text of some length").pipe(using(model.pipe(Budget.enforce({ name: "team", daily: "1 USD" }))))
      const [paid] = yield* settlements
      assert(paid !== undefined)
      assert.strictEqual(paid.basis, "estimated")
      assert.isTrue(paid.cost > Money.zero)
      assert.isTrue(paid.cost <= paid.maximum)
    }).pipe(Effect.provide(shelf)),
  )

  it.effect("is charged to the tenant whose texts they are, of 5,000 at the same time", () =>
    Effect.gen(function* () {
      const { asked, model } = scriptedEmbeddings({ ...openai, limits: { maxInputs: 2_048 } })
      const stack = model.pipe(
        Budget.enforceAll([
          { name: "tenants", daily: "1 USD", per: Budget.perTenant },
          // All that one of them wants is more than this.
          { name: "small", daily: tokens(500), per: Budget.only(Budget.perTenant, ["broke"]) },
        ]),
      )
      const tenants = ["acme", "globex", "broke"]
      const inputs = Array.from({ length: 5_000 }, (_, index) => ({
        text: "x".repeat(1 + (index % 7)),
        tenant: tenants[index % 3] ?? "",
      }))
      const exits = yield* Effect.forEach(
        inputs,
        ({ tenant, text }) => Effect.exit(RequestContext.annotate(embed(text), { tenant })),
        { concurrency: "unbounded" },
      ).pipe(using(stack))
      exits.forEach((exit, index) => assert.strictEqual(Exit.isSuccess(exit), inputs[index]?.tenant !== "broke"))
      const characters = (tenant: string) =>
        inputs.reduce((sum, input) => sum + (input.tenant === tenant ? input.text.length : 0), 0)
      assert.deepStrictEqual(
        (yield* settlements).map(({ cost, subject }) => [subject.tenant, cost]),
        ["acme", "globex"].map((tenant) => [tenant, tokens(characters(tenant))]),
      )
      assert.strictEqual(asked.length, 2)
    }).pipe(Effect.provide(shelf)),
  )
})
