/**
 * Every metric and label that the dashboard and the alerts name is emitted under that name, and every panel is explained.
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"

import { assert, describe, it } from "@effect/vitest"
import { Event } from "@holdfast/core"
import { type CostEvent, Money } from "@holdfast/cost"
import { Context, Duration, Effect, Layer } from "effect"

import { Metrics, Prometheus, RequestLog } from "../src/index.ts"
import { ownMetrics, prices } from "./chaotic.ts"
import { tell } from "./events.ts"

const file = (name: string) => readFileSync(new URL(`../dashboard/${name}`, import.meta.url), "utf8")

interface Panel {
  readonly title: string
  readonly description?: string
  readonly type: string
  readonly targets?: ReadonlyArray<{ readonly expr: string; readonly legendFormat: string }>
}

const panels = (JSON.parse(file("grafana.json")) as { readonly panels: ReadonlyArray<Panel> }).panels.filter(
  ({ type }) => type !== "row",
)

const alerts = file("alerts.yml")

const queries = [
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ...[...alerts.matchAll(/^\s+expr: (.+)$/gm)].map(([, expr]) => expr as string),
]

const metricsIn = (query: string) =>
  [...query.matchAll(/\b(?:holdfast|gen_ai_client)_[a-z_]+\b/g)].map(([name]) => name)

const labelsIn = (query: string) => [
  ...[...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list]) =>
    (list as string).split(",").map((each) => each.trim()),
  ),
  ...[...query.matchAll(/([a-z_]+)(?:=~|!=|=)"/g)].map(([, label]) => label as string),
]

/** Everything that can happen, once. */
const emitted = Effect.gen(function* () {
  const { layer } = ownMetrics()
  const telemetry = Layer.merge(Metrics.layer(), RequestLog.layer({ to: RequestLog.toNothing, capacity: 0 })).pipe(
    Layer.provide([layer, prices]),
  )
  const built = yield* Layer.build(telemetry)
  const sink = Context.get(built as Context.Context<never>, Event.Sink) as Event.Sink
  const source = { provider: "openai", model: "gpt-5.4" }
  const shared = { callId: "", ...source }
  const error = { _tag: "RateLimitError" }
  const delay = Duration.seconds(1)
  tell(sink, { index: 1 })
  tell(sink, { index: 2, error, mode: "stream", queueWait: 1, tokens: { cacheRead: 1, cacheWrite: 1, reasoning: 1 } })
  sink({ _tag: "RetryScheduled", ...shared, delay, error })
  sink({ _tag: "HedgeStarted", callId: "", from: source, to: source, after: delay })
  sink({ _tag: "FallbackChosen", callId: "", from: source, to: source, error })
  sink({ _tag: "CacheHit", ...shared })
  sink({ _tag: "Refused", ...shared, policy: "Breaker.guard", error })
  sink({ _tag: "CircuitChanged", key: "openai/gpt-5.4", sequence: 1, from: "closed", to: "open" })
  sink({ _tag: "LimitTightened", key: "k", dimension: "tokens", remaining: 1, for: delay })
  sink({ _tag: "SharedStateUnavailable", policy: "Breaker.guard", error })
  const money: ReadonlyArray<CostEvent.Event> = [
    {
      _tag: "ThresholdReached",
      budget: "all",
      window: "day",
      scope: undefined,
      threshold: 0.8,
      limit: Money.fromPicodollars(100n),
      spent: Money.fromPicodollars(90n),
      resetsAt: undefined,
    },
    { _tag: "LedgerFailed", attempt: "a", error: error as never },
    { _tag: "AttemptReserved", attempt: "a", callId: "", worst: Money.fromPicodollars(10n) },
  ]
  for (const event of money) sink(event)
  const batch = { job: "job", operation: "chat", ...source }
  sink({ _tag: "BatchMoved", ...batch, piece: 0, to: "ended", took: Duration.hours(1) })
  sink({ _tag: "BatchItemsEnded", ...batch, outcome: "succeeded", count: 3 })
  sink({ _tag: "BulkItemEnded", id: "a", mode: "live", outcome: "failed" })
  return yield* Effect.provide(Prometheus.format, layer)
}).pipe(Effect.scoped)

describe("the dashboard and the alerts", () => {
  it.effect("name only metrics and labels that are emitted", () =>
    Effect.gen(function* () {
      const text = yield* emitted
      const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
      assert.isAbove(queries.length, 30)
      for (const query of queries) {
        const names = metricsIn(query)
        assert.isNotEmpty(names, query)
        const found = samples.filter((sample) =>
          names.some((name) => sample.startsWith(`${name}{`) || sample.startsWith(`${name} `)),
        )
        for (const name of names) {
          assert.isTrue(
            samples.some((sample) => sample.startsWith(`${name}{`) || sample.startsWith(`${name} `)),
            `${name} is not emitted: ${query}`,
          )
        }
        for (const label of labelsIn(query)) {
          assert.isTrue(
            found.some((sample) => sample.includes(`${label}="`)),
            `${label} is no label: ${query}`,
          )
        }
      }
    }),
  )

  it.effect("show every metric of our own at least once", () =>
    Effect.gen(function* () {
      const names = [...(yield* emitted).matchAll(/^# TYPE (holdfast_\S+)/gm)].map(([, name]) => name as string)
      const shown = new Set(queries.flatMap(metricsIn).map((name) => name.replace(/_bucket$/, "")))
      // What these count is in the panels of circuits, attempts and limits.
      const elsewhere = ["holdfast_circuit_changes_total", "holdfast_limit_tightened_total"]
      const details = ["holdfast_attempt_time_to_first_part_seconds", "holdfast_reservations_open"]
      assert.deepStrictEqual(names.filter((name) => !shown.has(name)).toSorted(), [...elsewhere, ...details].toSorted())
    }),
  )

  it("explain each panel, in the dashboard and in the documentation", () => {
    const docs = readFileSync(new URL("../../../docs/telemetry.md", import.meta.url), "utf8")
    for (const { description, title } of panels) {
      assert.isAbove((description ?? "").length, 10, title)
      assert.include(docs, `**${title}**`)
    }
    for (const [, name] of alerts.matchAll(/alert: (\w+)/g)) assert.include(docs, `\`${name as string}\``)
  })

  const promtool = process.env["PROMTOOL"] ?? "promtool"
  it.skipIf(spawnSync(promtool, ["--version"]).status !== 0)(
    "have rules that Prometheus takes (needs promtool)",
    () => {
      const path = new URL("../dashboard/alerts.yml", import.meta.url).pathname
      const checked = spawnSync(promtool, ["check", "rules", path])
      assert.strictEqual(checked.status, 0, checked.stdout.toString() + checked.stderr.toString())
      assert.include(checked.stdout.toString(), "9 rules found")
    },
  )
})
