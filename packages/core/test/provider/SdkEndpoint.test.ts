import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { AiError } from "effect/ai"

import { noMoreEvents, WholeAnswer } from "../../src/provider/AnswerBody.ts"
import { AnswerEvents } from "../../src/provider/AnswerResponse.ts"
import { fromUnknown, malformed } from "../../src/provider/ProviderError.ts"
import * as SdkEndpoint from "../../src/provider/SdkEndpoint.ts"
import { origin } from "../scripted.ts"

const thrown: Array<boolean> = []

const endpoint = (body: string, failure?: unknown) =>
  SdkEndpoint.make<string, [suffix?: string]>({
    origin,
    fromThrown: (inStream) => (cause) => {
      thrown.push(inStream)
      return fromUnknown(origin, cause, inStream)
    },
    fromErrorAnswer: ({ body: error, headers, inStream, plain }) => {
      seen.push({ error, headers, inStream, plain })
      return malformed(origin, "reported", inStream)
    },
    once: (_, given, suffix = "") => answer(body + given + suffix, failure),
    open: (_, given, suffix = "") => answer(body + given + suffix, failure),
  })

const seen: Array<unknown> = []

const answer = (body: string, failure: unknown) =>
  failure === undefined
    ? Promise.resolve(new Response(body, { headers: { "X-Request-Id": "r", "content-type": "any/thing" } }))
    : Promise.reject(failure)

const headers = { "x-request-id": "r", "content-type": "any/thing" }

describe("an endpoint", () => {
  it.effect("answers as a whole and event by event, with the headers in lower case", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* endpoint("").once('{"a":', "1}"), { headers, parts: { a: 1 } })
      const { headers: head, parts } = yield* endpoint("").open('data: {"a":1}\n\n', 'data: {"a":2}')
      assert.deepStrictEqual(head, headers)
      assert.deepStrictEqual(yield* Stream.runCollect(parts), [{ a: 1 }, { a: 2 }])
    }),
  )

  it.effect("gives what came, whatever was asked for", () =>
    Effect.gen(function* () {
      const { parts } = yield* endpoint("").once("data: 1\n\ndata: [DONE]")
      assert.deepStrictEqual(parts, new AnswerEvents([1, noMoreEvents]))
      const { parts: events } = yield* endpoint("").open('{"a":1}')
      assert.deepStrictEqual(yield* Stream.runCollect(events), [new WholeAnswer({ a: 1 })])
      const nothing = yield* Effect.flip(endpoint("").once(""))
      assert.strictEqual(nothing.reason._tag, "InvalidResponseError")
    }),
  )

  it.effect("reads an error of status 200 the same in either mode", () =>
    Effect.gen(function* () {
      seen.splice(0)
      const { once, open } = endpoint('{"error":')
      const drained = Effect.scoped(Effect.flatMap(open('"no"}'), ({ parts }) => Stream.runDrain(parts)))
      for (const call of [Effect.asVoid(once('"no"}')), drained]) {
        assert.include((yield* Effect.flip(call)).message, "reported")
      }
      const expected = { error: { error: "no" }, headers, inStream: false, plain: undefined }
      assert.deepStrictEqual(seen, [expected, expected])
    }),
  )

  it.effect("takes no page for an answer, and quotes none", () =>
    Effect.gen(function* () {
      const { once, open } = endpoint("<html>the secret")
      const drained = Effect.scoped(Effect.flatMap(open(""), ({ parts }) => Stream.runDrain(parts)))
      for (const call of [Effect.asVoid(once("")), drained]) {
        const error = yield* Effect.flip(call)
        assert.strictEqual(error.reason._tag, "InvalidResponseError")
        assert.notInclude(error.message, "secret")
      }
    }),
  )

  it.effect("says whether something may have come before what the SDK threw", () =>
    Effect.gen(function* () {
      thrown.splice(0)
      const { once, open } = endpoint("", new Error("no"))
      for (const call of [once("a"), Effect.scoped(open("a"))]) {
        assert.isTrue(AiError.isAiError(yield* Effect.flip(Effect.asVoid(call))))
      }
      assert.deepStrictEqual(thrown, [false, true])
    }),
  )

  it.effect("gives access to the whole SDK", () =>
    Effect.gen(function* () {
      const use = SdkEndpoint.use({ list: () => Promise.resolve(["a"]) }, (cause) => fromUnknown(origin, cause, false))
      assert.deepStrictEqual(yield* use((sdk) => sdk.list()), ["a"])
      const error = yield* Effect.flip(use(() => Promise.reject(new Error("no"))))
      assert.isTrue(AiError.isAiError(error))
    }),
  )
})
