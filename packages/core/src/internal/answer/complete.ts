import { Effect, Stream } from "effect"

const Complete = Symbol("@holdfast/core/whole")

/**
 * A complete answer as a stream that remembers its parts, because running a stream costs more than the rest of a call. A
 * policy that maps the stream loses the shortcut, not the answer.
 */
export const ofParts = <P>(parts: ReadonlyArray<P>): Stream.Stream<P> =>
  Object.assign(Stream.fromArray(parts), { [Complete]: parts })

/** The parts of an answer that is there as a whole. */
export const partsIfComplete = <P>(answer: Stream.Stream<P, unknown>): ReadonlyArray<P> | undefined =>
  (answer as { readonly [Complete]?: ReadonlyArray<P> })[Complete]

/** All parts of an answer; those of a whole one without running its stream, which costs more than the rest of a call. */
export const collect = <P, E>(answer: Stream.Stream<P, E>): Effect.Effect<ReadonlyArray<P>, E> => {
  const whole = partsIfComplete(answer)
  return whole === undefined ? Stream.runCollect(answer) : Effect.succeed(whole)
}
