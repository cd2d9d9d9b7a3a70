/**
 * The guards of an attempt, asked one after the other, the outermost first.
 */
import { Effect } from "effect"

import { type Attempt, type AttemptGuard, type AttemptStart, type Reservation } from "../call/types.ts"
import { refuse } from "../event/refuse.ts"
import { GuardRefusal } from "./guardRefusal.ts"

/** What all guards have set aside; nothing where there are none. */
export type Granted = { readonly settle: (attempt: Attempt) => Effect.Effect<void> } | undefined

export const granted: Granted = undefined

/**
 * Reserves with every guard. When one refuses, or is interrupted while it waits, what the ones before it reserved is given
 * back. Attempts reserve uninterruptibly, so nothing is lost between two guards.
 */
export const reserveAll = (
  guards: ReadonlyArray<AttemptGuard<unknown>>,
  start: AttemptStart,
): Effect.Effect<NonNullable<Granted>> =>
  // Not in the error type of a call: whoever installs a guard takes its refusal out again.
  reserveFrom(guards, 0, start) as unknown as Effect.Effect<NonNullable<Granted>>

const reserve = (guard: AttemptGuard<unknown>, start: AttemptStart): Effect.Effect<Reservation, GuardRefusal> =>
  Effect.catch(
    Effect.suspend(() => guard.reserve(start)),
    (error) =>
      Effect.mapError(
        refuse(start.request, start, { policy: guard.name ?? "AttemptGuard", error }),
        () => new GuardRefusal(guard, error),
      ),
  )

const reserveFrom = (
  guards: ReadonlyArray<AttemptGuard<unknown>>,
  index: number,
  start: AttemptStart,
): Effect.Effect<Reservation, GuardRefusal> => {
  const first = reserve(guards[index] as AttemptGuard<unknown>, start)
  if (index === guards.length - 1) return first
  return Effect.flatMap(first, (outer) =>
    reserveFrom(guards, index + 1, start).pipe(
      Effect.onError(() => outer.release),
      Effect.map((inner) => both(outer, inner)),
    ),
  )
}

// A guard is the application's code: one that throws must not keep the other from being settled.
const both = (outer: Reservation, inner: Reservation): Reservation => ({
  settle: (attempt) =>
    Effect.ensuring(
      Effect.suspend(() => inner.settle(attempt)),
      Effect.suspend(() => outer.settle(attempt)),
    ),
  release: Effect.ensuring(inner.release, outer.release),
})
