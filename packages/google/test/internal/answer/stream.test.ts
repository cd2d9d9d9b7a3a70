import { assert, describe, it } from "@effect/vitest"
import { longestGathered, mapEvents, type Part } from "@holdfast/core/provider/EventReader"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Effect, Stream } from "effect"
import { type AiError, Prompt, type Tool } from "effect/ai"

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
        { type: "text-end", id: "text-1", ...signed },
        {
          type: "finish",
          reason: "stop",
          usage: {
            inputTokens: { total: 9, uncached: 9, cacheRead: 0 },
            outputTokens: { total: 9, text: 4, reasoning: 5 },
          },
          metadata: {
            google: {
              usage: { promptTokenCount: 9, candidatesTokenCount: 4, thoughtsTokenCount: 5, trafficType: "x" },
              finishReason: "STOP",
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
