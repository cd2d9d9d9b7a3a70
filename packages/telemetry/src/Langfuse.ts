import { type DurationInput } from "@holdfast/core/DurationInput"
/**
 * Langfuse over OTLP: every attempt as a generation with its tokens and its cost, under its call, with the session and the user of
 * `RequestContext`.
 *
 * It has an exporter of its own, beside whatever else the application sends its traces to, and needs nothing of it.
 *
 * @since 0.1.0
 */
import { Config, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { OtlpExporter, OtlpResource, OtlpSerialization, type OtlpTracer } from "effect/observability"

import * as Collector from "./Collector.ts"
import { type OtlpSpan, spansOf } from "./internal/langfuse/spans.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly publicKey: string
  readonly secretKey: Redacted.Redacted
  /** `https://cloud.langfuse.com` if left out. */
  readonly baseUrl?: string | undefined
  /** Such as `production`, in lower case. */
  readonly environment?: string | undefined
  /** The version of the application. */
  readonly release?: string | undefined
  /** JSON if left out. */
  readonly protocol?: "json" | "protobuf" | undefined
  /** Between two exports. 5 seconds if left out. */
  readonly exportInterval?: DurationInput | undefined
}

const cloud = "https://cloud.langfuse.com"

/**
 * Sends every call below the layer to Langfuse.
 *
 * **Details**
 *
 * `usage_details` and `cost_details` are exclusive: no token is in two classes, and their sums are exact. What is left when the layer
 * closes is sent then. While Langfuse cannot be reached, calls go on and traces are lost, as Effect's exporter has it.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Collector.Collector> =>
  Collector.consuming(exporting(options)).pipe(
    Layer.provide([
      options.protocol === "protobuf" ? OtlpSerialization.layerProtobuf : OtlpSerialization.layerJson,
      FetchHttpClient.layer,
      OtlpExporter.layerFlusher,
    ]),
  )

/**
 * As `layer`, from `LANGFUSE_PUBLIC_KEY`, `LANGFUSE_SECRET_KEY` and, where they are set, `LANGFUSE_BASE_URL` and
 * `LANGFUSE_TRACING_ENVIRONMENT`, which are the names that Langfuse's own SDKs read.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Omit<Options, "publicKey" | "secretKey" | "baseUrl" | "environment"> = {},
): Layer.Layer<Collector.Collector, Config.ConfigError> =>
  Layer.unwrap(
    Effect.map(settings, ({ baseUrl, environment, ...keys }) =>
      layer({
        ...options,
        ...keys,
        ...(baseUrl._tag === "Some" && { baseUrl: baseUrl.value }),
        ...(environment._tag === "Some" && { environment: environment.value }),
      }),
    ),
  )

const settings = Config.all({
  publicKey: Config.String("LANGFUSE_PUBLIC_KEY"),
  secretKey: Config.Redacted("LANGFUSE_SECRET_KEY"),
  baseUrl: Config.option(Config.String("LANGFUSE_BASE_URL")),
  environment: Config.option(Config.String("LANGFUSE_TRACING_ENVIRONMENT")),
})

const exporting = Effect.fnUntraced(function* (options: Options) {
  const serialization = yield* OtlpSerialization.OtlpSerialization
  const resource = OtlpResource.make({ serviceName: "holdfast" })
  const exporter = yield* OtlpExporter.make({
    label: "Langfuse",
    url: `${(options.baseUrl ?? cloud).replace(/\/+$/, "")}/api/public/otel/v1/traces`,
    headers: {
      authorization: `Basic ${btoa(`${options.publicKey}:${Redacted.value(options.secretKey)}`)}`,
      "x-langfuse-ingestion-version": "4",
    },
    exportInterval: options.exportInterval ?? "5 seconds",
    maxBatchSize: 512,
    shutdownTimeout: "3 seconds",
    body: (spans: ReadonlyArray<OtlpSpan>) => [serialization.traces(traces(resource, spans)), Effect.void],
  })
  const labels = { environment: options.environment, release: options.release }
  return {
    call: (trace) => {
      for (const span of spansOf(trace, labels)) exporter.push(span)
    },
  } satisfies Collector.Consumer
})

const traces = (resource: OtlpResource.Resource, spans: ReadonlyArray<OtlpSpan>): OtlpTracer.TraceData => ({
  resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "@holdfast/telemetry" }, spans: [...spans] }] }],
})
