import { assert, describe, it } from "@effect/vitest"
import { RateLimit, RequestContext } from "@holdfast/core"
import { ChatError, ChatServer } from "@holdfast/server"
import { ScriptedModel } from "@holdfast/testing"
import { Deferred, Effect, Layer, Option, Stream } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { TestClock } from "effect/testing"

import { eventsIn, get, jsonOf, message, post, reader, textOf } from "./support/read.ts"
import { serve, sse } from "./support/serve.ts"
import { openSocket } from "./support/transports.ts"

const delta = (text: string): ChatServer.Part => ({ type: "text-delta", id: "0", delta: text })

/** Says one word, and then nothing until it is left. */
const oneWord = Effect.map(Deferred.make<void>(), (closed) => ({
  closed,
  words: Stream.concat(Stream.make(delta("One")), Stream.never).pipe(
    Stream.onExit(() => Deferred.succeed(closed, undefined)),
  ),
}))

const errorOf = (response: Response) =>
  Effect.map(jsonOf<{ readonly error: ChatError.WireError }>(response), ({ error }) => error)

describe("bounds of a request", () => {
  it.effect("refuses what is too large, no JSON, too deep, or not said to be JSON", () =>
    Effect.gen(function* () {
      const { url } = yield* sse(ChatServer.layer(() => Stream.never, { limits: { maxBodyBytes: 2_000 } }))
      const refused = (body: string, headers = {}) =>
        Effect.gen(function* () {
          const response = yield* post(`${url}/chat/stream`, body, { headers })
          const { code, status } = yield* errorOf(response)
          assert.strictEqual(response.status, status)
          return `${status} ${code}`
        })
      assert.strictEqual(yield* refused(JSON.stringify(message("x".repeat(3_000)))), "413 BodyTooLarge")
      assert.strictEqual(yield* refused("{"), "400 InvalidRequest")
      assert.strictEqual(yield* refused("null"), "400 InvalidRequest")
      assert.strictEqual(yield* refused(`{"messages":${"[".repeat(900)}${"]".repeat(900)}}`), "400 InvalidRequest")
      // What a form of another site can send without being asked.
      assert.strictEqual(
        yield* refused(JSON.stringify(message("hi")), { "content-type": "text/plain" }),
        "415 InvalidRequest",
      )
    }),
  )

  it.effect("says how long to wait, as a header and as a field", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(ScriptedModel.text("hi"), ScriptedModel.text("hi")).pipe(
        RateLimit.perMinute({ requests: 1, maxWait: 0 }),
      )
      const { url } = yield* sse(ChatServer.layerModel(model))
      assert.strictEqual((yield* post(`${url}/chat`, message("hi"))).status, 200)
      const response = yield* post(`${url}/chat`, message("hi"))
      const error = yield* errorOf(response)
      assert.deepInclude(error, { code: "RateLimited", status: 429, retryable: true })
      assert.strictEqual(response.status, 429)
      assert.strictEqual(Number(response.headers.get("retry-after")), Math.ceil((error.retryAfter ?? 0) / 1000))
      const policy = ChatError.toPolicyError(error)
      assert.isTrue(Option.isSome(policy) && policy.value._tag === "RateLimited")
    }),
  )

  it.effect("lets nothing of keys, prompts, vendors and stacks out", () =>
    Effect.gen(function* () {
      const secret = "sk-very-secret"
      const model = ScriptedModel.model(
        ScriptedModel.fail({ status: 401, message: `Incorrect API key provided: ${secret}` }),
        ScriptedModel.fail({ status: 400, message: `You said: ${secret}` }),
      )
      const { url } = yield* sse(ChatServer.layerModel(model))
      const dying = yield* sse(ChatServer.layer(() => Stream.die(new Error(secret))))
      const failing = yield* sse(ChatServer.layer(() => Stream.fail(new Error(secret))))
      for (const base of [url, url, dying.url, failing.url]) {
        const response = yield* post(`${base}/chat`, message(secret))
        const text = yield* textOf(response)
        assert.isAtLeast(response.status, 400)
        assert.notInclude(text, secret)
        assert.notInclude(text, ".ts:")
        const events = yield* textOf(yield* post(`${dying.url}/chat/stream`, message(secret)))
        assert.notInclude(events, secret)
        assert.include(events, '"code":"InternalError"')
      }
    }),
  )

  it.effect("ends an answer that takes too long, or becomes too long", () =>
    Effect.gen(function* () {
      const { closed, words } = yield* oneWord
      const slow = yield* sse(ChatServer.layer(() => words, { limits: { maxDuration: "1 minute" } }))
      const reading = reader(yield* post(`${slow.url}/chat/stream`, message("go")))
      yield* reading.until("One")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(eventsIn(yield* reading.rest).at(-1)?.event, "error")
      yield* Deferred.await(closed)
      const flood = Stream.forever(Stream.make(delta("x".repeat(1_000))))
      const long = yield* sse(ChatServer.layer(() => flood, { limits: { maxAnswerSize: 100_000 } }))
      assert.include(yield* textOf(yield* post(`${long.url}/chat/stream`, message("go"))), '"code":"AnswerTooLong"')
    }),
  )

  it.effect("takes a message of the application's own for its client", () =>
    Effect.gen(function* () {
      const error = new ChatError.ChatError({
        code: "PlanTooSmall",
        message: "Upgrade.",
        status: 402,
        retryable: false,
      })
      const { url } = yield* sse(ChatServer.layer(() => Stream.fail(error)))
      const response = yield* post(`${url}/chat`, message("hi"))
      assert.strictEqual(response.status, 402)
      assert.deepEqual(yield* errorOf(response), {
        code: "PlanTooSmall",
        message: "Upgrade.",
        status: 402,
        retryable: false,
      })
    }),
  )
})

describe("a connection", () => {
  it.effect("is told from a dead one while the model is silent", () =>
    Effect.gen(function* () {
      const { words } = yield* oneWord
      const { url } = yield* sse(ChatServer.layer(() => words))
      const reading = reader(yield* post(`${url}/chat/stream`, message("go")))
      yield* reading.until("One")
      yield* TestClock.adjust("15 seconds")
      yield* reading.until(": beat\n\n")
      yield* reading.leave
    }),
  )

  it.effect("is closed up to the model when its client leaves, whole answers included", () =>
    Effect.gen(function* () {
      for (const path of ["/chat", "/chat/stream"]) {
        const { closed, words } = yield* oneWord
        const begun = yield* Deferred.make<void>()
        const { sockets, url } = yield* sse(
          ChatServer.layer(() => Stream.tap(words, () => Deferred.succeed(begun, undefined))),
        )
        const controller = new AbortController()
        const asked = fetch(`${url}${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(message("go")),
          signal: controller.signal,
        }).catch(() => undefined)
        yield* Deferred.await(begun)
        controller.abort()
        yield* Deferred.await(closed)
        yield* Effect.promise(() => asked)
        while (sockets.size > 0) yield* Effect.promise(() => new Promise(setImmediate))
      }
    }),
  )

  it.effect("may be opened by the pages that are configured", () =>
    Effect.gen(function* () {
      const cors: ChatServer.Cors = { origins: ["https://app.example"], credentials: true, maxAge: 60 }
      const { url } = yield* sse(ChatServer.layerModel(ScriptedModel.model(ScriptedModel.text("hi"))), { cors })
      const preflight = (origin: string) =>
        get(`${url}/chat/stream`, {
          method: "OPTIONS",
          headers: {
            origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
          },
        })
      const allowed = yield* preflight("https://app.example")
      assert.strictEqual(allowed.headers.get("access-control-allow-origin"), "https://app.example")
      assert.strictEqual(allowed.headers.get("access-control-allow-credentials"), "true")
      assert.include(allowed.headers.get("access-control-allow-headers"), "content-type")
      assert.isNull((yield* preflight("https://evil.example")).headers.get("access-control-allow-origin"))
      const response = yield* post(`${url}/chat`, message("hi"), { headers: { origin: "https://app.example" } })
      assert.strictEqual(response.headers.get("access-control-allow-origin"), "https://app.example")
      assert.include(response.headers.get("access-control-expose-headers"), "x-holdfast-answer-id")
    }),
  )

  it.effect("of a WebSocket is refused to the pages of other sites", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(
        Layer.provide(
          ChatServer.webSocket(),
          ChatServer.layer(() => Stream.never),
        ),
      )
      const upgrade = {
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "x3JJHMbDL1EzLkh9GBhXDw==",
      }
      const status = (origin: string) =>
        Effect.promise(async () => {
          const { request } = await import("node:http")
          return new Promise<number | undefined>((resolve, reject) => {
            const asked = request(`${url}/chat/socket`, { headers: { ...upgrade, origin } })
            asked.on("response", ({ statusCode }) => resolve(statusCode))
            asked.on("upgrade", (_, socket) => {
              socket.destroy()
              resolve(101)
            })
            asked.on("error", reject)
            asked.end()
          })
        })
      assert.strictEqual(yield* status("https://evil.example"), 403)
      assert.strictEqual(yield* status(url), 101)
    }),
  )

  it.effect("of a WebSocket carries several conversations, and outlives what it does not understand", () =>
    Effect.gen(function* () {
      const answer: ChatServer.Answer<never, never> = ({ data }) => Stream.make(delta(`to ${JSON.stringify(data)}`))
      const { url } = yield* serve(Layer.provide(ChatServer.webSocket(), ChatServer.layer(answer)))
      const { next, send, socket } = yield* Effect.promise(() => openSocket(url))
      socket.send("nonsense")
      send({ type: "dance" })
      const refused = [yield* Effect.promise(next), yield* Effect.promise(next)] as ReadonlyArray<{
        readonly type: string
      }>
      assert.deepEqual(
        refused.map(({ type }) => type),
        ["refused", "refused"],
      )
      for (const request of ["a", "b"]) send({ type: "ask", request, body: { ...message("hi"), data: request } })
      const seen = new Map<string, string>()
      while (seen.size < 2) {
        const { event, request } = (yield* Effect.promise(next)) as {
          event: { type: string; text?: string }
          request: string
        }
        if (event.type === "token") seen.set(request, event.text ?? "")
      }
      assert.deepEqual(
        [...seen].toSorted(([one], [other]) => one.localeCompare(other)),
        [
          ["a", 'to "a"'],
          ["b", 'to "b"'],
        ],
      )
      socket.close()
    }),
  )

  it.effect("of a WebSocket that answers no sign of life is cut", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(
        Layer.provide(
          ChatServer.webSocket(),
          ChatServer.layer(() => Stream.never),
        ),
      )
      const { next, socket } = yield* Effect.promise(() => openSocket(url))
      const closed = new Promise<number>((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)))
      yield* TestClock.adjust("15 seconds")
      assert.deepEqual(yield* Effect.promise(next), { type: "ping" })
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* Effect.promise(() => closed), 4408)
    }),
  )
})

describe("whose answer it is", () => {
  /** What an application does in its own middleware. */
  const tenants = HttpRouter.middleware((handler) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
      RequestContext.annotate(handler, { tenant: headers["x-tenant"], tags: { feature: "chat" }, priority: "batch" }),
    ),
  ).layer

  it.effect("reaches the model, and no other tenant reads it", () =>
    Effect.gen(function* () {
      const answer: ChatServer.Answer<never, never> = () =>
        Stream.fromEffect(
          Effect.map(RequestContext.RequestContext, ({ priority, tags, tenant }) =>
            delta(`${tenant} ${tags["feature"]} ${priority}`),
          ),
        )
      const chat = ChatServer.layer(answer, { resume: {} })
      const { url } = yield* serve(ChatServer.sse().pipe(Layer.provide(tenants), Layer.provide(chat)))
      const body = { ...message("hi"), answerId: "an-id-of-the-clients-own" }
      const response = yield* post(`${url}/chat/stream`, body, { headers: { "x-tenant": "acme" } })
      assert.include(yield* textOf(response), "acme chat batch")
      const follow = (tenant: string) => get(`${url}/chat/${body.answerId}/stream`, { headers: { "x-tenant": tenant } })
      assert.strictEqual((yield* follow("acme")).status, 200)
      assert.strictEqual((yield* follow("other")).status, 404)
      const stopped = yield* get(`${url}/chat/${body.answerId}`, { method: "DELETE", headers: { "x-tenant": "other" } })
      assert.strictEqual(stopped.status, 404)
    }),
  )
})

describe("an answer that nobody reads", () => {
  it.effect("ends by a deadline, and says so to those who come back", () =>
    Effect.gen(function* () {
      const { closed, words } = yield* oneWord
      const { url } = yield* sse(ChatServer.layer(() => words, { resume: { abandonAfter: "1 minute" } }))
      const response = yield* post(`${url}/chat/stream`, message("go"))
      const id = response.headers.get("x-holdfast-answer-id")
      const first = reader(response)
      yield* first.until("One")
      yield* first.leave
      // Someone who comes in between keeps it going.
      const second = reader(yield* get(`${url}/chat/${id}/stream`))
      yield* second.until("One")
      yield* TestClock.adjust("2 minutes")
      assert.isFalse(yield* Deferred.isDone(closed))
      yield* second.leave
      while (!(yield* Deferred.isDone(closed))) {
        yield* Effect.promise(() => new Promise(setImmediate))
        yield* TestClock.adjust("1 minute")
      }
      assert.include(yield* textOf(yield* get(`${url}/chat/${id}/stream?after=2`)), '"code":"AnswerAbandoned"')
    }),
  )
})

describe("a server that stops", () => {
  it.effect("takes nothing new, and completes when what it has begun is done", () =>
    Effect.gen(function* () {
      const rest = yield* Deferred.make<void>()
      const words = Stream.concat(
        Stream.make(delta("One ")),
        Stream.fromEffect(Effect.as(Deferred.await(rest), delta("two"))),
      )
      const chat = yield* Layer.build(ChatServer.layer(() => words))
      const { url } = yield* serve(Layer.provide(ChatServer.sse(), Layer.succeedContext(chat)))
      const reading = reader(yield* post(`${url}/chat/stream`, message("go")))
      yield* reading.until("One")
      const drained = yield* Effect.forkChild(Effect.provideContext(ChatServer.drain, chat))
      yield* Effect.yieldNow
      const refused = yield* post(`${url}/chat/stream`, message("go"))
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(refused.headers.get("retry-after"), "1")
      assert.isUndefined(drained.pollUnsafe())
      yield* Deferred.succeed(rest, undefined)
      assert.include(yield* reading.rest, "event: done")
      yield* Effect.promise(() => new Promise(setImmediate))
      assert.isDefined(drained.pollUnsafe())
    }),
  )
})
