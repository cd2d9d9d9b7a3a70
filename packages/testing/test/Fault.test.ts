import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"

import * as Emulator from "../src/Emulator.ts"
import * as Fault from "../src/Fault.ts"
import * as Reply from "../src/Reply.ts"
import { dataOf, dialects, json, receive, request, send } from "./wire.ts"

const live = (name: string, run: () => Effect.Effect<void, unknown, Emulator.Emulator>) =>
  it.live(name, () => Effect.provide(run(), Emulator.layer()))

const answer = Reply.text(["größer", " als ", "🦄", " ist"], { usage: { input: 3, output: 4 } })

/** The event that says that an answer is complete, and whatever comes after it. */
const terminals = {
  "openai-responses": /"type":"response\.completed"/,
  "openai-chat": /"finish_reason":"stop"|\[DONE\]/,
  anthropic: /"type":"message_stop"/,
  google: /"finishReason":"STOP"/,
} as const

describe.each(dialects)("faults of a stream: %s", (dialect) => {
  live("without any it is whole", () =>
    Effect.gen(function* () {
      const received = yield* receive(dialect, answer)
      assert.deepInclude(received, { status: 200, complete: true, ending: "fin" })
      assert.match(received.headers["content-type"] ?? "", /^text\/event-stream/)
      assert.match(received.body, terminals[dialect])
      const { firstByteAt, startedAt, endedAt, aborted } = (yield* (yield* Emulator.Emulator).requests)[0]!
      assert.isTrue(startedAt <= firstByteAt! && firstByteAt! <= endedAt!)
      assert.isFalse(aborted)
    }),
  )

  live("endAfter ends the body cleanly", () =>
    Effect.gen(function* () {
      const received = yield* receive(dialect, answer.pipe(Fault.endAfter(2)))
      assert.lengthOf(dataOf(received.body), 2)
      assert.deepInclude(received, { status: 200, complete: true, ending: "fin" })
      const whole = yield* receive(dialect, answer.pipe(Fault.endAfter(1000)))
      assert.match(whole.body, terminals[dialect])
    }),
  )

  live("closeAfter leaves the body open, with a FIN", () =>
    Effect.gen(function* () {
      const received = yield* receive(dialect, answer.pipe(Fault.closeAfter(2)))
      assert.lengthOf(dataOf(received.body), 2)
      assert.deepInclude(received, { status: 200, complete: false, ending: "fin" })
    }),
  )

  live("resetAfter flushes the frames and sends a RST", () =>
    Effect.gen(function* () {
      const received = yield* receive(dialect, answer.pipe(Fault.resetAfter(2)))
      assert.lengthOf(dataOf(received.body), 2)
      assert.deepInclude(received, { status: 200, complete: false, ending: "rst" })
      const [entry] = yield* (yield* Emulator.Emulator).requests
      assert.isFalse(entry?.aborted)
      assert.isDefined(entry?.endedAt)
    }),
  )

  live("stallAfter keeps the connection until the client closes it", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script(dialect, answer.pipe(Fault.stallAfter(2)))
      const fiber = yield* Effect.forkChild(send(request(dialect)), { startImmediately: true })
      yield* emulator.nextRequest
      yield* Effect.sleep("30 millis")
      assert.isUndefined(fiber.pollUnsafe())
      assert.deepInclude((yield* emulator.requests)[0], { status: 200, endedAt: undefined, aborted: false })
      yield* Fiber.interrupt(fiber)
      const { aborted, endedAt } = yield* emulator.nextAborted
      assert.deepStrictEqual([aborted, endedAt], [true, undefined])
    }),
  )

  live("errorAfter speaks the provider's words", () =>
    Effect.gen(function* () {
      for (const kind of ["overloaded", "server_error", "rate_limit", "insufficient_quota", "timeout"] as const) {
        const received = yield* receive(dialect, answer.pipe(Fault.errorAfter(2, kind)))
        assert.deepInclude(received, { status: 200, complete: true })
        const frames = dataOf(received.body)
        assert.lengthOf(frames, dialect === "openai-responses" ? 4 : 3)
        assert.match(frames[2] ?? "", /"error"/)
        assert.notMatch(received.body, terminals[dialect])
      }
    }),
  )

  live("omitTerminal leaves out the end, and nothing but it", () =>
    Effect.gen(function* () {
      const whole = dataOf((yield* receive(dialect, answer)).body)
      const received = yield* receive(dialect, answer.pipe(Fault.omitTerminal))
      assert.isTrue(received.complete)
      assert.notMatch(received.body, terminals[dialect])
      const left = whole.slice(
        0,
        whole.findIndex((data) => terminals[dialect].test(data)),
      )
      assert.lengthOf(dataOf(received.body), left.length)
    }),
  )

  live("corruptFrame damages one frame", () =>
    Effect.gen(function* () {
      const frames = dataOf((yield* receive(dialect, answer.pipe(Fault.corruptFrame(2)))).body)
      assert.throws(() => json(frames[1] ?? ""))
      json(frames[0] ?? "")
      json(frames[2] ?? "")
    }),
  )

  live("duplicateFrame sends one frame twice", () =>
    Effect.gen(function* () {
      const frames = dataOf((yield* receive(dialect, answer.pipe(Fault.duplicateFrame(2)))).body)
      assert.strictEqual(frames[1], frames[2])
      assert.notStrictEqual(frames[2], frames[3])
    }),
  )

  live("splitBytes cuts through events and characters", () =>
    Effect.gen(function* () {
      const whole = yield* receive(dialect, answer)
      const received = yield* receive(dialect, answer.pipe(Fault.splitBytes(3)))
      const pieces = (text: string) => [...text.matchAll(/(?:^|\r\n)([0-9a-f]+)\r\n/g)].map((match) => match[1])
      const sizes = new Set(pieces(received.reads.map(({ text }) => text).join("")))
      assert.isTrue(sizes.has("3"))
      assert.strictEqual(text(received.body), text(whole.body))
      assert.isTrue(received.complete)
    }),
  )

  live("carriageReturns end the lines with CRLF", () =>
    Effect.gen(function* () {
      const whole = yield* receive(dialect, answer)
      const received = yield* receive(dialect, answer.pipe(Fault.carriageReturns))
      assert.notMatch(received.body.replaceAll("\r\n", ""), /\n/)
      assert.strictEqual(text(received.body.replaceAll("\r\n", "\n")), text(whole.body))
    }),
  )

  live("comments stand before every event", () =>
    Effect.gen(function* () {
      const whole = dataOf((yield* receive(dialect, answer)).body)
      const received = yield* receive(dialect, answer.pipe(Fault.comments))
      assert.lengthOf(received.body.match(/^: keep-alive$/gm) ?? [], whole.length)
      assert.lengthOf(dataOf(received.body), whole.length)
    }),
  )

  live("emptyBody sends the headers only", () =>
    Effect.gen(function* () {
      const received = yield* receive(dialect, answer.pipe(Fault.emptyBody))
      assert.deepInclude(received, { status: 200, body: "", complete: true })
    }),
  )
})

/** A body without the ids and counts that differ from one request to the next. */
const text = (body: string): string =>
  body.replaceAll(/[0-9a-f]{12,}/g, "").replaceAll(/"(created|created_at)":\d+/g, "")

describe("faults of a whole body", () => {
  const whole = (reply: Reply.Reply) => receive("openai-chat", reply, { stream: false })

  live("endAfter ends it cleanly, in the middle", () =>
    Effect.gen(function* () {
      const received = yield* whole(answer.pipe(Fault.endAfter(3)))
      assert.deepInclude(received, { status: 200, complete: true, ending: "fin" })
      assert.throws(() => json(received.body))
      assert.isUndefined(received.headers["content-length"])
    }),
  )

  live("closeAfter and resetAfter send less than was announced", () =>
    Effect.gen(function* () {
      const closed = yield* whole(answer.pipe(Fault.closeAfter(3)))
      assert.deepInclude(closed, { status: 200, complete: false, ending: "fin" })
      assert.isAbove(Number(closed.headers["content-length"]), Buffer.byteLength(closed.body))
      const reset = yield* whole(answer.pipe(Fault.resetAfter(3)))
      assert.deepInclude(reset, { status: 200, complete: false, ending: "rst" })
      assert.isAbove(reset.body.length, 0)
    }),
  )

  live("errorAfter is an error in a body of status 200", () =>
    Effect.gen(function* () {
      const received = yield* whole(answer.pipe(Fault.errorAfter(3, "overloaded")))
      assert.strictEqual(received.status, 200)
      assert.deepInclude(json(received.body)["error"], { code: "server_is_overloaded" })
    }),
  )

  live("omitTerminal takes the last eighth, corruptFrame and duplicateFrame damage one", () =>
    Effect.gen(function* () {
      const good = yield* whole(answer)
      const short = yield* whole(answer.pipe(Fault.omitTerminal))
      assert.isTrue(text(good.body).startsWith(text(short.body)))
      assert.isBelow(short.body.length, good.body.length)
      for (const fault of [Fault.corruptFrame(1), Fault.duplicateFrame(2)]) {
        const received = yield* whole(answer.pipe(fault))
        assert.isTrue(received.complete)
        assert.throws(() => json(received.body))
      }
    }),
  )

  live("framing of events does not touch it", () =>
    Effect.gen(function* () {
      const received = yield* whole(answer.pipe(Fault.comments, Fault.carriageReturns, Fault.splitBytes(5)))
      assert.isTrue(received.complete)
      json(received.body)
    }),
  )

  live("emptyBody has the length 0", () =>
    Effect.gen(function* () {
      const received = yield* whole(answer.pipe(Fault.emptyBody))
      assert.deepInclude(received, { status: 200, body: "", complete: true })
      assert.strictEqual(received.headers["content-length"], "0")
    }),
  )

  live("stallAfter announces all and sends a part", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("anthropic", answer.pipe(Fault.stallAfter(0)))
      const fiber = yield* Effect.forkChild(send(request("anthropic", false)), { startImmediately: true })
      yield* emulator.nextRequest
      yield* Effect.sleep("20 millis")
      yield* Fiber.interrupt(fiber)
      assert.deepInclude(yield* emulator.nextAborted, { status: 200, aborted: true })
    }),
  )
})

/** When the body's first byte and the last came, in milliseconds since the request. */
const times = (received: { readonly reads: ReadonlyArray<{ readonly at: number; readonly text: string }> }) => ({
  headers: received.reads[0]?.at ?? 0,
  first: received.reads.find(({ text: read }) => read.includes("data: "))?.at ?? 0,
  last: received.reads.findLast(({ text: read }) => read.includes("data: "))?.at ?? 0,
})

describe("delays", () => {
  live("delayHeaders holds back everything", () =>
    Effect.gen(function* () {
      const received = yield* receive("openai-chat", answer.pipe(Fault.delayHeaders("40 millis")))
      assert.isAtLeast(times(received).headers, 35)
    }),
  )

  live("delayFirstByte sends the headers at once", () =>
    Effect.gen(function* () {
      const received = yield* receive("openai-chat", answer.pipe(Fault.delayFirstByte("60 millis")))
      const { first, headers } = times(received)
      assert.isAtLeast(first - headers, 40)
    }),
  )

  live("delayFrames waits between frames", () =>
    Effect.gen(function* () {
      const received = yield* receive("google", answer.pipe(Fault.delayFrames("12 millis")))
      const { first, last } = times(received)
      // Five frames have four pauses.
      assert.isAtLeast(last - first, 40)
      assert.isAtLeast(received.reads.length, 5)
    }),
  )

  live("delays of an empty body come before its end", () =>
    Effect.gen(function* () {
      const started = performance.now()
      const received = yield* receive("google", answer.pipe(Fault.emptyBody, Fault.delayFirstByte("40 millis")))
      assert.isAtLeast(performance.now() - started, 35)
      assert.deepInclude(received, { status: 200, body: "", complete: true })
    }),
  )

  live("holdAfter waits for an effect, at the end if there are fewer frames", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      for (const frames of [0, 2, 100]) {
        const gate = yield* Deferred.make<void>()
        yield* emulator.script("google", answer.pipe(Fault.holdAfter(frames, Deferred.await(gate))))
        const fiber = yield* Effect.forkChild(send(request("google")), { startImmediately: true })
        yield* emulator.nextRequest
        yield* Effect.sleep("20 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* Deferred.succeed(gate, undefined)
        const received = yield* Fiber.join(fiber)
        assert.isTrue(received.complete)
        assert.lengthOf(dataOf(received.body), 5)
      }
    }),
  )
})

describe("headers", () => {
  live("are added and replaced, in any case", () =>
    Effect.gen(function* () {
      const { headers } = yield* receive(
        "openai-chat",
        answer.pipe(Fault.headers({ "x-added": "1", "X-Request-Id": "mine" }), Fault.contentType("text/plain")),
      )
      assert.strictEqual(headers["x-added"], "1")
      assert.strictEqual(headers["x-request-id"], "mine")
      assert.strictEqual(headers["content-type"], "text/plain")
    }),
  )
})

describe("composition", () => {
  live("each fault works on what the ones before it left", () =>
    Effect.gen(function* () {
      const received = yield* receive("google", answer.pipe(Fault.duplicateFrame(1), Fault.endAfter(2)))
      const frames = dataOf(received.body)
      assert.lengthOf(frames, 2)
      assert.strictEqual(frames[0], frames[1])
    }),
  )

  it("leaves the original as it was", () => {
    const faulty = answer.pipe(Fault.comments, Fault.resetAfter(1))
    assert.lengthOf(answer.faults, 0)
    assert.deepStrictEqual(
      faulty.faults.map(({ _tag }) => _tag),
      ["Comments", "ResetAfter"],
    )
    assert.isTrue(Reply.isReply(faulty))
    assert.lengthOf(faulty.pipe(Fault.emptyBody).faults, 3)
  })
})
