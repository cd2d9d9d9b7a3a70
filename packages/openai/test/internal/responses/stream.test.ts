import { assert, describe, it } from "@effect/vitest"
import { longestGathered } from "@holdfast/core/provider/EventReader"
import { mapEvents, type Part } from "@holdfast/core/provider/EventReader"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Effect, Stream } from "effect"
import { type AiError, type Tool } from "effect/ai"

import { AnswerState } from "../../../src/internal/responses/state.ts"
import { ResponsesReader } from "../../../src/internal/responses/stream.ts"
import * as OpenAiTool from "../../../src/OpenAiTool.ts"
import { origin } from "../../requests.ts"

const read = (events: ReadonlyArray<unknown>, tools: ReadonlyArray<Tool.Any> = []) => {
  const reader = new ResponsesReader(new AnswerState({ origin, key: "openai", declared: providerTools(tools) }))
  const seen: Array<Part> = []
  return mapEvents(Stream.fromIterable(events), reader, Effect.succeed).pipe(
    Stream.runForEach((part) => Effect.sync(() => seen.push(part))),
    Effect.match({
      onSuccess: () => ({ seen, error: undefined as AiError.AiError | undefined }),
      onFailure: (error) => ({ seen, error: error as AiError.AiError | undefined }),
    }),
  )
}

const created = {
  type: "response.created",
  sequence_number: 0,
  response: { id: "resp_1", model: "gpt", created_at: 1 },
}
const completed = (fields = {}) => ({
  type: "response.completed",
  response: {
    id: "resp_1",
    status: "completed",
    service_tier: "flex",
    usage: { input_tokens: 1, output_tokens: 2 },
    ...fields,
  },
})
const text = (delta: string, fields = {}) => ({
  type: "response.output_text.delta",
  item_id: "msg_1",
  content_index: 0,
  delta,
  ...fields,
})
const call = (fields = {}) => ({
  type: "function_call",
  id: "fc_1",
  call_id: "call_1",
  name: "t",
  arguments: "",
  ...fields,
})
const refusalOf = (parts: ReadonlyArray<Part>) => {
  const finish = parts.at(-1)
  return finish?.type === "finish" ? finish.metadata?.openai?.refusal : undefined
}
const types = (parts: ReadonlyArray<Part>) => parts.map(({ type }) => type)

describe("texts", () => {
  it.effect("come piece by piece, with metadata first and finish last", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([created, text("a"), text("b"), completed()])
      assert.deepStrictEqual(seen, [
        { type: "response-metadata", id: "resp_1", modelId: "gpt", timestamp: "1970-01-01T00:00:01.000Z" },
        { type: "text-start", id: "msg_1:0", metadata: { openai: { itemId: "msg_1" } } },
        { type: "text-delta", id: "msg_1:0", delta: "a" },
        { type: "text-delta", id: "msg_1:0", delta: "b" },
        { type: "text-end", id: "msg_1:0", metadata: { openai: { itemId: "msg_1" } } },
        {
          type: "finish",
          reason: "stop",
          usage: { inputTokens: { total: 1 }, outputTokens: { total: 2 } },
          metadata: { openai: { usage: { input_tokens: 1, output_tokens: 2 }, serviceTier: "flex" } },
        },
      ])
    }),
  )

  it.effect("are delivered once although frames come twice", () =>
    Effect.gen(function* () {
      const one = text("a", { sequence_number: 1 })
      const two = text("b", { sequence_number: 2 })
      const done = { ...completed(), sequence_number: 3 }
      const { seen } = yield* read([created, created, one, one, two, two, done, done, text("c")])
      assert.deepStrictEqual(
        seen.flatMap((part) => (part.type === "text-delta" ? [part.delta] : [])),
        ["a", "b"],
      )
      assert.strictEqual(seen.filter(({ type }) => type === "finish").length, 1)
    }),
  )

  it.effect("may come only at their end", () =>
    Effect.gen(function* () {
      const done = { type: "response.output_text.done", item_id: "msg_1", content_index: 0, text: "whole" }
      assert.deepStrictEqual(types((yield* read([created, done, done, completed()])).seen), [
        "response-metadata",
        "text-start",
        "text-delta",
        "text-end",
        "finish",
      ])
      const content = [{ type: "output_text", text: "whole" }]
      const item = {
        type: "response.output_item.done",
        item: { type: "message", id: "msg_1", content, phase: "final_answer" },
      }
      const { seen } = yield* read([created, item, item, completed()])
      assert.deepStrictEqual(types(seen), ["response-metadata", "text-start", "text-delta", "text-end", "finish"])
      assert.deepStrictEqual(seen[3]?.metadata, { openai: { itemId: "msg_1", phase: "final_answer" } })
    }),
  )

  it.effect("that stop without a terminal event have no finish", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(types((yield* read([created, text("a")])).seen), [
        "response-metadata",
        "text-start",
        "text-delta",
      ])
    }),
  )

  it.effect("name their sources", () =>
    Effect.gen(function* () {
      const annotated = (annotation: unknown) => ({ type: "response.output_text.annotation.added", annotation })
      const { seen } = yield* read([
        created,
        annotated({ type: "url_citation", url: "https://a.example/", title: "A", start_index: 0, end_index: 3 }),
        annotated({ type: "url_citation", url: "no url" }),
        annotated({ type: "file_citation", file_id: "file-1", filename: "a.txt" }),
        annotated({ type: "whatever" }),
        completed(),
      ])
      assert.deepStrictEqual(seen.slice(1, -1), [
        {
          type: "source",
          sourceType: "url",
          id: "source-0",
          url: "https://a.example/",
          title: "A",
          metadata: { openai: { startIndex: 0, endIndex: 3 } },
        },
        {
          type: "source",
          sourceType: "document",
          id: "source-1",
          mediaType: "application/octet-stream",
          title: "a.txt",
          fileName: "a.txt",
          metadata: { openai: { fileId: "file-1" } },
        },
      ])
    }),
  )
})

describe("reasoning", () => {
  it.effect("has a part for each piece of its summary, and its encrypted form at the end", () =>
    Effect.gen(function* () {
      const delta = (summary_index: number, piece: string) => ({
        type: "response.reasoning_summary_text.delta",
        item_id: "rs_1",
        summary_index,
        delta: piece,
      })
      const item = { type: "reasoning", id: "rs_1" }
      const done = { type: "response.output_item.done", item: { ...item, encrypted_content: "secret" } }
      const { seen } = yield* read([
        created,
        { type: "response.output_item.added", item },
        { type: "response.reasoning_summary_part.added", item_id: "rs_1", summary_index: 0 },
        delta(0, "one"),
        { type: "response.reasoning_summary_part.added", item_id: "rs_1", summary_index: 1 },
        delta(1, "two"),
        done,
        done,
        completed(),
      ])
      const known = { metadata: { openai: { itemId: "rs_1" } } }
      assert.deepStrictEqual(seen.slice(1, -1), [
        { type: "reasoning-start", id: "rs_1:0", ...known },
        { type: "reasoning-delta", id: "rs_1:0", delta: "one" },
        { type: "reasoning-end", id: "rs_1:0", ...known },
        { type: "reasoning-start", id: "rs_1:1", ...known },
        { type: "reasoning-delta", id: "rs_1:1", delta: "two" },
        { type: "reasoning-end", id: "rs_1:1", metadata: { openai: { itemId: "rs_1", encryptedContent: "secret" } } },
      ])
    }),
  )

  it.effect("may be shown in full, or come at once", () =>
    Effect.gen(function* () {
      const delta = { type: "response.reasoning_text.delta", item_id: "rs_1", content_index: 0, delta: "hm" }
      assert.deepStrictEqual(types((yield* read([created, delta, completed()])).seen), [
        "response-metadata",
        "reasoning-start",
        "reasoning-delta",
        "reasoning-end",
        "finish",
      ])
      const item = { type: "reasoning", id: "rs_1", summary: [], content: [{ type: "reasoning_text", text: "hm" }] }
      const { seen } = yield* read([created, { type: "response.output_item.done", item }, completed()])
      assert.deepStrictEqual(types(seen).slice(1, 4), ["reasoning-start", "reasoning-delta", "reasoning-end"])
    }),
  )
})

describe("tool calls", () => {
  const delta = (piece: string) => ({ type: "response.function_call_arguments.delta", item_id: "fc_1", delta: piece })
  const added = { type: "response.output_item.added", item: call() }
  const done = (fields = {}) => ({ type: "response.output_item.done", item: call(fields) })

  it.effect("come with their parsed parameters", () =>
    Effect.gen(function* () {
      const whole = done({ arguments: '{"a":1}' })
      const { seen } = yield* read([created, added, delta('{"a"'), delta(":1}"), whole, whole, completed()])
      assert.deepStrictEqual(seen.slice(1, -1), [
        { type: "tool-params-start", id: "call_1", name: "t", providerExecuted: false },
        { type: "tool-params-delta", id: "call_1", delta: '{"a"' },
        { type: "tool-params-delta", id: "call_1", delta: ":1}" },
        { type: "tool-params-end", id: "call_1" },
        { type: "tool-call", id: "call_1", name: "t", params: { a: 1 }, metadata: { openai: { itemId: "fc_1" } } },
      ])
      const finish = seen.at(-1)
      assert.strictEqual(finish?.type === "finish" ? finish.reason : undefined, "tool-calls")
    }),
  )

  it.effect("may come at once, or without parameters", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([created, done({ arguments: '{"a":1}' }), completed()])
      assert.deepStrictEqual(types(seen).slice(1, -1), [
        "tool-params-start",
        "tool-params-delta",
        "tool-params-end",
        "tool-call",
      ])
      const none = (yield* read([created, done(), completed()])).seen.find((part) => part.type === "tool-call")
      assert.deepStrictEqual(none?.params, {})
    }),
  )

  it.effect("that are not JSON are undecodable answers", () =>
    Effect.gen(function* () {
      const { error, seen } = yield* read([created, added, delta('{"a'), done({ arguments: '{"a' }), completed()])
      assert.strictEqual(error?.reason._tag, "InvalidOutputError")
      assert.strictEqual(seen.at(-1)?.type, "tool-params-end")
    }),
  )

  it.effect("that were cut at the token limit are none", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([
        created,
        added,
        delta('{"a'),
        done({ arguments: '{"a', status: "incomplete" }),
        {
          type: "response.incomplete",
          response: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
        },
      ])
      assert.isFalse(types(seen).includes("tool-call"))
      const finish = seen.at(-1)
      assert.strictEqual(finish?.type === "finish" ? finish.reason : undefined, "length")
    }),
  )

  it.effect("without end are broken off", () =>
    Effect.gen(function* () {
      const { error } = yield* read([created, added, delta("x".repeat(longestGathered + 1))])
      assert.strictEqual(error?.reason._tag, "InvalidResponseError")
    }),
  )

  it.effect("of custom tools are text", () =>
    Effect.gen(function* () {
      const item = { type: "custom_tool_call", id: "ct_1", call_id: "call_1", name: "sql", input: "SELECT 1" }
      const { seen } = yield* read([created, { type: "response.output_item.done", item }, completed()])
      assert.deepStrictEqual(seen.find((part) => part.type === "tool-call")?.params, "SELECT 1")
    }),
  )
})

describe("OpenAI's own tools", () => {
  const item = { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "q" } }
  const done = { type: "response.output_item.done", item }

  it.effect("show their calls and results if they are declared", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(types((yield* read([created, done, completed()])).seen), ["response-metadata", "finish"])
      const { seen } = yield* read([created, done, done, completed()], [OpenAiTool.webSearch({})])
      const common = { id: "ws_1", name: "OpenAiWebSearch", providerExecuted: true }
      assert.deepStrictEqual(seen.slice(1, -1), [
        {
          type: "tool-call",
          ...common,
          params: { action: item.action },
          metadata: { openai: { itemId: "ws_1", item } },
        },
        {
          type: "tool-result",
          ...common,
          isFailure: false,
          result: { status: "completed", action: item.action },
          metadata: { openai: { itemId: "ws_1" } },
        },
      ])
    }),
  )

  it.effect("may run code, search files and call other servers", () =>
    Effect.gen(function* () {
      const tools = [
        OpenAiTool.codeInterpreter({ container: "auto" }),
        OpenAiTool.fileSearch({ vector_store_ids: ["vs_1"] }),
        OpenAiTool.mcp({ server_label: "m" }),
      ] as ReadonlyArray<Tool.Any>
      const items = [
        { type: "code_interpreter_call", id: "ci_1", code: "1+1", container_id: "c", outputs: [], status: "completed" },
        { type: "file_search_call", id: "fs_1", queries: ["q"], results: null, status: "completed" },
        { type: "mcp_call", id: "mcp_1", name: "n", server_label: "m", arguments: '{"a":1}', output: "o", error: null },
      ]
      const { seen } = yield* read(
        [created, ...items.map((one) => ({ type: "response.output_item.done", item: one })), completed()],
        tools,
      )
      assert.deepStrictEqual(
        seen.flatMap((part) => (part.type === "tool-call" ? [part.params] : [])),
        [{ code: "1+1", container_id: "c" }, { queries: ["q"] }, { name: "n", server_label: "m", arguments: { a: 1 } }],
      )
    }),
  )

  it.effect("may make images", () =>
    Effect.gen(function* () {
      const image = {
        type: "image_generation_call",
        id: "ig_1",
        result: "AQID",
        output_format: "webp",
        revised_prompt: "p",
      }
      const { seen } = yield* read([created, { type: "response.output_item.done", item: image }, completed()])
      assert.deepStrictEqual(seen[1], {
        type: "file",
        mediaType: "image/webp",
        data: "AQID",
        metadata: { openai: { itemId: "ig_1", revisedPrompt: "p" } },
      })
      const broken = { type: "response.output_item.done", item: { ...image, result: "%" } }
      assert.strictEqual((yield* read([created, broken])).error?.reason._tag, "InvalidResponseError")
    }),
  )
})

describe("endings", () => {
  const reasonOf = (parts: ReadonlyArray<Part>) => {
    const finish = parts.at(-1)
    return finish?.type === "finish" ? finish.reason : undefined
  }

  it.effect("say why", () =>
    Effect.gen(function* () {
      const incomplete = (reason?: string) => ({
        type: "response.incomplete",
        response: { status: "incomplete", incomplete_details: reason === undefined ? null : { reason } },
      })
      assert.strictEqual(reasonOf((yield* read([created, incomplete("max_output_tokens")])).seen), "length")
      assert.strictEqual(reasonOf((yield* read([created, incomplete("content_filter")])).seen), "content-filter")
      assert.strictEqual(reasonOf((yield* read([created, incomplete("new_reason")])).seen), "other")
      assert.strictEqual(reasonOf((yield* read([created, incomplete()])).seen), "unknown")
      assert.strictEqual(reasonOf((yield* read([created, completed({ status: "cancelled" })])).seen), "other")
    }),
  )

  it.effect("keep a refusal's words", () =>
    Effect.gen(function* () {
      const delta = { type: "response.refusal.delta", delta: "no" }
      const item = { type: "message", id: "msg_1", content: [{ type: "refusal", refusal: "no" }] }
      const done = { type: "response.output_item.done", item }
      for (const events of [[delta, done], [done]]) {
        const { seen } = yield* read([created, ...events, completed()])
        assert.strictEqual(reasonOf(seen), "content-filter")
        assert.strictEqual(refusalOf(seen), "no")
      }
    }),
  )

  it.effect("may be errors", () =>
    Effect.gen(function* () {
      const tagOf = (event: unknown) =>
        Effect.map(read([created, text("a"), event]), ({ error, seen }) => [seen.length, error?.reason._tag])
      const failed = (error: unknown) => ({ type: "response.failed", response: { status: "failed", error } })
      assert.deepStrictEqual(yield* tagOf(failed({ code: "server_error", message: "oops" })), [
        3,
        "InternalProviderError",
      ])
      assert.deepStrictEqual(yield* tagOf(failed({ code: "rate_limit_exceeded", message: "slow" })), [
        3,
        "RateLimitError",
      ])
      assert.deepStrictEqual(yield* tagOf(failed(undefined)), [3, "InternalProviderError"])
      const quota = { type: "error", code: "insufficient_quota", message: "pay", param: null }
      assert.deepStrictEqual(yield* tagOf(quota), [3, "QuotaExhaustedError"])
      assert.deepStrictEqual(yield* tagOf("text"), [3, "InvalidResponseError"])
    }),
  )

  it.effect("ignore what is not known", () =>
    Effect.gen(function* () {
      const { error, seen } = yield* read([
        created,
        { type: "response.new_thing.delta", delta: "x" },
        { type: "response.output_item.added", item: { type: "new_thing", id: "n" } },
        { type: "response.output_item.done", item: { type: "new_thing", id: "n" } },
        { type: "response.function_call_arguments.delta", item_id: "unknown", delta: "x" },
        {},
        completed(),
      ])
      assert.isUndefined(error)
      assert.deepStrictEqual(types(seen), ["response-metadata", "finish"])
    }),
  )
})

describe("what nobody could gather", () => {
  const tooMany = 10_001
  const called = (at: number, fields = {}) => ({
    type: "response.output_item.added",
    item: call({ id: `fc_${at}`, call_id: `call_${at}`, ...fields }),
  })

  it.effect("is not gathered", () =>
    Effect.gen(function* () {
      const floods: ReadonlyArray<(at: number) => object> = [
        (at) => called(at),
        (at) => text("a", { item_id: `msg_${at}`, output_index: at }),
        (at) => text("a", { content_index: at }),
        (at) => ({ type: "response.output_item.done", item: { type: "unknown", id: `u_${at}` } }),
      ]
      for (const flood of floods) {
        const { error } = yield* read(Array.from({ length: tooMany }, (_, at) => flood(at)))
        assert.match(error?.message ?? "", /more than 10000 blocks and calls/)
      }
    }),
  )

  it.effect("is counted over all calls", () =>
    Effect.gen(function* () {
      const delta = "x".repeat(longestGathered / 2)
      const piece = (item_id: string) => ({ type: "response.function_call_arguments.delta", item_id, delta })
      const { error } = yield* read([called(1), piece("fc_1"), called(2), piece("fc_2"), called(3), piece("fc_3")])
      assert.match(error?.message ?? "", /exceeds/)
    }),
  )

  it.effect("is not nested deeper than anyone writes", () =>
    Effect.gen(function* () {
      const deep: unknown = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`)
      const { error } = yield* read([created, completed({ usage: { deep } })])
      assert.match(error?.message ?? "", /too deeply/)
      const nested = call({ arguments: `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}` })
      const broken = (yield* read([{ type: "response.output_item.done", item: nested }])).error
      assert.strictEqual(broken?.reason._tag, "InvalidOutputError")
    }),
  )
})

describe("careless servers", () => {
  it.effect("may leave out the ids of items", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([
        { type: "response.reasoning_text.delta", delta: "so" },
        { type: "response.output_text.delta", delta: "a" },
        completed(),
      ])
      assert.deepStrictEqual(types(seen), [
        "reasoning-start",
        "reasoning-delta",
        "text-start",
        "text-delta",
        "response-metadata",
        "reasoning-end",
        "text-end",
        "finish",
      ])
    }),
  )

  it.effect("may leave out the ends of calls, which are whole if the answer is", () =>
    Effect.gen(function* () {
      const begun = { type: "response.output_item.added", item: call() }
      const piece = { type: "response.function_call_arguments.delta", item_id: "fc_1", delta: '{"a":1}' }
      const whole = yield* read([begun, piece, completed()])
      assert.deepInclude(
        whole.seen.find(({ type }) => type === "tool-call"),
        { id: "call_1", name: "t", params: { a: 1 } },
      )
      const cut = { ...completed({ status: "incomplete" }), type: "response.incomplete" }
      const partly = yield* read([begun, piece, cut])
      assert.isFalse(types(partly.seen).includes("tool-call"))
      assert.isTrue(types(partly.seen).includes("tool-params-end"))
    }),
  )

  it.effect("may not give two calls one id", () =>
    Effect.gen(function* () {
      const done = (id: string) => ({ type: "response.output_item.done", item: call({ id, arguments: "{}" }) })
      const { error, seen } = yield* read([done("fc_1"), done("fc_2"), completed()])
      assert.strictEqual(error?.reason._tag, "InvalidResponseError")
      assert.strictEqual(seen.filter(({ type }) => type === "tool-call").length, 1)
    }),
  )
})

describe("proxies", () => {
  const textOf = (parts: ReadonlyArray<Part>) =>
    parts.map((part) => (part.type === "text-delta" ? part.delta : "")).join("")
  const calls = (parts: ReadonlyArray<Part>) =>
    parts.flatMap((part) => (part.type === "tool-call" ? [[part.name, part.params]] : []))
  const message = (id: string | undefined, said: string) => ({
    type: "message",
    id,
    content: [{ type: "output_text", text: said }],
  })
  const item = (type: "added" | "done", output_index: number | undefined, whole: unknown) => ({
    type: `response.output_item.${type}`,
    output_index,
    item: whole,
  })
  const told = (id: () => string | undefined, output_index: number | undefined) => {
    const at = () => ({ output_index, content_index: 0, item_id: id() })
    return [
      created,
      item("added", output_index, { ...message(id(), ""), content: [] }),
      { type: "response.content_part.added", ...at(), part: { type: "output_text", text: "" } },
      text("hel", at()),
      text("lo", at()),
      { type: "response.output_text.done", ...at(), text: "hello" },
      { type: "response.content_part.done", ...at(), part: { type: "output_text", text: "hello" } },
      item("done", output_index, message(id(), "hello")),
      completed({ output: [message(id(), "hello")] }),
    ]
  }

  it.effect("may change the ids of items from event to event, or leave them out", () =>
    Effect.gen(function* () {
      let ids = 0
      for (const id of [() => `msg_${ids++}`, () => undefined, () => "", () => "msg"]) {
        for (const place of [0, 3, undefined]) {
          const { error, seen } = yield* read(told(id, place))
          assert.isUndefined(error)
          assert.strictEqual(textOf(seen), "hello")
          assert.strictEqual(types(seen).filter((type) => type === "text-start").length, 1)
        }
      }
    }),
  )

  it.effect("may tell all or a part only at the end", () =>
    Effect.gen(function* () {
      const whole = told(() => "msg_1", 0)
      for (const kept of [[8], [0, 8], [1, 5, 8], [2, 5, 8], [1, 6, 8], [1, 7, 8], [0, 1, 2, 8]]) {
        const { seen } = yield* read(kept.map((at) => whole[at]))
        assert.strictEqual(textOf(seen), "hello")
        assert.strictEqual(seen.at(-1)?.type, "finish")
      }
      const output = [message("m", "a"), call({ arguments: '{"x":1}' }), message("n", "b")]
      const { seen } = yield* read([created, completed({ output })])
      assert.strictEqual(textOf(seen), "ab")
      assert.deepStrictEqual(calls(seen), [["t", { x: 1 }]])
      const partly = yield* read([
        created,
        ...told(() => "m", 0).slice(1, 8),
        completed({ output: [message("m", "hello"), output[1]] }),
      ])
      assert.strictEqual(textOf(partly.seen), "hello")
      assert.deepStrictEqual(calls(partly.seen), [["t", { x: 1 }]])
    }),
  )

  it.effect("may invent sequence numbers", () =>
    Effect.gen(function* () {
      const numbers: ReadonlyArray<(at: number) => number> = [
        () => 0,
        () => -1,
        (at) => at % 3,
        (at) => (at === 1 ? 1e9 : at),
      ]
      for (const number of numbers) {
        const events = told(() => "msg_1", 0).map((event, at) =>
          Object.assign({}, event, { sequence_number: number(at) }),
        )
        const { seen } = yield* read(events)
        assert.strictEqual(textOf(seen), "hello")
        assert.strictEqual(seen.at(-1)?.type, "finish")
      }
    }),
  )

  it.effect("may give two calls one id", () =>
    Effect.gen(function* () {
      const one = (fields: object) => call({ arguments: '{"x":1}', ...fields })
      for (const other of [{ name: "u" }, { arguments: '{"x":2}' }]) {
        const pair = [one({}), one({ id: "fc_2", ...other })]
        const events = [
          [item("done", 0, pair[0]), item("done", 1, pair[1]), completed({ output: pair })],
          [completed({ output: pair })],
        ]
        for (const list of events) {
          const { error, seen } = yield* read([created, ...list])
          assert.isUndefined(error)
          assert.strictEqual(calls(seen).length, 2)
          assert.strictEqual(new Set(seen.flatMap((part) => (part.type === "tool-call" ? [part.id] : []))).size, 2)
        }
      }
    }),
  )

  it.effect("may send arguments as an object, or only when they are whole, or their name late", () =>
    Effect.gen(function* () {
      const begun = item("added", 0, call())
      const nameless = item("added", 0, { ...call(), name: undefined })
      const piece = (delta: unknown) => ({ type: "response.function_call_arguments.delta", output_index: 0, delta })
      const whole = (args: unknown, fields = {}) => ({
        type: "response.function_call_arguments.done",
        output_index: 0,
        arguments: args,
        ...fields,
      })
      const answers = [
        [begun, piece({ x: 1 }), completed()],
        [begun, whole('{"x":1}'), completed()],
        [begun, whole({ x: 1 }), item("done", 0, call()), completed()],
        [item("done", 0, call({ arguments: { x: 1 } })), completed()],
        [completed({ output: [call({ arguments: { x: 1 } })] })],
        [nameless, piece('{"x":1}'), whole('{"x":1}', { name: "t" }), completed()],
        [nameless, piece('{"x":1}'), item("done", 0, call({ arguments: '{"x":1}' })), completed()],
      ]
      for (const events of answers) {
        const { error, seen } = yield* read([created, ...events])
        assert.isUndefined(error)
        assert.deepStrictEqual(calls(seen), [["t", { x: 1 }]])
      }
      for (const args of ["null", "", " "]) {
        const { seen } = yield* read([created, completed({ output: [call({ arguments: args })] })])
        assert.deepStrictEqual(calls(seen), [["t", {}]])
      }
      for (const args of [[1], "[1]", 5, true, '"text"']) {
        const { error } = yield* read([created, completed({ output: [call({ arguments: args })] })])
        assert.strictEqual(error?.reason._tag, "InvalidOutputError")
      }
    }),
  )
})

describe("a usage of zeros", () => {
  const zeros = { input_tokens: 0, output_tokens: 0, total_tokens: 0 }
  const usageOf = (events: ReadonlyArray<unknown>) =>
    Effect.map(read(events), ({ seen }) => {
      const finish = seen.at(-1)
      return finish?.type === "finish" ? finish.usage : undefined
    })

  it.effect("is unknown beside content, whether it was streamed or not", () =>
    Effect.gen(function* () {
      const unknown = { inputTokens: {}, outputTokens: {} }
      const message = { type: "message", id: "msg_1", content: [{ type: "output_text", text: "a" }] }
      const item = call({ arguments: "{}" })
      for (const events of [
        [created, text("a"), completed({ usage: zeros })],
        [created, completed({ usage: zeros, output: [message] })],
        [created, completed({ usage: zeros, output: [item] })],
        [created, text("a"), completed({ usage: {} })],
        [created, text("a"), completed({ usage: null })],
      ]) {
        assert.deepStrictEqual(yield* usageOf(events), unknown)
      }
    }),
  )

  it.effect("is known where there is nothing, and a zero beside a count is one", () =>
    Effect.gen(function* () {
      const cut = completed({ usage: zeros, status: "incomplete", incomplete_details: { reason: "max_output_tokens" } })
      assert.deepStrictEqual((yield* usageOf([created, cut]))?.inputTokens.total, 0)
      const half = completed({ usage: { input_tokens: 5, output_tokens: 0 } })
      assert.deepStrictEqual((yield* usageOf([created, text("a"), half]))?.inputTokens.total, 5)
    }),
  )
})
