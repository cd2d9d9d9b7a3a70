/**
 * Google's context caches.
 */
import { Effect, Predicate } from "effect"

import { json, type Message, refused, type Said } from "../batch/route.ts"
import { estimateTokens, isJson, type Json } from "../dialect.ts"
import { google } from "../google.ts"
import { type FileRoute } from "./route.ts"
import { fileId, type StoredCache } from "./state.ts"

// At Vertex AI below a project.
const paths = /^.*\/v1(?:beta|beta1|alpha)?(?:\/projects\/[^/]+\/locations\/[^/]+)?\/cachedContents(?:\/([^/]+))?$/

const iso = (millis: number) => new Date(millis).toISOString()

const cacheObject = (cache: StoredCache) => ({
  name: cache.name,
  model: cache.model,
  ...(cache.displayName !== undefined && { displayName: cache.displayName }),
  createTime: iso(cache.createdAt),
  updateTime: iso(cache.createdAt),
  expireTime: iso(cache.expiresAt),
  usageMetadata: { totalTokenCount: cache.tokens },
})

const hour = 3_600_000

/** Milliseconds of `"3600s"`. */
const lifeOf = ({ ttl }: Json): number =>
  Predicate.isString(ttl) && /^[\d.]+s$/.test(ttl) ? Number(ttl.slice(0, -1)) * 1000 : hour

const fewest = 1_024

const create = ({ body, now, state }: Message): Said => {
  const { model } = body
  if (!Predicate.isString(model)) return refused(400, "model is not specified")
  const { contents, systemInstruction, tools } = body
  const tokens = estimateTokens(JSON.stringify([contents, systemInstruction, tools]).length)
  if (tokens < fewest) {
    const message = `Cached content is too small. total_token_count=${tokens}, min_total_token_count=${fewest}`
    return refused(400, message)
  }
  const cache: StoredCache = {
    name: fileId(state.files, "cachedContents/"),
    model,
    displayName: Predicate.isString(body["displayName"]) ? body["displayName"] : undefined,
    tokens,
    createdAt: now,
    expiresAt: now + lifeOf(body),
    extended: 0,
    deletedAt: undefined,
  }
  state.files.caches.set(cache.name, cache)
  return json(cacheObject(cache))
}

const gone = refused(403, "CachedContent not found (or permission denied)")

const extend = (cache: StoredCache, { body, now }: Message): Said => {
  cache.expiresAt = now + lifeOf(isJson(body) ? body : {})
  cache.extended++
  return json(cacheObject(cache))
}

const remove = (cache: StoredCache, { now }: Message): Said => {
  cache.deletedAt = now
  return json({})
}

/** The route of a request. */
export const cacheRoute = (method: string, path: string): FileRoute | undefined => {
  const match = paths.exec(path)
  if (match === null) return undefined
  const common = { dialect: google, call: "get" } as const
  const [, id] = match
  if (method === "POST" && id === undefined) {
    return { ...common, fileCall: "createCache", run: (message) => Effect.sync(() => create(message)) }
  }
  if (method === "GET" && id === undefined) {
    const list = ({ now, state }: Message): Said => {
      const all = [...state.files.caches.values()].filter((cache) => isThere(cache, now))
      return json({ cachedContents: all.map(cacheObject) })
    }
    return { ...common, fileCall: "list", run: (message) => Effect.sync(() => list(message)) }
  }
  if (id === undefined) return undefined
  const own = (run: (cache: StoredCache, message: Message) => Said) => (message: Message) =>
    Effect.sync(() => {
      const cache = message.state.files.caches.get(`cachedContents/${id}`)
      return cache === undefined || !isThere(cache, message.now) ? gone : run(cache, message)
    })
  if (method === "GET") return { ...common, fileCall: "get", run: own(cacheObjectOf) }
  if (method === "PATCH") return { ...common, fileCall: "extendCache", run: own(extend) }
  return method === "DELETE" ? { ...common, fileCall: "deleteCache", run: own(remove) } : undefined
}

const cacheObjectOf = (cache: StoredCache): Said => json(cacheObject(cache))

const isThere = ({ deletedAt, expiresAt }: StoredCache, now: number): boolean =>
  deletedAt === undefined && expiresAt > now
