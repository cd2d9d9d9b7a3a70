/**
 * From the events of a call to what is kept of them.
 */
import { type Event, Fingerprint } from "@holdfast/core"
import { Duration } from "effect"

import { type CallTrace, type TracedAttempt } from "../../CallTrace.ts"
import { cut, errorTypeOf, millisOf, statusOf, tagOf, tokensOf } from "../trace/facts.ts"
import { type Attempt, type Decision, type DecisionTrace } from "./schema.ts"

const longest = 256

/** `undefined` for attempts that belong to no call. */
export const decisionTraceOf = (trace: CallTrace): DecisionTrace | undefined => {
  const { context, ended, started } = trace
  if (ended === undefined || started === undefined) return undefined
  const error = errorTypeOf(ended.outcome)
  const firstPart = millisOf(ended.timeToFirstPart)
  return {
    version: 1,
    callId: trace.callId,
    startedAt: trace.startedAt,
    operation: started.operation,
    mode: started.mode,
    provider: cut(started.provider, longest),
    model: cut(started.model, longest),
    ...(context.tenant !== undefined && { tenant: cut(context.tenant, longest) }),
    tags: context.tags,
    priority: context.priority,
    requestSize: Fingerprint.sizeOf(started.request),
    outcome: ended.outcome._tag,
    ...(error !== undefined && { error }),
    duration: Duration.toMillis(ended.duration),
    ...(firstPart !== undefined && { firstPart }),
    queueWait: Duration.toMillis(ended.queueWait),
    cacheHit: ended.cacheHit,
    cost: trace.cost,
    attempts: trace.attempts.map(attemptOf).toSorted((one, other) => one.index - other.index),
    decisions: trace.steps.flatMap(({ at, event }) => decisionsOf(at, event)),
  }
}

const attemptOf = ({ at, attempt, charge }: TracedAttempt): Attempt => {
  const { outcome } = attempt
  const firstPart = millisOf(attempt.timeToFirstPart)
  return {
    at,
    index: attempt.index,
    provider: cut(attempt.provider, longest),
    model: cut(attempt.model, longest),
    duration: Duration.toMillis(attempt.duration),
    ...(firstPart !== undefined && { firstPart }),
    outcome: outcome._tag,
    committed: outcome._tag === "Failed" ? outcome.committed : outcome._tag !== "Interrupted",
    ...(outcome._tag === "Failed" && { fault: faultOf(outcome) }),
    parts: attempt.deliveredParts,
    characters: attempt.deliveredCharacters,
    tokens: tokensOf(attempt),
    cost: charge.cost,
    basis: charge.basis,
  }
}

const faultOf = (outcome: Extract<TracedAttempt["attempt"]["outcome"], { readonly _tag: "Failed" }>) => {
  const status = statusOf(outcome)
  const { billed, kind, retryAfter } = outcome.failure
  return {
    tag: errorTypeOf(outcome) ?? "Unknown",
    kind,
    billed,
    ...(status !== undefined && { status }),
    ...(retryAfter !== undefined && { retryAfter: Duration.toMillis(retryAfter) }),
  }
}

const source = ({ model, provider }: { readonly provider: string; readonly model: string }): string =>
  cut(`${provider}/${model}`, longest)

const decisionsOf = (at: number, event: Event.Event): ReadonlyArray<Decision> => {
  const decision = decided(event)
  return decision === undefined ? [] : [{ at, ...decision }]
}

const decided = (event: Event.Event): Omit<Decision, "at"> | undefined => {
  switch (event._tag) {
    case "RetryScheduled":
      return { kind: "retry", subject: source(event), error: tagOf(event.error), lasts: Duration.toMillis(event.delay) }
    case "HedgeStarted":
      return { kind: "hedge", subject: source(event.from), to: source(event.to), lasts: Duration.toMillis(event.after) }
    case "FallbackChosen":
      return { kind: "fallback", subject: source(event.from), to: source(event.to), error: tagOf(event.error) }
    case "Refused":
      return { kind: "refusal", subject: event.policy, error: tagOf(event.error) }
    case "CacheHit":
      return { kind: "cacheHit", subject: source(event) }
    case "CircuitChanged":
      return { kind: "circuit", subject: cut(event.key, longest), to: event.to }
    case "LimitTightened":
      return {
        kind: "limit",
        subject: cut(`${event.key} (${event.dimension})`, longest),
        lasts: Duration.toMillis(event.for),
      }
    case "SharedStateUnavailable":
      return { kind: "sharedState", subject: event.policy, to: "unavailable" }
    case "SharedStateRecovered":
      return { kind: "sharedState", subject: event.policy, to: "available" }
    case "AttemptReserved":
      return { kind: "reserved", subject: "budget", amount: event.worst }
    case "AttemptCharged":
      return { kind: "charged", subject: source(event), to: event.charge.basis, amount: event.charge.cost }
    default:
      return undefined
  }
}
