import { assert, describe, it } from "@effect/vitest"
import { type ChatProtocol, ChatServer } from "@holdfast/server"
import { ScriptedModel } from "@holdfast/testing"
import { Context, Deferred, Effect, Layer, Stream } from "effect"

import { grpcTransports } from "./support/grpc.ts"
import { message } from "./support/read.ts"
import { serve } from "./support/serve.ts"
import { longPoll, type Numbered, Refused, sse, type Transport, webSocket } from "./support/transports.ts"

const transports: ReadonlyArray<Transport> = [sse, longPoll, webSocket, ...grpcTransports]

const served = (transport: Transport, chat: Layer.Layer<ChatServer.ChatServer>) =>
  transport.layer === undefined
    ? Effect.map(
        Layer.build(
          Layer.provide(ChatServer.grpc({ port: 0, protocol: transport.grpc ?? "http2", drainTimeout: 1 }), chat),
        ),
        (context) => ({ url: `http://127.0.0.1:${Context.get(context, ChatServer.GrpcServer).port}` }),
      )
    : serve(Layer.provide(transport.layer, chat))

const collected = async (events: AsyncGenerator<Numbered>): Promise<ReadonlyArray<Numbered>> => {
  const taken: Array<Numbered> = []
  for await (const each of events) taken.push(each)
  return taken
}

const all = (events: AsyncGenerator<Numbered>) => Effect.promise(() => collected(events))

/** The first events, and then it leaves. */
const some = (events: AsyncGenerator<Numbered>, count: number) =>
  Effect.promise(async () => {
    const taken: Array<Numbered> = []
    for await (const each of events) if (taken.push(each) === count) break
    return taken
  })

const refusal = (events: AsyncGenerator<Numbered>) =>
  Effect.promise(async () => {
    const error: unknown = await collected(events).catch((cause: unknown) => cause)
    if (error instanceof Refused) return error
    throw new Error("it was not refused", { cause: error })
  })

/** Without what differs from one call to the next. */
const comparable = (events: ReadonlyArray<Numbered>) =>
  events.map(({ event }) => {
    const { answerId: _, latency: __, timeToFirstToken: ___, ...rest } = event as unknown as Record<string, unknown>
    return rest
  })

const turn = Effect.promise(() => new Promise<void>((resolve) => void setImmediate(resolve)))

const delta = (text: string): ChatServer.Part => ({ type: "text-delta", id: "0", delta: text })

const finish = {
  type: "finish",
  reason: "stop",
  usage: { inputTokens: {}, outputTokens: {} },
} as unknown as ChatServer.Part

const rich: ReadonlyArray<ChatServer.Part> = [
  { type: "reasoning-start", id: "0" },
  { type: "reasoning-delta", id: "0", delta: "Buoyancy.\n\n" },
  { type: "reasoning-end", id: "0" },
  { type: "tool-params-start", id: "t1", name: "density" },
  { type: "tool-params-delta", id: "t1", delta: '{"of":"water"}' },
  { type: "tool-params-end", id: "t1" },
  { type: "tool-call", id: "t1", name: "density", params: { of: "water" } },
  { type: "tool-result", id: "t1", name: "density", result: { kg: 997 }, isFailure: false },
  { type: "data", name: "progress", data: { done: 1 }, transient: true },
  finish,
  { type: "text-start", id: "0" },
  delta("They displace "),
  delta("water:\r\n data: 💧\u2028, "),
  { type: "text-delta", id: "1", delta: "a second text" },
  { type: "source", sourceType: "url", id: "s1", url: "https://example.com/", title: "Ships" },
  { type: "file", mediaType: "image/png", data: "iVBORw0KGgo=" },
  finish,
]

describe.each(transports)("$name", (transport) => {
  it.effect("gives the same events as every other transport", () =>
    Effect.gen(function* () {
      const { url } = yield* served(
        transport,
        ChatServer.layer(() => Stream.fromIterable(rich)),
      )
      const events = yield* all(transport.read(url, { body: { ...message("Why?"), chatId: "c1" } }))
      assert.deepEqual(
        events.map(({ id }) => id),
        events.map((_, index) => index + 1),
      )
      assert.deepEqual(comparable(events), expected)
    }),
  )

  it.effect("ends with the same typed error", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(ScriptedModel.text("hi there").pipe(ScriptedModel.truncateAfter(1)))
      const { url } = yield* served(transport, ChatServer.layerModel(model))
      const last = (yield* all(transport.read(url, { body: message("Why?") }))).at(-1)
      assert.strictEqual(last?.id, 3)
      assert.deepEqual(last?.event, {
        type: "error",
        error: {
          code: "StreamTruncated",
          message:
            "scripted-model of scripted stopped after 1 content part, without its terminal event; the answer is incomplete",
          status: 502,
          retryable: true,
          policy: { _tag: "StreamTruncated", provider: "scripted", model: "scripted-model", deliveredParts: 1 },
        },
      })
    }),
  )

  it.effect("refuses what it does not take, in the same words", () =>
    Effect.gen(function* () {
      const { url } = yield* served(
        transport,
        ChatServer.layer(() => Stream.never, { limits: { maxMessages: 2 } }),
      )
      const code = (ask: Parameters<Transport["read"]>[1]) =>
        Effect.map(refusal(transport.read(url, ask)), ({ error }) => error.code)
      const one = { role: "user", content: "hi" }
      assert.strictEqual(yield* code({ body: { messages: [one, one, one] } }), "TooManyMessages")
      assert.strictEqual(yield* code({ body: { messages: [] } }), "InvalidRequest")
      assert.strictEqual(yield* code({ body: { messages: [{ role: "system", content: "obey" }] } }), "InvalidRequest")
      assert.strictEqual(yield* code({ body: { ...message("hi"), answerId: "guessable" } }), "InvalidRequest")
      assert.strictEqual(yield* code({ answerId: "there-is-no-such-answer", after: 0 }), "AnswerNotFound")
    }),
  )

  it.effect("goes on after any event without losing or doubling one", () =>
    Effect.gen(function* () {
      const texts = Array.from({ length: 40 }, (_, index) => `${index} é💧 `)
      const gates = yield* Effect.forEach(texts, () => Deferred.make<void>())
      const words = Stream.fromIterable(texts).pipe(
        Stream.rechunk(1),
        Stream.mapEffect((text, index) => Effect.as(Deferred.await(gates[index]!), delta(text))),
      )
      const { url } = yield* served(
        transport,
        ChatServer.layer(() => Stream.concat(words, Stream.make(finish)), { resume: {} }),
      )
      const answerId = "an-id-of-the-clients-own"
      const read: Array<Numbered> = []
      for (let at = 0; read.at(-1)?.event.type !== "done"; at++) {
        // Three events become there for each connection, which takes two and leaves.
        for (const gate of gates.slice(at * 3, at * 3 + 3)) yield* Deferred.succeed(gate, undefined)
        if (at > 20) for (const gate of gates) yield* Deferred.succeed(gate, undefined)
        const ask = read.length === 0 ? { body: { ...message("go"), answerId } } : { answerId, after: read.length }
        read.push(...(yield* some(transport.read(url, ask), 2)))
      }
      assert.deepEqual(
        read.map(({ id }) => id),
        read.map((_, index) => index + 1),
      )
      assert.strictEqual(read.map(({ event }) => (event.type === "token" ? event.text : "")).join(""), texts.join(""))
      // Whoever comes later reads it from the beginning.
      assert.deepEqual(yield* all(transport.read(url, { answerId, after: 0 })), read)
      assert.deepEqual(yield* all(transport.read(url, { answerId, after: read.length })), [])
    }),
  )

  it.effect("asks the model once for one id", () =>
    Effect.gen(function* () {
      let asked = 0
      const once = Stream.suspend(() => {
        asked++
        return Stream.fromIterable(rich)
      })
      const { url } = yield* served(
        transport,
        ChatServer.layer(() => once, { resume: {} }),
      )
      const body = { ...message("go"), answerId: "an-id-of-the-clients-own" }
      const [first, second] = [yield* all(transport.read(url, { body })), yield* all(transport.read(url, { body }))]
      assert.deepEqual(first, second)
      assert.strictEqual(asked, 1)
    }),
  )

  it.effect("stops an answer at its provider, for all of its readers", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const endless = Stream.make(delta("One")).pipe(
        Stream.concat(Stream.never),
        Stream.onExit(() => Deferred.succeed(closed, undefined)),
      )
      const { url } = yield* served(
        transport,
        ChatServer.layer(() => endless, { resume: {} }),
      )
      const answerId = "an-id-of-the-clients-own"
      const reading = transport.read(url, { body: { ...message("go"), answerId } })
      yield* Effect.promise(() => reading.next())
      yield* Effect.promise(() => transport.stop(url, answerId))
      yield* Deferred.await(closed)
      const rest = yield* all(reading)
      assert.deepEqual(
        rest.map(({ event }) => event.type),
        ["token", "done"],
      )
      assert.strictEqual((rest.at(-1)?.event as typeof ChatProtocol.Done.Type | undefined)?.reason, "stopped")
    }),
  )

  it.effect("holds the model back while its reader does not read", () =>
    Effect.gen(function* () {
      const total = 1_200
      let made = 0
      const text = "x".repeat(64_000)
      const flood = Stream.range(1, total).pipe(
        Stream.rechunk(1),
        Stream.map(() => {
          made++
          return delta(text)
        }),
      )
      const chat = ChatServer.layer(() => flood, { limits: { maxAnswerSize: 1e9, lead: 256_000 } })
      const { url } = yield* served(transport, chat)
      const letGo = yield* Effect.promise(() => transport.stall(url, message("go")))
      let before = -1
      for (let quiet = 0; quiet < 200; quiet++) {
        if (made !== before || made === 0) quiet = 0
        before = made
        yield* turn
      }
      // The rest is in the buffers of the kernel, which take some megabytes between them.
      assert.isBelow(made, total / 2)
      yield* Effect.sync(letGo)
    }),
  )
})

const expected = [
  { type: "start", chatId: "c1" },
  { type: "reasoning", text: "Buoyancy.\n\n" },
  { type: "tool-input-start", id: "t1", name: "density" },
  { type: "tool-input-delta", id: "t1", delta: '{"of":"water"}' },
  { type: "tool-call", id: "t1", name: "density", input: { of: "water" } },
  { type: "tool-result", id: "t1", name: "density", output: { kg: 997 }, failed: false },
  { type: "data", name: "progress", data: { done: 1 }, transient: true },
  { type: "step" },
  { type: "token", text: "They displace ", block: 1 },
  { type: "token", text: "water:\r\n data: 💧\u2028, ", block: 1 },
  { type: "token", text: "a second text", block: 2 },
  { type: "source", id: "s1", url: "https://example.com/", title: "Ships" },
  { type: "file", mediaType: "image/png", data: "iVBORw0KGgo=" },
  { type: "done", reason: "stop", usage: { inputTokens: {}, outputTokens: {} }, attempts: 0 },
]
