import { type ModelCall } from "@holdfast/core/ModelCall"
import { type ModelRequest } from "@holdfast/core/ModelRequest"
import {
  type BatchProvider,
  type Exchange,
  type Item,
  type Line,
  type Prepared,
  type Status,
} from "@holdfast/core/provider/BatchProvider"
import * as Resilient from "@holdfast/core/Resilient"
import { Effect, type Layer, type Redacted, Stream } from "effect"

import type * as Emulator from "../../../Emulator.ts"
import { type Dialect } from "../../../RecordedRequest.ts"
import { type Reply } from "../../../Reply.ts"

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
  /** How many texts an item takes, where they are embedded. Any number if left out. */
  readonly texts?: number | undefined
}

/**
 * The operations whose batches are held to the suite.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = "chat" | "embeddings"

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
export interface Subject<in out K extends Operation, in out R> {
  readonly name: string
  readonly vendor: Emulator.BatchVendor
  /** The API that answers the items. */
  readonly dialect: Dialect
  readonly batch: Effect.Effect<BatchProvider<K>, unknown, R>
  /** The same model, asked live. */
  readonly live: Resilient.Resilient<K, unknown, R>
  /** What stands on a line of that which a live request sends. All of it, if left out. */
  readonly lineOf?: ((sent: unknown) => unknown) | undefined
  /** The client of the model, at the address of the emulator, with this key. */
  readonly layer: (baseUrl: string, apiKey: Redacted.Redacted) => Layer.Layer<R>
  readonly capabilities: Capabilities
  /** The groups that are tested. All are unless said otherwise. */
  readonly groups?: ReadonlyArray<Group> | undefined
}

export interface Question {
  /** Also the id of its item; `kind-` and this stands in what is asked. */
  readonly kind: string
  readonly request: ModelRequest
  readonly reply: Reply
}

/** The questions of one operation. */
export interface Questions {
  readonly plain: (text: string) => ModelRequest
  readonly all: ReadonlyArray<Question>
  /** An answer that is billed with so many tokens. */
  readonly answer: (inputTokens: number) => Reply
}

/** A batch API of whichever operation. */
export type Batch = BatchProvider<never>

/** One emulator, one batch API, one model. */
export interface Trial {
  readonly emulator: Emulator.Emulator["Service"]
  readonly subject: Pick<Subject<never, never>, "capabilities" | "dialect" | "lineOf" | "vendor">
  readonly batch: Batch
  readonly live: ModelCall<unknown>
  readonly questions: Questions
}

/** One thing that every batch API must do. */
export interface Check {
  readonly name: string
  readonly run: (trial: Trial) => Effect.Effect<void, unknown>
}

export const check = (name: string, run: Check["run"]): Check => ({ name, run })

/** The parts of the answer to a request. */
export const partsOf = (call: ModelCall<unknown>, request: ModelRequest) =>
  Effect.scoped(Effect.flatMap(call.open(request), (parts) => Stream.runCollect(parts)))

const exchanged = (batch: Batch, request: ModelRequest, exchange: Exchange) =>
  Effect.scoped(Effect.flatMap(Resilient.anyCallOf(batch.via(exchange)), (call) => partsOf(call, request)))

/** The body of a request. It goes no further. */
export const bodyOf = (batch: Batch, request: ModelRequest): Effect.Effect<unknown, unknown> =>
  Effect.suspend(() => {
    let taken: Prepared<unknown> | undefined
    const take: Exchange = (prepared) =>
      Effect.flatMap(prepared, (made) => {
        taken = made
        return Effect.interrupt
      })
    return Effect.flatMap(Effect.exit(exchanged(batch, request, take)), (exit) =>
      taken === undefined
        ? Effect.andThen(exit, Effect.die(new Error("nothing was asked")))
        : Effect.succeed(taken.body),
    )
  })

/** The parts of the answer that a line has. */
export const readBy = (batch: Batch, request: ModelRequest, answer: unknown) =>
  exchanged(batch, request, (prepared) => Effect.flatMap(prepared, ({ read }) => read(answer)))

/** So many plain items, `item-0` and so on. */
export const itemsOf = ({ batch, questions }: Pick<Trial, "batch" | "questions">, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index),
    (index) =>
      Effect.map(bodyOf(batch, questions.plain(`question ${index}`)), (body): Item => ({ id: `item-${index}`, body })),
  )

/** Uploads what is to be uploaded, and makes a batch. */
export const submit = Effect.fnUntraced(function* (batch: Batch, items: ReadonlyArray<Item>, name = "job-1") {
  const stream = Stream.fromIterable(items)
  const file = batch.upload === undefined ? undefined : yield* batch.upload(stream, name)
  return yield* batch.create({ name, file, items: stream })
})

/** Asks until the batch is over. */
export const over = Effect.fnUntraced(function* (batch: Batch, id: string) {
  let status: Status = yield* batch.status(id)
  for (let poll = 0; status.state === "running" && poll < 5; poll++) status = yield* batch.status(id)
  return status
})

/** The lines of a batch by the ids of their items, and how many name none. */
export const linesOf = Effect.fnUntraced(function* (batch: Batch, id: string) {
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
export const through = Effect.fnUntraced(function* (trial: Trial, count: number) {
  const { batch } = trial
  const id = yield* submit(batch, yield* itemsOf(trial, count))
  const status = yield* over(batch, id)
  return { id, status, ...(yield* linesOf(batch, id)) }
})
