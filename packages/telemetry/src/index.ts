/**
 * Request log, metrics, traces, Langfuse, and decision traces for LLM calls.
 *
 * @module @holdfast/telemetry
 */
export * as CallTrace from "./CallTrace.ts"
export * as Collector from "./Collector.ts"
export * as Langfuse from "./Langfuse.ts"
export * as Metrics from "./Metrics.ts"
export * as Prometheus from "./Prometheus.ts"
export * as RequestLog from "./RequestLog.ts"
export * as Telemetry from "./Telemetry.ts"
export * as Traces from "./Traces.ts"
export * as Summary from "./Summary.ts"
export * as Content from "./Content.ts"
export * as DecisionTrace from "./DecisionTrace.ts"
export * as Explain from "./Explain.ts"
