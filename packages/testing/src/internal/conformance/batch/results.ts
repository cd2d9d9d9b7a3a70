import { createServer } from "node:http"

import { assert } from "@effect/vitest"
import * as Failure from "@holdfast/core/Failure"
import { Effect, Stream } from "effect"

import * as BatchHabit from "../../../BatchHabit.ts"
import { check, type Check, itemsOf, linesOf, over, submit, through, type Trial } from "./trial.ts"

const running = check("says that a batch is running, and gives the vendor's word for it", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator } = trial
    const id = yield* submit(batch, yield* itemsOf(trial, 2))
    const first = yield* batch.status(id)
    assert.strictEqual(first.state, "running")
    assert.isNotEmpty(first.vendorState)
    yield* emulator.batches.finish
    const last = yield* batch.status(id)
    assert.strictEqual(last.state, "ended")
    assert.deepStrictEqual(last.invalid, [])
  }),
)

const badItem = check("tells which item is bad, by its id", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, subject } = trial
    yield* emulator.batches.behave(BatchHabit.invalid("item-1"))
    const id = yield* submit(batch, yield* itemsOf(trial, 3))
    const status = yield* over(batch, id)
    if (subject.capabilities.failsWhole) {
      assert.strictEqual(status.state, "failed")
      assert.deepStrictEqual(
        status.invalid.map((item) => item.id),
        ["item-1"],
      )
      assert.isDefined(status.error)
      return
    }
    const { byId } = yield* linesOf(batch, id)
    assert.deepStrictEqual(byId, { "item-0": "Answered", "item-1": "Refused", "item-2": "Answered" })
  }),
)

const order = check("reads results in any order, and without some of them", (trial) =>
  Effect.gen(function* () {
    yield* trial.emulator.batches.behave(BatchHabit.reversed, BatchHabit.missing("item-1"))
    const { order: found, status } = yield* through(trial, 4)
    assert.strictEqual(status.missing, trial.subject.capabilities.missing)
    assert.deepStrictEqual(found, ["item-3", "item-2", "item-0"])
    assert.strictEqual(status.state, "ended")
  }),
)

const long = check("takes a line that is too long for an error of its item, and reads on", (trial) =>
  Effect.gen(function* () {
    if (!trial.subject.capabilities.lines) return
    yield* trial.emulator.batches.behave(BatchHabit.longLine("item-1", 36_000_000))
    const { byId, lines } = yield* through(trial, 3)
    assert.deepStrictEqual(byId, { "item-0": "Answered", "item-1": "Refused", "item-2": "Answered" })
    const error = lines.flatMap((line) => (line._tag === "Refused" ? [line.error] : []))[0]
    assert.strictEqual(Failure.tagOf(error), "InvalidResponseError")
    assert.isTrue(Failure.classify(error).billed)
  }),
)

const half = check("takes half a last line for an error of its item", (trial) =>
  Effect.gen(function* () {
    if (!trial.subject.capabilities.lines) return
    yield* trial.emulator.batches.behave(BatchHabit.halfLastLine)
    const { byId } = yield* through(trial, 2)
    assert.deepStrictEqual(byId, { "item-0": "Answered", "item-1": "Refused" })
  }),
)

const strange = check("reads past lines that say nothing of any item", (trial) =>
  Effect.gen(function* () {
    if (!trial.subject.capabilities.lines) return
    yield* trial.emulator.batches.behave(BatchHabit.strangeLines)
    const { byId, unreadable } = yield* through(trial, 2)
    assert.strictEqual(byId["item-0"], "Answered")
    assert.strictEqual(byId["item-1"], "Answered")
    assert.strictEqual(unreadable, 3)
  }),
)

const cutOff = check("fails where the connection breaks while results are read", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator } = trial
    const id = yield* submit(batch, yield* itemsOf(trial, 2))
    yield* over(batch, id)
    yield* emulator.batches.behave(BatchHabit.refuse("results", "reset"), BatchHabit.refuse("get", "reset"))
    assert.strictEqual(Failure.tagOf(yield* Effect.flip(linesOf(batch, id))), "NetworkError")
  }),
)

const halfway = check("takes nothing for an error of an item where the connection breaks halfway", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, subject } = trial
    if (!subject.capabilities.lines) return
    const id = yield* submit(batch, yield* itemsOf(trial, 5))
    yield* over(batch, id)
    yield* emulator.batches.behave(BatchHabit.cutResults)
    const seen: Array<string> = []
    const reading = Stream.runForEach(batch.results(id), (line) => Effect.sync(() => seen.push(line._tag)))
    assert.strictEqual(Failure.tagOf(yield* Effect.flip(reading)), "NetworkError")
    assert.isAtMost(seen.length, 3)
    assert.deepStrictEqual(
      seen,
      seen.map(() => "Answered"),
    )
    yield* emulator.batches.behave()
    assert.strictEqual((yield* linesOf(batch, id)).lines.length, 5)
  }),
)

const expired = check("gives the answers that there are when time is up", (trial) =>
  Effect.gen(function* () {
    yield* trial.emulator.batches.behave(BatchHabit.expire(2))
    const { byId, status } = yield* through(trial, 4)
    assert.strictEqual(status.state, "ended")
    if (!trial.subject.capabilities.partial) return assert.deepStrictEqual(byId, {})
    assert.strictEqual(byId["item-0"], "Answered")
    assert.strictEqual(byId["item-1"], "Answered")
    assert.strictEqual(byId["item-2"] ?? "Expired", "Expired")
    assert.strictEqual(byId["item-3"] ?? "Expired", "Expired")
  }),
)

const canceled = check("stops a batch, or says that it cannot", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, subject } = trial
    const id = yield* submit(batch, yield* itemsOf(trial, 2))
    if (!subject.capabilities.cancels) {
      assert.isDefined(yield* Effect.flip(batch.cancel(id)))
      return
    }
    yield* batch.cancel(id)
    assert.strictEqual((yield* over(batch, id)).state, "ended")
    for (const tag of Object.values((yield* linesOf(batch, id)).byId)) assert.strictEqual(tag, "Canceled")
    assert.strictEqual((yield* emulator.batches.seen).answered, 0)
    // It is over already.
    yield* batch.cancel(id)
  }),
)

const uncanceled = check("gives the answers of a batch that was canceled too late", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, subject } = trial
    if (!subject.capabilities.cancels) return
    yield* emulator.batches.behave(BatchHabit.cancelNothing)
    const id = yield* submit(batch, yield* itemsOf(trial, 2))
    yield* batch.cancel(id)
    assert.strictEqual((yield* over(batch, id)).state, "ended")
    assert.deepStrictEqual((yield* linesOf(batch, id)).byId, { "item-0": "Answered", "item-1": "Answered" })
  }),
)

const failsAll = check("says why a batch failed", (trial) =>
  Effect.gen(function* () {
    yield* trial.emulator.batches.behave(BatchHabit.failAll("The file is not what it should be."))
    const { batch, subject } = trial
    const id = yield* submit(batch, yield* itemsOf(trial, 2))
    const status = yield* over(batch, id)
    if (subject.vendor === "anthropic") return assert.strictEqual(status.state, "ended")
    assert.strictEqual(status.state, "failed")
    assert.include(status.error?.message, "The file is not what it should be.")
  }),
)

/** A server that remembers whether it was asked. */
const stranger = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly asked: () => number; readonly close: () => void }>((resume) => {
    let asked = 0
    const server = createServer((_, response) => {
      asked++
      response.end("{}")
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(
        Effect.succeed({ url: `http://127.0.0.1:${port}/results`, asked: () => asked, close: () => server.close() }),
      )
    })
  }),
  ({ close }) => Effect.sync(close),
)

const foreign = check("asks no other host, whatever address it is given", (trial) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { asked, url } = yield* stranger
      yield* trial.emulator.batches.behave(BatchHabit.foreignUrl(url))
      yield* Effect.exit(submitAndRead(trial))
      assert.strictEqual(asked(), 0)
    }),
  ),
)

const redirected = check("follows no redirect to another host", (trial) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { asked, url } = yield* stranger
      const { batch, emulator } = trial
      const id = yield* submit(batch, yield* itemsOf(trial, 1))
      yield* over(batch, id)
      yield* emulator.batches.behave(BatchHabit.redirect(url))
      assert.strictEqual(Failure.tagOf(yield* Effect.flip(linesOf(batch, id))), "InvalidResponseError")
      assert.strictEqual(asked(), 0)
    }),
  ),
)

const submitAndRead = (trial: Trial) => Effect.asVoid(through(trial, 1))

export const results: ReadonlyArray<Check> = [
  running,
  badItem,
  order,
  long,
  half,
  strange,
  cutOff,
  halfway,
  expired,
  canceled,
  uncanceled,
  failsAll,
  foreign,
  redirected,
]
