/**
 * Calls as their events, for what needs very many of them.
 */
import { type Attempt, type Event, ModelRequest } from "@holdfast/core"
import { Duration } from "effect"

const requests = { generate: ModelRequest.make("generate", "hi"), stream: ModelRequest.make("stream", "hi") }

export interface Told {
  readonly index: number
  readonly provider?: string
  readonly model?: string
  readonly tenant?: string
  readonly operation?: string
  /** Seconds. */
  readonly duration?: number
  readonly error?: unknown
  readonly mode?: "generate" | "stream"
  /** Seconds. */
  readonly queueWait?: number
  readonly tokens?: { readonly cacheRead: number; readonly cacheWrite: number; readonly reasoning: number }
}

/** Tells a sink of one call with one attempt. */
export const tell = (sink: Event.Sink, told: Told): void => {
  const { mode = "generate", queueWait = 0, tokens } = told
  const { duration = 1, error, index, model = "gpt-5.4", operation = "chat", provider = "openai", tenant } = told
  const callId = `call-${index}`
  const shared = {
    callId,
    operation,
    traceId: "",
    spanId: "",
    provider,
    model,
    context: { tags: {}, priority: "interactive" as const, tenant },
    startedAt: 0,
    request: requests[mode],
  }
  const outcome: Attempt.Outcome =
    error === undefined
      ? { _tag: "Completed", finish: "stop" }
      : {
          _tag: "Failed",
          error,
          failure: { kind: "fatal", retryAfter: undefined, billed: false },
          committed: false,
        }
  const start = { ...shared, id: `attempt-${index}`, index: 1, maxOutputTokens: undefined }
  sink({ ...shared, _tag: "CallStarted", mode })
  sink({ ...start, _tag: "AttemptStarted" })
  sink({
    ...start,
    _tag: "AttemptEnded",
    outcome,
    usage: {
      inputTokens: { total: 10, cacheRead: tokens?.cacheRead, cacheWrite: tokens?.cacheWrite },
      outputTokens: { total: 5, reasoning: tokens?.reasoning },
    },
    finishMetadata: undefined,
    responseModel: undefined,
    responseId: undefined,
    deliveredParts: 1,
    deliveredCharacters: 4,
    timeToFirstChunk: Duration.seconds(duration),
    timeToFirstPart: Duration.seconds(duration),
    duration: Duration.seconds(duration),
    requestId: undefined,
    headers: {},
    retryAfter: undefined,
  })
  sink({
    ...shared,
    _tag: "CallEnded",
    mode,
    outcome,
    asked: [{ provider, model }],
    attempts: 1,
    cacheHit: false,
    deliveredParts: 1,
    timeToFirstPart: Duration.seconds(duration),
    duration: Duration.seconds(duration),
    queueWait: Duration.seconds(queueWait),
  })
}
