import { assert } from "@effect/vitest"
import * as Failure from "@holdfast/core/Failure"
import { Duration, Effect } from "effect"

import { type ErrorKind } from "../../Fault.ts"
import * as Fault from "../../Fault.ts"
import * as Reply from "../../Reply.ts"
import { type Check, check, failing, framesToText, inBothModes, type Meaning } from "./trial.ts"

const fatal: Meaning = ["InvalidRequestError", "fatal"]
const transient: Meaning = ["InternalProviderError", "transient"]
const overloaded: Meaning = ["InternalProviderError", "overloaded"]
const throttled: Meaning = ["RateLimitError", "throttled"]
const exhausted: Meaning = ["QuotaExhaustedError", "fatal"]

const statuses: ReadonlyArray<readonly [status: number, meaning: Meaning]> = [
  [400, fatal],
  [401, ["AuthenticationError", "fatal"]],
  [402, exhausted],
  [403, ["AuthenticationError", "fatal"]],
  [404, fatal],
  [408, transient],
  [409, transient],
  [413, fatal],
  [422, fatal],
  [429, throttled],
  [500, transient],
  [502, transient],
  [504, transient],
  [529, overloaded],
]

// No provider may repeat a request by itself, or attempts would multiply.
const byStatus = statuses.flatMap(([status, meaning]) =>
  inBothModes(`reads status ${status} as ${meaning.join(", ")}`, (trial, mode) =>
    Effect.gen(function* () {
      yield* trial.script(Reply.status(status))
      assert.deepStrictEqual(yield* failing(trial.ask(mode)), meaning)
      assert.lengthOf(yield* trial.bodies, 1)
    }),
  ),
)

const unavailable = inBothModes("reads status 503 as overloaded where the provider says so", (trial, mode) =>
  Effect.gen(function* () {
    // Anthropic has a status of its own for it.
    const meaning = trial.dialect === "anthropic" ? transient : overloaded
    yield* trial.script(Reply.status(503), Reply.overloaded())
    assert.deepStrictEqual(yield* failing(trial.ask(mode)), meaning)
    assert.deepStrictEqual(yield* failing(trial.ask(mode)), overloaded)
    assert.lengthOf(yield* trial.bodies, 2)
  }),
)

const quota = inBothModes("tells an exhausted quota from a rate limit", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.quotaExhausted(), Reply.rateLimited())
    assert.deepStrictEqual(yield* failing(trial.ask(mode)), exhausted)
    assert.deepStrictEqual(yield* failing(trial.ask(mode)), throttled)
  }),
)

const date = "Tue, 24 Nov 2026 08:00:00 GMT"

const hints: ReadonlyArray<readonly [name: string, reply: Reply.Reply, hint: Duration.Input]> = [
  ["in milliseconds", Reply.rateLimited({ retryAfterMs: "1500 millis" }), "1500 millis"],
  ["in seconds", Reply.rateLimited({ retryAfter: "7 seconds" }), "7 seconds"],
  ["of an overload", Reply.overloaded({ retryAfter: "4 seconds" }), "4 seconds"],
  [
    "as a date, against the date of the answer itself",
    Reply.rateLimited({ headers: { date, "retry-after": "Tue, 24 Nov 2026 08:00:42 GMT" } }),
    "42 seconds",
  ],
  ["by a proxy, on another status", Reply.status(502, { headers: { "retry-after": "3" } }), "3 seconds"],
]

const withHints = hints.flatMap(([name, reply, hint]) =>
  inBothModes(`passes on when to come back: ${name}`, (trial, mode) =>
    Effect.gen(function* () {
      yield* trial.script(reply)
      const error = yield* Effect.flip(trial.ask(mode))
      const { retryAfter } = Failure.classify(error)
      assert.strictEqual(retryAfter && Duration.toMillis(retryAfter), Duration.toMillis(hint))
    }),
  ),
)

const pages = inBothModes("reads a proxy's HTML page by its status", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.html(502), Reply.html(503), Reply.html(403))
    assert.deepStrictEqual(yield* failing(trial.ask(mode)), transient)
    assert.deepStrictEqual(yield* failing(trial.ask(mode)), transient)
    assert.deepStrictEqual(yield* failing(trial.ask(mode)), ["AuthenticationError", "fatal"])
  }),
)

const cutPages = inBothModes("reads an error whose body is cut by its status", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(
      Reply.raw({ status: 500, headers: { "content-type": "application/json" }, body: '{"half' }),
      Reply.raw({ status: 302, headers: { location: "https://b.example/" }, body: "" }),
    )
    assert.deepStrictEqual(yield* failing(trial.ask(mode)), transient)
    assert.deepStrictEqual(yield* failing(trial.ask(mode)), ["InvalidResponseError", "transient"])
  }),
)

const refusals = inBothModes("reports a refusal for reasons of content", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(Reply.answer({ refusal: "I will not" }), Reply.answer({ finish: "content-filter" }))
    const error = yield* Effect.flip(trial.ask(mode))
    assert.deepStrictEqual([Failure.tagOf(error), Failure.classify(error).kind], ["ContentPolicyError", "fatal"])
    assert.include(String(error), "I will not")
    assert.deepStrictEqual(yield* failing(trial.ask(mode)), ["ContentPolicyError", "fatal"])
  }),
)

const inStream: ReadonlyArray<readonly [kind: ErrorKind, meaning: Meaning]> = [
  ["overloaded", overloaded],
  ["server_error", transient],
  ["rate_limit", throttled],
  ["insufficient_quota", exhausted],
  ["timeout", transient],
]

const errorsInStream = inStream.map(([kind, meaning]) =>
  check(`reads an error inside a stream: ${kind}`, (trial) =>
    Effect.gen(function* () {
      const answer = Reply.text(["a", "b", "c"])
      yield* trial.script(
        answer.pipe(Fault.errorAfter(0, kind)),
        answer.pipe(Fault.errorAfter(framesToText(trial.dialect) + 1, kind)),
      )
      assert.deepStrictEqual(yield* failing(trial.ask("stream")), meaning)
      const late = yield* Effect.flip(trial.ask("stream"))
      assert.deepStrictEqual([Failure.tagOf(late), Failure.classify(late).kind], [...meaning])
      assert.isTrue(Failure.classify(late).billed, "what was generated before the error is billed")
    }),
  ),
)

const errorsInBody = inStream.map(([kind, meaning]) =>
  check(`reads an error in a body of status 200: ${kind}`, (trial) =>
    Effect.gen(function* () {
      yield* trial.script(Reply.text("hello").pipe(Fault.errorAfter(0, kind)))
      assert.deepStrictEqual(yield* failing(trial.ask("generate")), meaning)
    }),
  ),
)

/** What the provider says no with. */
export const failures: ReadonlyArray<Check> = [
  ...byStatus,
  ...unavailable,
  ...quota,
  ...withHints,
  ...pages,
  ...cutPages,
  ...refusals,
  ...errorsInStream,
  ...errorsInBody,
]
