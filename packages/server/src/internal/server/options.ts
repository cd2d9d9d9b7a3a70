import { type DurationInput } from "@holdfast/core/DurationInput"
/** The options of a server as plain numbers, and what is wrong with them. */
import { type PriceBook } from "@holdfast/cost"
import { Duration } from "effect"

import { type RequestLimits } from "../http/body.ts"

/**
 * How much one request may be, and how long one answer.
 *
 * @since 0.1.0
 * @category options
 */
export interface Limits {
  /** Bytes of a body. 1 MiB if left out. */
  readonly maxBodyBytes?: number | undefined
  /** Messages of a conversation. 500 if left out. */
  readonly maxMessages?: number | undefined
  /** Until all of a body has arrived. 30 seconds if left out. */
  readonly bodyTimeout?: DurationInput | undefined
  /** Until an answer is complete, waiting for a slow reader included. 10 minutes if left out. */
  readonly maxDuration?: DurationInput | undefined
  /** Characters of an answer, with about 50 for each event. 8 million if left out. */
  readonly maxAnswerSize?: number | undefined
  /**
   * How far a model may be ahead of the reader that is furthest, in characters. Beyond it no more is read from the provider's
   * socket. 64 thousand if left out.
   */
  readonly lead?: number | undefined
}

/**
 * How an answer outlives its connection.
 *
 * @since 0.1.0
 * @category options
 */
export interface Resume {
  /** How long it goes on while nobody reads. 1 minute if left out. */
  readonly abandonAfter?: DurationInput | undefined
  /** How long it can be read after its end. 5 minutes if left out. */
  readonly retention?: DurationInput | undefined
  /** Characters of answers that are over; the oldest make room. 64 million if left out. */
  readonly maxRetained?: number | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface Options {
  readonly limits?: Limits | undefined
  /** Without it an answer ends with its connection: closing the one closes the other's, up to the provider. */
  readonly resume?: Resume | undefined
  /** With prices, or a budget on the model, `done` says what an answer cost. */
  readonly prices?: PriceBook.Book | undefined
  /** How long answers that other processes can be asked for may go on when the server stops. 5 seconds if left out. */
  readonly drainTimeout?: DurationInput | undefined
}

export interface Settings extends RequestLimits {
  readonly maxDuration: number
  readonly maxSize: number
  readonly lead: number
  readonly abandonAfter: number
  readonly retention: number
  readonly maxRetained: number
  readonly prices: PriceBook.Book | undefined
  readonly drainTimeout: number
}

export const settingsOf = ({ drainTimeout, limits = {}, prices, resume }: Options): Settings => ({
  maxBody: count("limits.maxBodyBytes", limits.maxBodyBytes ?? 1_048_576),
  maxMessages: count("limits.maxMessages", limits.maxMessages ?? 500),
  bodyTimeout: time("limits.bodyTimeout", limits.bodyTimeout ?? "30 seconds"),
  maxDuration: time("limits.maxDuration", limits.maxDuration ?? "10 minutes"),
  maxSize: count("limits.maxAnswerSize", limits.maxAnswerSize ?? 8_000_000),
  lead: count("limits.lead", limits.lead ?? 64_000),
  abandonAfter: resume === undefined ? 0 : time("resume.abandonAfter", resume.abandonAfter ?? "1 minute"),
  retention: resume === undefined ? 0 : time("resume.retention", resume.retention ?? "5 minutes"),
  maxRetained: count("resume.maxRetained", resume?.maxRetained ?? 64_000_000),
  prices,
  drainTimeout: atLeastZero("drainTimeout", drainTimeout ?? "5 seconds"),
})

/** A mistake in the options is a bug, and is found when the layer is built. */
class Misconfigured extends Error {
  override readonly name = "Misconfigured"
}

const count = (name: string, value: number): number => {
  if (Number.isFinite(value) && value >= 1) return value
  throw new Misconfigured(`ChatServer: ${name} must be a number of at least 1, and is ${value}`)
}

// Timers of Node.js cannot wait longer.
const longest = 2_147_483_647

const atLeastZero = (name: string, input: DurationInput): number => {
  const duration = Duration.fromInput(input)
  const millis = duration._tag === "Some" ? Duration.toMillis(duration.value) : Number.NaN
  if (millis >= 0) return Math.min(millis, longest)
  throw new Misconfigured(`ChatServer: ${name} must be a duration, and is ${JSON.stringify(input)}`)
}

export const time = (name: string, input: DurationInput): number => {
  const millis = atLeastZero(name, input)
  if (millis > 0) return millis
  throw new Misconfigured(`ChatServer: ${name} must be longer than zero`)
}
