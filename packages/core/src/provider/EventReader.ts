/**
 * From a vendor's events to the parts of `effect/ai`, one stream at a time.
 *
 * What differs between vendors is a small synchronous reader that keeps the state of one answer. How it is driven is
 * the same for all, and is here.
 *
 * @since 0.1.0
 */
import { Cause, Effect, Pull, Stream } from "effect"
import { type AiError, type Response } from "effect/ai"

import * as Patience from "../internal/deadline/patience.ts"
import { noMoreEvents } from "./AnswerBody.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type Part = Response.StreamPartEncoded
/**
 * @since 0.1.0
 * @category models
 */
export type Parts = readonly [Part, ...Array<Part>]

// Parts that an answer has in both modes.
type CommonPart = Extract<Response.PartEncoded, Response.StreamPartEncoded>

/**
 * Where parts go that an answer has in both modes: a list of the parts of either.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sink {
  push(...parts: Array<CommonPart>): number
}

/**
 * The longest text that a reader gathers before it can be given out, such as the arguments of a tool call. Characters.
 *
 * @since 0.1.0
 * @category constants
 */
export const longestGathered = 8 * 1024 * 1024

/**
 * Turns the events of one answer into parts. Every method appends to `out`.
 *
 * @since 0.1.0
 * @category models
 */
export interface EventReader {
  /** Gives an error if the answer is broken; what it appended before is still delivered. */
  readonly read: (event: unknown, out: Array<Part>) => AiError.AiError | undefined
  /** The events are over. Gives an error if the answer turns out to be broken. */
  readonly end: (out: Array<Part>) => AiError.AiError | undefined
  /** Nothing came for as long as `grace`, on a connection that is still open. The same as `end` if left out. */
  readonly fallSilent?: (out: Array<Part>) => AiError.AiError | undefined
  /** Whether all of the answer had come when the connection broke, so that the break does not matter. */
  readonly isComplete: () => boolean
  /** Whether the vendor's terminal event came, after which nothing more is to be expected. */
  readonly isOver?: () => boolean
  /**
   * How long to wait for more, in milliseconds, where no terminal event came but all of the answer seems to be there;
   * see `Ending`.
   */
  readonly grace?: () => number | undefined
}

/**
 * Puts the tool calls among some parts into their canonical form; see `ToolForms`. Nearly all parts are others, and a
 * fiber's time is dear here.
 *
 * @since 0.1.0
 * @category combinators
 */
export const canonicalToolCalls = <P extends Response.AllPartsEncoded>(
  parts: Array<P>,
  canonical: (part: P) => Effect.Effect<P>,
): Effect.Effect<Array<P>> =>
  parts.some(({ type }) => type === "tool-call") ? Effect.forEach(parts, canonical) : Effect.succeed(parts)

/**
 * Reads events as they come. Parts of one event stay together, and tool calls are put into their canonical form before they are
 * given out.
 *
 * **Details**
 *
 * After a terminal event, or `noMoreEvents`, the body is read to its end, so that the connection can be used again, but no longer than 250
 * ms: a gateway that leaves it open must not hold up an answer that is complete. Where no event is terminal, the answer is
 * over when nothing comes for as long as the reader's `grace`, or when a deadline would fail it before.
 *
 * @since 0.1.0
 * @category combinators
 */
export const mapEvents = (
  events: Stream.Stream<unknown, AiError.AiError>,
  reader: EventReader,
  canonical: (part: Part) => Effect.Effect<Part>,
): Stream.Stream<Part, AiError.AiError> =>
  Stream.transformPull(events, (pull) => {
    let over = false
    let reading = true
    let ended = false
    const end = (out: Array<Part>): AiError.AiError | undefined => {
      if (ended) return undefined
      ended = true
      return reader.end(out)
    }
    let failure: AiError.AiError | undefined
    const arriving = pull.pipe(
      Pull.catchDone(() => Effect.succeed(undefined)),
      Effect.catch((error) => (reader.isComplete() ? Effect.succeed(undefined) : Effect.fail(error))),
    )
    const read = (chunk: ReadonlyArray<unknown> | typeof silent | undefined): Array<Part> => {
      const out: Array<Part> = []
      if (chunk === undefined || chunk === silent) {
        over = true
        failure = chunk === silent && reader.fallSilent !== undefined ? reader.fallSilent(out) : end(out)
        return out
      }
      for (const event of chunk) {
        const isEnd = event === noMoreEvents
        failure = isEnd ? end(out) : reader.read(event, out)
        reading = !isEnd && reader.isOver?.() !== true
        if (failure !== undefined || !reading) break
      }
      return out
    }
    const next: Pull.Pull<Parts, AiError.AiError> = Effect.suspend(() => {
      if (failure !== undefined) return Effect.fail(failure)
      if (over) return Cause.done()
      return Effect.flatMap(reading ? patiently(arriving, reader.grace?.()) : theRest(arriving), (chunk) => {
        const out = read(chunk)
        return out.length === 0 ? next : canonicalParts(out, canonical)
      })
    })
    return Effect.succeed(next)
  })

const silent = Symbol("silent")

// The events, or that none come in time.
const patiently = <A, E>(
  arriving: Effect.Effect<A | undefined, E>,
  grace: number | undefined,
): Effect.Effect<A | typeof silent | undefined, E> =>
  grace === undefined ? arriving : Patience.settling(arriving, Effect.sleep(grace), silent)

const silence = "250 millis"

const theRest = (
  arriving: Effect.Effect<ReadonlyArray<unknown> | undefined, AiError.AiError>,
): Effect.Effect<undefined> => {
  const rest: Effect.Effect<undefined, AiError.AiError> = Effect.flatMap(arriving, (chunk) =>
    chunk === undefined ? Effect.succeed(undefined) : rest,
  )
  return Effect.raceFirst(
    Effect.orElseSucceed(rest, () => undefined),
    Effect.as(Effect.sleep(silence), undefined),
  )
}

const canonicalParts = (out: Array<Part>, canonical: (part: Part) => Effect.Effect<Part>): Effect.Effect<Parts> =>
  canonicalToolCalls(out, canonical) as Effect.Effect<unknown> as Effect.Effect<Parts>
