/**
 * What production does to an answer, as values that you pipe onto a `Reply`.
 *
 * **Details**
 *
 * Faults compose: each one works on the frames that the ones before it left. A frame is one server-sent event of a
 * streamed answer, or one eighth of a whole JSON body. Counts say how many frames the client still receives, and frame
 * numbers start at 1.
 *
 * @since 0.1.0
 */
import { type Duration, type Effect } from "effect"

/**
 * What an in-stream error says, in each provider's own words.
 *
 * @since 0.1.0
 * @category models
 */
export type ErrorKind = "overloaded" | "server_error" | "rate_limit" | "insufficient_quota" | "timeout"

/**
 * The habits of servers; see `Habit`.
 *
 * @since 0.1.0
 * @category models
 */
export type HabitName =
  | "finishInEveryEvent"
  | "finishFirst"
  | "unspecifiedFinish"
  | "withoutDone"
  | "withDone"
  | "leftOpen"
  | "answerAtEnd"
  | "onlyEnds"
  | "neverStreams"
  | "alwaysStreams"
  | "otherArguments"
  | "changingIds"
  | "withoutIds"
  | "oneIndex"
  | "zeroSequence"
  | "restartingSequence"
  | "jumpingSequence"
  | "zeroUsage"
  | "cumulativeUsage"
  | "unaskedUsage"
  | "heartbeats"
  | "namelessEvents"
  | "typelessData"
  | "withoutLastLine"
  | "byteOrderMark"

/**
 * One fault as data.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault =
  | { readonly _tag: "DelayHeaders"; readonly duration: Duration.Input }
  | { readonly _tag: "DelayFirstByte"; readonly duration: Duration.Input }
  | { readonly _tag: "DelayFrames"; readonly duration: Duration.Input }
  | { readonly _tag: "HoldAfter"; readonly frames: number; readonly until: Effect.Effect<unknown> }
  | { readonly _tag: "EndAfter"; readonly frames: number }
  | { readonly _tag: "CloseAfter"; readonly frames: number }
  | { readonly _tag: "ResetAfter"; readonly frames: number }
  | { readonly _tag: "StallAfter"; readonly frames: number }
  | { readonly _tag: "ErrorAfter"; readonly frames: number; readonly kind: ErrorKind }
  | { readonly _tag: "CorruptFrame"; readonly frame: number }
  | { readonly _tag: "DuplicateFrame"; readonly frame: number }
  | { readonly _tag: "OmitTerminal" }
  | { readonly _tag: "SplitBytes"; readonly bytes: number }
  | { readonly _tag: "CarriageReturns" }
  | { readonly _tag: "Comments" }
  | { readonly _tag: "EmptyBody" }
  | { readonly _tag: "Habit"; readonly name: HabitName }
  | { readonly _tag: "Status"; readonly status: number }
  | { readonly _tag: "Headers"; readonly headers: Readonly<Record<string, string>> }

/**
 * Something that faults can be piped onto.
 *
 * @since 0.1.0
 * @category models
 */
export interface Faulty {
  readonly faults: ReadonlyArray<Fault>
}

/**
 * Adds a fault to an answer.
 *
 * @since 0.1.0
 * @category models
 */
export type Modifier = <A extends Faulty>(reply: A) => A

/**
 * A modifier that adds a fault.
 *
 * @since 0.1.0
 * @category constructors
 */
export const modifier =
  (fault: Fault): Modifier =>
  (reply) => {
    const prototype: object | null = Object.getPrototypeOf(reply)
    return Object.assign(Object.create(prototype), reply, { faults: [...reply.faults, fault] })
  }

/**
 * Waits before the status line and the headers are sent.
 *
 * @since 0.1.0
 * @category delays
 */
export const delayHeaders = (duration: Duration.Input): Modifier => modifier({ _tag: "DelayHeaders", duration })

/**
 * Sends the headers at once and waits before the first frame: the time to the first token.
 *
 * @since 0.1.0
 * @category delays
 */
export const delayFirstByte = (duration: Duration.Input): Modifier => modifier({ _tag: "DelayFirstByte", duration })

/**
 * Waits between one frame and the next.
 *
 * @since 0.1.0
 * @category delays
 */
export const delayFrames = (duration: Duration.Input): Modifier => modifier({ _tag: "DelayFrames", duration })

/**
 * Sends so many frames and waits for an effect before it goes on, so that a test decides when the rest comes.
 *
 * @since 0.1.0
 * @category delays
 */
export const holdAfter = (frames: number, until: Effect.Effect<unknown>): Modifier =>
  modifier({ _tag: "HoldAfter", frames, until })

/**
 * Ends the body cleanly after so many frames, as if the answer were complete.
 *
 * @since 0.1.0
 * @category cuts
 */
export const endAfter = (frames: number): Modifier => modifier({ _tag: "EndAfter", frames })

/**
 * Closes the connection after so many frames, without ending the body: what a proxy does that gives up.
 *
 * @since 0.1.0
 * @category cuts
 */
export const closeAfter = (frames: number): Modifier => modifier({ _tag: "CloseAfter", frames })

/**
 * Resets the connection (TCP RST) after so many frames, all of which have been flushed before.
 *
 * @since 0.1.0
 * @category cuts
 */
export const resetAfter = (frames: number): Modifier => modifier({ _tag: "ResetAfter", frames })

/**
 * Falls silent after so many frames and keeps the connection open until the client closes it.
 *
 * @since 0.1.0
 * @category cuts
 */
export const stallAfter = (frames: number): Modifier => modifier({ _tag: "StallAfter", frames })

/**
 * Reports an error inside the stream after so many frames, in the provider's own shape, and ends the stream.
 *
 * **Details**
 *
 * An answer that is not streamed becomes status 200 with the provider's error body, as some gateways do it.
 *
 * @since 0.1.0
 * @category cuts
 */
export const errorAfter = (frames: number, kind: ErrorKind): Modifier => modifier({ _tag: "ErrorAfter", frames, kind })

/**
 * Cuts the JSON of one frame in half, so that it cannot be parsed.
 *
 * @since 0.1.0
 * @category damage
 */
export const corruptFrame = (frame: number): Modifier => modifier({ _tag: "CorruptFrame", frame })

/**
 * Sends one frame twice.
 *
 * @since 0.1.0
 * @category damage
 */
export const duplicateFrame = (frame: number): Modifier => modifier({ _tag: "DuplicateFrame", frame })

/**
 * Leaves out the event that says the answer is complete, and all that comes after it.
 *
 * **Details**
 *
 * That event is `response.completed`, the chunk with a `finish_reason`, `message_stop`, or the chunk with a
 * `finishReason`. The body ends cleanly. A whole JSON body loses its last eighth.
 *
 * @since 0.1.0
 * @category damage
 */
export const omitTerminal: Modifier = modifier({ _tag: "OmitTerminal" })

/**
 * Writes the body in pieces of so many bytes, cutting through events and UTF-8 characters.
 *
 * @since 0.1.0
 * @category damage
 */
export const splitBytes = (bytes: number): Modifier => modifier({ _tag: "SplitBytes", bytes })

/**
 * Ends the lines of the stream with CRLF, which the server-sent events format allows.
 *
 * @since 0.1.0
 * @category damage
 */
export const carriageReturns: Modifier = modifier({ _tag: "CarriageReturns" })

/**
 * Puts a comment line before every event, which the server-sent events format allows and proxies do to keep alive.
 *
 * @since 0.1.0
 * @category damage
 */
export const comments: Modifier = modifier({ _tag: "Comments" })

/**
 * Sends the status and the headers with nothing after them.
 *
 * @since 0.1.0
 * @category damage
 */
export const emptyBody: Modifier = modifier({ _tag: "EmptyBody" })

/**
 * Sends another status with the same body: gateways report errors with 200.
 *
 * @since 0.1.0
 * @category damage
 */
export const status = (code: number): Modifier => modifier({ _tag: "Status", status: code })

/**
 * Claims another content type than the body has.
 *
 * @since 0.1.0
 * @category damage
 */
export const contentType = (value: string): Modifier => headers({ "content-type": value })

/**
 * Adds response headers, or replaces the ones that the emulator would send.
 *
 * @since 0.1.0
 * @category damage
 */
export const headers = (values: Readonly<Record<string, string>>): Modifier =>
  modifier({ _tag: "Headers", headers: values })
