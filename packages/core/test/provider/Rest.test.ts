import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"

import { fromFault, fromUnknown, malformed } from "../../src/provider/ProviderError.ts"
import * as Rest from "../../src/provider/Rest.ts"
import { origin } from "../scripted.ts"

const rest = (response: () => Response | Promise<Response>, sent: Array<Rest.Request> = []) =>
  Rest.make({
    origin: (path) => ({ ...origin, url: `https://api.test${path}` }),
    send: (request) => {
      sent.push(request)
      return Promise.resolve().then(response)
    },
    fromThrown: (from) => (cause) => fromUnknown(from, cause, false),
    fromErrorAnswer: (from) => () => malformed(from, "reported", true),
  })

const get = { method: "GET", path: "/things?limit=1" } as const

describe("an API by its paths", () => {
  it.effect("gives JSON, whatever it says, and nothing for an empty body", () =>
    Effect.gen(function* () {
      const sent: Array<Rest.Request> = []
      assert.deepStrictEqual(yield* rest(() => new Response('{"error":{"message":"no"}}'), sent).json(get), {
        error: { message: "no" },
      })
      assert.strictEqual(yield* rest(() => new Response(" \n")).json(get), undefined)
      assert.deepStrictEqual(sent, [get])
      const { answer, headers } = yield* rest(() => new Response("1", { headers: { "X-Place": "here" } })).exchange(get)
      assert.strictEqual(answer, 1)
      assert.strictEqual(headers["x-place"], "here")
    }),
  )

  it.effect("fails where it is no JSON or breaks", () =>
    Effect.gen(function* () {
      const page = yield* Effect.flip(rest(() => new Response("<html>")).json(get))
      assert.strictEqual(page.reason._tag, "InvalidResponseError")
      const gone = yield* Effect.flip(rest(() => Promise.reject(new TypeError("fetch failed"))).json(get))
      assert.strictEqual(gone.reason._tag, "NetworkError")
      // The query may hold what is secret.
      assert.include(JSON.stringify(gone), "https://api.test/things")
      assert.notInclude(JSON.stringify(gone), "limit")
    }),
  )

  it.effect("gives bytes as they come, and lets go of what is not read", () =>
    Effect.gen(function* () {
      let aborted = false
      const api = Rest.make({
        origin: () => origin,
        send: (_, signal) => {
          signal.addEventListener("abort", () => {
            aborted = true
          })
          let count = 0
          const body = new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array([count++])),
          })
          return Promise.resolve(new Response(body))
        },
        fromThrown: () => (cause) => fromUnknown(origin, cause, false),
        fromErrorAnswer: () => () => malformed(origin, "reported", true),
      })
      const pieces = yield* Stream.runCollect(Stream.take(api.bytes("/file"), 2))
      assert.deepStrictEqual(
        pieces.map((piece) => Array.from(piece)),
        [[0], [1]],
      )
      assert.isTrue(aborted)
      assert.deepStrictEqual(yield* Stream.runCollect(rest(() => new Response(null)).bytes("/file")), [])
    }),
  )

  it.effect("says what is missing, or which error is there instead", () =>
    Effect.gen(function* () {
      const api = rest(() => new Response("{}"))
      const required = (answer: unknown) => Effect.result(Rest.required(api, "/things", { answer, key: "id" }))
      assert.deepStrictEqual(yield* required({ id: "a" }), Result.succeed("a"))
      for (const [answer, message] of [
        [{ id: 1 }, 'without "id"'],
        [undefined, 'without "id"'],
        [{ error: null }, 'without "id"'],
        [{ error: { message: "no" } }, "reported"],
      ] as const) {
        const outcome = yield* required(answer)
        assert.include(Result.isFailure(outcome) ? outcome.failure.message : "none", message)
      }
    }),
  )

  it.effect("takes some statuses for success", () =>
    Effect.gen(function* () {
      const failing = (status: number) => Effect.fail(fromFault(origin, { message: "no", status }))
      yield* Rest.ignoring([404], failing(404))
      yield* Rest.ignoring([404], Effect.succeed(1))
      assert.isDefined(yield* Effect.flip(Rest.ignoring([404], failing(403))))
      const network = Effect.fail(fromUnknown(origin, new TypeError("fetch failed"), false))
      assert.isDefined(yield* Effect.flip(Rest.ignoring([404], network)))
    }),
  )
})
