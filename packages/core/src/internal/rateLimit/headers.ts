/**
 * What a provider says in its response headers of what is left.
 *
 * OpenAI, and those who do as it does, write `x-ratelimit-remaining-tokens: 149984` and `x-ratelimit-reset-tokens: 6m0s`;
 * Anthropic `anthropic-ratelimit-tokens-remaining` and `anthropic-ratelimit-tokens-reset` with a time as in RFC 3339. In both cases
 * the reset is when all of it is there again, and it comes back evenly until then.
 */
import { httpDate } from "../http/retryHint.ts"

type Headers = Readonly<Record<string, string>>

/** The names of the headers of a dimension. */
export interface HeaderNames {
  readonly remaining: readonly [string, string]
  readonly reset: readonly [string, string]
}

export const headerNames = (dimension: string): HeaderNames => ({
  remaining: [`x-ratelimit-remaining-${dimension}`, `anthropic-ratelimit-${dimension}-remaining`],
  reset: [`x-ratelimit-reset-${dimension}`, `anthropic-ratelimit-${dimension}-reset`],
})

/** What is left of a dimension. */
export const remainingIn = (headers: Headers, { remaining }: HeaderNames): number | undefined => {
  const value = headers[remaining[0]] ?? headers[remaining[1]]
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

/** Milliseconds until all of a dimension is there again. `now` is Unix time, for answers without a date. */
export const resetIn = (headers: Headers, { reset }: HeaderNames, now: () => number): number | undefined => {
  const value = headers[reset[0]] ?? headers[reset[1]]
  if (value === undefined || value.length > 40) return undefined
  if (/^\d{1,9}(\.\d{1,9})?$/.test(value)) return Number(value) * 1_000
  const spans = duration.exec(value)
  if (spans !== null)
    return spans.slice(1).reduce((sum, span, index) => sum + Number(span ?? 0) * (units[index] ?? 0), 0)
  return timestamp.test(value) ? until(value, httpDate(headers["date"]) ?? now()) : undefined
}

const duration =
  /^(?=\d)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?$/

const units = [86_400_000, 3_600_000, 60_000, 1_000, 1]

const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

const until = (value: string, now: number): number | undefined => {
  const millis = Date.parse(value)
  return Number.isNaN(millis) ? undefined : Math.max(0, millis - now)
}
