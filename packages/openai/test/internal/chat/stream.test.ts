import { assert, describe, it } from "@effect/vitest"
import { longestGathered } from "@holdfast/core/provider/EventReader"
import { mapEvents, type Part } from "@holdfast/core/provider/EventReader"
import { Effect, Fiber, Stream } from "effect"
import { type AiError } from "effect/ai"
import { TestClock } from "effect/testing"

import { common, type Dialect } from "../../../src/internal/chat/dialect.ts"
import { AnswerState } from "../../../src/internal/chat/state.ts"
import { ChatReader } from "../../../src/internal/chat/stream.ts"
import { fromErrorObject } from "../../../src/internal/failure.ts"
import { origin } from "../../requests.ts"

const broken = fromErrorObject(origin, { message: "cut" }, true)

const read = (chunks: ReadonlyArray<unknown>, options: { cut?: boolean; dialect?: Dialect } = {}) => {
  const reader = new ChatReader(new AnswerState({ origin, key: "openai", dialect: options.dialect ?? common }))
  const seen: Array<Part> = []
  const events = Stream.fromIterable(chunks)
  return mapEvents(
    options.cut === true ? Stream.concat(events, Stream.fail(broken)) : events,
    reader,
    Effect.succeed,
  ).pipe(
    Stream.runForEach((part) => Effect.sync(() => seen.push(part))),
    Effect.match({
      onSuccess: () => ({ seen, error: undefined as AiError.AiError | undefined }),
      onFailure: (error) => ({ seen, error: error as AiError.AiError | undefined }),
    }),
  )
}

const delta = (fields: unknown, finish_reason: string | null = null) => ({
  id: "chatcmpl-1",
  model: "gpt",
  created: 1,
  choices: [{ index: 0, delta: fields, finish_reason }],
})
const end = (reason = "stop") => delta({}, reason)
const bill = {
  id: "chatcmpl-1",
  choices: [],
  usage: { prompt_tokens: 1, completion_tokens: 2 },
  service_tier: "default",
}
const call = (index: number | undefined, args: string, fields = {}) =>
  delta({ tool_calls: [{ index, function: { arguments: args, ...fields } }] })
const types = (parts: ReadonlyArray<Part>) => parts.map(({ type }) => type)
const finishOf = (parts: ReadonlyArray<Part>) => parts.find((part) => part.type === "finish")

describe("texts", () => {
  it.effect("come piece by piece, finish after the usage", () =>
    Effect.gen(function* () {
      const first = { id: "", model: "", choices: [], prompt_filter_results: [] }
      const { seen } = yield* read([first, delta({ content: "a" }), delta({ content: "b" }), end(), bill, bill])
      assert.deepStrictEqual(seen, [
        { type: "response-metadata", id: "chatcmpl-1", modelId: "gpt", timestamp: "1970-01-01T00:00:01.000Z" },
        { type: "text-start", id: "text-0" },
        { type: "text-delta", id: "text-0", delta: "a" },
        { type: "text-delta", id: "text-0", delta: "b" },
        { type: "text-end", id: "text-0" },
        {
          type: "finish",
          reason: "stop",
          usage: { inputTokens: { total: 1 }, outputTokens: { total: 2 } },
          metadata: { openai: { usage: bill.usage, serviceTier: "default" } },
        },
      ])
    }),
  )

  it.effect("finish without usage if none comes, or if the connection breaks after the end", () =>
    Effect.gen(function* () {
      for (const cut of [false, true]) {
        const { error, seen } = yield* read([delta({ content: "a" }), end()], { cut })
        assert.isUndefined(error)
        assert.deepStrictEqual(finishOf(seen)?.usage, { inputTokens: {}, outputTokens: {} })
      }
    }),
  )

  it.effect("have no finish if they were cut", () =>
    Effect.gen(function* () {
      assert.isUndefined(finishOf((yield* read([delta({ content: "a" }), bill])).seen))
      const { error, seen } = yield* read([delta({ content: "a" })], { cut: true })
      assert.strictEqual(error, broken)
      assert.strictEqual(seen.length, 3)
    }),
  )

  it.effect("finish once", () =>
    Effect.gen(function* () {
      const last = { ...end(), usage: { prompt_tokens: 3, completion_tokens: 4 } }
      const { seen } = yield* read([delta({ content: "a" }), last, last, bill, delta({ content: "b" })])
      const text = ["text-start", "text-delta", "text-delta", "text-end"]
      assert.deepStrictEqual(types(seen), ["response-metadata", ...text, "finish"])
      // The last complete report counts.
      assert.strictEqual(finishOf(seen)?.usage.inputTokens.total, 1)
    }),
  )
})

describe("servers of all kinds", () => {
  it.effect("think in their own fields", () =>
    Effect.gen(function* () {
      const variants = [
        { reasoning_content: "hm" },
        { reasoning: "hm" },
        { content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }] },
      ]
      for (const variant of variants) {
        const { seen } = yield* read([delta(variant), delta({ content: [{ type: "text", text: "a" }] }), end()])
        assert.deepStrictEqual(seen.slice(1, -1), [
          { type: "reasoning-start", id: "reasoning-0" },
          { type: "reasoning-delta", id: "reasoning-0", delta: "hm" },
          { type: "reasoning-end", id: "reasoning-0" },
          { type: "text-start", id: "text-1" },
          { type: "text-delta", id: "text-1", delta: "a" },
          { type: "text-end", id: "text-1" },
        ])
      }
    }),
  )

  it.effect("have more to reasoning than its text", () =>
    Effect.gen(function* () {
      const details = [{ type: "reasoning.encrypted", data: "secret" }]
      const { seen } = yield* read([delta({ reasoning_details: details }), delta({ content: "a" }), end()])
      assert.deepStrictEqual(seen.slice(1, 3), [
        { type: "reasoning-start", id: "reasoning-0" },
        { type: "reasoning-end", id: "reasoning-0", metadata: { openai: { reasoningDetails: details } } },
      ])
    }),
  )

  it.effect("count in their own fields", () =>
    Effect.gen(function* () {
      const usage = { prompt_tokens: 10, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 20 } }
      const xai: Dialect = { ...common, reasoningOutsideCompletion: true }
      const outside = yield* read([end(), { choices: [], usage }], { dialect: xai })
      assert.deepStrictEqual(finishOf(outside.seen)?.usage.outputTokens, { total: 25, text: 5, reasoning: 20 })
      const inside = yield* read([end(), { choices: [], usage }])
      assert.deepStrictEqual(finishOf(inside.seen)?.usage.outputTokens, { total: 5, reasoning: 20 })
      const groq = yield* read([{ ...end(), x_groq: { usage: { prompt_tokens: 7 } } }])
      assert.strictEqual(finishOf(groq.seen)?.usage.inputTokens.total, 7)
      const moonshot = { choices: [{ ...end().choices[0], usage: { prompt_tokens: 8, cached_tokens: 6 } }] }
      assert.deepStrictEqual(finishOf((yield* read([moonshot])).seen)?.usage.inputTokens, {
        total: 8,
        uncached: 2,
        cacheRead: 6,
      })
      const deepseek = { choices: [], usage: { prompt_tokens: 9, prompt_cache_hit_tokens: 4 } }
      assert.deepStrictEqual(finishOf((yield* read([end(), deepseek])).seen)?.usage.inputTokens, {
        total: 9,
        uncached: 5,
        cacheRead: 4,
      })
    }),
  )

  it.effect("end for their own reasons", () =>
    Effect.gen(function* () {
      const reason = (finish: string) => Effect.map(read([end(finish)]), ({ seen }) => finishOf(seen)?.reason)
      assert.strictEqual(yield* reason("length"), "length")
      assert.strictEqual(yield* reason("model_length"), "length")
      assert.strictEqual(yield* reason("content_filter"), "content-filter")
      assert.strictEqual(yield* reason("function_call"), "tool-calls")
      assert.strictEqual(yield* reason("abort"), "other")
      const { error } = yield* read([delta({ content: "a" }), end("insufficient_system_resource")])
      assert.strictEqual(error?.reason._tag, "InternalProviderError")
    }),
  )

  it.effect("send errors in chunks", () =>
    Effect.gen(function* () {
      const failed = {
        id: "x",
        error: { code: 429, message: "slow down" },
        choices: [{ delta: {}, finish_reason: "error" }],
      }
      assert.strictEqual((yield* read([delta({ content: "a" }), failed])).error?.reason._tag, "RateLimitError")
      const inChoice = { choices: [{ delta: {}, error: { code: 502, message: "upstream" } }] }
      assert.strictEqual((yield* read([inChoice])).error?.reason._tag, "InternalProviderError")
      assert.strictEqual((yield* read(["text"])).error?.reason._tag, "InvalidResponseError")
    }),
  )
})

describe("tool calls", () => {
  it.effect("come in pieces, several at once", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([
        delta({ content: "see" }),
        delta({
          tool_calls: [
            { index: 0, id: "c0", function: { name: "a", arguments: "" } },
            { index: 1, id: "c1", function: { name: "b", arguments: '{"x"' } },
          ],
        }),
        call(0, '{"y":2}'),
        call(1, ":1}"),
        end("stop"),
      ])
      assert.deepStrictEqual(seen.slice(3, -1), [
        { type: "text-end", id: "text-0" },
        { type: "tool-params-start", id: "c0", name: "a", providerExecuted: false },
        { type: "tool-params-start", id: "c1", name: "b", providerExecuted: false },
        { type: "tool-params-delta", id: "c1", delta: '{"x"' },
        { type: "tool-params-delta", id: "c0", delta: '{"y":2}' },
        { type: "tool-params-delta", id: "c1", delta: ":1}" },
        { type: "tool-params-end", id: "c0" },
        { type: "tool-call", id: "c0", name: "a", params: { y: 2 } },
        { type: "tool-params-end", id: "c1" },
        { type: "tool-call", id: "c1", name: "b", params: { x: 1 } },
      ])
      assert.strictEqual(finishOf(seen)?.reason, "tool-calls")
    }),
  )

  it.effect("may lack indexes and ids, or share an index", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([
        delta({ tool_calls: [{ function: { name: "a", arguments: { x: 1 } } }] }),
        delta({ tool_calls: [{ index: 0, id: "c1", function: { name: "b", arguments: "{}" } }] }),
        end("tool_calls"),
      ])
      assert.deepStrictEqual(
        seen.flatMap((part) => (part.type === "tool-call" ? [[part.id, part.name, part.params]] : [])),
        [
          ["call_0", "a", { x: 1 }],
          ["c1", "b", {}],
        ],
      )
    }),
  )

  it.effect("that are broken say how", () =>
    Effect.gen(function* () {
      const begun = call(0, '{"a', { name: "t" })
      const undecodable = yield* read([begun, end("tool_calls")])
      assert.strictEqual(undecodable.error?.reason._tag, "InvalidOutputError")
      const cut = yield* read([begun, end("length")])
      assert.isFalse(types(cut.seen).includes("tool-call"))
      assert.strictEqual(finishOf(cut.seen)?.reason, "length")
      assert.strictEqual((yield* read([call(0, "{}")])).error?.reason._tag, "InvalidResponseError")
      const endless = call(0, "x".repeat(longestGathered + 1), { name: "t" })
      assert.strictEqual((yield* read([endless])).error?.reason._tag, "InvalidResponseError")
    }),
  )
})

describe("extras", () => {
  it.effect("are sources, images and refusals", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([
        delta({
          annotations: [
            { type: "url_citation", url_citation: { url: "https://a.example/", title: "A" } },
            { type: "url_citation", url_citation: { url: "nope" } },
          ],
          images: [
            { image_url: { url: "data:image/png;base64,AQID" } },
            { image_url: { url: "https://a.example/b.png" } },
          ],
          refusal: "no",
        }),
        end(),
      ])
      assert.deepStrictEqual(seen.slice(1, -1), [
        {
          type: "source",
          sourceType: "url",
          id: "source-0",
          url: "https://a.example/",
          title: "A",
          metadata: { openai: {} },
        },
        { type: "file", mediaType: "image/png", data: "AQID" },
      ])
      assert.strictEqual(finishOf(seen)?.reason, "content-filter")
      assert.deepStrictEqual(finishOf(seen)?.metadata, { openai: { refusal: "no" } })
      const flood = delta({ refusal: "x".repeat(longestGathered + 1) })
      assert.strictEqual((yield* read([flood])).error?.reason._tag, "InvalidResponseError")
    }),
  )
})

describe("calls that could be taken for each other", () => {
  const ids = (parts: ReadonlyArray<Part>) => parts.flatMap((part) => (part.type === "tool-call" ? [part.id] : []))

  it.effect("get ids of their own", () =>
    Effect.gen(function* () {
      const same = (index: number) => call(index, "{}", { name: "t" })
      const named = (index: number) => {
        const chunk = same(index)
        Object.assign(chunk.choices[0]?.delta as object, {
          tool_calls: [{ index, id: "one", function: { name: "t", arguments: "{}" } }],
        })
        return chunk
      }
      const { seen } = yield* read([named(0), named(1), same(2), end("tool_calls")])
      assert.deepStrictEqual(ids(seen), ["one", "call_1", "call_2"])
    }),
  )

  it.effect("are not endless", () =>
    Effect.gen(function* () {
      const { error } = yield* read(Array.from({ length: 10_001 }, (_, at) => call(at, "", { name: "t" })))
      assert.match(error?.message ?? "", /more than 10000 blocks and calls/)
    }),
  )
})

describe("a reason for the end", () => {
  const textOf = (parts: ReadonlyArray<Part>) =>
    parts.map((part) => (part.type === "text-delta" ? part.delta : "")).join("")

  it.effect("that stands in chunks that end nothing loses no content", () =>
    Effect.gen(function* () {
      const answers: ReadonlyArray<ReadonlyArray<unknown>> = [
        [delta({ content: "Hello" }, "stop"), delta({ content: " world" }, "stop"), bill],
        [delta({}, "stop"), delta({ content: "Hello" }), delta({ content: " world" }), end(), bill],
        [delta({ role: "assistant", content: "" }, "stop"), bill, delta({ content: "Hello world" })],
        [delta({ content: "Hello" }, "stop"), end(""), delta({ content: " world" }, "")],
      ]
      for (const chunks of answers) {
        const { error, seen } = yield* read(chunks)
        assert.isUndefined(error)
        assert.strictEqual(textOf(seen), "Hello world")
        assert.strictEqual(finishOf(seen)?.reason, "stop")
        assert.strictEqual(types(seen).filter((type) => type === "finish").length, 1)
      }
    }),
  )

  it.effect("counts if it is the last that says something", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([delta({ content: "a" }, "stop"), delta({ content: "b" }, "length"), end("")])
      assert.strictEqual(finishOf(seen)?.reason, "length")
      const called = yield* read([end(), call(0, "{}", { name: "t" }), bill])
      assert.strictEqual(finishOf(called.seen)?.reason, "tool-calls")
      assert.isTrue(types(called.seen).includes("tool-call"))
    }),
  )

  it.effect("does not make an answer whole that breaks in the middle of its content", () =>
    Effect.gen(function* () {
      const cut = yield* read([delta({ content: "a" }, "stop"), delta({ content: "b" }, "stop")], { cut: true })
      assert.strictEqual(cut.error, broken)
      assert.isUndefined((yield* read([delta({ content: "a" }), end()], { cut: true })).error)
    }),
  )
})

describe("a connection that is left open", () => {
  const open = (chunks: ReadonlyArray<unknown>) => {
    const reader = new ChatReader(new AnswerState({ origin, key: "openai", dialect: common }))
    return mapEvents(Stream.concat(Stream.fromIterable(chunks), Stream.never), reader, Effect.succeed)
  }
  const all = (chunks: ReadonlyArray<unknown>) => Effect.forkChild(Stream.runCollect(open(chunks)))

  it.effect("ends a complete answer after a short grace", () =>
    Effect.gen(function* () {
      const answers: ReadonlyArray<readonly [millis: number, chunks: ReadonlyArray<unknown>]> = [
        [250, [delta({ content: "a" }), end(), bill]],
        [250, [delta({ content: "a" }), { ...end(), usage: bill.usage }]],
        [2000, [{ ...delta({ content: "a" }, "stop"), usage: bill.usage }]],
        [10_000, [delta({ content: "a" }), end()]],
      ]
      for (const [millis, chunks] of answers) {
        const fiber = yield* all(chunks)
        yield* TestClock.adjust(millis)
        assert.strictEqual(finishOf(yield* Fiber.join(fiber))?.reason, "stop")
      }
    }),
  )

  it.effect("does not end one that is still to come", () =>
    Effect.gen(function* () {
      const zeros = { ...delta({ content: "" }, "stop"), usage: { prompt_tokens: 0, completion_tokens: 0 } }
      for (const chunks of [[zeros], [delta({ content: "a" })], [delta({ reasoning_content: "so" }, "stop")]]) {
        const fiber = yield* all(chunks)
        yield* TestClock.adjust("1 hour")
        assert.isUndefined(fiber.pollUnsafe())
        yield* Fiber.interrupt(fiber)
      }
    }),
  )
})

describe("usage", () => {
  const usageOf = (seen: ReadonlyArray<Part>) => {
    const { inputTokens, outputTokens } = finishOf(seen)!.usage
    return [inputTokens.total, outputTokens.total]
  }
  const billed = (usage: unknown, fields: unknown = { content: "a" }) => ({ ...delta(fields, "stop"), usage })
  const real = { prompt_tokens: 7, completion_tokens: 9 }
  const zeros = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }

  it.effect("is that of the last complete report", () =>
    Effect.gen(function* () {
      const reports: ReadonlyArray<readonly [expected: unknown, reports: ReadonlyArray<unknown>]> = [
        [
          [7, 9],
          [zeros, zeros, real],
        ],
        [
          [7, 9],
          [{}, {}, real],
        ],
        [
          [7, 9],
          [real, zeros],
        ],
        [
          [7, 9],
          [real, {}],
        ],
        [
          [7, 9],
          [real, null, "free"],
        ],
        [
          [7, 9],
          [{ prompt_tokens: 7, completion_tokens: 1 }, { prompt_tokens: 7, completion_tokens: 4 }, real],
        ],
        [
          [undefined, undefined],
          [zeros, zeros],
        ],
        [[undefined, undefined], [{ prompt_tokens: "7", completion_tokens: "9" }]],
        [[7, undefined], [{ prompt_tokens: 7, completion_tokens: 0 }]],
      ]
      for (const [expected, chunks] of reports) {
        const { seen } = yield* read(chunks.map((usage) => billed(usage)))
        assert.deepStrictEqual(usageOf(seen), expected)
        assert.deepStrictEqual(
          usageOf((yield* read(chunks.map((usage) => billed(usage, { reasoning: "so", content: "a" })))).seen),
          expected,
        )
      }
    }),
  )
})

describe("several choices", () => {
  it.effect("do not mix", () =>
    Effect.gen(function* () {
      const of = (index: number, content: string, finish_reason: string | null = null) => ({
        id: "c",
        choices: [{ index, delta: { content }, finish_reason }],
      })
      const both = { id: "c", choices: [of(1, "y").choices[0], of(0, "b").choices[0]] }
      const { seen } = yield* read([of(0, "a"), of(1, "x"), both, of(1, "", "length"), of(0, "", "stop"), bill])
      const texts = seen.map((part) => (part.type === "text-delta" ? part.delta : "")).join("")
      assert.strictEqual(texts, "ab")
      assert.strictEqual(finishOf(seen)?.reason, "stop")
    }),
  )
})

describe("calls", () => {
  const calls = (seen: ReadonlyArray<Part>) =>
    seen.flatMap((part) => (part.type === "tool-call" ? [[part.name, part.params]] : []))
  const piece = (fields: unknown) => delta({ tool_calls: [fields] })

  it.effect("are told apart by what differs, and put together by what does not", () =>
    Effect.gen(function* () {
      const late = [
        piece({ index: 0, id: "a", function: { arguments: '{"x"' } }),
        piece({ index: 0, function: { name: "t", arguments: ":1}" } }),
      ]
      assert.deepStrictEqual(calls((yield* read([...late, end()])).seen), [["t", { x: 1 }]])
      const one = (id: string | undefined, name: string, args: unknown) =>
        piece({ index: 0, id, function: { name, arguments: args } })
      const same = [one("a", "t", '{"x":1}'), one("a", "u", '{"x":2}')]
      const two = [
        ["t", { x: 1 }],
        ["u", { x: 2 }],
      ]
      assert.deepStrictEqual(calls((yield* read([...same, end()])).seen), two)
      const unnamed = [one(undefined, "t", { x: 1 }), one(undefined, "u", '{"x":2}')]
      assert.deepStrictEqual(calls((yield* read([...unnamed, end()])).seen), two)
    }),
  )

  it.effect("have arguments of whatever JSON type, or fail", () =>
    Effect.gen(function* () {
      for (const args of ["null", "", "  \n", null, undefined, {}, "{}", '"{}"', '""']) {
        const { seen } = yield* read([piece({ index: 0, id: "a", function: { name: "t", arguments: args } }), end()])
        assert.deepStrictEqual(calls(seen), [["t", {}]])
      }
      for (const args of ["[1]", [1], 5, "5", "true", true, '"text"', [], '"[]"']) {
        const { error } = yield* read([piece({ index: 0, id: "a", function: { name: "t", arguments: args } }), end()])
        assert.strictEqual(error?.reason._tag, "InvalidOutputError")
      }
    }),
  )
})
