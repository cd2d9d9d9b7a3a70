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
import * as GoogleTool from "../src/GoogleTool.ts"
import { answerParts } from "../src/internal/answer/parts.ts"
import { AnswerState } from "../src/internal/answer/state.ts"
import { ChunkReader } from "../src/internal/answer/stream.ts"
import { origin } from "./requests.ts"

const tools: ReadonlyArray<Tool.Any> = [GoogleTool.codeExecution({}), GoogleTool.googleSearch({})]
const state = () => new AnswerState({ origin, declared: providerTools(tools), headers: {}, fallbackId: "made-up" })

const usageMetadata = {
  promptTokenCount: 30,
  toolUsePromptTokenCount: 2,
  cachedContentTokenCount: 20,
  candidatesTokenCount: 4,
  thoughtsTokenCount: 5,
  totalTokenCount: 41,
}
const code = { executableCode: { id: "code_1", language: "PYTHON", code: "1" } }
const ran = { codeExecutionResult: { id: "code_1", outcome: "OUTCOME_OK", output: "1" } }
const searched = { toolCall: { id: "s_1", toolType: "GOOGLE_SEARCH_WEB", args: { query: "q" } } }
const found = { toolResponse: { id: "s_1", toolType: "GOOGLE_SEARCH_WEB", response: { a: 1 } } }
const file = { inlineData: { mimeType: "image/png", data: "AQID" }, thoughtSignature: "c2ln" }
const calls = [
  { functionCall: { id: "f_1", name: "t", args: { a: [1] } }, thoughtSignature: "c2ln" },
  { functionCall: { name: "u", args: {} } },
]
const candidate = {
  index: 0,
  finishReason: "STOP",
  safetyRatings: [{ category: "x" }],
  groundingMetadata: { groundingChunks: [{ web: { uri: "https://a.example/", title: "A" } }] },
  urlContextMetadata: {
    urlMetadata: [{ retrievedUrl: "https://b.example/", urlRetrievalStatus: "URL_RETRIEVAL_STATUS_SUCCESS" }],
  },
  citationMetadata: { citations: [{ uri: "https://c.example/", license: "mit" }] },
}
const head = { responseId: "resp", modelVersion: "gemini" }
const thought = { text: "so", thought: true }
const answer = {
  ...head,
  candidates: [
    {
      ...candidate,
      content: { parts: [thought, { text: "hello" }, code, ran, searched, found, file, ...calls] },
    },
  ],
  promptFeedback: { safetyRatings: [] },
  usageMetadata,
}
const chunk = (parts: ReadonlyArray<object>, rest = {}) => ({
  ...head,
  candidates: [{ index: 0, content: { role: "model", parts }, ...rest }],
  usageMetadata,
})
const piece = (jsonPath: string, value: object, rest = {}) => ({
  functionCall: { partialArgs: [{ jsonPath, ...value }], willContinue: true, ...rest },
})
const events = [
  chunk([thought]),
  chunk([{ text: "", thoughtSignature: "c2ln" }]),
  chunk([{ text: "hel" }, { text: "lo" }]),
  chunk([code, ran]),
  chunk([searched, found]),
  chunk([file]),
  chunk([{ functionCall: { name: "p", id: "f_0", willContinue: true } }]),
  chunk([piece("$.a", { stringValue: "x", willContinue: true }), piece("$.a", { stringValue: "y" })]),
  chunk([piece("$.b[0]", { numberValue: 1 }), piece("$.c.d", { nullValue: "NULL_VALUE" })]),
  chunk([{ functionCall: {} }]),
  chunk(calls),
  chunk([], candidate),
]

describe("answers", () => {
  it("are no problem if they are right", () => {
    const parts = partsOf(new ChunkReader(state()), events)
    assert.strictEqual(parts.at(-1)?.type, "finish")
    assert.isUndefined(problemOf(parts))
    assert.isUndefined(problemOfWhole(Result.getOrThrow(answerParts(answer, state()))))
  })

  it("become sound parts of a stream, whatever is in them", () => {
    const trial = (random: Random) => problemOf(partsOf(new ChunkReader(state()), changedEvents(events, random)))
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
