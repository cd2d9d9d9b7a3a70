import { assert, describe, it } from "@effect/vitest"
import { Event } from "@holdfast/core"
import { Ledger, Money } from "@holdfast/cost"
import { Deferred, Effect, Exit, Fiber, Layer, Schedule, Schema, type Scope, Stream } from "effect"
import { LanguageModel, Tool, Toolkit } from "effect/ai"
import { type SqlClient, type SqlError } from "effect/sql"
import { TestClock } from "effect/testing"

import * as BatchJob from "../src/BatchJob.ts"
import { clientAt, type Kind, place, storesOn, withoutPostgres } from "./support/databases.ts"
import { answered, lost, promptIn, providerOn, refusal, stepsOf, unit, Vendor } from "./support/vendor.ts"

const ids = (count: number) => Array.from({ length: count }, (_, index) => `item ${index}`)

const ask = (prompt: string) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text)

const optionsFor = (vendor: Vendor, job = "job", files = true) => ({
  job,
  provider: Effect.succeed(providerOn(stepsOf(vendor), { files })),
  id: (item: string) => item,
  ask,
  poll: Schedule.spaced("10 seconds"),
})

/** Lets time pass until a program is over: polls, leases and looks at lists all wait for the clock. */
const passing = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(self, { startImmediately: true })
    const clock = yield* Effect.forkChild(
      Effect.forever(Effect.andThen(Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve))), TestClock.adjust("5 seconds"))),
    )
    return yield* Effect.ensuring(Fiber.join(fiber), Fiber.interrupt(clock))
  })

const entriesOf = Effect.flatMap(Ledger.Ledger, (ledger) => Stream.runCollect(ledger.entries()))

const settledOf = Effect.map(entriesOf, (entries) =>
  entries.flatMap((entry) => (entry._tag === "Settled" ? [entry.settlement] : [])),
)

const outstandingOf = Effect.flatMap(Ledger.Ledger, ({ outstanding }) => outstanding)

const kinds: ReadonlyArray<{ readonly kind: Kind; readonly missing: string | undefined }> = [
  { kind: "sqlite", missing: undefined },
  { kind: "postgres", missing: withoutPostgres },
]

const memory = clientAt("sqlite", ":memory:")

const inMemory = <A, E>(
  self: Effect.Effect<A, E, BatchJob.Jobs | Ledger.Ledger | SqlClient.SqlClient | Scope.Scope>,
) => Effect.provide(self, storesOn(memory))

for (const { kind, missing } of kinds) {
  describe.skipIf(missing !== undefined)(`a job on ${kind}${missing === undefined ? "" : ` (${missing})`}`, () => {
    it.effect("answers each item, settles it once at the price of a batch, and reads it again for nothing", () =>
      Effect.gen(function* () {
        const where = yield* place(kind)
        const stores = storesOn(clientAt(kind, where))
        const vendor = new Vendor()
        const items = ids(300)
        const results = yield* passing(Stream.runCollect(BatchJob.run(items, optionsFor(vendor)))).pipe(Effect.provide(stores))
        assert.deepStrictEqual(
          results.map((result) => (result._tag === "Answered" ? [result.index, result.answer] : [])),
          items.map((item, index) => [index, `re: ${item}`]),
        )
        assert.deepStrictEqual(results[0]?.bill, {
          attempts: 1,
          tokens: { input: 100, output: 20 },
          cost: Money.fromPicodollars(unit),
          exact: true,
        })
        assert.strictEqual(vendor.batches.length, 1)
        assert.deepStrictEqual(vendor.forgotten, ["file-1"])
        const again = yield* passing(Stream.runCollect(BatchJob.run(items, optionsFor(vendor)))).pipe(Effect.provide(stores))
        assert.deepStrictEqual(again, results)
        yield* Effect.gen(function* () {
          const settled = yield* settledOf
          assert.strictEqual(settled.length, 300)
          assert.strictEqual(settled.reduce((sum, { cost }) => sum + cost, 0n), 300n * unit)
          assert.deepStrictEqual(yield* outstandingOf, [])
          const status = yield* BatchJob.status("job")
          assert.deepStrictEqual(
            [status.state, status.items, status.ends, status.pieces],
            ["settled", 300, { Answered: 300 }, [{ state: "settled", batch: "batch-1", items: 300 }]],
          )
          yield* BatchJob.forget("job")
          assert.strictEqual((yield* Effect.flip(BatchJob.status("job")))._tag, "JobUnknown")
        }).pipe(Effect.provide(stores))
        assert.strictEqual(vendor.calls["create"], 1)
      }) as Effect.Effect<void, unknown, Scope.Scope>,
    )
  })
}
void [Deferred, Exit, Layer, Schema, Tool, Toolkit, Event, inMemory, answered, lost, promptIn, refusal]
export type { SqlError }
