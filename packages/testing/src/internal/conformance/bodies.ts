import { assert } from "@effect/vitest"
import * as Failure from "@holdfast/core/Failure"
import * as Fallback from "@holdfast/core/Fallback"
import { Duration, Effect, Result } from "effect"

import * as Fault from "../../Fault.ts"
import * as Reply from "../../Reply.ts"
import * as ScriptedModel from "../../ScriptedModel.ts"
import {
  type Check,
  finishOf,
  inBothModes,
  inTurn,
  type Meaning,
  meaningOf,
  type Mode,
  textOf,
  type Trial,
} from "./trial.ts"

const events = { "content-type": "text/event-stream" }
const json = { "content-type": "application/json; charset=utf-8" }
const plain = { "content-type": "text/plain" }
const html = { "content-type": "text/html" }

const raw = (headers: Readonly<Record<string, string>>, body: string) => Reply.raw({ status: 200, headers, body })

/** How so many requests fail, one after the other. */
const failuresOf = (trial: Trial, mode: Mode, count: number) =>
  Effect.map(inTurn(trial, mode, count), (results) =>
    results.map((result, at) =>
      Result.isFailure(result) ? result.failure : assert.fail(`request ${at} did not fail`),
    ),
  )

const reported: ReadonlyArray<readonly [reply: Reply.Reply, meaning: Meaning]> = [
  [Reply.status(401), ["AuthenticationError", "fatal"]],
  [Reply.rateLimited(), ["RateLimitError", "throttled"]],
  [Reply.quotaExhausted(), ["QuotaExhaustedError", "fatal"]],
  [Reply.overloaded(), ["InternalProviderError", "overloaded"]],
]

const errors = inBothModes("reads an error of status 200 like one of its own", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(...reported.map(([reply]) => reply.pipe(Fault.status(200))))
    assert.deepStrictEqual(
      (yield* failuresOf(trial, mode, reported.length)).map(meaningOf),
      reported.map(([, meaning]) => meaning),
    )
    assert.lengthOf(yield* trial.bodies, reported.length)
  }),
)

const slowDown = JSON.stringify({
  error: { type: "rate_limit_error", status: "RESOURCE_EXHAUSTED", code: 429, message: "slow down" },
})

const spellings: ReadonlyArray<Reply.Reply> = [
  raw(json, slowDown),
  raw(plain, `\n ${slowDown}\n`),
  raw(html, `\uFEFF${slowDown}`),
  raw({}, `[${slowDown}]`),
  raw(events, slowDown),
  raw(events, `data: ${slowDown}\n\n`),
  raw(events, `event: error\ndata: ${slowDown}\n\n`),
  raw(json, `data: [${slowDown}]\r\n\r\n`),
  raw({}, `: ping\n\n${slowDown}\n`),
  raw(plain, `data: ${slowDown}\n\ndata: [DONE]\n\n`),
]

const everySpelling = inBothModes("knows an error however it is spelled", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(...spellings)
    for (const [at, error] of (yield* failuresOf(trial, mode, spellings.length)).entries()) {
      assert.deepStrictEqual(meaningOf(error), ["RateLimitError", "throttled"], `spelling ${at}`)
    }
  }),
)

const date = "Tue, 24 Nov 2026 08:00:00 GMT"
const past = { date, "retry-after": "Tue, 24 Nov 2026 07:59:00 GMT" }

const hints: ReadonlyArray<readonly [reply: Reply.Reply, hint: Duration.Input | undefined]> = [
  [Reply.rateLimited({ headers: { "retry-after": "7" } }).pipe(Fault.status(200)), "7 seconds"],
  [Reply.rateLimited({ headers: past, message: "slow down" }), undefined],
  [Reply.overloaded({ headers: past }).pipe(Fault.status(200)), undefined],
]

const withHints = inBothModes(
  "reads when to come back of such an error, and takes no past date for a hint",
  (trial, mode) =>
    Effect.gen(function* () {
      yield* trial.script(...hints.map(([reply]) => reply))
      for (const [at, error] of (yield* failuresOf(trial, mode, hints.length)).entries()) {
        const hint = hints[at]?.[1]
        const { retryAfter } = Failure.classify(error)
        assert.deepStrictEqual(retryAfter, hint === undefined ? undefined : Duration.fromInputUnsafe(hint))
      }
    }),
)

const types = [json, plain, html, events, { "content-type": "application/octet-stream" }, {}]

const anyType = inBothModes("reads an answer of any content type", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(
      ...types.map((type) => Reply.text("hello").pipe(Fault.headers({ "content-type": "", ...type }))),
    )
    for (const result of yield* inTurn(trial, mode, types.length)) {
      const parts = yield* Effect.fromResult(result)
      assert.strictEqual(textOf(parts), "hello")
      assert.strictEqual(finishOf(parts)?.reason, "stop")
    }
  }),
)

const secret = "sesame-8841"

const unreadable = [
  raw(html, `<!doctype html><p>${secret}</p>`),
  raw(json, `<html>${secret}</html>`),
  raw(events, `  <p>${secret}`),
  raw(plain, secret),
  raw({}, `${secret}\nand more`),
  raw(json, `{"${secret}": `),
  raw(events, `data: {"${secret}\n\n`),
  raw(json, `{"${secret}": 1}`),
  raw(json, `["${secret}"]`),
]

const quotesNothing = inBothModes("takes no page and no other text for an answer, and quotes neither", (trial, mode) =>
  Effect.gen(function* () {
    yield* trial.script(...unreadable)
    for (const [at, error] of (yield* failuresOf(trial, mode, unreadable.length)).entries()) {
      assert.include(["InvalidResponseError", "StreamTruncated"], meaningOf(error)[0], `body ${at}`)
      assert.notInclude(`${String(error)}${JSON.stringify(error)}`, secret, `body ${at}`)
    }
  }),
)

const nothing = inBothModes("takes an answer of nothing for a failure, which is paid", (trial, mode) =>
  Effect.gen(function* () {
    const empty = Reply.answer({ usage: { input: 3, output: 0 } })
    const other = ScriptedModel.model(ScriptedModel.text("other"))
    yield* trial.script(empty, empty)
    const error = yield* Effect.flip(trial.ask(mode))
    assert.deepStrictEqual(meaningOf(error), ["InvalidResponseError", "transient"])
    assert.isTrue(Failure.classify(error).billed)
    const taken = yield* trial.ask(mode, { policy: Fallback.to(other) })
    assert.strictEqual(textOf(taken), "other")
  }),
)

/** What bodies of status 200 are. */
export const bodies: ReadonlyArray<Check> = [
  ...errors,
  ...everySpelling,
  ...withHints,
  ...anyType,
  ...quotesNothing,
  ...nothing,
]
