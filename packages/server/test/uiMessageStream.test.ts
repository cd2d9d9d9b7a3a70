import { assert, describe, it } from "@effect/vitest"
import { ChatServer } from "@holdfast/server"
import { ScriptedModel } from "@holdfast/testing"
import { AbstractChat, type ChatState, DefaultChatTransport, type UIMessage, WebSocketChatTransport } from "ai"
import { Deferred, Effect, Layer, Schema, Stream } from "effect"
import { LanguageModel, Prompt, Tool, Toolkit } from "effect/ai"

import { get } from "./support/read.ts"
import { serve } from "./support/serve.ts"

/** The part of `useChat` that is not React. */
class State implements ChatState<UIMessage> {
  status: ChatState<UIMessage>["status"] = "ready"
  error: Error | undefined = undefined
  messages: Array<UIMessage> = []
  pushMessage = (message: UIMessage) => {
    this.messages = [...this.messages, message]
  }
  popMessage = () => {
    this.messages = this.messages.slice(0, -1)
  }
  replaceMessage = (index: number, message: UIMessage) => {
    this.messages = this.messages.with(index, structuredClone(message))
  }
  snapshot = <T>(value: T): T => structuredClone(value)
}

class Chat extends AbstractChat<UIMessage> {
  constructor(url: string, id: string, data?: Array<unknown>) {
    super({
      id,
      state: new State(),
      transport: new DefaultChatTransport({ api: `${url}/api/chat` }),
      onData: (part) => data?.push(part),
    })
  }
}

class SocketChat extends AbstractChat<UIMessage> {}

const textOf = (message: UIMessage | undefined) =>
  message?.parts.map((part) => (part.type === "text" ? part.text : "")).join("") ?? ""

const send = (chat: Chat, text: string) => Effect.promise(() => chat.sendMessage({ text }))

const ui = <E, R>(chat: Layer.Layer<ChatServer.ChatServer, E, R>) =>
  serve(Layer.provide(ChatServer.uiMessageStream(), chat))

const Weather = Tool.make("weather", {
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Struct({ degrees: Schema.Finite }),
})

describe("useChat of ai", () => {
  it.effect("gets text, reasoning and metadata", () =>
    Effect.gen(function* () {
      const answer = ScriptedModel.answer({
        reasoning: "Buoyancy.",
        text: ["They ", "float."],
        usage: { input: 5, output: 3 },
      })
      const { url } = yield* ui(ChatServer.layerModel(ScriptedModel.model(answer)))
      const chat = new Chat(url, "c1")
      yield* send(chat, "Why do ships float?")
      assert.strictEqual(chat.status, "ready")
      assert.strictEqual(textOf(chat.lastMessage), "They float.")
      assert.deepEqual(
        chat.lastMessage?.parts.map(({ type }) => type),
        ["step-start", "reasoning", "text"],
      )
      const metadata = chat.lastMessage?.metadata as { readonly holdfast: Record<string, unknown> }
      assert.strictEqual(metadata.holdfast["attempts"], 1)
      assert.strictEqual(
        chat.lastMessage?.parts.every((part) => !("state" in part) || part.state === "done"),
        true,
      )
    }),
  )

  it.effect("gets tools with results over steps, and data of the application", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(
        ScriptedModel.answer({ toolCalls: [{ name: "weather", params: { city: "Oslo" } }] }),
        ScriptedModel.text("It is cold."),
      )
      const toolkit = Toolkit.make(Weather)
      const handlers = toolkit.toLayer({ weather: () => Effect.succeed({ degrees: -3 }) })
      const answer = ChatServer.layer(({ messages }) => {
        const prompt = Prompt.fromMessages(messages)
        const first = LanguageModel.streamText({ prompt, toolkit })
        const news: ChatServer.Part = { type: "data", name: "city", data: { name: "Oslo" } }
        const second = LanguageModel.streamText({ prompt })
        return Stream.make(news).pipe(Stream.concat(first), Stream.concat(second))
      })
      const { url } = yield* ui(Layer.provide(answer, Layer.merge(model, handlers)))
      const chat = new Chat(url, "c1")
      yield* send(chat, "Oslo?")
      assert.strictEqual(chat.error, undefined)
      assert.deepEqual(
        chat.lastMessage?.parts.map(({ type }) => type),
        ["step-start", "data-city", "tool-weather", "step-start", "text"],
      )
      const tool = chat.lastMessage?.parts[2] as { readonly state: string; readonly output: unknown }
      assert.deepEqual([tool.state, tool.output], ["output-available", { degrees: -3 }] as never)
    }),
  )

  it.effect("reads an error that is one, and the typed error beside it", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(ScriptedModel.text("hi there").pipe(ScriptedModel.truncateAfter(1)))
      const { url } = yield* ui(ChatServer.layerModel(model))
      const data: Array<unknown> = []
      const chat = new Chat(url, "c1", data)
      yield* send(chat, "Why?")
      assert.strictEqual(chat.status, "error")
      assert.include(chat.error?.message, "without its terminal event")
      assert.deepInclude((data[0] as { data: object }).data, { code: "StreamTruncated" })
    }),
  )

  it.effect("stops the model by closing its connection where nothing is resumed", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const words = Stream.make({ type: "text-delta", id: "0", delta: "One" } as const).pipe(
        Stream.concat(Stream.never),
        Stream.onExit(() => Deferred.succeed(closed, undefined)),
      )
      const { url } = yield* ui(ChatServer.layer(() => words))
      const chat = new Chat(url, "c1")
      const going = chat.sendMessage({ text: "Count." })
      while (textOf(chat.lastMessage) !== "One") yield* Effect.promise(() => new Promise(setImmediate))
      yield* Effect.promise(() => chat.stop().then(() => going))
      yield* Deferred.await(closed)
      assert.strictEqual(chat.status, "ready")
    }),
  )

  it.effect("goes on with the same answer after a reload, and an explicit stop ends it", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const rest = yield* Deferred.make<void>()
      const delta = (text: string): ChatServer.Part => ({ type: "text-delta", id: "0", delta: text })
      const words = Stream.make(delta("One ")).pipe(
        Stream.concat(Stream.fromEffect(Effect.as(Deferred.await(rest), delta("two")))),
        Stream.concat(Stream.never),
        Stream.onExit(() => Deferred.succeed(closed, undefined)),
      )
      const { url } = yield* ui(ChatServer.layer(() => words, { resume: {} }))
      const first = new Chat(url, "c1")
      const going = first.sendMessage({ text: "Count." })
      while (textOf(first.lastMessage) !== "One ") yield* Effect.promise(() => new Promise(setImmediate))
      yield* Effect.promise(() => first.stop().then(() => going))
      const second = new Chat(url, "c1")
      const resumed = second.resumeStream()
      while (textOf(second.lastMessage) !== "One ") yield* Effect.promise(() => new Promise(setImmediate))
      yield* Deferred.succeed(rest, undefined)
      while (textOf(second.lastMessage) !== "One two") yield* Effect.promise(() => new Promise(setImmediate))
      assert.strictEqual((yield* get(`${url}/api/chat/c1/stream`, { method: "DELETE" })).status, 202)
      yield* Effect.promise(() => resumed)
      yield* Deferred.await(closed)
      assert.strictEqual(second.status, "ready")
      assert.strictEqual(second.messages.length, 1)
      assert.strictEqual((yield* get(`${url}/api/chat/c1/stream`)).status, 204)
      assert.strictEqual((yield* get(`${url}/api/chat/nobody/stream`)).status, 204)
    }),
  )

  it.effect("sends what a tool of the page returned, and goes on in the same message", () =>
    Effect.gen(function* () {
      const scripted = yield* ScriptedModel.make()
      yield* scripted.script(
        ScriptedModel.answer({ text: "Let me see.", toolCalls: [{ name: "weather", params: { city: "Oslo" } }] }),
        ScriptedModel.text("It is cold."),
      )
      const { url } = yield* ui(
        Layer.provide(
          ChatServer.layer(({ messages }) =>
            LanguageModel.streamText({
              prompt: Prompt.fromMessages(messages),
              toolkit: Toolkit.make(Weather),
              disableToolCallResolution: true,
            }),
          ),
          scripted.model,
        ),
      )
      const chat = new Chat(url, "c1")
      yield* send(chat, "Oslo?")
      const call = chat.lastMessage?.parts.find(({ type }) => type === "tool-weather") as {
        readonly toolCallId: string
      }
      yield* Effect.promise(async () => {
        await chat.addToolOutput({ tool: "weather", toolCallId: call.toolCallId, output: { degrees: -3 } })
      })
      yield* Effect.promise(() => chat.sendMessage())
      assert.deepEqual(
        chat.messages.map(({ role }) => role),
        ["user", "assistant"],
      )
      assert.strictEqual(textOf(chat.lastMessage), "Let me see.It is cold.")
      const [, second] = yield* scripted.requests
      assert.deepEqual(
        second?.prompt.content.map(({ content, role }) =>
          typeof content === "string" ? role : `${role} ${content.map(({ type }) => type).join(" ")}`,
        ),
        ["user text", "assistant text tool-call", "tool tool-result"],
      )
    }),
  )

  it.effect("works over its own WebSocket transport, where a stop stops the answer", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const delta = (text: string): ChatServer.Part => ({ type: "text-delta", id: "0", delta: text })
      const words = Stream.concat(Stream.make(delta("One")), Stream.never).pipe(
        Stream.onExit(() => Deferred.succeed(closed, undefined)),
      )
      const chat = ChatServer.layer(({ chatId }) => (chatId === "whole" ? Stream.make(delta("all")) : words), {
        resume: {},
      })
      const { url } = yield* serve(Layer.provide(ChatServer.webSocket(), chat))
      const over = (id: string) => {
        const transport = new WebSocketChatTransport<UIMessage>({ url: `${url}/chat/socket` })
        return { chat: new SocketChat({ id, state: new State(), transport }), transport }
      }
      const whole = over("whole")
      yield* send(whole.chat, "go")
      assert.strictEqual(textOf(whole.chat.lastMessage), "all")
      yield* Effect.promise(() => over("nobody").chat.resumeStream())
      const first = over("c1")
      const going = first.chat.sendMessage({ text: "go" }).catch(() => undefined)
      while (textOf(first.chat.lastMessage) !== "One") yield* Effect.promise(() => new Promise(setImmediate))
      first.transport.close()
      yield* Effect.promise(() => going)
      const again = over("c1")
      const resumed = again.chat.resumeStream()
      while (textOf(again.chat.lastMessage) !== "One") yield* Effect.promise(() => new Promise(setImmediate))
      yield* Effect.promise(() => again.chat.stop().then(() => resumed))
      yield* Deferred.await(closed)
      assert.strictEqual(again.chat.status, "ready")
    }),
  )
})
