/**
 * What servers do that speak an API in their own way, as values that you pipe onto a `Reply`.
 *
 * **Details**
 *
 * None of them is a failure: an answer with a habit is a whole answer, and a client that reads it must find in it what it would
 * find without. All have been seen on servers that call themselves compatible, or on gateways in front of those that are.
 * Where an API has no room for a habit, the answer stays as it is.
 *
 * **Example** (A server that says with each piece that the answer is over)
 *
 * ```ts
 * import { Habit, Reply } from "@holdfast/testing"
 *
 * const reply = Reply.text("Hello world").pipe(Habit.finishInEveryEvent, Habit.heartbeats)
 *
 * reply.faults.length // => 2
 * ```
 *
 * @since 0.1.0
 */
import { type HabitName, type Modifier, modifier } from "./Fault.ts"

export type { HabitName, Modifier } from "./Fault.ts"

const habit = (name: HabitName): Modifier => modifier({ _tag: "Habit", name })

/**
 * Says in every event that and why the answer is over.
 *
 * @since 0.1.0
 * @category ends
 */
export const finishInEveryEvent: Modifier = habit("finishInEveryEvent")

/**
 * Says in the first event, before any content, that the answer is over.
 *
 * @since 0.1.0
 * @category ends
 */
export const finishFirst: Modifier = habit("finishFirst")

/**
 * Writes a reason for the end into every event that says nothing: the zero of Google's enumerations, or an empty text.
 *
 * @since 0.1.0
 * @category ends
 */
export const unspecifiedFinish: Modifier = habit("unspecifiedFinish")

/**
 * Leaves out `[DONE]`.
 *
 * @since 0.1.0
 * @category ends
 */
export const withoutDone: Modifier = habit("withoutDone")

/**
 * Ends with `[DONE]`, on every API.
 *
 * @since 0.1.0
 * @category ends
 */
export const withDone: Modifier = habit("withDone")

/**
 * Leaves the connection open after the whole answer.
 *
 * @since 0.1.0
 * @category ends
 */
export const leftOpen: Modifier = habit("leftOpen")

/**
 * Waits for the whole answer, and sends it in one event.
 *
 * @since 0.1.0
 * @category content
 */
export const answerAtEnd: Modifier = habit("answerAtEnd")

/**
 * Sends no pieces, only the ends of texts and calls. An answer of another API than Responses, which has no such events, stays as
 * it is.
 *
 * @since 0.1.0
 * @category content
 */
export const onlyEnds: Modifier = habit("onlyEnds")

/**
 * Answers as a whole although a stream was asked for.
 *
 * @since 0.1.0
 * @category content
 */
export const neverStreams: Modifier = habit("neverStreams")

/**
 * Answers event by event although a whole was asked for.
 *
 * @since 0.1.0
 * @category content
 */
export const alwaysStreams: Modifier = habit("alwaysStreams")

/**
 * Gives the arguments of calls in another type of JSON: as an object where the API has a text, and as a text where it has an
 * object.
 *
 * @since 0.1.0
 * @category content
 */
export const otherArguments: Modifier = habit("otherArguments")

/**
 * Gives other ids in every event.
 *
 * @since 0.1.0
 * @category ids
 */
export const changingIds: Modifier = habit("changingIds")

/**
 * Gives no ids: neither of the answer nor of its items.
 *
 * @since 0.1.0
 * @category ids
 */
export const withoutIds: Modifier = habit("withoutIds")

/**
 * Numbers all blocks, or all calls, 0.
 *
 * @since 0.1.0
 * @category ids
 */
export const oneIndex: Modifier = habit("oneIndex")

/**
 * Numbers all events of a Responses stream 0.
 *
 * @since 0.1.0
 * @category ids
 */
export const zeroSequence: Modifier = habit("zeroSequence")

/**
 * Numbers the events of a Responses stream from 0 to 2, again and again.
 *
 * @since 0.1.0
 * @category ids
 */
export const restartingSequence: Modifier = habit("restartingSequence")

/**
 * Gives one early event of a Responses stream a number that is far too high.
 *
 * @since 0.1.0
 * @category ids
 */
export const jumpingSequence: Modifier = habit("jumpingSequence")

/**
 * Writes a usage of zeros into every event but the one that has the real one.
 *
 * @since 0.1.0
 * @category usage
 */
export const zeroUsage: Modifier = habit("zeroUsage")

/**
 * Writes into every event the usage so far.
 *
 * @since 0.1.0
 * @category usage
 */
export const cumulativeUsage: Modifier = habit("cumulativeUsage")

/**
 * Reports the usage of a stream although that was not asked for, as Chat Completions has it.
 *
 * @since 0.1.0
 * @category usage
 */
export const unaskedUsage: Modifier = habit("unaskedUsage")

/**
 * Sends comments, events without data and events named `ping` between the others.
 *
 * @since 0.1.0
 * @category framing
 */
export const heartbeats: Modifier = habit("heartbeats")

/**
 * Sends no `event:` lines.
 *
 * @since 0.1.0
 * @category framing
 */
export const namelessEvents: Modifier = habit("namelessEvents")

/**
 * Names events on their `event:` lines only, and not in their data.
 *
 * @since 0.1.0
 * @category framing
 */
export const typelessData: Modifier = habit("typelessData")

/**
 * Ends the last event without its blank line.
 *
 * @since 0.1.0
 * @category framing
 */
export const withoutLastLine: Modifier = habit("withoutLastLine")

/**
 * Begins the body with a byte order mark.
 *
 * @since 0.1.0
 * @category framing
 */
export const byteOrderMark: Modifier = habit("byteOrderMark")
