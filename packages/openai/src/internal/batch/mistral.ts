/**
 * Batches of Mistral's: a file ahead, then a job, then two files of results. Its jobs have paths and words of their own.
 */
import { type Kind } from "@holdfast/core/Operation"
import * as BatchLines from "@holdfast/core/provider/BatchLines"
import { type BatchProvider, type Candidate, type Item, type Status } from "@holdfast/core/provider/BatchProvider"
import { count, field, list, record, text } from "@holdfast/core/provider/Json"
import * as Rest from "@holdfast/core/provider/Rest"
import { Effect, Stream } from "effect"

import { fromItem } from "../failure.ts"
import { remove, results, upload } from "./files.ts"
import { type Parts } from "./openai.ts"

const path = "/batch/jobs"

const pathOf = (batch: string): string => `${path}/${encodeURIComponent(batch)}`

export const mistralForm = <K extends Kind>({ api, endpoint, model, rest }: Parts<K>): BatchProvider<K> => {
  const get = (batch: string) => rest.json({ method: "GET", path: pathOf(batch) })
  return {
    ...model,
    limits: api.limits,
    sizeOf: (item) => BatchLines.sizeOf(line(item)),
    upload: (items, name) => upload(rest, api, { items, name, line }),
    create: Effect.fnUntraced(function* ({ file, name }) {
      const body = {
        input_files: [file],
        endpoint,
        model: model.model,
        timeout_hours: 24,
        metadata: { holdfast: name },
      }
      const answer = yield* rest.json({ method: "POST", path, body })
      return yield* Rest.required(rest, path, { answer, key: "id" })
    }),
    find: ({ name, since }) => find(rest, name, since),
    status: Effect.fnUntraced(function* (batch) {
      const answer = yield* get(batch)
      yield* Rest.required(rest, pathOf(batch), { answer, key: "id" })
      return statusOf(rest, batch, answer)
    }),
    results: (batch) =>
      Stream.unwrap(
        Effect.map(get(batch), (answer) =>
          Stream.concat(results(rest, text(answer, "output_file")), results(rest, text(answer, "error_file"))),
        ),
      ),
    // What is over cannot be stopped, and the results say how it went.
    cancel: (batch) => Rest.ignoring([400, 409], rest.json({ method: "POST", path: `${pathOf(batch)}/cancel` })),
    forget: (file) => remove(rest, file),
  }
}

// The job names the model.
const line = ({ body, id }: Item) => {
  const { model: _, ...rest } = record(body) ?? {}
  return { custom_id: id, body: rest }
}

const states: Readonly<Record<string, Status["state"]>> = {
  SUCCESS: "ended",
  TIMEOUT_EXCEEDED: "ended",
  CANCELLED: "ended",
  FAILED: "failed",
}

const statusOf = (rest: Rest.Rest, batch: string, answer: unknown): Status => {
  const vendorState = text(answer, "status") ?? "unknown"
  const state = states[vendorState] ?? "running"
  const total = count(answer, "total_requests")
  const counts = {
    succeeded: count(answer, "succeeded_requests") ?? 0,
    failed: count(answer, "failed_requests") ?? 0,
  }
  return {
    state,
    vendorState,
    counts: total === undefined ? undefined : { total, ...counts },
    invalid: [],
    error:
      state === "failed"
        ? fromItem(rest.origin(pathOf(batch)), list(answer, "errors")[0] ?? { message: "the job failed" }, undefined)
        : undefined,
    // No page says what is billed of a job that ran out of time.
    missing: "unknown",
  }
}

// 10,000 jobs. A server that gives the same page for ever must not hold us up.
const mostPages = 100

/** The list is newest first, and shows the names. */
const find = Effect.fnUntraced(function* (rest: Rest.Rest, name: string, since: number) {
  const found: Array<Candidate> = []
  let seen = 0
  let first: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const answer = yield* rest.json({ method: "GET", path: `${path}?page=${page}&page_size=100` })
    const jobs = list(answer, "data")
    const made = jobs.flatMap((job) => {
      const id = text(job, "id")
      const created = count(job, "created_at")
      return id === undefined || created === undefined ? [] : [{ job, id, createdAt: created * 1_000 }]
    })
    // Seconds are whole ones.
    const young = made.filter(({ createdAt }) => createdAt >= since - 1_000)
    for (const { createdAt, id, job } of young) {
      // Pages are numbered, so that what is made meanwhile moves some jobs to the next one.
      const isKnown = found.some((candidate) => candidate.id === id)
      if (!isKnown && text(field(job, "metadata"), "holdfast") === name) found.push({ id, createdAt, certain: true })
    }
    // The same page once more.
    if (made[0] !== undefined && made[0].id === first) break
    first = made[0]?.id
    seen += jobs.length
    if (jobs.length === 0 || seen >= (count(answer, "total") ?? Infinity) || young.length < made.length) break
  }
  return found
})
