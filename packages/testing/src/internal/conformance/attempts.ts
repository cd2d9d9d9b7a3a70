import { inspect } from "node:util"

import { assert } from "@effect/vitest"
import type * as Event from "@holdfast/core/Event"
import * as Fallback from "@holdfast/core/Fallback"
import * as Retry from "@holdfast/core/Retry"
import { Duration, Effect, Inspectable, Schedule, Stream } from "effect"
import { LanguageModel } from "effect/ai"

import * as Fault from "../../Fault.ts"
import * as Reply from "../../Reply.ts"
import * as ScriptedModel from "../../ScriptedModel.ts"
import { type ChatDialectName } from "../emulator/dialect.ts"
import {
  answerTo,
  attemptsIn,
  type Check,
  check,
  framesToText,
  inBothModes,
  type Policy,
  secret,
  watched,
} from "./trial.ts"

/** Gemini sends neither an id of the request nor its rate limits. */
const sendsHeaders = (dialect: ChatDialectName): boolean => dialect !== "google"

const completed = inBothModes("records one attempt per request", (trial, mode) =>
  Effect.gen(function* () {
    const events: Array<Event.Event> = []
    yield* trial.script(Reply.text("hello there", { usage: { input: 12, output: 4 } }))
    yield* watched(trial.ask(mode), events)
    assert.deepStrictEqual(
      events.map(({ _tag }) => _tag),
      ["CallStarted", "AttemptStarted", "AttemptEnded", "CallEnded"],
    )
    const [attempt] = attemptsIn(events)
    const [request] = yield* trial.emulator.requests
    assert.deepStrictEqual(attempt?.outcome, { _tag: "Completed", finish: "stop" })
    assert.strictEqual(attempt?.request.mode, mode)
    assert.strictEqual(attempt?.usage?.inputTokens.total, 12)
    assert.strictEqual(attempt?.usage?.outputTokens.total, 4)
    assert.isAtLeast(attempt?.deliveredParts ?? 0, 1)
    assert.isDefined(attempt?.timeToFirstPart)
    assert.isTrue(Duration.isGreaterThan(attempt?.duration ?? Duration.zero, Duration.zero))
    assert.strictEqual(attempt?.responseModel, request?.model)
    if (!sendsHeaders(trial.dialect)) return
    assert.strictEqual(attempt?.requestId, request?.requestId)
    assert.isTrue(
      Object.keys(attempt?.headers ?? {}).some((name) => /ratelimit-.*remaining|ratelimit-remaining/.test(name)),
    )
  }),
)

const failed = inBothModes("records failed attempts with their request id and hint", (trial, mode) =>
  Effect.gen(function* () {
    const events: Array<Event.Event> = []
    yield* trial.script(Reply.rateLimited({ retryAfter: "9 seconds" }))
    yield* Effect.flip(watched(trial.ask(mode), events))
    const [attempt] = attemptsIn(events)
    const [request] = yield* trial.emulator.requests
    assert.strictEqual(attempt?.outcome._tag, "Failed")
    assert.strictEqual(attempt?.retryAfter && Duration.toSeconds(attempt.retryAfter), 9)
    assert.isUndefined(attempt?.timeToFirstPart)
    if (sendsHeaders(trial.dialect)) assert.strictEqual(attempt?.requestId, request?.requestId)
  }),
)

const broken = check("records what a broken stream had delivered", (trial) =>
  Effect.gen(function* () {
    const events: Array<Event.Event> = []
    yield* trial.script(Reply.text(["a", "b", "c"]).pipe(Fault.endAfter(framesToText(trial.dialect) + 1)))
    yield* Effect.flip(watched(trial.ask("stream"), events))
    const [attempt] = attemptsIn(events)
    assert.strictEqual(attempt?.outcome._tag === "Failed" && attempt.outcome.committed, true)
    assert.strictEqual(attempt?.deliveredParts, 2)
    assert.isDefined(attempt?.timeToFirstPart)
  }),
)

/** Everything that a log might write of a value. */
const written = (value: unknown): string =>
  [
    inspect(value, { depth: 20, showHidden: true }),
    // Spans count their nanoseconds in bigints.
    JSON.stringify(value, (_, field: unknown) => (typeof field === "bigint" ? String(field) : field)) ?? "",
    Inspectable.toStringUnknown(value),
    String(value),
    value instanceof Error ? `${value.message} ${value.stack}` : "",
  ].join("\n")

const hidden = inBothModes("shows the key nowhere", (trial, mode) =>
  Effect.gen(function* () {
    const events: Array<Event.Event> = []
    // Some providers repeat the key, or a part of it, in what they say.
    const echo = { message: `Incorrect API key provided: ${secret}.` }
    const answer = Reply.text(["a", "b"])
    yield* trial.script(
      Reply.status(401, echo),
      Reply.raw({ status: 502, headers: { "content-type": "text/html" }, body: `<html><body>${secret}</body></html>` }),
      Reply.status(500, { body: secret, headers: { "x-echo": secret } }),
      Reply.raw({ status: 200, headers: { "content-type": "application/json" }, body: `{"${secret}` }),
      Reply.reset,
      answer.pipe(Fault.resetAfter(1)),
      answer.pipe(Fault.errorAfter(1, "server_error")),
    )
    const errors = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7], () => Effect.flip(watched(trial.ask(mode), events)))
    const refused = yield* Effect.flip(watched(trial.at("http://127.0.0.1:1").ask(mode), events))
    yield* watched(trial.ask(mode), events)
    assert.lengthOf(events, 36)
    for (const value of [...errors, refused, ...events]) assert.notInclude(written(value), secret)
    // The emulator saw it, so that it was really sent, and shows only its fingerprint.
    assert.notInclude(written(yield* trial.emulator.requests), secret)
  }),
)

const immediately = Schedule.recurs(2)

const backup = ScriptedModel.model(ScriptedModel.text("backup"), ScriptedModel.text("backup"))

const resilient: Policy = (model) => model.pipe(Retry.schedule(immediately), Fallback.to(backup))

const readText = Effect.fnUntraced(function* (seen: Array<string>) {
  yield* Stream.runForEach(LanguageModel.streamText({ prompt: "hi" }), (part) =>
    Effect.sync(() => {
      if (part.type === "text-delta") seen.push(part.delta)
    }),
  )
})

const onceOnly = check("delivers no text twice under retry and fallback", (trial) =>
  Effect.gen(function* () {
    const frames = framesToText(trial.dialect)
    const answer = Reply.text(["a", "b", "c"])
    // Before the commit point all is tried again; after it nothing is.
    yield* trial.script(
      Reply.overloaded(),
      answer.pipe(Fault.endAfter(frames - 1)),
      answer.pipe(Fault.resetAfter(frames + 1)),
    )
    const seen: Array<string> = []
    const events: Array<Event.Event> = []
    const error = yield* Effect.flip(watched(trial.run(readText(seen), resilient), events))
    assert.isDefined(error)
    assert.deepStrictEqual(seen, ["a", "b"])
    assert.lengthOf(attemptsIn(events), 3)
    assert.lengthOf(yield* trial.bodies, 3)
  }),
)

const takesOver = inBothModes("hands over to another model when it fails for good", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.status(500), Reply.reset, Reply.rateLimited())
    const events: Array<Event.Event> = []
    const parts = yield* watched(trial.run(answerTo(mode, "hi"), resilient), events)
    assert.include(JSON.stringify(parts), "backup")
    assert.lengthOf(attemptsIn(events), 4)
    assert.lengthOf(yield* trial.bodies, 3)
  }),
)

const again = inBothModes("answers at the second attempt", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.overloaded(), Reply.text("hello"))
    const policy: Policy = Retry.schedule(immediately)
    const parts = yield* trial.ask(mode, { policy })
    assert.include(JSON.stringify(parts), "hello")
    assert.lengthOf(yield* trial.bodies, 2)
  }),
)

/** What is recorded of each attempt, and what policies may do with it. */
export const attempts: ReadonlyArray<Check> = [
  ...completed,
  ...failed,
  broken,
  ...hidden,
  onceOnly,
  ...takesOver,
  ...again,
]
