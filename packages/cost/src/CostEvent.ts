/**
 * What happens to money. These events arrive at the same sink as all others, `Event.listen`.
 *
 * @since 0.1.0
 */
import * as Events from "@holdfast/core/Event"
import type * as StorageMeter from "@holdfast/core/StorageMeter"
import { type DateTime, type Effect } from "effect"

import { type Charge } from "./internal/budget/settlement.ts"
import { type LedgerUnavailable } from "./internal/ledger/unavailable.ts"
import * as Money from "./Money.ts"

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
 * The ledger did not write something down. It is emitted once for each attempt and step. It is tried again until it is written or
 * the ledger is closed. An attempt that goes on without a reservation, as `Budget.unguarded` lets it, is charged to its budgets then.
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
 * A budget has set aside the most that an attempt can cost, which is about to go out.
 *
 * @since 0.1.0
 * @category models
 */
export interface AttemptReserved {
  readonly _tag: "AttemptReserved"
  readonly attempt: string
  readonly callId: string
  readonly worst: Money.Money
}

/**
 * What was set aside for an attempt is free again, because another guard refused it. Nothing was sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface AttemptReleased {
  readonly _tag: "AttemptReleased"
  readonly attempt: string
  readonly callId: string
}

/**
 * What an attempt cost, after `AttemptEnded` and before the end of its call. It is emitted as soon as it is known, whether or not the
 * ledger can be reached. Budgets that are piped apart tell it once each.
 *
 * @since 0.1.0
 * @category models
 */
export interface AttemptCharged {
  readonly _tag: "AttemptCharged"
  readonly attempt: string
  readonly callId: string
  readonly provider: string
  readonly model: string
  readonly charge: Charge
}

/**
 * What was stored for a time was settled.
 *
 * @since 0.1.0
 * @category models
 */
export interface StorageCharged {
  readonly _tag: "StorageCharged"
  readonly span: StorageMeter.Span
  readonly stored: StorageMeter.Stored
  readonly cost: Money.Money
}

/**
 * @since 0.1.0
 * @category models
 */
export type Event =
  | ThresholdReached
  | BoundExceeded
  | BoundDoubtful
  | LedgerFailed
  | AttemptReserved
  | AttemptReleased
  | AttemptCharged
  | StorageCharged

type CostEvents = Event

declare module "@holdfast/core/Event" {
  interface Events {
    readonly cost: CostEvents
  }
}

/**
 * Whether an event is about money.
 *
 * **Example** (Hearing of alerts)
 *
 * ```ts
 * import { Event } from "@holdfast/core"
 * import { CostEvent } from "@holdfast/cost"
 * import { Effect } from "effect"
 *
 * const alerts: Array<string> = []
 * const program = Event.listen(Effect.void, (event) => {
 *   if (CostEvent.isCostEvent(event) && event._tag === "ThresholdReached") alerts.push(event.budget)
 * })
 *
 * await Effect.runPromise(program)
 *
 * alerts // => []
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const isCostEvent = (event: { readonly _tag: string }): event is Event => Object.hasOwn(summaries, event._tag)

const summaries: { readonly [Tag in Event["_tag"]]: (event: Extract<Event, { readonly _tag: Tag }>) => string } = {
  ThresholdReached: ({ budget, limit, scope, spent, threshold, window }) =>
    `${budget}${scope === undefined ? "" : ` of ${scope}`} has spent ${Money.format(spent)} of ${Money.format(limit)} per ${window}, which is over ${threshold * 100} %`,
  BoundExceeded: ({ bound, cost, model, provider }) =>
    `an attempt at ${model} of ${provider} cost ${Money.format(cost)}, more than the ${Money.format(bound)} that was reserved for it`,
  BoundDoubtful: ({ doubts, model, provider }) =>
    `the most that an attempt at ${model} of ${provider} may cost is uncertain: ${doubts.join(", ")}`,
  LedgerFailed: ({ error }) => `the ledger failed: ${error.message}`,
  AttemptReserved: ({ worst }) => `reserved ${Money.format(worst)}`,
  AttemptReleased: () => "released the reservation",
  AttemptCharged: ({ charge: { basis, cost }, model, provider }) =>
    `${model} of ${provider} cost ${Money.format(cost)} (${basis})`,
  StorageCharged: ({ cost, span: { model, provider }, stored: { tokens } }) =>
    `${tokens} tokens of ${model} of ${provider} were stored for ${Money.format(cost)}`,
}

/**
 * Gives an event to the sink, if there is one.
 *
 * @since 0.1.0
 * @category combinators
 */
export const emit: (event: () => Event) => Effect.Effect<void> = Events.emitter<Event>(summaries)
