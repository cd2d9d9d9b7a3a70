/** What models of three vendors said and called, as it stands in a prompt when a conversation goes on. */
import { type Prompt } from "effect/ai"

type Part = Prompt.AssistantMessagePartEncoded

const call = (id: string, options: object): Part => ({
  type: "tool-call",
  id,
  name: "weather",
  params: { city: "Oslo" },
  options: options as never,
})
const provided = (id: string, name: string, options: object): ReadonlyArray<Part> => [
  { type: "tool-call", id, name, params: {}, providerExecuted: true, options: options as never },
  { type: "tool-result", id, name, isFailure: false, result: {}, options: options as never },
]
const thought = (text: string, options: object): Part => ({ type: "reasoning", text, options: options as never })
const text = (options: object): Part => ({ type: "text", text: "Let me look.", options: options as never })

const openai: ReadonlyArray<Part> = [
  thought("one", { openai: { itemId: "rs_1" } }),
  thought("two", { openai: { itemId: "rs_1", encryptedContent: "sealed-by-openai" } }),
  ...provided("ws_1", "OpenAiWebSearch", {
    openai: { itemId: "ws_1", item: { type: "web_search_call", id: "ws_1", status: "completed" } },
  }),
  text({ openai: { itemId: "msg_1", phase: "commentary" } }),
  call("call_1", { openai: { itemId: "fc_1" } }),
  call("call_2", { openai: { itemId: "fc_2" } }),
]

const search = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} }
const found = { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] }

const anthropic: ReadonlyArray<Part> = [
  thought("hm", { anthropic: { signature: "signed-by-anthropic" } }),
  thought("", { anthropic: { redactedData: "signed-by-anthropic" } }),
  thought("", { anthropic: { block: search } }),
  thought("", { anthropic: { block: found } }),
  text({ anthropic: { citations: [{ type: "page_location", document_index: 0 }] } }),
  call("toolu_1", { anthropic: {} }),
  call("toolu_2", { anthropic: { toolName: "weather" } }),
]

const code = { executableCode: { id: "code_1", language: "PYTHON", code: "1" } }

const google: ReadonlyArray<Part> = [
  thought("a summary", { google: {} }),
  thought("hm", { google: { thoughtSignature: "signed-by-google" } }),
  ...provided("code_1", "GoogleCodeExecution", { google: { part: code } }),
  text({ google: { thoughtSignature: "signed-by-google" } }),
  call("resp/é.1:0", { google: { thoughtSignature: "signed-by-google" } }),
  call("f_1", { google: { callId: "f_1" } }),
]

const compatible: ReadonlyArray<Part> = [
  thought("hm", { deepseek: { reasoningDetails: [{ data: "kept-by-another" }] } }),
  text({}),
  call(`chatcmpl-tool-${"x".repeat(80)}`, {}),
]

/** The turns, each by the key of its vendor. */
export const turns: Readonly<Record<string, ReadonlyArray<Part>>> = { openai, anthropic, google, compatible }

/** What must go back to the vendor itself, and to no other. */
export const secrets: Readonly<Record<string, string>> = {
  openai: "sealed-by-openai",
  anthropic: "signed-by-anthropic",
  google: "signed-by-google",
  compatible: "kept-by-another",
}

/** A conversation in which one of them spoke last, and its tools have answered. */
export const conversation = (parts: ReadonlyArray<Part>): ReadonlyArray<Prompt.MessageEncoded> => [
  { role: "user", content: "How is Oslo?" },
  { role: "assistant", content: parts },
  {
    role: "tool",
    content: parts.flatMap((part) =>
      part.type === "tool-call" && part.providerExecuted !== true
        ? [{ type: "tool-result", id: part.id, name: part.name, isFailure: false, result: "cold" } as const]
        : [],
    ),
  },
]
