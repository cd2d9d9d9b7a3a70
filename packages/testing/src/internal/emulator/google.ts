import { Duration } from "effect"

import { type Usage } from "../../Reply.ts"
import {
  type Call,
  type Dialect,
  type Failure,
  hasBearer,
  identifier,
  isFilled,
  type Resolved,
  someFinished,
} from "./dialect.ts"
import { type Frame, unnamed } from "./frame.ts"
import { googleMedia } from "./googleMedia.ts"

const endpoint = /\/models\/([^/:]+):(generateContent|streamGenerateContent)$/

const statuses: Readonly<Record<number, readonly [status: string, message: string]>> = {
  400: ["INVALID_ARGUMENT", "Request contains an invalid argument."],
  401: ["UNAUTHENTICATED", "Request had invalid authentication credentials."],
  403: ["PERMISSION_DENIED", "The caller does not have permission."],
  404: ["NOT_FOUND", "The model is not found for this API version, or is not supported for generateContent."],
  408: ["DEADLINE_EXCEEDED", "Deadline expired before operation could complete."],
  409: ["ABORTED", "The operation was aborted."],
  413: ["INVALID_ARGUMENT", "Request payload size exceeds the limit."],
  429: ["RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details."],
  499: ["CANCELLED", "The operation was cancelled."],
  500: ["INTERNAL", "An internal error has occurred."],
  501: ["UNIMPLEMENTED", "The operation is not implemented."],
  503: ["UNAVAILABLE", "The model is overloaded. Please try again later."],
  504: ["DEADLINE_EXCEEDED", "Deadline expired before operation could complete."],
}

const quotaFailure = (daily: boolean) => ({
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: [
    {
      quotaMetric: "generativelanguage.googleapis.com/generate_content_requests",
      quotaId: daily ? "GenerateRequestsPerDayPerProjectPerModel" : "GenerateRequestsPerMinutePerProjectPerModel",
      quotaDimensions: { location: "global" },
      quotaValue: daily ? "1000" : "60",
    },
  ],
})

const retryInfo = (delay: Duration.Input) => ({
  "@type": "type.googleapis.com/google.rpc.RetryInfo",
  retryDelay: `${Duration.toSeconds(Duration.fromInputUnsafe(delay))}s`,
})

const errorBody = (failure: Failure) => {
  const { kind, options, status } = failure
  const [name, message] = statuses[status] ?? ["UNKNOWN", "The request failed."]
  const retryAfter = options.retryAfter ?? options.retryAfterMs
  const details = [
    ...(status === 429 ? [quotaFailure(kind === "insufficient_quota")] : []),
    ...(options.code === undefined
      ? []
      : [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: options.code, domain: "googleapis.com" }]),
    ...(retryAfter === undefined ? [] : [retryInfo(retryAfter)]),
  ]
  return {
    error: {
      code: status,
      message: options.message ?? message,
      status: options.type ?? name,
      ...(details.length > 0 ? { details } : {}),
    },
  }
}

const usageMetadata = (usage: Required<Usage>, visible: number) => ({
  promptTokenCount: usage.input,
  // Thoughts are counted beside the candidates, not inside them.
  ...(visible > 0 ? { candidatesTokenCount: visible } : {}),
  totalTokenCount: usage.input + visible + usage.reasoning,
  ...(usage.cacheRead > 0
    ? {
        cachedContentTokenCount: usage.cacheRead,
        cacheTokensDetails: [{ modality: "TEXT", tokenCount: usage.cacheRead }],
      }
    : {}),
  promptTokensDetails: [{ modality: "TEXT", tokenCount: usage.input }],
  ...(usage.reasoning > 0 ? { thoughtsTokenCount: usage.reasoning } : {}),
})

const finishReason = (answer: Resolved): string =>
  ({ stop: "STOP", length: "MAX_TOKENS", "content-filter": "SAFETY", "tool-calls": "STOP", pause: "CONTINUATION" })[
    answer.finish
  ]

type Part = Readonly<Record<string, unknown>>

const toolParts = (answer: Resolved): ReadonlyArray<Part> =>
  answer.toolCalls.map(({ id, name, params }, index) => ({
    functionCall: { ...(id === undefined ? {} : { id }), name, args: params },
    // Only the first call of a turn is signed.
    ...(index === 0 ? { thoughtSignature: answer.signature } : {}),
  }))

const fileParts = (answer: Resolved): ReadonlyArray<Part> =>
  answer.files.map(({ data, mediaType }) => ({ inlineData: { mimeType: mediaType, data } }))

/** Whether the end of the text is signed. Thoughts that are cut are not. */
const isSigned = ({ finish, reasoning, text, toolCalls }: Resolved): boolean =>
  reasoning.length > 0 && toolCalls.length === 0 && (finish !== "length" || text.length > 0)

const wholeParts = (answer: Resolved): ReadonlyArray<Part> => {
  const signed = isSigned(answer)
  return [
    ...(answer.reasoning.length > 0 ? [{ text: answer.reasoning.join(""), thought: true }] : []),
    ...(answer.text.length > 0
      ? [{ text: answer.text.join(""), ...(signed ? { thoughtSignature: answer.signature } : {}) }]
      : []),
    ...fileParts(answer),
    ...toolParts(answer),
  ]
}

const grounding = ({ citations, text }: Resolved) =>
  citations.length === 0
    ? {}
    : {
        groundingMetadata: {
          groundingChunks: citations.map(({ title, url }) => ({ web: { uri: url, title } })),
          groundingSupports: [
            {
              segment: { endIndex: text.join("").length, text: text.join("") },
              groundingChunkIndices: citations.map((_, index) => index),
            },
          ],
        },
      }

const response = (call: Call, fields: Record<string, unknown>, usage: unknown) => ({
  ...fields,
  ...(usage === undefined ? {} : { usageMetadata: usage }),
  modelVersion: call.model,
  responseId: identifier("", call),
})

const candidate = (parts: ReadonlyArray<Part>, fields: Record<string, unknown> = {}) => ({
  candidates: [{ content: { parts, role: "model" }, ...fields, index: 0 }],
})

const blocked = (answer: Resolved) => ({
  promptFeedback: { blockReason: "SAFETY", blockReasonMessage: answer.refusal.join("") },
})

const json = (answer: Resolved, call: Call) => {
  const { usage } = answer
  const metadata = usage === undefined ? undefined : usageMetadata(usage, usage.output - usage.reasoning)
  if (answer.refusal.length > 0) return response(call, blocked(answer), metadata)
  const fields = { finishReason: finishReason(answer), ...grounding(answer) }
  return response(call, candidate(wholeParts(answer), fields), metadata)
}

const frames = (answer: Resolved, call: Call): ReadonlyArray<Frame> => {
  if (answer.refusal.length > 0) return [unnamed(json(answer, call), true)]
  const parts: ReadonlyArray<Part> = [
    ...answer.reasoning.map((text) => ({ text, thought: true })),
    ...answer.text.map((text) => ({ text })),
    ...fileParts(answer),
    ...toolParts(answer),
  ]
  const { usage } = answer
  const visible = usage === undefined ? 0 : usage.output - usage.reasoning
  // Counts are cumulative: each chunk carries those up to itself.
  const metadata = (sent: number) =>
    usage === undefined
      ? undefined
      : usageMetadata(usage, parts.length === 0 ? visible : Math.floor((visible * sent) / parts.length))
  const signed = isSigned(answer)
  const last = [{ text: "", ...(signed ? { thoughtSignature: answer.signature } : {}) }]
  return [
    ...parts.map((part, index) => unnamed(response(call, candidate([part]), metadata(index + 1)))),
    unnamed(
      response(
        call,
        candidate(last, { finishReason: finishReason(answer), ...grounding(answer) }),
        metadata(parts.length),
      ),
      true,
    ),
  ]
}

/** POST /v1/models/{model}:generateContent and :streamGenerateContent */
export const google: Dialect = {
  name: "google",
  contentType: "text/event-stream",
  matches: (path) => endpoint.test(path),
  model: (_, path) => endpoint.exec(path)?.[1] ?? "",
  isStream: (_, path) => path.endsWith(":streamGenerateContent"),
  // Vertex AI takes tokens.
  isAuthenticated: (headers, query) =>
    (headers["x-goog-api-key"] ?? "") !== "" || (query.get("key") ?? "") !== "" || hasBearer(headers),
  unauthenticated: {
    status: 403,
    kind: undefined,
    options: {
      message:
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    },
  },
  validate: (body) =>
    isFilled(body["contents"]) ? undefined : "* GenerateContentRequest.contents: contents is not specified",
  headers: () => ({
    "server-timing": "gfet4t7; dur=12",
    "x-gemini-service-tier": "standard",
    vary: "Origin, X-Origin, Referer",
  }),
  json,
  frames,
  media: googleMedia,
  statusOf: (kind) =>
    kind === "rate_limit" || kind === "insufficient_quota"
      ? 429
      : kind === "overloaded"
        ? 503
        : kind === "timeout"
          ? 504
          : 500,
  errorBody,
  errorFrames: (failure) => [unnamed(errorBody(failure))],
  eventName: () => undefined,
  isTerminal: ({ candidates }) => someFinished(candidates, "finishReason"),
  done: [],
}
