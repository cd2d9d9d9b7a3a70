import { assert } from "@effect/vitest"
import * as Failure from "@holdfast/core/Failure"
import { Effect, Result, Stream } from "effect"

import * as BatchHabit from "../../../BatchHabit.ts"
import { bodyOf, check, type Check, itemsOf, over, submit, type Trial } from "./trial.ts"

const find = ({ batch }: Trial, name: string, items: number) => batch.find({ name, since: 0, items })

const named = check("finds its batch, and tells it from others", (trial) =>
  Effect.gen(function* () {
    const { batch, subject } = trial
    const first = yield* submit(batch, yield* itemsOf(trial, 2), "job-1")
    yield* submit(batch, yield* itemsOf(trial, 3), "job-2")
    const found = yield* find(trial, "job-1", 2)
    assert.deepStrictEqual(
      found.map(({ certain, id }) => [id, certain]),
      [[first, subject.capabilities.named]],
    )
    assert.isAbove(found[0]?.createdAt ?? 0, 1_600_000_000_000)
    assert.deepStrictEqual(yield* find(trial, "job-3", 7), [])
    assert.deepStrictEqual(yield* batch.find({ name: "job-4", since: 0, items: 7 }), [])
  }),
)

const old = check("finds no batch that was made before, and reads further than one page", (trial) =>
  Effect.gen(function* () {
    const { batch } = trial
    const id = yield* submit(batch, yield* itemsOf(trial, 1), "first")
    const items = yield* itemsOf(trial, 2)
    for (let count = 0; count < 11; count++) yield* submit(batch, items, "other")
    assert.deepStrictEqual(
      (yield* find(trial, "first", 1)).map((candidate) => candidate.id),
      [id],
    )
    assert.deepStrictEqual(yield* batch.find({ name: "first", since: 4_000_000_000_000, items: 1 }), [])
  }),
)

const lag = check("sees a batch as soon as the list shows it", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator } = trial
    yield* emulator.batches.behave(BatchHabit.listLag(2))
    const id = yield* submit(batch, yield* itemsOf(trial, 1))
    const found = yield* Effect.forEach([1, 2, 3], () => find(trial, "job-1", 1))
    assert.deepStrictEqual(
      found.map((candidates) => candidates.map((candidate) => candidate.id)),
      [[], [], [id]],
    )
  }),
)

const doubled = check("finds both where the vendor made two", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator } = trial
    yield* emulator.batches.behave(BatchHabit.duplicateCreate)
    const id = yield* submit(batch, yield* itemsOf(trial, 1))
    const found = yield* find(trial, "job-1", 1)
    assert.strictEqual(found.length, 2)
    assert.strictEqual(found[0]?.id, id, "the newest first")
  }),
)

const creates = (trial: Trial) =>
  Effect.map(trial.emulator.requests, (all) =>
    all.filter(({ method, path }) => method === "POST" && !path.includes("files")),
  )

const lost = check("asks once, and says so, where the answer is lost", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator } = trial
    yield* emulator.batches.behave(BatchHabit.loseAnswer("create"))
    const error = yield* Effect.flip(submit(batch, yield* itemsOf(trial, 1)))
    assert.strictEqual(Failure.tagOf(error), "NetworkError")
    assert.strictEqual((yield* emulator.batches.seen).created, 1)
    assert.strictEqual((yield* creates(trial)).length, 1)
    assert.strictEqual((yield* find(trial, "job-1", 1)).length, 1)
  }),
)

const refusals = check("asks once where it is refused, and says why", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator } = trial
    const items = yield* itemsOf(trial, 1)
    const expected = [
      [401, "AuthenticationError"],
      [429, "RateLimitError"],
      [500, "InternalProviderError"],
    ] as const
    for (const [status, tag] of expected) {
      yield* emulator.reset
      yield* emulator.batches.behave(BatchHabit.refuse("create", status))
      const error = yield* Effect.flip(submit(batch, items))
      assert.strictEqual(Failure.tagOf(error), tag)
      assert.strictEqual((yield* creates(trial)).length, 1)
      assert.strictEqual((yield* emulator.batches.seen).created, 0)
    }
  }),
)

const ids = check("refuses items that no batch takes, before anything is sent", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator } = trial
    const [item] = yield* itemsOf(trial, 1)
    assert.isDefined(item)
    const body = item?.body
    yield* emulator.reset
    const given = [[""], ["a b"], ["x".repeat(65)], ["größe"], ["same", "same"]]
    for (const bad of given) {
      const outcome = yield* Effect.result(
        submit(
          batch,
          bad.map((id) => ({ id, body })),
        ),
      )
      assert.isTrue(Result.isFailure(outcome), bad.join())
    }
    const many = Stream.map(Stream.range(0, batch.limits.items), (index) => ({ id: `i${index}`, body: 1 }))
    const sending = batch.upload?.(many, "many") ?? batch.create({ name: "many", file: undefined, items: many })
    assert.strictEqual(Failure.tagOf(yield* Effect.flip(sending)), "InvalidRequestError")
    assert.deepStrictEqual(yield* emulator.requests, [])
    assert.isAbove(batch.sizeOf({ id: "a", body: { text: "ü".repeat(100) } }), 200)
  }),
)

/** For subjects that say how many texts an item takes. */
export const texts: Check = check("refuses more texts than an item takes, before anything is sent", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, questions, subject } = trial
    const most = subject.capabilities.texts ?? 0
    const { options, ...request } = questions.plain("one")
    const inputs = Array.from({ length: most + 1 }, (_, index) => `text ${index}`)
    yield* emulator.reset
    const error = yield* Effect.flip(bodyOf(batch, { ...request, options: { ...options, inputs } as never }))
    assert.strictEqual(Failure.tagOf(error), "UnsupportedOption")
    assert.deepStrictEqual(yield* emulator.requests, [])
    assert.isDefined(yield* bodyOf(batch, { ...request, options: { ...options, inputs: inputs.slice(1) } as never }))
  }),
)

const gone = check("says of a batch that it does not know that it is gone", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator } = trial
    const id = yield* submit(batch, yield* itemsOf(trial, 1))
    yield* emulator.batches.behave(BatchHabit.notFound)
    const error = yield* Effect.flip(batch.status(id))
    assert.strictEqual(Failure.classify(error).kind, "fatal")
    yield* emulator.batches.behave()
    assert.strictEqual((yield* over(batch, id)).state, "ended")
  }),
)

const forgets = check("removes what was uploaded, also twice", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator } = trial
    if (batch.upload === undefined) return
    const file = yield* batch.upload(Stream.fromIterable(yield* itemsOf(trial, 1)), "job-1")
    assert.strictEqual((yield* emulator.batches.seen).files, 1)
    yield* batch.forget(file)
    yield* batch.forget(file)
    assert.strictEqual((yield* emulator.batches.seen).files, 0)
  }),
)

export const making: ReadonlyArray<Check> = [named, old, lag, doubled, lost, refusals, ids, gone, forgets]
