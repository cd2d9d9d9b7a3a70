import { assert, describe, it } from "@effect/vitest"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Result, Schema } from "effect"
import { type AiError, type Response, Tool } from "effect/ai"

import * as AnthropicTool from "../../../src/AnthropicTool.ts"
import { answerParts } from "../../../src/internal/answer/parts.ts"
import { AnswerState } from "../../../src/internal/answer/state.ts"
import { origin } from "../../requests.ts"

const read = (answer: unknown, tools: ReadonlyArray<Tool.Any> = []) =>
  answerParts(answer, new AnswerState({ origin, declared: providerTools(tools) }))

const answer = (content: ReadonlyArray<unknown>, fields: object = {}) => ({
  id: "msg_1",
  type: "message",
  model: "claude-sonnet-5-5",
  content,
  stop_reason: "end_turn",
  usage: { input_tokens: 1, output_tokens: 2 },
  ...fields,
})

const parts = (content: ReadonlyArray<unknown>, tools?: ReadonlyArray<Tool.Any>, fields?: object) =>
  Result.getOrThrow(read(answer(content, fields), tools)).slice(1, -1)

const failureOf = (value: unknown): AiError.AiError => {
  const result = read(value)
  assert.isTrue(Result.isFailure(result))
  return Result.isFailure(result) ? result.failure : (undefined as never)
}

const end = (fields: object) => Result.getOrThrow(read(answer([], fields))).at(-1) as Response.FinishPartEncoded

describe("an answer", () => {
  it("begins with who answered and ends with what it cost", () => {
    assert.deepStrictEqual(Result.getOrThrow(read(answer([{ type: "text", text: "hi" }]))), [
      { type: "response-metadata", id: "msg_1", modelId: "claude-sonnet-5-5" },
      { type: "text", text: "hi", metadata: { anthropic: {} } },
      {
        type: "finish",
        reason: "stop",
        usage: { inputTokens: { total: 1 }, outputTokens: { total: 2 } },
        metadata: { anthropic: { usage: { input_tokens: 1, output_tokens: 2 }, stopReason: "end_turn" } },
      },
    ])
  })

  it("ends for many reasons", () => {
    const reasons = {
      end_turn: "stop",
      stop_sequence: "stop",
      max_tokens: "length",
      model_context_window_exceeded: "length",
      tool_use: "tool-calls",
      pause_turn: "pause",
      refusal: "content-filter",
      something_new: "other",
    }
    for (const [stop_reason, reason] of Object.entries(reasons)) {
      assert.strictEqual(end({ stop_reason }).reason, reason)
    }
    assert.strictEqual(end({ stop_reason: null }).reason, "unknown")
  })

  it("says why, and what can be used again", () => {
    const container = { id: "container_1", expires_at: "2026-11-24T00:00:00Z" }
    const { metadata } = end({
      stop_reason: "refusal",
      stop_sequence: "END",
      stop_details: { type: "refusal", category: "bio", explanation: "I will not" },
      container,
      usage: { input_tokens: 1, output_tokens: 1, service_tier: "priority" },
    })
    assert.deepStrictEqual(metadata?.anthropic, {
      usage: { input_tokens: 1, output_tokens: 1, service_tier: "priority" },
      stopReason: "refusal",
      stopSequence: "END",
      refusal: "I will not",
      refusalCategory: "bio",
      container,
      serviceTier: "priority",
    })
    assert.deepStrictEqual(end({ usage: null }).metadata?.anthropic, { stopReason: "end_turn" })
  })

  it("that is none is an error", () => {
    for (const value of [undefined, null, "text", [], {}, { content: "text" }]) {
      assert.strictEqual(failureOf(value).reason._tag, "InvalidResponseError")
    }
    const overloaded = { type: "error", error: { type: "overloaded_error", message: "busy" } }
    assert.strictEqual(failureOf(overloaded).reason._tag, "InternalProviderError")
    assert.strictEqual(failureOf({ error: "busy" }).reason._tag, "InternalProviderError")
  })
})

describe("content", () => {
  it("of thoughts keeps what proves them", () => {
    assert.deepStrictEqual(
      parts([
        { type: "thinking", thinking: "hm", signature: "c2ln" },
        { type: "thinking", thinking: "", signature: "b21pdHRlZA" },
        { type: "redacted_thinking", data: "c2VjcmV0" },
      ]),
      [
        { type: "reasoning", text: "hm", metadata: { anthropic: { signature: "c2ln" } } },
        { type: "reasoning", text: "", metadata: { anthropic: { signature: "b21pdHRlZA" } } },
        { type: "reasoning", text: "", metadata: { anthropic: { redactedData: "c2VjcmV0" } } },
      ],
    )
  })

  it("of texts names its sources", () => {
    const web = { type: "web_search_result_location", url: "https://a.example/", title: null, cited_text: "a" }
    const link = { type: "search_result_location", source: "https://b.example/", title: "B" }
    const place = { type: "search_result_location", source: "shelf 4", title: null }
    const page = { type: "page_location", document_index: 0, document_title: "A book", start_page_number: 3 }
    const chars = { type: "char_location", document_index: 1, document_title: null }
    const broken = { type: "web_search_result_location", url: "nowhere" }
    const citations = [web, link, place, page, chars, broken, "odd"]
    const [text, ...rest] = parts([{ type: "text", text: "hi", citations }])
    const sources: ReadonlyArray<unknown> = rest
    assert.deepStrictEqual(text?.metadata, { anthropic: { citations } })
    const common = (id: number, citation: unknown) => ({
      type: "source",
      id: `source-${id}`,
      metadata: { anthropic: { citation } },
    })
    const url = { sourceType: "url" }
    const document = { sourceType: "document", mediaType: "text/plain" }
    assert.deepStrictEqual(sources, [
      { ...common(0, web), ...url, url: "https://a.example/", title: "https://a.example/" },
      { ...common(1, link), ...url, url: "https://b.example/", title: "B" },
      { ...common(2, place), ...document, title: "shelf 4", fileName: "shelf 4" },
      { ...common(3, page), ...document, mediaType: "application/pdf", title: "A book", fileName: "A book" },
      { ...common(4, chars), ...document, title: "document 1", fileName: "document 1" },
    ])
  })
})

const bash = AnthropicTool.bash({})

describe("calls", () => {
  const use = { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Oslo" } }

  it("are parts", () => {
    const common = { type: "tool-call", id: "toolu_1", name: "weather", params: { city: "Oslo" } }
    assert.deepStrictEqual(parts([{ ...use, caller: { type: "direct" } }]), [
      { ...common, metadata: { anthropic: {} } } as never,
    ])
    const caller = { type: "code_execution_20260120", tool_id: "srvtoolu_1" }
    assert.deepStrictEqual(parts([{ ...use, caller }]), [{ ...common, metadata: { anthropic: { caller } } } as never])
    assert.deepInclude(parts([{ ...use, input: undefined }])[0], { params: {} })
    assert.deepInclude(parts([{ ...use, name: "bash" }], [bash])[0], {
      name: "AnthropicBash",
      metadata: { anthropic: { toolName: "bash" } },
    })
  })

  it("without a name or an id are errors", () => {
    for (const broken of [
      { ...use, id: "" },
      { ...use, name: undefined },
    ]) {
      assert.strictEqual(failureOf(answer([broken])).reason._tag, "InvalidResponseError")
    }
  })

  it("that were cut are none", () => {
    const content = [use, { ...use, id: "toolu_2", input: {} }]
    assert.lengthOf(parts(content, [], { stop_reason: "tool_use" }), 2)
    assert.lengthOf(parts(content, [], { stop_reason: "max_tokens" }), 1)
    assert.lengthOf(parts([use, { type: "text", text: "a" }], [], { stop_reason: "max_tokens" }), 2)
  })
})

describe("tools that Anthropic ran", () => {
  const used = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "a" } }
  const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [{ type: "web_search_result" }] }

  it("are parts if they were declared", () => {
    assert.deepStrictEqual(parts([used, found], [AnthropicTool.webSearch({})]), [
      {
        type: "tool-call",
        id: "srvtoolu_1",
        name: "AnthropicWebSearch",
        providerExecuted: true,
        params: { query: "a" },
        metadata: { anthropic: { block: used } },
      },
      {
        type: "tool-result",
        id: "srvtoolu_1",
        name: "AnthropicWebSearch",
        providerExecuted: true,
        isFailure: false,
        result: [{ type: "web_search_result" }],
        metadata: { anthropic: { block: found } },
      },
    ])
  })

  it("are found under what they do", () => {
    const code = [
      { ...used, name: "bash_code_execution" },
      { ...found, type: "bash_code_execution_tool_result" },
      { ...used, id: "srvtoolu_2", name: "text_editor_code_execution", input: undefined },
      { ...found, tool_use_id: "srvtoolu_2", type: "text_editor_code_execution_tool_result" },
    ]
    assert.deepStrictEqual(
      parts(code, [AnthropicTool.codeExecution({})]).map(({ type }) => type),
      ["tool-call", "tool-result", "tool-call", "tool-result"],
    )
  })

  it("travel in an empty thought if they were not, or do not fit", () => {
    const unknown = { type: "compaction", content: "c" }
    const nameless = { type: "server_tool_use", id: "srvtoolu_1" }
    for (const block of [used, found, unknown, nameless]) {
      assert.deepStrictEqual(parts([block]), [{ type: "reasoning", text: "", metadata: { anthropic: { block } } }])
    }
    const odd = { ...used, input: "text" }
    const lost = { ...found, tool_use_id: undefined }
    for (const block of [odd, lost]) {
      assert.strictEqual(parts([block], [AnthropicTool.webSearch({})])[0]?.type, "reasoning")
    }
  })

  it("may be declared without schemas", () => {
    const bare = Tool.providerDefined({
      id: "anthropic.web_search_20250305",
      customName: "Search",
      providerName: "web_search",
      parameters: Schema.Undefined,
      success: Schema.Undefined,
    })(undefined)
    const [call, result] = parts([used, found], [bare]) as ReadonlyArray<{ params?: 1; result?: 1 }>
    assert.isUndefined(call?.params)
    assert.isUndefined(result?.result)
  })
})
