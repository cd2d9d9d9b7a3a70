import { Effect, Exit, Fiber, type Scope } from "effect"

import { ownScope } from "./ownScope.ts"

/**
 * An opening against a timer, which fails when the time is up. The timer starts only if the opening is not done at once.
 *
 * The scope is of its own, because the opening may succeed just as the timer wins, and then nobody else would release what
 * it holds.
 */
export const raced = <A, E, R, E2>(
  opening: Effect.Effect<A, E, R | Scope.Scope>,
  timer: Effect.Effect<never, E2>,
): Effect.Effect<A, E | E2, R | Scope.Scope> =>
  ownScope(
    Effect.withFiber((parent) =>
      Effect.callback<A, E | E2, R | Scope.Scope>((resume) => {
        const fork = Effect.runForkWith(parent.context)
        const child = fork(opening as Effect.Effect<A, E>)
        const done = child.pollUnsafe()
        if (done !== undefined) return resume(done)
        const alarm = fork(timer)
        child.addObserver((exit) => {
          alarm.interruptUnsafe()
          resume(exit)
        })
        alarm.addObserver((exit) => {
          if (!Exit.hasInterrupts(exit)) resume(Effect.andThen(Fiber.interrupt(child), exit))
        })
        return Fiber.interruptAll([child, alarm])
      }),
    ),
  )
