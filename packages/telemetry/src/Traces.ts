/**
 * Traces: `effect/ai`'s span is the operation, each attempt is a child span of it, and what policies decided are its events.
 *
 * Spans go to whatever `Tracer` the calls run with: Effect's own OTLP exporter, or OpenTelemetry's SDK by `@effect/opentelemetry`.
 *
 * @since 0.1.0
 */
import { type Attempt } from "@holdfast/core"
import { Context, Duration, Effect, Exit, Fiber, Layer, Option, Tracer } from "effect"

import { type CallTrace, type TracedAttempt } from "./CallTrace.ts"
import * as Collector from "./Collector.ts"
import { type Names } from "./internal/metrics/definitions.ts"
import { type Attributes, ofAttempt, ofCall } from "./internal/span/attributes.ts"
import { decisionsOf } from "./internal/span/decisions.ts"
import { redactedError, redacting } from "./internal/span/redacted.ts"
import { cut } from "./internal/trace/facts.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** As for `Metrics`. `"2026-10"` if left out. */
  readonly names?: Names | undefined
}

/**
 * Makes a span of every attempt below the layer, and adds what its call decided and cost to the span of the operation.
 *
 * **Details**
 *
 * Spans are made when the call is over, with the times of their attempts. A call whose span is not sampled has none. They have no
 * prompt, no answer, and of an error its tag and status.
 *
 * **Gotchas**
 *
 * Never reckon money from traces that are sampled.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Collector.Collector> =>
  Collector.consuming(
    Effect.map(Effect.context(), (context): Collector.Consumer => ({
      call: (trace) => {
        const tracer = Fiber.getCurrent()?.getRef(Tracer.Tracer) ?? Context.get(context, Tracer.Tracer)
        // Effect's own tracer keeps spans for nobody.
        if (tracer !== Tracer.nativeTracer) spansOf(trace, tracer, options.names ?? "2026-10")
      },
    })),
  )

const spansOf = (trace: CallTrace, tracer: Tracer.Tracer, names: Names): void => {
  const operation = operationOf(trace)
  if (operation !== undefined && !operation.sampled) return
  const began = BigInt(Math.round(trace.startedAt * 1_000_000))
  const at = (millis: number): bigint => began + BigInt(Math.round(millis * 1_000_000))
  for (const attempt of trace.attempts) attemptSpan(attempt, { tracer, parent: operation, names, at })
  if (operation?._tag !== "Span" || operation.status._tag !== "Started") return
  setAll(operation, ofCall(trace))
  for (const event of decisionsOf(trace)) operation.event(event.name, at(event.at), event.attributes)
}

/** The span of `effect/ai`, while it is open; for embeddings and batches what stands for it. */
const operationOf = ({ attempts, started }: CallTrace): Tracer.AnySpan | undefined => {
  const request = started?.request ?? attempts[0]?.attempt.request
  const span = request?.options.span ?? request?.call.span
  return span === undefined || span.traceId === "" ? undefined : (span as Tracer.AnySpan)
}

interface Surroundings {
  readonly tracer: Tracer.Tracer
  readonly parent: Tracer.AnySpan | undefined
  readonly names: Names
  readonly at: (millis: number) => bigint
}

const attemptSpan = (traced: TracedAttempt, { at, names, parent, tracer }: Surroundings): void => {
  const { attempt } = traced
  const startTime = at(traced.at)
  const span = tracer.span({
    name: cut(`${attempt.operation} ${attempt.model}`, 256),
    parent: Option.fromUndefinedOr(parent),
    annotations: Context.empty(),
    links: [],
    startTime,
    kind: "client",
    root: parent === undefined,
    sampled: parent?.sampled ?? true,
  })
  setAll(span, ofAttempt(traced, names))
  span.end(startTime + BigInt(Math.round(Duration.toMillis(attempt.duration) * 1_000_000)), exitOf(attempt))
}

const setAll = (span: Tracer.Span, attributes: Attributes): void => {
  for (const name in attributes) span.attribute(name, attributes[name])
}

/** What a span ends with: of an error its tag and status. What a vendor says may quote the prompt, and a stack says nothing of it. */
const exitOf = ({ outcome }: Attempt.Attempt): Exit.Exit<unknown, unknown> => {
  switch (outcome._tag) {
    case "Completed":
      return Exit.void
    case "Failed":
      return Exit.die(redactedError(outcome.error))
    default:
      return Exit.interrupt()
  }
}

/**
 * Lets the spans of the tracer in context end without what models' errors say, in which a vendor or a schema may quote the prompt or the
 * answer: of `effect/ai`'s spans, and of all around them that fail with the same error or with one that has it as its cause. They end with its
 * tag and status. All other errors stay as they are.
 *
 * **Details**
 *
 * `Telemetry.otlp` does so by itself. For another tracer, such as that of `@effect/opentelemetry`, provide it to this layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedacted: Layer.Layer<never> = Layer.effect(
  Tracer.Tracer,
  Effect.map(Tracer.Tracer, (tracer) => (tracer === Tracer.nativeTracer ? tracer : redacting(tracer))),
)
