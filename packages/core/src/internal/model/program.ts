import { type Effect, type Stream } from "effect"

/**
 * What combinators work on that are meant for effects and for streams alike. A function with an overload for each would
 * not work in `pipe`, which only sees the last one.
 */
export type Program = Effect.Effect<unknown, unknown, unknown> | Stream.Stream<unknown, unknown, unknown>

/** The same program with another error and other requirements. */
export type Changed<P, AddedError, Provided, AddedNeeds> =
  P extends Effect.Effect<infer A, infer E, infer R>
    ? Effect.Effect<A, E | AddedError, Exclude<R, Provided> | AddedNeeds>
    : P extends Stream.Stream<infer A, infer E, infer R>
      ? Stream.Stream<A, E | AddedError, Exclude<R, Provided> | AddedNeeds>
      : never

/** The same program. */
export type Unchanged<P> = Changed<P, never, never, never>
