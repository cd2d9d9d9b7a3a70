import { count, field, list, text } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { resend, standardRetry } from "@holdfast/core/provider/ProviderFiles"
import { type Rest } from "@holdfast/core/provider/Rest"
import { Duration, Effect } from "effect"
import { type AiError } from "effect/ai"

import { timeIn } from "../files/file.ts"

/** A cache as Google describes it. */
export interface CachedContent {
  /** `cachedContents/...` */
  readonly name: string
  readonly model: string
  readonly displayName: string | undefined
  readonly tokens: number
  /** Unix milliseconds. */
  readonly createdAt: number | undefined
  readonly expiresAt: number | undefined
}

const base = "/cachedContents"

const cacheOf = (rest: Rest, answer: unknown): Effect.Effect<CachedContent, AiError.AiError> => {
  const name = text(answer, "name")
  const tokens = count(field(answer, "usageMetadata"), "totalTokenCount")
  if (name === undefined || tokens === undefined) {
    return Effect.fail(malformed(rest.origin(base), "a cache without a name or a number of tokens", false))
  }
  return Effect.succeed({
    name,
    model: text(answer, "model") ?? "",
    displayName: text(answer, "displayName"),
    tokens,
    createdAt: timeIn(answer, "createTime"),
    expiresAt: timeIn(answer, "expireTime"),
  })
}

/** At Vertex AI names begin with the project, and so do the paths. */
const pathOf = (name: string): string => `${base}/${encodeURIComponent(name.replace(/^.*\bcachedContents\//, ""))}`

const seconds = (timeToLive: Duration.Duration): string => `${Math.ceil(Duration.toSeconds(timeToLive))}s`

/** Makes a cache, once: a second one would be stored beside the first. */
export const create = (
  rest: Rest,
  body: object,
  timeToLive: Duration.Duration,
): Effect.Effect<CachedContent, AiError.AiError> =>
  Effect.flatMap(
    rest.json({ method: "POST", path: base, body: { ...body, ttl: seconds(timeToLive) } }),
    (answer) => cacheOf(rest, answer),
  )

export const extend = (
  rest: Rest,
  name: string,
  timeToLive: Duration.Duration,
): Effect.Effect<unknown, AiError.AiError> =>
  resend(standardRetry)(
    rest.json({ method: "PATCH", path: pathOf(name), body: { ttl: seconds(timeToLive) } }),
  )

export const remove = (rest: Rest, name: string): Effect.Effect<unknown, AiError.AiError> =>
  resend(standardRetry)(rest.json({ method: "DELETE", path: pathOf(name) }))

/** A page of caches, and where the next one begins. */
export const page = (rest: Rest, cursor: string | undefined) =>
  Effect.flatMap(
    resend(standardRetry)(
      rest.json({
        method: "GET",
        path: `${base}?pageSize=100${cursor === undefined ? "" : `&pageToken=${encodeURIComponent(cursor)}`}`,
      }),
    ),
    (answer) =>
      Effect.map(
        Effect.forEach(list(answer, "cachedContents"), (cache) => cacheOf(rest, cache)),
        (caches) => ({ caches, next: text(answer, "nextPageToken") }),
      ),
  )
