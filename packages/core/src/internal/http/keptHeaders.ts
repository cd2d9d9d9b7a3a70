import { identity } from "effect"
import { AiError } from "effect/ai"

/**
 * The response headers worth keeping: request ids, rate limits and hints. Everything else (cookies, organisation names)
 * stays out of records and errors.
 */
export const keptHeaders = (
  headers: Readonly<Record<string, string>>,
  scrub: (text: string) => string = identity,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (kept.test(name) ? [[name, scrub(value)]] : [])),
  )

/** The vendor's id of the request, under whichever name it comes. */
export const requestId = (headers: Readonly<Record<string, string>>): string | undefined =>
  headers["x-request-id"] ?? headers["request-id"] ?? headers["x-goog-request-id"]

/** The headers of the response that an error was made of. */
export const headersOf = (error: unknown): Record<string, string> => {
  if (!AiError.isAiError(error) || !("http" in error.reason)) return {}
  const headers: Readonly<Record<string, unknown>> = error.reason.http?.response?.headers ?? {}
  // The errors of foreign models hold all that came, in any case.
  const texts = Object.entries(headers).flatMap(([name, value]): Array<[string, string]> =>
    typeof value === "string" ? [[name.toLowerCase(), value]] : [],
  )
  return keptHeaders(Object.fromEntries(texts))
}

const kept =
  /^(x-request-id|request-id|x-goog-request-id|retry-after|retry-after-ms|x-should-retry|openai-processing-ms|(?:(?:x|anthropic)-)?ratelimit-[a-z-]+)$/
