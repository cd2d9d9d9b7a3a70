import { Effect, Stream } from "effect"

import { type Part } from "../../ModelCall.ts"

const Whole = Symbol("@holdfast/core/whole")

/** An answer that is there as a whole, as a stream. */
export const fromWhole = (parts: ReadonlyArray<Part>): Stream.Stream<Part> =>
  Object.assign(Stream.fromArray(parts), { [Whole]: parts })

/** The parts of an answer that is there as a whole. */
export const partsOf = (answer: Stream.Stream<Part, unknown>): ReadonlyArray<Part> | undefined =>
  (answer as { readonly [Whole]?: ReadonlyArray<Part> })[Whole]

/** All parts of an answer; those of a whole one without running its stream, which costs more than the rest of a call. */
export const collect = <E>(answer: Stream.Stream<Part, E>): Effect.Effect<ReadonlyArray<Part>, E> => {
  const whole = partsOf(answer)
  return whole === undefined ? Stream.runCollect(answer) : Effect.succeed(whole)
}
