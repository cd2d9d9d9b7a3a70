/**
 * Gemini's batches, and as much of its files as they need.
 */
import { DateTime, Effect, Predicate } from "effect"

import { isJson, type Json } from "../dialect.ts"
import { google } from "../google.ts"
import { advance, linesOf } from "./items.ts"
import { told, written } from "./results.ts"
import { json, type Message, refused, type Route, type RouteOf, type Said, unknownBatch } from "./route.ts"
import {
  type Batch,
  type Batches,
  counted,
  create,
  find,
  habit,
  isOver,
  type Item,
  listed,
  pageSize,
  store,
} from "./state.ts"

const iso = (millis: number) => DateTime.formatIso(DateTime.makeUnsafe(millis))

const hostOf = ({ headers }: Message): string => `http://${headers["host"] ?? "127.0.0.1"}`

/** Starts an upload, or takes all of it. */
const upload =
  (root: string) =>
  (message: Message): Said => {
    const { headers, now, state, text } = message
    const { batches } = state
    const command = headers["x-goog-upload-command"] ?? ""
    if (command === "start") {
      const url = habit(batches, "ForeignUrl")?.url ?? `${hostOf(message)}${message.url.pathname}?upload_id=1`
      return { _tag: "Json", value: {}, headers: { "x-goog-upload-status": "active", "x-goog-upload-url": url } }
    }
    if (command !== "upload, finalize" || !message.url.searchParams.has("upload_id")) {
      return refused(400, "No such upload.")
    }
    const { id } = store(batches, { root, createdAt: now, text }, "")
    const file = { name: `files/${id}`, mimeType: "application/jsonl", state: "ACTIVE", sizeBytes: String(text.length) }
    return { _tag: "Json", value: { file }, headers: { "x-goog-upload-status": "final" } }
  }

const keyOf = (metadata: unknown): string =>
  isJson(metadata) && Predicate.isString(metadata["key"]) ? metadata["key"] : ""

const asked = (request: unknown, isEmbedding: boolean): Json => {
  const body = isJson(request) ? request : {}
  return isEmbedding ? { requests: [body] } : body
}

const itemsOf = (config: Json, batches: Batches, isEmbedding: boolean): ReadonlyArray<Item> | undefined => {
  const item = (id: string, request: unknown): Item => ({
    id,
    url: undefined,
    body: asked(request, isEmbedding),
    outcome: undefined,
  })
  const file = Predicate.isString(config["fileName"])
    ? batches.files.get(config["fileName"].replace("files/", ""))
    : undefined
  if (file !== undefined) return linesOf(file.text).map((line) => item(keyOf(line), line?.["request"]))
  const inline = isJson(config["requests"]) ? config["requests"]["requests"] : undefined
  return Array.isArray(inline)
    ? inline.filter(isJson).map((one, index) => item(keyOf(one["metadata"]) || `${index}`, one["request"]))
    : undefined
}

const make =
  (root: string, model: string, isEmbedding: boolean) =>
  (message: Message): Said => {
    const { batches } = message.state
    const given = message.body["batch"]
    const config = isJson(given) ? given["inputConfig"] : undefined
    const items = isJson(config) ? itemsOf(config, batches, isEmbedding) : undefined
    if (!isJson(given) || !isJson(config) || items === undefined) return refused(400, "* batch.input_config: required")
    const batch = create(batches, "b", {
      root,
      items,
      model,
      endpoint: `/v1beta/models/${model}:${isEmbedding ? "batchEmbedContents" : "generateContent"}`,
      name: Predicate.isString(given["displayName"]) ? given["displayName"] : undefined,
      inputFile: Predicate.isString(config["fileName"]) ? config["fileName"] : undefined,
      createdAt: message.now,
    })
    return json(operation(batches, batch))
  }

const stateOf = ({ polls, state }: Batch): string =>
  `BATCH_STATE_${
    {
      running: polls === 0 ? "PENDING" : "RUNNING",
      canceling: "RUNNING",
      canceled: "CANCELLED",
      completed: "SUCCEEDED",
      expired: "EXPIRED",
      failed: "FAILED",
    }[state]
  }`

const line = ({ id, outcome }: Item): Record<string, unknown> => {
  const error = isJson(outcome?.body) ? outcome.body["error"] : undefined
  if (outcome?._tag !== "Answered") return { key: id, error: error ?? { code: 13, message: "Internal error." } }
  return { key: id, response: isJson(outcome.body) ? ofOneText(outcome.body) : outcome.body }
}

/** A line has one text, and so one vector. */
const ofOneText = (body: Json): Json => {
  const { embeddings, usageMetadata } = body
  if (!Array.isArray(embeddings)) return body
  return { embedding: embeddings[0] as unknown, ...(usageMetadata !== undefined && { usageMetadata }) }
}

/** What is over in time has results: all of them. */
const toldOf = (batches: Batches, batch: Batch): ReadonlyArray<Item> =>
  batch.state === "completed"
    ? told(batches, batch, ({ outcome }) => outcome?._tag === "Answered" || outcome?._tag === "Errored")
    : []

const outputOf = (batches: Batches, batch: Batch): Json => {
  if (batch.state !== "completed") return {}
  const inline = toldOf(batches, batch).map((item) => {
    const { error, response } = line(item)
    return { metadata: { key: item.id }, response, error }
  })
  return batch.inputFile === undefined
    ? { inlinedResponses: { inlinedResponses: inline } }
    : { responsesFile: `files/batch-${batch.id}` }
}

const operation = (batches: Batches, batch: Batch) => {
  const output = outputOf(batches, batch)
  return {
    name: `batches/${batch.id}`,
    ...(isOver(batch) && { done: true }),
    metadata: {
      "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
      model: `models/${batch.model}`,
      displayName: batch.name,
      createTime: iso(batch.createdAt),
      state: stateOf(batch),
      batchStats: {
        requestCount: String(batch.items.length),
        successfulRequestCount: String(counted(batch, "Answered")),
        failedRequestCount: String(counted(batch, "Errored")),
      },
      output,
    },
    ...(batch.state === "completed" && { response: output }),
    ...(batch.state === "failed" && { error: { code: 3, message: batch.errors[0]?.message ?? "failed" } }),
  }
}

const list =
  (root: string) =>
  ({ state: { batches }, url }: Message): Said => {
    const all = listed(batches, root)
    const start = Number(url.searchParams.get("pageToken") ?? 0)
    const end = start + pageSize(url.searchParams.get("pageSize"))
    return json({
      operations: all.slice(start, end).map((batch) => operation(batches, batch)),
      ...(end < all.length && { nextPageToken: String(end) }),
    })
  }

const get = (root: string, id: string) =>
  Effect.fnUntraced(function* ({ state }: Message) {
    const batch = find(state.batches, root, id)
    if (batch === undefined) return unknownBatch
    yield* advance(state, batch)
    return json(operation(state.batches, batch))
  })

const cancel =
  (root: string, id: string) =>
  ({ state: { batches } }: Message): Said => {
    const batch = find(batches, root, id)
    if (batch === undefined) return unknownBatch
    if (isOver(batch)) return refused(400, "The batch is over.")
    batch.state = "canceling"
    return json({})
  }

const download =
  (root: string, id: string) =>
  ({ state: { batches } }: Message): Said => {
    const batch = find(batches, root, id.replace(/^batch-/, ""))
    const file = batches.files.get(id)
    if (batch !== undefined)
      return { _tag: "Lines", text: written(batches, toldOf(batches, batch), { idField: "key", line }) }
    return file === undefined ? refused(404, "No such file.") : { _tag: "Lines", text: file.text }
  }

const remove =
  (id: string) =>
  ({ state: { batches } }: Message): Said =>
    batches.files.delete(id) ? json({}) : refused(404, "No such file.")

const removeBatch =
  (root: string, id: string) =>
  ({ state: { batches } }: Message): Said =>
    find(batches, root, id) === undefined ? unknownBatch : json({})

const sync = (call: Route["call"], run: (message: Message) => Said): Route => ({
  dialect: google,
  call,
  run: (message) => Effect.sync(() => run(message)),
})

const makes = /^(.*)\/v1beta\/models\/([^/:]+):(batchGenerateContent|asyncBatchEmbedContent)$/
const batchPath = /^(.*)\/v1beta\/batches(?:\/([^/:]+))?(:cancel)?$/
const uploads = /^(.*)\/upload\/v1beta\/files$/
const downloads = /^(.*)\/download\/v1beta\/files\/([^/:]+):download$/
const filePath = /^(.*)\/v1beta\/files\/([^/:]+)$/

const batchRoute = (method: string, root: string, id: string | undefined, canceling: boolean): Route | undefined => {
  if (id === undefined) return method === "GET" ? sync("list", list(root)) : undefined
  if (method === "POST" && canceling) return sync("cancel", cancel(root, id))
  if (method === "DELETE") return sync("cancel", removeBatch(root, id))
  return method === "GET" && !canceling ? { dialect: google, call: "get", run: get(root, id) } : undefined
}

export const googleRoutes: RouteOf = (method, path) => {
  const [, makeRoot, model, action] = makes.exec(path) ?? []
  if (makeRoot !== undefined && model !== undefined && method === "POST") {
    return sync("create", make(makeRoot, model, action === "asyncBatchEmbedContent"))
  }
  const [, uploadRoot] = uploads.exec(path) ?? []
  if (uploadRoot !== undefined && method === "POST") return sync("upload", upload(uploadRoot))
  const [, downloadRoot, result] = downloads.exec(path) ?? []
  if (downloadRoot !== undefined && result !== undefined) return sync("results", download(downloadRoot, result))
  const [, root, id, canceling] = batchPath.exec(path) ?? []
  if (root !== undefined) return batchRoute(method, root, id, canceling !== undefined)
  const [, , file] = filePath.exec(path) ?? []
  return file !== undefined && method === "DELETE" ? sync("forget", remove(file)) : undefined
}
