import { type DurationInput } from "@holdfast/core/DurationInput"
/**
 * Decision traces: what happened to a call, and when, as data that can be kept. `Explain` shows one, `Replay` runs many of them
 * through another stack.
 *
 * @since 0.1.0
 */
import { Duration, Effect, FileSystem, type Layer, Schema, type Scope, Stream } from "effect"

import { type CallTrace, hasFailure } from "./CallTrace.ts"
import * as Collector from "./Collector.ts"
import { decisionTraceOf } from "./internal/decisions/of.ts"
import { DecisionTrace } from "./internal/decisions/schema.ts"
import { makeBuffer } from "./internal/log/buffer.ts"
import { Instruments } from "./internal/metrics/instruments.ts"

export { Attempt, Decision, DecisionTrace, Fault } from "./internal/decisions/schema.ts"

/**
 * What is kept of a call that is over; `undefined` for attempts that belong to no call.
 *
 * @since 0.1.0
 * @category constructors
 */
export const of = (trace: CallTrace): DecisionTrace | undefined => decisionTraceOf(trace)

/**
 * Takes traces, several at once.
 *
 * @since 0.1.0
 * @category models
 */
export type Writer = (traces: ReadonlyArray<DecisionTrace>) => Effect.Effect<void, unknown>

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never, R = never> {
  readonly to: Effect.Effect<Writer, E, R>
  /** Keeps only calls that failed, or of which an attempt failed or was refused. All if left out; `Replay` wants all. */
  readonly failuresOnly?: boolean | undefined
  /** Traces that wait for a slow writer; more are dropped. 10,000 if left out. */
  readonly capacity?: number | undefined
  /** Between two writes. 200 milliseconds if left out. */
  readonly flushEvery?: DurationInput | undefined
}

/**
 * Keeps the trace of every call below the layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(options: Options<E, R>): Layer.Layer<Collector.Collector, E, Exclude<R, Scope.Scope>> =>
  Collector.consuming(
    Effect.gen(function* () {
      const writer = yield* options.to
      const dropped = new Instruments(yield* Effect.context()).counter("holdfast.log.dropped")
      const buffer = yield* makeBuffer<DecisionTrace>({
        capacity: options.capacity ?? 10_000,
        interval: Duration.toMillis(options.flushEvery ?? "200 millis"),
        write: (traces) =>
          Effect.catchCause(
            Effect.suspend(() => writer(traces)),
            (cause) => Effect.logWarning("DecisionTrace: traces are lost", cause),
          ),
        dropped: () => dropped.add(1),
      })
      return {
        call: (trace: CallTrace) => {
          const kept = options.failuresOnly === true && !hasFailure(trace) ? undefined : decisionTraceOf(trace)
          if (kept !== undefined) buffer.push(kept)
        },
      }
    }),
  )

/**
 * Traces are appended to a file, one line of JSON each.
 *
 * @since 0.1.0
 * @category writers
 */
export const toFile = (path: string) =>
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (files) => files.open(path, { flag: "a" })),
    (file): Writer => {
      const encoder = new TextEncoder()
      return (traces) => file.writeAll(encoder.encode(traces.map((trace) => `${toJson(trace)}\n`).join("")))
    },
  )

/**
 * Traces are kept in memory, the newest of them.
 *
 * @since 0.1.0
 * @category writers
 */
export const toArray = (traces: Array<DecisionTrace>, { atMost }: { readonly atMost: number }): Effect.Effect<Writer> =>
  Effect.succeed((more) =>
    Effect.sync(() => {
      traces.push(...more)
      if (traces.length > atMost) traces.splice(0, traces.length - atMost)
    }),
  )

/**
 * The traces of a file. A line that is none, such as half of one after a crash, is left out.
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
 * @since 0.1.0
 * @category conversions
 */
export const toJson = (trace: DecisionTrace): string => encode(trace)

/**
 * A trace from its JSON; empty if it is none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromJson = (text: string): ReadonlyArray<DecisionTrace> => {
  const trace = decode(text)
  return trace._tag === "Some" ? [trace.value] : []
}

const encode = Schema.encodeSync(Schema.fromJsonString(DecisionTrace))

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(DecisionTrace))
