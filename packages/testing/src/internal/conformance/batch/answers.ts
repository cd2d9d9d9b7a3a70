import { assert } from "@effect/vitest"
import { type Line } from "@holdfast/core/provider/BatchProvider"
import { Effect } from "effect"

import * as Reply from "../../../Reply.ts"
import { bodyOf, check, type Check, linesOf, over, partsOf, readBy, submit } from "./trial.ts"

const kindIn = (body: unknown): string | undefined => /kind-(\w+)/.exec(JSON.stringify(body))?.[1]

/** Parts without what is of one request only: ids, times, and the tier, which Gemini says in a header that no item has. */
const comparable = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, inner: unknown) => {
    if (key === "serviceTier") return undefined
    return typeof inner === "string"
      ? inner.replaceAll(/[0-9a-f]{12,}/g, "#").replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "then")
      : inner
  })

const sameAsLive = check("gives the answers that a live request would get", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, live, questions, subject } = trial
    yield* emulator.respond(
      subject.dialect,
      ({ body }) => questions.all.find(({ kind }) => kind === kindIn(body))?.reply ?? Reply.status(500),
    )
    const prepared = yield* Effect.forEach(questions.all, ({ kind, request }) =>
      Effect.map(bodyOf(batch, request), (body) => ({ kind, request, body })),
    )
    const id = yield* submit(
      batch,
      prepared.map(({ body, kind }) => ({ id: kind, body })),
    )
    assert.strictEqual((yield* over(batch, id)).state, "ended")
    const { lines } = yield* linesOf(batch, id)
    assert.strictEqual(lines.length, prepared.length)
    for (const { kind, request } of prepared) {
      const line = lines.find(
        (one): one is Extract<Line, { _tag: "Answered" }> => one._tag === "Answered" && one.id === kind,
      )
      const outcome = line === undefined ? undefined : yield* Effect.result(readBy(batch, request, line.body))
      const alive = yield* Effect.result(partsOf(live, request))
      assert.isDefined(outcome, `a line of ${kind}`)
      assert.strictEqual(outcome?._tag, alive._tag, kind)
      if (outcome?._tag === "Success" && alive._tag === "Success") {
        assert.deepStrictEqual(comparable(outcome.success), comparable(alive.success), kind)
        assert.isNotEmpty(outcome.success)
      }
      if (outcome?._tag === "Failure" && alive._tag === "Failure") {
        assert.deepStrictEqual(comparable(outcome.failure), comparable(alive.failure), kind)
      }
    }
  }),
)

const sameBody = check("puts into a batch what a live request would send", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, live, questions, subject } = trial
    const { lineOf = (sent: unknown) => sent } = subject
    for (const { kind, request } of questions.all) {
      yield* emulator.reset
      const body = yield* bodyOf(batch, request)
      yield* Effect.exit(partsOf(live, request))
      const sent = (yield* emulator.requests).map((one) => lineOf(one.body))
      assert.deepStrictEqual(sent, [JSON.parse(JSON.stringify(body))], kind)
    }
  }),
)

const counted = check("counts what was made and what it used", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, questions, subject } = trial
    yield* emulator.respond(subject.dialect, () => questions.answer(30))
    const body = yield* bodyOf(batch, questions.plain("hi"))
    const id = yield* submit(batch, [
      { id: "a", body },
      { id: "b-2_X", body },
    ])
    const { counts } = yield* over(batch, id)
    assert.deepStrictEqual(counts, { total: 2, succeeded: 2, failed: 0 })
    const seen = yield* emulator.batches.seen
    assert.strictEqual(seen.created, 1)
    assert.strictEqual(seen.answered, 2)
    assert.strictEqual(seen.usage.input, 60)
    assert.deepStrictEqual(
      seen.batches[0]?.items.map((item) => item.id),
      ["a", "b-2_X"],
    )
  }),
)

const itemErrors = check("reads the error of an item as that of a request", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, questions, subject } = trial
    yield* emulator.script(subject.dialect, questions.answer(30), Reply.status(400, { message: "It is too bad." }))
    const body = yield* bodyOf(batch, questions.plain("hi"))
    const items = ["a", "b"].map((id) => ({ id, body }))
    const id = yield* submit(batch, items)
    const { counts } = yield* over(batch, id)
    assert.deepStrictEqual(counts, { total: 2, succeeded: 1, failed: 1 })
    const { byId, lines } = yield* linesOf(batch, id)
    assert.deepStrictEqual(byId, { a: "Answered", b: "Refused" })
    const refused = lines.find((line) => line._tag === "Refused")
    assert.strictEqual(refused?.error.reason._tag, "InvalidRequestError")
    assert.include(refused?.error.message, "It is too bad.")
  }),
)

export const answers: ReadonlyArray<Check> = [sameAsLive, sameBody, counted, itemErrors]
