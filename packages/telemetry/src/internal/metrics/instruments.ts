/**
 * Metrics of Effect, one object for each set of labels: to look one up by its labels on each update would cost several times as much.
 */
import { type Context, Metric } from "effect"

import { type Definition, definitions, type Name, seconds, tokens } from "./definitions.ts"

export type Labels = Readonly<Record<string, string>>

export interface Instrument<Input> {
  readonly add: (value: Input) => void
}

export class Instruments {
  readonly #context: Context.Context<never>
  /** How exactly durations are told apart. */
  readonly #boundaries: ReadonlyArray<number>

  constructor(context: Context.Context<never>, boundaries: ReadonlyArray<number> = seconds) {
    this.#context = context
    this.#boundaries = boundaries
  }

  readonly counter = (name: Name, labels: Labels = {}): Instrument<number> =>
    this.#updated(Metric.counter(name, { ...describing(name, labels), incremental: true }))

  readonly bigCounter = (name: Name, labels: Labels = {}): Instrument<bigint> =>
    this.#updated(Metric.counter(name, { ...describing(name, labels), incremental: true, bigint: true }))

  readonly gauge = (name: Name, labels: Labels = {}): Instrument<number> =>
    this.#updated(Metric.gauge(name, describing(name, labels)))

  readonly bigGauge = (name: Name, labels: Labels = {}): Instrument<bigint> =>
    this.#updated(Metric.gauge(name, { ...describing(name, labels), bigint: true }))

  readonly histogram = (name: Name, labels: Labels = {}): Instrument<number> => {
    const boundaries = definitions[name]?.unit === "{token}" ? tokens : this.#boundaries
    return this.#updated(Metric.histogram(name, { ...describing(name, labels), boundaries }))
  }

  #updated<Input>(metric: Metric.Metric<Input, unknown>): Instrument<Input> {
    const context = this.#context
    return { add: (value) => metric.updateUnsafe(value, context) }
  }
}

const describing = (name: Name, labels: Labels) => {
  const { description, unit } = definitions[name] as Definition
  return { description, attributes: unit === undefined ? labels : { ...labels, unit } }
}
