import { createServer } from "node:http"

import { assert, describe, it, layer } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Fiber, Layer, References, Scope } from "effect"
import { TestClock } from "effect/testing"

import * as Emulator from "../src/Emulator.ts"
import * as Fault from "../src/Fault.ts"
import * as Reply from "../src/Reply.ts"
import { dataOf, dialects, giveUp, json, receive, request, send } from "./wire.ts"

const live = (name: string, run: () => Effect.Effect<void, unknown, Emulator.Emulator | Scope.Scope>) =>
  it.live(name, () => Effect.provide(run(), Emulator.layer()))

const textIn = (body: string): string => /"(?:text|content)":"([^"]+)"/.exec(body)?.[1] ?? ""

describe("answers", () => {
  live("come from the queue of their dialect, then from the responder, then by themselves", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("openai-chat", Reply.text(["one"]), Reply.text(["two"]))
      yield* emulator.script("anthropic", Reply.text(["three"]))
      const ask = (dialect: Emulator.ChatDialect) =>
        Effect.map(send(request(dialect, false)), ({ body }) => textIn(body))
      assert.deepStrictEqual(yield* Effect.all([ask("openai-chat"), ask("anthropic"), ask("openai-chat")]), [
        "one",
        "three",
        "two",
      ])
      assert.strictEqual(yield* ask("openai-chat"), "Hello from the emulator.")
      yield* emulator.respond("openai-chat", ({ id, model }) => Reply.text([`hello ${model} ${id}`]))
      assert.strictEqual(yield* ask("openai-chat"), "hello m-1 5")
      yield* emulator.respond("openai-chat", () => Effect.succeed(Reply.text(["hello effect"])))
      assert.strictEqual(yield* ask("openai-chat"), "hello effect")
    }),
  )

  live("are given under any prefix and version", () =>
    Effect.gen(function* () {
      const prefixes = ["", "/v1", "/api/v1", "/openai/v1", "/beta", "/", "/v1/"]
      for (const prefix of prefixes) {
        const chat = { ...request("openai-chat", false), path: `${prefix}/chat/completions` }
        assert.strictEqual((yield* send(chat)).status, 200)
      }
      for (const version of ["v1", "v1beta", "v1alpha"]) {
        const google = { ...request("google", false), path: `/${version}/models/gemini-x:generateContent` }
        assert.strictEqual((yield* send(google)).status, 200)
      }
      const { requests } = yield* Emulator.Emulator
      assert.strictEqual((yield* requests).at(-1)?.model, "gemini-x")
    }),
  )

  it.live("say that a responder is at fault, and go on", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const mistakes = [
        () => {
          throw new Error("no such fixture")
        },
        () => Effect.die(new Error("no such fixture")),
      ]
      for (const mistake of mistakes) {
        yield* emulator.respond("openai-chat", mistake)
        const { body, status } = yield* send(request("openai-chat"))
        assert.strictEqual(status, 500)
        assert.include(body, "no such fixture")
      }
      yield* emulator.respond("openai-chat", () => Reply.text(["fine"]))
      assert.include((yield* send(request("openai-chat"))).body, "fine")
    }).pipe(Effect.provide(Emulator.layer()), Effect.provideService(References.MinimumLogLevel, "None")),
  )

  live("are given to many at once", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const all = Array.from({ length: 40 }, (_, index) => dialects[index % 4] ?? "google")
      const received = yield* Effect.forEach(all, (dialect) => send(request(dialect)), { concurrency: "unbounded" })
      assert.isTrue(received.every(({ complete, status }) => complete && status === 200))
      const ids = (yield* emulator.requests).map(({ requestId }) => requestId)
      assert.strictEqual(new Set(ids).size, 40)
    }),
  )

  live("answer with what the base URL says", () =>
    Effect.gen(function* () {
      const { baseUrl, port } = yield* Emulator.Emulator
      assert.strictEqual(baseUrl("openai-chat"), `http://127.0.0.1:${port}/openai/v1`)
      assert.strictEqual(baseUrl("openai-responses"), `http://127.0.0.1:${port}/openai/v1`)
      assert.strictEqual(baseUrl("anthropic"), `http://127.0.0.1:${port}/anthropic`)
      assert.strictEqual(baseUrl("google"), `http://127.0.0.1:${port}/google`)
    }),
  )
})

describe("the log", () => {
  live("holds requests with their times, status and ids", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const before = yield* Clock.currentTimeMillis
      const slow = Reply.text("hello").pipe(Fault.delayHeaders("15 millis"), Fault.delayFrames("3 millis"))
      const received = yield* receive("openai-chat", slow)
      const entry = yield* emulator.nextRequest
      assert.deepInclude(entry, {
        id: 1,
        dialect: "openai-chat",
        method: "POST",
        path: "/openai/v1/chat/completions",
        query: {},
        model: "m-1",
        stream: true,
        status: 200,
        aborted: false,
        abortedAt: undefined,
      })
      assert.strictEqual(entry.requestId, received.headers["x-request-id"])
      assert.deepStrictEqual(entry.body, request("openai-chat").body)
      assert.isAtLeast(entry.startedAt, before)
      assert.isAtLeast(entry.firstByteAt! - entry.startedAt, 13)
      assert.isAtLeast(entry.endedAt! - entry.firstByteAt!, 3)
      const google = yield* receive("google", Reply.status(500))
      assert.strictEqual(google.status, 500)
      assert.deepInclude(yield* emulator.nextRequest, { id: 2, query: { alt: "sse" }, stream: true, status: 500 })
    }),
  )

  live("is a copy that later events do not change", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("google", Reply.text("hello").pipe(Fault.delayHeaders("20 millis")))
      const fiber = yield* Effect.forkChild(send(request("google")), { startImmediately: true })
      const early = yield* emulator.nextRequest
      yield* Fiber.join(fiber)
      assert.deepStrictEqual([early.status, early.endedAt], [undefined, undefined])
      assert.strictEqual((yield* emulator.requests)[0]?.status, 200)
    }),
  )

  live("says when the client hung up", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const replies = [
        Reply.stall,
        Reply.text("hello").pipe(Fault.delayHeaders("1 minute")),
        Reply.text("hello").pipe(Fault.delayFirstByte("1 minute")),
        Reply.text("hello there").pipe(Fault.delayFrames("1 minute")),
        Reply.text("hello").pipe(Fault.stallAfter(1)),
        Reply.text("hello").pipe(Fault.holdAfter(1, Effect.never)),
      ]
      for (const reply of replies) {
        yield* emulator.script("anthropic", reply)
        const before = yield* Clock.currentTimeMillis
        yield* giveUp(request("anthropic"), 15)
        const entry = yield* emulator.nextAborted
        assert.deepInclude(entry, { aborted: true, endedAt: undefined })
        assert.isAtLeast(entry.abortedAt!, before + 14)
        assert.isBelow(entry.abortedAt! - before, 100)
      }
    }),
  )

  live("forgets on reset, but counts on", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("google", Reply.status(500), Reply.status(501))
      yield* emulator.respond("google", () => Reply.status(502))
      yield* send(request("google"))
      yield* emulator.reset
      assert.deepStrictEqual(yield* emulator.requests, [])
      assert.strictEqual((yield* send(request("google"))).status, 200)
      assert.strictEqual((yield* emulator.nextRequest).id, 2)
    }),
  )
})

describe("keys", () => {
  live("are only fingerprints, wherever they were sent", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const secret = "sk-very-secret"
      const withKey = (headers: Record<string, string>, path = "/v1/chat/completions") =>
        send({ ...request("openai-chat", false), path, headers })
      yield* withKey({ authorization: `Bearer ${secret}`, cookie: secret, "proxy-authorization": secret })
      yield* withKey({ authorization: `bearer ${secret}`, "x-api-key": secret, "api-key": secret })
      const google = request("google", false)
      yield* send({ ...google, path: `${google.path}?key=${secret}`, headers: {} })
      yield* send({ ...google, headers: { "x-goog-api-key": secret } })
      const requests = yield* emulator.requests
      assert.isTrue(requests.every(({ status }) => status === 200))
      assert.notInclude(JSON.stringify(requests), secret)
      const print = Emulator.fingerprint(secret)
      assert.match(print, /^redacted:[0-9a-f]{16}$/)
      const [first, second, third, fourth] = requests
      assert.strictEqual(first?.headers["authorization"], print)
      assert.strictEqual(second?.headers["authorization"], print)
      assert.strictEqual(second?.headers["x-api-key"], print)
      assert.strictEqual(third?.query["key"], print)
      assert.strictEqual(fourth?.headers["x-goog-api-key"], print)
      assert.strictEqual(first?.headers["content-type"], "application/json")
    }),
  )
})

describe("refusals", () => {
  live("of requests without credentials use up no script", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const expected = { "openai-responses": 401, "openai-chat": 401, anthropic: 401, google: 403 }
      for (const dialect of dialects) {
        yield* emulator.script(dialect, Reply.text("hello"))
        const version = { "anthropic-version": "2023-06-01" }
        for (const headers of [
          version,
          { ...version, authorization: "Bearer " },
          { ...version, "x-goog-api-key": "" },
        ]) {
          const received = yield* send({ ...request(dialect), headers })
          assert.strictEqual(received.status, expected[dialect])
          assert.property(json(received.body), "error")
        }
        assert.strictEqual((yield* send(request(dialect))).status, 200)
      }
      const bearer = { authorization: "Bearer x", "anthropic-version": "2023-06-01" }
      assert.strictEqual((yield* send({ ...request("anthropic"), headers: bearer })).status, 200)
    }),
  )

  const invalid: ReadonlyArray<readonly [Emulator.ChatDialect, unknown]> = [
    ["openai-responses", { input: "hi" }],
    ["openai-responses", { model: "m" }],
    ["openai-responses", { model: "m", input: [] }],
    ["openai-chat", { messages: [{ role: "user", content: "hi" }] }],
    ["openai-chat", { model: "", messages: [{ role: "user", content: "hi" }] }],
    ["openai-chat", { model: "m" }],
    ["openai-chat", { model: "m", messages: [] }],
    ["anthropic", { max_tokens: 1, messages: [{}] }],
    ["anthropic", { model: "m", max_tokens: 1 }],
    ["anthropic", { model: "m", messages: [{}] }],
    ["google", {}],
    ["google", { contents: [] }],
    ["google", "not json"],
    ["openai-chat", "{"],
    ["openai-responses", "[]"],
    ["anthropic", "null"],
  ]

  live("of requests that the provider would not take are 400", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      for (const [dialect, body] of invalid) {
        yield* emulator.script(dialect, Reply.text("hello"))
        const received = yield* send({ ...request(dialect, false), body })
        assert.strictEqual(received.status, 400, JSON.stringify(body))
      }
      const { headers: _, ...versionless } = request("anthropic")
      const received = yield* send({ ...versionless, headers: { "x-api-key": "k" } })
      assert.strictEqual(received.status, 400)
      assert.include(received.body, "anthropic-version")
      assert.strictEqual((yield* emulator.requests).find(({ dialect }) => dialect === "google")?.status, 400)
    }),
  )

  live("of what nobody speaks are 404 and are not logged", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const unknown = [
        { ...request("openai-chat"), path: "/v1/models" },
        { ...request("openai-chat"), method: "GET" },
        { ...request("google"), path: "/v1/models/m:predictLater" },
      ]
      for (const sent of unknown) {
        const received = yield* send(sent)
        assert.strictEqual(received.status, 404)
        assert.include(received.body, "unknown_url")
      }
      assert.lengthOf(yield* emulator.requests, 0)
    }),
  )

  live("of bodies that are too large are 413", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const large = { model: "m", messages: [{ role: "user", content: "x".repeat(33 * 1024 * 1024) }] }
      const status = yield* Effect.promise(() =>
        fetch(`${emulator.baseUrl("openai-chat")}/chat/completions`, {
          method: "POST",
          headers: { authorization: "Bearer k" },
          body: JSON.stringify(large),
        }).then((response) => response.status),
      )
      assert.strictEqual(status, 413)
    }),
  )
})

describe("time", () => {
  it.effect("is the clock's, while bytes take their own", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* TestClock.adjust("1 hour")
      yield* emulator.script("google", Reply.text("hello").pipe(Fault.delayFirstByte("1 minute")))
      const fiber = yield* Effect.forkChild(send(request("google")), { startImmediately: true })
      const { startedAt } = yield* emulator.nextRequest
      assert.strictEqual(startedAt, 3_600_000)
      // The wait begins when the headers have been flushed, which takes real time.
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 20)))
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.isTrue((yield* Fiber.join(fiber)).complete)
      assert.strictEqual((yield* emulator.requests)[0]?.firstByteAt, 3_660_000)
    }).pipe(Effect.provide(Emulator.layer())),
  )
})

describe("the layer", () => {
  it.live("frees its port although answers stall", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Emulator.layer(), scope)
      const emulator = Context.get(context, Emulator.Emulator)
      yield* emulator.script("google", Reply.stall)
      const fiber = yield* Effect.forkChild(Effect.provideContext(send(request("google")), context), {
        startImmediately: true,
      })
      yield* emulator.nextRequest
      yield* Effect.timeout(Scope.close(scope, Exit.void), "1 second")
      assert.isUndefined((yield* Fiber.join(fiber)).status)
      assert.isFalse((yield* emulator.requests)[0]?.aborted)
      yield* Effect.scoped(Layer.build(Emulator.layer({ port: emulator.port })))
    }),
  )

  it.live("fails when its port is taken", () =>
    Effect.gen(function* () {
      const taken = createServer()
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => {
          taken.listen(0, "127.0.0.1", () => resume(Effect.void))
        }),
        () => Effect.sync(() => taken.close()),
      )
      const address = taken.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Emulator.layer({ port }))))
      assert.strictEqual(error._tag, "ServeError")
    }),
  )
})

describe("a connection", () => {
  live("is never closed because nothing was sent for a while", () =>
    Effect.gen(function* () {
      // A server that would close it says after which time. A slow machine needs longer.
      const emulator = yield* Emulator.Emulator
      const { headers } = yield* Effect.promise(() => fetch(emulator.baseUrl("openai-chat")))
      assert.isNull(headers.get("keep-alive"))
    }),
  )
})

layer(Emulator.layer())("shared by a suite", (test) => {
  test.effect("streams", () =>
    Effect.gen(function* () {
      const received = yield* receive("openai-responses", Reply.text("hello"))
      assert.isAbove(dataOf(received.body).length, 4)
    }),
  )
})
