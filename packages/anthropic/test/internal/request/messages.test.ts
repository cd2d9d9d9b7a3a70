import { assert, describe, it } from "@effect/vitest"
import { Refusals } from "@holdfast/core/provider/Refusals"
import { AiError, Prompt, type Tool } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

import * as AnthropicTool from "../../../src/AnthropicTool.ts"
import { messagesOf } from "../../../src/internal/request/messages.ts"
import { type Thinking } from "../../../src/internal/request/thinking.ts"

interface Options {
  readonly model?: string
  readonly tools?: ReadonlyArray<Tool.Any>
  readonly structured?: boolean
  readonly thinking?: Thinking
}

interface Converted {
  readonly unthinking: boolean
  readonly system: ReadonlyArray<unknown>
  readonly messages: ReadonlyArray<unknown>
  readonly refused: string | undefined
}

const convert = (prompt: Prompt.RawInput, options: Options = {}): Converted => {
  const model = options.model ?? "claude-sonnet-5-5"
  const refusals = new Refusals("anthropic", model)
  const converted = messagesOf(Prompt.make(prompt), {
    model,
    tools: options.tools ?? [],
    structured: options.structured ?? false,
    thinking: options.thinking ?? "unknown",
    refusals,
  })
  const { first } = refusals
  return { ...converted, refused: first === undefined || AiError.isAiError(first) ? undefined : first.option }
}

const messages = (prompt: Prompt.RawInput, options?: Options): unknown => {
  const converted = convert(prompt, options)
  assert.isUndefined(converted.refused)
  return converted.messages
}

const refused = (prompt: Prompt.RawInput, options?: Options) => convert(prompt, options).refused

const blocks = (...content: ReadonlyArray<Prompt.UserMessagePartEncoded>) =>
  (messages([{ role: "user", content: [...content] }]) as [{ content: ReadonlyArray<unknown> }])[0].content

const cached = { anthropic: { cacheControl: { ttl: "1h" as const } } }
const control = { cache_control: { type: "ephemeral", ttl: "1h" } }

const hello: Prompt.MessageEncoded = { role: "user", content: [{ type: "text", text: "hello" }] }
const helloBlock = { type: "text", text: "hello" }
const tail: Prompt.MessageEncoded = { role: "user", content: "go on" }

describe("system messages", () => {
  it("at the beginning are the system prompt, each with its breakpoint", () => {
    const {
      messages: rest,
      refused: option,
      system,
    } = convert([
      { role: "system", content: "be kind" },
      { role: "system", content: " " },
      { role: "system", content: "be brief", options: cached },
      hello,
    ])
    assert.isUndefined(option)
    assert.deepStrictEqual(system, [
      { type: "text", text: "be kind" },
      { type: "text", text: "be brief", ...control },
    ])
    assert.deepStrictEqual(rest, [{ role: "user", content: [helloBlock] }])
  })

  it("alone leave nothing to answer", () => {
    const { messages: rest, system } = convert([{ role: "system", content: "be kind" }])
    assert.deepStrictEqual([system.length, rest.length], [1, 0])
  })

  it("later stay where they are, on models that take them there", () => {
    const later: Prompt.RawInput = [
      hello,
      { role: "system", content: "be kind" },
      { role: "system", content: "be brief", options: cached },
      { role: "assistant", content: "hi" },
      tail,
    ]
    assert.deepStrictEqual(messages(later), [
      { role: "user", content: [helloBlock] },
      {
        role: "system",
        content: [
          { type: "text", text: "be kind" },
          { type: "text", text: "be brief", ...control },
        ],
      },
      { role: "assistant", content: [{ type: "text", text: "hi" }] },
      { role: "user", content: [{ type: "text", text: "go on" }] },
    ])
    assert.strictEqual(refused(later, { model: "claude-sonnet-4-6" }), "prompt[1].system")
    assert.isUndefined(refused(later, { model: "other" }))
    assert.isUndefined(refused([hello, { role: "system", content: "be kind" }]))
  })

  it("must stand between a question and its answer", () => {
    const system: Prompt.MessageEncoded = { role: "system", content: "be kind" }
    assert.strictEqual(refused([hello, { role: "assistant", content: "hi" }, system, tail]), "prompt[2].system")
    assert.strictEqual(refused([hello, system, tail]), "prompt[1].system")
  })
})

describe("user messages", () => {
  it("that follow each other are one", () => {
    assert.deepStrictEqual(messages([hello, tail]), [
      { role: "user", content: [helloBlock, { type: "text", text: "go on" }] },
    ])
  })

  it("may end a cached prefix, by a part or as a whole", () => {
    const parts = (options: Prompt.ProviderOptions, partOptions: Prompt.ProviderOptions = {}): Prompt.RawInput => [
      {
        role: "user",
        content: [
          { type: "text", text: "a", options: partOptions },
          { type: "text", text: "b" },
        ],
        options,
      },
    ]
    const a = { type: "text", text: "a" }
    const b = { type: "text", text: "b" }
    assert.deepStrictEqual(messages(parts(cached)), [{ role: "user", content: [a, { ...b, ...control }] }])
    assert.deepStrictEqual(messages(parts({}, { anthropic: { cacheControl: true } })), [
      { role: "user", content: [{ ...a, cache_control: { type: "ephemeral" } }, b] },
    ])
    assert.deepStrictEqual(messages(parts({ anthropic: { cacheControl: null } })), [{ role: "user", content: [a, b] }])
  })

  it("without a text say nothing", () => {
    assert.deepStrictEqual(messages([hello, { role: "user", content: [{ type: "text", text: "\n" }] }]), [
      { role: "user", content: [helloBlock] },
    ])
    assert.deepStrictEqual(messages([{ role: "user", content: [{ type: "text", text: "" }] }]), [])
  })
})

const png = "iVBORw0KGgoAAAANSUhEUgAA"

const file = (mediaType: string, data: string | Uint8Array | URL, anthropic?: object, fileName?: string) =>
  ({
    type: "file",
    mediaType,
    data,
    ...(fileName === undefined ? {} : { fileName }),
    ...(anthropic === undefined ? {} : { options: { anthropic } }),
  }) as Prompt.FilePartEncoded

describe("images", () => {
  it("come as bytes, base64, data and links, and as uploaded files", () => {
    const inline = { type: "base64", media_type: "image/png", data: png }
    const bytes = new Uint8Array(Buffer.from(png, "base64"))
    assert.deepStrictEqual(
      blocks(
        file("image/png", png),
        file("image/png", bytes),
        file("image/jpeg", `data:image/png;base64,${png}`),
        file("image/png", new URL("https://a.example/a.png")),
        file("image/png", "https://a.example/a.png"),
        file("image/png", png, { fileId: "file_1" }),
      ).map((block) => (block as { source: unknown }).source),
      [
        inline,
        inline,
        inline,
        { type: "url", url: "https://a.example/a.png" },
        { type: "url", url: "https://a.example/a.png" },
        { type: "file", file_id: "file_1" },
      ],
    )
  })

  it("are what they are, whatever is said of them", () => {
    const types = ["iVBORw0KGgo", "R0lGODlh", "UklGRg", "/9j/4A"].map(
      (data) => (blocks(file("image/*", data))[0] as { source: { media_type: string } }).source.media_type,
    )
    assert.deepStrictEqual(types, ["image/png", "image/gif", "image/webp", "image/jpeg"])
    assert.nestedPropertyVal(blocks(file("image/jpg", "/9j/4A"))[0], "source.media_type", "image/jpeg")
  })

  it("take options", () => {
    assert.deepStrictEqual(blocks(file("image/png", png, { oversizedImage: "error", cacheControl: { ttl: "1h" } })), [
      {
        type: "image",
        source: { type: "base64", media_type: "image/png", data: png },
        transformations: { oversized_image: "error" },
        ...control,
      },
    ])
  })

  it("of other kinds are refused", () => {
    assert.strictEqual(refused([{ role: "user", content: [file("image/tiff", "AAAA")] }]), "prompt[0].file.image/tiff")
  })
})

describe("documents", () => {
  it("come as PDFs and as texts", () => {
    assert.deepStrictEqual(
      blocks(
        file("application/pdf", "JVBERi0="),
        file("application/pdf", new URL("https://a.example/a.pdf")),
        file("application/pdf", "", { fileId: "file_1" }),
        file("text/markdown", Base64.encode("größer")),
        file("application/json", new TextEncoder().encode("{}")),
        file("application/atom+xml", `data:application/atom+xml;base64,${Base64.encode("<a/>")}`),
      ).map((block) => (block as { source: unknown }).source),
      [
        { type: "base64", media_type: "application/pdf", data: "JVBERi0=" },
        { type: "url", url: "https://a.example/a.pdf" },
        { type: "file", file_id: "file_1" },
        { type: "text", media_type: "text/plain", data: "größer" },
        { type: "text", media_type: "text/plain", data: "{}" },
        { type: "text", media_type: "text/plain", data: "<a/>" },
      ],
    )
  })

  it("take a title, a context and citations", () => {
    const options = { documentContext: "old", documentCitations: true, cacheControl: { ttl: "1h" } }
    const source = { type: "base64", media_type: "application/pdf", data: "JVBERi0=" }
    assert.deepStrictEqual(blocks(file("application/pdf", "JVBERi0=", options, "a.pdf")), [
      { type: "document", source, title: "a.pdf", context: "old", citations: { enabled: true }, ...control },
    ])
    assert.deepStrictEqual(blocks(file("application/pdf", "JVBERi0=", { documentTitle: "A" }, "a.pdf")), [
      { type: "document", source, title: "A" },
    ])
  })

  it("can go into the container of code execution", () => {
    assert.deepStrictEqual(blocks(file("text/csv", "", { fileId: "file_1", containerUpload: true })), [
      { type: "container_upload", file_id: "file_1" },
    ])
    assert.strictEqual(
      refused([{ role: "user", content: [file("text/csv", "AAAA", { containerUpload: true })] }]),
      "prompt[0].file.text/csv",
    )
  })

  it.each([
    ["audio/mpeg", "AAAA"],
    ["video/mp4", "AAAA"],
    ["application/zip", "AAAA"],
    ["text/plain", "https://a.example/a.txt"],
    ["text/plain", "not base64!"],
  ])("of type %s (%s) are refused", (mediaType, data) => {
    const prompt: Prompt.RawInput = [hello, { role: "user", content: [file(mediaType, data)] }]
    assert.strictEqual(refused(prompt), `prompt[1].file.${mediaType}`)
  })

  it("cannot be cited in an answer with a schema", () => {
    const prompt: Prompt.RawInput = [
      { role: "user", content: [file("application/pdf", "JVBERi0=", { documentCitations: true })] },
    ]
    assert.isUndefined(refused(prompt))
    assert.strictEqual(refused(prompt, { structured: true }), "prompt[0].file.application/pdf")
  })
})

const assistant = (...content: ReadonlyArray<unknown>): Prompt.MessageEncoded =>
  ({ role: "assistant", content }) as Prompt.MessageEncoded

const answered = (message: Prompt.MessageEncoded, options?: Options) =>
  (messages([hello, message, tail], options) as [unknown, { content: unknown }])[1].content

describe("what the model said", () => {
  it("goes back with signatures, and without what means nothing to it", () => {
    const thoughts = { type: "reasoning", text: "hm" }
    assert.deepStrictEqual(
      answered(
        assistant(
          { ...thoughts, options: { anthropic: { signature: "c2ln" } } },
          { ...thoughts, text: "", options: { anthropic: { redactedData: "c2VjcmV0" } } },
          { ...thoughts, options: { openai: { itemId: "rs_1", encryptedContent: "x" } } },
          { type: "text", text: " \n" },
          { type: "text", text: "hello" },
          { type: "tool-approval-request", approvalId: "a", toolCallId: "t" },
        ),
      ),
      [
        { type: "thinking", thinking: "hm", signature: "c2ln" },
        { type: "redacted_thinking", data: "c2VjcmV0" },
        helloBlock,
      ],
    )
  })

  it("goes back with what it cited", () => {
    const citation = { type: "char_location", cited_text: "a", document_index: 0, file_id: null }
    assert.deepStrictEqual(
      answered(assistant({ type: "text", text: "hello", options: { anthropic: { citations: [citation, 1] } } })),
      [{ ...helloBlock, citations: [{ type: "char_location", cited_text: "a", document_index: 0 }, {}] }],
    )
  })

  it("may end a cached prefix, but not with thoughts", () => {
    const thoughts = { type: "reasoning", text: "hm", options: { anthropic: { signature: "c2ln" } } }
    assert.deepStrictEqual(answered({ ...assistant(thoughts, { type: "text", text: "hello" }), options: cached }), [
      { type: "thinking", thinking: "hm", signature: "c2ln" },
      { ...helloBlock, ...control },
    ])
    const own = { type: "text", text: "hello", options: { anthropic: { cacheControl: true } } }
    assert.deepStrictEqual(answered({ ...assistant(own), options: cached }), [
      { ...helloBlock, cache_control: { type: "ephemeral" } },
    ])
  })

  it("is left out where it is a thought that led to nothing", () => {
    const thoughts = { type: "reasoning", text: "hm", options: { anthropic: { signature: "c2ln" } } }
    assert.deepStrictEqual(answered(assistant({ type: "text", text: "hello" }, thoughts)), [helloBlock])
    assert.deepStrictEqual(messages([hello, assistant(thoughts), tail]), [
      { role: "user", content: [helloBlock, { type: "text", text: "go on" }] },
    ])
  })

  it("cannot hold files", () => {
    assert.strictEqual(
      refused([hello, assistant({ type: "file", mediaType: "image/png", data: png }), tail]),
      "prompt[1].file.image/png",
    )
  })

  it("can be begun for it, on models that go on with that", () => {
    const begun = [hello, assistant({ type: "text", text: "The answer is (\n" })]
    assert.deepStrictEqual(messages(begun, { model: "claude-sonnet-4-5" }), [
      { role: "user", content: [helloBlock] },
      { role: "assistant", content: [{ type: "text", text: "The answer is (" }] },
    ])
    assert.isUndefined(refused(begun, { model: "other" }))
    assert.strictEqual(refused(begun, { model: "claude-sonnet-4-6" }), "prompt[1].assistant")
    assert.strictEqual(refused(begun, { model: "claude-haiku-4-5", structured: true }), "prompt[1].assistant")
    assert.strictEqual(refused(begun, { model: "claude-haiku-4-5", thinking: "enabled" }), "prompt[1].assistant")
  })
})

const call = (id: string, fields: object = {}) => ({ type: "tool-call", id, name: "weather", params: {}, ...fields })

const result = (id: string, fields: object = {}) => ({
  type: "tool-result",
  id,
  name: "weather",
  isFailure: false,
  result: { degrees: 4 },
  ...fields,
})

const tool = (...content: ReadonlyArray<unknown>): Prompt.MessageEncoded =>
  ({ role: "tool", content }) as Prompt.MessageEncoded

describe("tools", () => {
  it("are called and answered, and the user goes on", () => {
    assert.deepStrictEqual(
      messages([
        hello,
        assistant(call("a", { params: { city: "Oslo" }, options: cached }), call("b")),
        tool(result("a", { options: cached }), { type: "tool-approval-response", approvalId: "x", approved: true }),
        tool(result("b", { isFailure: true, result: "no such city" })),
        tail,
      ]),
      [
        { role: "user", content: [helloBlock] },
        {
          role: "assistant",
          content: [
            { type: "tool_use", id: "a", name: "weather", input: { city: "Oslo" }, ...control },
            { type: "tool_use", id: "b", name: "weather", input: {} },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "a", content: '{"degrees":4}', ...control },
            { type: "tool_result", tool_use_id: "b", content: "no such city", is_error: true },
            { type: "text", text: "go on" },
          ],
        },
      ],
    )
  })

  it("of other providers are called by ids and with arguments that Anthropic takes", () => {
    const [, asked, told] = messages([
      hello,
      assistant(
        call("functions.weather:0", { params: "Oslo" }),
        call("b", { params: null }),
        call("c", { params: [1] }),
      ),
      tool(result("functions.weather:0"), result("b", { result: "" }), result("c", { result: undefined })),
    ]) as ReadonlyArray<{ content: ReadonlyArray<unknown> }>
    assert.deepStrictEqual(asked?.content, [
      { type: "tool_use", id: "functions_weather_0", name: "weather", input: { value: "Oslo" } },
      { type: "tool_use", id: "b", name: "weather", input: {} },
      { type: "tool_use", id: "c", name: "weather", input: { value: [1] } },
    ])
    assert.deepStrictEqual(told?.content, [
      { type: "tool_result", tool_use_id: "functions_weather_0", content: '{"degrees":4}' },
      { type: "tool_result", tool_use_id: "b" },
      { type: "tool_result", tool_use_id: "c", content: "null" },
    ])
  })

  it("may answer with pictures", () => {
    const modelOutput = [
      { type: "text", text: "see" },
      { type: "file", mediaType: "image/png", data: png },
      { type: "file", mediaType: "text/csv", data: "", options: { anthropic: { fileId: "f", containerUpload: true } } },
    ]
    const converted = messages([
      hello,
      assistant(call("a")),
      tool(result("a", { modelOutput })),
    ]) as ReadonlyArray<unknown>
    assert.deepStrictEqual(converted[2], {
      role: "user",
      content: [
        {
          type: "tool_result",
          tool_use_id: "a",
          content: [
            { type: "text", text: "see" },
            { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
          ],
        },
      ],
    })
  })

  it("that Anthropic defined have its names", () => {
    const tools = [AnthropicTool.bash({})]
    const bash = { name: "AnthropicBash", params: { command: "ls" } }
    assert.deepStrictEqual(answered(assistant(call("a", bash)), { tools }), [
      { type: "tool_use", id: "a", name: "bash", input: { command: "ls" } },
    ])
    const caller = { type: "code_execution_20260120", tool_id: "srvtoolu_1" }
    const options = { anthropic: { toolName: "bash", caller } }
    assert.deepStrictEqual(answered(assistant(call("a", { ...bash, options }))), [
      { type: "tool_use", id: "a", name: "bash", input: { command: "ls" }, caller },
    ])
  })

  it("that Anthropic ran go back as they came, and those of others not at all", () => {
    const used = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "a" } }
    const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] }
    const run = { providerExecuted: true }
    const message = assistant(
      call("srvtoolu_1", { ...run, options: { anthropic: { block: used } } }),
      { type: "reasoning", text: "", options: { anthropic: { block: { type: "compaction", content: "c" } } } },
      result("srvtoolu_1", { ...run, options: { anthropic: { block: found, cacheControl: true } } }),
      call("ws_1", { ...run, options: { openai: { itemId: "ws_1" } } }),
      result("ws_1", { ...run, options: { openai: { itemId: "ws_1" } } }),
    )
    const content = [used, { type: "compaction", content: "c" }, { ...found, cache_control: { type: "ephemeral" } }]
    assert.deepStrictEqual(answered(message), content)
    // A paused turn goes on from there, and is no beginning of an answer.
    assert.deepStrictEqual(messages([hello, message]), [
      { role: "user", content: [helloBlock] },
      { role: "assistant", content },
    ])
    assert.isUndefined(refused([hello, message, { role: "system", content: "be kind" }]))
  })
})

describe("thoughts", () => {
  const thought: Prompt.ReasoningPartEncoded = {
    type: "reasoning",
    text: "hm",
    options: { anthropic: { signature: "c2ln" } },
  }
  const use: Prompt.ToolCallPartEncoded = { type: "tool-call", id: "a", name: "t", params: {} }
  const outcome: Prompt.MessageEncoded = {
    role: "tool",
    content: [{ type: "tool-result", id: "a", name: "t", isFailure: false, result: "r" }],
  }
  const loop = (
    ...content: ReadonlyArray<Prompt.AssistantMessagePartEncoded>
  ): ReadonlyArray<Prompt.MessageEncoded> => [hello, { role: "assistant", content: [...content] }, outcome]
  const kinds = (prompt: Prompt.RawInput, thinking: Thinking) => {
    const converted = convert(prompt, { model: "claude-sonnet-4-5", thinking })
    const said = converted.messages.flatMap((message) => {
      const { content, role } = message as { role: string; content: ReadonlyArray<{ type: string }> }
      return role === "assistant" ? content.map(({ type }) => type) : []
    })
    return [said, converted.unthinking]
  }

  it("must begin a tool loop with a budget, or it goes on without", () => {
    assert.deepStrictEqual(kinds(loop(thought, use), "enabled"), [["thinking", "tool_use"], false])
    assert.deepStrictEqual(kinds(loop(use), "enabled"), [["tool_use"], true])
    assert.deepStrictEqual(kinds(loop(use), "adaptive"), [["tool_use"], false])
    // The second step of a loop that the model itself began.
    const own = [...loop(thought, use), { role: "assistant" as const, content: [{ ...use, id: "b" }] }]
    const steps: ReadonlyArray<Prompt.MessageEncoded> = [
      ...own,
      { role: "tool", content: [{ type: "tool-result", id: "b", name: "t", isFailure: false, result: "r" }] },
    ]
    assert.deepStrictEqual(kinds(steps, "enabled"), [["thinking", "tool_use", "tool_use"], false])
    // In the next turn of the user's the model thinks again.
    const later: ReadonlyArray<Prompt.MessageEncoded> = [...loop(use), { role: "assistant", content: "so" }, tail]
    assert.deepStrictEqual(kinds(later, "enabled"), [["tool_use", "text"], false])
  })

  it("are left out of a turn that goes on without thinking", () => {
    assert.deepStrictEqual(kinds(loop(thought, use), "off"), [["tool_use"], false])
    const earlier: ReadonlyArray<Prompt.MessageEncoded> = [
      hello,
      { role: "assistant", content: [thought, { type: "text", text: "so" }] },
      tail,
    ]
    assert.deepStrictEqual(kinds(earlier, "off"), [["thinking", "text"], false])
    assert.deepStrictEqual(kinds(earlier, "never"), [["text"], false])
  })

  it("that come late in a message do not go back with a budget", () => {
    const late: ReadonlyArray<Prompt.MessageEncoded> = [
      hello,
      { role: "assistant", content: [{ type: "text", text: "so" }, thought, { type: "text", text: "then" }] },
      tail,
    ]
    assert.deepStrictEqual(kinds(late, "enabled"), [["text", "text"], false])
    assert.deepStrictEqual(kinds(late, "adaptive"), [["text", "thinking", "text"], false])
  })
})
