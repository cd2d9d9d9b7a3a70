/**
 * Anthropic's message batches.
 */
import { DateTime, Effect, Predicate } from "effect"

import { anthropic } from "../anthropic.ts"
import { isJson, type Json } from "../dialect.ts"
import { advance } from "./items.ts"
import { told, written } from "./results.ts"
import { json, type Message, refused, type Route, type RouteOf, type Said, unknownBatch } from "./route.ts"
import { type Batch, counted, create, find, habit, isOver, type Item, listed, pageSize } from "./state.ts"

const paths = /^(.*\/v1\/messages\/batches)(?:\/([^/]+))?(?:\/(cancel|results))?$/

const iso = (millis: number) => DateTime.formatIso(DateTime.makeUnsafe(millis))

const itemOf = (request: Json): Item => ({
  id: Predicate.isString(request["custom_id"]) ? request["custom_id"] : "",
  url: undefined,
  body: isJson(request["params"]) ? request["params"] : {},
  outcome: undefined,
})

const make =
  (root: string) =>
  (message: Message): Said => {
    const { body, now, state } = message
    const requests = Array.isArray(body["requests"]) ? body["requests"].filter(isJson) : []
    const items = requests.map(itemOf)
    if (items.length === 0) return refused(400, "requests: List should have at least 1 item after validation")
    const bad = items.findIndex(({ id }) => !/^[\w-]{1,64}$/.test(id))
    if (bad !== -1) return refused(400, `requests.${bad}.custom_id: String should match pattern`)
    if (new Set(items.map(({ id }) => id)).size < items.length) return refused(400, "requests: duplicate custom_id")
    const batch = create(state.batches, "msgbatch_", {
      root,
      items,
      endpoint: "/v1/messages",
      name: undefined,
      model: String(items[0]?.body["model"]),
      inputFile: undefined,
      createdAt: now,
      mayFail: false,
      problemOf: (item) => (item.body["stream"] === true ? "stream: not allowed in a batch" : undefined),
    })
    return json(batchObject(batch, message))
  }

const batchObject = (batch: Batch, { headers, state: { batches } }: Message) => {
  const isEnded = isOver(batch)
  const own = `http://${headers["host"] ?? "127.0.0.1"}${batch.root}/${batch.id}/results`
  return {
    id: batch.id,
    type: "message_batch",
    processing_status: isEnded ? "ended" : batch.state === "canceling" ? "canceling" : "in_progress",
    request_counts: {
      processing: isEnded ? 0 : batch.items.length,
      succeeded: counted(batch, "Answered"),
      errored: counted(batch, "Errored"),
      canceled: counted(batch, "Canceled"),
      expired: counted(batch, "Expired"),
    },
    created_at: iso(batch.createdAt),
    expires_at: iso(batch.createdAt + 86_400_000),
    ended_at: isEnded ? iso(batch.createdAt) : null,
    cancel_initiated_at: batch.state === "canceling" ? iso(batch.createdAt) : null,
    archived_at: null,
    results_url: isEnded ? (habit(batches, "ForeignUrl")?.url ?? own) : null,
  }
}

const resultOf = ({ outcome }: Item): unknown => {
  if (outcome?._tag === "Answered") return { type: "succeeded", message: outcome.body }
  if (outcome?._tag === "Errored") return { type: "errored", error: outcome.body }
  return { type: outcome?._tag === "Canceled" ? "canceled" : "expired" }
}

const results =
  (root: string, id: string) =>
  ({ state: { batches } }: Message): Said => {
    const batch = find(batches, root, id)
    if (batch === undefined) return unknownBatch
    if (!isOver(batch)) return refused(400, "The batch is still being processed.")
    const line = (item: Item) => ({ custom_id: item.id, result: resultOf(item) })
    return {
      _tag: "Lines",
      text: written(
        batches,
        told(batches, batch, () => true),
        { idField: "custom_id", line },
      ),
    }
  }

const list =
  (root: string) =>
  (message: Message): Said => {
    const { state, url } = message
    const all = listed(state.batches, root)
    const start = all.findIndex(({ id }) => id === url.searchParams.get("after_id")) + 1
    const limit = pageSize(url.searchParams.get("limit"))
    const page = all.slice(start, start + limit)
    return json({
      data: page.map((batch) => batchObject(batch, message)),
      first_id: page[0]?.id ?? null,
      last_id: page.at(-1)?.id ?? null,
      has_more: start + limit < all.length,
    })
  }

const get = (root: string, id: string) =>
  Effect.fnUntraced(function* (message: Message) {
    const batch = find(message.state.batches, root, id)
    if (batch === undefined) return unknownBatch
    yield* advance(message.state, batch)
    return json(batchObject(batch, message))
  })

const cancel =
  (root: string, id: string) =>
  (message: Message): Said => {
    const batch = find(message.state.batches, root, id)
    if (batch === undefined) return unknownBatch
    if (isOver(batch)) return refused(400, "The batch has ended.")
    batch.state = "canceling"
    return json(batchObject(batch, message))
  }

const sync = (call: Route["call"], run: (message: Message) => Said): Route => ({
  dialect: anthropic,
  call,
  run: (message) =>
    Effect.sync(() =>
      message.headers["anthropic-version"] === undefined
        ? refused(400, "anthropic-version: header is required")
        : run(message),
    ),
})

export const anthropicRoutes: RouteOf = (method, path) => {
  const [, root, id, action] = paths.exec(path) ?? []
  if (root === undefined) return undefined
  if (id === undefined) {
    return method === "POST" ? sync("create", make(root)) : method === "GET" ? sync("list", list(root)) : undefined
  }
  if (method === "POST") return action === "cancel" ? sync("cancel", cancel(root, id)) : undefined
  if (method !== "GET") return undefined
  return action === "results"
    ? sync("results", results(root, id))
    : { dialect: anthropic, call: "get", run: get(root, id) }
}
