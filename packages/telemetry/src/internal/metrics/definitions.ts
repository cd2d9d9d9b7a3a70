/**
 * Every metric of this package: its name, kind, unit and meaning. Prometheus' names are made from it.
 *
 * Names, units and bucket boundaries under `gen_ai` are those of OpenTelemetry's GenAI conventions.
 */

/**
 * The version of the conventions whose names are emitted. They are still moving: a new version is a new value here, never another
 * meaning of an old one.
 *
 * @since 0.1.0
 * @category models
 */
export type Names = "2026-10" | "1.37"

export interface Definition {
  readonly kind: "counter" | "gauge" | "histogram"
  /** UCUM. `undefined` for money, whose unit is in its name. */
  readonly unit?: string | undefined
  readonly description: string
}

const define = <const D extends Readonly<Record<string, Definition>>>(definitions: D): D => definitions

/** The conventions as of October 2026 (open-telemetry/semantic-conventions-genai, after #521). */
const names202610 = define({
  "gen_ai.client.inference.duration": {
    kind: "histogram",
    unit: "s",
    description: "Duration of one attempt at a model",
  },
  "gen_ai.client.inference.time_to_first_chunk": {
    kind: "histogram",
    unit: "s",
    description: "From the beginning of a streamed attempt to the first chunk of its answer",
  },
  "gen_ai.client.inference.usage.input_tokens": {
    kind: "counter",
    unit: "{token}",
    description: "Tokens of prompts, cached ones included",
  },
  "gen_ai.client.inference.usage.output_tokens": {
    kind: "counter",
    unit: "{token}",
    description: "Tokens of answers, reasoning included",
  },
  "gen_ai.client.inference.usage.cache_read.input_tokens": {
    kind: "counter",
    unit: "{token}",
    description: "Tokens of prompts that came from a cache; a part of all input tokens",
  },
  "gen_ai.client.inference.usage.cache_write.input_tokens": {
    kind: "counter",
    unit: "{token}",
    description: "Tokens of prompts that were written to a cache; a part of all input tokens",
  },
  "gen_ai.client.inference.usage.reasoning.output_tokens": {
    kind: "counter",
    unit: "{token}",
    description: "Tokens of reasoning; a part of all output tokens",
  },
  "gen_ai.client.inference.operation.input_tokens": {
    kind: "histogram",
    unit: "{token}",
    description: "Tokens of the prompt of one attempt",
  },
  "gen_ai.client.inference.operation.output_tokens": {
    kind: "histogram",
    unit: "{token}",
    description: "Tokens of the answer of one attempt",
  },
})

/** Of both versions: for what is no inference in the newer one, such as embeddings. */
const common = define({
  "gen_ai.client.operation.duration": {
    kind: "histogram",
    unit: "s",
    description: "Duration of one attempt at an operation",
  },
})

/** The conventions of version 1.37. */
const names137 = define({
  "gen_ai.client.token.usage": {
    kind: "histogram",
    unit: "{token}",
    description: "Tokens of one attempt, by type",
  },
})

/** What no convention has a name for. */
const own = define({
  "holdfast.calls": { kind: "counter", unit: "{call}", description: "Calls by how they ended" },
  "holdfast.call.duration": {
    kind: "histogram",
    unit: "s",
    description: "Duration of a call with all of its attempts and waits",
  },
  "holdfast.call.time_to_first_part": {
    kind: "histogram",
    unit: "s",
    description: "From the beginning of a call to the first content that its caller saw",
  },
  "holdfast.attempts": { kind: "counter", unit: "{attempt}", description: "Attempts by how they ended" },
  "holdfast.attempt.time_to_first_part": {
    kind: "histogram",
    unit: "s",
    description: "From the beginning of an attempt to its first content",
  },
  "holdfast.retries": { kind: "counter", unit: "{retry}", description: "Attempts that were repeated" },
  "holdfast.hedges": {
    kind: "counter",
    unit: "{hedge}",
    description: "Second attempts, sent while a slow one was still running",
  },
  "holdfast.fallbacks": { kind: "counter", unit: "{fallback}", description: "Calls that went on to another model" },
  "holdfast.refusals": { kind: "counter", unit: "{refusal}", description: "Calls and attempts that a policy refused" },
  "holdfast.cache.hits": { kind: "counter", unit: "{call}", description: "Calls that the response cache answered" },
  "holdfast.queue.wait": { kind: "histogram", unit: "s", description: "How long calls waited for limits" },
  "holdfast.circuit.state": {
    kind: "gauge",
    description: "State of a circuit: 0 closed, 1 half-open or with traffic growing, 2 open",
  },
  "holdfast.circuit.changes": {
    kind: "counter",
    unit: "{change}",
    description: "Changes of circuits by the new state",
  },
  "holdfast.limit.tightened": {
    kind: "counter",
    unit: "{change}",
    description: "Times that a provider reported less quota than was counted",
  },
  "holdfast.shared_state.unavailable": {
    kind: "gauge",
    description: "1 while a policy cannot reach the state that it shares with other processes",
  },
  "holdfast.budget.used": {
    kind: "gauge",
    unit: "1",
    description: "Share of a budget at the last threshold that it passed",
  },
  "holdfast.reservations.open": {
    kind: "gauge",
    unit: "{reservation}",
    description: "Reservations of attempts under way",
  },
  "holdfast.reserved.picodollars": { kind: "gauge", description: "What attempts under way may cost at most" },
  "holdfast.ledger.failures": {
    kind: "counter",
    unit: "{failure}",
    description: "Writes that the ledger did not take",
  },
  "holdfast.cost.picodollars": { kind: "counter", description: "What attempts cost, by how that is known" },
  "holdfast.key.loads": {
    kind: "counter",
    unit: "{load}",
    description: "Times that an API key was read from its source",
  },
  "holdfast.batch.changes": {
    kind: "counter",
    unit: "{change}",
    description: "Batches of jobs by the state that they reached",
  },
  "holdfast.batch.items": {
    kind: "counter",
    unit: "{item}",
    description: "Items of batch jobs by what became of them",
  },
  "holdfast.batch.duration": {
    kind: "histogram",
    unit: "s",
    description: "From the request that made a batch to its end",
  },
  "holdfast.bulk.items": { kind: "counter", unit: "{item}", description: "Items of bulk runs by how they ended" },
  "holdfast.log.dropped": {
    kind: "counter",
    unit: "{call}",
    description: "Calls whose log lines were dropped, because the writer was too slow",
  },
})

export const definitions: Readonly<Record<string, Definition>> = { ...names202610, ...common, ...names137, ...own }

export type Name = keyof typeof names202610 | keyof typeof common | keyof typeof names137 | keyof typeof own

/** Seconds: 0.01 x 2^n, as the conventions advise. */
export const seconds: ReadonlyArray<number> = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
]

/** Seconds: a minute x 2^n, up to more than the two days that a batch may take. */
export const longSeconds: ReadonlyArray<number> = Array.from({ length: 13 }, (_, power) => 60 * 2 ** power)

/** Tokens: 4^n, as the conventions advise. */
export const tokens: ReadonlyArray<number> = Array.from({ length: 14 }, (_, power) => 4 ** power)
