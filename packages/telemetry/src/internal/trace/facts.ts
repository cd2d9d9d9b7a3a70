/**
 * What log, metrics and spans say of an attempt, from one place so that they agree.
 */
import { type Attempt, Failure } from "@holdfast/core"
import { Duration, Option } from "effect"

type Outcome = Attempt.Outcome

/** The tag of an error: `RateLimitError`, `DeadlineExceeded`. */
export const tagOf = (error: unknown): string => cut(Failure.tagOf(error), 80)

/** The HTTP status of an error, where there was one. */
export const errorStatusOf = (error: unknown): number | undefined => Option.getOrUndefined(Failure.facts(error))?.status

/** The tag of the failure. `undefined` where nothing failed. */
export const errorTypeOf = (outcome: Outcome): string | undefined =>
  outcome._tag === "Failed" ? tagOf(outcome.error) : undefined

/** The HTTP status of a failure, where there was one. */
export const statusOf = (outcome: Outcome): number | undefined =>
  outcome._tag === "Failed" ? errorStatusOf(outcome.error) : undefined

export const millisOf = (duration: Duration.Duration | undefined): number | undefined =>
  duration === undefined ? undefined : Duration.toMillis(duration)

/** Token counts as the provider reported them. Classes of which it said nothing are left out. */
export interface Tokens {
  /** All of the prompt, cached tokens included. */
  readonly input?: number
  readonly output?: number
  /** Of the prompt. */
  readonly cacheRead?: number
  readonly cacheWrite?: number
  /** Of the answer. */
  readonly reasoning?: number
}

export const tokensOf = ({ usage }: Pick<Attempt.Attempt, "usage">): Tokens => {
  const tokens: { -readonly [Name in keyof Tokens]: Tokens[Name] } = {}
  if (usage === undefined) return tokens
  const { inputTokens, outputTokens } = usage
  if (isCount(inputTokens.total)) tokens.input = inputTokens.total
  if (isCount(outputTokens.total)) tokens.output = outputTokens.total
  if (isCount(inputTokens.cacheRead)) tokens.cacheRead = inputTokens.cacheRead
  if (isCount(inputTokens.cacheWrite)) tokens.cacheWrite = inputTokens.cacheWrite
  if (isCount(outputTokens.reasoning)) tokens.reasoning = outputTokens.reasoning
  return tokens
}

// A vendor's answer may say anything.
const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0

/** The first characters of a text that comes from outside, never half of a pair. */
export const cut = (text: string, length: number): string => {
  if (text.length <= length) return text
  const last = text.charCodeAt(length - 1)
  return text.slice(0, last >= 0xd8_00 && last <= 0xdb_ff ? length - 1 : length)
}
