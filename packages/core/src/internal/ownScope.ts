import { Effect, Exit, Scope } from "effect"

/**
 * Gives an `open` a scope of its own below the caller's: if it fails or is interrupted, everything it acquired is
 * released before the caller hears of it; if it succeeds, the caller's scope owns the rest.
 */
export const ownScope = <A, E, R>(
  self: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.scope, (parent) => {
      const scope = Scope.forkUnsafe(parent)
      return Effect.onExitPrimitive(
        restore(Scope.provide(self, scope)),
        (exit) => (Exit.isFailure(exit) ? Scope.close(scope, exit) : undefined),
        true,
      )
    }),
  )
