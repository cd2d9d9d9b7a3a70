import { Effect } from "effect"

/**
 * How an attempt learns that a deadline interrupted it (a failure of the model) and not its caller (which says nothing of
 * the model), and how a deadline learns how long a guard held the call up.
 *
 * @since 0.1.0
 * @category models
 */
export interface Interruption {
  readonly outer: Interruption | undefined
  reason: unknown
  /** Nanoseconds spent with guards so far, and since when one is at work. */
  paused: bigint
  pausedSince: bigint | undefined
  /** Wakes the deadline that waits for the guard to be done. */
  wake: (() => void) | undefined
}

/** An interruption inside of another one. */
export const makeInterruption = (outer: Interruption | undefined): Interruption => ({
  outer,
  reason: undefined,
  paused: 0n,
  pausedSince: undefined,
  wake: undefined,
})

/** Makes the error of an interruption and notes it as its reason. */
export const reason = <E>(interruption: Interruption, make: () => E): E => {
  const error = make()
  interruption.reason = error
  return error
}

/** The reason of the innermost interruption that has one. */
export const reasonOf = (interruption: Interruption | undefined): unknown => {
  for (let current = interruption; current !== undefined; current = current.outer) {
    if (current.reason !== undefined) return current.reason
  }
  return undefined
}

/** Stops the clocks while an effect runs, which has nothing to do with the model. */
export const pausingClock = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  interruption: Interruption | undefined,
  now: () => bigint,
) =>
  interruption === undefined
    ? self
    : Effect.suspend(() => {
        pause(interruption, now())
        return Effect.onExitPrimitive(self, () => {
          resume(interruption, now())
          return undefined
        })
      })

/** How long the model has been waited for. */
export const elapsed = ({ paused, pausedSince }: Interruption, began: bigint, now: bigint): bigint =>
  (pausedSince ?? now) - began - paused

/** Waits while a guard is at work, which it is now. */
export const untilResumed = (interruption: Interruption): Effect.Effect<void> =>
  Effect.callback((resumed) => {
    interruption.wake = () => resumed(Effect.void)
  })

const pause = (interruption: Interruption, now: bigint): void => {
  for (let current: Interruption | undefined = interruption; current !== undefined; current = current.outer)
    current.pausedSince ??= now
}

const resume = (interruption: Interruption, now: bigint): void => {
  for (let current: Interruption | undefined = interruption; current !== undefined; current = current.outer) {
    if (current.pausedSince === undefined) continue
    current.paused += now - current.pausedSince
    current.pausedSince = undefined
    current.wake?.()
    current.wake = undefined
  }
}
