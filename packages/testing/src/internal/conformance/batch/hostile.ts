import { assert } from "@effect/vitest"
import { Cause, Effect, Exit, Stream } from "effect"

import * as BatchHabit from "../../../BatchHabit.ts"
import * as Reply from "../../../Reply.ts"
import { type Batch, check, type Check, itemsOf, key, linesOf, over, submit } from "./trial.ts"

const bodies: ReadonlyArray<string> = [
  "",
  "null",
  "[]",
  '"text"',
  "<html>",
  '{"id":"a"',
  "{}",
  '{"error":{"message":"no"}}',
  '{"data":[null,1,{}],"operations":[null,{}],"has_more":true,"nextPageToken":"1"}',
  '{"data":[{"id":"a","created_at":1}],"last_id":"a","has_more":true,"next_cursor":"a"}',
  '{"id":7,"status":{},"request_counts":[],"metadata":null,"errors":7}',
  '{"id":"a","status":"failed","errors":{"data":[null,{"line":-1},{"line":"x"}]},"input_file_id":"a","error":7}',
  '{"id":"a","output_file_id":"../../up","output_file":"../up","processing_status":"ended"}',
  '{"name":"batches/a","metadata":{"state":7,"batchStats":7,"output":{"responsesFile":"files/../../up"}},"error":[]}',
]

const uses = (batch: Batch, id: string): Readonly<Record<string, Effect.Effect<unknown, unknown>>> => {
  const items = Stream.make({ id: "a", body: {} })
  return {
    ...(batch.upload !== undefined && { upload: batch.upload(items, "job") }),
    create: batch.create({ name: "job", file: "files/a", items }),
    list: batch.find({ name: "job", since: 0, items: 1 }),
    get: Effect.all([batch.status(id), Effect.exit(Stream.runCollect(batch.results(id)))]),
    results: Stream.runCollect(batch.results(id)),
    cancel: batch.cancel(id),
    forget: batch.forget("files/a"),
  }
}

const shapes = check("survives answers of any shape", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator } = trial
    const id = yield* submit(batch, yield* itemsOf(trial, 1))
    yield* over(batch, id)
    for (const [call, use] of Object.entries(uses(batch, id))) {
      for (const body of bodies) {
        yield* emulator.batches.behave(BatchHabit.garble(call as BatchHabit.BatchCall, body))
        const exit = yield* Effect.exit(use)
        const died = Exit.isFailure(exit) && Cause.hasDies(exit.cause)
        assert.isFalse(died, `${call}: ${body}`)
      }
    }
    // A batch that has no id was not made.
    for (const body of bodies.slice(0, 8)) {
      yield* emulator.batches.behave(BatchHabit.garble("create", body))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(uses(batch, id)["create"] ?? Effect.void)), body)
    }
  }),
)

const secret = check("shows its key in no error", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, subject } = trial
    yield* emulator.respond(subject.dialect, () => Reply.status(400, { message: `the key ${key} is bad` }))
    const items = yield* itemsOf(trial, 1)
    const id = yield* submit(batch, items)
    yield* over(batch, id)
    const { lines } = yield* linesOf(batch, id)
    assert.strictEqual(lines[0]?._tag, "Refused")
    yield* emulator.batches.behave(BatchHabit.failAll(`the key ${key} is bad`))
    const second = yield* submit(batch, items)
    const status = yield* over(batch, second)
    yield* emulator.batches.behave(BatchHabit.garble("create", `{"error":{"message":"the key ${key} is bad"}}`))
    const error = yield* Effect.flip(submit(batch, items))
    assert.notInclude(JSON.stringify([lines, status, error, String(error)]), key)
    const [request] = yield* emulator.requests
    assert.notInclude(JSON.stringify(request), key)
  }),
)

export const hostile: ReadonlyArray<Check> = [shapes, secret]
