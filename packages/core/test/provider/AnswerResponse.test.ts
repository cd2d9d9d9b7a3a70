import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"

import { noMoreEvents, WholeAnswer } from "../../src/provider/AnswerBody.ts"
import * as AnswerResponse from "../../src/provider/AnswerResponse.ts"
import { longestBody } from "../../src/provider/BoundedBody.ts"
import { fromUnknown, malformed } from "../../src/provider/ProviderError.ts"
import { origin, timed, timePasses } from "../scripted.ts"

type Bytes = Uint8Array<ArrayBuffer>

const encoder = new TextEncoder()

/** A body that gives these pieces and then ends, stays open, or breaks. */
const bodyOf = (pieces: ReadonlyArray<string | Bytes>, ending: "end" | "open" | Error = "end") => {
  const left = [...pieces]
  const state = { pulls: 0 }
  const body = new ReadableStream<Bytes>(
    {
      pull: (controller) => {
        state.pulls++
        const piece = left.shift()
        if (piece !== undefined) controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece)
        else if (ending === "end") controller.close()
        else if (ending !== "open") controller.error(ending)
        return ending === "open" && piece === undefined ? new Promise<void>(() => {}) : undefined
      },
    },
    { highWaterMark: 0 },
  )
  return { body, state }
}

const options = (body: ReadableStream<Bytes> | null): AnswerResponse.Options => ({
  origin,
  request: () => Promise.resolve(new Response(body)),
  fromThrown: (cause) => fromUnknown(origin, cause, true),
  fromErrorAnswer: ({ inStream }) => malformed(origin, "reported", inStream),
})

const events = (body: ReadableStream<Bytes> | null) =>
  Effect.scoped(Effect.flatMap(AnswerResponse.open(options(body)), (opened) => Stream.runCollect(opened.events)))

const bytes = (text: string): ReadonlyArray<Bytes> => Array.from(encoder.encode(text), (byte) => new Uint8Array([byte]))

describe("a response", () => {
  it.effect("is read through characters that are cut", () =>
    Effect.gen(function* () {
      const { body } = bodyOf(bytes('\uFEFFdata: {"a":"größer 🦄"}\r\n\r\ndata: [DONE]'))
      assert.deepStrictEqual(yield* events(body), [{ a: "größer 🦄" }, noMoreEvents])
    }),
  )

  it.effect("that has no body says nothing", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* events(null), [])
      const error = yield* Effect.flip(AnswerResponse.whole(options(null)))
      assert.include(error.message, "empty")
    }),
  )

  it.effect("gives what came before it breaks", () =>
    Effect.gen(function* () {
      const { body } = bodyOf(["data: 1\n\n"], new TypeError("terminated"))
      const seen: Array<unknown> = []
      const reading = Effect.flatMap(AnswerResponse.open(options(body)), (opened) =>
        Stream.runForEach(opened.events, (event) => Effect.sync(() => seen.push(event))),
      )
      const error = yield* Effect.flip(Effect.scoped(reading))
      assert.deepStrictEqual([seen, error.reason._tag], [[1], "NetworkError"])
    }),
  )

  it.effect("that does not end is given up, whatever it holds", () =>
    Effect.gen(function* () {
      const mebibyte = new Uint8Array(1024 * 1024).fill(97)
      for (const [begin, complaint] of [
        ['{"a":"', "the answer exceeds"],
        ["data: ", "an event exceeds"],
        ["words", "an event exceeds"],
      ] as const) {
        const { body, state } = bodyOf([begin, ...Array.from({ length: 200 }, () => mebibyte)])
        const error = yield* Effect.flip(AnswerResponse.whole(options(body)))
        assert.include(error.message, complaint)
        assert.isAtMost(state.pulls, longestBody / mebibyte.length + 3)
      }
    }),
  )
})

describe("JSON on a connection that stays open", () => {
  it.effect("is over a quarter of a second after it is whole", () =>
    Effect.gen(function* () {
      const { body } = bodyOf(['{"a":', '{"b":1}', "}\n"], "open")
      const fiber = yield* Effect.forkChild(timed(events(body)))
      const [found, took] = yield* timePasses(Fiber.join(fiber))
      assert.deepStrictEqual([found, took], [[new WholeAnswer({ a: { b: 1 } })], 250])
    }),
  )

  it.effect("is waited for while it is not whole, and nothing of it is lost", () =>
    Effect.gen(function* () {
      let give: ((piece: string) => void) | undefined
      const body = new ReadableStream<Bytes>({
        start: (controller) => {
          give = (piece) => {
            controller.enqueue(encoder.encode(piece))
          }
        },
      })
      const fiber = yield* Effect.forkChild(AnswerResponse.whole(options(body)), { startImmediately: true })
      const settles = Effect.andThen(
        Effect.promise(() => new Promise(setImmediate)),
        TestClock.adjust("1 second"),
      )
      give?.('{"a":{}')
      for (const _ of [1, 2, 3]) yield* settles
      assert.isUndefined(fiber.pollUnsafe())
      give?.(',"b":2}')
      for (const _ of [1, 2, 3]) yield* settles
      assert.deepStrictEqual((yield* Fiber.join(fiber)).answer, { a: {}, b: 2 })
    }),
  )
})

describe("an answer in bytes", () => {
  const asked = (body: ReadableStream<Bytes> | null, headers: Record<string, string> = {}, maxBytes = 8) =>
    AnswerResponse.bytes({
      ...options(body),
      maxBytes,
      request: () => Promise.resolve(new Response(body, { headers: { "content-type": "audio/mpeg", ...headers } })),
    })

  it.effect("is put together of its pieces", () =>
    Effect.gen(function* () {
      const { body } = bodyOf([Uint8Array.of(255, 251), Uint8Array.of(), Uint8Array.of(0)])
      const { answer, head } = yield* asked(body)
      assert.deepStrictEqual([[...answer], head["content-type"]], [[255, 251, 0], "audio/mpeg"])
    }),
  )

  it.effect("is bounded, and read no further", () =>
    Effect.gen(function* () {
      const { body, state } = bodyOf(["12345", "6789", "never"], "open")
      const error = yield* Effect.flip(asked(body))
      assert.include(error.message, "exceeds 8 bytes")
      assert.strictEqual(state.pulls, 2)
    }),
  )

  it.effect("that is empty, breaks, or is none is a failure", () =>
    Effect.gen(function* () {
      for (const body of [null, bodyOf([]).body, bodyOf(["1"], new TypeError("terminated")).body]) {
        const error = yield* Effect.flip(asked(body))
        assert.isTrue(["InvalidResponseError", "NetworkError"].includes(error.reason._tag))
      }
      const json = { "content-type": "application/json" }
      const reported = yield* Effect.flip(asked(bodyOf(['{"error":{"message":"no"}}']).body, json))
      assert.include(reported.message, "reported")
      for (const text of ['{"ok":true}', "", "[]"]) {
        assert.strictEqual((yield* Effect.flip(asked(bodyOf([text]).body, json))).reason._tag, "InvalidResponseError")
      }
      const page = { "content-type": "text/html" }
      assert.include((yield* Effect.flip(asked(bodyOf(["<html></html>"]).body, page))).message, "page")
    }),
  )
})
