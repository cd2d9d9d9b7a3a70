/**
 * What a job is asked.
 */
import { type DurationInput } from "@holdfast/core/DurationInput"
import { type Kind, type Provides } from "@holdfast/core/Operation"
import { type BatchProvider, type CallFailure, type Limits } from "@holdfast/core/provider/BatchProvider"
import { type Budget } from "@holdfast/cost"
import { type Effect, type Schedule } from "effect"
import { type AiError } from "effect/ai"

import { type DuplicateItem } from "../bulk/errors.ts"
import { type BatchUnsure, type ItemFailure, type JobDiffers, type JobsUnavailable } from "./errors.ts"
import { type State } from "./state.ts"

/**
 * What is done about batches of which nobody can say whether one of them is the job's: `BatchJob.wait`, `createAgain` or `fail`.
 *
 * @since 0.1.0
 * @category models
 */
export type WhenUnsure = { readonly _tag: "Wait" } | { readonly _tag: "CreateAgain" } | { readonly _tag: "Fail" }

/**
 * How a job stands.
 *
 * @since 0.1.0
 * @category models
 */
export interface Standing {
  readonly id: string
  /** What is asked: `chat`, `embeddings`. */
  readonly operation: string
  readonly provider: string
  readonly model: string
  /** That of the piece which is behind all others. */
  readonly state: State
  /** Whether somebody wished to cancel it. */
  readonly canceled: boolean
  /** `undefined` until all items are prepared. */
  readonly items: number | undefined
  /** Items by what became of them: `Answered`, `Refused`, `Canceled`, `Expired`, `Missing`, `Unsent`, and `open` before that. */
  readonly ends: Readonly<Record<string, number>>
  /** One for each batch of the vendor. */
  readonly pieces: ReadonlyArray<{
    readonly state: State
    readonly batch: string | undefined
    readonly items: number
  }>
}

/**
 * What a vendor said of one batch when it was asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface Progress {
  readonly job: string
  /** Counts from 0. */
  readonly piece: number
  readonly batch: string
  /** The vendor's own word for it. */
  readonly vendorState: string
  readonly counts: { readonly total: number; readonly succeeded: number; readonly failed: number } | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<in I, out A, out E, out R, in out K extends Kind, out PE = never, out PR = never> {
  /** Of the job. Started again with the same one, the work goes on, in whichever process. */
  readonly job: string
  /** The vendor's batch API, for one model. */
  readonly provider: Effect.Effect<BatchProvider<K>, PE, PR>
  /**
   * One item's question, with `LanguageModel` or `EmbeddingModel` as in any program. It runs up to its request first, and from the
   * answer on later.
   */
  readonly ask: (item: I) => Effect.Effect<A, E, R>
  /** By which an item is known again. No two items may have the same. */
  readonly id: (item: I) => string
  /** Under all of these, or not at all, is the job sent. */
  readonly budgets?: ReadonlyArray<Budget.Options> | undefined
  /** How items are priced, and what happens where that or the ledger fails. What nobody can know counts with `Budget.atMost`. */
  readonly settings?: Omit<Budget.Settings, "lease" | "wait"> | undefined
  /** `BatchJob.wait` if left out. */
  readonly whenUnsure?: WhenUnsure | undefined
  /** How often the vendor is asked how a batch stands. `BatchJob.poll` if left out. */
  readonly poll?: Schedule.Schedule<unknown> | undefined
  /** How long a process that does not renew it keeps a job to itself. 1 minute if left out. */
  readonly lease?: DurationInput | undefined
  /** How long a create may take. 5 minutes if left out. */
  readonly createTimeout?: DurationInput | undefined
  /** How long after it was made a batch may be missing from the vendor's list. 1 minute if left out. */
  readonly listDelay?: DurationInput | undefined
  /** The most that one batch takes, where that is to be less than the vendor allows. 50 MB if left out. */
  readonly limits?: Partial<Limits> | undefined
  /** How many answers are read at the same time. 64 if left out. */
  readonly window?: number | undefined
  /** Told each time that the vendor was asked. */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<unknown>) | undefined
}

/**
 * A program that asks for a model of another operation than the job's has no place in it: that model would be asked live, and twice.
 *
 * @since 0.1.0
 * @category utility types
 */
export type OfOneOperation<R, K extends Kind> = [Extract<R, Exclude<Provides, Provides<K>>>] extends [never]
  ? unknown
  : { readonly ask: "asks for a model of another operation than that of the provider" }

/**
 * Why a job ends before its results do. Whatever it is, the job goes on from there when it is started again.
 *
 * **Details**
 *
 * `AiError` is the vendor's refusal of the job as a whole, such as one of the key. Of the refusals of a budget nothing was sent, and
 * nothing stays reserved.
 *
 * @since 0.1.0
 * @category errors
 */
export type Ended = AiError.AiError | BatchUnsure | Budget.Refusal | DuplicateItem | JobDiffers | JobsUnavailable

/**
 * How an item fails beside its own program.
 *
 * @since 0.1.0
 * @category errors
 */
export type Failed<K extends Kind> = CallFailure<K> | Budget.Refusal | ItemFailure
