import { assert, describe, it } from "@effect/vitest"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, Redacted, Stream } from "effect"
import { LanguageModel, Prompt, Toolkit } from "effect/ai"

import * as AnthropicClient from "../src/AnthropicClient.ts"
import * as AnthropicLanguageModel from "../src/AnthropicLanguageModel.ts"
import * as AnthropicTool from "../src/AnthropicTool.ts"

const model = Layer.unwrap(
  Effect.map(Emulator.Emulator, (emulator) =>
    AnthropicLanguageModel.model("claude-sonnet-5-5").pipe(
      Layer.provide(
        AnthropicClient.layer({ apiKey: Redacted.make("sk-ant-test"), apiUrl: emulator.baseUrl("anthropic") }),
      ),
    ),
  ),
).pipe(Layer.provideMerge(Emulator.layer()))

type Block = { readonly type: string; readonly input?: unknown; readonly [field: string]: unknown }

const message = { id: "msg_1", type: "message", role: "assistant", model: "m", usage: { input_tokens: 1 } }

const whole = (content: ReadonlyArray<Block>, stop_reason: string) =>
  Reply.recorded({ body: { ...message, content, stop_reason } })

const pieces = (content: ReadonlyArray<Block>, stop_reason: string) =>
  Reply.recorded({
    lines: [
      { type: "message_start", message: { ...message, content: [] } },
      ...content.flatMap(({ input, ...block }, index) => [
        {
          type: "content_block_start",
          index,
          content_block: { ...block, ...(input === undefined ? {} : { input: {} }) },
        },
        ...(input === undefined
          ? []
          : [
              {
                type: "content_block_delta",
                index,
                delta: { type: "input_json_delta", partial_json: JSON.stringify(input) },
              },
            ]),
        { type: "content_block_stop", index },
      ]),
      { type: "message_delta", delta: { stop_reason }, usage: { output_tokens: 3 } },
      { type: "message_stop" },
    ].map((event) => JSON.stringify(event)),
  })

const contents = Effect.map(
  Effect.flatMap(Emulator.Emulator, (emulator) => emulator.requests),
  (requests) =>
    requests.map(({ body }) =>
      (body as { messages: ReadonlyArray<{ content: unknown }> }).messages.map(({ content }) => content),
    ),
)

const script = (...replies: ReadonlyArray<Reply.Reply>) =>
  Effect.flatMap(Emulator.Emulator, (emulator) => emulator.script("anthropic", ...replies))

describe("tools that Anthropic runs", () => {
  const content: ReadonlyArray<Block> = [
    { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "oslo" } },
    {
      type: "web_search_tool_result",
      tool_use_id: "srvtoolu_1",
      content: [{ type: "web_search_result", url: "https://a.example/", title: "A", encrypted_content: "x" }],
    },
    // What the search was made with is not declared, and must not be lost either.
    { type: "server_tool_use", id: "srvtoolu_2", name: "code_execution", input: { code: "1" } },
    { type: "code_execution_tool_result", tool_use_id: "srvtoolu_2", content: { type: "code_execution_result" } },
    { type: "text", text: "cold" },
  ]
  const toolkit = Toolkit.make(AnthropicTool.webSearch({ max_uses: 1 }))

  it.live("are seen, and the conversation goes on with all of it", () =>
    Effect.gen(function* () {
      yield* script(whole(content, "end_turn"), pieces(content, "end_turn"), Reply.text("bye"), Reply.text("bye"))
      const first = yield* LanguageModel.generateText({ prompt: "weather?", toolkit })
      const streamed = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "weather?", toolkit }))
      for (const parts of [first.content, streamed]) {
        assert.deepStrictEqual(
          parts.flatMap((part) => (part.type === "tool-result" ? [part.encodedResult] : [])),
          [content[1]?.["content"]],
        )
        const history = Prompt.concat(Prompt.make("weather?"), Prompt.fromResponseParts(parts))
        yield* LanguageModel.generateText({ prompt: Prompt.concat(history, "and?"), toolkit })
      }
      const sent = yield* contents
      for (const [, assistant] of sent.slice(2)) assert.deepStrictEqual(assistant, content)
    }).pipe(Effect.provide(model)),
  )

  it.live("may pause, and go on where they were", () =>
    Effect.gen(function* () {
      yield* script(whole(content.slice(0, 1), "pause_turn"), Reply.text("cold"))
      const paused = yield* LanguageModel.generateText({ prompt: "weather?", toolkit })
      assert.strictEqual(paused.finishReason, "pause")
      const history = Prompt.concat(Prompt.make("weather?"), Prompt.fromResponseParts(paused.content))
      assert.strictEqual((yield* LanguageModel.generateText({ prompt: history, toolkit })).text, "cold")
      assert.deepStrictEqual((yield* contents)[1]?.[1], content.slice(0, 1))
    }).pipe(Effect.provide(model)),
  )
})

describe("tools that the caller runs", () => {
  const toolkit = Toolkit.make(
    AnthropicTool.bash({ failureMode: "return" }),
    AnthropicTool.textEditor({}),
    AnthropicTool.memory({}),
  )
  const handlers = toolkit.toLayer({
    AnthropicBash: ({ command }) => (command === "ls" ? Effect.succeed("a.txt") : Effect.fail("not found")),
    AnthropicTextEditor: ({ command, path }) => Effect.succeed(`${command} ${path}`),
    AnthropicMemory: ({ command, path }) => Effect.succeed(`${command} ${path ?? ""}`),
  })

  it.live("are known by the toolkit's names here and by Anthropic's there", () =>
    Effect.gen(function* () {
      const calls: ReadonlyArray<Block> = [
        { type: "tool_use", id: "toolu_1", name: "bash", input: { command: "ls" } },
        { type: "tool_use", id: "toolu_2", name: "bash", input: { command: "fly" } },
        {
          type: "tool_use",
          id: "toolu_3",
          name: "str_replace_based_edit_tool",
          input: { command: "view", path: "/a" },
        },
        { type: "tool_use", id: "toolu_4", name: "memory", input: { command: "view", path: "/memories" } },
      ]
      yield* script(whole(calls, "tool_use"), pieces(calls, "tool_use"), Reply.text("bye"), Reply.text("bye"))
      const first = yield* LanguageModel.generateText({ prompt: "look", toolkit })
      const streamed = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "look", toolkit }))
      for (const parts of [first.content, streamed]) {
        const history = Prompt.concat(Prompt.make("look"), Prompt.fromResponseParts(parts))
        yield* LanguageModel.generateText({ prompt: history })
      }
      for (const [, assistant, answers] of (yield* contents).slice(2)) {
        assert.deepStrictEqual(assistant, calls)
        assert.sameDeepMembers(answers as Array<unknown>, [
          { type: "tool_result", tool_use_id: "toolu_1", content: "a.txt" },
          { type: "tool_result", tool_use_id: "toolu_2", content: "not found", is_error: true },
          { type: "tool_result", tool_use_id: "toolu_3", content: "view /a" },
          { type: "tool_result", tool_use_id: "toolu_4", content: "view /memories" },
        ])
      }
    }).pipe(Effect.provide(Layer.mergeAll(handlers, model))),
  )
})
