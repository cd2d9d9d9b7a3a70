import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { createServer as createSocket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Event } from "@holdfast/core"
import { Context, Effect, Layer, Schedule } from "effect"
import { LanguageModel } from "effect/ai"
import { HttpRouter } from "effect/http"

import { Metrics, Prometheus } from "../src/index.ts"
import { chance, chaotic, ownMetrics, prices } from "./chaotic.ts"
import { tell } from "./events.ts"

const { PROMETHEUS = "prometheus", PROMTOOL = "promtool" } = process.env
const isThere = (command: string) => spawnSync(command, ["--version"]).status === 0

const names = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name as string)

/** The sink of metrics that are apart from all others of the process. */
const sinkOf = (options: Metrics.Options) => {
  const { context, layer, registry } = ownMetrics()
  return Effect.map(Layer.build(Metrics.layer(options).pipe(Layer.provide([layer, prices]))), (built) => ({
    sink: Context.get(built as Context.Context<never>, Event.Sink) as Event.Sink,
    layer,
    context,
    registry,
  }))
}

const versions = {
  "2026-10": [
    "gen_ai_client_inference_duration_seconds",
    "gen_ai_client_inference_usage_input_tokens_total",
    "gen_ai_client_inference_usage_output_tokens_total",
    "gen_ai_client_inference_operation_input_tokens",
  ],
  "1.37": ["gen_ai_client_operation_duration_seconds", "gen_ai_client_token_usage"],
} as const

describe("metrics for Prometheus", () => {
  it.effect.each(["2026-10", "1.37"] as const)("have the names that a collector would give them (%s)", (version) =>
    Effect.gen(function* () {
      const own = ownMetrics()
      const telemetry = Layer.provideMerge(Metrics.layer({ names: version }), Layer.merge(own.layer, prices))
      const text = yield* LanguageModel.generateText({ prompt: "hi" }).pipe(
        Effect.andThen(Prometheus.format),
        Effect.provide(Layer.provideMerge(chaotic({ seed: 1, failing: 0 }), telemetry)),
      )
      const found = names(text)
      for (const name of ["holdfast_calls_total", "holdfast_attempts_total", "holdfast_cost_picodollars_total"]) {
        assert.include(found, name)
      }
      for (const [each, expected] of Object.entries(versions)) {
        for (const name of expected) assert.strictEqual(found.includes(name), each === version, name)
      }
    }),
  )

  it.effect("stay few when a client sends 100,000 models, tenants, operations and errors", () =>
    Effect.gen(function* () {
      const { registry, sink } = yield* sinkOf({ tenants: ["acme"] })
      const send = (index: number) => {
        tell(sink, {
          index,
          provider: `provider-${index}`,
          model: `model-${index}`,
          tenant: `tenant-${index}`,
          operation: `operation-${index % 1_000}`,
          ...(index % 3 === 0 && { error: { _tag: `Error${index}` } }),
        })
        sink({
          _tag: "Refused",
          callId: "",
          policy: `policy-${index}`,
          provider: "p",
          model: "m",
          error: { _tag: `E${index}` },
        })
        sink({ _tag: "CircuitChanged", key: `circuit-${index}`, sequence: index, from: "closed", to: "open" })
      }
      for (let index = 0; index < 100_000; index++) send(index)
      assert.isBelow(registry.size, 10_000)
      const before = registry.size
      for (let index = 100_000; index < 101_000; index++) send(index)
      assert.strictEqual(registry.size, before)
    }).pipe(Effect.scoped),
  )
})

const calls = 20_000

/** Log-normal with a median of 0.4 s, and the long tail that answers of models have. */
const durations = (() => {
  const random = chance(20)
  return Array.from({ length: calls }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return 0.4 * Math.exp(1.1 * normal)
  })
})()

const freePort = Effect.callback<number>((resume) => {
  const server = createSocket()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { readonly port: number }
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** A Prometheus that scrapes a port, and what asks it. */
const scraping = (target: number) =>
  Effect.gen(function* () {
    const port = yield* freePort
    const home = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "prometheus-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })),
    )
    const config = `{ global: { scrape_interval: 1s }, scrape_configs: [{ job_name: app, static_configs: [{ targets: ["127.0.0.1:${target}"] }] }] }`
    writeFileSync(join(home, "prometheus.yml"), config)
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(PROMETHEUS, [
          `--config.file=${home}/prometheus.yml`,
          `--storage.tsdb.path=${home}/data`,
          `--web.listen-address=127.0.0.1:${port}`,
          "--log.level=error",
        ]),
      ),
      (server) =>
        Effect.callback<void>((resume) => {
          server.once("exit", () => resume(Effect.void))
          server.kill("SIGKILL")
        }),
    )
    const ask = (query: string) =>
      Effect.tryPromise(async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`)
        const { data } = (await answer.json()) as { data: { result: ReadonlyArray<{ value: [number, string] }> } }
        const [first] = data.result
        if (first === undefined) throw new Error("no sample yet")
        return Number(first.value[1])
      })
    return (query: string) => Effect.retry(ask(query), { schedule: Schedule.spaced("250 millis"), times: 400 })
  })

describe("a real Prometheus", () => {
  it.live.skipIf(!isThere(PROMETHEUS))("reads the 95th percentile within 5 % of the exact one (needs prometheus)", () =>
    Effect.gen(function* () {
      const { layer, sink } = yield* sinkOf({})
      durations.forEach((duration, index) => tell(sink, { index, duration }))
      const port = yield* freePort
      const served = HttpRouter.serve(Prometheus.layer(), { disableLogger: true }).pipe(
        Layer.provide(NodeHttpServer.layer(createServer, { port, host: "127.0.0.1" })),
        Layer.provide(layer),
      )
      yield* Layer.build(served)
      const query = yield* scraping(port)
      const count = yield* query("sum(gen_ai_client_inference_duration_seconds_count)")
      assert.strictEqual(count, calls)
      const p95 = yield* query(
        "histogram_quantile(0.95, sum by (le) (gen_ai_client_inference_duration_seconds_bucket))",
      )
      const exact = durations.toSorted((a, b) => a - b)[Math.ceil(0.95 * calls) - 1] as number
      assert.isBelow(Math.abs(p95 - exact) / exact, 0.05, `${p95} instead of ${exact}`)
      assert.strictEqual(yield* query("sum(holdfast_attempts_total)"), calls)
      // 10 tokens of prompts at 1.37 and 5 of answers at 7.91 millionths of a dollar.
      assert.strictEqual(yield* query("sum(holdfast_cost_picodollars_total)"), calls * (10 * 1_370_000 + 5 * 7_910_000))
    }).pipe(Effect.scoped),
  )

  it.effect.skipIf(!isThere(PROMTOOL))("has nothing against the names, the units and the help (needs promtool)", () =>
    Effect.gen(function* () {
      for (const version of ["2026-10", "1.37"] as const) {
        const { layer, sink } = yield* sinkOf({ names: version, tenants: ["acme"] })
        tell(sink, { index: 1, tenant: "acme" })
        tell(sink, { index: 2, tenant: "other", error: { _tag: "Broken" }, operation: "embeddings" })
        sink({ _tag: "Refused", callId: "", policy: "Breaker.guard", provider: "p", model: "m", error: { _tag: "E" } })
        sink({ _tag: "CircuitChanged", key: "p/m", sequence: 1, from: "closed", to: "open" })
        sink({ _tag: "CacheHit", callId: "", provider: "p", model: "m" })
        const text = yield* Effect.provide(Prometheus.format, layer)
        assert.isAbove(names(text).length, 10)
        const checked = spawnSync(PROMTOOL, ["check", "metrics"], { input: text })
        assert.strictEqual(checked.stderr.toString() + checked.stdout.toString(), "")
        assert.strictEqual(checked.status, 0)
      }
    }).pipe(Effect.scoped),
  )
})
