import { assert, describe, it } from "@effect/vitest"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Result } from "effect"
import { type Tool } from "effect/ai"

import {
  changed,
  changedEvents,
  partsOf,
  problemOf,
  problemOfWhole,
  problemsIn,
  type Random,
} from "../../../test/support/mutations.ts"
import * as AnthropicTool from "../src/AnthropicTool.ts"
import { answerParts } from "../src/internal/answer/parts.ts"
import { AnswerState } from "../src/internal/answer/state.ts"
import { MessagesReader } from "../src/internal/answer/stream.ts"
import { origin } from "./requests.ts"

const tools: ReadonlyArray<Tool.Any> = [AnthropicTool.webSearch({}), AnthropicTool.codeExecution({})]
const state = () => new AnswerState({ origin, declared: providerTools(tools) })

const citation = { type: "web_search_result_location", url: "https://a.example/", title: "A", cited_text: "a" }
const page = { type: "page_location", document_index: 0, document_title: "D", start_page_number: 1 }
const search = { type: "server_tool_use", id: "srv_1", name: "web_search", input: { query: "q" } }
const found = { type: "web_search_tool_result", tool_use_id: "srv_1", content: [{ type: "web_search_result" }] }
const bash = { type: "server_tool_use", id: "srv_2", name: "bash_code_execution", input: { command: "ls" } }
const usage = {
  input_tokens: 6,
  cache_read_input_tokens: 20,
  cache_creation_input_tokens: 4,
  cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 0 },
  output_tokens: 9,
  output_tokens_details: { thinking_tokens: 5 },
  iterations: [{ type: "compaction", input_tokens: 1, output_tokens: 1 }],
  service_tier: "standard",
}
const head = { id: "msg_1", type: "message", role: "assistant", model: "claude", stop_sequence: null }
const answer = {
  ...head,
  content: [
    { type: "thinking", thinking: "so", signature: "c2ln" },
    { type: "redacted_thinking", data: "c2VjcmV0" },
    search,
    found,
    bash,
    { type: "text", text: "hello", citations: [citation, page] },
    { type: "container_upload", file_id: "file_1" },
    { type: "tool_use", id: "toolu_1", name: "t", input: { a: [1] }, caller: { type: "direct" } },
    { type: "tool_use", id: "toolu_2", name: "u", input: {} },
  ],
  stop_reason: "tool_use",
  stop_details: { category: "x", explanation: "y" },
  container: { id: "c_1" },
  usage,
}
const start = (index: number, content_block: object) => ({ type: "content_block_start", index, content_block })
const delta = (index: number, fields: object) => ({ type: "content_block_delta", index, delta: fields })
const stop = (index: number) => ({ type: "content_block_stop", index })
const events = [
  { type: "message_start", message: { ...head, content: [], stop_reason: null, usage } },
  { type: "ping" },
  start(0, { type: "thinking", thinking: "", signature: "" }),
  delta(0, { type: "thinking_delta", thinking: "so" }),
  delta(0, { type: "signature_delta", signature: "c2ln" }),
  stop(0),
  start(1, { type: "redacted_thinking", data: "c2VjcmV0" }),
  stop(1),
  start(2, { ...search, input: {} }),
  delta(2, { type: "input_json_delta", partial_json: '{"query":"q"}' }),
  stop(2),
  start(3, found),
  stop(3),
  start(4, { type: "text", text: "" }),
  delta(4, { type: "text_delta", text: "hello" }),
  delta(4, { type: "citations_delta", citation }),
  delta(4, { type: "citations_delta", citation: page }),
  stop(4),
  start(5, { type: "tool_use", id: "toolu_1", name: "t", input: {} }),
  delta(5, { type: "input_json_delta", partial_json: '{"a"' }),
  delta(5, { type: "input_json_delta", partial_json: ":[1]}" }),
  stop(5),
  start(6, { type: "tool_use", id: "toolu_2", name: "u", input: { whole: true } }),
  stop(6),
  { type: "message_delta", delta: { stop_reason: "tool_use", container: { id: "c_1" } }, usage: { output_tokens: 9 } },
  { type: "message_stop" },
]

describe("answers", () => {
  it("are no problem if they are right", () => {
    const parts = partsOf(new MessagesReader(state()), events)
    assert.strictEqual(parts.at(-1)?.type, "finish")
    assert.isUndefined(problemOf(parts))
    assert.isUndefined(problemOfWhole(Result.getOrThrow(answerParts(answer, state()))))
  })

  it("become sound parts of a stream, whatever is in them", () => {
    const trial = (random: Random) => problemOf(partsOf(new MessagesReader(state()), changedEvents(events, random)))
    assert.deepStrictEqual(problemsIn(trial), [])
  })

  it("become sound parts of a whole answer, whatever is in them", () => {
    const trial = (random: Random) => {
      const parts = answerParts(changed(answer, random), state())
      return Result.isSuccess(parts) ? problemOfWhole(parts.success) : undefined
    }
    assert.deepStrictEqual(problemsIn(trial), [])
  })
})
