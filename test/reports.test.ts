/**
 * Answers of Responses, of Anthropic and of Gemini as users of other tools have reported them, in both modes where a server may answer so in both.
 */
import { events, line, reports, whole, written } from "./support/reported.ts"

const toA = '{"city":"A"}'

const counted = { input_tokens: 7, output_tokens: 9, total_tokens: 16 }
const response = (output: ReadonlyArray<unknown>, fields: object = {}) => ({
  id: "r",
  object: "response",
  status: "completed",
  output,
  usage: counted,
  ...fields,
})
const completed = (output: ReadonlyArray<unknown>, fields?: object) => ({
  type: "response.completed",
  response: response(output, fields),
})
const called = (args: string) => ({ type: "function_call", id: "fc", call_id: "c", name: "weather", arguments: args })
const texts = (text: string) => ({
  type: "message",
  id: "m1",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [] }],
})
const at = (type: string, fields: object) => ({ type: `response.${type}`, output_index: 0, ...fields })
const delta = (text: string, fields: object = {}) => ({ type: "response.output_text.delta", delta: text, ...fields })
const args = (type: "delta" | "done", fields: object) =>
  at(`function_call_arguments.${type}`, { item_id: "fc", ...fields })

reports("openai-responses", [
  [
    "BerriAI/litellm#27144: arguments without pieces",
    events(
      at("output_item.added", { item: called("") }),
      args("done", { arguments: toA }),
      at("output_item.done", { item: called(toA) }),
      completed([called(toA)]),
    ),
    ' weather{"city":"A"} tool-calls 7/9',
  ],
  [
    "NousResearch/hermes-agent#92764: a call that is never said to be done",
    events(
      at("output_item.added", { item: called("") }),
      args("delta", { delta: '{"city":' }),
      args("delta", { delta: '"A"}' }),
      completed([]),
    ),
    ' weather{"city":"A"} tool-calls 7/9',
  ],
  [
    "BerriAI/litellm#31332: nothing in the completed output",
    events(
      at("output_item.added", { item: texts("") }),
      delta("hi", { output_index: 0, content_index: 0, item_id: "m1" }),
      at("output_item.done", { item: texts("hi") }),
      completed([]),
    ),
    "hi stop 7/9",
  ],
  [
    "BerriAI/litellm#32724: the item that is done, and nothing else",
    events(at("output_item.done", { item: texts("hi") }), completed([])),
    "hi stop 7/9",
  ],
  [
    "router-for-me/CLIProxyAPI#2626: a call that is only done",
    events(at("output_item.done", { item: called(toA) }), completed([])),
    ' weather{"city":"A"} tool-calls 7/9',
  ],
  [
    "openai/codex#12798: pieces without a place, and the call at the end",
    events(delta("h"), delta("i"), completed([texts("hi"), called(toA)])),
    'hi weather{"city":"A"} tool-calls 7/9',
  ],
  [
    "Oaklight/llm-rosetta#56: no id, no model, no output",
    events(delta("h"), delta("i"), { type: "response.completed", response: { status: "completed", output: [] } }),
    "hi stop ?/?",
  ],
  [
    "KochC/opencode-llm-proxy#48: a text that is done with nothing",
    events(
      at("output_item.added", { item: { ...texts(""), content: [] } }),
      at("output_text.delta", { content_index: 0, item_id: "m1", delta: "hi" }),
      at("output_text.done", { content_index: 0, item_id: "m1", text: "" }),
      completed([texts("hi")]),
    ),
    "hi stop 7/9",
  ],
  [
    "hachej/boring-ui#371: an error in an error event",
    events({
      type: "error",
      error: {
        type: "invalid_request_error",
        code: "context_length_exceeded",
        message: "Your input exceeds the context window of this model.",
        param: "input",
      },
      sequence_number: 2,
    }),
    "ContextWindow fatal",
  ],
  [
    "a rate limit as a failed response",
    events({
      type: "response.failed",
      response: response([], {
        status: "failed",
        error: { code: "rate_limit_exceeded", message: "Rate limit reached for gpt-5. Please try again in 3s." },
      }),
    }),
    "RateLimit throttled 3000",
  ],
  [
    "a call that was cut at the token limit",
    events(at("output_item.added", { item: called("") }), args("delta", { delta: '{"city":' }), {
      type: "response.incomplete",
      response: response([], { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } }),
    }),
    " length 7/9",
  ],
  [
    "an item that is done twice, and an end that comes twice",
    events(
      at("output_item.done", { item: called(toA) }),
      at("output_item.done", { item: called(toA) }),
      completed([called(toA)]),
      completed([called(toA)]),
    ),
    ' weather{"city":"A"} tool-calls 7/9',
  ],
])

const start = (fields: object = { usage: { input_tokens: 3, output_tokens: 1 } }) => ({
  type: "message_start",
  message: { id: "m", model: "c", role: "assistant", content: [], ...fields },
})
const block = (content_block: object, ...deltas: ReadonlyArray<object>) => [
  { type: "content_block_start", index: 0, content_block },
  ...deltas.map((each) => ({ type: "content_block_delta", index: 0, delta: each })),
  { type: "content_block_stop", index: 0 },
]
const text = (...pieces: ReadonlyArray<string>) =>
  block({ type: "text", text: "" }, ...pieces.map((each) => ({ type: "text_delta", text: each })))
const use = (input: unknown, ...pieces: ReadonlyArray<string>) =>
  block(
    { type: "tool_use", id: "t", name: "weather", input },
    ...pieces.map((partial_json) => ({ type: "input_json_delta", partial_json })),
  )
const ends = (stop_reason: string | null, ended: object = { output_tokens: 5 }) => [
  { type: "message_delta", delta: { stop_reason }, usage: ended },
  { type: "message_stop" },
]

reports("anthropic", [
  [
    "maximhq/bifrost#6598: the whole prompt first, and then what was cached of it",
    events(
      start({ usage: { input_tokens: 1000 } }),
      ...text("a"),
      ...ends("end_turn", { input_tokens: 20, cache_read_input_tokens: 980, output_tokens: 5 }),
    ),
    "a stop 1000(980)/5",
  ],
  [
    "maximhq/bifrost#6598: all of it was cached",
    events(
      start({ usage: { input_tokens: 1000 } }),
      ...text("a"),
      ...ends("end_turn", { input_tokens: 0, cache_read_input_tokens: 1000, output_tokens: 5 }),
    ),
    "a stop 1000(1000)/5",
  ],
  [
    "langchain-ai/langchainjs#10250: the same counts at both ends",
    events(
      start({ usage: { input_tokens: 3, cache_read_input_tokens: 4, output_tokens: 1 } }),
      ...text("a"),
      ...ends("end_turn", { input_tokens: 3, cache_read_input_tokens: 4, output_tokens: 5 }),
    ),
    "a stop 7(4)/5",
  ],
  [
    "envoyproxy/ai-gateway#2239: counts at the end only",
    events(
      start({ usage: null }),
      ...text("a"),
      ...ends("end_turn", { input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 5 }),
    ),
    "a stop 14(4)/5",
  ],
  [
    "farzaa/clicky#132: an error event and nothing else",
    written('event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'),
    "InternalProvider overloaded",
  ],
  [
    "caidaoli/ccLoad#69: an error without an event line, after pings",
    written(
      line({ type: "ping" }) +
        line({ type: "error", error: { type: "rate_limit_error", message: "Concurrency limit exceeded" } }),
    ),
    "RateLimit throttled",
  ],
  [
    "caidaoli/ccLoad#69: an error as others write it",
    written(
      line({ type: "ping" }) + line({ error: { type: "rate_limit_error", message: "Concurrency limit exceeded" } }),
    ),
    "RateLimit throttled",
  ],
  [
    "weave-os/router#1075: an empty object before the real one",
    events(start(), ...use({}, "{}", toA), ...ends("tool_use")),
    ' weather{"city":"A"} tool-calls 3/5',
  ],
  [
    "arguments at both places",
    events(start(), ...use({ city: "A" }, toA), ...ends("tool_use")),
    ' weather{"city":"A"} tool-calls 3/5',
  ],
  ["pieces of nothing", events(start(), ...text("", "a", ""), ...ends("end_turn")), "a stop 3/5"],
  ["no reason at the end", events(start(), ...text("a"), ...ends(null)), "a unknown 3/5"],
  ["a window that was full", events(start(), ...text("a"), ...ends("model_context_window_exceeded")), "a length 3/5"],
])

const candidate = (parts: ReadonlyArray<unknown> | undefined, fields: object = {}) => ({
  candidates: [{ content: { role: "model", ...(parts !== undefined && { parts }) }, ...fields }],
})
const stopped = { finishReason: "STOP" }
const counts = { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2 } }
const calling = (given: object = {}) => ({ functionCall: { name: "now", ...given } })

reports("google", [
  [
    "vercel/ai#10721: a call that is said to be unexpected",
    whole({
      ...candidate([{ functionCall: { name: "weather", args: { city: "A" } }, thoughtSignature: "c2ln" }], {
        finishReason: "UNEXPECTED_TOOL_CALL",
      }),
      ...counts,
    }),
    ' weather{"city":"A"} error 5/2',
  ],
  [
    "earendil-works/pi#2588: a prompt that came from the cache for the most part",
    whole({
      ...candidate([{ text: "a" }], stopped),
      usageMetadata: {
        promptTokenCount: 70_838,
        cachedContentTokenCount: 69_905,
        candidatesTokenCount: 2,
        thoughtsTokenCount: 3,
      },
    }),
    "a stop 70838(69905)/5",
  ],
  ["a call without arguments", whole({ ...candidate([calling()], stopped), ...counts }), " now{} tool-calls 5/2"],
  [
    "a call with arguments of null",
    whole({ ...candidate([calling({ args: null })], stopped), ...counts }),
    " now{} tool-calls 5/2",
  ],
  ["a content without parts", whole({ ...candidate(undefined, stopped), ...counts }), "InvalidResponse transient"],
  ["an answer without candidates", whole(counts), "InvalidResponse transient"],
  [
    "thoughts up to the token limit",
    whole({
      ...candidate(undefined, { finishReason: "MAX_TOKENS" }),
      usageMetadata: { promptTokenCount: 5, thoughtsTokenCount: 100 },
    }),
    " length 5/100",
  ],
  [
    "what tools added to the prompt",
    whole({
      ...candidate([{ text: "a" }], stopped),
      usageMetadata: { promptTokenCount: 5, toolUsePromptTokenCount: 100, candidatesTokenCount: 2 },
    }),
    "a stop 105/2",
  ],
  [
    "a reason in the last chunk, without content",
    events(candidate([{ text: "a" }]), { candidates: [stopped], ...counts }),
    "a stop 5/2",
  ],
  [
    "a blocked prompt",
    whole({ promptFeedback: { blockReason: "PROHIBITED_CONTENT" }, usageMetadata: { promptTokenCount: 5 } }),
    "ContentPolicy fatal",
  ],
  [
    "an error in a list, unframed",
    written('[{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED"}}]', "application/json"),
    "RateLimit throttled",
  ],
  [
    "an error after a part",
    written(
      line(candidate([{ text: "a" }])) + line({ error: { code: 503, message: "overloaded", status: "UNAVAILABLE" } }),
    ),
    "InternalProvider overloaded",
  ],
])
