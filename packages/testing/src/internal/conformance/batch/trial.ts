import { type BatchProvider, type Item, type Line, type Status } from "@holdfast/core/provider/BatchProvider"
import { type ProviderModel, type ProviderRequest } from "@holdfast/core/provider/ProviderModel"
import { Effect, type Layer, type Redacted, type Schema, Stream, Tracer } from "effect"
import { Prompt, type Tool } from "effect/ai"

import type * as Emulator from "../../../Emulator.ts"
import { type ChatDialectName } from "../../emulator/dialect.ts"

/**
 * What a vendor's batch API can do, as far as they differ.
 *
 * @since 0.1.0
 * @category models
 */
export interface Capabilities {
  /** Whether the list shows the name of a batch. */
  readonly named: boolean
  /** Whether one bad item fails the whole batch. */
  readonly failsWhole: boolean
  /** Whether a batch can be stopped. */
  readonly cancels: boolean
  /** Whether a batch that runs out of time gives the answers that there are. */
  readonly partial: boolean
  /** Whether the result of each item has a line of its own. */
  readonly lines: boolean
  /** What an item costs of which no line tells. */
  readonly missing: Status["missing"]
}

/**
 * What the checks are about: the answers of items, how batches are made and found, how results are read, and answers that are
 * none.
 *
 * @since 0.1.0
 * @category models
 */
export type Group = "answers" | "making" | "results" | "hostile"

/** The key of all requests. It must appear nowhere. */
export const key = "sk-conformance-0123456789abcdef"

/**
 * A batch API and how it is reached.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subject<R> {
  readonly name: string
  readonly vendor: Emulator.BatchVendor
  /** The API that answers the items. */
  readonly dialect: ChatDialectName
  readonly batch: Effect.Effect<BatchProvider, unknown, R>
  /** The same model, asked live. */
  readonly live: Effect.Effect<ProviderModel, unknown, R>
  /** The client of the model, at the address of the emulator, with this key. */
  readonly layer: (baseUrl: string, apiKey: Redacted.Redacted) => Layer.Layer<R>
  readonly capabilities: Capabilities
  /** The groups that are tested. All are unless said otherwise. */
  readonly groups?: ReadonlyArray<Group> | undefined
}

/** One emulator, one batch API, one model. */
export interface Trial {
  readonly emulator: Emulator.Emulator["Service"]
  readonly subject: Pick<Subject<never>, "capabilities" | "dialect" | "vendor">
  readonly batch: BatchProvider
  readonly live: ProviderModel
}

/** One thing that every batch API must do. */
export interface Check {
  readonly name: string
  readonly run: (trial: Trial) => Effect.Effect<void, unknown>
}

export const check = (name: string, run: Check["run"]): Check => ({ name, run })

const span = Tracer.nativeTracer.span({
  name: "batch",
  parent: undefined as never,
  annotations: undefined as never,
  links: [],
  startTime: 0n,
  kind: "client",
  root: true,
  sampled: false,
} as never)

/** A request as `core` hands it to a provider. */
export const requestOf = (
  batch: BatchProvider,
  prompt: string,
  options: { readonly tools?: ReadonlyArray<Tool.Any>; readonly schema?: Schema.Codec<unknown, unknown> } = {},
): ProviderRequest => ({
  settings: {},
  jsonSchema: options.schema === undefined ? undefined : batch.codecTransformer(options.schema).jsonSchema,
  options: {
    prompt: Prompt.make(prompt),
    tools: options.tools ?? [],
    toolChoice: options.tools === undefined ? "none" : "auto",
    responseFormat:
      options.schema === undefined ? { type: "text" } : { type: "json", objectName: "answer", schema: options.schema },
    span,
    previousResponseId: undefined,
    incrementalPrompt: undefined,
  },
})

/** So many plain items, `item-0` and so on. */
export const itemsOf = (batch: BatchProvider, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index),
    (index) =>
      Effect.map(batch.prepare(requestOf(batch, `question ${index}`)), ({ body }): Item => ({
        id: `item-${index}`,
        body,
      })),
  )

/** Uploads what is to be uploaded, and makes a batch. */
export const submit = Effect.fnUntraced(function* (batch: BatchProvider, items: ReadonlyArray<Item>, name = "job-1") {
  const stream = Stream.fromIterable(items)
  const file = batch.upload === undefined ? undefined : yield* batch.upload(stream, name)
  return yield* batch.create({ name, file, items: stream })
})

/** Asks until the batch is over. */
export const over = Effect.fnUntraced(function* (batch: BatchProvider, id: string) {
  let status: Status = yield* batch.status(id)
  for (let poll = 0; status.state === "running" && poll < 5; poll++) status = yield* batch.status(id)
  return status
})

/** The lines of a batch by the ids of their items, and how many name none. */
export const linesOf = Effect.fnUntraced(function* (batch: BatchProvider, id: string) {
  const lines = yield* Stream.runCollect(batch.results(id))
  const byId: Record<string, Line["_tag"]> = {}
  let unreadable = 0
  for (const line of lines) {
    if (line._tag === "Unreadable") unreadable++
    else byId[line.id] = line._tag
  }
  return { lines, byId, unreadable, order: lines.flatMap((line) => (line._tag === "Unreadable" ? [] : [line.id])) }
})

/** Makes a batch of so many items, waits for its end, and reads its lines. */
export const through = Effect.fnUntraced(function* ({ batch }: Trial, count: number) {
  const id = yield* submit(batch, yield* itemsOf(batch, count))
  const status = yield* over(batch, id)
  return { id, status, ...(yield* linesOf(batch, id)) }
})
