/**
 * Everything of this package in one place: what to write for a log, for metrics, for traces and for Langfuse.
 *
 * **Example** (All of it)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { RequestLog, Telemetry } from "@holdfast/telemetry"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const lines: Array<RequestLog.Line> = []
 * const telemetry = Telemetry.layer({
 *   names: "2026-10",
 *   log: { to: RequestLog.toArray(lines, { atMost: 1_000 }), oneIn: 1 },
 * })
 *
 * const ask = LanguageModel.generateText({ prompt: "hi" }).pipe(ResilientModel.provide(ScriptedModel.model(ScriptedModel.text("hello"))))
 *
 * await Effect.runPromise(Effect.provide(ask, telemetry))
 * lines.map(({ line }) => line) // => ["attempt", "call"]
 * ```
 *
 * @since 0.1.0
 */
import { Layer, type Scope } from "effect"
import { FetchHttpClient } from "effect/http"
import { Otlp } from "effect/observability"

import type * as Collector from "./Collector.ts"
import * as Langfuse from "./Langfuse.ts"
import * as Metrics from "./Metrics.ts"
import * as RequestLog from "./RequestLog.ts"
import * as Traces from "./Traces.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<E = never, R = never> extends Metrics.Options {
  /** No request log if left out. */
  readonly log?: RequestLog.Options<E, R> | undefined
}

/**
 * Metrics and traces of all calls below the layer, and their log.
 *
 * **Details**
 *
 * Where they go is the application's: `Prometheus.layer` for a route, `otlp` for a collector, or a `Tracer` of its own. What is merged
 * with it, such as `langfuse`, shares its collector.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E = never, R = never>({ log, ...options }: Options<E, R> = {}): Layer.Layer<
  Collector.Collector,
  E,
  Exclude<R, Scope.Scope>
> => {
  const always = Layer.merge(Metrics.layer(options), Traces.layer({ names: options.names }))
  return log === undefined ? always : Layer.merge(always, RequestLog.layer(log))
}

/**
 * Sends every call to Langfuse; nothing else is needed.
 *
 * @since 0.1.0
 * @category layers
 */
export const langfuse: (options: Langfuse.Options) => Layer.Layer<Collector.Collector> = Langfuse.layer

/**
 * Effect's exporter of traces, metrics and logs, over `fetch`. Spans end without what models' errors say (`Traces.layerRedacted`).
 *
 * @since 0.1.0
 * @category layers
 */
export const otlp = ({ protocol, ...options }: OtlpOptions): Layer.Layer<never> =>
  Traces.layerRedacted.pipe(
    Layer.provideMerge(protocol === "json" ? Otlp.layerJson(options) : Otlp.layerProtobuf(options)),
    Layer.provide(FetchHttpClient.layer),
  ) as Layer.Layer<never>

/**
 * @since 0.1.0
 * @category models
 */
export type OtlpOptions = Parameters<typeof Otlp.layerJson>[0] & {
  /** Protobuf if left out. */
  readonly protocol?: "json" | "protobuf" | undefined
}
