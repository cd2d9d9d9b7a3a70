/**
 * Metrics for Prometheus, under the names that an OpenTelemetry collector would give them.
 *
 * @since 0.1.0
 */
import { type Effect, type Layer } from "effect"
import { type HttpRouter } from "effect/http"
import { PrometheusMetrics } from "effect/observability"

import { definitions } from "./internal/metrics/definitions.ts"

/**
 * The name of a metric in Prometheus: counters end in `_total`, durations in `_seconds`, shares in `_ratio`, and dots are
 * underscores. Units in braces, such as `{token}`, are left out.
 *
 * **Details**
 *
 * From OpenTelemetry's "Prometheus and OpenMetrics Compatibility". Names that are not this package's are left as they are.
 *
 * **Example** (A counter and a histogram)
 *
 * ```ts
 * import { Prometheus } from "@holdfast/telemetry"
 *
 * Prometheus.nameOf("holdfast.retries") // => "holdfast_retries_total"
 * Prometheus.nameOf("holdfast.call.duration") // => "holdfast_call_duration_seconds"
 * ```
 *
 * @since 0.1.0
 * @category getters
 */
export const nameOf = (name: string): string => {
  const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined
  if (definition === undefined) return name
  const { kind, unit } = definition
  const suffixes = [
    ...(unit === "s" ? ["seconds"] : []),
    ...(unit === "1" && kind === "gauge" ? ["ratio"] : []),
    ...(kind === "counter" ? ["total"] : []),
  ]
  return [name.replaceAll(".", "_"), ...suffixes].join("_")
}

/**
 * All metrics of the process, in the text format.
 *
 * @since 0.1.0
 * @category conversions
 */
export const format: Effect.Effect<string> = PrometheusMetrics.format({ metricNameMapper: nameOf })

/**
 * Serves the metrics of the process on a route of the application's own router.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: { readonly path?: HttpRouter.PathInput | undefined } = {},
): Layer.Layer<never, never, HttpRouter.HttpRouter> =>
  PrometheusMetrics.layerHttp({ path: options.path ?? "/metrics", metricNameMapper: nameOf })
