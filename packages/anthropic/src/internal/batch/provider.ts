/**
 * Anthropic's message batches: all requests in one body, and one stream of results.
 */
import * as BatchLines from "@holdfast/core/provider/BatchLines"
import {
  type BatchProvider,
  type Candidate,
  type Item,
  ofModel,
  type Status,
} from "@holdfast/core/provider/BatchProvider"
import { count, field, list, text } from "@holdfast/core/provider/Json"
import { UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import * as Rest from "@holdfast/core/provider/Rest"
import { type SdkModel } from "@holdfast/core/provider/SdkModel"
import { DateTime, Effect, Option, Stream } from "effect"

import { type Sent } from "../model.ts"
import { type Settings } from "../settings.ts"
import { lineOf } from "./lines.ts"

/** 100,000 requests or 256 MB; a body is held in memory until it is answered, hence less of them here. */
const limits = { items: 100_000, bytes: 64_000_000 }

const path = "/v1/messages/batches"

const pathOf = (batch: string): string => `${path}/${encodeURIComponent(batch)}`

const line = ({ body, id }: Item) => ({ custom_id: id, params: body })

/** The batch API for a model. The betas of its settings hold for a batch as a whole. */
export const messageBatches = (
  rest: Rest.Rest,
  model: SdkModel<Sent>,
  settings: Effect.Effect<Settings>,
): BatchProvider<"chat"> => ({
  ...ofModel({
    ...model,
    prepare: (request) =>
      Effect.flatMap(model.prepare(request), ({ body: { message }, read }) =>
        "speed" in message ? Effect.fail(noSpeed(model)) : Effect.succeed({ body: message, read }),
      ),
  }),
  limits,
  sizeOf: (item) => BatchLines.sizeOf(line(item)),
  upload: undefined,
  create: Effect.fnUntraced(function* ({ items }) {
    const { pieces } = yield* BatchLines.writeList(items, { origin: rest.origin(path), limits, line })
    const { betas } = yield* settings
    const answer = yield* rest.json({
      method: "POST",
      path,
      // The lines are JSON already, and need not be read once more to be written.
      body: new Blob(['{"requests":[', ...pieces, "]}"], { type: "application/json" }),
      headers: betas === undefined || betas.length === 0 ? undefined : { "anthropic-beta": betas.join(",") },
    })
    return yield* Rest.required(rest, path, { answer, key: "id" })
  }),
  find: ({ items, since }) => find(rest, items, since),
  status: Effect.fnUntraced(function* (batch) {
    const answer = yield* rest.json({ method: "GET", path: pathOf(batch) })
    yield* Rest.required(rest, pathOf(batch), { answer, key: "id" })
    return statusOf(answer)
  }),
  // Not where `results_url` says: that may be any host, and the key would go there.
  results: (batch) => {
    const results = `${pathOf(batch)}/results`
    return Stream.map(BatchLines.read(rest.bytes(results)), lineOf(rest, results))
  },
  // What is over cannot be stopped, and the results say how it went.
  cancel: (batch) => Rest.ignoring([400, 409], rest.json({ method: "POST", path: `${pathOf(batch)}/cancel` })),
  forget: () => Effect.void,
})

const noSpeed = ({ model, provider }: SdkModel<Sent>) =>
  new UnsupportedOption({ provider, model, option: "speed", explanation: "batches have no fast mode; leave it out" })

const kinds = ["processing", "succeeded", "errored", "canceled", "expired"] as const

const countsOf = (batch: unknown) => {
  const counts = field(batch, "request_counts")
  const [processing = 0, succeeded = 0, ...failed] = kinds.map((kind) => count(counts, kind) ?? 0)
  const sum = failed.reduce((all, one) => all + one, 0)
  return { total: processing + succeeded + sum, succeeded, failed: sum }
}

const statusOf = (batch: unknown): Status => {
  const vendorState = text(batch, "processing_status") ?? "unknown"
  return {
    state: vendorState === "ended" ? "ended" : "running",
    vendorState,
    counts: countsOf(batch),
    invalid: [],
    error: undefined,
    missing: "free",
  }
}

// 100,000 batches. A server that gives the same page for ever must not hold us up.
const mostPages = 100

/** The list shows nothing of ours: a batch that is as old and as large may be any. */
const find = Effect.fnUntraced(function* (rest: Rest.Rest, items: number, since: number) {
  const found: Array<Candidate> = []
  let after: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const query = after === undefined ? "" : `&after_id=${encodeURIComponent(after)}`
    const answer = yield* rest.json({ method: "GET", path: `${path}?limit=1000${query}` })
    const made = list(answer, "data").flatMap(madeOf)
    const young = made.filter(({ createdAt }) => createdAt >= since)
    for (const { createdAt, id, total } of young) {
      if (total === items) found.push({ id, createdAt, certain: false })
    }
    const last = made.at(-1)?.id
    if (field(answer, "has_more") !== true || young.length < made.length || last === undefined || last === after) break
    after = last
  }
  return found
})

const madeOf = (batch: unknown) => {
  const id = text(batch, "id")
  const created = Option.getOrUndefined(DateTime.make(text(batch, "created_at") ?? ""))
  return id === undefined || created === undefined
    ? []
    : [{ id, createdAt: DateTime.toEpochMillis(created), total: countsOf(batch).total }]
}
