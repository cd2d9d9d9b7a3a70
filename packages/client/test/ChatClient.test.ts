import { assert, describe, it } from "@effect/vitest"
import { ChatClient, ChatError, type ChatEvent } from "@holdfast/client"
import { Deferred, Effect } from "effect"

import { done, frame, refuses, type Reply, says, token, wire } from "./support/server.ts"

const start = { type: "start", answerId: "x" }
const ask = { messages: [{ role: "user", content: "Why do ships float?" }] } as const

const read = async (events: AsyncIterable<ChatEvent>) => {
  let text = ""
  const types: Array<string> = []
  try {
    for await (const event of events) {
      types.push(event.type)
      if (event.type === "token") text += event.text
    }
    return { text, types, error: undefined }
  } catch (error) {
    return { text, types, error: error as ChatError }
  }
}

const readAll = (client: ChatClient, signal?: AbortSignal) => Effect.promise(() => read(client.ask(ask, { signal })))

describe("an answer", () => {
  it.effect("comes event by event", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* wire(says(1, [start, token("They "), token("float."), done]))
      const { text, types } = yield* readAll(new ChatClient({ url }))
      assert.strictEqual(text, "They float.")
      assert.deepStrictEqual(types, ["start", "token", "token", "done"])
      const [request] = heard
      assert.deepInclude(request, { method: "POST", path: "/chat/stream" })
      assert.match((JSON.parse(request!.body) as { answerId: string }).answerId, /^[A-Za-z0-9_-]{16,64}$/)
    }),
  )

  it.effect("goes on where the connection broke, and nothing comes twice", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* wire(
        says(1, [start, token("a"), token("b")], "cut"),
        says(3, [token("b"), token("c")], "cut"),
        says(5, [token("d"), done]),
      )
      const { error, text } = yield* readAll(new ChatClient({ url }))
      assert.strictEqual(error, undefined)
      assert.strictEqual(text, "abcd")
      const { answerId } = JSON.parse(heard[0]!.body) as { answerId: string }
      assert.deepStrictEqual(
        heard.slice(1).map(({ after, method, path }) => [method, path, after]),
        [
          ["GET", `/chat/${answerId}/stream`, "3"],
          ["GET", `/chat/${answerId}/stream`, "4"],
        ],
      )
    }),
  )

  it.effect("that ends without its last event was cut", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* wire(says(1, [start, token("a")], "end"), says(3, [done]))
      const { text, types } = yield* readAll(new ChatClient({ url }))
      assert.deepStrictEqual([text, types.at(-1), heard.length], ["a", "done", 2])
    }),
  )

  it.effect("with its first connection refused or cut by the network is asked for again, with the same id", () =>
    Effect.gen(function* () {
      const cut: Reply = (response) => void response.destroy()
      const { heard, url } = yield* wire(cut, refuses(502, "<html>"), says(1, [start, token("a"), done]))
      const { error, text } = yield* readAll(new ChatClient({ url, retryDelay: 1 }))
      assert.deepStrictEqual([error, text, heard.length], [undefined, "a", 3])
      const ids = heard.map(({ body }) => (JSON.parse(body) as { answerId: string }).answerId)
      assert.strictEqual(new Set(ids).size, 1)
      assert.deepStrictEqual(
        heard.map(({ method }) => method),
        ["POST", "POST", "POST"],
      )
    }),
  )

  it.effect("that ended with its connection is asked for once more, if nobody has seen anything of it", () =>
    Effect.gen(function* () {
      const gone = refuses(404, { error: { code: "AnswerNotFound", message: "m", status: 404, retryable: false } })
      const { heard, url } = yield* wire(says(1, [start], "cut"), gone, says(1, [start, token("a"), done]))
      const { text, types } = yield* readAll(new ChatClient({ url }))
      assert.deepStrictEqual([text, types], ["a", ["start", "token", "done"]])
      assert.deepStrictEqual(
        heard.map(({ method }) => method),
        ["POST", "GET", "POST"],
      )
      const seen = yield* wire(says(1, [start, token("a")], "cut"), gone)
      const lost = yield* readAll(new ChatClient({ url: seen.url }))
      assert.deepStrictEqual([lost.text, lost.error?.code, seen.heard.length], ["a", "ConnectionLost", 2])
      assert.strictEqual((lost.error?.cause as ChatError | undefined)?.code, "AnswerNotFound")
      const never = yield* wire(says(1, [start], "cut"), gone, says(1, [start], "cut"), gone)
      const twice = yield* readAll(new ChatClient({ url: never.url }))
      assert.deepStrictEqual([twice.error?.code, never.heard.length], ["ConnectionLost", 4])
    }),
  )

  it.effect("is lost after so many connections in a row without an event", () =>
    Effect.gen(function* () {
      const cut: Reply = (response) => void response.destroy()
      const { heard, url } = yield* wire(says(1, [start, token("a")], "cut"), cut)
      const { error, text } = yield* readAll(new ChatClient({ url, maxAttempts: 3 }))
      assert.deepStrictEqual([text, error?.code, error?.retryable], ["a", "ConnectionLost", true])
      assert.strictEqual(heard.length, 4)
    }),
  )

  it.effect("goes on after a connection that says nothing", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* wire(says(1, [start, token("a")], "open"), says(3, [token("b"), done]))
      const { text } = yield* readAll(new ChatClient({ url, idleTimeout: 30 }))
      assert.deepStrictEqual([text, heard.length], ["ab", 2])
    }),
  )

  it.effect("whose event cannot be read is lost, and not skipped", () =>
    Effect.gen(function* () {
      const broken: Reply = (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.end(`retry: 1\n\n${frame(1, start)}id: 2\ndata: {"type":"tok\n\n${frame(3, done)}`)
      }
      const { url } = yield* wire(broken)
      const { error, types } = yield* readAll(new ChatClient({ url, maxAttempts: 1 }))
      assert.deepStrictEqual([types, error?.code], [["start"], "ConnectionLost"])
      assert.instanceOf(error?.cause, SyntaxError)
    }),
  )

  it.effect("is read again from any place, and is empty where nothing is left", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* wire(says(3, [token("c"), done]), refuses(204, ""))
      const client = new ChatClient({ url })
      const rest = yield* Effect.promise(() => read(client.follow("an-unguessable-id", { after: 2 })))
      assert.deepStrictEqual([rest.text, heard[0]?.after, heard[0]?.method], ["c", "2", "GET"])
      const nothing = yield* Effect.promise(() => read(client.follow("an-unguessable-id", { after: 4 })))
      assert.deepStrictEqual([nothing.types, nothing.error], [[], undefined])
    }),
  )

  it.effect("holds the server back while nobody takes it, and is left when the loop is", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const { url } = yield* wire((response) => {
        response.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
        says(1, [start, token("a"), token("b")], "open")(response, undefined as never)
      })
      const first = yield* Effect.promise(async () => {
        for await (const event of new ChatClient({ url }).ask(ask)) return event.type
        return undefined
      })
      assert.strictEqual(first, "start")
      yield* Deferred.await(closed)
    }),
  )
})

describe("an error", () => {
  const budget = {
    code: "BudgetExceeded",
    message: "The budget is spent.",
    status: 402,
    retryable: false,
    retryAfter: 5,
    policy: { _tag: "BudgetExceeded", budget: "team-a", limit: "1 USD" },
  }

  it.effect("of a refusal is typed, and is not asked for again", () =>
    Effect.gen(function* () {
      const overloaded = { code: "AllModelsFailed", message: "m", status: 503, retryable: true }
      for (const [status, error] of [
        [402, budget],
        [503, overloaded],
      ] as const) {
        const { heard, url } = yield* wire(refuses(status, { error }))
        const result = yield* readAll(new ChatClient({ url }))
        assert.instanceOf(result.error, ChatError)
        assert.deepInclude(result.error as object, error)
        assert.strictEqual(heard.length, 1)
      }
    }),
  )

  it.effect("in an answer is typed, and what came before it stays", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* wire(says(1, [start, token("a"), { type: "error", error: budget }]))
      const { error, text } = yield* readAll(new ChatClient({ url }))
      assert.deepStrictEqual([text, heard.length], ["a", 1])
      assert.strictEqual(error?.code === "BudgetExceeded" ? error.policy?.budget : undefined, "team-a")
    }),
  )

  it.effect("of something that is no chat server says so", () =>
    Effect.gen(function* () {
      const cases = [
        [refuses(404, "Cannot POST"), 404, false],
        [refuses(200, "<html>Log in", { "content-type": "text/html" }), 200, false],
        [refuses(401, { error: { code: 401 } }), 401, false],
        [refuses(500, { error: "no" }), 500, false],
        [refuses(429, "null", { "retry-after": "3600" }), 429, true],
      ] as const
      for (const [reply, status, retryable] of cases) {
        const { heard, url } = yield* wire(reply)
        const { error } = yield* readAll(new ChatClient({ url }))
        assert.deepInclude(error, { code: "HttpError", status, retryable })
        assert.strictEqual(error?.retryAfter, status === 429 ? 3_600_000 : undefined)
        assert.strictEqual(heard.length, 1)
      }
    }),
  )

  it.effect("of a server that is stopping means another one", () =>
    Effect.gen(function* () {
      const error = { code: "ServerStopping", message: "m", status: 503, retryable: true, retryAfter: 1 }
      const { url } = yield* wire(refuses(503, { error }), says(1, [start, token("a"), done]))
      assert.strictEqual((yield* readAll(new ChatClient({ url, retryDelay: 1 }))).text, "a")
    }),
  )

  it("narrows to the fields of its policy", () => {
    const error = new ChatError({ ...budget })
    switch (error.code) {
      case "BudgetExceeded": {
        const limit: string | undefined = error.policy?.limit
        assert.strictEqual(limit, "1 USD")
        break
      }
      case "StreamTruncated": {
        const parts: number | undefined = error.policy?.deliveredParts
        assert.fail(String(parts))
        break
      }
      case "ConnectionLost": {
        const nothing: undefined = error.policy
        assert.fail(String(nothing))
        break
      }
      default:
        assert.fail(error.code)
    }
    assert.strictEqual(String(error), "ChatError: The budget is spent.")
  })
})

describe("callbacks", () => {
  const callbacks = () => {
    const told: Array<unknown> = []
    return {
      told,
      onToken: (text: string) => void told.push(text),
      onComplete: ({ cost, reason, text }: { cost?: string; reason: string; text: string }) =>
        void told.push({ text, reason, cost }),
      onError: ({ code }: ChatError) => void told.push(code),
    }
  }

  it.effect("are told of tokens and of the end", () =>
    Effect.gen(function* () {
      const { url } = yield* wire(says(1, [start, token("a"), token("b"), { ...done, cost: "0.1 USD" }]))
      const { told, ...rest } = callbacks()
      yield* Effect.promise(() => new ChatClient({ url }).send(ask, rest))
      assert.deepStrictEqual(told, ["a", "b", { text: "ab", reason: "stop", cost: "0.1 USD" }])
    }),
  )

  it.effect("are told of an error, without which the promise is rejected", () =>
    Effect.gen(function* () {
      const { url } = yield* wire(refuses(400, { error: { code: "InvalidRequest", message: "m", status: 400 } }))
      const { told, ...rest } = callbacks()
      yield* Effect.promise(() => new ChatClient({ url }).send(ask, rest))
      assert.deepStrictEqual(told, ["InvalidRequest"])
      const rejected = yield* Effect.promise(() => new ChatClient({ url }).send(ask).catch((error: unknown) => error))
      assert.instanceOf(rejected, ChatError)
    }),
  )

  it.effect("are told of nothing after an abort, in an answer and between two connections", () =>
    Effect.gen(function* () {
      const { url } = yield* wire(says(1, [start, token("a")], "open"))
      const { told, ...rest } = callbacks()
      const leaving = new AbortController()
      yield* Effect.promise(() =>
        new ChatClient({ url }).send(ask, { ...rest, onToken: () => leaving.abort(), signal: leaving.signal }),
      )
      assert.deepStrictEqual(told, [])
      const down = new AbortController()
      const refused: typeof fetch = () => {
        setTimeout(() => down.abort(new Error("enough")), 1)
        return Promise.reject(new TypeError("no network"))
      }
      const result = yield* readAll(new ChatClient({ url, fetch: refused }), down.signal)
      assert.strictEqual(result.error?.message, "enough")
    }),
  )
})

describe("requests", () => {
  it.effect("carry headers that are made anew for each connection", () =>
    Effect.gen(function* () {
      let count = 0
      const headers = () => Promise.resolve({ authorization: `Bearer ${++count}` })
      const { heard, url } = yield* wire(says(1, [start], "cut"), says(2, [token("a"), done]), refuses(202, ""))
      const client = new ChatClient({ url, headers })
      assert.strictEqual((yield* readAll(client)).text, "a")
      yield* Effect.promise(() => client.stop("an-unguessable-id"))
      assert.deepStrictEqual(
        heard.map((each) => each.headers.authorization),
        ["Bearer 1", "Bearer 2", "Bearer 3"],
      )
      assert.deepInclude(heard[2], { method: "DELETE", path: "/chat/an-unguessable-id" })
    }),
  )
})
