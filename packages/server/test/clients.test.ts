/**
 * What clients of others need of what we send: each check removes something from it and sees that the client would notice.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deadline, RequestContext, Retry } from "@holdfast/core"
import { Budget, Ledger, Price, PriceBook, Report } from "@holdfast/cost"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { ChatError, ChatServer } from "@holdfast/server"
import { Emulator, Fault, Reply, ScriptedModel } from "@holdfast/testing"
import { Context, Deferred, Effect, Layer, Redacted, Stream } from "effect"
import { EventSource } from "eventsource"
import { createParser, type EventSourceMessage } from "eventsource-parser"

import { grpcJs, metadata } from "./support/grpc.ts"
import { eventsIn, get, jsonOf, message, post, reader, textOf, tokens } from "./support/read.ts"
import { serve, sse } from "./support/serve.ts"
import { openSocket } from "./support/transports.ts"

const delta = (text: string): ChatServer.Part => ({ type: "text-delta", id: "0", delta: text })

const parse = (body: string): ReadonlyArray<EventSourceMessage> => {
  const events: Array<EventSourceMessage> = []
  createParser({ onEvent: (event) => events.push(event) }).feed(body)
  return events
}

describe("an EventSource", () => {
  it.effect("reads names, ids and data, and stays away from what is over", () =>
    Effect.gen(function* () {
      const rest = yield* Deferred.make<void>()
      const words = Stream.concat(
        Stream.make(delta("One\n\n")),
        Stream.fromEffect(Effect.as(Deferred.await(rest), delta("two"))),
      )
      const { sockets, url } = yield* sse(ChatServer.layer(() => words, { resume: {} }))
      const body = { ...message("go"), answerId: "an-id-of-the-clients-own" }
      const first = reader(yield* post(`${url}/chat/stream`, body))
      yield* first.until("One")
      const source = new EventSource(`${url}/chat/${body.answerId}/stream`)
      const seen: Array<string> = []
      const over = new Promise<void>((resolve) => {
        for (const name of ["start", "token", "done"]) {
          source.addEventListener(name, ({ data, lastEventId }) => {
            seen.push(`${lastEventId} ${name} ${(JSON.parse(data as string) as { text?: string }).text ?? ""}`)
            // It loses its connection in the middle, and comes back by itself after the last id.
            if (seen.length === 2) {
              for (const socket of sockets) socket.destroy()
              Effect.runSync(Deferred.succeed(rest, undefined))
            }
            if (name === "done") resolve()
          })
        }
      })
      yield* Effect.promise(() => over)
      assert.deepEqual(seen, ["1 start ", "2 token One\n\n", "3 token two", "4 done "])
      source.close()
      // What it would get at its next try, which keeps it away for good.
      const after = { headers: { "last-event-id": "4" } }
      assert.strictEqual((yield* get(`${url}/chat/${body.answerId}/stream`, after)).status, 204)
    }),
  )

  it.effect("would hear of nothing by name without the names, and of no place without ids", () =>
    Effect.gen(function* () {
      const { url } = yield* sse(ChatServer.layer(() => Stream.make(delta("hi"))))
      const body = yield* textOf(yield* post(`${url}/chat/stream`, message("go")))
      assert.deepEqual(
        parse(body).map(({ event, id }) => `${id} ${event}`),
        ["1 start", "2 token", "3 done"],
      )
      assert.deepEqual(
        parse(body.replaceAll(/^event: .*\n/gm, "")).map(({ event }) => event),
        [undefined, undefined, undefined],
      )
      assert.deepEqual(
        parse(body.replaceAll(/^id: .*\n/gm, "")).map(({ id }) => id),
        [undefined, undefined, undefined],
      )
      // Lines that end otherwise are the same to every parser.
      assert.deepEqual(parse(body.replaceAll("\n", "\r\n")), parse(body))
      // Data is one line to those that split by all line breaks of Unicode, as Python's do.
      const odd = yield* sse(ChatServer.layer(() => Stream.make(delta("a\u2028b\u2029c\u0085d"))))
      const text = yield* textOf(yield* post(`${odd.url}/chat/stream`, message("go")))
      assert.notMatch(text, /[\u0085\u2028\u2029]/)
      assert.strictEqual(tokens(eventsIn(text)), "a\u2028b\u2029c\u0085d")
    }),
  )
})

const unknownCaller = new ChatError.ChatError({
  code: "Unauthorized",
  message: "Who are you?",
  status: 401,
  retryable: false,
})

describe("grpc-js", () => {
  const grpc = (chat: Layer.Layer<ChatServer.ChatServer>) =>
    Effect.gen(function* () {
      const context = yield* Layer.build(
        Layer.provide(
          ChatServer.grpc({
            port: 0,
            drainTimeout: 1,
            authenticate: ({ authorization }) =>
              authorization === "wrong" ? Effect.fail(unknownCaller) : Effect.succeed({ tenant: authorization }),
          }),
          chat,
        ),
      )
      const client = grpcJs(Context.get(context, ChatServer.GrpcServer).port)
      yield* Effect.addFinalizer(() => Effect.sync(() => client.close()))
      return client
    })
  const request = { messages: [{ role: "user", text: "hi" }] }

  it.live("refuses callers that are not known, too much, and nonsense, and keeps deadlines", () =>
    Effect.gen(function* () {
      const tenants: Array<string | undefined> = []
      const chat = ChatServer.layer(
        () =>
          Stream.concat(
            Stream.fromEffect(
              Effect.map(RequestContext.RequestContext, ({ tenant }) => {
                tenants.push(tenant)
                return delta("One")
              }),
            ),
            Stream.never,
          ),
        { limits: { maxBodyBytes: 2_000 } },
      )
      const client = yield* grpc(chat)
      const code = (ask: object, fields = {}, options = {}) =>
        Effect.promise(
          () =>
            new Promise<number>((resolve) => {
              const stream = client.ask(ask, metadata(fields), options)
              stream.on("data", () => undefined)
              stream.on("error", (error) => resolve((error as unknown as { readonly code: number }).code))
            }),
        )
      // UNAUTHENTICATED, INVALID_ARGUMENT, INVALID_ARGUMENT, DEADLINE_EXCEEDED.
      assert.strictEqual(yield* code(request, { authorization: "wrong" }), 16)
      assert.strictEqual(yield* code({ messages: [{ role: "user", text: "x".repeat(3_000) }] }), 3)
      assert.strictEqual(yield* code({ messages: [{ role: "system", text: "obey" }] }), 3)
      assert.strictEqual(yield* code(request, {}, { deadline: Date.now() + 300 }), 4)
      yield* Effect.promise(
        () =>
          new Promise<void>((resolve) => {
            const stream = client.ask(request, metadata({ authorization: "acme" }))
            stream.on("error", () => resolve())
            stream.on("data", ({ event }: Record<string, unknown>) => {
              if (event === "token") stream.cancel()
            })
          }),
      )
      assert.include(tenants, "acme")
    }),
  )

  it.effect("reads events, and errors with their code, their hint and their details", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(
        ScriptedModel.text(["They ", "float."]),
        ScriptedModel.rateLimited({ retryAfter: "7 seconds" }),
      )
      const client = yield* grpc(ChatServer.layerModel(model))
      const all = () =>
        Effect.promise(
          () =>
            new Promise<{
              events: Array<string>
              error: { code: number; metadata: { get: (key: string) => Array<unknown> } } | undefined
            }>((resolve) => {
              const events: Array<string> = []
              const stream = client.ask(request)
              stream.on("data", ({ event, id }: Record<string, unknown>) =>
                events.push(`${String(id)} ${String(event)}`),
              )
              stream.on("error", (error) => resolve({ events, error: error as never }))
              stream.on("end", () => resolve({ events, error: undefined }))
            }),
        )
      assert.deepEqual((yield* all()).events, ["1 start", "2 token", "3 token", "4 done"])
      const { error, events } = yield* all()
      assert.deepEqual(events, ["1 start"])
      // RESOURCE_EXHAUSTED.
      assert.strictEqual(error?.code, 8)
      assert.deepEqual(error?.metadata.get("retry-after"), ["7"])
      assert.include(String(error?.metadata.get("grpc-status-details-bin")[0]), "holdfast.chat.v1.Error")
    }),
  )

  it.effect("ends the model by cancelling", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const words = Stream.concat(Stream.make(delta("One")), Stream.never).pipe(
        Stream.onExit(() => Deferred.succeed(closed, undefined)),
      )
      const client = yield* grpc(ChatServer.layer(() => words))
      yield* Effect.promise(
        () =>
          new Promise<void>((resolve) => {
            const stream = client.ask(request)
            stream.on("error", () => undefined)
            stream.once("data", () => {
              stream.cancel()
              resolve()
            })
          }),
      )
      yield* Deferred.await(closed)
    }),
  )
})

describe("the provider", () => {
  const prices = PriceBook.layerExtend([
    Price.make({
      provider: "openai",
      model: "gpt-test",
      perMillion: { input: "$1", output: "$2" },
      maxOutputTokens: 1_000,
      source: "made up",
      checkedOn: "2026-11-24",
    }),
  ])

  const stack = (emulator: Emulator.Emulator["Service"]) =>
    OpenAiLanguageModel.model("gpt-test").pipe(
      Deadline.betweenParts("1 hour"),
      Retry.schedule(Retry.standard),
      Budget.enforce({ name: "team", daily: "10 USD" }),
      Layer.provide(
        OpenAiClient.layer({ apiKey: Redacted.make("sk-test"), apiUrl: emulator.baseUrl("openai-responses") }),
      ),
    )

  const transports = {
    SSE: (url: string) =>
      Effect.map(post(`${url}/chat/stream`, message("go")), (response) => {
        const reading = reader(response)
        return { begun: reading.until('"token"'), leave: reading.leave }
      }),
    WebSocket: (url: string) =>
      Effect.map(
        Effect.promise(() => openSocket(url)),
        ({ next, send, socket }) => {
          send({ type: "ask", request: "r", body: message("go") })
          const begun = Effect.promise(async () => {
            // oxlint-disable-next-line eslint/no-await-in-loop -- one frame after the other
            for (let frame = ""; !frame.includes('"token"');) frame = JSON.stringify(await next())
          })
          return { begun, leave: Effect.sync(() => socket.close()) }
        },
      ),
  }

  it.live.each(Object.entries(transports))("loses its connection when a client of %s leaves, and is paid", ([, open]) =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      const held = yield* Deferred.make<void>()
      yield* emulator.script(
        "openai-responses",
        Reply.text(["They ", "displace ", "water."]).pipe(Fault.holdAfter(5, Deferred.await(held))),
      )
      const ledger = yield* Layer.build(Layer.merge(Ledger.layerMemory(), prices))
      const chat = Layer.provide(ChatServer.layerModel(stack(emulator)), Layer.succeedContext(ledger))
      const { url } = yield* serve(Layer.provide(Layer.merge(ChatServer.sse(), ChatServer.webSocket()), chat))
      const { begun, leave } = yield* open(url)
      yield* begun
      yield* leave
      const aborted = yield* emulator.nextAborted
      assert.isTrue(aborted.aborted)
      yield* Deferred.succeed(held, undefined)
      // What was delivered is on the bill, though nobody has said how much it was.
      const total = Effect.map(Effect.provideContext(Report.make(), ledger), (report) => report.total)
      while ((yield* total).abandoned === 0) yield* Effect.promise(() => new Promise(setImmediate))
      assert.isTrue((yield* total).cost > 0n)
    }).pipe(Effect.provide(Emulator.layer())),
  )

  it.live("is paid, and done says how much", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("openai-responses", Reply.text("They float.", { usage: { input: 1_000, output: 500 } }))
      const ledger = yield* Layer.build(Layer.merge(Ledger.layerMemory(), prices))
      const costOf = (chat: Layer.Layer<ChatServer.ChatServer>) =>
        Effect.gen(function* () {
          const { url } = yield* sse(chat)
          const answer = yield* jsonOf<Record<string, unknown>>(yield* post(`${url}/chat`, message("hi")))
          return answer["cost"]
        })
      const budgeted = Layer.provide(ChatServer.layerModel(stack(emulator)), Layer.succeedContext(ledger))
      assert.strictEqual(yield* costOf(budgeted), "0.002 USD")
      // Without a budget a book of prices says the same, and without either nothing is said.
      const plain = OpenAiLanguageModel.model("gpt-test").pipe(
        Layer.provide(
          OpenAiClient.layer({ apiKey: Redacted.make("sk-test"), apiUrl: emulator.baseUrl("openai-responses") }),
        ),
      )
      const usage = { usage: { input: 1_000, output: 500 } }
      yield* emulator.script("openai-responses", Reply.text("They float.", usage), Reply.text("They float.", usage))
      const book = Context.get(ledger, PriceBook.PriceBook)
      assert.strictEqual(yield* costOf(ChatServer.layerModel(plain, { prices: book })), "0.002 USD")
      assert.isUndefined(yield* costOf(ChatServer.layerModel(plain)))
    }).pipe(Effect.provide(Emulator.layer())),
  )
})
