import { assert, describe, it } from "@effect/vitest"
import { Breaker, Deadline, ResilientModel, Retry, Route } from "@holdfast/core"
import { Cause, Duration, Effect, Exit, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"

import * as Distribution from "../src/Distribution.ts"
import { inhabited } from "../src/internal/simulator/traffic.ts"
import { CurrentWorld, World } from "../src/internal/simulator/world.ts"
import * as Simulation from "../src/Simulation.ts"
import * as Simulator from "../src/Simulator.ts"

const second = Distribution.constant("1 second")

const simulate = <E>(
  model: ResilientModel.ResilientModel<E>,
  options: Partial<Parameters<typeof Simulator.traffic>[1]> & {
    readonly seed?: number
    readonly seconds?: number
  } = {},
) =>
  Simulator.run({
    seed: options.seed ?? 1,
    duration: Duration.seconds(options.seconds ?? 60),
    traffic: [Simulator.traffic(model, { arrivals: Simulator.evenly(2), ...options })],
  })

const millis = (duration: Duration.Duration | undefined) =>
  duration === undefined ? undefined : Duration.toMillis(duration)

describe("a provider", () => {
  it.effect("serves as many as it has slots for, lets so many wait, and turns the others away", () =>
    Effect.gen(function* () {
      // Calls come at 500 ms, 1 s, ... and each takes 3 s.
      const model = Simulator.model({ slots: 2, queue: 1, firstPart: second, rest: Distribution.constant("2 seconds") })
      const simulation = yield* simulate(model, { seconds: 4 })
      assert.deepStrictEqual(simulation.servers, [{ name: "simulated/simulated-model", capacity: 2 / 3 }])
      assert.deepStrictEqual(
        simulation.attempts.map(({ at, outcome, until }) => [at, outcome, until]),
        [
          [500, "served", 3500],
          [1000, "served", 4000],
          [1500, "served", 6500],
          [2000, "overloaded", 2050],
          [2500, "overloaded", 2550],
          [3000, "overloaded", 3050],
          [3500, "served", 7000],
        ],
      )
      assert.deepStrictEqual(
        simulation.calls.map(({ at, firstPartAt }) => firstPartAt !== undefined && firstPartAt - at),
        [1000, 1000, 3000, false, false, false, 1500],
      )
      assert.deepStrictEqual(Simulation.outcomes(simulation), { answered: 4, InternalProviderError: 3 })
    }),
  )

  it.effect("throttles above its limit, and says when to come back", () =>
    Effect.gen(function* () {
      const model = Simulator.model({ slots: 10, firstPart: second, limit: { requests: 3, per: "3 seconds" } })
      const alone = yield* simulate(model, { seconds: 10 })
      assert.deepStrictEqual(Simulation.outcomes(alone), { answered: 12, RateLimitError: 7 })
      // With the hint obeyed, all are answered in the end.
      const obeying = Retry.schedule(Schedule.recurs(50), { maxAttempts: 50 })
      const patient = yield* simulate(obeying(model), { seconds: 10 })
      assert.deepStrictEqual(Simulation.outcomes(patient), { answered: 19 })
    }),
  )

  it.effect("is out for a while", () =>
    Effect.gen(function* () {
      const weather = [Simulator.outage({ from: "10 seconds", lasts: "10 seconds" })]
      const simulation = yield* simulate(Simulator.model({ slots: 10, firstPart: second, weather }), { seconds: 30 })
      const failed = simulation.calls.filter(({ outcome }) => outcome !== "answered")
      // Those that were under way break, and those that come are refused.
      assert.deepStrictEqual([failed.at(0)?.at, failed.at(-1)?.at, failed.length], [9500, 19_500, 21])
      assert.isTrue(failed.every(({ outcome }) => outcome === "NetworkError"))
      assert.strictEqual(failed.at(0)?.until, 10_000)
      assert.strictEqual(failed.at(-1)?.until, 19_550)
    }),
  )

  it.effect("falls silent for a while, and loses what it had taken", () =>
    Effect.gen(function* () {
      const weather = [Simulator.silence({ from: "10 seconds", lasts: "10 seconds" })]
      const model = Simulator.model({ slots: 2, firstPart: second, weather })
      const simulation = yield* simulate(model, { seconds: 30 })
      assert.deepStrictEqual(Simulation.outcomes(simulation), { answered: 38, unfinished: 21 })
      assert.isTrue(simulation.attempts.every(({ outcome }) => outcome === "served" || outcome === "aborted"))
      const bounded = yield* simulate(Deadline.firstPart("5 seconds")(model), { seconds: 30 })
      assert.deepStrictEqual(Simulation.outcomes(bounded), { answered: 38, DeadlineExceeded: 21 })
    }),
  )

  it.effect("has a slow hour in which a share fails", () =>
    Effect.gen(function* () {
      const weather = [Simulator.brownout({ from: "1 minute", lasts: "10 minutes", slower: 3, failing: 0.25 })]
      const simulation = yield* simulate(Simulator.model({ slots: 20, firstPart: second, weather }), { seconds: 1200 })
      const span = { from: "1 minute", until: "11 minutes" } as const
      assert.closeTo(Simulation.goodput(simulation, span), 0.75, 0.03)
      assert.strictEqual(Simulation.goodput(simulation, { from: "11 minutes" }), 1)
      assert.strictEqual(millis(Simulation.timeToFirstPart(simulation, 0.5, span)), 3000)
      assert.strictEqual(millis(Simulation.timeToFirstPart(simulation, 0.5, { until: "1 minute" })), 1000)
    }),
  )

  it.effect("answers as a whole, too", () =>
    Effect.gen(function* () {
      const model = Simulator.model({ slots: 2, firstPart: second, rest: second })
      const { calls } = yield* simulate(model, { seconds: 1, mode: () => "generate" })
      assert.deepStrictEqual(calls, [
        { index: 0, process: 0, at: 500, firstPartAt: 2500, until: 2500, outcome: "answered" },
      ])
    }),
  )
})

describe("traffic", () => {
  const down = Simulator.model({
    slots: 10,
    firstPart: second,
    weather: [Simulator.outage({ from: 0, lasts: "1 hour" })],
  })
  const guarded = Breaker.guard({ trip: { consecutiveFailures: 3 }, openFor: Schedule.spaced("1 hour") })(down)

  it.effect("each process has state of its own", () =>
    Effect.gen(function* () {
      const one = yield* simulate(guarded, { seconds: 600 })
      assert.strictEqual(one.attempts.length, 3)
      const ten = yield* simulate(guarded, { seconds: 600, processes: 10 })
      assert.strictEqual(ten.attempts.length, 30)
      assert.strictEqual(new Set(ten.calls.map(({ process }) => process)).size, 10)
    }),
  )

  it.effect("shares what is provided to the run", () =>
    Effect.gen(function* () {
      const ten = yield* Effect.provide(simulate(guarded, { seconds: 600, processes: 10 }), Breaker.layerMemory)
      assert.strictEqual(ten.attempts.length, 3)
    }),
  )

  it.effect("comes by chance or evenly", () =>
    Effect.gen(function* () {
      const model = Simulator.model({ slots: 1000, firstPart: second })
      const poisson = yield* simulate(model, { arrivals: Simulator.poisson(5), seconds: 2000 })
      assert.closeTo(poisson.calls.length, 10_000, 300)
      const counts = Simulation.timeline(poisson).map(({ offered }) => offered)
      const variance = counts.reduce((sum, count) => sum + (count - 5) ** 2, 0) / counts.length
      // As large as the mean, which is what makes it Poisson's.
      assert.closeTo(variance, 5, 0.7)
    }),
  )

  it.effect("has callers that give up", () =>
    Effect.gen(function* () {
      const model = Simulator.model({ slots: 1, firstPart: Distribution.constant("10 seconds") })
      const simulation = yield* simulate(model, { seconds: 2, patience: "3 seconds" })
      assert.deepStrictEqual(Simulation.outcomes(simulation), { GaveUp: 2, InternalProviderError: 1 })
      assert.deepStrictEqual(
        simulation.attempts.map(({ outcome, until }) => [outcome, until]),
        [
          ["aborted", 3500],
          ["aborted", 4000],
          ["overloaded", 1550],
        ],
      )
    }),
  )

  it.effect("has requests and contexts of its own", () =>
    Effect.gen(function* () {
      const replica = (model: string) => Simulator.model({ model, slots: 10, firstPart: second })
      const replicas = [replica("a"), replica("b")] as const
      const byTenant = yield* simulate(Route.sticky(replicas), {
        context: (call) => ({ tenant: `tenant ${call % 8}` }),
      })
      const used = (call: number) => byTenant.attempts.filter((attempt) => attempt.call % 8 === call)
      for (let tenant = 0; tenant < 8; tenant++) {
        assert.strictEqual(new Set(used(tenant).map(({ server }) => server)).size, 1)
      }
      const byPrompt = yield* simulate(
        Route.choose(replicas, ({ options }, [first, other]) =>
          JSON.stringify(options.prompt).includes("long") ? other! : first!,
        ),
        { prompt: (call) => (call % 3 === 0 ? "long" : "short") },
      )
      assert.isTrue(byPrompt.attempts.every(({ call, server }) => server.endsWith(call % 3 === 0 ? "b" : "a")))
    }),
  )
})

describe("a run", () => {
  const model = Simulator.model({
    slots: 10,
    firstPart: Distribution.bimodal({
      usual: Distribution.lognormal({ median: "500 millis", sigma: 0.5 }),
      rare: Distribution.exponential("5 seconds"),
      share: 0.05,
    }),
    rest: second,
    weather: [
      Simulator.brownout({ from: "10 seconds", lasts: "10 seconds", slower: 2, failing: 0.3 }),
      Simulator.outage({ from: "30 seconds", lasts: "5 seconds" }),
    ],
  })
  const stack = model.pipe(
    Deadline.firstPart("4 seconds"),
    Breaker.guard({ openFor: Schedule.spaced("3 seconds") }),
    Retry.schedule(Retry.standard),
  )
  const busy = { arrivals: Simulator.poisson(8), processes: 3 }

  it.effect("with the same seed is the same, to the byte", () =>
    Effect.gen(function* () {
      const first = JSON.stringify(yield* simulate(stack, busy))
      assert.isAbove(first.length, 50_000)
      assert.strictEqual(JSON.stringify(yield* simulate(stack, busy)), first)
      assert.notStrictEqual(JSON.stringify(yield* simulate(stack, { ...busy, seed: 2 })), first)
    }),
  )

  it.effect("passes its time as TestClock does", () =>
    Effect.gen(function* () {
      const expected = yield* simulate(stack, busy)
      const world = new World(1)
      const traffic = [Simulator.traffic(stack, busy)]
      const fiber = yield* inhabited(world, traffic, 60_000).pipe(
        Effect.provideService(CurrentWorld, world),
        Effect.forkChild({ startImmediately: true }),
      )
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(JSON.stringify(world.calls), JSON.stringify(expected.calls))
      assert.strictEqual(JSON.stringify(world.attempts), JSON.stringify(expected.attempts))
    }),
  )

  it.live("of 24 hours waits for no clock", () =>
    Effect.gen(function* () {
      const world = yield* simulate(stack, { arrivals: Simulator.poisson(0.1), seconds: 86_400 })
      assert.closeTo(world.calls.length, 8640, 400)
    }),
  )

  it.effect("ends with the mistake of a stack", () =>
    Effect.gen(function* () {
      const misbuilt = yield* Effect.exit(simulate(Breaker.guard({ minimumCalls: 0 })(model)))
      assert.include(Exit.isFailure(misbuilt) ? Cause.pretty(misbuilt.cause) : "", "minimumCalls")
      const broken = ResilientModel.policy({ name: "broken", settings: {} }, (call) =>
        Effect.succeed({ ...call, open: () => Effect.die(new Error("a bug")) }),
      )
      const died = yield* Effect.exit(simulate(broken(model)))
      assert.include(Exit.isFailure(died) ? Cause.pretty(died.cause) : "", "a bug")
    }),
  )

  it.effect("names what is wrong with it", () =>
    Effect.gen(function* () {
      const told = (run: Effect.Effect<unknown>) =>
        Effect.map(Effect.exit(run), (exit) => (Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "ran"))
      const options = { slots: 1, firstPart: second }
      assert.include(yield* told(simulate(Simulator.model({ ...options, slots: 0 }))), "slots must be")
      assert.include(yield* told(simulate(Simulator.model({ ...options, queue: -1 }))), "queue must be")
      const limit = { requests: 0, per: "1 minute" } as const
      assert.include(yield* told(simulate(Simulator.model({ ...options, limit }))), "limit must")
      assert.include(yield* told(simulate(model, { seconds: 0 })), "duration must be")
      assert.include(yield* told(simulate(model, { processes: 0 })), "processes must be")
      assert.include(yield* told(simulate(model, { arrivals: Simulator.poisson(0) })), "arrivals must")
      const twins = Route.leastBusy([Simulator.model(options), Simulator.model(options)])
      assert.include(yield* told(simulate(twins)), "two models are called simulated/simulated-model")
      assert.include(yield* told(Effect.provide(Effect.void, model)), "only inside of Simulator.run")
    }),
  )
})

describe("the oracle", () => {
  it.effect("takes the provider that begins first", () =>
    Effect.gen(function* () {
      const replica = (name: string, slower: number) =>
        Simulator.model({
          model: name,
          slots: 1,
          queue: 10,
          firstPart: second,
          weather: [Simulator.brownout({ from: 0, lasts: "1 day", slower })],
        })
      const oracle = Simulator.oracle([replica("slow", 2.5), replica("quick", 1)])
      const simulation = yield* simulate(oracle, { arrivals: Simulator.evenly(2), seconds: 3 })
      // At 0.5 s the quick one is idle, at 1 s it is as good as free, and then its queue is longer than the slow one takes.
      assert.deepStrictEqual(
        simulation.attempts.map(({ server }) => server.slice("simulated/".length)),
        ["quick", "quick", "quick", "slow", "quick"],
      )
    }),
  )
})
