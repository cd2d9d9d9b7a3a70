/**
 * A request log: one line for each attempt and one for each call, without prompts, answers and keys.
 *
 * All failures and refusals are kept, and one in so many of the rest. A line goes to Effect's `Logger`, a file, a table, or whatever
 * else takes lines.
 *
 * @since 0.1.0
 */
import { Fingerprint, type ModelRequest } from "@holdfast/core"
import { type DurationInput } from "@holdfast/core/DurationInput"
import { Duration, Effect, FileSystem, type Layer, type Redacted, Schema, type Scope, Stream } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

import { type CallTrace, hasFailure } from "./CallTrace.ts"
import * as Collector from "./Collector.ts"
import { makeBuffer } from "./internal/log/buffer.ts"
import { type HashKey, hashOf } from "./internal/log/hash.ts"
import { type Draft, encoded, Line, toJson } from "./internal/log/line.ts"
import { linesOf } from "./internal/log/lines.ts"
import { createTable, insertLines, selectLines } from "./internal/log/table.ts"
import { Instruments } from "./internal/metrics/instruments.ts"

export { Line, toJson } from "./internal/log/line.ts"

/**
 * Takes lines, several at once.
 *
 * @since 0.1.0
 * @category models
 */
export type Writer = (lines: ReadonlyArray<Line>) => Effect.Effect<void, unknown>

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never, R = never> {
  /** Where lines go: `toLogger`, `toFile`, `toTable`, or one of your own. */
  readonly to: Effect.Effect<Writer, E, R>
  /** One in so many calls that went well is kept, with all of its attempts. All if left out. */
  readonly oneIn?: number | undefined
  /** What prompts are hashed with, and its name. Without it lines have no hash. */
  readonly hashKey?: { readonly name: string; readonly secret: Redacted.Redacted } | undefined
  /** Lines that wait for a slow writer; more are dropped and counted. 10,000 if left out. */
  readonly capacity?: number | undefined
  /** Between two writes. 200 milliseconds if left out. */
  readonly flushEvery?: DurationInput | undefined
}

/**
 * Writes the log of all calls below the layer.
 *
 * **Details**
 *
 * Lines are written in the background, and what is left when the layer closes. A writer that fails loses the lines that it was given,
 * which is logged as a warning; no call hears of it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(options: Options<E, R>): Layer.Layer<Collector.Collector, E, Exclude<R, Scope.Scope>> =>
  Collector.consuming(
    Effect.gen(function* () {
      const oneIn = options.oneIn ?? 1
      if (!Number.isInteger(oneIn) || oneIn < 1) {
        return yield* Effect.die(new Error("RequestLog.layer: oneIn must be a whole number, 1 or more"))
      }
      const writer = yield* options.to
      const dropped = new Instruments(yield* Effect.context()).counter("holdfast.log.dropped")
      const buffer = yield* makeBuffer<Kept>({
        capacity: options.capacity ?? 10_000,
        interval: Duration.toMillis(options.flushEvery ?? "200 millis"),
        write: (kept) => writtenBy(writer, kept, options.hashKey),
        dropped: () => dropped.add(1),
      })
      const isKept = oneOf(oneIn)
      return {
        call: (trace: CallTrace) => {
          if (hasFailure(trace)) buffer.push({ trace, sampled: 1 })
          else if (isKept()) buffer.push({ trace, sampled: oneIn })
        },
      }
    }),
  )

/** A call that is kept. Its lines are made in the background. */
interface Kept {
  readonly trace: CallTrace
  readonly sampled: number
}

/** True once in so many times, without a pattern that traffic could have as well. Its own chance, so that no seed is used up. */
const oneOf = (many: number): (() => boolean) => {
  let state = 0x9e_37_79_b9
  return () => {
    if (many === 1) return true
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * many < 1
  }
}

const writtenBy = (writer: Writer, kept: ReadonlyArray<Kept>, hashKey: HashKey | undefined): Effect.Effect<void> =>
  Effect.suspend(() =>
    writer(kept.flatMap(({ sampled, trace }) => finished(linesOf(trace, sampled), trace, hashKey))),
  ).pipe(Effect.catchCause((cause) => Effect.logWarning("RequestLog: lines are lost", cause)))

const finished = (lines: ReadonlyArray<Draft>, trace: CallTrace, hashKey: HashKey | undefined): ReadonlyArray<Line> => {
  const request: ModelRequest.ModelRequest | undefined = trace.started?.request ?? trace.attempts[0]?.attempt.request
  if (request === undefined) return lines
  const hash = hashKey === undefined ? undefined : hashOf(hashKey, { tenant: trace.context.tenant, request })
  const requestSize = Fingerprint.sizeOf(request)
  for (const line of lines) {
    line.requestSize = requestSize
    if (hash === undefined || hashKey === undefined) continue
    line.promptHash = hash
    line.hashKey = hashKey.name
  }
  return lines
}

/**
 * Lines go to Effect's `Logger`, as one structured message each: calls and attempts that failed as warnings, the rest as info.
 *
 * @since 0.1.0
 * @category writers
 */
export const toLogger: Effect.Effect<Writer> = Effect.succeed((lines) =>
  Effect.forEach(
    lines,
    (line) => {
      const message = encoded(line)
      return line.outcome === "Failed" ? Effect.logWarning(message) : Effect.logInfo(message)
    },
    { discard: true },
  ),
)

/**
 * Lines are appended to a file, as JSON.
 *
 * @since 0.1.0
 * @category writers
 */
export const toFile = (path: string) =>
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (files) => files.open(path, { flag: "a" })),
    (file): Writer => {
      const encoder = new TextEncoder()
      return (lines) => file.writeAll(encoder.encode(lines.map((line) => `${toJson(line)}\n`).join("")))
    },
  )

/**
 * Lines go into a table of the `SqlClient` in context, SQLite or PostgreSQL, which is made where it is missing.
 *
 * **Details**
 *
 * What is searched for has columns of its own (`cost` in picodollars); `detail` has the whole line as JSON.
 *
 * @since 0.1.0
 * @category writers
 */
export const toTable = (name = "holdfast_request_log"): Effect.Effect<Writer, SqlError.SqlError, SqlClient.SqlClient> =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.as(createTable(sql, name), (lines) => insertLines(sql, name, lines)),
  )

/**
 * The lines of a table that began in a span of time, in order.
 *
 * @since 0.1.0
 * @category readers
 */
export const fromTable = (
  span: { readonly from?: number | undefined; readonly to?: number | undefined } = {},
  name = "holdfast_request_log",
): Stream.Stream<Line, SqlError.SqlError, SqlClient.SqlClient> =>
  Stream.unwrap(Effect.map(SqlClient.SqlClient, (sql) => selectLines(sql, name, span))).pipe(
    Stream.flatMap((text) => Stream.fromIterable(fromJson(text))),
  )

/**
 * Lines are kept in memory, the newest of them; for tests and for summaries of the last hours.
 *
 * @since 0.1.0
 * @category writers
 */
export const toArray = (lines: Array<Line>, { atMost }: { readonly atMost: number }): Effect.Effect<Writer> =>
  Effect.succeed((more) =>
    Effect.sync(() => {
      lines.push(...more)
      if (lines.length > atMost) lines.splice(0, lines.length - atMost)
    }),
  )

/**
 * Lines are made and written nowhere; to measure what the rest costs.
 *
 * @since 0.1.0
 * @category writers
 */
export const toNothing: Effect.Effect<Writer> = Effect.succeed(() => Effect.void)

/**
 * The lines of a file. A line that does not belong to this log, such as half of one after a crash, is left out.
 *
 * @since 0.1.0
 * @category readers
 */
export const fromFile = (path: string) =>
  Stream.unwrap(Effect.map(FileSystem.FileSystem, (files) => files.stream(path))).pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.flatMap((text) => Stream.fromIterable(fromJson(text))),
  )

/**
 * A line from its JSON; empty if it is none.
 *
 * @since 0.1.0
 * @category readers
 */
export const fromJson = (text: string): ReadonlyArray<Line> => {
  const line = decode(text)
  return line._tag === "Some" ? [line.value] : []
}

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Line))
