import { type DurationInput } from "@holdfast/core/DurationInput"
/**
 * What the lines of a request log amount to, in any span of time: counts, successes, durations, costs.
 *
 * @since 0.1.0
 */
import { Duration, Effect, Schema, Stream } from "effect"

import { type Line } from "./internal/log/line.ts"
import { Fold } from "./internal/summary/fold.ts"
import { Summary } from "./internal/summary/schema.ts"
import { tableOf } from "./internal/summary/table.ts"

export { Row, Summary, Totals } from "./internal/summary/schema.ts"

/**
 * A span of time, by when calls began. From the first line to the last if left out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Window {
  /** Unix milliseconds, included. */
  readonly from?: number | undefined
  /** Unix milliseconds, not included. */
  readonly to?: number | undefined
}

/**
 * The last hour, the last day.
 *
 * @since 0.1.0
 * @category constructors
 */
export const last = (duration: DurationInput): Effect.Effect<Window> =>
  Effect.clockWith((clock) =>
    Effect.sync(() => {
      const to = clock.currentTimeMillisUnsafe()
      return { from: to - Duration.toMillis(duration), to }
    }),
  )

/**
 * Adds up lines, in as much memory for ten as for ten million.
 *
 * **Details**
 *
 * Quantiles are right to a quarter of a percent, counts are exact where the log keeps every call, and money is exact.
 *
 * **Example** (Of nothing)
 *
 * ```ts
 * import { Summary } from "@holdfast/telemetry"
 *
 * Summary.of([]).calls.count // => 0
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (lines: Iterable<Line>, window: Window = {}): Summary => {
  const fold = new Fold()
  for (const line of lines) if (isWithin(line, window)) fold.add(line)
  return fold.summary({ from: window.from, to: window.to })
}

/**
 * Adds up a stream of lines, such as `RequestLog.fromFile` and `RequestLog.fromTable` give.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E, R>(lines: Stream.Stream<Line, E, R>, window: Window = {}): Effect.Effect<Summary, E, R> =>
  Effect.suspend(() => {
    const fold = new Fold()
    return Effect.map(
      Stream.runForEachArray(lines, (some) =>
        Effect.sync(() => {
          for (const line of some) if (isWithin(line, window)) fold.add(line)
        }),
      ),
      () => fold.summary({ from: window.from, to: window.to }),
    )
  })

const isWithin = ({ at }: Line, { from = -Infinity, to = Infinity }: Window): boolean => at >= from && at < to

/**
 * As JSON, with amounts as text such as `"0.25 USD"`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toJson = (summary: Summary): string => encode(summary)

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.toCodecJson(Summary)))

/**
 * As a table for a terminal.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toTable = (summary: Summary): string => tableOf(summary)
