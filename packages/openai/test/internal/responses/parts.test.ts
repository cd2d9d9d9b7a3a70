import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"

import { answerParts } from "../../../src/internal/responses/parts.ts"
import { AnswerState } from "../../../src/internal/responses/state.ts"
import { usage } from "../../../src/internal/responses/usage.ts"
import { origin } from "../../requests.ts"

const parts = (answer: unknown) => answerParts(answer, new AnswerState({ origin, key: "openai" }))

const failure = (answer: unknown) => {
  const result = parts(answer)
  return Result.isFailure(result) ? result.failure.reason._tag : undefined
}

describe("usage", () => {
  it("takes the counts apart", () => {
    const raw = {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 60, cache_write_tokens: 30 },
      output_tokens: 50,
      output_tokens_details: { reasoning_tokens: 20 },
    }
    assert.deepStrictEqual(usage(raw), {
      inputTokens: { total: 100, uncached: 10, cacheRead: 60, cacheWrite: 30 },
      outputTokens: { total: 50, text: 30, reasoning: 20 },
    })
  })

  it("leaves unknown what is not said or makes no sense", () => {
    assert.deepStrictEqual(usage(undefined), { inputTokens: {}, outputTokens: {} })
    assert.deepStrictEqual(usage({ input_tokens: -1, output_tokens: Number.NaN }), {
      inputTokens: {},
      outputTokens: {},
    })
    assert.deepStrictEqual(usage({ input_tokens: 1.5, output_tokens: "7" }), { inputTokens: {}, outputTokens: {} })
    const inconsistent = { input_tokens: 5, input_tokens_details: { cached_tokens: 6 } }
    assert.deepStrictEqual(usage(inconsistent), { inputTokens: { total: 5, cacheRead: 6 }, outputTokens: {} })
  })
})

describe("answers", () => {
  it("with other shapes than promised are errors", () => {
    for (const answer of [undefined, null, "<html>", [], {}, { output: {} }]) {
      assert.strictEqual(failure(answer), "InvalidResponseError")
    }
    assert.strictEqual(failure({ error: { code: "insufficient_quota" } }), "QuotaExhaustedError")
    assert.strictEqual(failure({ status: "failed", output: [] }), "InternalProviderError")
    assert.strictEqual(failure({ output: [{ type: "function_call" }] }), "InvalidResponseError")
    const call = { type: "function_call", call_id: "c", name: "t", arguments: "{" }
    assert.strictEqual(failure({ output: [call] }), "InvalidOutputError")
    assert.strictEqual(failure({ output: [{ ...call, arguments: '{"__proto__":{}}' }] }), "InvalidOutputError")
  })

  it("keep reasoning without a summary, and refusals", () => {
    const answer = {
      id: "resp_1",
      created_at: Number.MAX_VALUE,
      status: "completed",
      output: [
        { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "secret" },
        { type: "message", id: "msg_1", content: [{ type: "refusal", refusal: "no" }, "what", null] },
        null,
      ],
    }
    assert.deepStrictEqual(Result.getOrThrow(parts(answer)), [
      { type: "response-metadata", id: "resp_1" },
      {
        type: "reasoning",
        text: "",
        metadata: { openai: { itemId: "rs_1", encryptedContent: "secret" } },
      },
      {
        type: "finish",
        reason: "content-filter",
        usage: { inputTokens: {}, outputTokens: {} },
        metadata: { openai: { refusal: "no" } },
      },
    ])
  })
})
