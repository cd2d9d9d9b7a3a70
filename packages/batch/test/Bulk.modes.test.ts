import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Ledger, Money } from "@holdfast/cost"
import { ScriptedModel } from "@holdfast/testing"
import { Deferred, Duration, Effect, Layer, Schedule, Schema, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import * as BatchJob from "../src/BatchJob.ts"
import * as Bulk from "../src/Bulk.ts"
import * as Journal from "../src/Journal.ts"
import { clientAt, storesOn } from "./support/databases.ts"
import { providerOn, stepsOf, textOf, unit, Vendor } from "./support/vendor.ts"

const ids = (count: number) => Array.from({ length: count }, (_, index) => `item ${index}`)

const ask = (prompt: string) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text)

const common = { id: (item: string) => item, ask }

const batchOn = (vendor: Vendor, job = "job") =>
  Bulk.batch({
    job,
    provider: Effect.succeed(providerOn(stepsOf(vendor))),
    poll: Schedule.spaced("5 millis"),
    listDelay: "20 millis",
    createTimeout: "1 second",
  })

const inMemory = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.provide(self, Layer.merge(storesOn(clientAt("sqlite", ":memory:")), NodeFileSystem.layer))

const withFile = <A, E, R>(use: (path: string) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "bulk-"))),
    (folder) => use(join(folder, "out.jsonl")),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
  )

const echo = Effect.gen(function* () {
  const scripted = yield* ScriptedModel.make()
  yield* scripted.respond(({ prompt }) =>
    ScriptedModel.text(`re: ${textOf(prompt)}`, { usage: { input: 100, output: 20 } }),
  )
  return scripted
})

describe("a bulk run in either mode", () => {
  it.live("gives the same results of the same items", () =>
    inMemory(
      Effect.gen(function* () {
        const { model } = yield* echo
        const outcomes = yield* Effect.forEach([true, false], (cheap) => {
          // Chosen while the program runs: the types hold what either can fail with.
          const mode = cheap ? batchOn(new Vendor()) : Bulk.live(model)
          return Stream.runCollect(Bulk.runInOrder(ids(20), { ...common, mode }))
        })
        const [batched, live] = outcomes.map((results) =>
          results.map((result) => [result.id, result.index, result._tag === "Answered" ? result.answer : result.error]),
        )
        assert.deepStrictEqual(batched, live)
        assert.strictEqual(outcomes[0]?.[0]?.bill.cost, Money.fromPicodollars(unit))
      }),
    ),
  )

  it.live("keeps below its cap by sending nothing that might not fit", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        const error = yield* Effect.flip(
          Stream.runDrain(Bulk.run(ids(20), { ...common, mode: batchOn(vendor), cap: "0.0001 USD" })),
        )
        assert.strictEqual(error._tag, "CostCapReached")
        assert.deepStrictEqual(vendor.calls, {})
        const results = yield* Stream.runCollect(Bulk.run(ids(20), { ...common, mode: batchOn(vendor), cap: "1 USD" }))
        assert.strictEqual(results.length, 20)
        const ledger = yield* Ledger.Ledger
        assert.deepStrictEqual(yield* ledger.outstanding, [])
      }),
    ),
  )

  it.live("goes on from one journal, begun live, ended as a job, and stopped in between", () =>
    inMemory(
      withFile((path) =>
        Effect.gen(function* () {
          const scripted = yield* echo
          const vendor = new Vendor()
          const options = { ...common, journal: Journal.file(path, Schema.String), keep: (item: string) => item.length }
          yield* Stream.runDrain(Bulk.run(ids(3), { ...options, model: scripted.model, window: 1 }))
          const mode = batchOn(vendor)
          vendor.runsFor = 1_000_000
          const stop = Effect.repeat(
            Effect.delay(
              Effect.sync(() => vendor.calls["status"] ?? 0),
              "1 millis",
            ),
            {
              until: (asked) => asked > 0,
            },
          )
          const stopped = yield* Effect.flip(Stream.runDrain(Bulk.run(ids(10), { ...options, mode, stop })))
          assert.strictEqual(stopped._tag, "RunStopped")
          vendor.runsFor = 0
          // Killed after the first few of its results were written.
          const first = yield* Stream.runCollect(Stream.take(Bulk.run(ids(10), { ...options, mode }), 2))
          const rest = yield* Stream.runCollect(Bulk.run(ids(10), { ...options, mode }))
          assert.deepStrictEqual([...first, ...rest].map(({ id }) => id).slice(0, 2), ["item 3", "item 4"])
          const lines = yield* Stream.runCollect(options.journal.lines)
          assert.deepStrictEqual(
            lines.map(({ id }) => id),
            ids(10),
          )
          assert.deepStrictEqual(
            lines.map(({ input }) => input),
            ids(10).map(() => 6),
          )
          assert.strictEqual(vendor.batches.length, 1)
          assert.strictEqual(vendor.batches[0]?.items.length, 7)
          assert.strictEqual((yield* BatchJob.status("job")).state, "settled")
          const ledger = yield* Ledger.Ledger
          assert.deepStrictEqual(yield* ledger.outstanding, [])
        }),
      ),
    ),
  )
})

describe("an estimate", () => {
  it.effect("shows price and time of both beside each other, and sends nothing", () =>
    inMemory(
      Effect.gen(function* () {
        const vendor = new Vendor()
        const scripted = yield* ScriptedModel.make({ provider: "acme", model: "acme-1" })
        const asked = yield* Deferred.make<void>()
        const found = yield* Bulk.estimate(ids(100), {
          ask: (item: string) => Effect.andThen(ask(item), Deferred.succeed(asked, undefined)),
          model: scripted.model,
          provider: Effect.succeed(providerOn(stepsOf(vendor), { limits: { items: 40, bytes: 1_000_000 } })),
          perMinute: { requests: 50, tokens: 1_000_000 },
        })
        assert.isFalse(yield* Deferred.isDone(asked))
        assert.deepStrictEqual(vendor.calls, {})
        assert.deepStrictEqual(yield* scripted.requests, [])
        assert.deepStrictEqual([found.items, found.batches], [100, 3])
        // Answers have 100 tokens at most.
        assert.strictEqual(found.tokens.output, 10_000)
        assert.strictEqual(found.live.atMost, 2n * found.batch.atMost)
        assert.strictEqual(found.live.likely, found.live.atMost)
        assert.deepStrictEqual(
          [found.live.time.atLeast, found.live.time.atMost, found.batch.time.atMost],
          [Duration.minutes(2), undefined, Duration.hours(24)],
        )
        assert.match(
          Bulk.compare(found),
          /^live {3}about \$\S+, \$\S+ at most; 2m or more\nbatch {2}about .* within 1d$/,
        )
        const unknown = yield* Effect.flip(
          Bulk.estimate(ids(1), {
            ask,
            model: scripted.model,
            provider: Effect.succeed(providerOn(stepsOf(vendor), { model: "unheard-of" })),
          }),
        )
        assert.strictEqual(unknown._tag, "PriceUnknown")
      }),
    ),
  )
})
