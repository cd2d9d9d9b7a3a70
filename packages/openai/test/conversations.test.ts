import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Prompt, Response, Tool } from "effect/ai"

import { partsOf } from "../../../test/support/mutations.ts"
import { conversation, secrets, turns } from "../../../test/support/turns.ts"
import { type Dialect, openai } from "../src/internal/chat/dialect.ts"
import { chatBody } from "../src/internal/chat/request.ts"
import { responsesBody } from "../src/internal/responses/request.ts"
import { AnswerState } from "../src/internal/responses/state.ts"
import { ResponsesReader } from "../src/internal/responses/stream.ts"
import { mistral } from "../src/OpenAiCompatible.ts"
import { origin, request } from "./requests.ts"

const tools = [Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }) })]
const wanted = (turn: string) => request(conversation(turns[turn] ?? []), { tools })

const responses = (turn: string, model = "gpt-6-sol") =>
  responsesBody({ provider: "openai", model, settings: {}, request: wanted(turn), tracked: false })
const chat = (turn: string, dialect: Dialect = openai) =>
  chatBody({ provider: "openai", model: "gpt-6-sol", dialect, settings: {}, request: wanted(turn) })

interface Item {
  readonly type?: string
  readonly id?: string
  readonly call_id?: string
  readonly encrypted_content?: string
}

const names = Object.keys(turns)

describe.each(names)("a conversation that %s began", (turn) => {
  it.effect("goes on with Responses", () =>
    Effect.gen(function* () {
      for (const model of ["gpt-6-sol", "gpt-4.1"]) {
        const sent = yield* responses(turn, model)
        const items = sent.input as ReadonlyArray<Item>
        const ids = (type: string) => items.filter((item) => item.type === type).map((item) => item.call_id ?? "")
        assert.isAbove(ids("function_call").length, 0)
        assert.deepStrictEqual(ids("function_call_output"), ids("function_call"))
        assert.isTrue(ids("function_call").every((id) => id.length <= 64))
        const thoughts = items.filter(({ type }) => type === "reasoning")
        assert.isTrue(thoughts.every((item) => item.encrypted_content !== undefined))
        for (const name of names) {
          const own = name === "openai" && turn === "openai" && model === "gpt-6-sol"
          assert.strictEqual(JSON.stringify(sent).includes(secrets[name] ?? "?"), own)
        }
        // Items are named only along with the reasoning that led to them.
        assert.strictEqual(
          items.some(({ id }) => id?.startsWith("fc_")),
          thoughts.length > 0,
        )
      }
    }),
  )

  it.effect("goes on with Chat Completions", () =>
    Effect.gen(function* () {
      for (const [dialect, valid] of [
        [openai, /^.{1,40}$/],
        [mistral, /^[a-zA-Z0-9]{9}$/],
      ] as const) {
        const { messages } = yield* chat(turn, dialect)
        const called = messages.flatMap((message) =>
          message.role === "assistant" ? (message.tool_calls ?? []).map(({ id }) => id) : [],
        )
        assert.isAbove(called.length, 0)
        assert.isTrue(called.every((id) => valid.test(id)))
        assert.deepStrictEqual(
          messages.flatMap((message) => (message.role === "tool" ? [message.tool_call_id] : [])),
          called,
        )
        for (const name of names) assert.notInclude(JSON.stringify(messages), secrets[name] ?? "?")
      }
    }),
  )
})

describe("an answer that was streamed", () => {
  it.effect("goes back with all pieces of its reasoning", () =>
    Effect.gen(function* () {
      const id = "rs_1"
      const summary = ["one", "two"].map((piece) => ({ type: "summary_text", text: piece }))
      const call = { type: "function_call", id: "fc_1", call_id: "call_1", name: "weather", arguments: "{}" }
      const parts = partsOf(new ResponsesReader(new AnswerState({ origin, key: "openai" })), [
        { type: "response.output_item.added", item: { type: "reasoning", id } },
        { type: "response.reasoning_summary_text.delta", item_id: id, summary_index: 0, delta: "one" },
        { type: "response.reasoning_summary_text.delta", item_id: id, summary_index: 1, delta: "two" },
        { type: "response.output_item.done", item: { type: "reasoning", id, summary, encrypted_content: "sealed" } },
        { type: "response.output_item.added", item: { ...call, arguments: "" } },
        { type: "response.output_item.done", item: call },
        { type: "response.completed", response: { status: "completed" } },
      ])
      const decoded = yield* Schema.decodeUnknownEffect(Schema.Array(Response.StreamPart()))(parts)
      const prompt = Prompt.fromResponseParts(decoded)
      const { input } = yield* responsesBody({
        provider: "openai",
        model: "gpt-6-sol",
        settings: {},
        request: request(prompt),
        tracked: false,
      })
      assert.deepStrictEqual(input as ReadonlyArray<unknown>, [
        { type: "reasoning", id, summary, encrypted_content: "sealed" },
        { type: "function_call", id: "fc_1", call_id: "call_1", name: "weather", arguments: "{}" },
      ])
    }),
  )
})
