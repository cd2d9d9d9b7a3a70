/**
 * `node --expose-gc packages/batch/scripts/items.ts [count] [batch|live]`: sends so many items through an emulator in a process of its own,
 * as a job and live with a journal, and says how much memory that takes and whether any item was lost or answered twice.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { NodeFileSystem } from "@effect/platform-node"
import { BatchJob, Bulk, Journal } from "@holdfast/batch"
import { Failure, Retry } from "@holdfast/core"
import { Ledger, Money } from "@holdfast/cost"
import { OpenAiBatch, OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { SqliteClient } from "@holdfast/sqlite"
import { Effect, Layer, Redacted, Schedule, Schema, Stream } from "effect"
import { LanguageModel } from "effect/ai"

const count = Number(process.argv[2] ?? 100_000)

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const emulator = new URL("../../testing/src/bin.ts", import.meta.url).pathname

/** An emulator in a process of its own, whose memory is not that of the run. Gives its address. */
const started = Effect.flatMap(
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--max-old-space-size=8000", emulator, "--port", "0"], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  ),
  (child) =>
    Effect.callback<string>((resume) => {
      ;(child as ChildProcess).stdout?.on("data", (chunk: Buffer) => {
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(chunk.toString())?.[0]
        if (found !== undefined) resume(Effect.succeed(found))
      })
    }),
)

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-items-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true })),
)

/** Megabytes that are held, and those that the process has. */
const memory = (): readonly [number, number] => {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  return [Math.round(heapUsed / 1e6), Math.round(rss / 1e6)]
}

const items = Stream.map(Stream.range(1, count), (index) => `Is review number ${index} positive or negative?`)

const ask = (prompt: string) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text)

const played = (name: "batch" | "live") =>
  Effect.gen(function* () {
    const began = performance.now()
    const url = yield* started
    const path = join(yield* folder, "out.jsonl")
    const client = OpenAiClient.layer({ apiKey: Redacted.make("emulator"), apiUrl: `${url}/openai/v1` })
    const settings = { maxOutputTokens: 50 }
    const mode =
      name === "live"
        ? Bulk.live(OpenAiLanguageModel.model("gpt-4o-mini", settings).pipe(Retry.schedule(Retry.standard)))
        : Bulk.batch({
            job: "items",
            provider: OpenAiBatch.model("gpt-4o-mini", settings),
            poll: Schedule.spaced("200 millis"),
            budgets: [{ name: "team", monthly: "10000 USD" }],
          })
    const journal = Journal.file(path, Schema.String)
    let done = 0
    let spent = Money.zero
    const seen = new Set<string>()
    const failures = new Map<string, number>()
    const marks: Array<readonly [number, number]> = []
    const results = Bulk.run(items, { mode, ask, id: (prompt) => prompt.split(" ")[3] ?? "", journal, total: count })
    yield* Stream.runForEach(results, (result) =>
      Effect.sync(() => {
        seen.add(result.id)
        if (result._tag === "Failed") {
          const tag = Failure.tagOf(result.error)
          failures.set(tag, (failures.get(tag) ?? 0) + 1)
        }
        spent = Money.add(spent, result.bill.cost)
        if (++done % Math.ceil(count / 10) === 0) marks.push(memory())
      }),
    ).pipe(
      Effect.provide(
        Layer.mergeAll(
          Layer.mergeAll(BatchJob.layerSql(), Ledger.layerSql()).pipe(
            Layer.provide(SqliteClient.layer({ filename: join(yield* folder, "jobs.db"), synchronous: "normal" })),
          ),
          client,
          NodeFileSystem.layer,
        ),
      ),
    )
    const lines = yield* Effect.provide(
      Stream.runFold(
        journal.lines,
        () => 0,
        (sum) => sum + 1,
      ),
      NodeFileSystem.layer,
    )
    const report = yield* Effect.promise(() => fetch(`${url}/emulator/batches`).then((answer) => answer.json()))
    const { answered, created } = report as { readonly answered: number; readonly created: number }
    say(
      `${name}: ${count} items in ${Math.round((performance.now() - began) / 1_000)} s, ${[...failures].map(([tag, times]) => `${times} failed with ${tag}, `).join("")}${lines} lines in the journal, ` +
        `${count - seen.size} lost, ${done - seen.size} twice, ${Money.format(spent)}` +
        (name === "batch" ? `, the vendor answered ${answered} in ${created} batches` : "") +
        `; MB of heap and in all at each tenth: ${marks.map((mark) => mark.join("/")).join(" ")}`,
    )
    return (
      failures.size === 0 &&
      seen.size === count &&
      lines === count &&
      done === count &&
      (name === "live" || answered === count)
    )
  })

const names = (["batch", "live"] as const).filter((name) => process.argv[3] === undefined || process.argv[3] === name)

const holds = await Effect.runPromise(Effect.forEach(names, (name) => Effect.scoped(played(name))))
process.exit(holds.every(Boolean) ? 0 : 1)
