/**
 * A call as spans of OTLP with the attributes that Langfuse reads.
 */
import { Duration } from "effect"
import { OtlpResource, type OtlpTracer } from "effect/observability"

import { type CallTrace, type TracedAttempt } from "../../CallTrace.ts"
import { type Attributes, ofAttempt, ofCall } from "../span/attributes.ts"
import { decisionsOf } from "../span/decisions.ts"
import { cut, errorTypeOf, statusOf } from "../trace/facts.ts"
import { costDetails, usageDetails } from "./details.ts"

export type OtlpSpan = OtlpTracer.ScopeSpan["spans"][number]

export interface Labels {
  readonly environment: string | undefined
  readonly release: string | undefined
}

const code = { unset: 0, ok: 1, error: 2 } as const
const kind = { internal: 1, client: 3 } as const

/** The call, without a parent since nobody sends that one to Langfuse, and its attempts as generations. */
export const spansOf = (trace: CallTrace, labels: Labels): ReadonlyArray<OtlpSpan> => {
  const first = trace.started ?? trace.attempts[0]?.attempt
  if (first === undefined) return []
  const [traceId, spanId] =
    first.traceId === "" ? [trace.callId, trace.callId.slice(16)] : [first.traceId.padStart(32, "0"), first.spanId]
  const shared = sharedOf(trace, labels)
  const generations = trace.attempts.map((traced) => generation(traced, { trace, traceId, parent: spanId, shared }))
  return trace.ended === undefined ? generations : [operation(trace, { traceId, spanId, shared }), ...generations]
}

/** What Langfuse wants on every span of a trace. */
const sharedOf = ({ context: { session, tags, tenant, user }, started }: CallTrace, labels: Labels): Attributes => {
  const attributes: Attributes = { "langfuse.trace.name": started?.operation ?? "attempt" }
  const listed = Object.entries(tags).map(([name, value]) => cut(`${name}:${value}`, 200))
  if (session !== undefined) attributes["langfuse.session.id"] = cut(session, 200)
  if (user !== undefined) attributes["langfuse.user.id"] = cut(user, 200)
  if (listed.length > 0) attributes["langfuse.trace.tags"] = listed
  if (tenant !== undefined) attributes["langfuse.trace.metadata.tenant"] = cut(tenant, 200)
  if (labels.environment !== undefined) attributes["langfuse.environment"] = labels.environment
  if (labels.release !== undefined) attributes["langfuse.release"] = labels.release
  return attributes
}

interface Place {
  readonly traceId: string
  readonly shared: Attributes
}

const operation = (trace: CallTrace, { shared, spanId, traceId }: Place & { readonly spanId: string }): OtlpSpan => {
  const { ended, started } = trace
  const error = ended === undefined ? undefined : errorTypeOf(ended.outcome)
  const attributes: Attributes = {
    ...shared,
    ...ofCall(trace),
    "langfuse.observation.type": "span",
    ...(error !== undefined && { "langfuse.observation.level": "ERROR", "langfuse.observation.status_message": error }),
  }
  return span({
    traceId,
    spanId,
    parentSpanId: undefined,
    name: `${started?.operation ?? "call"} ${cut(started?.model ?? "", 200)}`,
    kind: kind.internal,
    from: trace.startedAt,
    lasts: Duration.toMillis(ended?.duration ?? Duration.zero),
    attributes,
    error,
    events: decisionsOf(trace).map(({ at, attributes: own, name }) => ({
      name,
      timeUnixNano: nanos(trace.startedAt + at),
      attributes: OtlpResource.entriesToAttributes(Object.entries(own)),
      droppedAttributesCount: 0,
    })),
  })
}

interface Generation extends Place {
  readonly trace: CallTrace
  readonly parent: string
}

const generation = (traced: TracedAttempt, { parent, shared, trace, traceId }: Generation): OtlpSpan => {
  const { attempt } = traced
  const from = trace.startedAt + traced.at
  const [usage, cost] = [usageDetails(traced), costDetails(traced)]
  const error = errorTypeOf(attempt.outcome)
  const status = statusOf(attempt.outcome)
  const attributes: Attributes = {
    ...shared,
    ...withoutUsage(ofAttempt(traced, "2026-10")),
    "langfuse.observation.type": attempt.operation === "embeddings" ? "embedding" : "generation",
    "langfuse.observation.model.name": cut(attempt.responseModel ?? attempt.model, 200),
    ...(usage !== undefined && { "langfuse.observation.usage_details": usage }),
    ...(cost !== undefined && { "langfuse.observation.cost_details": cost }),
    ...(attempt.timeToFirstPart !== undefined && {
      "langfuse.observation.completion_start_time": new Date(
        from + Duration.toMillis(attempt.timeToFirstPart),
      ).toISOString(),
    }),
    ...(error !== undefined && {
      "langfuse.observation.level": "ERROR",
      "langfuse.observation.status_message": status === undefined ? error : `${error} (${status})`,
    }),
  }
  return span({
    traceId,
    spanId: attempt.id.slice(0, 16),
    parentSpanId: trace.ended === undefined && attempt.spanId === "" ? undefined : parent,
    name: `${attempt.operation} ${cut(attempt.model, 200)}`,
    kind: kind.client,
    from,
    lasts: Duration.toMillis(attempt.duration),
    attributes,
    error,
    events: [],
  })
}

/** Langfuse takes every `gen_ai.usage.` for a class of its own. */
const withoutUsage = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !name.startsWith("gen_ai.usage.")))

interface Description {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: number
  readonly from: number
  readonly lasts: number
  readonly attributes: Attributes
  readonly error: string | undefined
  readonly events: OtlpSpan["events"]
}

const span = ({ attributes, error, from, lasts, ...rest }: Description): OtlpSpan => ({
  ...rest,
  startTimeUnixNano: nanos(from),
  endTimeUnixNano: nanos(from + lasts),
  attributes: OtlpResource.entriesToAttributes(Object.entries(attributes)),
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  status: error === undefined ? { code: code.ok } : { code: code.error, message: error },
  links: [],
  droppedLinksCount: 0,
})

const nanos = (millis: number): string => String(BigInt(Math.round(millis * 1_000_000)))
