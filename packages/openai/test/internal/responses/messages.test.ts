import { assert, describe, it } from "@effect/vitest"
import { Refusals } from "@holdfast/core/provider/Refusals"
import { Prompt } from "effect/ai"

import { inputItems } from "../../../src/internal/responses/messages.ts"

const convert = (
  messages: ReadonlyArray<Prompt.MessageEncoded>,
  options: { stored?: boolean; model?: string } = {},
) => {
  const refusals = new Refusals("openai", options.model ?? "gpt-4.1")
  const items = inputItems(Prompt.make(messages), {
    key: "openai",
    model: options.model ?? "gpt-4.1",
    stored: options.stored ?? false,
    continued: false,
    refusals,
  })
  const first = refusals.first
  return {
    items: items as ReadonlyArray<unknown>,
    refused: first?._tag === "UnsupportedOption" ? first.option : undefined,
  }
}

const bytes = new Uint8Array([1, 2, 3])

describe("system messages", () => {
  it("stay where they are, with the role of the model's time", () => {
    const messages: ReadonlyArray<Prompt.MessageEncoded> = [
      { role: "system", content: "one" },
      { role: "user", content: "hi" },
      { role: "system", content: "two", options: { openai: { promptCacheBreakpoint: { ttl: "12h" } } } },
    ]
    assert.deepStrictEqual(convert(messages).items, [
      { role: "system", content: "one" },
      { role: "user", content: [{ type: "input_text", text: "hi" }] },
      {
        role: "system",
        content: [{ type: "input_text", text: "two", prompt_cache_breakpoint: { mode: "explicit", ttl: "12h" } }],
      },
    ])
    assert.deepStrictEqual(convert(messages.slice(0, 1), { model: "gpt-6-sol" }).items, [
      { role: "developer", content: "one" },
    ])
  })
})

describe("files", () => {
  const user = (part: Prompt.FilePartEncoded) => {
    const { items, refused } = convert([{ role: "user", content: [part] }])
    return { content: (items[0] as { content: ReadonlyArray<unknown> }).content[0], refused }
  }

  it("may be bytes, base64, data URLs, links and ids", () => {
    const image = { type: "input_image", detail: "auto" }
    const png = (data: Prompt.FilePartEncoded["data"]) => user({ type: "file", mediaType: "image/png", data }).content
    assert.deepStrictEqual(png(bytes), { ...image, image_url: "data:image/png;base64,AQID" })
    assert.deepStrictEqual(png("AQID"), { ...image, image_url: "data:image/png;base64,AQID" })
    assert.deepStrictEqual(png("data:image/gif;base64,AQID"), { ...image, image_url: "data:image/gif;base64,AQID" })
    assert.deepStrictEqual(png("https://a.example/b.png"), { ...image, image_url: "https://a.example/b.png" })
    assert.deepStrictEqual(png(new URL("https://a.example/b.png")), { ...image, image_url: "https://a.example/b.png" })
    const options = { openai: { fileId: "file-1", imageDetail: "high" as const } }
    assert.deepStrictEqual(user({ type: "file", mediaType: "image/*", data: "", options }).content, {
      type: "input_image",
      detail: "high",
      file_id: "file-1",
    })
    assert.deepStrictEqual(user({ type: "file", mediaType: "image/*", data: bytes }).content, {
      ...image,
      image_url: "data:image/jpeg;base64,AQID",
    })
  })

  it("may be documents", () => {
    const pdf = (data: Prompt.FilePartEncoded["data"], rest = {}) =>
      user({ type: "file", mediaType: "application/pdf", data, ...rest }).content
    const file_data = "data:application/pdf;base64,AQID"
    assert.deepStrictEqual(pdf(bytes), { type: "input_file", filename: "file-0.pdf", file_data })
    assert.deepStrictEqual(pdf(bytes, { fileName: "a.pdf" }), { type: "input_file", filename: "a.pdf", file_data })
    assert.deepStrictEqual(pdf("https://a.example/a.pdf"), { type: "input_file", file_url: "https://a.example/a.pdf" })
    assert.deepStrictEqual(pdf(bytes, { options: { openai: { fileId: "file-1" } } }), {
      type: "input_file",
      file_id: "file-1",
    })
  })

  it("are refused if they are sound, film or images of other formats", () => {
    for (const mediaType of ["audio/wav", "video/mp4", "image/tiff", "image/svg+xml"]) {
      assert.strictEqual(user({ type: "file", mediaType, data: bytes }).refused, `prompt[0].file.${mediaType}`)
    }
    assert.isUndefined(user({ type: "file", mediaType: "text/csv", data: bytes }).refused)
  })

  it("of the user can end a cached prefix", () => {
    const content: ReadonlyArray<Prompt.UserMessagePartEncoded> = [
      { type: "text", text: "a", options: { openai: { promptCacheBreakpoint: true } } },
      { type: "text", text: "b" },
    ]
    const { items } = convert([
      { role: "user", content, options: { openai: { promptCacheBreakpoint: { ttl: "30m" } } } },
    ])
    assert.deepStrictEqual(items[0], {
      role: "user",
      content: [
        { type: "input_text", text: "a", prompt_cache_breakpoint: { mode: "explicit" } },
        { type: "input_text", text: "b", prompt_cache_breakpoint: { mode: "explicit", ttl: "30m" } },
      ],
    })
  })
})

describe("the model's own messages", () => {
  const thought = (text: string, encryptedContent?: string): Prompt.ReasoningPartEncoded => ({
    type: "reasoning",
    text,
    options: { openai: { itemId: "rs_1", ...(encryptedContent === undefined ? {} : { encryptedContent }) } },
  })
  const call: Prompt.ToolCallPartEncoded = {
    type: "tool-call",
    id: "call_1",
    name: "weather",
    params: { city: "Oslo" },
    options: { openai: { itemId: "fc_1" } },
  }

  it("go back with their encrypted reasoning", () => {
    const text: Prompt.TextPartEncoded = {
      type: "text",
      text: "a",
      options: { openai: { itemId: "msg_1", phase: "commentary" } },
    }
    const sealed = [thought("one", "secret"), thought("two", "secret"), text, { ...text, text: "b" }, call]
    assert.deepStrictEqual(convert([{ role: "assistant", content: sealed }], { model: "o3" }).items, [
      {
        type: "reasoning",
        id: "rs_1",
        encrypted_content: "secret",
        summary: [
          { type: "summary_text", text: "one" },
          { type: "summary_text", text: "two" },
        ],
      },
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        phase: "commentary",
        content: [
          { type: "output_text", text: "a", annotations: [] },
          { type: "output_text", text: "b", annotations: [] },
        ],
      },
      { type: "function_call", id: "fc_1", call_id: "call_1", name: "weather", arguments: '{"city":"Oslo"}' },
    ])
  })

  it("do not show reasoning to a model that does not think", () => {
    assert.deepStrictEqual(convert([{ role: "assistant", content: [thought("one", "secret"), call] }]).items, [
      { type: "function_call", call_id: "call_1", name: "weather", arguments: '{"city":"Oslo"}' },
    ])
  })

  it("have ids that are not too long", () => {
    const id = "x".repeat(65)
    const result = { type: "tool-result", id, name: "weather", isFailure: false, result: "r" } as const
    const { items } = convert([
      { role: "assistant", content: [{ ...call, id }] },
      { role: "tool", content: [result] },
    ])
    const ids = items.map((item) => (item as { readonly call_id: string }).call_id)
    assert.match(ids[0] ?? "", /^call_[a-z0-9]{9}$/)
    assert.strictEqual(ids[1], ids[0])
  })

  it("lose their names with reasoning that cannot be sent", () => {
    const foreign: Prompt.ReasoningPartEncoded = {
      type: "reasoning",
      text: "hm",
      options: { anthropic: { signature: "x" } },
    }
    assert.deepStrictEqual(convert([{ role: "assistant", content: [foreign, call] }]).items, [
      { type: "function_call", call_id: "call_1", name: "weather", arguments: '{"city":"Oslo"}' },
    ])
    assert.deepStrictEqual(
      convert([{ role: "assistant", content: [thought("one"), call] }], { stored: true, model: "o3" }).items,
      [
        { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "one" }] },
        { type: "function_call", id: "fc_1", call_id: "call_1", name: "weather", arguments: '{"city":"Oslo"}' },
      ],
    )
  })

  it("may hold calls of OpenAI's tools and images", () => {
    const item = { type: "web_search_call", id: "ws_1", status: "completed" }
    const search: Prompt.ToolCallPartEncoded = {
      type: "tool-call",
      id: "ws_1",
      name: "OpenAiWebSearch",
      params: {},
      providerExecuted: true,
      options: { openai: { itemId: "ws_1", item } as never },
    }
    const image: Prompt.FilePartEncoded = {
      type: "file",
      mediaType: "image/png",
      data: "AQID",
      options: { openai: { itemId: "ig_1" } },
    }
    const result: Prompt.ToolResultPartEncoded = {
      type: "tool-result",
      id: "ws_1",
      name: "OpenAiWebSearch",
      isFailure: false,
      result: {},
      providerExecuted: true,
    }
    assert.deepStrictEqual(convert([{ role: "assistant", content: [search, result, image] }]).items, [
      item,
      { type: "image_generation_call", id: "ig_1", status: "completed", result: "AQID" },
    ])
    const bare = { ...search, options: { openai: { itemId: "ws_1" } } }
    assert.deepStrictEqual(convert([{ role: "assistant", content: [bare, image] }], { stored: true }).items, [
      { type: "item_reference", id: "ws_1" },
      { type: "item_reference", id: "ig_1" },
    ])
    const { refused } = convert([{ role: "assistant", content: [{ ...image, options: {} }] }])
    assert.strictEqual(refused, "prompt[0].file.image/png")
  })
})

describe("tool results", () => {
  const result = (part: Partial<Prompt.ToolResultPartEncoded>): Prompt.MessageEncoded => ({
    role: "tool",
    content: [{ type: "tool-result", id: "call_1", name: "t", isFailure: false, result: null, ...part }],
  })
  const called: Prompt.MessageEncoded = {
    role: "assistant",
    content: [{ type: "tool-call", id: "call_1", name: "t", params: {} }],
  }
  const output = (part: Partial<Prompt.ToolResultPartEncoded>) =>
    (convert([called, result(part)]).items[1] as { output: unknown }).output

  it("are refused without their calls", () => {
    assert.strictEqual(convert([result({})]).refused, "prompt[0].tool-result.call_1")
  })

  it("are text, and failures say so", () => {
    assert.strictEqual(output({ result: "sunny" }), "sunny")
    assert.strictEqual(output({ result: { a: 1 } }), '{"a":1}')
    assert.strictEqual(output({ result: undefined }), "null")
    assert.strictEqual(output({ result: "not found", isFailure: true }), '{"error":"not found"}')
  })

  it("may be files", () => {
    const modelOutput: ReadonlyArray<Prompt.TextPartEncoded | Prompt.FilePartEncoded> = [
      { type: "text", text: "look" },
      { type: "file", mediaType: "image/png", data: "AQID" },
    ]
    assert.deepStrictEqual(output({ modelOutput, options: { openai: { promptCacheBreakpoint: true } } }), [
      { type: "input_text", text: "look" },
      {
        type: "input_image",
        detail: "auto",
        image_url: "data:image/png;base64,AQID",
        prompt_cache_breakpoint: { mode: "explicit" },
      },
    ])
    assert.deepStrictEqual(output({ result: "x", options: { openai: { promptCacheBreakpoint: true } } }), [
      { type: "input_text", text: "x", prompt_cache_breakpoint: { mode: "explicit" } },
    ])
  })

  it("of custom tools go back as such", () => {
    const call: Prompt.ToolCallPartEncoded = {
      type: "tool-call",
      id: "call_1",
      name: "sql",
      params: "SELECT 1",
      options: { openai: { itemId: "ct_1", custom: true } as never },
    }
    assert.deepStrictEqual(convert([{ role: "assistant", content: [call] }, result({ result: "1" })]).items, [
      { type: "custom_tool_call", id: "ct_1", call_id: "call_1", name: "sql", input: "SELECT 1" },
      { type: "custom_tool_call_output", call_id: "call_1", output: "1" },
    ])
  })
})

describe("an answer that was cut", () => {
  const thought: Prompt.ReasoningPartEncoded = {
    type: "reasoning",
    text: "hm",
    options: { openai: { itemId: "rs_1", encryptedContent: "sealed" } },
  }
  const text: Prompt.TextPartEncoded = { type: "text", text: "a", options: { openai: { itemId: "msg_1" } } }

  it("leaves no reasoning at its end, stored or not", () => {
    for (const stored of [true, false]) {
      const options = { stored, model: "o3" }
      assert.deepStrictEqual(convert([{ role: "assistant", content: [thought] }], options).items, [])
      const types = convert([{ role: "assistant", content: [thought, text, thought] }], options).items.map(
        (item) => (item as { readonly type: string }).type,
      )
      assert.deepStrictEqual(types, ["reasoning", "message"])
    }
  })
})
