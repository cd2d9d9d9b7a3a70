import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Emulator from "../../../src/Emulator.ts"
import * as Reply from "../../../src/Reply.ts"
import { dataOf, dialects, json, receive, request, send } from "../../wire.ts"

const live = (name: string, run: () => Effect.Effect<void, unknown, Emulator.Emulator>) =>
  it.live(name, () => Effect.provide(run(), Emulator.layer()))

const rich = Reply.answer({
  reasoning: ["let me ", "think"],
  signature: "c2lnbmVk",
  text: ["hello ", "world"],
  toolCalls: [
    { id: "call_a", name: "weather", params: { city: "Oslo", day: "tomorrow" } },
    { name: "clock", params: {} },
  ],
  citations: [{ url: "https://a.example/", title: "A" }],
  files: [{ mediaType: "image/png", data: "AQID" }],
  usage: { input: 30, cacheRead: 20, cacheWrite: 3, cacheWriteLong: 1, output: 9, reasoning: 5 },
  model: "m-2",
})

const both = (dialect: Emulator.ChatDialect, reply: Reply.Reply) =>
  Effect.gen(function* () {
    const whole = yield* receive(dialect, reply, { stream: false })
    const stream = yield* receive(dialect, reply)
    const events = dataOf(stream.body).flatMap((data) => (data === "[DONE]" ? [] : [json(data)]))
    return { whole: json(whole.body), events, stream }
  })

/** All values under a key, however deep. */
const all = (value: unknown, key: string): ReadonlyArray<unknown> => {
  if (Array.isArray(value)) return value.flatMap((item) => all(item, key))
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([name, field]) => (name === key ? [field as unknown] : all(field, key)))
}

const joined = (events: ReadonlyArray<Record<string, unknown>>, key: string): string =>
  events.flatMap((event) => all(event, key).filter((value) => typeof value === "string")).join("")

describe("openai-responses", () => {
  live("answers with items, and streams what builds them", () =>
    Effect.gen(function* () {
      const { events, whole } = yield* both("openai-responses", rich)
      const items = whole["output"] as ReadonlyArray<Record<string, unknown>>
      assert.deepStrictEqual(
        items.map(({ type }) => type),
        ["reasoning", "message", "function_call", "function_call", "image_generation_call"],
      )
      assert.deepInclude(items[2], {
        call_id: "call_a",
        name: "weather",
        arguments: '{"city":"Oslo","day":"tomorrow"}',
      })
      assert.deepInclude(items[4], { output_format: "png", result: "AQID" })
      assert.notProperty(items[0], "encrypted_content")
      assert.include(JSON.stringify(items[1]), "url_citation")
      assert.strictEqual(whole["model"], "m-2")
      assert.deepStrictEqual(whole["usage"], {
        input_tokens: 30,
        input_tokens_details: {
          cached_tokens: 20,
          cache_write_tokens: 4,
          cache_write_tokens_details: { ttl_30m_tokens: 3, ttl_12h_tokens: 1 },
        },
        output_tokens: 9,
        output_tokens_details: { reasoning_tokens: 5 },
        total_tokens: 39,
      })
      assert.deepStrictEqual(
        events.map(({ sequence_number }) => sequence_number),
        events.map((_, index) => index),
      )
      const deltas = (type: string) =>
        joined(
          events.filter((event) => event["type"] === type),
          "delta",
        )
      assert.strictEqual(deltas("response.reasoning_summary_text.delta"), "let me think")
      assert.strictEqual(deltas("response.output_text.delta"), "hello world")
      assert.strictEqual(deltas("response.function_call_arguments.delta"), '{"city":"Oslo","day":"tomorrow"}{}')
      const last = events.at(-1)?.["response"] as Record<string, unknown>
      assert.deepStrictEqual(last["usage"], whole["usage"])
      assert.lengthOf(last["output"] as ReadonlyArray<unknown>, 5)
    }),
  )

  live("says why it is incomplete, and refuses in words", () =>
    Effect.gen(function* () {
      const cut = yield* both("openai-responses", Reply.text("a", { finish: "length" }))
      assert.deepInclude(cut.whole, { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } })
      assert.strictEqual(cut.events.at(-1)?.["type"], "response.incomplete")
      const filtered = yield* both("openai-responses", Reply.text("a", { finish: "content-filter" }))
      assert.deepInclude(filtered.whole, { incomplete_details: { reason: "content_filter" } })
      const refused = yield* both("openai-responses", Reply.answer({ refusal: "I will not" }))
      assert.include(JSON.stringify(refused.whole), '"refusal":"I will not"')
      assert.isTrue(refused.events.some(({ type }) => type === "response.refusal.delta"))
    }),
  )

  live("encrypts reasoning where it is asked to, and repeats settings", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator.Emulator
      yield* emulator.script("openai-responses", rich)
      const sent = request("openai-responses", false)
      const settings = { include: ["reasoning.encrypted_content"], temperature: 0.5, instructions: "be terse" }
      const received = json((yield* send({ ...sent, body: { ...(sent.body as object), ...settings } })).body)
      assert.deepStrictEqual(all(received["output"], "encrypted_content"), ["c2lnbmVk"])
      assert.deepInclude(received, { temperature: 0.5, instructions: "be terse" })
    }),
  )
})

describe("openai-chat", () => {
  live("answers with a message, and streams what builds it", () =>
    Effect.gen(function* () {
      const { events, stream, whole } = yield* both("openai-chat", rich)
      const [choice] = whole["choices"] as ReadonlyArray<Record<string, Record<string, unknown>>>
      assert.deepInclude(choice?.["message"], {
        content: "hello world",
        reasoning_content: "let me think",
        refusal: null,
      })
      assert.deepStrictEqual(all(whole, "finish_reason"), ["tool_calls"])
      assert.deepStrictEqual(all(choice, "arguments"), ['{"city":"Oslo","day":"tomorrow"}', "{}"])
      assert.deepStrictEqual(all(choice, "url").slice(0, 1), ["https://a.example/"])
      assert.include(JSON.stringify(choice), "data:image/png;base64,AQID")
      assert.strictEqual(joined(events, "reasoning_content"), "let me think")
      assert.strictEqual(joined(events, "content"), "hello world")
      assert.strictEqual(joined(events, "arguments"), '{"city":"Oslo","day":"tomorrow"}{}')
      assert.deepStrictEqual(events.at(-1)?.["choices"], [])
      assert.deepStrictEqual(events.at(-1)?.["usage"], whole["usage"])
      assert.deepInclude(whole["usage"], { prompt_tokens: 30, completion_tokens: 9, total_tokens: 39 })
      assert.match(stream.body, /data: \[DONE\]\n\n$/)
    }),
  )

  live("reports usage of a stream only if it is asked to", () =>
    Effect.gen(function* () {
      const { stream_options: _, ...body } = request("openai-chat").body as Record<string, unknown>
      const received = yield* send({ ...request("openai-chat"), body })
      assert.notInclude(received.body, '"usage"')
      const none = yield* receive("openai-chat", Reply.text("a", { usage: null }))
      assert.notInclude(none.body, "prompt_tokens")
    }),
  )

  live("maps every reason to finish", () =>
    Effect.gen(function* () {
      const finishes = { stop: "stop", length: "length", "content-filter": "content_filter", pause: "stop" } as const
      for (const finish of ["stop", "length", "content-filter", "pause"] as const) {
        const { events, whole } = yield* both("openai-chat", Reply.text("a", { finish }))
        assert.deepStrictEqual(all(whole, "finish_reason"), [finishes[finish]])
        assert.include(all(events, "finish_reason"), finishes[finish])
      }
      const { events, whole } = yield* both("openai-chat", Reply.answer({ refusal: "I will not" }))
      assert.deepStrictEqual(all(whole, "refusal"), ["I will not"])
      assert.strictEqual(joined(events, "refusal"), "I will not")
    }),
  )
})

describe("anthropic", () => {
  live("answers with blocks, and streams what builds them", () =>
    Effect.gen(function* () {
      const { events, whole } = yield* both("anthropic", rich)
      const blocks = whole["content"] as ReadonlyArray<Record<string, unknown>>
      assert.deepStrictEqual(
        blocks.map(({ type }) => type),
        ["thinking", "text", "tool_use", "tool_use"],
      )
      assert.deepStrictEqual(blocks[0], { type: "thinking", thinking: "let me think", signature: "c2lnbmVk" })
      assert.deepInclude(blocks[2], { id: "call_a", input: { city: "Oslo", day: "tomorrow" } })
      assert.deepStrictEqual(all(blocks[1], "url"), ["https://a.example/"])
      assert.deepInclude(whole, { stop_reason: "tool_use", model: "m-2" })
      assert.deepInclude(whole["usage"], {
        input_tokens: 6,
        cache_read_input_tokens: 20,
        cache_creation_input_tokens: 4,
        cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 1 },
        output_tokens: 9,
        output_tokens_details: { thinking_tokens: 5 },
      })
      const types = events.map(({ type }) => type)
      assert.deepStrictEqual(
        [types[0], types[2], types.at(-2), types.at(-1)],
        ["message_start", "ping", "message_delta", "message_stop"],
      )
      assert.strictEqual(joined(events, "partial_json"), '{"city":"Oslo","day":"tomorrow"}{}')
      assert.strictEqual(
        joined(
          events.filter(({ type }) => type === "content_block_delta"),
          "thinking",
        ),
        "let me think",
      )
      assert.include(JSON.stringify(events), "citations_delta")
      assert.deepInclude(events.at(-2)?.["usage"], { input_tokens: 6, output_tokens: 9 })
    }),
  )

  live("maps every reason to stop", () =>
    Effect.gen(function* () {
      const reasons = {
        stop: "end_turn",
        length: "max_tokens",
        "content-filter": "refusal",
        pause: "pause_turn",
      } as const
      for (const finish of ["stop", "length", "content-filter", "pause"] as const) {
        const { events, whole } = yield* both("anthropic", Reply.text("a", { finish }))
        assert.strictEqual(whole["stop_reason"], reasons[finish])
        assert.include(all(events, "stop_reason"), reasons[finish])
      }
      const { events, whole } = yield* both("anthropic", Reply.answer({ refusal: "I will not" }))
      assert.deepInclude(whole, { stop_reason: "refusal", content: [] })
      assert.deepStrictEqual(all(events, "explanation"), ["I will not"])
      const silent = yield* both("anthropic", Reply.answer({ usage: null }))
      assert.notProperty(silent.whole, "usage")
      assert.deepStrictEqual(
        silent.events.map(({ type }) => type),
        ["message_start", "ping", "message_delta", "message_stop"],
      )
    }),
  )
})

describe("google", () => {
  live("answers with parts, and streams them", () =>
    Effect.gen(function* () {
      const { events, whole } = yield* both("google", rich)
      const parts = all(whole, "parts")[0] as ReadonlyArray<Record<string, unknown>>
      assert.deepStrictEqual(parts.slice(0, 3), [
        { text: "let me think", thought: true },
        { text: "hello world" },
        { inlineData: { mimeType: "image/png", data: "AQID" } },
      ])
      // Only the first call is signed.
      assert.deepStrictEqual(parts.slice(3), [
        {
          functionCall: { id: "call_a", name: "weather", args: { city: "Oslo", day: "tomorrow" } },
          thoughtSignature: "c2lnbmVk",
        },
        { functionCall: { name: "clock", args: {} } },
      ])
      assert.deepInclude(whole["usageMetadata"], {
        promptTokenCount: 30,
        cachedContentTokenCount: 20,
        candidatesTokenCount: 4,
        thoughtsTokenCount: 5,
        totalTokenCount: 39,
      })
      assert.deepInclude(whole, { modelVersion: "m-2" })
      assert.deepStrictEqual(all(whole, "uri"), ["https://a.example/"])
      assert.strictEqual(
        joined(
          events.map(({ candidates }) => ({ parts: all(candidates, "parts") })),
          "text",
        ),
        "let me thinkhello world",
      )
      assert.deepStrictEqual(events.at(-1)?.["usageMetadata"], whole["usageMetadata"])
      const counted = events.map((event) => Number(all(event, "candidatesTokenCount")[0] ?? 0))
      assert.deepStrictEqual(
        counted,
        counted.toSorted((left, right) => left - right),
      )
    }),
  )

  live("signs a text that was thought about, and maps every reason to finish", () =>
    Effect.gen(function* () {
      const thought = yield* both("google", Reply.text("a", { reasoning: "b", signature: "c2ln" }))
      assert.deepStrictEqual(all(thought.whole, "thoughtSignature"), ["c2ln"])
      assert.deepStrictEqual(all(thought.events, "thoughtSignature"), ["c2ln"])
      const reasons = { stop: "STOP", length: "MAX_TOKENS", "content-filter": "SAFETY", pause: "CONTINUATION" } as const
      for (const finish of ["stop", "length", "content-filter", "pause"] as const) {
        const { whole } = yield* both("google", Reply.text("a", { finish }))
        assert.deepStrictEqual(all(whole, "finishReason"), [reasons[finish]])
      }
      const refused = yield* both("google", Reply.answer({ refusal: "I will not" }))
      assert.deepStrictEqual(all(refused.whole, "blockReason"), ["SAFETY"])
      assert.lengthOf(refused.events, 1)
      const silent = yield* both("google", Reply.answer({ usage: null }))
      assert.notProperty(silent.whole, "usageMetadata")
      const empty = yield* both("google", Reply.answer({}))
      assert.lengthOf(empty.events, 1)
    }),
  )
})

describe.each(dialects)("usage: %s", (dialect) => {
  live("is estimated if a script says nothing, and never has parts larger than the whole", () =>
    Effect.gen(function* () {
      const estimated = yield* both(dialect, Reply.answer({ reasoning: "hm", text: "hello", toolCalls: [] }))
      const counts = JSON.stringify(estimated.whole).match(/"(?:input_tokens|prompt_tokens|promptTokenCount)":(\d+)/)
      assert.isAbove(Number(counts?.[1]), 5)
      const odd = yield* both(dialect, Reply.text("a", { usage: { input: 1, cacheRead: 7, output: 1, reasoning: 4 } }))
      const text = JSON.stringify(odd.whole["usage"] ?? odd.whole["usageMetadata"])
      assert.notMatch(text, /:-\d/)
      assert.match(text, /:7[,}]/)
    }),
  )
})
