/**
 * What the policies do to a provider in trouble, in figures. Stacks, scenarios and bounds are those of `scenarios.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as Scenarios from "../scripts/scenarios.ts"
import * as Simulation from "../src/Simulation.ts"

const { bounds, seeds, stacks } = Scenarios

// Some of these are a hundred thousand requests.
const patience = 30_000

const inTurn = <A, E>(values: ReadonlyArray<A>, each: (value: A) => Effect.Effect<void, E>) =>
  Effect.forEach(values, each, { discard: true })

describe("a minute of outage", () => {
  it.live(
    "retries alone make three of each call, and more than the provider can serve afterwards",
    () =>
      Effect.gen(function* () {
        const figures = Scenarios.outageFigures(yield* Scenarios.runOutage(stacks.retrying, { seed: 1 }))
        assert.closeTo(figures.amplification, 3, 0.05)
        assert.isAbove(figures.peakLoad, bounds.peakLoad)
      }),
    patience,
  )

  it.live(
    "with the preset, little reaches the provider in the outage, and everybody is back soon after",
    () =>
      inTurn(seeds, (seed) =>
        Effect.gen(function* () {
          for (const weather of [Scenarios.troubles.refusing, Scenarios.troubles.failing]) {
            const figures = Scenarios.outageFigures(yield* Scenarios.runOutage(stacks.standard, { seed, weather }))
            assert.isAtMost(figures.amplification, bounds.amplification)
            assert.isAtMost(figures.peakLoad, bounds.peakLoad)
            assert.isAtMost(figures.recovery, bounds.recovery)
          }
        }),
      ),
    patience,
  )

  it.live(
    "of a hundred small processes, each with a budget for retries, no more reaches it either",
    () =>
      Effect.gen(function* () {
        const simulation = yield* Scenarios.runOutage(stacks.standard, { seed: 1, processes: 100 })
        const figures = Scenarios.outageFigures(simulation)
        assert.isAtMost(figures.amplification, bounds.amplification)
        assert.isAtMost(figures.peakLoad, bounds.peakLoad)
        assert.isAtMost(figures.recovery, bounds.recovery)
      }),
    patience,
  )

  it.live(
    "a provider that falls silent is not asked by a crowd when it speaks again",
    () =>
      inTurn(seeds, (seed) =>
        Effect.gen(function* () {
          const weather = Scenarios.troubles.silent
          const figures = Scenarios.outageFigures(yield* Scenarios.runOutage(stacks.guarded, { seed, weather }))
          assert.isAtMost(figures.amplification, bounds.amplification)
          assert.isAtMost(figures.peakLoad, bounds.peakLoad)
          assert.isAtMost(figures.recovery, bounds.recovery)
          if (seed > 1) return
          // What nobody stops waits for its deadline, and then comes again all at once.
          const retried = Scenarios.outageFigures(yield* Scenarios.runOutage(stacks.retrying, { seed, weather }))
          assert.isAbove(retried.peakLoad, 2 * bounds.peakLoad)
        }),
      ),
    patience,
  )
})

describe("a tail of slow first parts", () => {
  it.live(
    "hedges cut it by half or more, for few more requests",
    () =>
      inTurn(seeds, (seed) =>
        Effect.gen(function* () {
          const without = Scenarios.firstPartQuantile(yield* Scenarios.runHedge(Scenarios.hedges.none, seed), 0.99)
          const hedged = yield* Scenarios.runHedge(Scenarios.hedges.quantile95, seed)
          assert.isAtMost(Scenarios.firstPartQuantile(hedged, 0.99) / without, bounds.hedgedTail)
          assert.isAtMost(Simulation.amplification(hedged), bounds.hedgedRequests)
          assert.strictEqual(Simulation.goodput(hedged), 1)
        }),
      ),
    patience,
  )
})

describe("one slow replica", () => {
  it.live(
    "least busy is nearly as good as knowing everything",
    () =>
      Effect.gen(function* () {
        const p99 = (route: Parameters<typeof Scenarios.runRoute>[0], some = seeds) =>
          Effect.map(
            Effect.forEach(some, (seed) => Scenarios.runRoute(route, { replicas: Scenarios.chosenReplicas, seed })),
            (simulations) => Scenarios.firstPartQuantile(simulations, 0.99),
          )
        const oracle = yield* p99(Scenarios.routes.oracle)
        assert.isAtMost((yield* p99(Scenarios.routes.leastBusy)) / oracle, bounds.route)
        // A turn for each is what overloads the slow one.
        assert.isAbove((yield* p99(Scenarios.routes.weighted, [1])) / oracle, 3)
      }),
    patience,
  )
})
