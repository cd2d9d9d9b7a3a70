/**
 * Metrics of all calls and attempts, on Effect's own metrics: for Prometheus, for OTLP, and for whatever else reads those.
 *
 * Names are those of OpenTelemetry's GenAI conventions in a version that you choose, and our own under `holdfast.` for what they have
 * no name for. Labels are bounded: whatever a client sends, there are never more than so many series.
 *
 * @since 0.1.0
 */
import { Effect, type Layer } from "effect"

import { type TracedAttempt } from "./CallTrace.ts"
import * as Collector from "./Collector.ts"
import { ModelSeries } from "./internal/metrics/attempts.ts"
import { batches } from "./internal/metrics/batches.ts"
import { calls } from "./internal/metrics/calls.ts"
import { decisions } from "./internal/metrics/decisions.ts"
import { type Names } from "./internal/metrics/definitions.ts"
import { Instruments } from "./internal/metrics/instruments.ts"
import { other, Table, Values } from "./internal/metrics/labels.ts"

export type { Names } from "./internal/metrics/definitions.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** `"2026-10"` if left out. */
  readonly names?: Names | undefined
  /** Tenants that have series of their own; all others are `other`. No metric tells tenants apart if left out. */
  readonly tenants?: ReadonlyArray<string> | undefined
  /** Models that have series of their own; all others are `other`. 200 if left out. */
  readonly models?: number | undefined
  /** The boundaries of durations, in seconds. Those of the conventions (0.01 x 2^n) if left out. */
  readonly boundaries?: ReadonlyArray<number> | undefined
}

/** Tags of errors that are told apart. */
const mostErrors = 40

/**
 * Counts all calls below the layer.
 *
 * **Gotchas**
 *
 * What a whole process emits is in one registry. Two layers with different `names` emit both, which doubles the series.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Collector.Collector> =>
  Collector.consuming(
    Effect.map(Effect.context(), (context): Collector.Consumer => {
      const instruments = new Instruments(context, options.boundaries)
      const attempted = attempts(instruments, options)
      const ended = calls(instruments, options.tenants === undefined ? undefined : new Set(options.tenants))
      const handlers = {
        ...decisions(instruments, attempted.sourceOf),
        ...batches(instruments, attempted),
      }
      return {
        call: (trace) => {
          for (const each of trace.attempts) attempted.add(each)
          if (trace.ended !== undefined) ended(trace.ended)
        },
        event: (event) => (handlers[event._tag] as ((event: unknown) => void) | undefined)?.(event),
      }
    }),
  )

const attempts = (instruments: Instruments, { models = 200, names = "2026-10" }: Options) => {
  const known = new Values(models)
  const [operations, errors] = [new Values(20), new Values(mostErrors)]
  const series = new Table((key) => {
    const [operation = "", provider = "", model = ""] = key.split("\n")
    return new ModelSeries(instruments, { operation, provider, model }, names, errors)
  })
  const keyOf = (provider: string, model: string): string => known.of(`${provider}\n${model}`)
  const found = ({ model, operation, provider }: TracedAttempt["attempt"]): ModelSeries => {
    const source = keyOf(provider, model)
    return series.get(`${operations.of(operation)}\n${source === other ? `${other}\n${other}` : source}`)
  }
  // To make a key of three texts each time costs more than to look them up one after the other.
  const recent = new Map<string, Map<string, Map<string, ModelSeries>>>()
  const remembered = (attempt: TracedAttempt["attempt"]): ModelSeries => {
    const own = recent.get(attempt.operation)?.get(attempt.provider)?.get(attempt.model)
    if (own !== undefined) return own
    const made = found(attempt)
    // There are no more of these than there are series.
    if (keyOf(attempt.provider, attempt.model) !== other && operations.of(attempt.operation) === attempt.operation) {
      const providers = within(recent, attempt.operation)
      within(providers, attempt.provider).set(attempt.model, made)
    }
    return made
  }
  return {
    operationOf: (operation: string): string => operations.of(operation),
    add: (traced: TracedAttempt): void => remembered(traced.attempt).add(traced),
    sourceOf: ({ model, provider }: { readonly provider: string; readonly model: string }) =>
      keyOf(provider, model) === other
        ? { "gen_ai.provider.name": other, "gen_ai.request.model": other }
        : { "gen_ai.provider.name": provider, "gen_ai.request.model": model },
  }
}

const within = <A>(maps: Map<string, Map<string, A>>, key: string): Map<string, A> => {
  const known = maps.get(key) ?? new Map<string, A>()
  maps.set(key, known)
  return known
}
