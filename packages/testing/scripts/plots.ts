/**
 * Draws the plots of docs/simulator.md from the scenarios: the same seeds, the same files.
 *
 * pnpm plots
 */
import { writeFileSync } from "node:fs"

import { Simulation, type Simulator } from "@holdfast/testing"
import { Duration, Effect } from "effect"

import { type Axis, type Chart, colors, type Mark, type Point, render } from "./chart.ts"
import * as Scenarios from "./scenarios.ts"

const { outage, stacks } = Scenarios

const write = (name: string, chart: Chart) =>
  Effect.sync(() => writeFileSync(new URL(`../../../docs/plots/${name}.svg`, import.meta.url), render(chart)))

/** Averages over a few seconds, so that chance does not hide what happens. */
const smooth = (points: ReadonlyArray<Point>, span: number): ReadonlyArray<Point> =>
  points.map(([x], index) => {
    const some = points.slice(Math.max(0, index - span + 1), index + 1)
    return [x, some.reduce((sum, [, y]) => sum + y, 0) / some.length]
  })

const percent = (value: number): string => `${Math.round(value * 100)} %`

const seconds: Axis = {
  from: 40,
  to: outage.duration,
  ticks: [40, 60, 80, 100, 120, 140, 160],
  label: String,
  title: "seconds",
}

const outagePlot = Effect.fnUntraced(function* (
  name: string,
  trouble: {
    readonly title: string
    readonly label: string
    readonly weather: Simulator.Weather
    readonly most: number
  },
) {
  const contestants = [
    { label: "retries only", color: colors.orange, stack: stacks.retrying },
    {
      label: "breaker, opens up to 2 min, ramp 30 s",
      color: colors.purple,
      stack: stacks.returning({ base: 5_000, cap: 120_000, ramp: 30_000 }),
    },
    {
      label: "breaker as it comes, retries on a budget",
      color: colors.blue,
      stack: stacks.guarded,
    },
  ]
  const runs = yield* Effect.forEach(contestants, ({ stack, ...contestant }) =>
    Effect.map(Scenarios.runOutage(stack, { seed: 1, weather: trouble.weather }), (simulation) => ({
      ...contestant,
      slices: Simulation.timeline(simulation),
    })),
  )
  const lines = (of: (slice: Simulation.Slice) => number): ReadonlyArray<Mark> =>
    runs.map(({ color, slices }) => ({
      _tag: "Line",
      color,
      points: smooth(
        slices.map((slice): Point => [slice.at / 1000, of(slice)]),
        3,
      ).filter(([x]) => x >= seconds.from),
    }))
  const band: Mark = { _tag: "Band", from: outage.from, to: outage.until, label: trouble.label }
  yield* write(name, {
    title: trouble.title,
    subtitle: `10 processes at ${percent(outage.load)} of the provider's capacity; averages of 3 seconds`,
    legend: runs,
    panels: [
      {
        title: "Requests that reach the provider, over its capacity",
        height: 190,
        x: seconds,
        y: {
          from: 0,
          to: trouble.most,
          ticks: Array.from({ length: trouble.most * 2 + 1 }, (_, index) => index / 2),
          label: (value) => value.toFixed(1),
        },
        marks: [band, ...lines(({ load }) => load), { _tag: "Level", y: 1.2, label: "1.2" }],
      },
      {
        title: "Calls that are answered",
        height: 150,
        x: seconds,
        y: { from: 0, to: 1, ticks: [0, 0.5, 0.95], label: percent },
        marks: [band, ...lines(({ answered, offered }) => (offered === 0 ? 1 : answered / offered))],
      },
    ],
  })
})

/** The share of calls whose first part took longer, by how long. Milliseconds. */
const survival = (simulation: Simulation.Simulation): ReadonlyArray<Point> => {
  const times = simulation.calls
    .flatMap(({ at, firstPartAt }) => (firstPartAt === undefined ? [] : [firstPartAt - at]))
    .toSorted((a, b) => a - b)
  const shares = Array.from({ length: 181 }, (_, index) => 10 ** (-index / 60))
  return shares.map((share): Point => [times[Math.ceil((1 - share) * times.length)] ?? times.at(-1) ?? 0, share])
}

const hedgePlot = Effect.gen(function* () {
  const contestants = [
    { label: "no hedge", color: colors.grey, model: Scenarios.hedges.none },
    { label: "quantile 0.95", color: colors.purple, model: Scenarios.hedges.quantile95 },
    { label: "quantile 0.99", color: colors.blue, model: Scenarios.hedges.quantile99 },
    { label: "2 seconds", color: colors.green, model: Scenarios.hedges.fixed },
  ]
  const runs = yield* Effect.forEach(contestants, ({ label, model, ...contestant }) =>
    Effect.map(Scenarios.runHedge(model, 1), (simulation) => ({
      ...contestant,
      label: `${label} (+${((Simulation.amplification(simulation) - 1) * 100).toFixed(1)} %)`,
      points: survival(simulation),
    })),
  )
  yield* write("hedge", {
    title: "What a hedge does to the tail",
    subtitle: "Three calls in a hundred take ten times as long to begin; requests added by the hedge in brackets",
    legend: runs,
    panels: [
      {
        title: "Calls whose first part takes longer than",
        height: 260,
        x: {
          from: 300,
          to: 20_000,
          logarithmic: true,
          ticks: [300, 600, 1_000, 2_000, 5_000, 10_000, 20_000],
          label: (value) => (value < 1_000 ? `${value} ms` : `${value / 1_000} s`),
        },
        y: {
          from: 0.001,
          to: 1,
          logarithmic: true,
          ticks: [0.001, 0.01, 0.1, 1],
          label: (value) => `${value * 100} %`,
        },
        marks: [
          ...runs.map(({ color, points }): Mark => ({ _tag: "Line", color, points })),
          { _tag: "Level", y: 0.01, label: "99th percentile" },
        ],
      },
    ],
  })
})

const routePlot = Effect.gen(function* () {
  const names = [
    ["oracle", "oracle"],
    ["lowestLatency", "lowest latency"],
    ["leastBusy", "least busy"],
    ["weighted", "by equal weights"],
  ] as const
  const runs = yield* Effect.forEach(names, ([name, label]) =>
    Effect.map(
      Scenarios.runRoute(Scenarios.routes[name], { replicas: Scenarios.chosenReplicas, seed: 1 }),
      (simulation) => ({ label, quantiles: [0.5, 0.95, 0.99].map((q) => Scenarios.firstPartQuantile(simulation, q)) }),
    ),
  )
  const shades = [colors.green, colors.blue, colors.orange]
  yield* write("route", {
    title: "Eight replicas, one of them twice as slow",
    subtitle: `Time to first part at ${percent(Scenarios.chosenReplicas.load)} of the capacity of all`,
    legend: ["median", "95th percentile", "99th percentile"].map((label, index) => ({
      label,
      color: shades[index] ?? colors.grey,
    })),
    left: 140,
    panels: [
      {
        title: "",
        height: 210,
        x: {
          from: 400,
          to: 50_000,
          logarithmic: true,
          ticks: [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000],
          label: (value) => (value < 1_000 ? `${value} ms` : `${value / 1_000} s`),
        },
        y: {
          from: runs.length - 0.4,
          to: -0.6,
          ticks: runs.map((_, index) => index),
          label: (index) => runs[index]?.label ?? "",
        },
        marks: runs.flatMap(({ quantiles }, index): ReadonlyArray<Mark> =>
          quantiles.map((value, n): Mark => ({
            _tag: "Dot",
            at: [value, index],
            color: shades[n] ?? colors.grey,
            label: Duration.toSeconds(value).toFixed(1),
          })),
        ),
      },
    ],
  })
})

const outagePlots = Effect.andThen(
  outagePlot("outage", {
    title: "A minute in which every request fails, and the way back",
    label: "every request fails",
    weather: Scenarios.troubles.failing,
    most: 2.5,
  }),
  outagePlot("silence", {
    title: "A minute in which nothing comes back, and the way back",
    label: "no request is answered",
    weather: Scenarios.troubles.silent,
    most: 4,
  }),
)

await Effect.runPromise(Effect.all([outagePlots, hedgePlot, routePlot], { discard: true }))
