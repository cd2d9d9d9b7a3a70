import { assert, describe, it } from "@effect/vitest"
import { longestGathered, mapEvents, type Part } from "@holdfast/core/provider/EventReader"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Effect, Fiber, Stream } from "effect"
import { type AiError, Prompt, type Tool } from "effect/ai"
import { TestClock } from "effect/testing"

import * as GoogleTool from "../../../src/GoogleTool.ts"
import { AnswerState } from "../../../src/internal/answer/state.ts"
import { ChunkReader } from "../../../src/internal/answer/stream.ts"
import { origin } from "../../requests.ts"

const read = (events: ReadonlyArray<unknown>, tools: ReadonlyArray<Tool.Any> = []) => {
  const reader = new ChunkReader(
    new AnswerState({ origin, declared: providerTools(tools), headers: {}, fallbackId: "call" }),
  )
  const seen: Array<Part> = []
  return mapEvents(Stream.fromIterable(events), reader, Effect.succeed).pipe(
    Stream.runForEach((part) => Effect.sync(() => seen.push(part))),
    Effect.match({
      onSuccess: () => ({ seen, error: undefined as AiError.AiError | undefined }),
      onFailure: (error) => ({ seen, error: error as AiError.AiError | undefined }),
    }),
  )
}

const chunk = (parts: ReadonlyArray<unknown>, candidate = {}, rest = {}) => ({
  candidates: [{ content: { parts, role: "model" }, index: 0, ...candidate }],
  responseId: "resp",
  modelVersion: "gemini",
  ...rest,
})
const text = (value: string, fields = {}) => ({ text: value, ...fields })
const stop = chunk([], { finishReason: "STOP" }, { usageMetadata: { promptTokenCount: 1, totalTokenCount: 3 } })
const types = (parts: ReadonlyArray<Part>) => parts.map(({ type }) => type)
const signed = { metadata: { google: { thoughtSignature: "c2ln" } } }

describe("texts", () => {
  it.effect("come piece by piece, with metadata first and finish last", () =>
    Effect.gen(function* () {
      const usage = (candidatesTokenCount: number) => ({
        usageMetadata: { promptTokenCount: 9, candidatesTokenCount, thoughtsTokenCount: 5 },
      })
      const { seen } = yield* read([
        chunk([text("hm", { thought: true })]),
        chunk([text("a")], {}, usage(1)),
        chunk([text("b"), text("c")], {}, usage(3)),
        chunk(
          [text("", { thoughtSignature: "c2ln" })],
          { finishReason: "STOP" },
          { usageMetadata: { trafficType: "x" } },
        ),
        chunk([text("late")], { finishReason: "MAX_TOKENS" }, usage(4)),
      ])
      assert.deepStrictEqual(seen, [
        { type: "response-metadata", id: "resp", modelId: "gemini" },
        { type: "reasoning-start", id: "reasoning-0" },
        { type: "reasoning-delta", id: "reasoning-0", delta: "hm" },
        { type: "reasoning-end", id: "reasoning-0" },
        { type: "text-start", id: "text-1" },
        { type: "text-delta", id: "text-1", delta: "a" },
        { type: "text-delta", id: "text-1", delta: "b" },
        { type: "text-delta", id: "text-1", delta: "c" },
        { type: "text-delta", id: "text-1", delta: "late" },
        { type: "text-end", id: "text-1", ...signed },
        {
          type: "finish",
          reason: "length",
          usage: {
            inputTokens: { total: 9, uncached: 9, cacheRead: 0 },
            outputTokens: { total: 9, text: 4, reasoning: 5 },
          },
          metadata: {
            google: {
              usage: { promptTokenCount: 9, candidatesTokenCount: 4, thoughtsTokenCount: 5, trafficType: "x" },
              finishReason: "MAX_TOKENS",
            },
          },
        },
      ])
    }),
  )

  it.effect("keep their signatures in the prompt that they become", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([
        chunk([text("hm", { thought: true }), { thoughtSignature: "dGhv" }]),
        chunk([{ thought: true, thoughtSignature: "dGhv" }]),
        chunk([text("a"), text("b", { thoughtSignature: "c2ln" })]),
        chunk([{ inlineData: { mimeType: "image/png", data: "AQID" } }]),
        chunk([text("", { thoughtSignature: "ZW5k" })]),
        stop,
      ])
      const decoded = seen.map((part) => Object.assign({ metadata: {} }, part))
      const [message] = Prompt.fromResponseParts(decoded as never).content
      assert.deepStrictEqual(
        (message as Prompt.AssistantMessage).content.map((part) => [part.type, part.options["google"]]),
        [
          ["reasoning", { thoughtSignature: "dGhv" }],
          ["text", { thoughtSignature: "c2ln" }],
          ["file", {}],
          ["text", { thoughtSignature: "ZW5k" }],
        ],
      )
    }),
  )

  it.effect("that stop without a reason have no finish", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([chunk([text("a")]), chunk([text("b")], {}, { usageMetadata: {} })])
      assert.deepStrictEqual(types(seen), ["response-metadata", "text-start", "text-delta", "text-delta"])
      assert.deepStrictEqual((yield* read([])).seen, [])
    }),
  )

  it.effect("may come without names", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([
        { usageMetadata: { promptTokenCount: 1 } },
        { candidates: [{ content: { parts: [text("a")] } }] },
        { candidates: [{ finishReason: "STOP" }], modelVersion: "gemini" },
      ])
      assert.deepStrictEqual(types(seen), ["text-start", "text-delta", "response-metadata", "text-end", "finish"])
    }),
  )
})

describe("calls", () => {
  const call = (fields: object, rest = {}) => ({ functionCall: fields, ...rest })

  it.effect("come whole, each once", () =>
    Effect.gen(function* () {
      const one = chunk([text("x"), call({ id: "g1", name: "t", args: { a: 1 } }, { thoughtSignature: "c2ln" })])
      const { seen } = yield* read([
        one,
        chunk(one.candidates[0]!.content.parts.slice(1)),
        chunk([call({ name: "t" })]),
        stop,
      ])
      assert.deepStrictEqual(seen.slice(4, -1), [
        { type: "tool-params-start", id: "g1", name: "t", providerExecuted: false },
        { type: "tool-params-delta", id: "g1", delta: '{"a":1}' },
        { type: "tool-params-end", id: "g1" },
        {
          type: "tool-call",
          id: "g1",
          name: "t",
          params: { a: 1 },
          metadata: { google: { callId: "g1", thoughtSignature: "c2ln" } },
        },
        { type: "tool-params-start", id: "resp-0", name: "t", providerExecuted: false },
        { type: "tool-params-delta", id: "resp-0", delta: "{}" },
        { type: "tool-params-end", id: "resp-0" },
        { type: "tool-call", id: "resp-0", name: "t", params: {}, metadata: { google: {} } },
      ])
      const last = seen.at(-1)
      assert.strictEqual(last?.type === "finish" ? last.reason : "", "tool-calls")
    }),
  )

  const pieces = (...partialArgs: ReadonlyArray<object>) => ({ partialArgs, willContinue: true })

  it.effect("may come in pieces", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([
        chunk([call({ id: "g1", name: "t", willContinue: true }, { thoughtSignature: "c2ln" })]),
        chunk([call(pieces({ jsonPath: "$.a", stringValue: "x", willContinue: true }))]),
        chunk([call(pieces({ jsonPath: "$.a", stringValue: "y" }))]),
        chunk([call({})]),
        chunk([call({ name: "u", partialArgs: [{ jsonPath: "$.b", numberValue: 1 }] })]),
        stop,
      ])
      assert.deepStrictEqual(
        seen.flatMap((part) => (part.type === "tool-call" ? [[part.id, part.name, part.params, part.metadata]] : [])),
        [
          ["g1", "t", { a: "xy" }, { google: { callId: "g1", thoughtSignature: "c2ln" } }],
          ["resp-0", "u", { b: 1 }, { google: {} }],
        ],
      )
    }),
  )

  it.effect("that are cut are no calls", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([
        chunk([call({ name: "t", willContinue: true })]),
        chunk([call(pieces({ jsonPath: "$.a", stringValue: "x" }))], { finishReason: "MAX_TOKENS" }),
      ])
      assert.deepStrictEqual(types(seen), ["response-metadata", "finish"])
    }),
  )

  it.effect("may be broken", () =>
    Effect.gen(function* () {
      const broken = function* (...events: ReadonlyArray<unknown>) {
        const { error } = yield* read([chunk([text("a")]), ...events])
        return error?.reason._tag
      }
      const open = chunk([call({ name: "t", willContinue: true })])
      const huge = { jsonPath: "$.a", stringValue: "x".repeat(longestGathered), willContinue: true }
      assert.strictEqual(yield* broken(chunk([call({ args: {} })])), "InvalidResponseError")
      assert.strictEqual(yield* broken(chunk([call(pieces())])), "InvalidResponseError")
      assert.strictEqual(yield* broken(open, chunk([call(pieces({ jsonPath: "a" }))])), "InvalidResponseError")
      assert.strictEqual(yield* broken(open, chunk([call(pieces(huge))])), "InvalidResponseError")
      assert.strictEqual(yield* broken("odd"), "InvalidResponseError")
      assert.strictEqual(yield* broken(chunk([{ inlineData: { data: "no base64!" } }])), "InvalidResponseError")
    }),
  )
})

describe("the rest", () => {
  it.effect("comes as in a whole answer, each once", () =>
    Effect.gen(function* () {
      const groundingMetadata = { groundingChunks: [{ web: { uri: "https://a.example/", title: "A" } }] }
      const code = { executableCode: { code: "1", language: "PYTHON", id: "c" } }
      const ran = { codeExecutionResult: { outcome: "OUTCOME_OK", id: "c" } }
      const { seen } = yield* read(
        [
          chunk([text("a"), code]),
          chunk([ran]),
          chunk([text("b")], { groundingMetadata }),
          chunk([], { groundingMetadata, finishReason: "STOP" }),
        ],
        [GoogleTool.codeExecution({})],
      )
      assert.deepStrictEqual(types(seen), [
        "response-metadata",
        "text-start",
        "text-delta",
        "text-end",
        "tool-call",
        "tool-result",
        "text-start",
        "text-delta",
        "source",
        "text-end",
        "finish",
      ])
    }),
  )

  it.effect("may be a refusal", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([{ promptFeedback: { blockReason: "SAFETY" }, modelVersion: "gemini" }])
      const last = seen.at(-1)
      assert.strictEqual(last?.type === "finish" ? last.reason : "", "content-filter")
      assert.deepStrictEqual(types(seen), ["response-metadata", "finish"])
    }),
  )
})

describe("what nobody could gather", () => {
  it.effect("is not gathered", () =>
    Effect.gen(function* () {
      const flood = Array.from({ length: 10_001 }, () => chunk([{ functionCall: { name: "t" } }]))
      const { error } = yield* read(flood)
      assert.match(error?.message ?? "", /more than 10000 blocks and calls/)
      const half = "x".repeat(longestGathered / 2)
      const long = Array.from({ length: 3 }, () => chunk([{ functionCall: { name: "t", args: { half } } }]))
      assert.match((yield* read(long)).error?.message ?? "", /exceeds/)
      const deep: unknown = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`)
      assert.match((yield* read([chunk([], { groundingMetadata: deep })])).error?.message ?? "", /too deeply/)
    }),
  )
})

describe("calls in pieces", () => {
  const piece = (fields: object) => chunk([{ functionCall: { ...fields, willContinue: true } }])

  it.effect("that do not end are no answer, unless it was cut", () =>
    Effect.gen(function* () {
      const begun = piece({ name: "t", partialArgs: [{ jsonPath: "$.a", stringValue: "x" }] })
      assert.match((yield* read([begun, stop])).error?.message ?? "", /do not end/)
      assert.match((yield* read([begun, piece({ name: "u" })])).error?.message ?? "", /do not end/)
      const cut = yield* read([begun, chunk([], { finishReason: "MAX_TOKENS" })])
      assert.deepStrictEqual(types(cut.seen), ["response-metadata", "finish"])
    }),
  )

  it.effect("may name their tool in every piece", () =>
    Effect.gen(function* () {
      const part = (jsonPath: string) => piece({ name: "t", partialArgs: [{ jsonPath, numberValue: 1 }] })
      const { seen } = yield* read([part("$.a"), part("$.b"), chunk([{ functionCall: {} }]), stop])
      assert.deepInclude(
        seen.find(({ type }) => type === "tool-call"),
        { params: { a: 1, b: 1 } },
      )
    }),
  )

  it.effect("are told from what gateways write as null", () =>
    Effect.gen(function* () {
      const { error, seen } = yield* read([chunk([{ functionCall: null, inlineData: null, text: "a" }]), stop])
      assert.isUndefined(error)
      assert.isTrue(types(seen).includes("text-delta"))
    }),
  )
})

describe("a reason for the end", () => {
  const textOf = (parts: ReadonlyArray<Part>) =>
    parts.map((part) => (part.type === "text-delta" ? part.delta : "")).join("")
  const finishOf = (parts: ReadonlyArray<Part>) => parts.find((part) => part.type === "finish")
  const counted = (candidatesTokenCount: number) => ({ usageMetadata: { promptTokenCount: 9, candidatesTokenCount } })

  it.effect("that stands in chunks that end nothing loses no content", () =>
    Effect.gen(function* () {
      const chunks = (finishReason: string, promptFeedback?: unknown) => [
        chunk([text("Hello")], { finishReason }, { promptFeedback }),
        chunk([text(" world")], { finishReason: "STOP" }, { promptFeedback, ...counted(2) }),
      ]
      const answers = [
        chunks("STOP"),
        chunks("FINISH_REASON_UNSPECIFIED"),
        chunks("MAX_TOKENS"),
        chunks("STOP", { blockReason: "BLOCK_REASON_UNSPECIFIED" }),
        [chunk([], { finishReason: "STOP" }), ...chunks("STOP")],
        [...chunks("STOP"), chunk([], { finishReason: "FINISH_REASON_UNSPECIFIED" })],
      ]
      for (const answer of answers) {
        const { error, seen } = yield* read(answer)
        assert.isUndefined(error)
        assert.strictEqual(textOf(seen), "Hello world")
        assert.strictEqual(finishOf(seen)?.reason, "stop")
      }
    }),
  )

  it.effect("does not lose a call that comes after it", () =>
    Effect.gen(function* () {
      const { seen } = yield* read([stop, chunk([{ functionCall: { name: "t", args: { a: 1 } } }])])
      assert.isTrue(types(seen).includes("tool-call"))
      assert.strictEqual(finishOf(seen)?.reason, "tool-calls")
    }),
  )

  it.effect("with the same counts is a frame that was sent twice", () =>
    Effect.gen(function* () {
      const last = chunk([text("ha")], { finishReason: "STOP" }, counted(1))
      assert.strictEqual(textOf((yield* read([last, last])).seen), "ha")
      const uncounted = chunk([text("ha")], { finishReason: "STOP" })
      assert.strictEqual(textOf((yield* read([uncounted, uncounted])).seen), "haha")
    }),
  )

  it.effect("ends an answer after a short grace on a connection that is left open", () =>
    Effect.gen(function* () {
      const answers: ReadonlyArray<readonly [millis: number, chunks: ReadonlyArray<unknown>]> = [
        [250, [chunk([text("a")]), chunk([], { finishReason: "STOP" }, counted(1))]],
        [2000, [chunk([text("a")], { finishReason: "STOP" }, counted(1))]],
        [250, [chunk([], { finishReason: "SAFETY" }, counted(0))]],
      ]
      for (const [millis, chunks] of answers) {
        const reader = new ChunkReader(new AnswerState({ origin, headers: {}, fallbackId: "call" }))
        const events = Stream.concat(Stream.fromIterable(chunks), Stream.never)
        const fiber = yield* Effect.forkChild(Stream.runCollect(mapEvents(events, reader, Effect.succeed)))
        yield* TestClock.adjust(millis)
        assert.isDefined(finishOf(yield* Fiber.join(fiber)))
      }
    }),
  )
})

describe("calls", () => {
  const calls = (parts: ReadonlyArray<Part>) =>
    parts.flatMap((part) => (part.type === "tool-call" ? [[part.name, part.params]] : []))
  const call = (fields: object) => ({ functionCall: fields })

  it.effect("with one id are two where they differ, and one where they do not", () =>
    Effect.gen(function* () {
      const one = call({ id: "a", name: "t", args: { x: 1 } })
      const parts = [
        one,
        call({ id: "a", name: "t", args: { x: 2 } }),
        one,
        call({ id: "a", name: "u", args: { x: 1 } }),
      ]
      const { seen } = yield* read([chunk(parts), stop])
      assert.deepStrictEqual(calls(seen), [
        ["t", { x: 1 }],
        ["t", { x: 2 }],
        ["u", { x: 1 }],
      ])
      const ids = seen.flatMap((part) => (part.type === "tool-call" ? [part.id] : []))
      assert.strictEqual(new Set(ids).size, 3)
    }),
  )

  it.effect("have arguments of whatever JSON type, or fail", () =>
    Effect.gen(function* () {
      for (const args of [undefined, null, "", "null", " ", {}, "{}"]) {
        const { seen } = yield* read([chunk([call({ name: "t", args })]), stop])
        assert.deepStrictEqual(calls(seen), [["t", {}]])
      }
      const { seen } = yield* read([chunk([call({ name: "t", args: '{"x":1}' })]), stop])
      assert.deepStrictEqual(calls(seen), [["t", { x: 1 }]])
      for (const args of [[1], "[1]", 5, "text", true]) {
        const { error } = yield* read([chunk([call({ name: "t", args })]), stop])
        assert.strictEqual(error?.reason._tag, "InvalidOutputError")
      }
    }),
  )

  it.effect("of code may have several results", () =>
    Effect.gen(function* () {
      const result = (output: string) => ({ codeExecutionResult: { outcome: "OUTCOME_OK", output } })
      const code = { executableCode: { language: "PYTHON", code: "print(1)" } }
      const { seen } = yield* read(
        [chunk([code, result("1"), result("2"), result("2")]), stop],
        [GoogleTool.codeExecution({})],
      )
      const results = seen.flatMap((part) => (part.type === "tool-result" ? [part.result] : []))
      assert.deepStrictEqual(results, [
        { outcome: "OUTCOME_OK", output: "1" },
        { outcome: "OUTCOME_OK", output: "2" },
      ])
    }),
  )
})
