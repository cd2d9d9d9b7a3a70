import { assert, describe, it } from "@effect/vitest"
import { ChatClient, type ChatError, type ChatEvent } from "@holdfast/client/effect"
import { ChatServer } from "@holdfast/server"
import { ScriptedModel } from "@holdfast/testing"
import { Effect, Fiber, Layer, Result, Schedule, Stream } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

import { done, refuses, type Reply, says, serve, token, wire } from "./support/server.ts"

const start = { type: "start", answerId: "x" }
const ask = { messages: [{ role: "user", content: "Why do ships float?" }] } as const

const read = (events: Stream.Stream<ChatEvent, ChatError>) => {
  let text = ""
  return events.pipe(
    Stream.runForEach((event) =>
      Effect.sync(() => {
        if (event.type === "token") text += event.text
      }),
    ),
    Effect.result,
    Effect.map((result) => ({ text, error: Result.isFailure(result) ? result.failure : undefined })),
  )
}

const at = (url: string) =>
  Effect.provide(
    ChatClient,
    ChatClient.layer({ url, retry: Schedule.upTo(Schedule.spaced(0), { times: 3 }) }).pipe(
      Layer.provide(FetchHttpClient.layer),
    ),
  )

const asked = (url: string) => Effect.flatMap(at(url), (client) => read(client.ask(ask)))

describe("the client as a service", () => {
  it.live("reads an answer of a chat server", () =>
    Effect.gen(function* () {
      const chat = ChatServer.layerModel(ScriptedModel.model(ScriptedModel.text(["They ", "float."])))
      const { url } = yield* serve(Layer.provide(ChatServer.sse(), chat))
      assert.deepStrictEqual(yield* asked(`${url}/chat`), { text: "They float.", error: undefined })
    }),
  )

  it.live("goes on where the connection broke, and nothing comes twice", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* wire(
        says(1, [start, token("a"), token("b")], "cut"),
        refuses(503, "<html>"),
        says(3, [token("b"), token("c"), done]),
      )
      assert.deepStrictEqual(yield* asked(url), { text: "abc", error: undefined })
      assert.deepStrictEqual(
        heard.map(({ after, method }) => [method, after]),
        [
          ["POST", undefined],
          ["GET", "3"],
          ["GET", "3"],
        ],
      )
    }),
  )

  it.live("fails with typed errors, and does not ask again for what was refused", () =>
    Effect.gen(function* () {
      const error = {
        code: "BudgetExceeded",
        message: "m",
        status: 402,
        retryable: false,
        policy: { _tag: "BudgetExceeded" },
      }
      const overloaded = { code: "AllModelsFailed", message: "m", status: 503, retryable: true }
      const gone = { code: "AnswerNotFound", message: "m", status: 404, retryable: false }
      const cases: ReadonlyArray<readonly [ReadonlyArray<Reply>, string, number, string]> = [
        [[refuses(402, { error })], "BudgetExceeded", 1, ""],
        [[refuses(503, { error: overloaded })], "AllModelsFailed", 1, ""],
        [[says(1, [start, token("a"), { type: "error", error: overloaded }])], "AllModelsFailed", 1, "a"],
        [[refuses(200, "<html>")], "HttpError", 1, ""],
        [[says(1, [start, token("a")], "cut"), refuses(404, { error: gone })], "ConnectionLost", 2, "a"],
        [[says(1, [start], "cut"), refuses(404, { error: gone })], "ConnectionLost", 3, ""],
        [[says(1, [start, token("a")], "cut"), refuses(502, "")], "HttpError", 4, "a"],
      ]
      for (const [replies, code, requests, text] of cases) {
        const { heard, url } = yield* wire(...replies)
        const result = yield* asked(url)
        assert.deepStrictEqual([result.error?.code, heard.length, result.text], [code, requests, text])
      }
    }),
  )

  it.live("follows and stops", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* wire(says(3, [token("c"), done]), refuses(204, ""), refuses(202, ""))
      const client = yield* at(url)
      assert.strictEqual((yield* read(client.follow("an-unguessable-id", 2))).text, "c")
      assert.deepStrictEqual(yield* read(client.follow("an-unguessable-id", 4)), { text: "", error: undefined })
      yield* client.stop("an-unguessable-id")
      assert.deepStrictEqual(
        heard.map(({ after, method, path }) => `${method} ${path} ${after}`),
        [
          "GET /chat/an-unguessable-id/stream 2",
          "GET /chat/an-unguessable-id/stream 4",
          "DELETE /chat/an-unguessable-id undefined",
        ],
      )
    }),
  )

  it.effect("waits by the clock, as long as the server wants", () =>
    Effect.gen(function* () {
      let requests = 0
      const error = { code: "ServerStopping", message: "m", status: 503, retryable: true, retryAfter: 20_000 }
      const http = HttpClient.make((request) =>
        Effect.sync(() => {
          requests++
          return HttpClientResponse.fromWeb(request, new Response(JSON.stringify({ error }), { status: 503 }))
        }),
      )
      const layer = ChatClient.layer({ url: "http://chat" }).pipe(
        Layer.provide(
          Layer.succeed(HttpClient.HttpClient, HttpClient.mapRequest(http, HttpClientRequest.bearerToken("k"))),
        ),
      )
      const fiber = yield* Effect.forkChild(
        Effect.provide(
          Effect.flatMap(ChatClient, (client) => read(client.ask(ask))),
          layer,
        ),
      )
      yield* TestClock.adjust("19 seconds")
      assert.strictEqual(requests, 1)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(requests, 2)
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* Fiber.join(fiber)).error?.code, "ServerStopping")
      assert.strictEqual(requests, 7)
    }),
  )
})
