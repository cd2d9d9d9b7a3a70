/**
 * The two ways in which items are asked: now, one by one, and in batches of the vendor.
 */
import { type Resilient } from "@holdfast/core"
import { type Kind } from "@holdfast/core/Operation"
import { type Ledger, type PriceBook } from "@holdfast/cost"
import { type Types } from "effect"

import { type Jobs } from "../job/jobs.ts"
import { type Ended as JobEnded, type Failed as ItemFailed, type Options as JobOptions } from "../job/options.ts"

const TypeId = "~holdfast/batch/Mode"

/**
 * How a run asks its items: `live` or `batch`. Items fail with `Failure`, and the run with `Ended`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Mode<in out K extends Kind, out Failure, out Ended, out Needs> {
  readonly [TypeId]: {
    readonly _K: Types.Invariant<K>
    readonly _Failure: Types.Covariant<Failure>
    readonly _Ended: Types.Covariant<Ended>
    readonly _Needs: Types.Covariant<Needs>
    readonly how: Live | Batch
  }
}

/** Each item by a call of the model. */
export interface Live {
  readonly _tag: "Live"
  readonly model: Resilient.Resilient<Kind, unknown>
}

/** All items in one job. */
export interface Batch {
  readonly _tag: "Batch"
  readonly job: BatchOptions<Kind, unknown, unknown>
}

/**
 * A job without what it has from the run.
 *
 * @since 0.1.0
 * @category models
 */
export type BatchOptions<K extends Kind, PE = never, PR = never> = Omit<
  JobOptions<never, unknown, unknown, unknown, K, PE, PR>,
  "ask" | "id" | "window"
>

const make = <K extends Kind, Failure, Ended, Needs>(how: Live | Batch): Mode<K, Failure, Ended, Needs> =>
  ({ [TypeId]: { how } }) as unknown as Mode<K, Failure, Ended, Needs>

/**
 * Asks now, through the stack of a model.
 *
 * @since 0.1.0
 * @category modes
 */
export const live = <K extends Kind, E, R>(
  model: Resilient.Resilient<K, E, R>,
): Mode<K, E | PriceBook.PriceUnknown, never, R> =>
  make({ _tag: "Live", model: model as unknown as Resilient.Resilient<Kind, unknown> })

/**
 * Asks in batches of the vendor, as a job: at half the price, within a day. See `BatchJob`.
 *
 * @since 0.1.0
 * @category modes
 */
export const batch = <K extends Kind, PE = never, PR = never>(
  job: BatchOptions<K, PE, PR>,
): Mode<K, ItemFailed<K>, PE | JobEnded, PR | Jobs | Ledger.Ledger> =>
  make({ _tag: "Batch", job: job as unknown as BatchOptions<Kind, unknown, unknown> })

export const howOf = (mode: AnyMode): Live | Batch => mode[TypeId].how

/**
 * Any mode.
 *
 * @since 0.1.0
 * @category utility types
 */
// oxlint-disable-next-line typescript/no-explicit-any -- what an invariant parameter may be has no other name
export type AnyMode = Mode<any, unknown, unknown, unknown>

/** What a mode says of itself; of several that may be chosen, all of it. */
type KindOf<M> = M extends { readonly [TypeId]: { readonly _K: Types.Invariant<infer K extends Kind> } } ? K : never
export type FailureOf<M> = M extends Mode<infer _K, infer Failure, infer _Ended, infer _Needs> ? Failure : never
export type EndedOf<M> = M extends Mode<infer _K, infer _Failure, infer Ended, infer _Needs> ? Ended : never
export type NeedsOf<M> = M extends Mode<infer _K, infer _Failure, infer _Ended, infer Needs> ? Needs : never

/** What the model of a mode provides. */
export type ProvidedBy<M> = Resilient.Provides<KindOf<M>>
