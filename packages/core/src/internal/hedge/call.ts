/**
 * Two openings, the second one begun later, of which the first to commit wins.
 */
import { Effect, Exit, Fiber, Scope } from "effect"

import { ownScope } from "../scope.ts"

export interface Contest<A, E> {
  readonly first: Effect.Effect<A, E, Scope.Scope>
  /** Waits for its time, and is begun only if the first one is not done by then. */
  readonly second: Effect.Effect<Effect.Effect<A, E, Scope.Scope> | undefined>
  /** A failure after which the other one need not be waited for. */
  readonly isFinal: (exit: Exit.Exit<A, E>) => boolean
}

interface Runner {
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly scope: Scope.Closeable
}

/** The loser is interrupted, and all that it holds is released, before the winner's answer is given. */
export const openHedged = <A, E>({ first, isFinal, second }: Contest<A, E>): Effect.Effect<A, E, Scope.Scope> =>
  ownScope(
    Effect.withFiber((parent) =>
      Effect.flatMap(Effect.scope, (scope) =>
        Effect.callback<A, E>((resume) => {
          const fork = Effect.runForkWith(parent.context)
          const running = new Set<Runner>()
          let over = false
          const settle = (exit: Exit.Exit<A, E>) => {
            over = true
            alarm?.interruptUnsafe()
            resume(Effect.andThen(stop([...running]), exit))
          }
          const begin = (opening: Effect.Effect<A, E, Scope.Scope>) => {
            const own = Scope.forkUnsafe(scope)
            const fiber = fork(Scope.provide(opening, own))
            const runner = { fiber, scope: own }
            running.add(runner)
            fiber.addObserver((exit) => {
              running.delete(runner)
              if (over) return
              if (Exit.isSuccess(exit) || running.size === 0 || isFinal(exit)) settle(exit)
            })
          }
          let alarm: Fiber.Fiber<void> | undefined
          begin(first)
          if (!over) {
            alarm = fork(
              Effect.map(second, (opening) => {
                if (opening !== undefined && !over) begin(opening)
              }),
            )
          }
          return Effect.suspend(() => {
            over = true
            return Effect.andThen(alarm === undefined ? Effect.void : Fiber.interrupt(alarm), stop([...running]))
          })
        }),
      ),
    ),
  )

const stop = (runners: ReadonlyArray<Runner>): Effect.Effect<void> =>
  Effect.forEach(runners, ({ fiber, scope }) => Effect.andThen(Fiber.interrupt(fiber), Scope.close(scope, Exit.void)), {
    discard: true,
  })
