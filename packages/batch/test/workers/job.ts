/**
 * A process of its own that runs a job, or a bulk run with a journal, to be killed: `node job.ts <work as JSON>`.
 *
 * It counts the points of its way: before and after each statement on the jobs, each step of the vendor's, each write of the journal and each
 * word to the ledger. At the point that it is told, by number or by name, it kills itself with SIGKILL, and nothing of it is left. Otherwise it prints how many
 * points there were and how many items were answered.
 */
import { writeSync } from "node:fs"

import { NodeFileSystem } from "@effect/platform-node"
import { AnthropicBatch, AnthropicClient } from "@holdfast/anthropic"
import { type Kind } from "@holdfast/core/Operation"
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { Budget, Ledger } from "@holdfast/cost"
import { OpenAiBatch, OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { Effect, Exit, FileSystem, Layer, Redacted, Schedule, Schema, Stream } from "effect"
import { EmbeddingModel, LanguageModel } from "effect/ai"
import { SqlClient } from "effect/sql"

import * as BatchJob from "../../src/BatchJob.ts"
import * as Bulk from "../../src/Bulk.ts"
import * as Journal from "../../src/Journal.ts"
import { clientAt } from "../support/databases.ts"
import { type Work } from "../support/processes.ts"

const work = JSON.parse(process.argv[2] ?? "{}") as Work

let points = 0

/** The process ends here, if it is told to. */
const point = (name: string): void => {
  points++
  if (work.killAt !== points && work.killAt !== name) return
  writeSync(1, `${name}\n`)
  process.kill(process.pid, "SIGKILL")
}

const around = <A, E, R>(name: string, self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    point(`before ${name}`)
    return Effect.tap(self, () => Effect.sync(() => point(`after ${name}`)))
  })

const wordsOf = (statement: string): string =>
  (/(?:INSERT INTO|UPDATE|DELETE FROM)\s+\w+/.exec(statement) ?? /\bFROM\s+\w+/.exec(statement))?.[0] ?? "statement"

const counted = Layer.effect(
  SqlClient.SqlClient,
  Effect.map(
    SqlClient.SqlClient,
    (sql) =>
      new Proxy(sql, {
        get: (target, name) =>
          name === "unsafe"
            ? (statement: string, parameters?: ReadonlyArray<unknown>) => {
                const made = target.unsafe(statement, parameters)
                return parameters === undefined
                  ? made
                  : { withoutTransform: around(wordsOf(statement), made.withoutTransform) }
              }
            : Reflect.get(target, name),
      }),
  ),
)

const ledger = Layer.effect(
  Ledger.Ledger,
  Effect.map(Ledger.Ledger, (service) => ({
    ...service,
    reserve: (reservation: Ledger.Reservation) => around("reserve", service.reserve(reservation)),
    settle: (settlement: Ledger.Settlement) => around("settle", service.settle(settlement)),
  })),
).pipe(Layer.provide(Ledger.layerSql()))

const watched = <K extends Kind>(provider: BatchProvider<K>): BatchProvider<K> => ({
  ...provider,
  upload:
    provider.upload === undefined
      ? undefined
      : (items, name) =>
          around(
            "upload",
            Effect.suspend(() => provider.upload?.(items, name) ?? Effect.never),
          ),
  create: (options) => around("create", provider.create(options)),
  find: (options) => around("find", provider.find(options)),
  status: (batch) => around("status", provider.status(batch)),
  results: (batch) =>
    Stream.suspend(() => {
      point("before results")
      return Stream.tap(provider.results(batch), () => Effect.sync(() => point("a line")))
    }),
  forget: (file) => around("forget", provider.forget(file)),
})

const key = Redacted.make("sk-test-key")

const openAi = OpenAiClient.layer({ apiKey: key, apiUrl: work.url })

const chats =
  work.vendor === "openai"
    ? Effect.provide(OpenAiBatch.model("gpt-4o-mini", { maxOutputTokens: 100 }), openAi)
    : Effect.provide(
        AnthropicBatch.model("claude-haiku-4-5", { maxOutputTokens: 100 }),
        AnthropicClient.layer({ apiKey: key, apiUrl: work.url }),
      )

const vectors = Effect.provide(OpenAiBatch.embeddings("text-embedding-3-small"), openAi)

const questions = Array.from({ length: work.items }, (_, index) => `question ${index}`)

const ask = (prompt: string) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text)

const embed = (text: string) => Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed(text))

const id = (question: string) => question

/** How many items were answered. */
const answered = <E, R>(results: Stream.Stream<{ readonly _tag: string }, E, R>) =>
  Stream.runFold(
    results,
    () => 0,
    (count, { _tag }) => count + (_tag === "Answered" ? 1 : 0),
  )

const common = {
  job: work.job,
  id,
  budgets: [{ name: "all", daily: "1000 USD" }],
  poll: Schedule.spaced("10 millis"),
  lease: "400 millis",
  createTimeout: "3 seconds",
  listDelay: "60 millis",
  window: 4,
} as const

const job =
  work.vendor === "embeddings"
    ? answered(BatchJob.run(questions, { ...common, provider: Effect.map(vectors, watched), ask: embed }))
    : answered(BatchJob.run(questions, { ...common, provider: Effect.map(chats, watched), ask }))

/** Files whose writes are points, one of them in the midst of a line. */
const files = Layer.effect(
  FileSystem.FileSystem,
  Effect.map(FileSystem.FileSystem, (system) => ({
    ...system,
    open: (...options: Parameters<typeof system.open>) => Effect.map(system.open(...options), watchedFile),
  })),
).pipe(Layer.provide(NodeFileSystem.layer))

const watchedFile = (file: FileSystem.File): FileSystem.File =>
  new Proxy(file, {
    get: (target, name) =>
      name === "writeAll"
        ? (bytes: Uint8Array) => {
            const half = Math.ceil(bytes.length / 2)
            return around("write", target.writeAll(bytes.subarray(0, half))).pipe(
              Effect.andThen(target.writeAll(bytes.subarray(half))),
              Effect.tap(() => Effect.sync(() => point("after a line"))),
            )
          }
        : Reflect.get(target, name, target),
  })

const live = (journal: string) =>
  Bulk.run(questions, {
    model: OpenAiLanguageModel.model("gpt-4o-mini", { maxOutputTokens: 100 }).pipe(
      Budget.enforce({ name: "all", daily: "1000 USD", lease: 1 }),
    ),
    id,
    ask,
    journal: Journal.file(journal, Schema.String),
    window: 4,
  }).pipe(Stream.provide(OpenAiClient.layer({ apiKey: key, apiUrl: work.url })), Stream.provide(files))

const either: Effect.Effect<number, unknown, BatchJob.Jobs | Ledger.Ledger> =
  work.journal === undefined ? job : answered(live(work.journal))

const program = either.pipe(
  Effect.provide(
    Layer.mergeAll(BatchJob.layerSql().pipe(Layer.provide(counted)), ledger).pipe(
      Layer.provide(clientAt(work.kind, work.where)),
    ),
  ),
)

const exit = await Effect.runPromiseExit(program)
if (Exit.isFailure(exit)) process.stderr.write(`${String(exit.cause)}\n`)
else process.stdout.write(`${JSON.stringify({ points, answered: exit.value })}\n`)
process.exit(Exit.isSuccess(exit) ? 0 : 1)
