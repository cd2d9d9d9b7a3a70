/**
 * Metrics of Effect whose state is here: what Effect's own look up on each update, by name and labels, costs several times as much as to
 * count.
 */
import { Context, Metric } from "effect"

import { type Definition, definitions, longSeconds, type Name, seconds, tokens } from "./definitions.ts"

export type Labels = Readonly<Record<string, string>>

export interface Instrument<Input> {
  readonly add: (value: Input) => void
}

/** What is registered, by registry: layers that are built twice in one process count into the same series. */
const registered = new WeakMap<Metric.MetricRegistry, Map<string, Instrument<never>>>()

export class Instruments {
  readonly #context: Context.Context<never>
  /** How exactly durations are told apart. */
  readonly #boundaries: ReadonlyArray<number>
  readonly #known: Map<string, Instrument<never>>

  constructor(context: Context.Context<never>, boundaries: ReadonlyArray<number> = seconds) {
    this.#context = context
    this.#boundaries = boundaries
    const registry = Context.get(context, Metric.MetricRegistry)
    this.#known = registered.get(registry) ?? new Map<string, Instrument<never>>()
    registered.set(registry, this.#known)
  }

  readonly counter = (name: Name, labels: Labels = {}): Instrument<number> =>
    this.#of(name, labels, new Counter<number>(0), (described) =>
      Metric.counter(name, { ...described, incremental: true }),
    )

  readonly bigCounter = (name: Name, labels: Labels = {}): Instrument<bigint> =>
    this.#of(name, labels, new Counter<bigint>(0n), (described) =>
      Metric.counter(name, { ...described, incremental: true, bigint: true }),
    )

  readonly gauge = (name: Name, labels: Labels = {}): Instrument<number> =>
    this.#of(name, labels, new Gauge<number>(0), (described) => Metric.gauge(name, described))

  readonly bigGauge = (name: Name, labels: Labels = {}): Instrument<bigint> =>
    this.#of(name, labels, new Gauge<bigint>(0n), (described) => Metric.gauge(name, { ...described, bigint: true }))

  readonly histogram = (name: Name, labels: Labels = {}): Instrument<number> => {
    const boundaries = this.#boundariesOf(name)
    return this.#of(name, labels, new Histogram(boundaries), (described) =>
      Metric.histogram(name, { ...described, boundaries }),
    )
  }

  #boundariesOf(name: Name): ReadonlyArray<number> {
    if (definitions[name]?.unit === "{token}") return tokens
    return name === "holdfast.batch.duration" ? longSeconds : this.#boundaries
  }

  #of<Input, State>(
    name: Name,
    labels: Labels,
    own: Owned<Input, State>,
    make: (described: ReturnType<typeof describing>) => Metric.Metric<Input, State>,
  ): Instrument<Input> {
    const key = `${name}\n${JSON.stringify(labels)}`
    const known = this.#known.get(key)
    if (known !== undefined) return known as Instrument<Input>
    const { add } = own
    Metric.registerUnsafe(make(describing(name, labels)), this.#context, {
      get: () => own.state,
      update: add,
      modify: add,
    })
    this.#known.set(key, own)
    return own
  }
}

interface Owned<Input, State> extends Instrument<Input> {
  readonly state: State
}

/** What it counts never falls. */
class Counter<Input extends number | bigint> implements Owned<Input, Metric.CounterState<Input>> {
  private count: Input

  constructor(zero: Input) {
    this.count = zero
  }

  readonly add = (value: Input): void => {
    if (value > 0) this.count = ((this.count as number) + (value as number)) as Input
  }

  get state(): Metric.CounterState<Input> {
    return { count: this.count, incremental: true } as Metric.CounterState<Input>
  }
}

class Gauge<Input extends number | bigint> implements Owned<Input, Metric.GaugeState<Input>> {
  private value: Input

  constructor(zero: Input) {
    this.value = zero
  }

  readonly add = (value: Input): void => {
    this.value = value
  }

  get state(): Metric.GaugeState<Input> {
    return { value: this.value } as Metric.GaugeState<Input>
  }
}

class Histogram implements Owned<number, Metric.HistogramState> {
  private readonly boundaries: ReadonlyArray<number>
  private readonly counts: Float64Array
  private count = 0
  private sum = 0
  private least = Infinity
  private most = -Infinity

  constructor(boundaries: ReadonlyArray<number>) {
    this.boundaries = boundaries.toSorted((a, b) => a - b)
    this.counts = new Float64Array(boundaries.length + 1)
  }

  readonly add = (value: number): void => {
    const { boundaries } = this
    let [from, to] = [0, boundaries.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (value <= (boundaries[middle] as number)) to = middle
      else from = middle + 1
    }
    this.counts[from] = (this.counts[from] ?? 0) + 1
    this.count++
    this.sum += value
    if (value < this.least) this.least = value
    if (value > this.most) this.most = value
  }

  get state(): Metric.HistogramState {
    let seen = 0
    const buckets = this.boundaries.map((boundary, index): [number, number] => {
      seen += this.counts[index] ?? 0
      return [boundary, seen]
    })
    const nothing = this.count === 0
    return {
      buckets,
      count: this.count,
      min: nothing ? 0 : this.least,
      max: nothing ? 0 : this.most,
      sum: this.sum,
    }
  }
}

const describing = (name: Name, labels: Labels) => {
  const { description, unit } = definitions[name] as Definition
  return { description, attributes: unit === undefined ? labels : { ...labels, unit } }
}
