/**
 * A process of its own that runs a job, to be killed: `node job.ts <work as JSON>`.
 *
 * It counts the points of its way: before and after each statement on the jobs, each step of the vendor's and each word to the ledger. At the
 * point that it is told, by number or by name, it kills itself with SIGKILL, and nothing of it is left. Otherwise it prints how many
 * points there were and how many items were answered.
 */
import { writeSync } from "node:fs"

import { AnthropicBatch, AnthropicClient } from "@holdfast/anthropic"
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { Ledger } from "@holdfast/cost"
import { OpenAiBatch, OpenAiClient } from "@holdfast/openai"
import { Effect, Exit, Layer, Redacted, Schedule, Stream } from "effect"
import { LanguageModel } from "effect/ai"
import { SqlClient } from "effect/sql"

import * as BatchJob from "../../src/BatchJob.ts"
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
  Effect.map(SqlClient.SqlClient, (sql) =>
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

const watched = (provider: BatchProvider): BatchProvider => ({
  ...provider,
  upload:
    provider.upload === undefined
      ? undefined
      : (items, name) => around("upload", Effect.suspend(() => provider.upload?.(items, name) ?? Effect.never)),
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

const provider =
  work.vendor === "openai"
    ? Effect.provide(OpenAiBatch.model("gpt-4o-mini", { maxOutputTokens: 100 }), OpenAiClient.layer({ apiKey: key, apiUrl: work.url }))
    : Effect.provide(AnthropicBatch.model("claude-haiku-4-5", { maxOutputTokens: 100 }), AnthropicClient.layer({ apiKey: key, apiUrl: work.url }))

const program = BatchJob.run(
  Array.from({ length: work.items }, (_, index) => `question ${index}`),
  {
    job: work.job,
    provider: Effect.map(provider, watched),
    id: (question) => question,
    ask: (prompt) => Effect.map(LanguageModel.generateText({ prompt }), ({ text }) => text),
    budgets: [{ name: "all", daily: "1000 USD" }],
    poll: Schedule.spaced("10 millis"),
    lease: "400 millis",
    createTimeout: "3 seconds",
    listDelay: "60 millis",
    window: 4,
  },
).pipe(
  Stream.runFold(() => 0, (count, result) => count + (result._tag === "Answered" ? 1 : 0)),
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
