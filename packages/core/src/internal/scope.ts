import { Context, Effect, Exit, Scope } from "effect"

/**
 * Gives an `open` a scope of its own below the caller's: if it fails or is interrupted, everything it acquired is
 * released before the caller hears of it; if it succeeds, the caller's scope owns the rest.
 */
export const ownScope = <A, E, R>(
  self: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Scope.Scope> =>
  Effect.withFiber((fiber) => {
    const own = Scope.makeUnsafe()
    return settled(Scope.provide(self, own), own, Context.getUnsafe(fiber.context, Scope.Scope))
  })

/** Closes a scope when what uses it fails, and otherwise hands it over to the outer one. Where nothing is held, this is free. */
export const settled = <A, E, R>(self: Effect.Effect<A, E, R>, own: Scope.Closeable, outer: Scope.Scope) =>
  Effect.onExitPrimitive(self, (exit) => {
    if (Exit.isFailure(exit)) return Scope.closeUnsafe(own, exit)
    if (own.state._tag === "Empty") return undefined
    return Scope.addFinalizerExit(outer, (end) => Scope.close(own, end))
  })
