import { Duration } from "effect"

import { type ErrorRule, find, type ProviderFault } from "../../provider/ErrorRule.ts"
import { waitIn } from "../../provider/WaitInWords.ts"
import { httpDate, limitReset, retryHint } from "../http/retryHint.ts"
import { unknown } from "./rules/status.ts"

/** What a rule says of a fault. */
export interface Verdict {
  readonly rule: ErrorRule
  /** Milliseconds. */
  readonly retryAfter: number | undefined
}

/** Reads a fault: by what stands behind it if that is known, by its own words, by its status. */
export const read = (
  rules: ReadonlyArray<ErrorRule>,
  fault: ProviderFault,
  text: string,
  now: (() => number) | undefined,
): Verdict => {
  const rule = ruleOf(rules, fault.quotaExhausted === true ? { ...fault, code: "insufficient_quota" } : fault, text)
  return { rule, retryAfter: hintOf(rule, fault, text, now) }
}

const ruleOf = (rules: ReadonlyArray<ErrorRule>, fault: ProviderFault, text: string): ErrorRule => {
  let byStatus: ErrorRule | undefined
  // The innermost error says most. A gateway answers 502 where the server behind it said 400.
  for (const { from, words } of layers(fault, text)) {
    const rule = find(rules, from, words)
    if (rule !== undefined && rule.statusOnly !== true) return rule
    if (from.status !== undefined) byStatus ??= rule
  }
  return byStatus ?? find(rules, fault, text) ?? unknown
}

const layers = (fault: ProviderFault, text: string) => {
  const found = [{ from: fault, words: text }]
  for (let { upstream } = fault; upstream !== undefined && found.length < 5; { upstream } = upstream) {
    found.unshift({ from: upstream, words: upstream.message.slice(0, 20_000) })
  }
  // An error that was passed on without its status has that of the answer, if no rule needs another.
  const { status } = fault
  return found.map(({ from, words }) => ({ from: { ...from, status: from.status ?? status }, words }))
}

const hintOf = (
  { reason, zone }: ErrorRule,
  fault: ProviderFault,
  text: string,
  now: (() => number) | undefined,
): number | undefined => {
  const headers = fault.headers ?? {}
  const clock = () => httpDate(headers["date"]) ?? now?.()
  const told = fault.retryAfter ?? waitIn(text, { now: clock, zone }) ?? upstreamWait(fault, clock, zone)
  const inBody = told && Duration.toMillis(told)
  const inHeader = retryHint(headers, now)
  if (reason === "quota") {
    // Waiting for some seconds does not bring back a quota of a day, although vendors say so of the limit per minute beside it.
    const hints = [inBody, inHeader, limitReset(headers, now)].filter((hint) => hint !== undefined && hint > 60_000)
    return hints.length === 0 ? undefined : Math.max(...(hints as ReadonlyArray<number>))
  }
  if (!waits.has(reason)) return inHeader
  return inHeader ?? inBody ?? (fault.status === 429 || reason === "rateLimit" ? limitReset(headers, now) : undefined)
}

const waits: ReadonlySet<ErrorRule["reason"]> = new Set([
  "rateLimit",
  "overloaded",
  "serverError",
  "timeout",
  "conflict",
] as const)

const upstreamWait = (
  { upstream }: ProviderFault,
  now: () => number | undefined,
  zone: string | undefined,
): Duration.Duration | undefined => upstream && (upstream.retryAfter ?? waitIn(upstream.message, { now, zone }))
