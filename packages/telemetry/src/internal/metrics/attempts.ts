/**
 * The metrics of attempts at one model.
 */
import { type Attempt } from "@holdfast/core"
import { Duration } from "effect"

import { type TracedAttempt } from "../../CallTrace.ts"
import { errorTypeOf } from "../trace/facts.ts"
import { type Names } from "./definitions.ts"
import { type Instrument, type Instruments, type Labels } from "./instruments.ts"
import { Table, type Values } from "./labels.ts"

interface Source {
  readonly operation: string
  readonly provider: string
  readonly model: string
}

export class ModelSeries {
  readonly #durations: Table<Instrument<number>>
  readonly #outcomes: Table<Instrument<number>>
  readonly #costs: Table<Instrument<bigint>>
  readonly #firstPart: Instrument<number>
  readonly #usage: Usage
  readonly #errors: Values

  constructor(instruments: Instruments, { model, operation, provider }: Source, names: Names, errors: Values) {
    const labels: Labels = {
      "gen_ai.operation.name": operation,
      "gen_ai.provider.name": provider,
      "gen_ai.request.model": model,
    }
    const isInference = names === "2026-10" && operation === "chat"
    const duration = isInference ? "gen_ai.client.inference.duration" : "gen_ai.client.operation.duration"
    this.#durations = new Table((error) =>
      instruments.histogram(duration, error === "" ? labels : { ...labels, "error.type": error }),
    )
    this.#outcomes = new Table((outcome) => instruments.counter("holdfast.attempts", { ...labels, outcome }))
    this.#costs = new Table((basis) => instruments.bigCounter("holdfast.cost.picodollars", { ...labels, basis }))
    this.#firstPart = instruments.histogram("holdfast.attempt.time_to_first_part", labels)
    this.#usage = usageOf(instruments, labels, names)
    this.#errors = errors
  }

  readonly add = ({ attempt, charge }: TracedAttempt): void => {
    const error = errorTypeOf(attempt.outcome)
    this.#durations
      .get(error === undefined ? "" : this.#errors.of(error))
      .add(Duration.toMillis(attempt.duration) / 1000)
    this.#outcomes.get(attempt.outcome._tag).add(1)
    this.#costs.get(charge.basis).add(charge.cost)
    if (attempt.timeToFirstPart !== undefined) this.#firstPart.add(Duration.toMillis(attempt.timeToFirstPart) / 1000)
    this.#usage(attempt)
  }
}

type Usage = (attempt: Attempt.Attempt) => void

const usageOf = (instruments: Instruments, labels: Labels, names: Names): Usage =>
  names === "2026-10" ? newest(instruments, labels) : older(instruments, labels)

const newest = (instruments: Instruments, labels: Labels): Usage => {
  const counter = (name: "input_tokens" | "output_tokens" | Cached) =>
    instruments.counter(`gen_ai.client.inference.usage.${name}`, labels)
  const firstChunk = instruments.histogram("gen_ai.client.inference.time_to_first_chunk", labels)
  const [input, output] = [counter("input_tokens"), counter("output_tokens")]
  const [cacheRead, cacheWrite] = [counter("cache_read.input_tokens"), counter("cache_write.input_tokens")]
  const reasoning = counter("reasoning.output_tokens")
  const inputs = instruments.histogram("gen_ai.client.inference.operation.input_tokens", labels)
  const outputs = instruments.histogram("gen_ai.client.inference.operation.output_tokens", labels)
  return ({ request, timeToFirstChunk, usage }) => {
    if (request.mode === "stream" && timeToFirstChunk !== undefined)
      firstChunk.add(Duration.toMillis(timeToFirstChunk) / 1000)
    if (usage === undefined) return
    const { inputTokens, outputTokens } = usage
    both(input, inputs, inputTokens.total)
    both(output, outputs, outputTokens.total)
    counted(cacheRead, inputTokens.cacheRead)
    counted(cacheWrite, inputTokens.cacheWrite)
    counted(reasoning, outputTokens.reasoning)
  }
}

type Cached = "cache_read.input_tokens" | "cache_write.input_tokens" | "reasoning.output_tokens"

const older = (instruments: Instruments, labels: Labels): Usage => {
  const typed = (type: string) =>
    instruments.histogram("gen_ai.client.token.usage", { ...labels, "gen_ai.token.type": type })
  const [input, output] = [typed("input"), typed("output")]
  return ({ usage }) => {
    if (usage === undefined) return
    counted(input, usage.inputTokens.total)
    counted(output, usage.outputTokens.total)
  }
}

const counted = (instrument: Instrument<number>, value: number | null | undefined): void => {
  if (isCount(value)) instrument.add(value)
}

const both = (counter: Instrument<number>, histogram: Instrument<number>, value: number | null | undefined): void => {
  if (!isCount(value)) return
  counter.add(value)
  histogram.add(value)
}

// A vendor's answer may say anything.
const isCount = (value: number | null | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0
