import { assert, describe, it } from "@effect/vitest"
import { Refusals } from "@holdfast/core/provider/Refusals"
import { Prompt } from "effect/ai"

import { contentsOf } from "../../../src/internal/request/messages.ts"

const convert = (messages: ReadonlyArray<Prompt.MessageEncoded>, model = "gemini-3.8-flash") => {
  const refusals = new Refusals("gcp.gemini", model)
  const { contents, systemInstruction } = contentsOf(Prompt.make(messages), { model, refusals })
  const first = refusals.first
  return {
    contents: contents as ReadonlyArray<unknown>,
    systemInstruction,
    refused: first?._tag === "UnsupportedOption" ? first.option : undefined,
  }
}

const bytes = new Uint8Array([1, 2, 3])

describe("system messages", () => {
  it("go into the one instruction, wherever they stand", () => {
    const { contents, systemInstruction } = convert([
      { role: "system", content: "one" },
      { role: "user", content: "hi" },
      { role: "system", content: "two" },
      { role: "user", content: "ho" },
    ])
    assert.deepStrictEqual(systemInstruction, { parts: [{ text: "one" }, { text: "two" }] })
    // Roles alternate.
    assert.deepStrictEqual(contents, [{ role: "user", parts: [{ text: "hi" }, { text: "ho" }] }])
    assert.isUndefined(convert([{ role: "user", content: "hi" }]).systemInstruction)
  })
})

describe("files", () => {
  const user = (part: Omit<Prompt.FilePartEncoded, "type">, model?: string) => {
    const { contents, refused } = convert([{ role: "user", content: [{ type: "file", ...part }] }], model)
    return { part: (contents[0] as { parts: ReadonlyArray<unknown> }).parts[0], refused }
  }

  it("may be bytes, base64 and data URLs", () => {
    const png = (data: Prompt.FilePartEncoded["data"]) => user({ mediaType: "image/png", data }).part
    const inlineData = { mimeType: "image/png", data: "AQID" }
    assert.deepStrictEqual(png(bytes), { inlineData })
    assert.deepStrictEqual(png("AQID"), { inlineData })
    assert.deepStrictEqual(png("data:image/gif;base64,AQID"), { inlineData: { ...inlineData, mimeType: "image/gif" } })
    assert.deepStrictEqual(png(new URL("data:image/png;base64,AQID")), { inlineData })
    for (const mediaType of ["application/pdf", "audio/wav", "video/mp4", "text/csv"]) {
      assert.deepStrictEqual(user({ mediaType, data: bytes }).part, {
        inlineData: { mimeType: mediaType, data: "AQID" },
      })
    }
    assert.deepStrictEqual(user({ mediaType: "image/*", data: bytes }).part, {
      inlineData: { mimeType: "image/jpeg", data: "AQID" },
    })
  })

  it("may be elsewhere", () => {
    const pdf = (data: Prompt.FilePartEncoded["data"], options = {}) =>
      user({ mediaType: "application/pdf", data, options }).part
    const at = (fileUri: string) => ({ fileData: { fileUri, mimeType: "application/pdf" } })
    assert.deepStrictEqual(pdf("https://a.example/a.pdf"), at("https://a.example/a.pdf"))
    assert.deepStrictEqual(pdf(new URL("https://a.example/a.pdf")), at("https://a.example/a.pdf"))
    assert.deepStrictEqual(pdf("gs://bucket/a.pdf"), at("gs://bucket/a.pdf"))
    assert.deepStrictEqual(pdf(new URL("gs://bucket/a.pdf")), at("gs://bucket/a.pdf"))
    const fileUri = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    assert.deepStrictEqual(pdf("", { google: { fileUri } }), at(fileUri))
    assert.strictEqual(user({ mediaType: "image/png", data: new URL("ftp://a.example/a") }).refused, "prompt[0].file")
  })

  it("may be a piece of a video, or a closer look", () => {
    const options = {
      google: { videoMetadata: { startOffset: "10s", endOffset: "90s", fps: 0.5 }, mediaResolution: "high" as const },
    }
    const video = { mediaType: "video/*", data: new URL("https://www.youtube.com/watch?v=abc"), options }
    assert.deepStrictEqual(user(video), {
      part: {
        fileData: { fileUri: "https://www.youtube.com/watch?v=abc" },
        videoMetadata: { startOffset: "10s", endOffset: "90s", fps: 0.5 },
        mediaResolution: { level: "MEDIA_RESOLUTION_HIGH" },
      },
      refused: undefined,
    })
    assert.strictEqual(user(video, "gemini-2.5-flash").refused, "prompt[0].file.mediaResolution")
    const odd = { google: { videoMetadata: {}, mediaResolution: "closer" } } as never
    assert.deepStrictEqual(user({ mediaType: "video/mp4", data: bytes, options: odd }).part, {
      inlineData: { mimeType: "video/mp4", data: "AQID" },
    })
  })
})

describe("what the model said", () => {
  const signed = { google: { thoughtSignature: "c2ln" } }

  it("comes back with its signatures", () => {
    const { contents } = convert([
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm", options: signed },
          { type: "reasoning", text: "of another model" },
          { type: "text", text: "hello", options: signed },
          { type: "text", text: "", options: signed },
          { type: "text", text: "" },
          { type: "file", mediaType: "image/png", data: "AQID", options: signed },
        ],
      },
    ])
    assert.deepStrictEqual(contents, [
      {
        role: "model",
        parts: [
          { text: "hm", thought: true, thoughtSignature: "c2ln" },
          { text: "hello", thoughtSignature: "c2ln" },
          { text: "", thoughtSignature: "c2ln" },
          { inlineData: { mimeType: "image/png", data: "AQID" }, thoughtSignature: "c2ln" },
        ],
      },
    ])
    assert.deepStrictEqual(convert([{ role: "assistant", content: [{ type: "reasoning", text: "x" }] }]).contents, [])
  })

  it("comes back with its calls, and their results in their order", () => {
    const call = (id: string, options = {}) => ({
      type: "tool-call" as const,
      id,
      name: "t",
      params: { id },
      providerExecuted: false,
      options,
    })
    const result = (id: string, fields = {}) => ({
      type: "tool-result" as const,
      id,
      name: "t",
      isFailure: false,
      result: id,
      ...fields,
    })
    const { contents } = convert([
      {
        role: "assistant",
        content: [call("a", { google: { callId: "a", thoughtSignature: "c2ln" } }), call("b"), call("c")],
      },
      { role: "tool", content: [result("c"), result("a", { isFailure: true, result: { why: 1 } })] },
      {
        role: "tool",
        content: [
          result("b", { result: undefined }),
          { type: "tool-approval-response", approvalId: "x", approved: true },
        ],
      },
      { role: "user", content: "go on" },
    ])
    assert.deepStrictEqual(contents, [
      {
        role: "model",
        parts: [
          { functionCall: { id: "a", name: "t", args: { id: "a" } }, thoughtSignature: "c2ln" },
          { functionCall: { name: "t", args: { id: "b" } } },
          { functionCall: { name: "t", args: { id: "c" } } },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { id: "a", name: "t", response: { error: { why: 1 } } } },
          { functionResponse: { name: "t", response: { output: null } } },
          { functionResponse: { name: "t", response: { output: "c" } } },
        ],
      },
      { role: "user", parts: [{ text: "go on" }] },
    ])
  })

  it("may have been said by another model", () => {
    const call = (id: string) => ({ type: "tool-call" as const, id, name: "t", params: {}, providerExecuted: false })
    const message = {
      role: "assistant" as const,
      content: [{ type: "text" as const, text: "x" }, call("a"), call("b")],
    }
    const functionCall = { name: "t", args: {} }
    const plain = [{ text: "x" }, { functionCall }, { functionCall }]
    for (const model of ["mine", "gemma-4-27b-it", "gemini-2.0-flash"]) {
      assert.deepStrictEqual(convert([message], model).contents, [{ role: "model", parts: plain }])
    }
    const thoughtSignature = "skip_thought_signature_validator"
    for (const model of ["gemini-2.5-flash", "gemini-4-argon", "gemini-flash-latest", "models/gemini-pro-latest"]) {
      assert.deepStrictEqual(convert([message], model).contents, [
        { role: "model", parts: [plain[0], { functionCall, thoughtSignature }, plain[2]] },
      ])
    }
  })

  it("may have arguments that are no object", () => {
    const args = (params: unknown) => {
      const call = { type: "tool-call" as const, id: "a", name: "t", params, providerExecuted: false }
      const [content] = convert([{ role: "assistant", content: [call] }]).contents
      return (content as { parts: ReadonlyArray<{ functionCall: { args: unknown } }> }).parts[0]?.functionCall.args
    }
    assert.deepStrictEqual(
      [args("x"), args([1]), args(undefined), args(null)],
      [{ value: "x" }, { value: [1] }, {}, {}],
    )
  })

  it("keeps the parts of Google's own tools, and leaves out those of others", () => {
    const part = { executableCode: { code: "1" } }
    const provided = { id: "a", name: "GoogleCodeExecution", providerExecuted: true }
    const ran = { codeExecutionResult: { outcome: "OUTCOME_OK" } }
    const { contents } = convert([
      {
        role: "assistant",
        content: [
          { type: "tool-call", ...provided, params: {}, options: { google: { part } } },
          { type: "tool-result", ...provided, isFailure: false, result: {}, options: { google: { part: ran } } },
          { type: "tool-call", ...provided, params: {} },
          { type: "tool-result", ...provided, isFailure: false, result: {} },
          { type: "tool-approval-request", approvalId: "x", toolCallId: "a" },
        ],
      },
    ])
    assert.deepStrictEqual(contents, [{ role: "model", parts: [part, ran] }])
  })

  it("may be answered with files", () => {
    const message = {
      role: "tool" as const,
      content: [
        {
          type: "tool-result" as const,
          id: "a",
          name: "t",
          isFailure: false,
          result: {},
          modelOutput: [
            { type: "text" as const, text: "see" },
            { type: "text" as const, text: "this" },
            { type: "file" as const, mediaType: "image/png", data: "AQID" },
          ],
        },
      ],
    }
    const called = {
      role: "assistant" as const,
      content: [{ type: "tool-call" as const, id: "a", name: "t", params: {}, providerExecuted: false }],
    }
    assert.strictEqual(convert([message]).refused, "prompt[0].tool-result.a")
    const { contents, refused } = convert([called, message])
    assert.deepStrictEqual(contents.slice(1), [
      {
        role: "user",
        parts: [
          {
            functionResponse: {
              name: "t",
              response: { output: "see\nthis" },
              parts: [{ inlineData: { mimeType: "image/png", data: "AQID" } }],
            },
          },
        ],
      },
    ])
    assert.isUndefined(refused)
    assert.strictEqual(convert([called, message], "gemini-2.5-flash").refused, "prompt[1].tool-result.file")
  })
})
