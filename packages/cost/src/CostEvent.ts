/**
 * What happens to money, told to whoever listens.
 *
 * **Where in a stack**: nowhere by itself; a sink in context hears of the budgets and ledgers of everything inside.
 *
 * @since 0.1.0
 */
import { Context, type DateTime, Effect, Layer, Result, Stream } from "effect"
import { dual } from "effect/Function"

import { type LedgerUnavailable } from "./Ledger.ts"
import type * as Money from "./Money.ts"

/**
 * A budget has spent a share of its limit, for the first time in its window.
 *
 * @since 0.1.0
 * @category models
 */
export interface ThresholdReached {
  readonly _tag: "ThresholdReached"
  readonly budget: string
  /** `"day"`, `"month"`, or the length of a rolling window. */
  readonly window: string
  /** Whose limit it is, where each tenant, tag or model has its own. */
  readonly scope: string | undefined
  /** From 0 to 1. */
  readonly threshold: number
  readonly limit: Money.Money
  readonly spent: Money.Money
  /** `undefined` for a rolling window. */
  readonly resetsAt: DateTime.Utc | undefined
}

/**
 * An attempt cost more than its worst case was estimated at, so a limit may have been passed.
 *
 * @since 0.1.0
 * @category models
 */
export interface BoundExceeded {
  readonly _tag: "BoundExceeded"
  readonly attempt: string
  readonly provider: string
  readonly model: string
  readonly bound: Money.Money
  readonly cost: Money.Money
}

/**
 * The worst case of an attempt is not certain, for reasons that `Estimate.Doubt` lists.
 *
 * @since 0.1.0
 * @category models
 */
export interface BoundDoubtful {
  readonly _tag: "BoundDoubtful"
  readonly attempt: string
  readonly provider: string
  readonly model: string
  readonly doubts: ReadonlyArray<string>
}

/**
 * The ledger did not take something down. An attempt that goes on all the same is not counted; a settlement is tried again
 * until it is there or its process ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface LedgerFailed {
  readonly _tag: "LedgerFailed"
  readonly attempt: string
  readonly error: LedgerUnavailable
}

/**
 * @since 0.1.0
 * @category models
 */
export type Event = ThresholdReached | BoundExceeded | BoundDoubtful | LedgerFailed

/**
 * Receives events, synchronously and in order. What it returns or throws is ignored.
 *
 * @since 0.1.0
 * @category models
 */
export type Sink = (event: Event) => unknown

/**
 * The sink of the running fiber; `undefined` while nobody listens.
 *
 * @since 0.1.0
 * @category references
 */
export const Sink: Context.Reference<Sink | undefined> = Context.Reference<Sink | undefined>("@holdfast/cost/Sink", {
  defaultValue: () => undefined,
})

/**
 * Lets a sink listen to everything inside, beside any sink that listens already.
 *
 * **Example** (Hearing of alerts)
 *
 * ```ts
 * import { CostEvent } from "@holdfast/cost"
 * import { Effect } from "effect"
 *
 * const alerts: Array<string> = []
 * const program = CostEvent.listen(Effect.void, (event) => {
 *   if (event._tag === "ThresholdReached") alerts.push(event.budget)
 * })
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const listen: {
  (sink: Sink): <P extends Program>(self: P) => P
  <P extends Program>(self: P, sink: Sink): P
} = dual(2, (self: Program, sink: Sink): Program =>
  Stream.isStream(self)
    ? Stream.updateService(self, Sink, besides(sink))
    : Effect.updateService(self, Sink, besides(sink)),
)

type Program = Effect.Effect<unknown, unknown, unknown> | Stream.Stream<unknown, unknown, unknown>

/**
 * A sink for a whole application.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSink = (sink: Sink): Layer.Layer<never> => Layer.succeed(Sink, sink)

/**
 * Gives an event to whoever listens.
 *
 * @since 0.1.0
 * @category combinators
 */
export const emit = (event: () => Event): Effect.Effect<void> =>
  Effect.flatMap(Sink, (sink) =>
    sink === undefined ? Effect.void : Effect.ignoreCause(Effect.sync(() => sink(event()))),
  )

const besides =
  (sink: Sink) =>
  (outer: Sink | undefined): Sink =>
    outer === undefined
      ? sink
      : (event) => {
          // One that throws must not keep the other from hearing.
          Result.try(() => outer(event))
          sink(event)
        }
