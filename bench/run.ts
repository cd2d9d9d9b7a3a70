/**
 * `pnpm bench`: measures everything side by side and writes `bench/results.json`. `pnpm bench budget` measures one section, and
 * only prints it.
 */
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"

import { Effect, Record, type Scope } from "effect"

import { measured } from "../build/sizes.ts"
import { bulk } from "./bulk.ts"
import { hooks } from "./client.ts"
import { prices } from "./cost.ts"
import { embeddings } from "./embeddings.ts"
import { yearOldOverNew } from "./history.ts"
import * as http from "./http.ts"
import * as imports from "./imports.ts"
import { budgets, inMemory as ledgers, inPostgres, inSqlite, slicesInPostgres } from "./ledger.ts"
import { limits, roundTrips } from "./limits.ts"
import { added, type Contestant, interleaved, median, ratio } from "./measure.ts"
import { generate, models, stream, streamed, vercel } from "./models.ts"
import { breakers, drains, stacks } from "./policies.ts"
import * as servers from "./servers.ts"
import { telemetry } from "./telemetry.ts"
import { latencies } from "./transports.ts"
import { addedBy, peakOverFile, uploads } from "./uploads.ts"

interface Result {
  readonly value: number
  readonly unit: string
}

const results: Record<string, Result> = {}

const record = (name: string, value: number, unit: string): void => {
  results[name] = { value: Number(value.toPrecision(4)), unit }
}

const call = (run: () => Promise<unknown>): Contestant => ({ run, units: 1, runs: 400 })
const answer = (run: () => Promise<unknown>): Contestant => ({ run, units: streamed, runs: 2 })
const request = (run: () => Promise<unknown>): Contestant => ({ run, units: 1, runs: 1 })

/**
 * As in a server that runs for long: turns in which each contestant collects its own garbage, because there are more calls in them.
 * A forced collection before each turn, as elsewhere, also makes V8 forget what it has learned of short-lived objects.
 */
const steady = <Name extends string>(contestants: Readonly<Record<Name, Contestant>>, times: number) =>
  interleaved(
    Record.map(contestants, (each) => ({ ...each, runs: each.runs * times })),
    25,
    { collect: false },
  )

const inMemory = Effect.gen(function* () {
  const { all, bare, none, stack } = yield* models
  const asked = {
    bare: call(generate(bare)),
    none: call(generate(none)),
    stack: call(generate(stack)),
    all: call(generate(all)),
    vercel: call(vercel.generate),
  }
  const calls = yield* Effect.promise(() => interleaved(asked, 25))
  const lasting = yield* Effect.promise(() => steady(asked, 5))
  record("generate.stack_over_bare", ratio(calls.stack, calls.bare), "ratio")
  record("generate.provider_over_bare", ratio(calls.none, calls.bare), "ratio")
  record("generate.all_policies_over_bare", ratio(calls.all, calls.bare), "ratio")
  record("generate.all_policies_over_bare_steady", ratio(lasting.all, lasting.bare), "ratio")
  record("generate.stack_over_vercel", ratio(calls.stack, calls.vercel), "ratio")
  record("generate.bare_us", median(calls.bare), "us")
  record("generate.stack_us", median(calls.stack), "us")
  record("generate.vercel_us", median(calls.vercel), "us")

  const parts = yield* Effect.promise(() =>
    interleaved(
      {
        bare: answer(stream(bare)),
        none: answer(stream(none)),
        stack: answer(stream(stack)),
        all: answer(stream(all)),
        vercel: answer(vercel.stream),
      },
      15,
    ),
  )
  record("stream.stack_over_bare_per_part", ratio(parts.stack, parts.bare), "ratio")
  record("stream.provider_over_bare_per_part", ratio(parts.none, parts.bare), "ratio")
  record("stream.all_policies_over_bare_per_part", ratio(parts.all, parts.bare), "ratio")
  record("stream.stack_over_vercel_per_part", ratio(parts.stack, parts.vercel), "ratio")
  record("stream.bare_us_per_part", median(parts.bare), "us")
  record("stream.stack_us_per_part", median(parts.stack), "us")
  record("stream.vercel_us_per_part", median(parts.vercel), "us")
})

const embedding = Effect.gen(function* () {
  const rounds = yield* Effect.flatMap(embeddings, (contestants) => Effect.promise(() => interleaved(contestants, 25)))
  record("embed.stack_over_bare", ratio(rounds.stack, rounds.bare), "ratio")
  record("embed.provider_over_bare", ratio(rounds.none, rounds.bare), "ratio")
  record("embed.batched_stack_over_bare", ratio(rounds.stackTogether, rounds.bareTogether), "ratio")
  record("embed.bare_us", median(rounds.bare), "us")
  record("embed.stack_us", median(rounds.stack), "us")
})

const bulkRuns = Effect.gen(function* () {
  const rounds = yield* Effect.flatMap(bulk, (contestants) => Effect.promise(() => interleaved(contestants, 15)))
  record("bulk.items_over_foreach", ratio(rounds.forEach, rounds.run), "ratio")
  record("bulk.journaled_items_over_foreach", ratio(rounds.forEach, rounds.journal), "ratio")
  record("bulk.items_per_s", 1_000_000 / median(rounds.journal), "items/s")
})

const policies = Effect.gen(function* () {
  const rounds = yield* Effect.flatMap(breakers, (contestants) => Effect.promise(() => interleaved(contestants, 25)))
  const closed = added(rounds.closed, rounds.bare)
  record("breaker.added_over_effect", ratio(closed, added(rounds.effectClosed, rounds.bare)), "ratio")
  record("breaker.reject_over_effect", ratio(rounds.open, rounds.effectOpen), "ratio")
  record("breaker.added_us", median(closed), "us")
  record("breaker.reject_us", median(rounds.open), "us")
  const subjects = yield* stacks
  const whole = yield* Effect.promise(() => interleaved(subjects, 25))
  const lasting = yield* Effect.promise(() => steady(subjects, 10))
  const seven = added(whole.seven, whole.bare)
  const sevenSteady = added(lasting.seven, lasting.bare)
  record("stack7.added_over_cockatiel4", ratio(seven, whole.cockatiel4), "ratio")
  record("stack7.added_over_cockatiel4_steady", ratio(sevenSteady, lasting.cockatiel4), "ratio")
  record("stack7.added_us_steady", median(sevenSteady), "us")
  record("stack7.added_us", median(seven), "us")
  record("stack4_effect.added_us", median(added(whole.stock, whole.bare)), "us")
  record("stack4_cockatiel.us", median(whole.cockatiel4), "us")
  record("opossum.us", median(whole.opossum), "us")
  record("p_retry.us", median(whole.pRetry), "us")
  const lines = yield* Effect.flatMap(drains, (contestants) => Effect.promise(() => interleaved(contestants, 7)))
  record("semaphore.drain_16k_ms_over_1k", ratio(lines.many, lines.few), "ratio")
  record("semaphore.drain_16k_ms", median(lines.many) / 1_000, "ms")
})

const rateLimits = Effect.gen(function* () {
  const rounds = yield* Effect.flatMap(limits, (contestants) => Effect.promise(() => interleaved(contestants, 25)))
  record("ratelimit.added_us", median(added(rounds.both, rounds.bare)), "us")
  record("ratelimit.requests_added_us", median(added(rounds.requests, rounds.bare)), "us")
  record("ratelimit.effect_added_us", median(added(rounds.effect, rounds.bare)), "us")
  record("ratelimit.redis_roundtrips", yield* roundTrips, "commands")
})

const money = Effect.gen(function* () {
  const rounds = yield* Effect.promise(() => interleaved(prices(), 25))
  record("price.cost_over_genai_prices", ratio(rounds.cost, rounds.genai), "ratio")
  record("price.ns_per_cost", median(rounds.cost) * 1_000, "ns")
  record("price.ns_per_cost_with_metadata", median(rounds.costWithMetadata) * 1_000, "ns")
  record("price.genai_prices_ns", median(rounds.genai) * 1_000, "ns")
})

const pairs = Effect.gen(function* () {
  const rounds = yield* Effect.flatMap(ledgers, (contestants) => Effect.promise(() => interleaved(contestants, 25)))
  record("ledger.memory_ops_per_s_over_map", ratio(rounds.map, rounds.ledger), "ratio")
  record("ledger.memory_pairs_per_s", 1_000_000 / median(rounds.ledger), "pairs/s")
})

const budget = Effect.gen(function* () {
  // Without a forced collection before each turn: after one, V8 makes the shapes of all short-lived objects anew, which costs
  // every contestant as much as what is measured here.
  const calls = yield* Effect.flatMap(budgets, (contestants) =>
    Effect.promise(() => interleaved(contestants, 100, { collect: false })),
  )
  const guarded = added(calls.budget, calls.bare)
  record("budget.added_us_over_bare_stack", median(guarded), "us")
  record("budget.added_over_bare", ratio(guarded, calls.call), "ratio")
})

const databases = Effect.gen(function* () {
  record("ledger.year_old_over_new", yield* yearOldOverNew, "ratio")
  const sqlite = yield* inSqlite
  record("ledger.sqlite_pairs_per_s", sqlite.alone, "pairs/s")
  record("ledger.sqlite_pairs_per_s_with_8_budgets", sqlite.eight, "pairs/s")
  const postgres = yield* inPostgres
  if (postgres === undefined) return
  record("ledger.postgres_pairs_per_s", postgres.alone, "pairs/s")
  record("ledger.postgres_pairs_per_s_with_8_budgets", postgres.eight, "pairs/s")
  const slices = yield* slicesInPostgres
  if (slices === undefined) return
  record("ledger.postgres_slices_over_rows", slices.ratio, "ratio")
  record("ledger.postgres_pairs_per_s_with_8_slices", slices.slices, "pairs/s")
})

const observation = Effect.gen(function* () {
  const rounds = yield* Effect.flatMap(telemetry, (contestants) =>
    Effect.promise(() => interleaved(contestants, 40, { collect: false })),
  )
  const all = added(rounds.all, rounds.none)
  const events = added(rounds.events, rounds.none)
  record("telemetry.added_over_bare", ratio(all, rounds.bare), "ratio")
  record("telemetry.events_added_over_bare", ratio(events, rounds.bare), "ratio")
  record("telemetry.metrics_added_us", median(added(rounds.metrics, rounds.none)) - median(events), "us")
  record("telemetry.added_us", median(all), "us")
  record("telemetry.everything_kept_added_us", median(added(rounds.everything, rounds.none)), "us")
})

const onTheWire = Effect.gen(function* () {
  const { least, sdk, stack } = yield* http.contestants(yield* Effect.promise(http.emulator))
  // One request a round, so that the medians over the rounds are the p50 of each.
  const contestants = { sdk: request(sdk), least: request(least), stack: request(stack) }
  yield* Effect.promise(() => interleaved(contestants, 1000, { collect: false }))
  const requests = yield* Effect.promise(() => interleaved(contestants, 2000, { collect: false }))
  record("http.stack_over_sdk", median(requests.stack) / median(requests.sdk), "ratio")
  record("http.effect_ai_over_sdk", median(requests.least) / median(requests.sdk), "ratio")
  record("http.stack_us", median(requests.stack), "us")
  record("http.sdk_us", median(requests.sdk), "us")
})

const serving = Effect.gen(function* () {
  const sse = yield* Effect.promise(servers.sse)
  record("sse.events_over_node", sse.ratio, "ratio")
  record("sse.us_per_event", sse.ours, "us")
  record("sse.node_us_per_event", sse.theirs, "us")
  const grpc = yield* Effect.promise(servers.grpcMessages)
  record("grpc.messages_over_grpc_js", grpc.ratio, "ratio")
  record("grpc.us_per_message", grpc.ours, "us")
  record("grpc.grpc_js_us_per_message", grpc.theirs, "us")
  for (const [name, milliseconds] of Object.entries(yield* Effect.orDie(latencies))) {
    record(
      `late.${name
        .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
        .toLowerCase()
        .replaceAll(/[^a-z]+/g, "_")}_ms`,
      milliseconds,
      "ms",
    )
  }
})

const inBrowser = Effect.gen(function* () {
  const rounds = yield* hooks
  if (rounds === undefined) {
    process.stderr.write("client.script_over_use_chat is skipped: there is no Chromium\n")
    return
  }
  record("client.script_over_use_chat", ratio(rounds.ours, rounds.vercel), "ratio")
  record("client.script_ms", median(rounds.ours), "ms")
  record("client.use_chat_script_ms", median(rounds.vercel), "ms")
})

const uploading = Effect.gen(function* () {
  const all = yield* Effect.promise(uploads)
  record("upload.peak_mb_over_file_mb", peakOverFile(all), "ratio")
  for (const upload of all) record(`upload.${upload.vendor}_from_${upload.from}_added_mb`, addedBy(upload), "MB")
  record("upload.process_peak_mb", Math.max(...all.map(({ peak }) => peak)), "MB")
})

const loading = Effect.gen(function* () {
  imports.compile()
  const rounds = Array.from({ length: 9 }, () => ({
    core: imports.load(imports.specifiers.core),
    effectAi: imports.load(imports.specifiers.effectAi),
  }))
  record(
    "import.core_over_effect_ai",
    ratio(
      rounds.map(({ core }) => core),
      rounds.map(({ effectAi }) => effectAi),
    ),
    "ratio",
  )
  record("import.core_ms", median(rounds.map(({ core }) => core)), "ms")
  record("import.effect_ai_ms", median(rounds.map(({ effectAi }) => effectAi)), "ms")
  for (const [name, size] of yield* Effect.promise(measured)) record(`size.${name}_gzip_kb`, size, "kB")
})

/** Each in a process of its own, so that none inherits what another left on the heap, or what V8 learned of it. */
const sections: Readonly<Record<string, Effect.Effect<void, unknown, Scope.Scope>>> = {
  inMemory,
  embedding,
  bulkRuns,
  policies,
  rateLimits,
  money,
  pairs,
  budget,
  databases,
  observation,
  onTheWire,
  serving,
  inBrowser,
  uploading,
  loading,
}

const [, file = "", only] = process.argv

/** What a section measured in its process. */
const measuredBy = (name: string): Record<string, Result> => {
  const { status, stdout } = spawnSync(process.execPath, [...process.execArgv, file, name], {
    encoding: "utf8",
    stdio: ["inherit", "pipe", "inherit"],
  })
  if (status !== 0) throw new Error(`${name} could not be measured`)
  return JSON.parse(stdout) as Record<string, Result>
}

if (only === undefined) {
  for (const name of Object.keys(sections)) {
    const rows = measuredBy(name)
    for (const [row, { unit, value }] of Object.entries(rows)) {
      process.stdout.write(`${row.padEnd(48)}  ${String(value).padStart(8)} ${unit}\n`)
    }
    Object.assign(results, rows)
  }
  writeFileSync(new URL("results.json", import.meta.url), `${JSON.stringify(results, undefined, 2)}\n`)
} else {
  const section = sections[only]
  if (section === undefined) throw new Error(`no section ${only}; there are ${Object.keys(sections).join(", ")}`)
  await Effect.runPromise(Effect.scoped(section))
  process.stdout.write(JSON.stringify(results))
}
process.exit(0)
