import { Predicate } from "effect"

import {
  argumentsOf,
  type Call,
  type Dialect,
  identifier,
  isFilled,
  type Resolved,
  slices,
  someFinished,
} from "./dialect.ts"
import { type Frame, unnamed } from "./frame.ts"
import { chatUsage, errorObject, shared } from "./openai.ts"

const finishReason = (answer: Resolved): string =>
  answer.refusal.length > 0
    ? "stop"
    : {
        stop: "stop",
        length: "length",
        "content-filter": "content_filter",
        "tool-calls": "tool_calls",
        pause: "stop",
      }[answer.finish]

const toolCall = (tool: Resolved["toolCalls"][number], index: number, call: Call) => ({
  id: tool.id ?? identifier("call_", call, index),
  type: "function",
  function: { name: tool.name, arguments: argumentsOf(tool.params) },
})

const annotationsOf = ({ citations, text }: Resolved) =>
  citations.map(({ title, url }) => ({
    type: "url_citation",
    url_citation: { start_index: 0, end_index: text.join("").length, title, url },
  }))

const imagesOf = ({ files }: Resolved) =>
  files.map(({ data, mediaType }) => ({ type: "image_url", image_url: { url: `data:${mediaType};base64,${data}` } }))

const completion = (answer: Resolved, call: Call) => ({
  id: identifier("chatcmpl-", call),
  object: "chat.completion",
  created: call.createdAt,
  model: call.model,
  choices: [
    {
      index: 0,
      message: {
        role: "assistant",
        content: answer.text.length > 0 ? answer.text.join("") : null,
        refusal: answer.refusal.length > 0 ? answer.refusal.join("") : null,
        ...(answer.reasoning.length > 0 ? { reasoning_content: answer.reasoning.join("") } : {}),
        ...(answer.toolCalls.length > 0
          ? { tool_calls: answer.toolCalls.map((tool, index) => toolCall(tool, index, call)) }
          : {}),
        annotations: annotationsOf(answer),
        ...(answer.files.length > 0 ? { images: imagesOf(answer) } : {}),
      },
      logprobs: null,
      finish_reason: finishReason(answer),
    },
  ],
  ...(answer.usage === undefined ? {} : { usage: chatUsage(answer.usage) }),
  service_tier: "default",
  system_fingerprint: "fp_holdfast",
})

const toolDeltas = (answer: Resolved, call: Call): ReadonlyArray<unknown> =>
  answer.toolCalls.flatMap((tool, index) => {
    const { function: called, ...rest } = toolCall(tool, index, call)
    return [
      { tool_calls: [{ index, ...rest, function: { name: called.name, arguments: "" } }] },
      ...slices(called.arguments, 8).map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ]
  })

const deltas = (answer: Resolved, call: Call): ReadonlyArray<unknown> => [
  { role: "assistant", content: "", refusal: null },
  ...answer.reasoning.map((piece) => ({ reasoning_content: piece })),
  ...answer.text.map((piece) => ({ content: piece })),
  ...answer.refusal.map((piece) => ({ refusal: piece })),
  ...(answer.citations.length > 0 ? [{ annotations: annotationsOf(answer) }] : []),
  ...(answer.files.length > 0 ? [{ images: imagesOf(answer) }] : []),
  ...toolDeltas(answer, call),
]

// A server that streams unasked was not told to leave it out.
const includesUsage = ({ body }: Call): boolean =>
  body["stream"] !== true ||
  (Predicate.hasProperty(body["stream_options"], "include_usage") && body["stream_options"].include_usage === true)

const choice = (delta: unknown, finish_reason: string | null) => [{ index: 0, delta, logprobs: null, finish_reason }]

const done: Frame = unnamed("[DONE]", true)

const frames = (answer: Resolved, call: Call): ReadonlyArray<Frame> => {
  const withUsage = includesUsage(call)
  const chunk = (choices: ReadonlyArray<unknown>, usage: unknown = null) => ({
    id: identifier("chatcmpl-", call),
    object: "chat.completion.chunk",
    created: call.createdAt,
    model: call.model,
    service_tier: "default",
    system_fingerprint: "fp_holdfast",
    choices,
    ...(withUsage ? { usage } : {}),
  })
  return [
    ...deltas(answer, call).map((delta) => unnamed(chunk(choice(delta, null)))),
    unnamed(chunk(choice({}, finishReason(answer))), true),
    ...(withUsage && answer.usage !== undefined ? [unnamed(chunk([], chatUsage(answer.usage)))] : []),
    done,
  ]
}

/** POST /chat/completions */
export const openaiChat: Dialect = {
  ...shared,
  name: "openai-chat",
  matches: (path) => path.endsWith("/chat/completions"),
  validate: (body) =>
    !Predicate.isString(body["model"]) || body["model"] === ""
      ? "you must provide a model parameter"
      : !isFilled(body["messages"])
        ? "Missing required parameter: 'messages'."
        : undefined,
  json: completion,
  frames,
  errorFrames: (failure) => [unnamed({ error: errorObject(failure) })],
  eventName: () => undefined,
  isTerminal: ({ choices }) => someFinished(choices, "finish_reason"),
  done: [done],
}
