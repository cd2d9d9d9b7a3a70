/**
 * Batches of OpenRouter's: all requests in one body, and pages of results. Its list shows no names, and nothing stops a batch.
 */
import { type Kind } from "@holdfast/core/Operation"
import * as BatchLines from "@holdfast/core/provider/BatchLines"
import {
  type BatchProvider,
  type Candidate,
  type Item,
  type Line,
  type Status,
} from "@holdfast/core/provider/BatchProvider"
import { count, field, list, record, text } from "@holdfast/core/provider/Json"
import * as Rest from "@holdfast/core/provider/Rest"
import { Effect, Option, Stream } from "effect"
import { type AiError } from "effect/ai"

import { fromItem } from "../failure.ts"
import { lineOf } from "./lines.ts"
import { type Parts } from "./openai.ts"

const path = "/batches"

const pathOf = (batch: string): string => `${path}/${encodeURIComponent(batch)}`

const line = ({ body, id }: Item) => ({ custom_id: id, body })

export const openRouterForm = <K extends Kind>({ api, endpoint, model, rest }: Parts<K>): BatchProvider<K> => ({
  ...model,
  limits: api.limits,
  sizeOf: (item) => BatchLines.sizeOf(line(item)),
  upload: undefined,
  create: Effect.fnUntraced(function* ({ items }) {
    const { pieces } = yield* BatchLines.writeList(items, { origin: rest.origin(path), limits: api.limits, line })
    // The server reads as it comes: `requests` has to be last.
    const head = JSON.stringify({ endpoint, model: model.model }).slice(0, -1)
    const body = new Blob([head, ',"requests":[', ...pieces, "]}"], { type: "application/json" })
    const answer = yield* rest.json({ method: "POST", path, body })
    return yield* Rest.required(rest, path, { answer, key: "id" })
  }),
  find: ({ items, since }) => find(rest, items, since),
  status: Effect.fnUntraced(function* (batch) {
    const answer = yield* rest.json({ method: "GET", path: pathOf(batch) })
    yield* Rest.required(rest, pathOf(batch), { answer, key: "id" })
    return statusOf(rest, batch, answer)
  }),
  results: (batch) => results(rest, batch),
  cancel: (batch) =>
    Effect.fail(fromItem(rest.origin(pathOf(batch)), { message: "OpenRouter has no way to stop a batch" }, 400)),
  forget: () => Effect.void,
})

const states: Readonly<Record<string, Status["state"]>> = {
  completed: "ended",
  expired: "ended",
  cancelled: "ended",
  failed: "failed",
}

const statusOf = (rest: Rest.Rest, batch: string, answer: unknown): Status => {
  const vendorState = text(answer, "status") ?? "unknown"
  const state = states[vendorState] ?? "running"
  const counts = field(answer, "request_counts")
  const total = count(counts, "total")
  const error = record(field(answer, "error")) ?? { message: "the batch failed" }
  return {
    state,
    vendorState,
    counts:
      total === undefined
        ? undefined
        : { total, succeeded: count(counts, "completed") ?? 0, failed: count(counts, "failed") ?? 0 },
    invalid: [],
    error: state === "failed" ? fromItem(rest.origin(pathOf(batch)), error, undefined) : undefined,
    // What is billed depends on the model's own host.
    missing: "unknown",
  }
}

/** Page by page, of which each is bounded in size. */
const results = (rest: Rest.Rest, batch: string): Stream.Stream<Line, AiError.AiError> => {
  const own = `${pathOf(batch)}/results`
  const tell = lineOf(rest, own)
  return Stream.paginate("", (cursor) =>
    Effect.map(
      rest.json({ method: "GET", path: cursor === "" ? own : `${own}?cursor=${encodeURIComponent(cursor)}` }),
      (answer) => {
        const lines = list(answer, "data").map((value) => {
          const found = record(value)
          return tell(
            found === undefined
              ? { _tag: "Broken", id: undefined, what: "a result is no object" }
              : { _tag: "Object", value: found },
          )
        })
        const next = field(answer, "has_more") === true ? text(answer, "next_cursor") : undefined
        return [lines, next === undefined || next === cursor ? Option.none() : Option.some(next)] as const
      },
    ),
  )
}

// 10,000 batches. A server that gives the same page for ever must not hold us up.
const mostPages = 100

/** The list shows nothing of ours: a batch that is as old and as large may be any. */
const find = Effect.fnUntraced(function* (rest: Rest.Rest, items: number, since: number) {
  const found: Array<Candidate> = []
  let after: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const query = after === undefined ? "" : `&after=${encodeURIComponent(after)}`
    const answer = yield* rest.json({ method: "GET", path: `${path}?limit=100${query}` })
    const made = list(answer, "data").flatMap((batch) => {
      const id = text(batch, "id")
      const created = count(batch, "created_at")
      const total = count(field(batch, "request_counts"), "total")
      return id === undefined || created === undefined ? [] : [{ id, createdAt: created * 1_000, total }]
    })
    // Seconds are whole ones.
    const young = made.filter(({ createdAt }) => createdAt >= since - 1_000)
    for (const { createdAt, id, total } of young) {
      // A batch that is not validated yet may not be counted.
      if (total === items || total === undefined || total === 0) found.push({ id, createdAt, certain: false })
    }
    const last = text(answer, "last_id") ?? made.at(-1)?.id
    if (field(answer, "has_more") !== true || young.length < made.length || last === undefined || last === after) break
    after = last
  }
  return found
})
