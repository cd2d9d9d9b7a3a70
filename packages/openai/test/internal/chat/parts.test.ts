import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"

import { common } from "../../../src/internal/chat/dialect.ts"
import { completionParts } from "../../../src/internal/chat/parts.ts"
import { AnswerState } from "../../../src/internal/chat/state.ts"
import { shortId } from "../../../src/internal/request/shortId.ts"
import { origin } from "../../requests.ts"

const parts = (answer: unknown) => completionParts(answer, new AnswerState({ origin, key: "openai", dialect: common }))

const failure = (answer: unknown) => {
  const result = parts(answer)
  return Result.isFailure(result) ? result.failure.reason._tag : undefined
}

const message = (fields: unknown, finish_reason = "stop") => ({
  id: "x",
  choices: [{ message: fields, finish_reason }],
})

describe("completions", () => {
  it("have reasoning, text, sources and calls", () => {
    const answer = message({
      reasoning_content: "hm",
      content: "a",
      annotations: [{ url_citation: { url: "https://a.example/" } }],
      tool_calls: [{ function: { name: "t", arguments: "" } }],
    })
    assert.deepStrictEqual(Result.getOrThrow(parts(answer)), [
      { type: "response-metadata", id: "x" },
      { type: "reasoning", text: "hm", metadata: { openai: {} } },
      { type: "text", text: "a" },
      {
        type: "source",
        sourceType: "url",
        id: "source-0",
        url: "https://a.example/",
        title: "https://a.example/",
        metadata: { openai: {} },
      },
      { type: "tool-call", id: "call_0", name: "t", params: {} },
      { type: "finish", reason: "tool-calls", usage: { inputTokens: {}, outputTokens: {} }, metadata: { openai: {} } },
    ])
  })

  it("with other shapes than promised are errors", () => {
    for (const answer of [undefined, "<html>", {}, { choices: [] }, { choices: [{}] }]) {
      assert.strictEqual(failure(answer), "InvalidResponseError")
    }
    assert.strictEqual(failure({ error: { message: "no", code: "rate_limit_exceeded" } }), "RateLimitError")
    assert.strictEqual(failure({ error: "model not found" }), "InvalidRequestError")
    assert.strictEqual(failure(message({ tool_calls: [{}] })), "InvalidResponseError")
    assert.strictEqual(
      failure(message({ tool_calls: [{ function: { name: "t", arguments: "{" } }] })),
      "InvalidOutputError",
    )
    assert.strictEqual(failure(message({ content: "a" }, "error")), "InternalProviderError")
    const cut = message({ tool_calls: [{ function: { name: "t", arguments: "{" } }] }, "length")
    assert.isUndefined(failure(cut))
  })
})

describe("short ids", () => {
  it("are nine letters or digits, always the same", () => {
    assert.strictEqual(shortId("gSIMJiOkT"), "gSIMJiOkT")
    assert.match(shortId("call_abcdef"), /^[a-z0-9]{9}$/)
    assert.strictEqual(shortId("call_abcdef"), shortId("call_abcdef"))
    const ids = new Set(Array.from({ length: 10_000 }, (_, n) => shortId(`call_${n}`)))
    assert.strictEqual(ids.size, 10_000)
  })
})
