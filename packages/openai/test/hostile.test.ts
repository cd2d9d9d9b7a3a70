import { assert, describe, it } from "@effect/vitest"
import { type EventReader } from "@holdfast/core/provider/EventReader"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Result } from "effect"
import { type AiError, type Response, type Tool } from "effect/ai"

import {
  changed,
  changedEvents,
  partsOf,
  problemOf,
  problemOfWhole,
  problemsIn,
  type Random,
} from "../../../test/support/mutations.ts"
import { openai } from "../src/internal/chat/dialect.ts"
import { completionParts } from "../src/internal/chat/parts.ts"
import { AnswerState as ChatState } from "../src/internal/chat/state.ts"
import { ChatReader } from "../src/internal/chat/stream.ts"
import { answerParts } from "../src/internal/responses/parts.ts"
import { AnswerState as ResponsesState } from "../src/internal/responses/state.ts"
import { ResponsesReader } from "../src/internal/responses/stream.ts"
import * as OpenAiTool from "../src/OpenAiTool.ts"
import { origin } from "./requests.ts"

const tools: ReadonlyArray<Tool.Any> = [OpenAiTool.webSearch({}), OpenAiTool.codeInterpreter({ container: "c" })]
const responsesState = () => new ResponsesState({ origin, key: "openai", declared: providerTools(tools) })
const chatState = () => new ChatState({ origin, key: "openai", dialect: openai, fallbackId: "made-up" })

const items = [
  { id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: "so" }], encrypted_content: "e" },
  { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search", query: "q" } },
  {
    id: "msg_1",
    type: "message",
    phase: "final_answer",
    content: [
      {
        type: "output_text",
        text: "hello",
        annotations: [{ type: "url_citation", start_index: 0, end_index: 5, title: "A", url: "https://a.example/" }],
      },
      { type: "refusal", refusal: "" },
    ],
  },
  { id: "fc_1", type: "function_call", status: "completed", call_id: "call_1", name: "t", arguments: '{"a":[1]}' },
  { id: "ct_1", type: "custom_tool_call", call_id: "call_2", name: "u", input: "text" },
  { id: "ig_1", type: "image_generation_call", status: "completed", output_format: "png", result: "AQID" },
]
const answer = {
  id: "resp_1",
  model: "gpt",
  created_at: 1_700_000_000,
  status: "completed",
  service_tier: "default",
  incomplete_details: null,
  output: items,
  usage: {
    input_tokens: 30,
    input_tokens_details: { cached_tokens: 20, cache_write_tokens: 4 },
    output_tokens: 9,
    output_tokens_details: { reasoning_tokens: 5 },
  },
}
const at = { item_id: "msg_1", content_index: 0 }
const events = [
  { type: "response.created", response: answer },
  { type: "response.output_item.added", item: items[0] },
  { type: "response.reasoning_summary_part.added", item_id: "rs_1", summary_index: 0 },
  { type: "response.reasoning_summary_text.delta", item_id: "rs_1", summary_index: 0, delta: "so" },
  { type: "response.output_item.done", item: items[0] },
  { type: "response.output_item.done", item: items[1] },
  { type: "response.output_item.added", item: { ...items[2], content: [] } },
  { type: "response.content_part.added", ...at, part: { type: "output_text", text: "" } },
  { type: "response.output_text.delta", ...at, delta: "hel" },
  { type: "response.output_text.delta", ...at, delta: "lo" },
  {
    type: "response.output_text.annotation.added",
    ...at,
    annotation: { type: "url_citation", url: "https://a.example/" },
  },
  { type: "response.output_text.done", ...at, text: "hello" },
  { type: "response.refusal.delta", ...at, delta: "" },
  { type: "response.output_item.done", item: items[2] },
  { type: "response.output_item.added", item: { ...items[3], arguments: "" } },
  { type: "response.function_call_arguments.delta", item_id: "fc_1", delta: '{"a"' },
  { type: "response.function_call_arguments.delta", item_id: "fc_1", delta: ":[1]}" },
  { type: "response.output_item.done", item: items[3] },
  { type: "response.output_item.added", item: { ...items[4], input: "" } },
  { type: "response.custom_tool_call_input.delta", item_id: "ct_1", delta: "text" },
  { type: "response.output_item.done", item: items[4] },
  { type: "response.output_item.done", item: items[5] },
  { type: "response.completed", response: answer },
].map((event, sequence_number) => Object.assign(event, { sequence_number }))

const head = { id: "c_1", model: "gpt", created: 1_700_000_000, service_tier: "default" }
const usage = {
  prompt_tokens: 30,
  prompt_tokens_details: { cached_tokens: 20, cache_write_tokens: 4 },
  completion_tokens: 9,
  completion_tokens_details: { reasoning_tokens: 5 },
}
const call = { index: 0, id: "call_1", type: "function", function: { name: "t", arguments: '{"a":[1]}' } }
const message = {
  role: "assistant",
  reasoning_content: "so",
  reasoning_details: [{ type: "reasoning.encrypted", data: "e" }],
  content: "hello",
  annotations: [{ type: "url_citation", url_citation: { url: "https://a.example/", title: "A" } }],
  images: [{ image_url: { url: "data:image/png;base64,AQID" } }],
  tool_calls: [call, { ...call, index: 1, id: "call_2" }],
}
const completion = { ...head, choices: [{ index: 0, message, finish_reason: "tool_calls" }], usage }
const chunk = (delta: object, rest = {}) => ({ ...head, choices: [{ index: 0, delta, ...rest }] })
const piece = (index: number, text: string) => ({ tool_calls: [{ index, function: { arguments: text } }] })
const chunks = [
  chunk({ role: "assistant", content: "" }),
  chunk({ reasoning_content: "so" }),
  chunk({ reasoning_details: message.reasoning_details }),
  chunk({ content: "hel" }),
  chunk({ content: [{ type: "text", text: "lo" }] }),
  chunk({ annotations: message.annotations, images: message.images }),
  chunk({ tool_calls: [{ ...call, function: { name: "t", arguments: "" } }] }),
  chunk(piece(0, '{"a"')),
  chunk(piece(0, ":1}")),
  chunk({ tool_calls: [{ ...call, index: 1, id: "call_2", function: { name: "u", arguments: "" } }] }),
  chunk(piece(1, "{}")),
  chunk({}, { finish_reason: "tool_calls" }),
  { ...head, choices: [], usage },
]

interface Api {
  readonly name: string
  readonly events: ReadonlyArray<unknown>
  readonly reader: () => EventReader
  readonly answer: unknown
  readonly whole: (answer: unknown) => Result.Result<Array<Response.PartEncoded>, AiError.AiError>
}

const apis: ReadonlyArray<Api> = [
  {
    name: "Responses",
    events,
    reader: () => new ResponsesReader(responsesState()),
    answer,
    whole: (body) => answerParts(body, responsesState()),
  },
  {
    name: "Chat Completions",
    events: chunks,
    reader: () => new ChatReader(chatState()),
    answer: completion,
    whole: (body) => completionParts(body, chatState()),
  },
]

describe.each(apis)("$name", (api) => {
  it("has no problem with what is right", () => {
    const parts = partsOf(api.reader(), api.events)
    assert.strictEqual(parts.at(-1)?.type, "finish")
    assert.isUndefined(problemOf(parts))
    assert.isUndefined(problemOfWhole(Result.getOrThrow(api.whole(api.answer))))
  })

  it("makes sound parts of a stream, whatever is in it", () => {
    const trial = (random: Random) => problemOf(partsOf(api.reader(), changedEvents(api.events, random)))
    assert.deepStrictEqual(problemsIn(trial), [])
  })

  it("makes sound parts of a whole answer, whatever is in it", () => {
    const trial = (random: Random) => {
      const parts = api.whole(changed(api.answer, random))
      return Result.isSuccess(parts) ? problemOfWhole(parts.success) : undefined
    }
    assert.deepStrictEqual(problemsIn(trial), [])
  })
})
