import { DateTime, Predicate } from "effect"

import { type Usage } from "../../Reply.ts"
import {
  argumentsOf,
  type Call,
  type Dialect,
  type Failure,
  hasBearer,
  identifier,
  isFilled,
  type Resolved,
  slices,
} from "./dialect.ts"
import { type Frame, named } from "./frame.ts"

const errorTypes: Readonly<Record<number, readonly [type: string, message: string]>> = {
  400: ["invalid_request_error", "Invalid request."],
  401: ["authentication_error", "invalid x-api-key"],
  402: ["billing_error", "Your credit balance is too low to access the Anthropic API."],
  403: ["permission_error", "Your API key does not have permission to use the specified resource."],
  404: ["not_found_error", "model not found"],
  408: ["timeout_error", "Request timed out."],
  409: ["conflict_error", "The resource was changed by another request."],
  413: ["request_too_large", "Request exceeds the maximum size"],
  429: ["rate_limit_error", "This request would exceed your organization's rate limit."],
  500: ["api_error", "Internal server error"],
  504: ["timeout_error", "Request timed out."],
  529: ["overloaded_error", "Overloaded"],
}

const errorBody = (failure: Failure, call: Call) => {
  const [type, message] = errorTypes[failure.status] ?? [
    failure.status >= 500 ? "api_error" : "invalid_request_error",
    "The request failed.",
  ]
  const { options } = failure
  return {
    type: "error",
    error: {
      type: options.type ?? type,
      message: options.message ?? message,
      ...(options.code === undefined ? {} : { code: options.code }),
    },
    request_id: call.requestId,
  }
}

const inputUsage = (usage: Required<Usage>) => ({
  // Anthropic counts what the cache served and stored beside the input, not inside it.
  input_tokens: usage.input - usage.cacheRead - usage.cacheWrite - usage.cacheWriteLong,
  cache_creation_input_tokens: usage.cacheWrite + usage.cacheWriteLong,
  cache_read_input_tokens: usage.cacheRead,
})

const fullUsage = (usage: Required<Usage>, output: number) => ({
  ...inputUsage(usage),
  cache_creation: {
    ephemeral_5m_input_tokens: usage.cacheWrite,
    ephemeral_1h_input_tokens: usage.cacheWriteLong,
  },
  output_tokens: output,
  service_tier: "standard",
  inference_geo: "global",
})

const outputDetails = ({ reasoning }: Required<Usage>) =>
  reasoning > 0 ? { output_tokens_details: { thinking_tokens: reasoning } } : {}

const stopReason = ({ finish, refusal }: Resolved): string =>
  refusal.length > 0
    ? "refusal"
    : {
        stop: "end_turn",
        length: "max_tokens",
        "content-filter": "refusal",
        "tool-calls": "tool_use",
        pause: "pause_turn",
      }[finish]

const stopDetails = ({ refusal }: Resolved) =>
  refusal.length > 0 ? { stop_details: { type: "refusal", category: "other", explanation: refusal.join("") } } : {}

const citationsOf = (answer: Resolved) =>
  answer.citations.map(({ title, url }) => ({
    type: "web_search_result_location",
    cited_text: answer.text.join("").slice(0, 150),
    url,
    title,
    encrypted_index: answer.signature,
  }))

/** One content block: as it is at the end, as it starts, and the deltas between. */
interface Block {
  readonly whole: unknown
  readonly start: unknown
  readonly deltas: ReadonlyArray<unknown>
}

/** A thought that is cut has no signature, which comes at its end. */
const thinkingBlock = ({ finish, reasoning, signature, text, toolCalls }: Resolved): Block => {
  const cut = finish === "length" && text.length === 0 && toolCalls.length === 0
  return {
    whole: { type: "thinking", thinking: reasoning.join(""), signature: cut ? "" : signature },
    start: { type: "thinking", thinking: "", signature: "" },
    deltas: [
      ...reasoning.map((thinking) => ({ type: "thinking_delta", thinking })),
      ...(cut ? [] : [{ type: "signature_delta", signature }]),
    ],
  }
}

const textBlock = (answer: Resolved): Block => {
  const citations = citationsOf(answer)
  const cited = citations.length > 0
  return {
    whole: { type: "text", text: answer.text.join(""), ...(cited ? { citations } : {}) },
    start: { type: "text", text: "", ...(cited ? { citations: [] } : {}) },
    deltas: [
      ...answer.text.map((text) => ({ type: "text_delta", text })),
      ...citations.map((citation) => ({ type: "citations_delta", citation })),
    ],
  }
}

const toolBlock = (tool: Resolved["toolCalls"][number], index: number, call: Call): Block => {
  const start = { type: "tool_use", id: tool.id ?? identifier("toolu_", call, index), name: tool.name, input: {} }
  return {
    whole: { ...start, input: tool.params },
    start,
    deltas: ["", ...slices(argumentsOf(tool.params), 8)].map((partial_json) => ({
      type: "input_json_delta",
      partial_json,
    })),
  }
}

const blocks = (answer: Resolved, call: Call): ReadonlyArray<Block> => [
  ...(answer.reasoning.length > 0 ? [thinkingBlock(answer)] : []),
  ...(answer.text.length > 0 ? [textBlock(answer)] : []),
  ...answer.toolCalls.map((tool, index) => toolBlock(tool, index, call)),
]

const message = (call: Call, fields: Record<string, unknown>) => ({
  model: call.model,
  id: identifier("msg_", call),
  type: "message",
  role: "assistant",
  content: [],
  stop_reason: null,
  stop_sequence: null,
  ...fields,
})

const json = (answer: Resolved, call: Call) =>
  message(call, {
    content: blocks(answer, call).map(({ whole }) => whole),
    stop_reason: stopReason(answer),
    ...stopDetails(answer),
    ...(answer.usage === undefined
      ? {}
      : { usage: { ...fullUsage(answer.usage, answer.usage.output), ...outputDetails(answer.usage) } }),
  })

const blockFrames = (block: Block, index: number): ReadonlyArray<Frame> => [
  named({ type: "content_block_start", index, content_block: block.start }),
  ...block.deltas.map((delta) => named({ type: "content_block_delta", index, delta })),
  named({ type: "content_block_stop", index }),
]

const frames = (answer: Resolved, call: Call): ReadonlyArray<Frame> => {
  const { usage } = answer
  const start = message(call, usage === undefined ? {} : { usage: fullUsage(usage, Math.min(1, usage.output)) })
  const [first, ...rest] = blocks(answer, call).flatMap(blockFrames)
  const delta = { stop_reason: stopReason(answer), stop_sequence: null, ...stopDetails(answer) }
  const total =
    usage === undefined ? {} : { usage: { ...inputUsage(usage), output_tokens: usage.output, ...outputDetails(usage) } }
  return [
    named({ type: "message_start", message: start }),
    ...(first === undefined ? [] : [first]),
    named({ type: "ping" }),
    ...rest,
    named({ type: "message_delta", delta, ...total }),
    named({ type: "message_stop" }, true),
  ]
}

const responseHeaders = (call: Call): Record<string, string> => {
  const reset = DateTime.formatIso(DateTime.makeUnsafe((call.createdAt + 60) * 1000)).replace(/\.\d+/, "")
  const limit = (name: string, total: number, remaining: number) => ({
    [`anthropic-ratelimit-${name}-limit`]: String(total),
    [`anthropic-ratelimit-${name}-remaining`]: String(remaining),
    [`anthropic-ratelimit-${name}-reset`]: reset,
  })
  return {
    "request-id": call.requestId,
    "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
    ...limit("requests", 4000, Math.max(0, 4000 - call.number)),
    ...limit("tokens", 500_000, 499_000),
    ...limit("input-tokens", 400_000, 399_000),
    ...limit("output-tokens", 100_000, 100_000),
  }
}

const validate: Dialect["validate"] = (body, headers) =>
  headers["anthropic-version"] === undefined && body["anthropic_version"] === undefined
    ? "anthropic-version: header is required"
    : body["model"] === undefined && body["anthropic_version"] === undefined
      ? "model: Field required"
      : !isFilled(body["messages"])
        ? "messages: Field required"
        : !Predicate.isNumber(body["max_tokens"])
          ? "max_tokens: Field required"
          : undefined

// Vertex AI has the model in the path, and the version in the body.
const onVertex = /\/publishers\/anthropic\/models\/([^/:]+):(rawPredict|streamRawPredict)$/

/** POST /v1/messages */
export const anthropic: Dialect = {
  name: "anthropic",
  contentType: "text/event-stream; charset=utf-8",
  matches: (path) => path.endsWith("/v1/messages") || onVertex.test(path),
  model: (body, path) => (Predicate.isString(body["model"]) ? body["model"] : (onVertex.exec(path)?.[1] ?? "")),
  isStream: (body) => body["stream"] === true,
  isAuthenticated: (headers) => (headers["x-api-key"] ?? "") !== "" || hasBearer(headers),
  unauthenticated: { status: 401, kind: undefined, options: { message: "x-api-key header is required" } },
  validate,
  headers: responseHeaders,
  json,
  frames,
  statusOf: (kind) =>
    kind === "overloaded"
      ? 529
      : kind === "rate_limit"
        ? 429
        : kind === "insufficient_quota"
          ? 402
          : kind === "timeout"
            ? 504
            : 500,
  errorBody,
  errorFrames: (failure, call) => [named(errorBody(failure, call))],
  isTerminal: ({ type }) => type === "message_stop",
  eventName: (event) => (Predicate.isString(event["type"]) ? event["type"] : undefined),
  done: [],
}
