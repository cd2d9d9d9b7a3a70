/**
 * Clients, providers and a day of trouble, in less than a second.
 *
 * A simulation runs stacks of policies as they are against providers that have a capacity, a queue, limits, slow hours and
 * outages. Time is virtual and goes from event to event, chance comes from a seed, and nothing is sent anywhere. What comes
 * out is the trace of all calls and attempts, from which `Simulation` reads amplification, goodput, load and latencies.
 *
 * **When to use**
 *
 * To find out what a stack does in an outage before one comes, and to choose its settings by numbers.
 *
 * **Example** (What retries do to a provider that is down)
 *
 * ```ts
 * import { Breaker, Retry } from "@holdfast/core"
 * import { Distribution, Simulation, Simulator } from "@holdfast/testing"
 * import { Effect } from "effect"
 *
 * const provider = Simulator.model({
 *   slots: 20,
 *   firstPart: Distribution.lognormal({ median: "500 millis", sigma: 0.4 }),
 *   weather: [Simulator.outage({ from: "30 seconds", lasts: "30 seconds" })],
 * })
 * const retried = Retry.schedule(Retry.standard)(provider)
 * const guarded = provider.pipe(Breaker.guard({ trip: { consecutiveFailures: 5 } }), Retry.schedule(Retry.standard))
 *
 * const amplification = (model: typeof retried | typeof guarded) =>
 *   Simulator.run({
 *     seed: 1,
 *     duration: "1 minute",
 *     traffic: [Simulator.traffic(model, { arrivals: Simulator.poisson(20) })],
 *   }).pipe(
 *     Effect.map((simulation) => Simulation.amplification(simulation, { from: "30 seconds", until: "55 seconds" })),
 *   )
 *
 * const [loud, quiet] = await Effect.runPromise(Effect.all([amplification(retried), amplification(guarded)]))
 *
 * loud > 2.9 // => true
 * quiet < 0.3 // => true
 * ```
 *
 * @since 0.1.0
 */
import { type ModelCall, type ModelRequest } from "@holdfast/core/ModelCall"
import { type RequestContext } from "@holdfast/core/RequestContext"
import * as ResilientModel from "@holdfast/core/ResilientModel"
import { Clock, Context, Duration, Effect, Random, Scheduler } from "effect"

import { type Distribution } from "./Distribution.ts"
import * as Distributions from "./Distribution.ts"
import { simulatedProvider } from "./internal/simulator/provider.ts"
import { mistakeIn, type Settings } from "./internal/simulator/server.ts"
import { inhabited, type Traffic } from "./internal/simulator/traffic.ts"
import { VirtualTime } from "./internal/simulator/virtualTime.ts"
import { type Weather } from "./internal/simulator/weather.ts"
import { CurrentWorld, World } from "./internal/simulator/world.ts"
import { type Simulation } from "./Simulation.ts"

export type { Traffic } from "./internal/simulator/traffic.ts"

export type { Weather } from "./internal/simulator/weather.ts"

/**
 * How a simulated provider serves.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** `"simulated"` if left out. Models of one simulation are told apart by provider and model. */
  readonly provider?: string | undefined
  /** `"simulated-model"` if left out. */
  readonly model?: string | undefined
  /** Requests that are served at the same time. */
  readonly slots: number
  /** Requests that wait for a slot; the next one is answered with 529. As many as there are slots if left out. */
  readonly queue?: number | undefined
  /** From a request's turn to its first part. */
  readonly firstPart: Distribution
  /** From there to the end of the answer. Nothing if left out. */
  readonly rest?: Distribution | undefined
  /** Requests in a time; what is above is answered with 429 and when to come back. None if left out. */
  readonly limit?: { readonly requests: number; readonly per: Duration.Input } | undefined
  /** What it goes through, by the time of the simulation. */
  readonly weather?: ReadonlyArray<Weather> | undefined
  /** Until a refusal is back. 50 milliseconds if left out. */
  readonly roundTrip?: Duration.Input | undefined
}

/**
 * A provider that exists in simulations only.
 *
 * **Details**
 *
 * Its state belongs to the simulation: all processes that use it in one run meet at the same slots, and each run begins anew.
 *
 * **Gotchas**
 *
 * Building it outside of `run` is a defect.
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (options: Options): ResilientModel.ResilientModel<ResilientModel.CallFailure> => {
  const provider = options.provider ?? "simulated"
  const name = options.model ?? "simulated-model"
  const settings = settingsOf(`${provider}/${name}`, options)
  const names = { provider, model: name, roundTrip: Duration.toMillis(options.roundTrip ?? "50 millis") }
  const build = Effect.flatMap(here, (world) => {
    const mistake = mistakeIn(settings) ?? world.mistakeIn(settings)
    if (mistake !== undefined) return Effect.die(new Error(`Simulator.model: ${mistake}`))
    return Effect.sync(() => simulatedProvider(world.server(settings), world, names))
  })
  const { queue, slots } = settings
  return ResilientModel.fromProvider(build, {
    name: "Simulator.model",
    settings: { provider, model: name, slots, queue },
  })
}

/**
 * Connections are refused for a while, and what is under way breaks.
 *
 * @since 0.1.0
 * @category weather
 */
export const outage = (spell: Spell): Weather => ({ _tag: "Outage", ...times(spell) })

/**
 * Requests are taken for a while and nothing comes back any more, also of those that are under way. Only deadlines end them.
 *
 * @since 0.1.0
 * @category weather
 */
export const silence = (spell: Spell): Weather => ({ _tag: "Silence", ...times(spell) })

/**
 * Everything takes so many times as long for a while, and a share of the requests fails with 500.
 *
 * @since 0.1.0
 * @category weather
 */
export const brownout = (
  spell: Spell & { readonly slower?: number | undefined; readonly failing?: number | undefined },
): Weather => ({ _tag: "Brownout", ...times(spell), slower: spell.slower ?? 1, failing: spell.failing ?? 0 })

/**
 * When something begins, by the time of the simulation, and how long it lasts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Spell {
  readonly from: Duration.Input
  readonly lasts: Duration.Input
}

/**
 * How calls come: the milliseconds from one to the next.
 *
 * @since 0.1.0
 * @category models
 */
export type Arrivals = Distribution

/**
 * So many calls a second, independent of each other.
 *
 * @since 0.1.0
 * @category arrivals
 */
export const poisson = (perSecond: number): Arrivals => Distributions.exponential(1000 / perSecond)

/**
 * So many calls a second, evenly.
 *
 * @since 0.1.0
 * @category arrivals
 */
export const evenly = (perSecond: number): Arrivals => Distributions.constant(1000 / perSecond)

/**
 * Traffic through a stack.
 *
 * **Details**
 *
 * Each process builds the stack for itself, so its breakers, limits and hedges know only what that process has seen. Calls
 * are independent of each other: they come as `arrivals` says, whether or not those before have been answered, and each
 * belongs to a process that chance picks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const traffic = <E, R>(
  stack: ResilientModel.ResilientModel<E, R>,
  options: {
    /** Of all processes together. */
    readonly arrivals: Arrivals
    /** 1 if left out. */
    readonly processes?: number | undefined
    /** Streams if left out. Calls are counted from 0. */
    readonly mode?: ((call: number) => ModelRequest["mode"]) | undefined
    /** The same for all if left out. */
    readonly prompt?: ((call: number) => string) | undefined
    /** Tenant, priority and so on. */
    readonly context?: ((call: number) => Partial<RequestContext>) | undefined
    /** How long a caller waits until it gives up. For ever if left out. */
    readonly patience?: Duration.Input | undefined
  },
): Traffic<R> => ({
  stack,
  arrivals: options.arrivals,
  processes: options.processes ?? 1,
  mode: options.mode ?? (() => "stream"),
  prompt: options.prompt ?? (() => "hi"),
  context: options.context,
  patience: options.patience === undefined ? undefined : Duration.toMillis(options.patience),
})

/**
 * Runs a simulation and gives what happened.
 *
 * **Details**
 *
 * - Calls come for the whole duration. What is under way then may still end, for up to an hour; what never would is
 *   `unfinished`.
 * - Services that stacks need come from the context and are shared by all processes; a `Breaker.layerMemory` provided to the
 *   run is a registry that all of them have in common.
 * - A defect in a stack is the defect of the run.
 *
 * **Gotchas**
 *
 * Nothing in a stack may wait for anything but the `Clock` and other fibers: no socket, no promise. The run goes on without it.
 *
 * @since 0.1.0
 * @category running
 */
export const run = <R = never>(options: {
  readonly seed: number
  readonly duration: Duration.Input
  readonly traffic: ReadonlyArray<Traffic<R>>
}): Effect.Effect<Simulation, never, R> =>
  Effect.flatMap(Effect.context<R>(), (context) => {
    const until = Duration.toMillis(options.duration)
    const mistake = mistakeInRun(until, options.traffic)
    if (mistake !== undefined) return Effect.die(new Error(`Simulator.run: ${mistake}`))
    const time = new VirtualTime()
    const world = new World(options.seed)
    const inner = context.pipe(
      Context.add(Clock.Clock, time.clock),
      Context.add(Scheduler.Scheduler, time.scheduler),
      Context.add(CurrentWorld, world),
      Context.add(Random.Random, world.random("world")),
    )
    return Effect.acquireUseRelease(
      Effect.sync(() => Effect.runForkWith(inner)(inhabited(world, options.traffic, until))),
      () => passing(world, time, until + longestEnd),
      (fiber) =>
        Effect.sync(() => {
          fiber.interruptUnsafe()
          time.advance({ until, events: 0 })
        }),
    ).pipe(
      Effect.flatMap(() =>
        world.defect === undefined ? Effect.succeed(simulationOf(world, until)) : Effect.failCause(world.defect),
      ),
    )
  })

/** How long calls may still take after the last one has come. Milliseconds. */
const longestEnd = 3_600_000

/** Events between two turns of the event loop, so that a long simulation does not hold up everything else. */
const eventsPerTurn = 10_000

const passing = (world: World, time: VirtualTime, until: number): Effect.Effect<void> =>
  Effect.suspend(() =>
    time.advance({ until, events: eventsPerTurn }) && world.defect === undefined
      ? Effect.andThen(Effect.yieldNow, passing(world, time, until))
      : Effect.void,
  )

const simulationOf = ({ all, attempts, calls }: World, duration: number): Simulation => ({
  duration,
  servers: all.map(({ capacity, settings }) => ({ name: settings.name, capacity })),
  calls,
  attempts,
})

/**
 * A route that cannot be had outside of a simulation: it knows the slots and the queues of all providers, how long what they
 * do will still take, and how slow they are, and takes the one that will begin first. What other routes are measured by.
 *
 * @since 0.1.0
 * @category constructors
 */
export const oracle = <E, R>(
  models: ReadonlyArray<ResilientModel.ResilientModel<E, R>>,
): ResilientModel.ResilientModel<E, R> => {
  const build = Effect.flatMap(here, (world) =>
    Effect.map(Effect.forEach(models, ResilientModel.callOf), (calls): Omit<ModelCall<E, "chat">, "operation"> => {
      const [first] = calls
      if (first === undefined) throw new Error("Simulator.oracle: there must be a model")
      return {
        provider: first.provider,
        model: first.model,
        open: (request) =>
          Effect.flatMap(Clock.Clock, (clock) => world.soonest(calls, clock.currentTimeMillisUnsafe()).open(request)),
      }
    }),
  )
  return ResilientModel.make(build, {
    name: "Simulator.oracle",
    settings: {},
    inner: models.map(ResilientModel.describe),
  }) as ResilientModel.ResilientModel<E, R>
}

const here: Effect.Effect<World> = Effect.flatMap(CurrentWorld, (world) =>
  world === undefined
    ? Effect.die(new Error("Simulator: a simulated model answers only inside of Simulator.run"))
    : Effect.succeed(world),
)

const times = ({ from, lasts }: Spell) => {
  const begins = Duration.toMillis(from)
  return { from: begins, until: begins + Duration.toMillis(lasts) }
}

const settingsOf = (name: string, options: Options): Settings => ({
  name,
  slots: options.slots,
  queue: options.queue ?? options.slots,
  firstPart: options.firstPart,
  rest: options.rest ?? Distributions.constant(0),
  limit:
    options.limit === undefined
      ? undefined
      : { requests: options.limit.requests, per: Duration.toMillis(options.limit.per) },
  weather: options.weather ?? [],
})

const mistakeInRun = (until: number, all: ReadonlyArray<Traffic<unknown>>): string | undefined => {
  if (!(until > 0 && until < Infinity)) return "duration must be above 0 and have an end"
  for (const { arrivals, processes } of all) {
    if (!Number.isInteger(processes) || processes < 1) return "processes must be a whole number, 1 or more"
    if (!(arrivals.mean > 0 && arrivals.mean < Infinity))
      return "arrivals must be some in a second, and not infinitely many"
  }
  return undefined
}
