/**
 * The scenarios that the policies are measured in: stacks, providers, traffic and the bounds that must hold.
 *
 * Tests and plots read them from here, so a stack or a bound is changed in one place.
 */
import { Breaker, Deadline, Hedge, Resilience, type ResilientModel, Retry, RetryBudget, Route } from "@holdfast/core"
import { Distribution, Simulation, Simulator } from "@holdfast/testing"
import { Duration, Effect, Random, Schedule } from "effect"

type Model = ResilientModel.ResilientModel<unknown>
type Provider = ResilientModel.ResilientModel<ResilientModel.CallFailure>

/** What must hold. */
export const bounds = {
  /** Requests on the wire for each call that is offered during a total outage. */
  amplification: 1.1,
  /** Requests in any second after the outage, over what the provider can serve in a second. */
  peakLoad: 1.2,
  /** The share of calls that is answered again, and the seconds after the outage until that is so. */
  goodput: 0.95,
  recovery: 10,
  /** The 99th percentile of time to first part with hedges, over that without. */
  hedgedTail: 0.5,
  /** Requests with hedges, over calls. */
  hedgedRequests: 1.05,
  /** The 99th percentile of time to first part, over that of the oracle. */
  route: 1.2,
}

export const seeds: ReadonlyArray<number> = [1, 2, 3]

/** Doubles from `base` up to `cap`, less up to half at random. */
const openFor = ({ base, cap }: { readonly base: number; readonly cap: number }): Schedule.Schedule<unknown> =>
  Schedule.fromStep(
    Effect.sync(() => {
      let opening = 0
      return () =>
        Effect.map(Random.next, (random): [Duration.Duration, Duration.Duration] => {
          const most = Math.min(cap, base * 2 ** opening++)
          const wait = Duration.millis(Math.round(most / 2 + (random * most) / 2))
          return [wait, wait]
        })
    }),
  )

/** How a breaker comes back. Milliseconds. */
export interface Return {
  readonly base: number
  readonly cap: number
  readonly ramp: number
  readonly lease?: number | undefined
}

/** A return that satisfies the bounds, for comparison; the one that the breaker comes with is its own default. */
export const plainReturn: Return = { base: 2_000, cap: 5_000, ramp: 5_000, lease: 3_000 }

/** A minute of outage after a minute of calm. Times are seconds. */
export const outage = {
  from: 60,
  until: 120,
  duration: 160,
  processes: 10,
  /** Of the capacity. */
  load: 0.75,
}

const lasts = { from: Duration.seconds(outage.from), lasts: Duration.seconds(outage.until - outage.from) }

/** What a minute of trouble can be. */
export const troubles = {
  refusing: Simulator.outage(lasts),
  failing: Simulator.brownout({ ...lasts, failing: 1 }),
  silent: Simulator.silence(lasts),
}

const slots = 100

/** Sixty requests a second. */
const provider = (weather: Simulator.Weather): Provider =>
  Simulator.model({
    slots,
    firstPart: Distribution.lognormal({ median: "600 millis", sigma: 0.4 }),
    rest: Distribution.lognormal({ median: "900 millis", sigma: 0.4 }),
    weather: [weather],
  })

const capacity = slots / 1.625

export const stacks = {
  /** As nobody should: retries, and nothing that stops them. */
  retrying: (model: Provider) => model.pipe(Deadline.firstPart("10 seconds"), Retry.schedule(Retry.standard)),
  /** As breaker, retry and budget come. */
  guarded: (model: Provider) =>
    model.pipe(
      Deadline.firstPart("10 seconds"),
      Breaker.guard(),
      Retry.schedule(Retry.standard),
      RetryBudget.ratio(0.1),
    ),
  /** All of the preset. */
  standard: (model: Provider) => model.pipe(Resilience.standard()),
  /** With a breaker that comes back as given. */
  returning: (given: Return) => (model: Provider) =>
    model.pipe(
      Deadline.firstPart("10 seconds"),
      Breaker.guard({
        openFor: openFor(given),
        recovery: { ramp: given.ramp, ...(given.lease !== undefined && { lease: given.lease }) },
      }),
      Retry.schedule(Retry.standard),
      RetryBudget.ratio(0.1),
    ),
}

/** One minute of trouble for a stack. */
export const runOutage = (
  stack: (model: Provider) => Model,
  options: {
    readonly seed: number
    readonly weather?: Simulator.Weather
    readonly processes?: number
    readonly load?: number
  },
) =>
  Simulator.run({
    seed: options.seed,
    duration: Duration.seconds(outage.duration),
    traffic: [
      Simulator.traffic(stack(provider(options.weather ?? troubles.refusing)), {
        arrivals: Simulator.poisson(capacity * (options.load ?? outage.load)),
        processes: options.processes ?? outage.processes,
      }),
    ],
  })

/** What came of it. Recovery is in seconds since the end of the outage. */
export const outageFigures = (simulation: Simulation.Simulation) => {
  const recovered = Simulation.recoveredAt(simulation, {
    after: Duration.seconds(outage.until),
    goodput: bounds.goodput,
  })
  return {
    // Calls that begin just before the end may be retried after it.
    amplification: Simulation.amplification(simulation, {
      from: Duration.seconds(outage.from),
      until: Duration.seconds(outage.until - 3),
    }),
    peakLoad: Simulation.peakLoad(simulation, { from: Duration.seconds(outage.until) }),
    recovery: recovered === undefined ? Infinity : Duration.toSeconds(recovered) - outage.until,
  }
}

/** A model of which three calls in a hundred take more than ten times as long to begin. */
const withTail = Simulator.model({
  slots: 200,
  firstPart: Distribution.bimodal({
    usual: Distribution.lognormal({ median: "600 millis", sigma: 0.3 }),
    rare: Distribution.lognormal({ median: "8 seconds", sigma: 0.3 }),
    share: 0.03,
  }),
  rest: Distribution.lognormal({ median: "1 second", sigma: 0.3 }),
})

export const hedges = {
  none: withTail as Model,
  quantile90: Hedge.after({ quantile: 0.9 })(withTail) as Model,
  /** As the share of hedges comes: one call in twenty is late, and as many hedges are allowed. */
  quantile95: Hedge.after({ quantile: 0.95 })(withTail) as Model,
  quantile99: Hedge.after({ quantile: 0.99 })(withTail) as Model,
  fixed: Hedge.after("2 seconds")(withTail) as Model,
}

export const runHedge = (model: Model, seed: number) =>
  Simulator.run({
    seed,
    duration: "8 minutes",
    traffic: [Simulator.traffic(model, { arrivals: Simulator.poisson(12) })],
  })

/** Several deployments of one model, of which the first one is slower. */
export interface Replicas {
  readonly count: number
  readonly slower: number
  /** Of the capacity of all of them. */
  readonly load: number
}

export const chosenReplicas: Replicas = { count: 8, slower: 2, load: 0.8 }

const replicasOf = ({ count, slower }: Replicas) =>
  Array.from({ length: count }, (_, index) =>
    Simulator.model({
      model: `replica ${index}`,
      slots: 30,
      queue: 300,
      firstPart: Distribution.lognormal({ median: "600 millis", sigma: 0.8 }),
      rest: Distribution.lognormal({ median: "900 millis", sigma: 0.8 }),
      weather: index === 0 ? [Simulator.brownout({ from: 0, lasts: "1 day", slower })] : [],
    }),
  ) as [Provider, Provider, ...Array<Provider>]

export const routes = {
  oracle: (models: ReturnType<typeof replicasOf>): Model => Simulator.oracle(models),
  leastBusy: (models: ReturnType<typeof replicasOf>): Model => Route.leastBusy(models),
  lowestLatency: (models: ReturnType<typeof replicasOf>): Model => Route.lowestLatency(models),
  weighted: ([first, ...rest]: ReturnType<typeof replicasOf>): Model =>
    Route.weighted([[first, 1], ...rest.map((model) => [model, 1] as const)]),
}

export const runRoute = (
  route: (models: ReturnType<typeof replicasOf>) => Model,
  { replicas, seed }: { readonly replicas: Replicas; readonly seed: number },
) => {
  const each = 30 / (1.5 * Math.exp(0.32))
  return Simulator.run({
    seed,
    duration: "100 seconds",
    traffic: [
      Simulator.traffic(route(replicasOf(replicas)), {
        arrivals: Simulator.poisson(each * (replicas.count - 1 + 1 / replicas.slower) * replicas.load),
      }),
    ],
  })
}

/** Of one simulation, or of several together, so that the last hundredth is more than a few calls. Milliseconds. */
export const firstPartQuantile = (
  simulations: Simulation.Simulation | ReadonlyArray<Simulation.Simulation>,
  quantile: number,
): number => {
  const all = Array.isArray(simulations) ? (simulations as ReadonlyArray<Simulation.Simulation>) : [simulations]
  const calls = all.flatMap((simulation) => (simulation as Simulation.Simulation).calls)
  const together = { duration: 0, servers: [], attempts: [], calls }
  return Duration.toMillis(Simulation.timeToFirstPart(together, quantile) ?? Duration.infinity)
}
