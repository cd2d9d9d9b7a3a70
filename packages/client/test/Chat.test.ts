import { assert, describe, it } from "@effect/vitest"
import { type Chat, type ChatOptions, makeChat, type Message } from "@holdfast/client/react"
import { ChatServer } from "@holdfast/server"
import { ScriptedModel } from "@holdfast/testing"
import { Deferred, Effect, Layer, Schema, Stream } from "effect"
import { LanguageModel, Prompt, Tool, Toolkit } from "effect/ai"

import { done, refuses, says, serve, token, wire } from "./support/server.ts"

const start = { type: "start", answerId: "x" }

const textOf = (message: Message | undefined): string =>
  message?.parts.map((part) => (part.type === "text" ? part.text : "")).join("") ?? ""

const chatOf = (options: ChatOptions): Chat => makeChat({ throttle: 0, retryDelay: 1, ...options })

const last = (chat: Chat): Message | undefined => chat.state().messages.at(-1)

const send = (chat: Chat, text: string) => Effect.promise(() => chat.send(text))

/** What Web Storage is, in memory. */
const storageOf = () => {
  const items = new Map<string, string>()
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
  }
}

const until = (chat: Chat, isSo: () => boolean) =>
  Effect.promise(
    () =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!isSo()) return
          leave()
          resolve()
        }
        const leave = chat.subscribe(look)
        look()
      }),
  )

const sse = <E, R>(chat: Layer.Layer<ChatServer.ChatServer, E, R>) => serve(Layer.provide(ChatServer.sse(), chat))

const Weather = Tool.make("weather", {
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Struct({ degrees: Schema.Finite }),
})

describe("a conversation with a chat server", () => {
  it.effect("shows reasoning, text and what the answer cost", () =>
    Effect.gen(function* () {
      const answer = ScriptedModel.answer({
        reasoning: "Hm.",
        text: ["They ", "float."],
        usage: { input: 5, output: 3 },
      })
      const { url } = yield* sse(ChatServer.layerModel(ScriptedModel.model(answer)))
      const chat = chatOf({ url: `${url}/chat` })
      yield* send(chat, "Why do ships float?")
      assert.deepStrictEqual(
        chat.state().messages.map(({ role }) => role),
        ["user", "assistant"],
      )
      assert.deepStrictEqual(
        last(chat)?.parts.map(({ type }) => type),
        ["reasoning", "text"],
      )
      assert.strictEqual(textOf(last(chat)), "They float.")
      assert.strictEqual(last(chat)?.done?.attempts, 1)
      assert.strictEqual(chat.state().status, "ready")
    }),
  )

  it.effect("keeps tools with their results, and says them again with the next question", () =>
    Effect.gen(function* () {
      const script = yield* ScriptedModel.make()
      yield* script.script(
        ScriptedModel.answer({ toolCalls: [{ name: "weather", params: { city: "Oslo" } }] }),
        ScriptedModel.text("It is cold."),
        ScriptedModel.text("Yes."),
      )
      const toolkit = Toolkit.make(Weather)
      const handlers = toolkit.toLayer({ weather: () => Effect.succeed({ degrees: -3 }) })
      const answers = ChatServer.layer(({ messages }) => {
        const prompt = Prompt.fromMessages(messages)
        const news: ChatServer.Part = { type: "data", name: "news", data: 1, transient: true }
        const city: ChatServer.Part = { type: "data", name: "city", id: "1", data: { name: "Oslo" } }
        const first = LanguageModel.streamText({ prompt, toolkit }) as Stream.Stream<ChatServer.Part, unknown>
        return Stream.concat(
          Stream.make(news, city, city),
          messages.length === 1 ? Stream.concat(first, LanguageModel.streamText({ prompt })) : first,
        )
      })
      const layer: Layer.Layer<ChatServer.ChatServer> = Layer.provide(answers, [script.model, handlers] as never)
      const { url } = yield* sse(layer)
      const events: Array<string> = []
      const chat = chatOf({ url: `${url}/chat`, onEvent: ({ type }) => void events.push(type) })
      yield* send(chat, "Oslo?")
      assert.deepStrictEqual(
        last(chat)?.parts.map(({ type }) => type),
        ["data", "tool", "step", "text"],
      )
      const tool = last(chat)?.parts[1]
      assert.deepInclude(tool as object, {
        state: "result",
        name: "weather",
        input: { city: "Oslo" },
        output: { degrees: -3 },
        failed: false,
      })
      assert.include(events, "data")
      yield* send(chat, "Really?")
      assert.strictEqual(textOf(last(chat)), "Yes.")
      const requests = yield* script.requests
      assert.deepStrictEqual(
        requests.at(-1)?.options.prompt.content.map(({ role }) => role),
        ["user", "assistant", "tool", "assistant", "user"],
      )
    }),
  )

  it.effect("asks once more for an answer, the newest or an earlier one", () =>
    Effect.gen(function* () {
      const model = ScriptedModel.model(...["one", "two", "three", "four"].map((text) => ScriptedModel.text(text)))
      const { url } = yield* sse(ChatServer.layerModel(model))
      const chat = chatOf({ url: `${url}/chat` })
      yield* Effect.promise(() => chat.regenerate())
      yield* send(chat, "a")
      yield* send(chat, "b")
      yield* Effect.promise(() => chat.regenerate())
      assert.deepStrictEqual(chat.state().messages.map(textOf), ["a", "one", "b", "three"])
      yield* Effect.promise(() => chat.regenerate(chat.state().ids[1]))
      assert.deepStrictEqual(chat.state().messages.map(textOf), ["a", "four"])
      chat.setMessages([])
      assert.deepStrictEqual(chat.state().ids, [])
    }),
  )

  it.effect("stops an answer at the provider, and keeps what came of it", () =>
    Effect.gen(function* () {
      const stopped: Array<string> = []
      const endless: ChatServer.Answer<never, never> = () =>
        Stream.concat(
          Stream.make<Array<ChatServer.Part>>({ type: "text-delta", id: "0", delta: "so far" }),
          Stream.never,
        ).pipe(Stream.ensuring(Effect.sync(() => void stopped.push("stopped"))))
      const { url } = yield* sse(ChatServer.layer(endless, { resume: {} }))
      const chat = chatOf({ url: `${url}/chat` })
      const sent = chat.send("a")
      yield* until(chat, () => textOf(last(chat)) === "so far")
      assert.strictEqual(chat.state().status, "streaming")
      yield* Effect.promise(chat.stop)
      yield* Effect.promise(() => sent)
      assert.deepStrictEqual(stopped, ["stopped"])
      assert.deepStrictEqual(
        [chat.state().status, textOf(last(chat)), last(chat)?.done?.reason],
        ["ready", "so far", "stopped"],
      )
    }),
  )

  it.effect("goes on after the page was loaded anew", () =>
    Effect.gen(function* () {
      const more = yield* Deferred.make<void>()
      const part = (delta: string): ChatServer.Part => ({ type: "text-delta", id: "0", delta })
      const answers: ChatServer.Answer<never, never> = () =>
        Stream.concat(Stream.make(part("one ")), Stream.fromEffect(Effect.as(Deferred.await(more), part("two"))))
      const { url } = yield* sse(ChatServer.layer(answers, { resume: {} }))
      const storage = storageOf()
      const before = chatOf({ url: `${url}/chat`, id: "c", storage })
      void before.send("a")
      yield* until(before, () => textOf(last(before)) === "one ")
      before.leave()
      const after = chatOf({ url: `${url}/chat`, id: "c", storage })
      assert.deepStrictEqual(after.initial().messages, [])
      const resumed = after.resume()
      yield* until(after, () => textOf(last(after)) === "one ")
      yield* Deferred.succeed(more, undefined)
      yield* Effect.promise(() => resumed)
      assert.deepStrictEqual(
        [textOf(last(after)), after.state().messages.length, after.state().status],
        ["one two", 2, "ready"],
      )
      // It is complete, so there is nothing to go on with.
      yield* Effect.promise(after.resume)
      assert.strictEqual(after.state().status, "ready")
    }),
  )
})

describe("a conversation", () => {
  it.effect("tells a list of messages three times for an answer of any length", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 2_000 }, () => token("x"))
      const { url } = yield* wire(says(1, [start, ...many, done]))
      const chat = chatOf({ url })
      const seen = new Set<unknown>()
      let told = 0
      chat.subscribe(() => {
        told++
        seen.add(chat.outline())
      })
      yield* send(chat, "a")
      assert.strictEqual(textOf(last(chat)).length, 2_000)
      assert.isAtMost(seen.size, 3)
      assert.isAtMost(told, 100)
    }),
  )

  it.effect("keeps what came before an error, and can go on", () =>
    Effect.gen(function* () {
      const error = { code: "StreamTruncated", message: "m", status: 502, retryable: true }
      const { heard, url } = yield* wire(
        says(1, [start, token("a"), { type: "error", error }]),
        refuses(404, { error: { code: "AnswerNotFound", message: "gone", status: 404, retryable: false } }),
        says(1, [start, token("b"), done]),
      )
      const errors: Array<string> = []
      const chat = chatOf({ url, onError: ({ code }) => void errors.push(code) })
      yield* send(chat, "q")
      assert.deepStrictEqual(
        [textOf(last(chat)), chat.state().status, chat.state().error?.code],
        ["a", "error", "StreamTruncated"],
      )
      yield* Effect.promise(chat.resume)
      assert.deepStrictEqual([heard[1]?.method, heard[1]?.after], ["GET", "2"])
      assert.deepStrictEqual(errors, ["StreamTruncated", "AnswerNotFound"])
      yield* Effect.promise(() => chat.regenerate())
      assert.deepStrictEqual([chat.state().status, chat.state().error, textOf(last(chat))], ["ready", undefined, "b"])
    }),
  )

  it.effect("keeps messages that did not change, as the same objects", () =>
    Effect.gen(function* () {
      const { url } = yield* wire(says(1, [start, token("a"), done]))
      const chat = chatOf({ url })
      yield* send(chat, "one")
      const [, first] = chat.state().messages
      yield* send(chat, "two")
      assert.strictEqual(chat.state().messages[1], first)
      assert.strictEqual(chat.message(first!.id), first)
    }),
  )

  it.effect("stops where the server cannot be reached, and where a new question comes", () =>
    Effect.gen(function* () {
      const { heard, url } = yield* wire(
        says(1, [start, token("a")], "open"),
        refuses(404, {}),
        says(1, [start, token("b")], "open"),
        (response, { method }) =>
          (method === "DELETE" ? refuses(202, "") : says(1, [start, token("c"), done]))(response, undefined as never),
      )
      const chat = chatOf({ url })
      void chat.send("one")
      yield* until(chat, () => textOf(last(chat)) === "a")
      yield* Effect.promise(chat.stop)
      assert.deepStrictEqual([chat.state().status, textOf(last(chat))], ["ready", "a"])
      void chat.send("two")
      yield* until(chat, () => textOf(last(chat)) === "b")
      yield* send(chat, "three")
      assert.deepStrictEqual(chat.state().messages.map(textOf), ["one", "a", "two", "b", "three", "c"])
      assert.strictEqual(heard.filter(({ method }) => method === "DELETE").length, 2)
    }),
  )

  it("takes what an application brings along for complete", async () => {
    const messages = [{ id: "1", role: "assistant", parts: [{ type: "text", text: "Hello." }] }] as const
    const chat = makeChat({ messages, fetch: () => Promise.reject(new Error("nothing is asked")) })
    await chat.resume()
    assert.strictEqual(chat.state().status, "ready")
  })

  it("is none the worse for a storage that is broken", () => {
    const broken = {
      getItem: () => "{",
      setItem: () => {
        throw new Error("full")
      },
    }
    assert.deepStrictEqual(makeChat({ id: "c", storage: broken }).state().messages, [])
  })
})
