import { argumentsOf, type Call, type Dialect, identifier, isFilled, type Resolved, slices } from "./dialect.ts"
import { type Frame, named } from "./frame.ts"
import { errorObject, responsesUsage, shared } from "./openai.ts"

type Event = { readonly type: string } & Record<string, unknown>

/** The events of one kind that a text comes in. */
const deltas = (
  type: string,
  options: { readonly at: Readonly<Record<string, unknown>>; readonly pieces: ReadonlyArray<string> },
): ReadonlyArray<Event> => options.pieces.map((delta) => Object.assign({ type }, options.at, { delta }))

const imageFormat = (mediaType: string): string => mediaType.slice(mediaType.indexOf("/") + 1)

const annotationsOf = ({ citations, text }: Resolved) =>
  citations.map(({ title, url }) => ({
    type: "url_citation",
    start_index: 0,
    end_index: text.join("").length,
    title,
    url,
  }))

const wantsEncryptedReasoning = ({ body }: Call): boolean =>
  Array.isArray(body["include"]) && body["include"].includes("reasoning.encrypted_content")

const reasoningItem = (answer: Resolved, call: Call) => ({
  id: identifier("rs_", call),
  type: "reasoning",
  summary: [{ type: "summary_text", text: answer.reasoning.join("") }],
  ...(wantsEncryptedReasoning(call) ? { encrypted_content: answer.signature } : {}),
})

const messageItem = (answer: Resolved, call: Call) => ({
  id: identifier("msg_", call),
  type: "message",
  status: answer.finish === "length" || answer.finish === "content-filter" ? "incomplete" : "completed",
  role: "assistant",
  content:
    answer.refusal.length > 0
      ? [{ type: "refusal", refusal: answer.refusal.join("") }]
      : [{ type: "output_text", annotations: annotationsOf(answer), logprobs: [], text: answer.text.join("") }],
})

const toolItem = (tool: Resolved["toolCalls"][number], index: number, call: Call) => ({
  id: identifier("fc_", call, index),
  type: "function_call",
  status: "completed",
  arguments: argumentsOf(tool.params),
  call_id: tool.id ?? identifier("call_", call, index),
  name: tool.name,
})

const imageItem = (file: Resolved["files"][number], index: number, call: Call) => ({
  id: identifier("ig_", call, index),
  type: "image_generation_call",
  status: "completed",
  output_format: imageFormat(file.mediaType),
  result: file.data,
})

/** An answer that was cut in its reasoning has no message yet. */
const isCutEarly = (answer: Resolved): boolean => answer.finish === "length" && answer.reasoning.length > 0

const hasMessage = (answer: Resolved): boolean =>
  answer.text.length > 0 ||
  answer.refusal.length > 0 ||
  (answer.toolCalls.length === 0 && answer.files.length === 0 && !isCutEarly(answer))

const output = (answer: Resolved, call: Call): ReadonlyArray<unknown> => [
  ...(answer.reasoning.length > 0 ? [reasoningItem(answer, call)] : []),
  ...(hasMessage(answer) ? [messageItem(answer, call)] : []),
  ...answer.toolCalls.map((tool, index) => toolItem(tool, index, call)),
  ...answer.files.map((file, index) => imageItem(file, index, call)),
]

const response = (call: Call, fields: Record<string, unknown>) => ({
  id: identifier("resp_", call),
  object: "response",
  created_at: call.createdAt,
  status: "in_progress",
  background: false,
  error: null,
  incomplete_details: null,
  instructions: call.body["instructions"] ?? null,
  max_output_tokens: call.body["max_output_tokens"] ?? null,
  max_tool_calls: null,
  model: call.model,
  output: [],
  parallel_tool_calls: call.body["parallel_tool_calls"] ?? true,
  previous_response_id: call.body["previous_response_id"] ?? null,
  prompt_cache_key: call.body["prompt_cache_key"] ?? null,
  reasoning: call.body["reasoning"] ?? { effort: null, summary: null },
  safety_identifier: null,
  service_tier: "default",
  store: call.body["store"] ?? true,
  temperature: call.body["temperature"] ?? 1,
  text: call.body["text"] ?? { format: { type: "text" }, verbosity: "medium" },
  tool_choice: call.body["tool_choice"] ?? "auto",
  tools: call.body["tools"] ?? [],
  top_logprobs: 0,
  top_p: call.body["top_p"] ?? 1,
  truncation: "disabled",
  usage: null,
  user: null,
  metadata: call.body["metadata"] ?? {},
  ...fields,
})

const finished = (answer: Resolved, call: Call) => {
  const reason =
    answer.finish === "length"
      ? "max_output_tokens"
      : answer.finish === "content-filter" && answer.refusal.length === 0
        ? "content_filter"
        : undefined
  return response(call, {
    status: reason === undefined ? "completed" : "incomplete",
    incomplete_details: reason === undefined ? null : { reason },
    output: output(answer, call),
    usage: answer.usage === undefined ? null : responsesUsage(answer.usage),
  })
}

const reasoningEvents = (answer: Resolved, call: Call, output_index: number): ReadonlyArray<Event> => {
  const item = reasoningItem(answer, call)
  const at = { item_id: item.id, output_index, summary_index: 0 }
  const text = answer.reasoning.join("")
  return [
    { type: "response.output_item.added", output_index, item: { ...item, summary: [] } },
    { type: "response.reasoning_summary_part.added", ...at, part: { type: "summary_text", text: "" } },
    ...deltas("response.reasoning_summary_text.delta", { at, pieces: answer.reasoning }),
    { type: "response.reasoning_summary_text.done", ...at, text },
    { type: "response.reasoning_summary_part.done", ...at, part: { type: "summary_text", text } },
    { type: "response.output_item.done", output_index, item },
  ]
}

const messageEvents = (answer: Resolved, call: Call, output_index: number): ReadonlyArray<Event> => {
  const item = messageItem(answer, call)
  const at = { item_id: item.id, output_index, content_index: 0 }
  const refused = answer.refusal.length > 0
  const part = refused
    ? { type: "refusal", refusal: "" }
    : { type: "output_text", annotations: [], logprobs: [], text: "" }
  const text = answer.text.join("")
  return [
    { type: "response.output_item.added", output_index, item: { ...item, status: "in_progress", content: [] } },
    { type: "response.content_part.added", ...at, part },
    ...(refused
      ? [
          ...deltas("response.refusal.delta", { at, pieces: answer.refusal }),
          { type: "response.refusal.done", ...at, refusal: answer.refusal.join("") },
        ]
      : [
          ...deltas("response.output_text.delta", { at: { ...at, logprobs: [] }, pieces: answer.text }),
          ...annotationsOf(answer).map((annotation, annotation_index) =>
            Object.assign({ type: "response.output_text.annotation.added" }, at, { annotation_index, annotation }),
          ),
          { type: "response.output_text.done", ...at, text, logprobs: [] },
        ]),
    { type: "response.content_part.done", ...at, part: item.content[0] },
    { type: "response.output_item.done", output_index, item },
  ]
}

const toolEvents = (item: ReturnType<typeof toolItem>, output_index: number): ReadonlyArray<Event> => {
  const at = { item_id: item.id, output_index }
  return [
    { type: "response.output_item.added", output_index, item: { ...item, status: "in_progress", arguments: "" } },
    ...deltas("response.function_call_arguments.delta", { at, pieces: slices(item.arguments, 8) }),
    { type: "response.function_call_arguments.done", ...at, arguments: item.arguments },
    { type: "response.output_item.done", output_index, item },
  ]
}

const imageEvents = (item: ReturnType<typeof imageItem>, output_index: number): ReadonlyArray<Event> => {
  const at = { item_id: item.id, output_index }
  const { id, type } = item
  return [
    { type: "response.output_item.added", output_index, item: { id, type, status: "in_progress" } },
    { type: "response.image_generation_call.in_progress", ...at },
    { type: "response.image_generation_call.generating", ...at },
    { type: "response.image_generation_call.completed", ...at },
    { type: "response.output_item.done", output_index, item },
  ]
}

const events = (answer: Resolved, call: Call): ReadonlyArray<Event> => {
  const blocks = [
    ...(answer.reasoning.length > 0 ? [(index: number) => reasoningEvents(answer, call, index)] : []),
    ...(hasMessage(answer) ? [(index: number) => messageEvents(answer, call, index)] : []),
    ...answer.toolCalls.map((tool, n) => (index: number) => toolEvents(toolItem(tool, n, call), index)),
    ...answer.files.map((file, n) => (index: number) => imageEvents(imageItem(file, n, call), index)),
  ]
  const last = finished(answer, call)
  return [
    { type: "response.created", response: response(call, {}) },
    { type: "response.in_progress", response: response(call, {}) },
    ...blocks.flatMap((block, index) => block(index)),
    { type: `response.${last.status}`, response: last },
  ]
}

/** POST /responses */
export const openaiResponses: Dialect = {
  ...shared,
  name: "openai-responses",
  matches: (path) => path.endsWith("/responses"),
  validate: (body) =>
    body["model"] === undefined
      ? "Missing required parameter: 'model'."
      : typeof body["input"] !== "string" && !isFilled(body["input"]) && body["prompt"] === undefined
        ? "Missing required parameter: 'input'."
        : undefined,
  json: finished,
  frames: (answer, call) =>
    events(answer, call).map((event, sequence_number, all): Frame =>
      named({ ...event, sequence_number }, sequence_number === all.length - 1),
    ),
  errorFrames: (failure, call, sent) => {
    const error = errorObject(failure)
    const failed = response(call, {
      status: "failed",
      error: { code: error.code ?? error.type, message: error.message },
    })
    return [
      named({ type: "error", sequence_number: sent, error }),
      named({ type: "response.failed", sequence_number: sent + 1, response: failed }),
    ]
  },
  eventName: (event) => (typeof event["type"] === "string" ? event["type"] : undefined),
  isTerminal: ({ type }) =>
    type === "response.completed" || type === "response.incomplete" || type === "response.failed",
  done: [],
}
