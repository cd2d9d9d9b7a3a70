/**
 * Gemini's batches: a file ahead, an operation that goes on, and a file of results.
 */
import { type Kind } from "@holdfast/core/Operation"
import * as BatchLines from "@holdfast/core/provider/BatchLines"
import {
  type BatchProvider,
  type Candidate,
  ofEmbeddingModel,
  ofModel,
  type OfModel,
  type Status,
} from "@holdfast/core/provider/BatchProvider"
import { field, list, record, text } from "@holdfast/core/provider/Json"
import * as Rest from "@holdfast/core/provider/Rest"
import { type SdkEmbeddingModel } from "@holdfast/core/provider/SdkEmbeddingModel"
import { type SdkModel } from "@holdfast/core/provider/SdkModel"
import { DateTime, Effect, Option, Predicate, Stream } from "effect"

import { fromItem } from "../failure.ts"
import { type ContentBody, type ContentEndpoint } from "../transport.ts"
import { limits, line, type Place, remove, results, upload } from "./files.ts"

interface Parts<K extends Kind> {
  readonly place: Place
  readonly model: OfModel<K>
  /** The method that makes a batch. */
  readonly method: "batchGenerateContent" | "asyncBatchEmbedContent"
}

/** Batches of content. */
export const contentBatches = (
  place: Place,
  content: ContentEndpoint,
  model: SdkModel<ContentBody>,
): BatchProvider<"chat"> =>
  batches({
    place,
    method: "batchGenerateContent",
    model: ofModel({
      ...model,
      prepare: (request) =>
        Effect.flatMap(model.prepare(request), ({ body, read }) =>
          Effect.map(content.wireBody(body), (wire) => ({ body: wire, read })),
        ),
    }),
  })

/** Batches of embeddings, where a line has one text and one vector. */
export const embeddingBatches = (place: Place, model: SdkEmbeddingModel): BatchProvider<"embeddings"> =>
  batches({
    place,
    method: "asyncBatchEmbedContent",
    model: ofEmbeddingModel({
      ...model,
      limits: { ...model.limits, maxInputs: 1 },
      prepare: (request) =>
        Effect.map(model.prepare(request), ({ body, read }) => ({
          body: list(body, "requests")[0],
          read: (answer) => read(ofOneText(answer)),
        })),
    }),
  })

/** What is on a line, as the answer to a live request. */
const ofOneText = (answer: unknown) => ({
  embeddings: [field(answer, "embedding")],
  usageMetadata: field(answer, "usageMetadata") ?? { promptTokenCount: whole(field(answer, "tokenCount")) },
})

const batches = <K extends Kind>({ method, model, place }: Parts<K>): BatchProvider<K> => {
  const { apiVersion, rest } = place
  const pathOf = (batch: string) => `/${apiVersion}/batches/${encodeURIComponent(batch.replace(/^batches\//, ""))}`
  const get = (batch: string) => rest.json({ method: "GET", path: pathOf(batch) })
  return {
    ...model,
    limits,
    sizeOf: (item) => BatchLines.sizeOf(line(item)),
    upload: (items, name) => upload(place, items, name),
    create: Effect.fnUntraced(function* ({ file, name }) {
      const path = `/${apiVersion}/${model.model.includes("/") ? model.model : `models/${model.model}`}:${method}`
      const body = { batch: { displayName: name, inputConfig: { fileName: file } } }
      const answer = yield* rest.json({ method: "POST", path, body })
      return yield* Rest.required(rest, path, { answer, key: "name" })
    }),
    find: ({ name, since }) => find(place, name, since),
    status: Effect.fnUntraced(function* (batch) {
      const answer = yield* get(batch)
      yield* Rest.required(rest, pathOf(batch), { answer, key: "name" })
      return statusOf(place, pathOf(batch), answer)
    }),
    results: (batch) =>
      Stream.unwrap(
        Effect.map(get(batch), (answer) => {
          const file = fileIn(field(answer, "response")) ?? fileIn(field(field(answer, "metadata"), "output"))
          return file === undefined ? Stream.empty : results(place, file)
        }),
      ),
    // What is over cannot be stopped, and the results say how it went.
    cancel: (batch) => Rest.ignoring([400, 409], rest.json({ method: "POST", path: `${pathOf(batch)}:cancel` })),
    forget: (file) => remove(place, file),
  }
}

const fileIn = (output: unknown): string | undefined => text(output, "responsesFile")

const states: Readonly<Record<string, Status["state"]>> = {
  SUCCEEDED: "ended",
  CANCELLED: "ended",
  EXPIRED: "ended",
  FAILED: "failed",
}

/** Counts are whole numbers of 64 bits, which JSON has as text. */
const countIn = (stats: unknown, key: string): number | undefined => whole(field(stats, key))

const whole = (value: unknown): number | undefined => {
  const count = Predicate.isString(value) ? Number(value) : value
  return Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : undefined
}

const statusOf = ({ rest }: Place, path: string, operation: unknown): Status => {
  const metadata = field(operation, "metadata")
  const vendorState = text(metadata, "state") ?? "unknown"
  const error = record(field(operation, "error"))
  const known = states[vendorState.replace(/^(?:BATCH|JOB)_STATE_/, "")]
  const state = known ?? (error === undefined ? "running" : "failed")
  const stats = field(metadata, "batchStats")
  const total = countIn(stats, "requestCount")
  return {
    state,
    vendorState,
    counts:
      total === undefined
        ? undefined
        : {
            total,
            succeeded: countIn(stats, "successfulRequestCount") ?? 0,
            failed: countIn(stats, "failedRequestCount") ?? 0,
          },
    invalid: [],
    error: state === "failed" ? fromItem(rest.origin(path), error ?? { message: "the batch failed" }) : undefined,
    // A batch that expires gives nothing back, and no page says that it costs nothing.
    missing: "unknown",
  }
}

// 10,000 batches. A server that gives the same page for ever must not hold us up.
const mostPages = 100

/** The list shows the names. In which order is not written down, so that all of it is read. */
const find = Effect.fnUntraced(function* ({ apiVersion, rest }: Place, name: string, since: number) {
  const found: Array<Candidate> = []
  let token: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const query = token === undefined ? "" : `&pageToken=${encodeURIComponent(token)}`
    const answer = yield* rest.json({ method: "GET", path: `/${apiVersion}/batches?pageSize=100${query}` })
    for (const operation of list(answer, "operations")) {
      const metadata = field(operation, "metadata")
      const id = text(operation, "name")
      const createdAt = millisIn(metadata)
      if (id === undefined || createdAt === undefined || createdAt < since) continue
      if (text(metadata, "displayName") === name) found.push({ id, createdAt, certain: true })
    }
    const next = text(answer, "nextPageToken")
    if (next === undefined || next === token) break
    token = next
  }
  return newestFirst(found)
})

// Those of one moment stay in the order of the list.
const newestFirst = (found: ReadonlyArray<Candidate>): ReadonlyArray<Candidate> =>
  found.toSorted((left, right) => right.createdAt - left.createdAt)

const millisIn = (metadata: unknown): number | undefined =>
  Option.getOrUndefined(Option.map(DateTime.make(text(metadata, "createTime") ?? ""), DateTime.toEpochMillis))
