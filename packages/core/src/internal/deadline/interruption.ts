import { Context, Effect } from "effect"

/**
 * What a deadline and the attempts below it tell each other.
 *
 * An attempt that is interrupted looks here whether a deadline cut it, which is a failure of the model, or the caller gave
 * it up, which is not. And a deadline looks here how long it was not the model that was waited for.
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

export const CurrentInterruption: Context.Reference<Interruption | undefined> = Context.Reference<
  Interruption | undefined
>("@holdfast/core/CurrentCut", { defaultValue: () => undefined })

/** A cut inside of another one. */
export const makeInterruption = (outer: Interruption | undefined): Interruption => ({
  outer,
  reason: undefined,
  paused: 0n,
  pausedSince: undefined,
  wake: undefined,
})

/** Runs an effect that can be cut. */
export const interruptible = <A, E, R>(self: (cut: Interruption) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const cut = makeInterruption(fiber.getRef(CurrentInterruption))
    return Effect.provideService(self(cut), CurrentInterruption, cut)
  })

/** Makes the error of a cut and writes it down. */
export const reason = <E>(cut: Interruption, make: () => E): E => {
  const error = make()
  cut.reason = error
  return error
}

/** The reason of the innermost cut that has one. */
export const reasonOf = (cut: Interruption | undefined): unknown => {
  for (let current = cut; current !== undefined; current = current.outer) {
    if (current.reason !== undefined) return current.reason
  }
  return undefined
}

/** Stops the clocks while an effect runs, which has nothing to do with the model. */
export const pausingClock = <A, E, R>(self: Effect.Effect<A, E, R>, cut: Interruption | undefined, now: () => bigint) =>
  cut === undefined
    ? self
    : Effect.suspend(() => {
        pause(cut, now())
        return Effect.onExitPrimitive(self, () => {
          resume(cut, now())
          return undefined
        })
      })

/** How long the model has been waited for. */
export const elapsed = ({ paused, pausedSince }: Interruption, began: bigint, now: bigint): bigint =>
  (pausedSince ?? now) - began - paused

/** Waits while a guard is at work, which it is now. */
export const untilResumed = (cut: Interruption): Effect.Effect<void> =>
  Effect.callback((resumed) => {
    cut.wake = () => resumed(Effect.void)
  })

const pause = (cut: Interruption, now: bigint): void => {
  for (let current: Interruption | undefined = cut; current !== undefined; current = current.outer)
    current.pausedSince ??= now
}

const resume = (cut: Interruption, now: bigint): void => {
  for (let current: Interruption | undefined = cut; current !== undefined; current = current.outer) {
    if (current.pausedSince === undefined) continue
    current.paused += now - current.pausedSince
    current.pausedSince = undefined
    current.wake?.()
    current.wake = undefined
  }
}
