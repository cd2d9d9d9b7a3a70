import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Concurrency, Event, Retry } from "@holdfast/core"
import { Money } from "@holdfast/cost"
import { ScriptedModel } from "@holdfast/testing"
import { Deferred, Effect, Exit, Fiber, Schedule, Schema, Stream } from "effect"
import { LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

import * as BatchEvent from "../src/BatchEvent.ts"
import * as Bulk from "../src/Bulk.ts"
import * as Journal from "../src/Journal.ts"
import { type Progress } from "../src/Progress.ts"

const usage = { input: 1_000, output: 100 }

/** What one answer costs: a tenth of a cent for the prompt and as much for the answer. */
const price = Money.fromInputUnsafe("0.002 USD")

const ids = (count: number) => Array.from({ length: count }, (_, index) => `item ${index}`)

const identity = (id: string) => id

const ask = (prompt: string) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text)

const promptOf = ({ prompt }: ScriptedModel.ScriptedRequest): string => {
  const content = prompt.content.at(-1)?.content ?? ""
  const [part] = typeof content === "string" ? [] : content
  return part?.type === "text" ? part.text : ""
}

/** Echoes what it is asked. */
const echo = Effect.fnUntraced(function* (
  answer: (prompt: string, index: number) => ScriptedModel.Answer | Effect.Effect<ScriptedModel.Answer> = (prompt) =>
    ScriptedModel.text(`re: ${prompt}`, { usage }),
) {
  const scripted = yield* ScriptedModel.make()
  yield* scripted.respond((request) => answer(promptOf(request), request.index))
  return scripted
})

const inFolder = <A, E, R>(use: (path: string) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "bulk-"))),
    (folder) => use(join(folder, "out.jsonl")),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
  ).pipe(Effect.provide(NodeFileSystem.layer))

const linesOf = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe("a bulk run", () => {
  it.effect("gives each item its answer, its usage and its cost", () =>
    Effect.gen(function* () {
      const { model } = yield* echo()
      const results = yield* Stream.runCollect(Bulk.run(ids(10), { model, id: identity, ask, window: 3 }))
      assert.lengthOf(results, 10)
      for (const result of results) {
        assert.strictEqual(result._tag, "Answered")
        if (result._tag === "Answered") assert.strictEqual(result.answer, `re: ${result.id}`)
        assert.deepStrictEqual(result.bill, {
          attempts: 1,
          tokens: { input: 1_000, output: 100 },
          cost: price,
          exact: true,
        })
      }
      assert.deepStrictEqual(
        results.map(({ index }) => index).toSorted((a, b) => a - b),
        ids(10).map((_, index) => index),
      )
    }),
  )

  it.effect("keeps failures as results and goes on, and bills each retry", () =>
    Effect.gen(function* () {
      const { model } = yield* echo((prompt, index) =>
        prompt === "item 1"
          ? ScriptedModel.fail({ status: 400, message: "no" })
          : index <= 1
            ? ScriptedModel.text("cut", { usage }).pipe(ScriptedModel.failAfter(1, { status: 500, message: "gone" }))
            : ScriptedModel.text("a", { usage }),
      )
      const stack = model.pipe(Retry.schedule(Schedule.recurs(2)))
      const results = yield* Stream.runCollect(Bulk.runInOrder(ids(3), { model: stack, id: identity, ask, window: 1 }))
      assert.deepStrictEqual(
        results.map((result) => [result._tag, result.bill.attempts]),
        [
          ["Answered", 2],
          ["Failed", 1],
          ["Answered", 1],
        ],
      )
      assert.isAbove(Number(results[0]!.bill.cost), Number(price))
    }),
  )

  it.effect("holds no more items than its window, and leaves how many are asked to the stack", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const scripted = yield* echo(() => Effect.as(Deferred.await(gate), ScriptedModel.text("a")))
      const stack = scripted.model.pipe(Concurrency.limit(2))
      let taken = 0
      const items = Stream.fromIterable(ids(100)).pipe(
        Stream.tap(() => Effect.sync(() => taken++)),
        Stream.rechunk(1),
      )
      const fiber = yield* Effect.forkChild(
        Stream.runCollect(Bulk.run(items, { model: stack, id: identity, ask, window: 5 })),
      )
      yield* scripted.nextRequest
      yield* scripted.nextRequest
      yield* Effect.replicateEffect(Effect.yieldNow, 1_000)
      assert.lengthOf(yield* scripted.requests, 2)
      assert.isAtMost(taken, 7)
      yield* Deferred.succeed(gate, undefined)
      assert.lengthOf(yield* Fiber.join(fiber), 100)
    }),
  )

  it.effect.each([
    ["as they come", Bulk.run, 5, -1],
    ["in order where they are asked for so", Bulk.runInOrder, 3, 0],
  ] as const)("gives results %s", ([, run, held, place]) =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const { model } = yield* echo((prompt) =>
        Effect.as(prompt === "item 0" ? Deferred.await(gate) : Effect.void, ScriptedModel.text(prompt)),
      )
      // The first item ends when the others that fit into the window have.
      const onProgress = ({ done }: Progress) => (done === held ? Deferred.succeed(gate, undefined) : Effect.void)
      const results = yield* Stream.runCollect(run(ids(6), { model, id: identity, ask, window: 4, onProgress }))
      const indexes = results.map(({ index }) => index)
      assert.strictEqual(indexes.slice(0, 4).indexOf(0), place)
      if (run === Bulk.runInOrder) assert.deepStrictEqual(indexes, [0, 1, 2, 3, 4, 5])
    }),
  )

  it.effect("refuses two items of one id, and asks neither twice", () =>
    Effect.gen(function* () {
      const scripted = yield* echo()
      const run = Bulk.run(["a", "b", "a", "c"], { model: scripted.model, id: identity, ask, window: 1 })
      const error = yield* Effect.flip(Stream.runDrain(run))
      assert.strictEqual(error._tag, "DuplicateItem")
      assert.isAtMost((yield* scripted.requests).length, 2)
    }),
  )

  it.effect("tells whoever listens how each item ended", () =>
    Effect.gen(function* () {
      const { model } = yield* echo((prompt) =>
        prompt === "item 1" ? ScriptedModel.overloaded() : ScriptedModel.text(prompt, { usage }),
      )
      const told: Array<unknown> = []
      const run = Bulk.runInOrder(ids(3), { model, id: identity, ask })
      yield* Event.listen(Stream.runDrain(run), (event) => {
        if (BatchEvent.isBatchEvent(event)) told.push({ ...event })
      })
      assert.deepStrictEqual(
        told,
        ids(3).map((id) => ({
          _tag: "BulkItemEnded",
          id,
          mode: "live",
          outcome: id === "item 1" ? "failed" : "succeeded",
        })),
      )
    }),
  )

  it.effect("tells how far it is", () =>
    Effect.gen(function* () {
      const { model } = yield* echo((prompt) => ScriptedModel.text(prompt, { usage, delay: "1 second" }))
      const seen: Array<Progress> = []
      const onProgress = (progress: Progress) => Effect.sync(() => void seen.push(progress))
      const run = Bulk.run(ids(10), { model, id: identity, ask, window: 1, onProgress })
      const fiber = yield* Effect.forkChild(Stream.runDrain(run))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.lengthOf(seen, 10)
      assert.deepStrictEqual(seen[0], {
        done: 1,
        failed: 0,
        total: 10,
        spent: price,
        perSecond: undefined,
        left: undefined,
      })
      const half = seen[4]!
      assert.deepStrictEqual([half.done, half.perSecond], [5, 1])
      assert.deepStrictEqual(seen.at(-1)?.spent, Money.times(price, 10))
    }),
  )
})

describe("a cap", () => {
  it.effect.each([1, 8])("is never exceeded, and items under way end (window %d)", (window) =>
    Effect.gen(function* () {
      const scripted = yield* echo((prompt) => ScriptedModel.text(prompt, { usage, delay: "1 second" }))
      // The worst case of an attempt is far dearer than what it costs.
      const cap = Money.fromInputUnsafe("0.4 USD")
      const results: Array<Bulk.BulkResult<string, unknown>> = []
      const run = Bulk.run(ids(1_000), { model: scripted.model, id: identity, ask, window, cap }).pipe(
        Stream.tap((result) => Effect.sync(() => results.push(result))),
        Stream.runDrain,
      )
      const fiber = yield* Effect.forkChild(Effect.flip(run))
      // Before its first request a run waits for no clock.
      yield* scripted.nextRequest
      yield* TestClock.adjust("20 minutes")
      const error = yield* Fiber.join(fiber)
      assert.strictEqual(error._tag, "CostCapReached")
      const served = (yield* scripted.requests).length
      const spent = Money.times(price, served)
      assert.isTrue(spent <= cap)
      assert.strictEqual(results.length, served)
      if (error._tag === "CostCapReached") assert.strictEqual(error.spent, spent)
      assert.isAbove(served, 100)
    }),
  )

  it.effect("counts what an earlier run has spent", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const journal = Journal.file(path, Schema.String)
        const cap = "0.4 USD"
        const runs = Array.from({ length: 3 }, () =>
          Effect.gen(function* () {
            const scripted = yield* echo()
            const run = Bulk.run(ids(1_000), { model: scripted.model, id: identity, ask, window: 4, cap, journal })
            assert.isTrue(Exit.isFailure(yield* Effect.exit(Stream.runDrain(run))))
            return (yield* scripted.requests).length
          }),
        )
        const [first, ...later] = yield* Effect.all(runs)
        assert.isAbove(first!, 0)
        assert.deepStrictEqual(later, [0, 0])
      }),
    ),
  )
})

describe("a journal", () => {
  it.effect("is where a run goes on that was stopped, whatever its last line is", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const journal = Journal.file(path, Schema.String)
        const stop = yield* Deferred.make<void>()
        const first = yield* echo((prompt, index) =>
          index === 10
            ? Effect.as(Deferred.succeed(stop, undefined), ScriptedModel.text(prompt))
            : ScriptedModel.text(prompt),
        )
        const options = { id: identity, ask, window: 4, journal }
        const stopped = yield* Effect.flip(
          Stream.runDrain(Bulk.run(ids(50), { ...options, model: first.model, stop: Deferred.await(stop) })),
        )
        assert.strictEqual(stopped._tag, "RunStopped")
        const kept = linesOf(path).length
        assert.strictEqual(kept, (yield* first.requests).length)
        appendFileSync(path, '{"id":"item 49","ok":tr')
        const second = yield* echo()
        const results = yield* Stream.runCollect(Bulk.run(ids(50), { ...options, model: second.model }))
        assert.strictEqual(results.length, 50 - kept)
        assert.lengthOf(yield* second.requests, 50 - kept)
        assert.deepStrictEqual(new Set(linesOf(path).map(({ id }) => id)).size, 50)
        assert.lengthOf(linesOf(path), 50)
      }),
    ),
  )

  it.effect("of a run that did not wait for its last items says so", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(ScriptedModel.text("a"), ScriptedModel.hang, ScriptedModel.hang)
      const results: Array<string> = []
      const run = Bulk.run(ids(3), { model, id: identity, ask, stop: Effect.sleep("1 second"), grace: "1 second" })
      const ended = yield* Effect.forkChild(
        Effect.flip(Stream.runForEach(run, ({ id }) => Effect.sync(() => results.push(id)))),
      )
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(ended)
      assert.strictEqual(error._tag, "RunStopped")
      assert.strictEqual(error.message, "the run was stopped after 1 item; start it again to go on")
      assert.lengthOf(results, 1)
    }),
  )

  it.effect("takes failures up where it is asked to, and gives the last line of each item", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const journal = Journal.file(path, Schema.String)
        const failing = yield* echo((prompt) =>
          prompt === "item 2" ? ScriptedModel.rateLimited({ retryAfter: "9 seconds" }) : ScriptedModel.text(prompt),
        )
        const options = { id: identity, ask, window: 2, journal, keep: (item: string) => ({ of: item }) }
        yield* Stream.runDrain(Bulk.run(ids(4), { ...options, model: failing.model }))
        const line = linesOf(path).find(({ id }) => id === "item 2")
        assert.deepInclude(line, { ok: false, attempts: 1, input: { of: "item 2" } })
        assert.deepInclude(line?.["error"], { _tag: "AiError" })
        const second = yield* echo()
        assert.lengthOf(yield* Stream.runCollect(Bulk.run(ids(4), { ...options, model: second.model })), 0)
        const again = Bulk.run(ids(4), { ...options, model: second.model, retryFailed: true })
        assert.lengthOf(yield* Stream.runCollect(again), 1)
        const lines = yield* Stream.runCollect(journal.lines)
        assert.deepStrictEqual(
          lines.map(({ id, ok }) => `${id} ${ok}`).toSorted(),
          ids(4).map((id) => `${id} true`),
        )
      }),
    ),
  )

  it.effect.each([
    ["nothing", "", undefined],
    ["half a line and nothing else", '{"id":', undefined],
    ["a line that is none", "hello\n", 1],
    [
      "a broken line in the middle",
      '{"id":"a","ok":true,"attempts":1,"tokens":{},"cost":"1 USD","exact":true}\nx\n',
      2,
    ],
  ] as const)("with %s", ([, content, line]) =>
    inFolder((path) =>
      Effect.gen(function* () {
        appendFileSync(path, content)
        const { model } = yield* echo()
        const journal = Journal.file(path, Schema.String)
        const exit = yield* Effect.result(Stream.runDrain(Bulk.run(["a"], { model, id: identity, ask, journal })))
        if (line === undefined) assert.strictEqual(exit._tag, "Success")
        else if (exit._tag === "Failure") assert.deepInclude(exit.failure, { _tag: "JournalFailed", line })
        else assert.fail("the broken journal was taken")
      }),
    ),
  )

  it.effect("that cannot be opened fails the run before anything is asked", () =>
    Effect.gen(function* () {
      const scripted = yield* echo()
      const journal = Journal.file("/nowhere/at/all.jsonl", Schema.String)
      const run = Bulk.run(["a"], { model: scripted.model, id: identity, ask, journal })
      const error = yield* Effect.flip(Stream.runDrain(run))
      assert.strictEqual(error._tag, "JournalFailed")
      assert.lengthOf(yield* scripted.requests, 0)
    }).pipe(Effect.provide(NodeFileSystem.layer)),
  )
})
