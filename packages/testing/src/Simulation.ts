/**
 * What happened in a simulation: every call and every attempt, and what they amount to.
 *
 * Two runs with the same seed have the same trace, to the byte. All times are milliseconds since the simulation began.
 *
 * @since 0.1.0
 */
import { Duration } from "effect"

/**
 * One call of a client, through its whole stack.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly index: number
  /** Which process made it. */
  readonly process: number
  readonly at: number
  /** When its first part was there. A generated answer comes as a whole. */
  firstPartAt: number | undefined
  until: number | undefined
  /** `"answered"`, the tag of the failure (`CircuitOpen`, `RateLimitError`), or `"unfinished"` when the simulation ended. */
  outcome: string
}

/**
 * One request that reached a provider.
 *
 * @since 0.1.0
 * @category models
 */
export interface Attempt {
  /** The call that it serves, by its index. */
  readonly call: number
  readonly server: string
  readonly at: number
  until: number | undefined
  /** `aborted` by the client: a deadline that passed, a hedge that lost. */
  outcome: "served" | "throttled" | "overloaded" | "failed" | "aborted" | "underWay"
}

/**
 * A provider of a simulation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Server {
  readonly name: string
  /** Requests a second that it can serve in good weather. */
  readonly capacity: number
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Simulation {
  /** Milliseconds. */
  readonly duration: number
  readonly servers: ReadonlyArray<Server>
  /** In the order in which they began. */
  readonly calls: ReadonlyArray<Call>
  readonly attempts: ReadonlyArray<Attempt>
}

/**
 * A part of the simulation: what began in it. All of it if left out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Span {
  readonly from?: Duration.Input | undefined
  readonly until?: Duration.Input | undefined
}

/**
 * One slice of a timeline.
 *
 * @since 0.1.0
 * @category models
 */
export interface Slice {
  /** When it begins, in milliseconds. */
  readonly at: number
  /** Calls that began in it. */
  readonly offered: number
  /** Those of them that were answered, then or later. */
  readonly answered: number
  /** Requests that reached the providers in it. */
  readonly attempts: number
  /** These requests, over what the providers could serve in the time. */
  readonly load: number
}

/**
 * The simulation slice by slice.
 *
 * @since 0.1.0
 * @category getters
 */
export const timeline = (self: Simulation, slice: Duration.Input = "1 second"): ReadonlyArray<Slice> => {
  const width = Duration.toMillis(slice)
  const served = (self.servers.reduce((sum, { capacity }) => sum + capacity, 0) * width) / 1000
  const slices = Array.from({ length: Math.ceil(self.duration / width) }, (_, index) => ({
    at: index * width,
    offered: 0,
    answered: 0,
    attempts: 0,
  }))
  for (const call of self.calls) {
    const found = slices[Math.floor(call.at / width)]
    if (found === undefined) continue
    found.offered++
    if (isAnswered(call)) found.answered++
  }
  for (const { at } of self.attempts) {
    const found = slices[Math.floor(at / width)]
    if (found !== undefined) found.attempts++
  }
  return slices.map(({ answered, at, attempts, offered }) => ({
    at,
    offered,
    answered,
    attempts,
    load: attempts / served,
  }))
}

/**
 * Requests on the wire for each call that was offered.
 *
 * @since 0.1.0
 * @category getters
 */
export const amplification = (self: Simulation, span: Span = {}): number => {
  const offered = new Set(within(self.calls, span).map(({ index }) => index))
  return share(self.attempts.filter(({ call }) => offered.has(call)).length, offered.size)
}

/**
 * Requests on the wire for each call that had at least one: what the retries and hedges of a stack add.
 *
 * @since 0.1.0
 * @category getters
 */
export const attemptsPerCall = (self: Simulation, span: Span = {}): number => {
  const offered = new Set(within(self.calls, span).map(({ index }) => index))
  const sent = self.attempts.filter(({ call }) => offered.has(call))
  return share(sent.length, new Set(sent.map(({ call }) => call)).size)
}

/**
 * The share of the calls that were answered.
 *
 * @since 0.1.0
 * @category getters
 */
export const goodput = (self: Simulation, span: Span = {}): number => {
  const calls = within(self.calls, span)
  return share(calls.filter(isAnswered).length, calls.length)
}

/**
 * The most requests that reached the providers in any one second, over what they can serve in a second.
 *
 * @since 0.1.0
 * @category getters
 */
export const peakLoad = (self: Simulation, span: Span = {}): number =>
  within(timeline(self), span).reduce((most, { load }) => Math.max(most, load), 0)

/**
 * When a share of the calls was answered again, for good: the beginning of the first second from which on every five seconds
 * have that goodput. `undefined` if that never was.
 *
 * @since 0.1.0
 * @category getters
 */
export const recoveredAt = (
  self: Simulation,
  options: { readonly after: Duration.Input; readonly goodput: number },
): Duration.Duration | undefined => {
  const from = Duration.toMillis(options.after)
  const seconds = timeline(self).filter(({ at }) => at >= from)
  let recovered: number | undefined
  for (let index = seconds.length - recoverySpan; index >= 0; index--) {
    const some = seconds.slice(index, index + recoverySpan)
    const answered = some.reduce((sum, second) => sum + second.answered, 0)
    const offered = some.reduce((sum, second) => sum + second.offered, 0)
    if (answered < offered * options.goodput) break
    recovered = seconds[index]?.at
  }
  return recovered === undefined ? undefined : Duration.millis(recovered)
}

const recoverySpan = 5

/**
 * The time to the first part that a share of the answered calls did not exceed.
 *
 * **Example** (The median of nothing)
 *
 * ```ts
 * import { Simulation } from "@holdfast/testing"
 *
 * const empty: Simulation.Simulation = { duration: 0, servers: [], calls: [], attempts: [] }
 *
 * Simulation.timeToFirstPart(empty, 0.5) // => undefined
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const timeToFirstPart = (self: Simulation, quantile: number, span: Span = {}): Duration.Duration | undefined =>
  quantileOf(
    within(self.calls, span).flatMap((call) =>
      isAnswered(call) && call.firstPartAt !== undefined ? [call.firstPartAt - call.at] : [],
    ),
    quantile,
  )

/**
 * The time until the whole answer was there, of a share of the answered calls.
 *
 * @since 0.1.0
 * @category getters
 */
export const latency = (self: Simulation, quantile: number, span: Span = {}): Duration.Duration | undefined =>
  quantileOf(
    within(self.calls, span).flatMap((call) =>
      isAnswered(call) && call.until !== undefined ? [call.until - call.at] : [],
    ),
    quantile,
  )

/**
 * How many calls ended how.
 *
 * @since 0.1.0
 * @category getters
 */
export const outcomes = (self: Simulation, span: Span = {}): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { outcome } of within(self.calls, span)) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

const isAnswered = ({ outcome }: Call): boolean => outcome === "answered"

const within = <A extends { readonly at: number }>(values: ReadonlyArray<A>, { from, until }: Span) => {
  const begins = from === undefined ? 0 : Duration.toMillis(from)
  const ends = until === undefined ? Infinity : Duration.toMillis(until)
  return values.filter(({ at }) => at >= begins && at < ends)
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/** Nearest rank. */
const quantileOf = (values: ReadonlyArray<number>, quantile: number): Duration.Duration | undefined => {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)]
  return value === undefined ? undefined : Duration.millis(value)
}
