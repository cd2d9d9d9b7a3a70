/**
 * OpenRouter's batches: no files, and results by pages.
 */
import { Effect, Predicate } from "effect"

import { isJson } from "../dialect.ts"
import { openaiChat } from "../openaiChat.ts"
import { advance } from "./items.ts"
import { itemOf, line } from "./openai.ts"
import { told } from "./results.ts"
import { json, type Message, refused, type Route, type RouteOf, type Said, unknownBatch } from "./route.ts"
import { type Batch, counted, create, find, isOver, listed, pageSize } from "./state.ts"

const paths = /^(.*\/api\/v1)\/batches(?:\/([^/]+))?(\/results)?$/

const endpoints = new Set(["/v1/chat/completions", "/v1/embeddings"])

const make =
  (root: string) =>
  ({ body, now, state: { batches }, text }: Message): Said => {
    const { endpoint, model, requests } = body
    // It reads as the body comes.
    if (text.indexOf('"requests"') < Math.max(text.indexOf('"endpoint"'), text.indexOf('"model"'))) {
      return refused(400, "endpoint and model must come before requests")
    }
    if (
      !Predicate.isString(endpoint) ||
      !endpoints.has(endpoint) ||
      !Predicate.isString(model) ||
      !Array.isArray(requests)
    ) {
      return refused(400, "endpoint, model and requests are required")
    }
    const batch = create(batches, "orb_", {
      root,
      endpoint,
      model,
      items: requests.filter(isJson).map((request) => itemOf(request, model)),
      name: undefined,
      inputFile: undefined,
      createdAt: now,
      problemOf: (item) => (item.body["model"] === model ? undefined : "model does not match the batch"),
    })
    return json(batchOf(batch), 202)
  }

const statusOf = ({ polls, state }: Batch): string =>
  state === "running" && polls === 0
    ? "validating"
    : state === "running" || state === "canceling"
      ? "in_progress"
      : state

const batchOf = (batch: Batch) => ({
  id: batch.id,
  object: "batch",
  endpoint: batch.endpoint,
  model: batch.model,
  status: statusOf(batch),
  completion_window: "24h",
  created_at: Math.floor(batch.createdAt / 1000),
  finalized_at: null,
  error: batch.errors[0] === undefined ? null : { message: batch.errors[0].message },
  request_counts: {
    total: batch.items.length,
    completed: counted(batch, "Answered"),
    failed: batch.items.filter(({ outcome }) => outcome !== undefined && outcome._tag !== "Answered").length,
  },
  results: null,
  usage: null,
})

const list =
  (root: string) =>
  ({ state: { batches }, url }: Message): Said => {
    const all = listed(batches, root)
    const start = all.findIndex(({ id }) => id === url.searchParams.get("after")) + 1
    const page = all.slice(start, start + pageSize(url.searchParams.get("limit")))
    const hasMore = start + page.length < all.length
    return json({
      object: "list",
      data: page.map(batchOf),
      first_id: page[0]?.id ?? null,
      last_id: page.at(-1)?.id ?? null,
      has_more: hasMore,
    })
  }

const get = (root: string, id: string) =>
  Effect.fnUntraced(function* ({ state }: Message) {
    const batch = find(state.batches, root, id)
    if (batch === undefined) return unknownBatch
    yield* advance(state, batch)
    return json(batchOf(batch))
  })

const results =
  (root: string, id: string) =>
  ({ state: { batches }, url }: Message): Said => {
    const batch = find(batches, root, id)
    if (batch === undefined) return unknownBatch
    if (!isOver(batch)) return refused(400, "The batch is not finished.")
    const all = told(batches, batch, () => true)
    const start = Number(url.searchParams.get("cursor") ?? 0)
    const end = start + pageSize(null, 3)
    const hasMore = end < all.length
    return json({
      object: "list",
      data: all.slice(start, end).map(line),
      has_more: hasMore,
      next_cursor: hasMore ? String(end) : null,
    })
  }

const sync = (call: Route["call"], run: (message: Message) => Said): Route => ({
  dialect: openaiChat,
  call,
  run: (message) => Effect.sync(() => run(message)),
})

export const openrouterRoutes: RouteOf = (method, path) => {
  const [, root, id, wantsResults] = paths.exec(path) ?? []
  if (root === undefined) return undefined
  if (id === undefined) {
    return method === "POST" ? sync("create", make(root)) : method === "GET" ? sync("list", list(root)) : undefined
  }
  if (method !== "GET") return undefined
  return wantsResults === undefined
    ? { dialect: openaiChat, call: "get", run: get(root, id) }
    : sync("results", results(root, id))
}
