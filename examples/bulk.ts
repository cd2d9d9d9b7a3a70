/**
 * Forty reviews are classified, live or in a batch: what it would cost, a stop on the way, and the rest.
 *
 * `node examples/bulk.ts [live|batch]` needs no key: an emulator on this machine answers. The two ways differ by one value. What was done
 * before a stop is in a journal, and for a batch in a database as well, so that nothing is asked twice.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { BatchJob, Bulk, Journal, Progress } from "@holdfast/batch"
import { Concurrency, Retry } from "@holdfast/core"
import { Ledger, Money } from "@holdfast/cost"
import { OpenAiBatch, OpenAiLanguageModel } from "@holdfast/openai"
import { SqliteClient } from "@holdfast/sqlite"
import { Console, Deferred, Effect, Layer, Schedule, Stream } from "effect"
import { Argument, Command } from "effect/cli"

import { classify, Label, type Review, reviews } from "./bulk/classify.ts"
import { emulated } from "./bulk/provider.ts"

const settings = { maxOutputTokens: 50 }

const model = OpenAiLanguageModel.model("gpt-6-luna", settings).pipe(
  Concurrency.limit(4),
  Retry.schedule(Retry.standard),
)

const provider = OpenAiBatch.model("gpt-6-luna", settings)

const modes = {
  live: Bulk.live(model),
  // A real vendor takes minutes to hours; `BatchJob.poll`, the default, asks less and less often.
  batch: Bulk.batch({ job: "reviews", provider, poll: Schedule.spaced("20 millis") }),
}

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-bulk-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true })),
)

const program = Effect.fnUntraced(function* (way: "batch" | "live") {
  const path = yield* folder
  yield* Console.log(
    `What it would cost:\n${Bulk.compare(yield* Bulk.estimate(reviews, { ask: classify, model, provider }))}\n`,
  )

  const run = (stop: Effect.Effect<unknown>, onProgress: (progress: Progress.Progress) => Effect.Effect<unknown>) =>
    Bulk.runInOrder(reviews, {
      mode: modes[way],
      id: ({ id }: Review) => id,
      ask: classify,
      journal: Journal.file(join(path, "labels.jsonl"), Label),
      keep: ({ text }: Review) => text,
      cap: "1 USD",
      total: 40,
      window: 4,
      stop,
      onProgress,
    })

  const stores = Layer.mergeAll(BatchJob.layerSql(), Ledger.layerSql()).pipe(
    Layer.provide(SqliteClient.layer({ filename: join(path, "jobs.db") })),
  )
  yield* Effect.gen(function* () {
    // Ctrl-C, a deployment, the end of a night shift. A batch goes on at the vendor meanwhile.
    const enough = yield* Deferred.make<void>()
    if (way === "batch") yield* Effect.forkScoped(Effect.delay(Deferred.succeed(enough, undefined), "30 millis"))
    const first = run(Deferred.await(enough), ({ done }) =>
      done >= 10 ? Deferred.succeed(enough, undefined) : Effect.void,
    )
    yield* Stream.runDrain(first).pipe(
      Effect.catchTag("RunStopped", ({ message }) => Console.log(`Stopped: ${message}`)),
    )

    const results = yield* Stream.runCollect(
      run(Effect.never, Progress.draw({ write: (text) => process.stdout.write(text) })),
    )
    const lines = yield* Stream.runCollect(Journal.file(join(path, "labels.jsonl"), Label).lines)
    yield* Console.log(`\n${results.length} of ${lines.length} were left. The first five of them:`)
    for (const result of results.slice(0, 5)) {
      yield* Console.log(`  ${result.id}  ${result._tag === "Answered" ? result.answer : result.error._tag}`)
    }
    const count = (label: string) => lines.filter(({ answer }) => answer === label).length
    const spent = Money.sum(lines.map(({ cost }) => cost))
    yield* Console.log(
      `\n${count("positive")} positive, ${count("negative")} negative, ${Money.format(spent)} for ${way === "live" ? "answers at once" : "a batch"}`,
    )
  }).pipe(Effect.provide(stores))
}, Effect.scoped)

const command = Command.make(
  "bulk",
  {
    way: Argument.Literals("way", ["live", "batch"]).pipe(
      Argument.withDescription("Each review by a call, or all of them in a batch at half the price"),
      Argument.withDefault("live"),
    ),
  },
  ({ way }) => Effect.provide(program(way), emulated),
)

Command.run(command, { version: "0.1.0" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
