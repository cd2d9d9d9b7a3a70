/**
 * Batches in OpenAI's form: a file ahead, then a batch of it, then two files of results.
 */
import { type Kind } from "@holdfast/core/Operation"
import * as BatchLines from "@holdfast/core/provider/BatchLines"
import {
  type BatchProvider,
  type Candidate,
  type Item,
  type OfModel,
  type Status,
} from "@holdfast/core/provider/BatchProvider"
import { count, field, list, text } from "@holdfast/core/provider/Json"
import * as Rest from "@holdfast/core/provider/Rest"
import { Effect, Stream } from "effect"
import { type AiError } from "effect/ai"

import { fromItem } from "../failure.ts"
import { type BatchApi } from "./api.ts"
import { idsOf, remove, results, upload } from "./files.ts"

/** What a batch is made of. */
export interface Parts<K extends Kind> {
  readonly rest: Rest.Rest
  readonly api: BatchApi
  readonly model: OfModel<K>
  /** As the vendor calls it in lines and batches: `/v1/responses`. */
  readonly endpoint: string
}

const path = "/batches"

const pathOf = (batch: string): string => `${path}/${encodeURIComponent(batch)}`

export const openAiForm = <K extends Kind>({ api, endpoint, model, rest }: Parts<K>): BatchProvider<K> => {
  const line = ({ body, id }: Item) => ({ custom_id: id, method: "POST", url: endpoint, body })
  const get = (batch: string) => rest.json({ method: "GET", path: pathOf(batch) })
  return {
    ...model,
    limits: api.limits,
    sizeOf: (item) => BatchLines.sizeOf(line(item)),
    upload: (items, name) => upload(rest, api, { items, name, line }),
    create: Effect.fnUntraced(function* ({ file, name }) {
      const body = { input_file_id: file, endpoint, completion_window: "24h", metadata: { holdfast: name } }
      const answer = yield* rest.json({ method: "POST", path, body })
      return yield* Rest.required(rest, path, { answer, key: "id" })
    }),
    find: ({ name, since }) => find(rest, name, since),
    status: Effect.fnUntraced(function* (batch) {
      const answer = yield* get(batch)
      yield* Rest.required(rest, pathOf(batch), { answer, key: "id" })
      return yield* statusOf(rest, batch, answer)
    }),
    results: (batch) =>
      Stream.unwrap(
        Effect.map(get(batch), (answer) =>
          Stream.concat(results(rest, text(answer, "output_file_id")), results(rest, text(answer, "error_file_id"))),
        ),
      ),
    // What is over cannot be stopped, and the results say how it went.
    cancel: (batch) => Rest.ignoring([400, 409], rest.json({ method: "POST", path: `${pathOf(batch)}/cancel` })),
    forget: (file) => remove(rest, file),
  }
}

const states: Readonly<Record<string, Status["state"]>> = {
  completed: "ended",
  expired: "ended",
  cancelled: "ended",
  failed: "failed",
}

const statusOf = Effect.fnUntraced(function* (rest: Rest.Rest, batch: string, answer: unknown) {
  const vendorState = (text(answer, "status") ?? "unknown").toLowerCase()
  const state = states[vendorState] ?? "running"
  const errors = state === "failed" ? list(field(answer, "errors"), "data") : []
  const counts = field(answer, "request_counts")
  const total = count(counts, "total")
  const status: Status = {
    state,
    vendorState,
    counts:
      total === undefined
        ? undefined
        : { total, succeeded: count(counts, "completed") ?? 0, failed: count(counts, "failed") ?? 0 },
    invalid: yield* invalidOf(rest, text(answer, "input_file_id"), errors),
    error:
      state === "failed"
        ? fromItem(rest.origin(pathOf(batch)), errors[0] ?? { message: "the batch failed" }, undefined)
        : undefined,
    missing: "free",
  }
  return status
})

/** The items that the errors name by their lines. Only the file knows which item is on a line. */
const invalidOf = (
  rest: Rest.Rest,
  file: string | undefined,
  errors: ReadonlyArray<unknown>,
): Effect.Effect<Status["invalid"], AiError.AiError> => {
  const lines = new Map<number, string>()
  for (const error of errors) {
    const line = count(error, "line")
    if (line !== undefined && line > 0) lines.set(line, (text(error, "message") ?? "no details").slice(0, 1_000))
  }
  if (file === undefined || lines.size === 0) return Effect.succeed([])
  return Effect.map(idsOf(rest, file, new Set(lines.keys())), (ids) =>
    [...lines].flatMap(([line, message]) => {
      const id = ids.get(line)
      return id === undefined ? [] : [{ id, message: rest.origin(path).scrub(message) }]
    }),
  )
}

// 10,000 batches. A server that gives the same page for ever must not hold us up.
const mostPages = 100

/** The list is newest first, and shows the names. */
const find = Effect.fnUntraced(function* (rest: Rest.Rest, name: string, since: number) {
  const found: Array<Candidate> = []
  let after: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const query = after === undefined ? "" : `&after=${encodeURIComponent(after)}`
    const answer = yield* rest.json({ method: "GET", path: `${path}?limit=100${query}` })
    const batches = list(answer, "data")
    const made = batches.flatMap(madeOf)
    // Seconds are whole ones.
    const young = made.filter(({ createdAt }) => createdAt >= since - 1_000)
    for (const { batch, createdAt, id } of young) {
      if (text(field(batch, "metadata"), "holdfast") === name) found.push({ id, createdAt, certain: true })
    }
    const last = made.at(-1)?.id
    if (field(answer, "has_more") !== true || young.length < made.length || last === undefined || last === after) break
    after = last
  }
  return found
})

const madeOf = (batch: unknown) => {
  const id = text(batch, "id")
  const created = count(batch, "created_at")
  return id === undefined || created === undefined ? [] : [{ batch, id, createdAt: created * 1_000 }]
}
