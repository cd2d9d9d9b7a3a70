import { assert, describe, it } from "@effect/vitest"
import { providerTools } from "@holdfast/core/provider/ToolForms"
import { Result } from "effect"
import { Tool } from "effect/ai"

import * as GoogleTool from "../../../src/GoogleTool.ts"
import { answerParts } from "../../../src/internal/answer/parts.ts"
import { AnswerState } from "../../../src/internal/answer/state.ts"
import { origin } from "../../requests.ts"

const newState = (tools: ReadonlyArray<Tool.Any> = [], headers = {}) =>
  new AnswerState({ origin, declared: providerTools(tools), headers, fallbackId: "call" })

const read = (answer: unknown, tools: ReadonlyArray<Tool.Any> = []) =>
  Result.getOrThrow(answerParts(answer, newState(tools)))

const failed = (answer: unknown) => {
  const result = answerParts(answer, newState())
  return Result.isFailure(result) ? result.failure.reason._tag : undefined
}

const answer = (parts: ReadonlyArray<unknown>, candidate = {}, rest = {}) => ({
  candidates: [{ content: { parts, role: "model" }, finishReason: "STOP", index: 0, ...candidate }],
  responseId: "resp",
  modelVersion: "gemini",
  ...rest,
})

const content = (parts: ReadonlyArray<unknown>, tools?: ReadonlyArray<Tool.Any>) =>
  read(answer(parts), tools).slice(1, -1)

const finish = (value: unknown) => {
  const last = read(value).at(-1)
  return last?.type === "finish" ? last : undefined
}

const signed = { google: { thoughtSignature: "c2ln" } }

describe("texts and thoughts", () => {
  it("keep their signatures", () => {
    assert.deepStrictEqual(
      content([
        { text: "hm", thought: true },
        { text: "", thought: true, thoughtSignature: "c2ln" },
        { text: "hello", thoughtSignature: "c2ln" },
        { text: "" },
        { thoughtSignature: "c2ln" },
        {},
        "odd",
      ]),
      [
        { type: "reasoning", text: "hm" },
        { type: "reasoning", text: "", metadata: signed },
        { type: "text", text: "hello", metadata: signed },
        { type: "text", text: "", metadata: signed },
      ],
    )
  })

  it("come after who said them", () => {
    assert.deepStrictEqual(read(answer([]))[0], { type: "response-metadata", id: "resp", modelId: "gemini" })
    assert.deepStrictEqual(read({ candidates: [{}] }), [{ type: "response-metadata" }])
  })

  it("of other candidates are left out", () => {
    const other = { index: 1, content: { parts: [{ text: "b" }] }, finishReason: "STOP" }
    assert.strictEqual(failed({ candidates: [other] }), "InvalidResponseError")
    const two = { candidates: [other, { content: { parts: [{ text: "a" }] }, finishReason: "STOP" }] }
    assert.deepStrictEqual(read(two).slice(1, -1), [{ type: "text", text: "a" }])
  })
})

describe("calls", () => {
  it("have ids, given or made", () => {
    const call = (fields = {}) => ({ functionCall: { name: "t", args: { a: 1 }, ...fields } })
    const parts = content([call({ id: "g1" }), call(), call({ args: null }), { ...call(), thoughtSignature: "c2ln" }])
    assert.deepStrictEqual(
      parts.map((part) => part.type === "tool-call" && [part.id, part.params, part.metadata]),
      [
        ["g1", { a: 1 }, { google: { callId: "g1" } }],
        ["resp-0", { a: 1 }, { google: {} }],
        ["resp-1", {}, { google: {} }],
        ["resp-2", { a: 1 }, signed],
      ],
    )
    assert.strictEqual(finish(answer([call()]))?.reason, "tool-calls")
    assert.deepStrictEqual(
      read({ candidates: [{ content: { parts: [call()] } }] }).map((part) => part.type === "tool-call" && part.id),
      [false, "call-0"],
    )
  })

  it("may be broken", () => {
    assert.strictEqual(failed(answer([{ functionCall: { args: {} } }])), "InvalidResponseError")
    const poisoned: unknown = JSON.parse('{"functionCall":{"name":"t","args":{"__proto__":{"a":1}}}}')
    assert.strictEqual(failed(answer([poisoned])), "InvalidOutputError")
    const long = { functionCall: { name: "t", args: { a: "x".repeat(9 * 1024 * 1024) } } }
    assert.strictEqual(failed(answer([long])), "InvalidResponseError")
  })
})

describe("files", () => {
  it("are parts, but drafts are not", () => {
    const inlineData = { mimeType: "image/png", data: "AQID" }
    assert.deepStrictEqual(
      content([
        { inlineData, thoughtSignature: "c2ln" },
        { inlineData: { data: "AQID" } },
        { inlineData, thought: true },
        { inlineData: {} },
      ]),
      [
        { type: "file", mediaType: "image/png", data: "AQID", metadata: signed },
        { type: "file", mediaType: "application/octet-stream", data: "AQID", metadata: { google: {} } },
      ],
    )
    assert.strictEqual(failed(answer([{ inlineData: { data: "no base64!" } }])), "InvalidResponseError")
  })
})

describe("Google's own tools", () => {
  const code = { executableCode: { language: "PYTHON", code: "1" }, thoughtSignature: "c2ln" }
  const ran = { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } }

  it("are parts if they were declared", () => {
    const tools = [GoogleTool.codeExecution({})]
    const common = { id: "resp-0", name: "GoogleCodeExecution", providerExecuted: true }
    assert.deepStrictEqual(content([code, ran], tools), [
      { type: "tool-call", ...common, params: { language: "PYTHON", code: "1" }, metadata: { google: { part: code } } },
      {
        type: "tool-result",
        ...common,
        isFailure: false,
        result: { outcome: "OUTCOME_OK", output: "1" },
        metadata: { google: { part: ran } },
      },
    ])
    assert.deepStrictEqual(content([code, ran]), [])
    assert.strictEqual(finish(answer([code, ran]))?.reason, "stop")
    assert.deepStrictEqual(content([ran], tools), [])
  })

  it("are named by their kinds", () => {
    const kinds: ReadonlyArray<readonly [string, Tool.Any]> = [
      ["GOOGLE_SEARCH_WEB", GoogleTool.googleSearch({})],
      ["URL_CONTEXT", GoogleTool.urlContext({})],
      ["GOOGLE_MAPS", GoogleTool.googleMaps({})],
      ["FILE_SEARCH", GoogleTool.fileSearch({ fileSearchStoreNames: [] })],
    ]
    for (const [toolType, tool] of kinds) {
      const call = { toolCall: { id: "x", toolType, args: { q: 1 } } }
      const response = { toolResponse: { id: "x", toolType, response: { r: 1 } } }
      const parts = content([call, response], [tool])
      assert.deepStrictEqual(
        parts.map((part) => ("name" in part ? [part.type, part.id, part.name] : part)),
        [
          ["tool-call", "x", tool.name],
          ["tool-result", "x", tool.name],
        ],
      )
    }
    const [, search] = kinds[0]!
    assert.deepStrictEqual(content([{ toolCall: { id: "x", toolType: "NEW" } }, { toolCall: {} }], [search]), [])
    const bare = [
      { toolCall: { id: "x", toolType: "GOOGLE_SEARCH_WEB" } },
      { toolResponse: { id: "x", toolType: "GOOGLE_SEARCH_IMAGE" } },
    ]
    assert.lengthOf(content(bare, [search]), 2)
  })

  it("may be declared without schemas", () => {
    const plain = Tool.providerDefined({ id: "google.x", customName: "Code", providerName: "codeExecution" })()
    const parts = content([code, ran], [plain])
    assert.deepStrictEqual(
      parts.map((part) => ("name" in part ? part.name : "")),
      ["Code", "Code"],
    )
  })
})

describe("sources", () => {
  it("are what the answer is grounded in, each once", () => {
    const web = { uri: "https://a.example/", title: "A" }
    const candidate = {
      groundingMetadata: {
        webSearchQueries: ["q"],
        groundingChunks: [
          { web },
          { web },
          { maps: { uri: "https://maps.example/", title: "M", placeId: "p" } },
          { image: { sourceUri: "https://img.example/", title: "I" } },
          { retrievedContext: { uri: "gs://bucket/folder/doc.pdf", title: "Doc" } },
          { retrievedContext: { title: "Nameless" } },
          { retrievedContext: { text: "x" } },
          "odd",
        ],
      },
      urlContextMetadata: {
        urlMetadata: [
          { retrievedUrl: "https://b.example/", urlRetrievalStatus: "URL_RETRIEVAL_STATUS_SUCCESS" },
          { retrievedUrl: "https://c.example/", urlRetrievalStatus: "URL_RETRIEVAL_STATUS_ERROR" },
        ],
      },
      citationMetadata: { citations: [{ uri: "https://d.example/", license: "MIT" }, { startIndex: 1 }] },
    }
    const parts = read(answer([{ text: "x" }], candidate)).filter(({ type }) => type === "source")
    assert.deepStrictEqual(
      parts.map(
        (part) => part.type === "source" && [part.id, part.sourceType === "url" ? part.url : part.fileName, part.title],
      ),
      [
        ["source-0", "https://a.example/", "A"],
        ["source-1", "https://maps.example/", "M"],
        ["source-2", "https://img.example/", "I"],
        ["source-3", "doc.pdf", "Doc"],
        ["source-4", undefined, "Nameless"],
        ["source-5", "https://b.example/", "https://b.example/"],
        ["source-6", "https://d.example/", "https://d.example/"],
      ],
    )
    const metadata = finish(answer([{ text: "x" }], candidate))?.metadata?.google
    assert.deepStrictEqual(metadata?.groundingMetadata?.["webSearchQueries"], ["q"])
    assert.property(metadata, "urlContextMetadata")
  })
})

describe("the end", () => {
  const reasons: ReadonlyArray<[string, string]> = [
    ["STOP", "stop"],
    ["MAX_TOKENS", "length"],
    ["SAFETY", "content-filter"],
    ["RECITATION", "content-filter"],
    ["BLOCKLIST", "content-filter"],
    ["PROHIBITED_CONTENT", "content-filter"],
    ["SPII", "content-filter"],
    ["IMAGE_SAFETY", "content-filter"],
    ["IMAGE_PROHIBITED_CONTENT", "content-filter"],
    ["IMAGE_RECITATION", "content-filter"],
    ["MALFORMED_FUNCTION_CALL", "error"],
    ["UNEXPECTED_TOOL_CALL", "error"],
    ["TOO_MANY_TOOL_CALLS", "error"],
    ["MALFORMED_RESPONSE", "error"],
    ["CONTINUATION", "pause"],
    ["FINISH_REASON_UNSPECIFIED", "unknown"],
    ["LANGUAGE", "other"],
    ["OTHER", "other"],
    ["NO_IMAGE", "other"],
    ["NEWER_THAN_THIS", "other"],
  ]
  it.each(reasons)("%s is %s", (finishReason, reason) => {
    const last = finish(answer([], { finishReason }))
    assert.strictEqual(last?.reason, reason as never)
    assert.strictEqual(last?.metadata?.google?.finishReason, finishReason)
    const refusal = reason === "content-filter" ? `the answer was broken off: ${finishReason}` : undefined
    assert.strictEqual(last?.metadata?.google?.refusal, refusal)
  })

  it("tells what it cost, and the rest", () => {
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 2, totalTokenCount: 3, serviceTier: "flex" }
    const safetyRatings = [{ category: "HARM_CATEGORY_HARASSMENT", probability: "LOW" }]
    const whole = answer([], { safetyRatings, continuationToken: "t" }, { usageMetadata })
    assert.deepStrictEqual(finish(whole), {
      type: "finish",
      reason: "stop",
      usage: {
        inputTokens: { total: 1, uncached: 1, cacheRead: 0 },
        outputTokens: { total: 2, text: 2, reasoning: 0 },
      },
      metadata: {
        google: {
          usage: usageMetadata,
          finishReason: "STOP",
          serviceTier: "flex",
          safetyRatings,
          continuationToken: "t",
        },
      },
    })
    const state = newState([], { "x-gemini-service-tier": "priority" })
    const last = Result.getOrThrow(answerParts(answer([]), state)).at(-1)
    assert.strictEqual(last?.type === "finish" && last.metadata?.google?.serviceTier, "priority")
  })

  it("may be that the prompt was blocked", () => {
    const safetyRatings = [{ category: "x" }]
    const blocked = (promptFeedback: object) => finish({ promptFeedback, usageMetadata: { promptTokenCount: 3 } })
    const last = blocked({ blockReason: "PROHIBITED_CONTENT", safetyRatings })
    assert.strictEqual(last?.reason, "content-filter")
    assert.strictEqual(last?.metadata?.google?.refusal, "the prompt was blocked: PROHIBITED_CONTENT")
    assert.deepStrictEqual(last?.metadata?.google?.safetyRatings, safetyRatings)
    assert.strictEqual(last?.usage.inputTokens.total, 3)
    const told = blocked({ blockReason: "SAFETY", blockReasonMessage: "no" })
    assert.strictEqual(told?.metadata?.google?.refusal, "no")
  })

  it("is missing in what is no answer", () => {
    for (const value of [undefined, null, [], {}, { candidates: [] }, { candidates: "x" }, "x"]) {
      assert.strictEqual(failed(value), "InvalidResponseError")
    }
    assert.isUndefined(finish(answer([{ text: "x" }], { finishReason: undefined })))
  })
})
