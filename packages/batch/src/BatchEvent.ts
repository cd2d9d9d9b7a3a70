/**
 * What happens to batch jobs and bulk runs. These events arrive at the same sink as all others, `Event.listen`.
 *
 * Each is told once, by the process that wrote it down. A process that is killed between the two tells nothing of it.
 *
 * @since 0.1.0
 */
import * as Events from "@holdfast/core/Event"
import { Duration, type Effect } from "effect"

import { type State } from "./internal/job/state.ts"

/**
 * What is asked, and where.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source {
  readonly job: string
  /** `chat`, `embeddings`, as `gen_ai.operation.name` has it. */
  readonly operation: string
  readonly provider: string
  readonly model: string
}

/**
 * A batch of a job has reached a state. A job that is too large for one batch has several.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchMoved extends Source {
  readonly _tag: "BatchMoved"
  /** Which batch of the job; counts from 0. */
  readonly piece: number
  readonly to: State
  /** From the request that made the batch to the answers, where it has ended. */
  readonly took: Duration.Duration | undefined
}

/**
 * What became of an item: `failed` was refused or could not be sent, and of `lost` nobody can say.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome = "succeeded" | "failed" | "expired" | "canceled" | "lost"

/**
 * Items of a job have ended, as the vendor says. What their programs make of the answers is another matter.
 *
 * @since 0.1.0
 * @category models
 */
export interface BatchItemsEnded extends Source {
  readonly _tag: "BatchItemsEnded"
  readonly outcome: Outcome
  readonly count: number
}

/**
 * An item of a bulk run is over, in whichever mode it was asked. Without a journal it is told again when the run is.
 *
 * @since 0.1.0
 * @category models
 */
export interface BulkItemEnded {
  readonly _tag: "BulkItemEnded"
  readonly id: string
  readonly mode: "live" | "batch"
  readonly outcome: "succeeded" | "failed"
}

/**
 * @since 0.1.0
 * @category models
 */
export type Event = BatchMoved | BatchItemsEnded | BulkItemEnded

type BatchEvents = Event

declare module "@holdfast/core/Event" {
  interface Events {
    readonly batch: BatchEvents
  }
}

/**
 * Whether an event is one of a job or of a bulk run.
 *
 * **Example** (Hearing of batches that end)
 *
 * ```ts
 * import { BatchEvent } from "@holdfast/batch"
 * import { Event } from "@holdfast/core"
 * import { Effect } from "effect"
 *
 * const ended: Array<string> = []
 * const program = Event.listen(Effect.void, (event) => {
 *   if (BatchEvent.isBatchEvent(event) && event._tag === "BatchMoved" && event.to === "ended") ended.push(event.job)
 * })
 *
 * await Effect.runPromise(program)
 *
 * ended // => []
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const isBatchEvent = (event: { readonly _tag: string }): event is Event => Object.hasOwn(summaries, event._tag)

const summaries: { readonly [Tag in Event["_tag"]]: (event: Extract<Event, { readonly _tag: Tag }>) => string } = {
  BatchMoved: ({ job, model, piece, provider, to, took }) =>
    `batch ${piece} of ${job} at ${model} of ${provider} is ${to}${took === undefined ? "" : ` after ${Duration.format(took)}`}`,
  BatchItemsEnded: ({ count, job, outcome }) => `${count} items of ${job}: ${outcome}`,
  BulkItemEnded: ({ id, outcome }) => `${id} ${outcome}`,
}

/**
 * Gives an event to the sink, if there is one.
 *
 * @since 0.1.0
 * @category combinators
 */
export const emit: (event: () => Event) => Effect.Effect<void> = Events.emitter<Event>(summaries)
