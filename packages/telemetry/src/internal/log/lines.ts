/**
 * The lines of one call, from its trace.
 */
import { type Attempt, type Event } from "@holdfast/core"
import { Duration } from "effect"

import { type CallTrace, type TracedAttempt } from "../../CallTrace.ts"
import { cut, errorTypeOf, millisOf, statusOf, type Tokens, tokensOf } from "../trace/facts.ts"
import { type Draft } from "./line.ts"

/** So that a client cannot make lines of any length. */
const longest = 256

/** The call's line after those of its attempts. */
export const linesOf = (trace: CallTrace, sampled: number): ReadonlyArray<Draft> => {
  const lines = trace.attempts.map((traced) => attemptLine(traced, sampled))
  if (trace.ended !== undefined) lines.push(callLine(trace, trace.ended, sampled))
  return lines
}

const attemptLine = ({ attempt, charge }: TracedAttempt, sampled: number): Draft => {
  const line: Draft = {
    line: "attempt",
    at: attempt.startedAt,
    ...identity(attempt),
    mode: attempt.request.mode,
    outcome: attempt.outcome._tag,
    duration: Duration.toMillis(attempt.duration),
    tokens: tokensOf(attempt),
    cost: charge.cost,
    basis: charge.basis,
    sampled,
  }
  line.attemptId = attempt.id
  line.index = attempt.index
  if (attempt.requestId !== undefined) line.requestId = cut(attempt.requestId, longest)
  if (attempt.responseModel !== undefined) line.responseModel = cut(attempt.responseModel, longest)
  const retryAfter = millisOf(attempt.retryAfter)
  if (retryAfter !== undefined) line.retryAfter = retryAfter
  ending(line, attempt)
  return line
}

const callLine = (trace: CallTrace, ended: Event.CallEnded, sampled: number): Draft => {
  const line: Draft = {
    line: "call",
    at: ended.startedAt,
    ...identity(ended),
    mode: ended.mode,
    outcome: ended.outcome._tag,
    duration: Duration.toMillis(ended.duration),
    tokens: totalOf(trace.attempts),
    cost: trace.cost,
    basis: basisOf(trace.attempts),
    sampled,
  }
  line.asked = ended.asked.map(({ model, provider }) => cut(`${provider}/${model}`, longest))
  line.attempts = ended.attempts
  line.cacheHit = ended.cacheHit
  const refusedBy = trace.steps.flatMap(({ event }) => (event._tag === "Refused" ? [event.policy] : []))
  if (refusedBy.length > 0) line.refusedBy = refusedBy
  line.queueWait = Duration.toMillis(ended.queueWait)
  ending(line, ended)
  return line
}

const identity = ({
  callId,
  context: { priority, session, tags, tenant, user },
  model,
  operation,
  provider,
  spanId,
  traceId,
}: Omit<Event.CallStarted, "_tag"> | Attempt.Attempt) => ({
  callId,
  ...(traceId !== "" && { traceId, spanId }),
  ...(tenant !== undefined && { tenant: cut(tenant, longest) }),
  ...(user !== undefined && { user: cut(user, longest) }),
  ...(session !== undefined && { session: cut(session, longest) }),
  tags,
  priority,
  operation,
  provider: cut(provider, longest),
  model: cut(model, longest),
})

const ending = (line: Draft, { outcome, timeToFirstPart }: Attempt.Attempt | Event.CallEnded): void => {
  const first = millisOf(timeToFirstPart)
  if (first !== undefined) line.timeToFirstPart = first
  if (outcome._tag === "Completed") line.finish = outcome.finish
  if (outcome._tag !== "Failed") return
  const status = statusOf(outcome)
  line.errorType = errorTypeOf(outcome) ?? "Unknown"
  line.failure = outcome.failure.kind
  if (status !== undefined) line.status = status
}

const totalOf = (attempts: ReadonlyArray<TracedAttempt>): Tokens => {
  const total: { -readonly [Name in keyof Tokens]: Tokens[Name] } = {}
  for (const { attempt } of attempts) {
    const tokens = tokensOf(attempt)
    for (const name of Object.keys(tokens) as Array<keyof Tokens>)
      total[name] = (total[name] ?? 0) + (tokens[name] ?? 0)
  }
  return total
}

/** The least certain first. */
const certainty = ["unpriced", "estimated", "reported", "unbilled"] as const

const basisOf = (attempts: ReadonlyArray<TracedAttempt>): Draft["basis"] =>
  certainty.find((basis) => attempts.some(({ charge }) => charge.basis === basis)) ?? "none"
