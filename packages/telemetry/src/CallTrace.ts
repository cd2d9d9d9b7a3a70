/**
 * What happened to one call, from its beginning to its end: what all outputs of this package are made of.
 *
 * @since 0.1.0
 */
import { type Attempt, type Event, type RequestContext } from "@holdfast/core"
import { type Charge, Money } from "@holdfast/cost"

/**
 * One event of a call, and when it was told.
 *
 * @since 0.1.0
 * @category models
 */
export interface Step {
  /** Milliseconds since the call began, by a clock that is never set back. */
  readonly at: number
  readonly event: Event.Event
}

/**
 * One attempt of a call. `ended` is `undefined` in the trace of a call that ended before its attempt, which is a mistake of a
 * policy.
 *
 * @since 0.1.0
 * @category models
 */
export interface TracedAttempt {
  /** Milliseconds since the call began. */
  readonly at: number
  readonly attempt: Attempt.Attempt
  readonly charge: Charge.Charge
}

/**
 * A call that is over.
 *
 * **Details**
 *
 * Attempts that belong to no call, such as those of a batch, have a trace of their own without `started` and `ended`.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallTrace {
  readonly callId: string
  /** Unix time in milliseconds, for people. */
  readonly startedAt: number
  readonly started: Event.CallStarted | undefined
  readonly ended: Event.CallEnded | undefined
  readonly context: RequestContext.RequestContext
  /** In order. */
  readonly steps: ReadonlyArray<Step>
  /** In the order in which they ended. */
  readonly attempts: ReadonlyArray<TracedAttempt>
  /** Of all attempts together. Those without a price are not in it. */
  readonly cost: Money.Money
}

/**
 * Whether a call was refused, has failed, or had an attempt that failed: what a log keeps in any case.
 *
 * @since 0.1.0
 * @category getters
 */
export const hasFailure = ({ attempts, ended, steps }: CallTrace): boolean =>
  ended?.outcome._tag === "Failed" ||
  attempts.some(({ attempt }) => attempt.outcome._tag === "Failed") ||
  steps.some(({ event }) => event._tag === "Refused")

/**
 * The sum of what attempts cost.
 *
 * @since 0.1.0
 * @category getters
 */
export const costOf = (attempts: ReadonlyArray<Pick<TracedAttempt, "charge">>): Money.Money => {
  let cost = Money.zero
  for (const { charge } of attempts) cost = Money.add(cost, charge.cost)
  return cost
}
