/**
 * A process of its own that spends: `node spend.ts <sqlite|postgres> <file or schema> <job> [slice in picodollars]`.
 *
 * The job `until-refused` makes calls of a scripted model until its budget has no room, and prints how many were answered. The
 * job `http://…` asks a provider there for ever, to be killed.
 */
import { Failure, ResilientModel } from "@holdfast/core"
import { OpenAiClient, OpenAiLanguageModel } from "@holdfast/openai"
import { SqliteClient } from "@holdfast/sqlite"
import { Effect, Exit, Layer, Redacted } from "effect"
import { LanguageModel } from "effect/ai"

import * as Budget from "../../src/Budget.ts"
import * as Ledger from "../../src/Ledger.ts"
import { acme, money, pricing } from "../budgeted.ts"
import { postgresIn } from "../databases.ts"

const [, , kind, where = "", job = "", picodollars] = process.argv
const slice = picodollars === undefined ? undefined : money(BigInt(picodollars))

const database = kind === "sqlite" ? SqliteClient.layer({ filename: where }) : postgresIn(where)
const ledger = Ledger.layerSql({ pollInterval: "20 millis", slice }).pipe(Layer.provide(database))
const ask = LanguageModel.generateText({ prompt: "Why do ships float?" })
const asMany = { concurrency: "unbounded", discard: true } as const

/** Sixteen at a time, each until it is refused. */
const untilRefused = Effect.gen(function* () {
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
  ).pipe(ResilientModel.provide(model), Effect.provide(Layer.merge(ledger, pricing)))
  process.stdout.write(`${JSON.stringify({ answered, errors: [...new Set(errors)] })}\n`)
})

/** Eight at a time, for ever. */
const forEver = (apiUrl: string) => {
  const model = OpenAiLanguageModel.model("gpt-4o-mini", { maxOutputTokens: 100 }).pipe(
    Budget.enforce({
      name: "all",
      daily: "100 USD",
      lease: slice === undefined ? 1 : 100,
      request: () => ({ maxOutputTokens: 100 }),
    }),
  )
  const client = OpenAiClient.layer({ apiKey: Redacted.make("test"), apiUrl })
  return Effect.forEach(Array.from({ length: 8 }), () => Effect.forever(ask), asMany).pipe(
    ResilientModel.provide(model),
    Effect.provide(Layer.merge(ledger, client)),
  )
}

const exit = await Effect.runPromiseExit(job === "until-refused" ? untilRefused : forEver(job))
if (Exit.isFailure(exit)) process.stderr.write(`${String(exit)}\n`)
process.exit(Exit.isSuccess(exit) ? 0 : 1)
