/**
 * A process of its own that spends: `node spend.ts <until-refused|for-ever> <jobs as JSON>`.
 *
 * `until-refused` waits for a line of input, so that several processes begin together, and then does its jobs one after the other:
 * it makes calls of a scripted model until its budget has no room, and prints how many were answered. `for-ever` does all of its
 * jobs at once, each asking a provider at its `url`, to be killed.
 */
import { once } from "node:events"

import { Failure, ResilientModel } from "@holdfast/core"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { SqliteClient } from "@holdfast/sqlite"
import { Effect, Exit, Layer, Redacted } from "effect"
import { LanguageModel } from "effect/ai"

import * as Budget from "../../src/Budget.ts"
import * as Ledger from "../../src/Ledger.ts"
import { acme, money, pricing } from "../budgeted.ts"
import { postgresIn } from "../databases.ts"
import { type Job } from "../processes.ts"

const [, , task = "", given = "[]"] = process.argv
const jobs = JSON.parse(given) as ReadonlyArray<Job>

const ledgerFor = ({ kind, slice, where }: Job) =>
  Ledger.layerSql({
    pollInterval: "20 millis",
    slice: slice === undefined ? undefined : money(BigInt(slice)),
  }).pipe(Layer.provide(kind === "sqlite" ? SqliteClient.layer({ filename: where }) : postgresIn(where)))
const ask = LanguageModel.generateText({ prompt: "Why do ships float?" })
const asMany = { concurrency: "unbounded", discard: true } as const

/** Sixteen at a time, each until it is refused. */
const untilRefused = Effect.fnUntraced(function* (job: Job) {
  let answered = 0
  const model = acme().model.pipe(
    Budget.enforceAll(
      [
        { name: "all", daily: money(20_000n) },
        { name: "models", monthly: money(10_000n), per: Budget.perModel },
      ],
      { wait: "10 seconds" },
    ),
  )
  const one = Effect.suspend(() => Effect.tap(ask, () => Effect.sync(() => answered++)))
  const refused = Effect.flip(Effect.forever(one))
  const errors: Array<string> = []
  yield* Effect.forEach(
    Array.from({ length: 16 }),
    () => Effect.map(refused, (error) => errors.push(Failure.tagOf(error))),
    asMany,
  ).pipe(ResilientModel.provide(model), Effect.provide(Layer.merge(ledgerFor(job), pricing)))
  return { answered, errors: [...new Set(errors)] }
})

const together = Effect.gen(function* () {
  process.stdout.write("ready\n")
  yield* Effect.promise(() => once(process.stdin, "data"))
  const finished = yield* Effect.forEach(jobs, untilRefused)
  process.stdout.write(`${JSON.stringify(finished)}\n`)
})

/** Four at a time, for ever. */
const forEver = (job: Job) => {
  const model = OpenAiLanguageModel.model("gpt-4o-mini", { maxOutputTokens: 100 }).pipe(
    Budget.enforce({
      name: "all",
      daily: "100 USD",
      lease: job.slice === undefined ? 1 : 100,
      request: () => ({ maxOutputTokens: 100 }),
    }),
  )
  const client = OpenAiClient.layer({ apiKey: Redacted.make("test"), apiUrl: job.url })
  return Effect.forEach(Array.from({ length: 4 }), () => Effect.forever(ask), asMany).pipe(
    ResilientModel.provide(model),
    Effect.provide(Layer.merge(ledgerFor(job), client)),
  )
}

const exit = await Effect.runPromiseExit(task === "until-refused" ? together : Effect.forEach(jobs, forEver, asMany))
if (Exit.isFailure(exit)) process.stderr.write(`${String(exit)}\n`)
process.exit(Exit.isSuccess(exit) ? 0 : 1)
