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

/** Where the caches of a client are. */
export interface Place {
  readonly rest: Rest
  readonly apiVersion: string
  /** `projects/p/locations/l` at Vertex AI. */
  readonly project: string | undefined
}

const baseOf = ({ apiVersion, project }: Place): string =>
  `/${apiVersion}${project === undefined ? "" : `/${project}`}/cachedContents`

const cacheOf = ({ rest }: Place, answer: unknown): Effect.Effect<CachedContent, AiError.AiError> => {
  const name = text(answer, "name")
  const tokens = count(field(answer, "usageMetadata"), "totalTokenCount")
  if (name === undefined || tokens === undefined) {
    return Effect.fail(malformed(rest.origin("/cachedContents"), "a cache without a name or a number of tokens", false))
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

/** At Vertex AI names begin with the project. */
const pathOf = (place: Place, name: string): string =>
  `${baseOf(place)}/${encodeURIComponent(name.replace(/^.*\bcachedContents\//, ""))}`

const seconds = (timeToLive: Duration.Duration): string => `${Math.ceil(Duration.toSeconds(timeToLive))}s`

/** Makes a cache, once: a second one would be stored beside the first. */
export const create = (
  place: Place,
  body: object,
  timeToLive: Duration.Duration,
): Effect.Effect<CachedContent, AiError.AiError> =>
  Effect.flatMap(
    place.rest.json({ method: "POST", path: baseOf(place), body: { ...body, ttl: seconds(timeToLive) } }),
    (answer) => cacheOf(place, answer),
  )

export const extend = (
  place: Place,
  name: string,
  timeToLive: Duration.Duration,
): Effect.Effect<unknown, AiError.AiError> =>
  resend(standardRetry)(
    place.rest.json({ method: "PATCH", path: pathOf(place, name), body: { ttl: seconds(timeToLive) } }),
  )

export const remove = (place: Place, name: string): Effect.Effect<unknown, AiError.AiError> =>
  resend(standardRetry)(place.rest.json({ method: "DELETE", path: pathOf(place, name) }))

/** A page of caches, and where the next one begins. */
export const page = (place: Place, cursor: string | undefined) =>
  Effect.flatMap(
    resend(standardRetry)(
      place.rest.json({
        method: "GET",
        path: `${baseOf(place)}?pageSize=100${cursor === undefined ? "" : `&pageToken=${encodeURIComponent(cursor)}`}`,
      }),
    ),
    (answer) =>
      Effect.map(
        Effect.forEach(list(answer, "cachedContents"), (cache) => cacheOf(place, cache)),
        (caches) => ({ caches, next: text(answer, "nextPageToken") }),
      ),
  )
