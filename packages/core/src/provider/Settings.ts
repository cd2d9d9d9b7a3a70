/**
 * The settings of a model, and how they are changed for the requests of one effect.
 *
 * @since 0.1.0
 */
import { type Context, Effect, Function } from "effect"

import { plainReferences } from "../internal/call/plainReferences.ts"

/**
 * The settings of a request: a model's own, with those of the effect that asks laid over them, field by field.
 *
 * @since 0.1.0
 * @category combinators
 */
export const layered = <S extends object>(reference: Context.Reference<S>, own: S | undefined): Effect.Effect<S> =>
  Effect.map(reference, (overrides) => ({ ...own, ...overrides }))

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * @since 0.1.0
 * @category models
 */
export interface Override<S> {
  (overrides: S): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, overrides: S): Effect.Effect<A, E, R>
}

/**
 * A provider's `withConfigOverride`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const override = <S extends object>(reference: Context.Reference<S>): Override<S> => {
  plainReferences.add(reference.key)
  return Function.dual(2, <A, E, R>(self: Effect.Effect<A, E, R>, overrides: S): Effect.Effect<A, E, R> =>
    Effect.updateService(self, reference, (current) => ({ ...current, ...overrides })),
  )
}
