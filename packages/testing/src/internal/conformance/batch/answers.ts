import { assert } from "@effect/vitest"
import { type Line } from "@holdfast/core/provider/BatchProvider"
import { Effect, Schema } from "effect"
import { Tool } from "effect/ai"

import * as Reply from "../../../Reply.ts"
import { check, type Check, linesOf, over, requestOf, submit, type Trial } from "./trial.ts"

const Place = Schema.Struct({ city: Schema.String, districts: Schema.Array(Schema.String) })

const Weather = Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })

const usage = { input: 30, cacheRead: 20, output: 9, reasoning: 5 }

const replies: Readonly<Record<string, Reply.Reply>> = {
  text: Reply.text("Grüße aus Oslo 🌧", { usage }),
  thought: Reply.answer({ reasoning: "It may rain.", signature: "c2lnbmVk", text: "Take a coat.", usage }),
  tool: Reply.answer({
    signature: "c2lnbmVk",
    toolCalls: [{ id: "call00001", name: "weather", params: { city: "Oslo" } }],
    usage,
  }),
  json: Reply.json({ city: "Oslo", districts: ["Frogner"] }, { usage }),
  refusal: Reply.answer({ refusal: "I will not say.", usage }),
  cut: Reply.text("Take a", { finish: "length", usage }),
}

const kindIn = (body: unknown): string => /kind-(\w+)/.exec(JSON.stringify(body))?.[1] ?? "text"

const requests = ({ batch }: Trial) =>
  Object.keys(replies).map((kind) => ({
    kind,
    request: requestOf(batch, `kind-${kind}`, {
      ...(kind === "tool" && { tools: [Weather] }),
      ...(kind === "json" && { schema: Place as unknown as Schema.Codec<unknown, unknown> }),
    }),
  }))

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
    const { batch, emulator, live, subject } = trial
    yield* emulator.respond(subject.dialect, ({ body }) => replies[kindIn(body)] ?? Reply.status(500))
    const prepared = yield* Effect.forEach(requests(trial), ({ kind, request }) =>
      Effect.map(batch.prepare(request), (made) => ({ kind, request, ...made })),
    )
    const id = yield* submit(
      batch,
      prepared.map(({ body, kind }) => ({ id: kind, body })),
    )
    assert.strictEqual((yield* over(batch, id)).state, "ended")
    const { lines } = yield* linesOf(batch, id)
    assert.strictEqual(lines.length, prepared.length)
    for (const { kind, read, request } of prepared) {
      const line = lines.find(
        (one): one is Extract<Line, { _tag: "Answered" }> => one._tag === "Answered" && one.id === kind,
      )
      const outcome = line === undefined ? undefined : yield* Effect.result(read(line.body))
      const alive = yield* Effect.result(Effect.scoped(live.generate(request)))
      assert.isDefined(outcome, `a line of ${kind}`)
      assert.strictEqual(outcome?._tag, alive._tag, kind)
      if (outcome?._tag === "Success" && alive._tag === "Success") {
        assert.deepStrictEqual(comparable(outcome.success.parts), comparable(alive.success.parts), kind)
        assert.isNotEmpty(outcome.success.parts)
      }
      if (outcome?._tag === "Failure" && alive._tag === "Failure") {
        assert.deepStrictEqual(comparable(outcome.failure), comparable(alive.failure), kind)
      }
    }
  }),
)

const sameBody = check("puts into a batch what a live request would send", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, live } = trial
    for (const { kind, request } of requests(trial)) {
      yield* emulator.reset
      const { body } = yield* batch.prepare(request)
      yield* Effect.exit(Effect.scoped(live.generate(request)))
      const sent = (yield* emulator.requests).map((one) => one.body)
      assert.deepStrictEqual(sent, [JSON.parse(JSON.stringify(body))], kind)
    }
  }),
)

const counted = check("counts what was made and what it used", (trial) =>
  Effect.gen(function* () {
    const { batch, emulator, subject } = trial
    yield* emulator.respond(subject.dialect, () => Reply.text("yes", { usage }))
    const made = yield* batch.prepare(requestOf(batch, "hi"))
    const id = yield* submit(batch, [
      { id: "a", body: made.body },
      { id: "b-2_X", body: made.body },
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
    const { batch, emulator, subject } = trial
    yield* emulator.script(subject.dialect, Reply.text("yes"), Reply.status(400, { message: "It is too bad." }))
    const made = yield* batch.prepare(requestOf(batch, "hi"))
    const items = ["a", "b"].map((id) => ({ id, body: made.body }))
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
