import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Emulator from "../src/Emulator.ts"
import * as Fault from "../src/Fault.ts"
import * as Reply from "../src/Reply.ts"
import { dataOf, dialects, json, receive } from "./wire.ts"

const live = (name: string, run: () => Effect.Effect<void, unknown, Emulator.Emulator>) =>
  it.live(name, () => Effect.provide(run(), Emulator.layer()))

describe.each(dialects)("statuses: %s", (dialect) => {
  live("come with the provider's own error body and headers, whatever was asked for", () =>
    Effect.gen(function* () {
      for (const status of [400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504, 529]) {
        const received = yield* receive(dialect, Reply.status(status), { stream: status % 2 === 0 })
        assert.deepInclude(received, { status, complete: true })
        assert.strictEqual(received.headers["content-type"], "application/json")
        const error = json(received.body)["error"] as Record<string, unknown>
        assert.isString(error["message"])
        assert.isString(error[dialect === "google" ? "status" : "type"])
        if (dialect === "google") assert.strictEqual(error["code"], status)
      }
    }),
  )

  live("name what they mean", () =>
    Effect.gen(function* () {
      const words = {
        "openai-responses": [/rate_limit_exceeded/, /server_is_overloaded/, /insufficient_quota/],
        "openai-chat": [/rate_limit_exceeded/, /server_is_overloaded/, /insufficient_quota/],
        anthropic: [/rate_limit_error/, /overloaded_error/, /billing_error/],
        google: [/RESOURCE_EXHAUSTED.*PerMinute/s, /UNAVAILABLE/, /PerDay/],
      }[dialect]
      const statuses = dialect === "anthropic" ? [429, 529, 402] : [429, 503, 429]
      const replies = [Reply.rateLimited(), Reply.overloaded(), Reply.quotaExhausted()]
      for (const [index, reply] of replies.entries()) {
        const received = yield* receive(dialect, reply)
        assert.strictEqual(received.status, statuses[index])
        assert.match(received.body, words[index] ?? /never/)
      }
    }),
  )

  live("carry hints where the provider puts them", () =>
    Effect.gen(function* () {
      const received = yield* receive(dialect, Reply.rateLimited({ retryAfter: "1500 millis" }))
      if (dialect === "google") {
        assert.isUndefined(received.headers["retry-after"])
        assert.include(received.body, '"retryDelay":"1.5s"')
      } else assert.strictEqual(received.headers["retry-after"], "2")
      const millis = yield* receive(dialect, Reply.overloaded({ retryAfterMs: "250 millis" }))
      if (dialect === "google") assert.include(millis.body, '"retryDelay":"0.25s"')
      else assert.strictEqual(millis.headers["retry-after-ms"], "250")
    }),
  )

  live("take other words, headers and bodies", () =>
    Effect.gen(function* () {
      const options = {
        type: "odd_type",
        code: "odd_code",
        message: "odd words",
        headers: { "x-should-retry": "false" },
      }
      const received = yield* receive(dialect, Reply.status(500, options))
      assert.strictEqual(received.headers["x-should-retry"], "false")
      for (const word of ["odd_type", "odd_code", "odd words"]) assert.include(received.body, word)
      assert.strictEqual((yield* receive(dialect, Reply.status(500, { body: "plain" }))).body, "plain")
      assert.strictEqual((yield* receive(dialect, Reply.status(500, { body: { a: 1 } }))).body, '{"a":1}')
    }),
  )
})

describe("no answer", () => {
  live("is a reset before any status", () =>
    Effect.gen(function* () {
      for (const dialect of dialects) {
        const received = yield* receive(dialect, Reply.reset)
        assert.deepInclude(received, { status: undefined, body: "", ending: "rst" })
      }
      const delayed = yield* receive("google", Reply.reset.pipe(Fault.delayHeaders("5 millis")))
      assert.isUndefined(delayed.status)
      const [entry] = yield* (yield* Emulator.Emulator).requests
      assert.deepInclude(entry, { status: undefined, firstByteAt: undefined, aborted: false })
      assert.isDefined(entry?.endedAt)
    }),
  )

  live("is a close where a fault ends it", () =>
    Effect.gen(function* () {
      const closed = yield* receive("google", Reply.stall.pipe(Fault.closeAfter(0)))
      assert.deepInclude(closed, { status: undefined, ending: "fin" })
      const ended = yield* receive("google", Reply.stall.pipe(Fault.omitTerminal))
      assert.deepInclude(ended, { status: undefined, ending: "fin" })
    }),
  )
})

describe("raw replies", () => {
  live("are sent as they are, with no headers but theirs", () =>
    Effect.gen(function* () {
      const received = yield* receive(
        "openai-chat",
        Reply.raw({ status: 418, headers: { "x-a": "b" }, body: "größer" }),
      )
      assert.deepInclude(received, { status: 418, body: "größer", complete: true })
      assert.strictEqual(received.headers["content-length"], "8")
      assert.deepStrictEqual(Object.keys(received.headers).toSorted(), ["connection", "content-length", "date", "x-a"])
    }),
  )

  live("may be empty", () =>
    Effect.gen(function* () {
      const received = yield* receive("anthropic", Reply.raw({ status: 200, headers: {}, body: "" }))
      assert.deepInclude(received, { status: 200, body: "", complete: true })
      assert.strictEqual(received.headers["content-length"], "0")
    }),
  )

  live("look like a proxy's error page", () =>
    Effect.gen(function* () {
      const received = yield* receive("google", Reply.html(502))
      assert.deepInclude(received, { status: 502, complete: true })
      assert.strictEqual(received.headers["content-type"], "text/html")
      assert.match(received.body, /^<html>[\s\S]*502[\s\S]*nginx/)
    }),
  )
})

describe("recordings", () => {
  const lines = {
    "openai-responses": ['{"type":"response.created"}', '{"type":"response.completed","response":{}}'],
    "openai-chat": ['{"choices":[{"delta":{"content":"a"}}]}', '{"choices":[{"delta":{},"finish_reason":"stop"}]}'],
    anthropic: ['{"type":"message_start"}', '{"type":"message_stop"}'],
    google: ['{"candidates":[{}]}', '{"candidates":[{"finishReason":"STOP"}]}'],
  } as const

  live("of streams get the provider's framing", () =>
    Effect.gen(function* () {
      for (const dialect of dialects) {
        const received = yield* receive(dialect, Reply.recorded({ lines: `${lines[dialect].join("\n")}\n\n` }))
        assert.deepInclude(received, { status: 200, complete: true })
        assert.match(received.headers["content-type"] ?? "", /^text\/event-stream/)
        const done = dialect === "openai-chat" ? ["[DONE]"] : []
        assert.deepStrictEqual(dataOf(received.body), [...lines[dialect], ...done])
        const events = received.body.match(/^event: .*$/gm) ?? []
        const named = { "openai-responses": 2, "openai-chat": 0, anthropic: 2, google: 0 }
        assert.lengthOf(events, named[dialect])
      }
    }),
  )

  live("lose their own terminal event to a fault", () =>
    Effect.gen(function* () {
      for (const dialect of dialects) {
        const received = yield* receive(dialect, Reply.recorded({ lines: lines[dialect] }).pipe(Fault.omitTerminal))
        assert.deepStrictEqual(dataOf(received.body), [lines[dialect][0]])
      }
    }),
  )

  live("are repaired in nothing", () =>
    Effect.gen(function* () {
      const received = yield* receive("openai-chat", Reply.recorded({ lines: ["not json", "[1]", "[DONE]"] }))
      assert.deepStrictEqual(dataOf(received.body), ["not json", "[1]", "[DONE]"])
    }),
  )

  live("of whole bodies take a status and headers", () =>
    Effect.gen(function* () {
      const recording = { body: { a: 1 }, status: 201, headers: { "x-request-id": "recorded" } }
      const received = yield* receive("openai-responses", Reply.recorded(recording), { stream: false })
      assert.deepInclude(received, { status: 201, body: '{"a":1}', complete: true })
      assert.strictEqual(received.headers["x-request-id"], "recorded")
    }),
  )
})

describe("values", () => {
  it("know themselves", () => {
    assert.isTrue(Reply.isReply(Reply.text("a")))
    assert.isFalse(Reply.isReply({ content: {} }))
    assert.deepStrictEqual(Reply.json({ a: 1 }).content, { _tag: "Answer", answer: { text: '{"a":1}' } })
    assert.strictEqual(Reply.stall.content._tag, "Nothing")
  })
})
