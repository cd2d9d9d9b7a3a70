/**
 * OpenAI's files and batches, which Groq has as well.
 */
import { Effect, Predicate } from "effect"

import { isJson, type Json } from "../dialect.ts"
import { openaiChat } from "../openaiChat.ts"
import { advance, linesOf } from "./items.ts"
import { told, written } from "./results.ts"
import { json, type Message, refused, type Route, type RouteOf, type Said, unknownBatch } from "./route.ts"
import { type Batch, type Batches, counted, create, find, isOver, type Item, listed, pageSize, store } from "./state.ts"

const paths = /^(.*\/v1)\/(files|batches)(?:\/([^/]+))?(?:\/(content|cancel))?$/

const seconds = (millis: number) => Math.floor(millis / 1000)

const fileObject = (file: { readonly id: string; readonly createdAt: number; readonly text: string }) => ({
  id: file.id,
  object: "file",
  bytes: Buffer.byteLength(file.text),
  created_at: seconds(file.createdAt),
  filename: "batch.jsonl",
  purpose: "batch",
  status: "processed",
})

/** Takes a file, as Mistral does, too. */
const upload = (prefix: string, root: string) => (message: Message) => {
  const file = message.form?.get("file")
  if (message.form?.get("purpose") !== "batch" || !(file instanceof File)) {
    return Effect.succeed(refused(400, "'file' and the purpose 'batch' are required."))
  }
  return Effect.map(
    Effect.promise(() => file.text()),
    (text) => json(fileObject(store(message.state.batches, { root, createdAt: message.now, text }, prefix))),
  )
}

/** What a line, or a request of a list, asks for, of the batch's model if it names none. */
export const itemOf = (line: Json | undefined, model?: string): Item => ({
  id: Predicate.isString(line?.["custom_id"]) ? line["custom_id"] : "",
  url: Predicate.isString(line?.["url"]) ? line["url"] : undefined,
  body: { ...(model !== undefined && { model }), ...(isJson(line?.["body"]) ? line["body"] : {}) },
  outcome: undefined,
})

const endpoints = new Set(["/v1/responses", "/v1/chat/completions", "/v1/embeddings"])

const make =
  (root: string) =>
  ({ body, now, state: { batches } }: Message): Said => {
    const { endpoint, input_file_id: fileId, metadata } = body
    if (!Predicate.isString(endpoint) || !endpoints.has(endpoint)) return refused(400, "Invalid value: 'endpoint'.")
    if (!/^(?:24h|[1-7]d)$/.test(String(body["completion_window"]))) {
      return refused(400, "Missing required parameter: 'completion_window'.")
    }
    const input = Predicate.isString(fileId) ? batches.files.get(fileId) : undefined
    const items = linesOf(input?.text ?? "").map((line) => itemOf(line))
    const ids = items.map(({ id }) => id)
    const doubled = new Set(ids).size < ids.length
    const first = items[0]?.body["model"]
    const batch = create(batches, "batch_", {
      root,
      endpoint,
      items,
      name: isJson(metadata) && Predicate.isString(metadata["holdfast"]) ? metadata["holdfast"] : undefined,
      model: Predicate.isString(first) ? first : "",
      inputFile: input?.id ?? "file-missing",
      createdAt: now,
      failsWhole: true,
      problemOf: (item) => {
        if (item.id === "" || item.url !== endpoint) return "The URL of the line does not match the batch's endpoint."
        if (doubled && ids.filter((id) => id === item.id).length > 1) return "The custom_id is not unique."
        if (item.body["stream"] === true) return "Streaming is not supported in batches."
        return item.body["model"] === first ? undefined : "All lines must name the same model."
      },
    })
    // A file that is not there is found out when the batch is validated.
    if (input === undefined) fail(batch, `Cannot find file ${String(fileId)}`)
    else if (textsOf(items) > mostTexts) fail(batch, `A batch of embeddings takes ${mostTexts} inputs at most.`)
    return json(batchObject(batch))
  }

/** Of all items of a batch together. */
const mostTexts = 50_000

const textsOf = (items: ReadonlyArray<Item>): number =>
  items.reduce((sum, { body }) => sum + (Array.isArray(body["input"]) ? body["input"].length : 0), 0)

const fail = (batch: Batch, message: string): void => {
  batch.state = "failed"
  batch.errors = [{ line: undefined, message }]
}

const statusOf = ({ polls, state }: Batch): string => {
  if (state === "running") return polls === 0 ? "validating" : "in_progress"
  return {
    canceling: "cancelling",
    canceled: "cancelled",
    completed: "completed",
    expired: "expired",
    failed: "failed",
  }[state]
}

/** The result of an item. */
export const line = ({ id, outcome }: Item): Record<string, unknown> => {
  const begin = { id: `batch_req_${id}`, custom_id: id }
  if (outcome?._tag === "Answered" || outcome?._tag === "Errored") {
    const response = { status_code: outcome.status, request_id: `req_${id}`, body: outcome.body }
    return { ...begin, response, error: null }
  }
  const code = outcome?._tag === "Canceled" ? "batch_cancelled" : "batch_expired"
  return { ...begin, response: null, error: { code, message: "This request could not be executed in time." } }
}

/** The text of a file of results. */
const resultsIn = (batches: Batches, batch: Batch, ofAnswers: boolean): string =>
  written(
    batches,
    told(batches, batch, ({ outcome }) => (outcome?._tag === "Answered") === ofAnswers),
    { idField: "custom_id", line },
  )

const hasResults = (batch: Batch, ofAnswers: boolean): boolean =>
  isOver(batch) &&
  batch.items.some(({ outcome }) => outcome !== undefined && (outcome._tag === "Answered") === ofAnswers)

const batchObject = (batch: Batch) => ({
  id: batch.id,
  object: "batch",
  endpoint: batch.endpoint,
  model: batch.model,
  errors:
    batch.errors.length === 0
      ? null
      : {
          object: "list",
          data: batch.errors.map(({ line: at, message }) => ({
            code: "invalid_request",
            line: at ?? null,
            message,
            param: null,
          })),
        },
  input_file_id: batch.inputFile,
  completion_window: "24h",
  status: statusOf(batch),
  output_file_id: hasResults(batch, true) ? `output-${batch.id}` : null,
  error_file_id: hasResults(batch, false) ? `error-${batch.id}` : null,
  created_at: seconds(batch.createdAt),
  request_counts: {
    total: batch.items.length,
    completed: counted(batch, "Answered"),
    failed: batch.items.filter(({ outcome }) => outcome !== undefined && outcome._tag !== "Answered").length,
  },
  metadata: batch.name === undefined ? null : { holdfast: batch.name },
})

const content =
  (root: string, id: string) =>
  ({ state: { batches } }: Message): Said => {
    const [, kind, batchId] = /^(output|error)-(.+)$/.exec(id) ?? []
    const batch = find(batches, root, batchId)
    if (batch !== undefined) return { _tag: "Lines", text: resultsIn(batches, batch, kind === "output") }
    const file = batches.files.get(id)
    return file?.root === root ? { _tag: "Lines", text: file.text } : refused(404, "No such file.")
  }

/** What is done with the files of an account, at Mistral as well. */
const fileRoutes = (
  method: string,
  { action, id, root }: { readonly root: string; readonly id: string | undefined; readonly action: string | undefined },
): Pick<Route, "call" | "run"> | undefined => {
  if (method === "POST" && id === undefined) {
    return { call: "upload", run: upload(root.includes("mistral") ? "" : "file-", root) }
  }
  if (method === "GET" && id === undefined) {
    return {
      call: "list",
      run: ({ state: { batches } }) => {
        const own = [...batches.files.values()].filter((file) => file.root === root)
        return Effect.succeed(json({ object: "list", data: own.map(fileObject), has_more: false }))
      },
    }
  }
  if (id === undefined) return undefined
  if (method === "GET" && action === "content") {
    return { call: "results", run: (message) => Effect.succeed(content(root, id)(message)) }
  }
  if (method !== "DELETE") return undefined
  return {
    call: "forget",
    run: ({ state: { batches } }) =>
      Effect.succeed(
        batches.files.delete(id) ? json({ id, object: "file", deleted: true }) : refused(404, "No such file."),
      ),
  }
}

const list =
  (root: string) =>
  ({ state: { batches }, url }: Message): Said => {
    const all = listed(batches, root)
    const start = all.findIndex(({ id }) => id === url.searchParams.get("after")) + 1
    const limit = pageSize(url.searchParams.get("limit"))
    const page = all.slice(start, start + limit)
    return json({
      object: "list",
      data: page.map((batch) => batchObject(batch)),
      first_id: page[0]?.id ?? null,
      last_id: page.at(-1)?.id ?? null,
      has_more: start + limit < all.length,
    })
  }

const get = (root: string, id: string) =>
  Effect.fnUntraced(function* ({ state }: Message) {
    const batch = find(state.batches, root, id)
    if (batch === undefined) return unknownBatch
    yield* advance(state, batch)
    return json(batchObject(batch))
  })

const cancel =
  (root: string, id: string) =>
  ({ state: { batches } }: Message): Said => {
    const batch = find(batches, root, id)
    if (batch === undefined) return unknownBatch
    if (isOver(batch)) return refused(409, `Cannot cancel a batch with status '${statusOf(batch)}'.`)
    batch.state = "canceling"
    return json(batchObject(batch))
  }

const batchRoutes = (method: string, root: string, id: string | undefined, action: string | undefined) => {
  const sync = (call: Route["call"], run: (message: Message) => Said): Pick<Route, "call" | "run"> => ({
    call,
    run: (message) => Effect.sync(() => run(message)),
  })
  if (method === "POST" && id === undefined) return sync("create", make(root))
  if (method === "GET" && id === undefined) return sync("list", list(root))
  if (id === undefined) return undefined
  if (method === "POST" && action === "cancel") return sync("cancel", cancel(root, id))
  return method === "GET" && action === undefined ? { call: "get" as const, run: get(root, id) } : undefined
}

export const openaiRoutes: RouteOf = (method, path) => {
  const [, root, kind, id, action] = paths.exec(path) ?? []
  if (root === undefined || root.endsWith("/api/v1")) return undefined
  const route = kind === "files" ? fileRoutes(method, { root, id, action }) : batchRoutes(method, root, id, action)
  return route === undefined ? undefined : { ...route, dialect: openaiChat }
}
