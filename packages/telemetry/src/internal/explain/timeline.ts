/**
 * A call as rows over time: what lasted, and what was decided at a moment.
 */
import { Money } from "@holdfast/cost"

import { type Attempt, type Decision, type DecisionTrace } from "../decisions/schema.ts"

export interface Bar {
  readonly _tag: "Bar"
  readonly at: number
  readonly until: number
  /** When the first content came. */
  readonly mark: number | undefined
  readonly kind: "call" | "attempt" | "lost" | "failed" | "wait"
  readonly label: string
  readonly note: string
}

export interface Moment {
  readonly _tag: "Moment"
  readonly at: number
  readonly kind: Decision["kind"]
  readonly label: string
}

export type Row = Bar | Moment

/** What is read first is what happened first. */
export const timelineOf = (trace: DecisionTrace): ReadonlyArray<Row> => {
  const rows: Array<Row> = [callBar(trace)]
  const moments = trace.decisions.map(momentOf)
  const waits = trace.decisions.flatMap(waitOf)
  const own = [...trace.attempts.map(attemptBar), ...waits, ...moments]
  rows.push(...own.toSorted((one, other) => one.at - other.at || rank(one) - rank(other)))
  return rows
}

/** At the same moment money is reserved before the attempt, and a decision comes after what it was made for. */
const rank = (row: Row): number => {
  if (row._tag === "Bar") return row.kind === "wait" ? 3 : 1
  return row.kind === "reserved" ? 0 : 2
}

const callBar = (trace: DecisionTrace): Bar => ({
  _tag: "Bar",
  at: 0,
  until: trace.duration,
  mark: trace.firstPart,
  kind: "call",
  label: `${trace.operation} to ${trace.provider}/${trace.model}`,
  note: [
    trace.error === undefined ? words[trace.outcome] : `failed: ${trace.error}`,
    ...(trace.queueWait > 0 ? [`${time(trace.queueWait)} in queues`] : []),
    ...(trace.cacheHit ? ["from the cache"] : []),
    Money.format(trace.cost),
  ].join(", "),
})

const words = {
  Completed: "answered",
  Failed: "failed",
  Interrupted: "given up",
  Abandoned: "left by its caller",
} as const

const attemptBar = (attempt: Attempt): Bar => ({
  _tag: "Bar",
  at: attempt.at,
  until: attempt.at + attempt.duration,
  mark: attempt.firstPart === undefined ? undefined : attempt.at + attempt.firstPart,
  kind: attempt.outcome === "Failed" ? "failed" : attempt.outcome === "Completed" ? "attempt" : "lost",
  label: `attempt ${attempt.index}: ${attempt.provider}/${attempt.model}`,
  note: [
    endingOf(attempt),
    ...(attempt.fault?.retryAfter === undefined ? [] : [`come back in ${time(attempt.fault.retryAfter)}`]),
    ...(attempt.tokens.output === undefined
      ? []
      : [`${attempt.tokens.input ?? 0} tokens in, ${attempt.tokens.output} out`]),
    `${Money.format(attempt.cost)} (${attempt.basis})`,
  ].join(", "),
})

const endingOf = ({ fault, outcome }: Attempt): string => {
  if (fault === undefined) return words[outcome]
  return `${fault.tag}${fault.status === undefined ? "" : ` ${fault.status}`}, ${fault.kind}`
}

const waitOf = ({ at, kind, lasts, subject }: Decision): ReadonlyArray<Bar> =>
  kind === "retry" && lasts !== undefined
    ? [{ _tag: "Bar", at, until: at + lasts, mark: undefined, kind: "wait", label: "back-off", note: subject }]
    : []

const momentOf = (decision: Decision): Moment => ({
  _tag: "Moment",
  at: decision.at,
  kind: decision.kind,
  label: labels[decision.kind](decision),
})

const because = ({ error }: Decision): string => (error === undefined ? "" : ` because of ${error}`)

const labels: { readonly [Kind in Decision["kind"]]: (decision: Decision) => string } = {
  retry: (decision) => `retry of ${decision.subject} in ${time(decision.lasts ?? 0)}${because(decision)}`,
  hedge: ({ lasts = 0, subject, to }) => `hedge to ${to}: ${subject} was silent for ${time(lasts)}`,
  fallback: (decision) => `fallback from ${decision.subject} to ${decision.to}${because(decision)}`,
  refusal: (decision) => `${decision.subject} refused: ${decision.error}`,
  cacheHit: ({ subject }) => `the cache had the answer of ${subject}`,
  circuit: ({ subject, to }) => `circuit of ${subject} is ${to}`,
  limit: ({ lasts = 0, subject }) => `${subject} is tighter for ${time(lasts)}`,
  sharedState: ({ subject, to }) => `shared state of ${subject} is ${to}`,
  reserved: ({ amount = Money.zero }) => `${Money.format(amount)} reserved`,
  charged: ({ amount = Money.zero, subject, to }) => `${subject} cost ${Money.format(amount)} (${to})`,
}

export const time = (millis: number): string => {
  if (millis < 10) return `${Number(millis.toFixed(1))} ms`
  return millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(2)} s`
}
