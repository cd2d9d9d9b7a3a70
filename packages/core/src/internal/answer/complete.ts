import { Effect, Stream } from "effect"

import { type Part } from "../../ModelCall.ts"

const Complete = Symbol("@holdfast/core/whole")

/** An answer that is there as a whole, as a stream. */
export const ofParts = (parts: ReadonlyArray<Part>): Stream.Stream<Part> =>
  Object.assign(Stream.fromArray(parts), { [Complete]: parts })

/** The parts of an answer that is there as a whole. */
export const partsIfComplete = (answer: Stream.Stream<Part, unknown>): ReadonlyArray<Part> | undefined =>
  (answer as { readonly [Complete]?: ReadonlyArray<Part> })[Complete]

/** All parts of an answer; those of a whole one without running its stream, which costs more than the rest of a call. */
export const collect = <E>(answer: Stream.Stream<Part, E>): Effect.Effect<ReadonlyArray<Part>, E> => {
  const whole = partsIfComplete(answer)
  return whole === undefined ? Stream.runCollect(answer) : Effect.succeed(whole)
}
