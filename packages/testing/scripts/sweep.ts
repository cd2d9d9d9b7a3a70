/**
 * Which return of a breaker satisfies the bounds: prints tables for docs/simulator.md.
 *
 * pnpm sweep
 */
import { Console, Effect } from "effect"

import * as Scenarios from "./scenarios.ts"

const { bounds, seeds, stacks, troubles } = Scenarios

type Figures = ReturnType<typeof Scenarios.outageFigures>

/** The worst of all seeds. */
const worst = (
  given: Scenarios.Return | undefined,
  options: Omit<Parameters<typeof Scenarios.runOutage>[1], "seed"> = {},
): Effect.Effect<Figures> =>
  Effect.map(
    Effect.forEach(seeds, (seed) =>
      Effect.map(
        Scenarios.runOutage(given === undefined ? stacks.guarded : stacks.returning(given), { ...options, seed }),
        Scenarios.outageFigures,
      ),
    ),
    (all) => ({
      amplification: Math.max(...all.map(({ amplification }) => amplification)),
      peakLoad: Math.max(...all.map(({ peakLoad }) => peakLoad)),
      recovery: Math.max(...all.map(({ recovery }) => recovery)),
    }),
  )

const mark = (value: number, bound: number, digits: number): string =>
  Number.isFinite(value) ? `${value.toFixed(digits)}${value <= bound ? "" : " ✗"}` : "never ✗"

const row = (name: ReadonlyArray<string>, figures: Figures): string =>
  `| ${[
    ...name,
    mark(figures.amplification, bounds.amplification, 2),
    mark(figures.peakLoad, bounds.peakLoad, 2),
    mark(figures.recovery, bounds.recovery, 0),
  ].join(" | ")} |`

const head = (...names: ReadonlyArray<string>): string =>
  `\n| ${[...names, "amplification", "peak load", "recovery (s)"].join(" | ")} |\n|${" --- |".repeat(names.length + 3)}`

const seconds = (millis: number): string => `${millis / 1000} s`

const returns = Effect.gen(function* () {
  yield* Console.log(head("first opening", "cap", "ramp"))
  yield* Console.log(row(["as it comes", "", ""], yield* worst(undefined)))
  for (const base of [2_000, 5_000]) {
    for (const cap of [5_000, 10_000, 30_000, 120_000]) {
      for (const ramp of [2_000, 5_000, 10_000, 30_000]) {
        const figures = yield* worst({ base, cap, ramp })
        yield* Console.log(row([seconds(base), seconds(cap), seconds(ramp)], figures))
      }
    }
  }
})

const kinds = Effect.gen(function* () {
  yield* Console.log(head("trouble", "lease"))
  for (const [name, weather] of Object.entries(troubles)) {
    yield* Console.log(row([name, "as it comes"], yield* worst(undefined, { weather })))
    for (const lease of [1_000, 3_000, 10_000]) {
      const figures = yield* worst({ ...Scenarios.plainReturn, lease }, { weather })
      yield* Console.log(row([name, seconds(lease)], figures))
    }
  }
})

const sizes = Effect.gen(function* () {
  yield* Console.log(head("processes", "load"))
  for (const processes of [1, 10, 100, 1_000]) {
    for (const load of [0.5, 0.75, 0.9]) {
      const figures = yield* worst(undefined, { processes, load })
      yield* Console.log(row([String(processes), String(load)], figures))
    }
  }
})

await Effect.runPromise(Effect.andThen(Effect.andThen(kinds, sizes), returns))
