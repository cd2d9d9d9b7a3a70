/**
 * Mistral's batch jobs. Its files are those of OpenAI.
 */
import { Effect, Predicate } from "effect"

import { isJson } from "../dialect.ts"
import { openaiChat } from "../openaiChat.ts"
import { advance, linesOf } from "./items.ts"
import { itemOf } from "./openai.ts"
import { json, type Message, refused, type Route, type RouteOf, type Said, unknownBatch } from "./route.ts"
import { type Batch, counted, create, find, isOver, listed, pageSize } from "./state.ts"

const paths = /^(.*\/v1)\/batch\/jobs(?:\/([^/]+))?(\/cancel)?$/

const endpoints = new Set(["/v1/chat/completions", "/v1/embeddings"])

const make =
  (root: string) =>
  ({ body, now, state: { batches } }: Message): Said => {
    const { endpoint, input_files: files, metadata, model } = body
    const id: unknown = Array.isArray(files) ? files[0] : undefined
    const input = Predicate.isString(id) ? batches.files.get(id) : undefined
    if (!Predicate.isString(endpoint) || !endpoints.has(endpoint) || !Predicate.isString(model)) {
      return refused(422, "endpoint, model")
    }
    if (input === undefined) return refused(404, "No such file.")
    const batch = create(batches, "job-", {
      root,
      endpoint,
      model,
      items: linesOf(input.text).map((line) => itemOf(line, model)),
      name: isJson(metadata) && Predicate.isString(metadata["holdfast"]) ? metadata["holdfast"] : undefined,
      inputFile: input.id,
      createdAt: now,
    })
    return json(jobOf(batch))
  }

const statuses: Readonly<Record<Batch["state"], string>> = {
  running: "RUNNING",
  canceling: "CANCELLATION_REQUESTED",
  canceled: "CANCELLED",
  completed: "SUCCESS",
  expired: "TIMEOUT_EXCEEDED",
  failed: "FAILED",
}

const jobOf = (batch: Batch) => ({
  id: batch.id,
  object: "batch",
  input_files: [batch.inputFile],
  metadata: batch.name === undefined ? null : { holdfast: batch.name },
  endpoint: batch.endpoint,
  model: batch.model,
  output_file: counted(batch, "Answered") > 0 ? `output-${batch.id}` : null,
  error_file: batch.items.some(({ outcome }) => outcome !== undefined && outcome._tag !== "Answered")
    ? `error-${batch.id}`
    : null,
  errors: batch.errors.map(({ message }) => ({ message, count: 1 })),
  status: batch.state === "running" && batch.polls === 0 ? "QUEUED" : statuses[batch.state],
  created_at: Math.floor(batch.createdAt / 1000),
  total_requests: batch.items.length,
  completed_requests: batch.items.filter(({ outcome }) => outcome !== undefined).length,
  succeeded_requests: counted(batch, "Answered"),
  failed_requests: counted(batch, "Errored"),
})

const list =
  (root: string) =>
  ({ state: { batches }, url }: Message): Said => {
    const all = listed(batches, root)
    const size = pageSize(url.searchParams.get("page_size"))
    const start = Number(url.searchParams.get("page") ?? 0) * size
    return json({ object: "list", data: all.slice(start, start + size).map(jobOf), total: all.length })
  }

const get = (root: string, id: string) =>
  Effect.fnUntraced(function* ({ state }: Message) {
    const batch = find(state.batches, root, id)
    if (batch === undefined) return unknownBatch
    yield* advance(state, batch)
    return json(jobOf(batch))
  })

const cancel =
  (root: string, id: string) =>
  ({ state: { batches } }: Message): Said => {
    const batch = find(batches, root, id)
    if (batch === undefined) return unknownBatch
    if (isOver(batch)) return refused(400, "The job is over.")
    batch.state = "canceling"
    return json(jobOf(batch))
  }

const sync = (call: Route["call"], run: (message: Message) => Said): Route => ({
  dialect: openaiChat,
  call,
  run: (message) => Effect.sync(() => run(message)),
})

export const mistralRoutes: RouteOf = (method, path) => {
  const [, root, id, canceling] = paths.exec(path) ?? []
  if (root === undefined) return undefined
  if (id === undefined) {
    return method === "POST" ? sync("create", make(root)) : method === "GET" ? sync("list", list(root)) : undefined
  }
  if (method === "POST") return canceling === undefined ? undefined : sync("cancel", cancel(root, id))
  return method === "GET" ? { dialect: openaiChat, call: "get", run: get(root, id) } : undefined
}
