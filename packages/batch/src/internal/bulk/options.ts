/**
 * What a run is asked, and what it gives.
 */
import { type Resilient } from "@holdfast/core"
import { type DurationInput } from "@holdfast/core/DurationInput"
import { type Kind } from "@holdfast/core/Operation"
import { type Money } from "@holdfast/cost"
import { type Effect } from "effect"

import type * as Journal from "../../Journal.ts"
import { type Progress } from "../../Progress.ts"
import { type Bill } from "./bill.ts"
import { type CostCapReached, type DuplicateItem, type RunStopped } from "./errors.ts"
import { type AnyMode } from "./mode.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Answered<out A> {
  readonly _tag: "Answered"
  readonly id: string
  /** Its place among the items, from 0. */
  readonly index: number
  readonly answer: A
  readonly bill: Bill
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Failed<out E> {
  readonly _tag: "Failed"
  readonly id: string
  readonly index: number
  readonly error: E
  /** What its attempts cost all the same. */
  readonly bill: Bill
}

/**
 * What became of one item.
 *
 * @since 0.1.0
 * @category models
 */
export type BulkResult<A, E> = Answered<A> | Failed<E>

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<in I, in out A, out E, out R, out JR = never> {
  /** One item's question, with `LanguageModel` or `EmbeddingModel` as in any program. */
  readonly ask: (item: I) => Effect.Effect<A, E, R>
  /** By which the journal knows an item again. No two items may have the same. */
  readonly id: (item: I) => string
  /** How many items are held at the same time. 64 if left out; how many are asked at once is the stack's decision. */
  readonly window?: number | undefined
  /**
   * What the run may cost, with all that its journal has spent before. The worst case of each attempt is reserved first, so it is
   * never exceeded; items that were under way when a process was killed are not in the journal. No cap if left out.
   */
  readonly cap?: Money.Input | undefined
  /** Where results are kept, and from which a run that is started again goes on. */
  readonly journal?: Journal.Journal<A, JR> | undefined
  /** Asks items again that the journal has as failed. */
  readonly retryFailed?: boolean | undefined
  /** What of an item is copied into its line of the journal. */
  readonly keep?: ((item: I) => unknown) | undefined
  /** When it succeeds, no further item is taken, and those under way have `grace` to end. */
  readonly stop?: Effect.Effect<unknown> | undefined
  /** 30 seconds if left out. */
  readonly grace?: DurationInput | undefined
  /** How many items there are, for what is left. Known by itself for an array or a set. */
  readonly total?: number | undefined
  /** Told after each item. */
  readonly onProgress?: ((progress: Progress) => Effect.Effect<unknown>) | undefined
}

/**
 * A run through a model, now.
 *
 * @since 0.1.0
 * @category models
 */
export interface LiveOptions<
  in I,
  in out A,
  out E,
  out R,
  in out K extends Kind,
  out ME,
  out MR,
  out JR = never,
> extends Options<I, A, E, R, JR> {
  /** With all its policies. What it remembers is its own: other calls of the same model share its limits. */
  readonly model: Resilient.Resilient<K, ME, MR>
  readonly mode?: undefined
}

/**
 * A run in the mode that was chosen.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModeOptions<in I, in out A, out E, out R, out M extends AnyMode, out JR = never> extends Options<
  I,
  A,
  E,
  R,
  JR
> {
  /** `Bulk.live` or `Bulk.batch`. */
  readonly mode: M
  readonly model?: undefined
}

/**
 * Why a run ends before its items do.
 *
 * @since 0.1.0
 * @category errors
 */
export type Ended = CostCapReached | DuplicateItem | RunStopped | Journal.JournalFailed
