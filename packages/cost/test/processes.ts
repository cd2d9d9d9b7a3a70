/**
 * Spending by several processes, and by processes that are killed.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"

import { SqliteClient } from "@holdfast/sqlite"
import { Emulator, Reply } from "@holdfast/testing"
import { Effect, Layer, Random, type Scope, Stream } from "effect"

import { file, ledgerOn, postgresIn, schema } from "./databases.ts"

export type Kind = "sqlite" | "postgres"

/** A new database: where it is for another process, and how this one gets there. */
export const database = (kind: Kind) =>
  kind === "sqlite"
    ? Effect.map(file, (where) => ({ where, layer: SqliteClient.layer({ filename: where }) }))
    : Effect.map(schema, (where) => ({ where, layer: postgresIn(where) }))

const worker = new URL("workers/spend.ts", import.meta.url).pathname

const start = (
  kind: Kind,
  where: string,
  job: string,
  slice?: bigint,
): Effect.Effect<ChildProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [worker, kind, where, job, ...(slice === undefined ? [] : [String(slice)])], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  )

export interface Finished {
  readonly answered: number
  readonly errors: ReadonlyArray<string>
}

/** Lets so many processes spend from one database until they are refused. */
export const spenders = (
  kind: Kind,
  where: string,
  processes: number,
  slice?: bigint,
): Effect.Effect<ReadonlyArray<Finished>, never, Scope.Scope> =>
  Effect.forEach(
    Array.from({ length: processes }),
    () =>
      Effect.flatMap(start(kind, where, "until-refused", slice), (child) =>
        Effect.promise(async () => {
          let output = ""
          child.stdout?.on("data", (chunk: Buffer) => {
            output += chunk.toString()
          })
          await once(child, "close")
          return JSON.parse(output) as Finished
        }),
      ),
    { concurrency: "unbounded" },
  )

/** What an answer of the emulator costs: 100 and 50 tokens of gpt-4o-mini, at $0.15 and $0.60 for a million, in picodollars. */
export const unit = 100n * 150_000n + 50n * 600_000n

interface Killed {
  /** Requests that reached the provider, and those that it answered to the end. */
  readonly asked: number
  readonly served: number
  readonly reserved: number
  readonly settled: bigint
  /** Worst cases of what nobody knows the end of. */
  readonly uncertain: bigint
  readonly outstanding: number
  readonly spent: bigint
  readonly reservedTotal: bigint
}

/** More requests than three processes have under way at once, so that more are served than are cut. */
const enough = 40

/**
 * Kills so many processes while they spend, each at a moment of its own, and then reads their journal. The first one gets far
 * enough for some costs to be settled, however slow the machine is.
 */
export const killed = (kind: Kind, times: number, slice?: bigint) =>
  Effect.gen(function* () {
    const { layer, where } = yield* database(kind)
    const emulator = yield* Emulator.Emulator
    yield* emulator.respond("openai-responses", () =>
      Effect.flatMap(Random.nextIntBetween(1, 20), (millis) =>
        Effect.as(
          Effect.sleep(millis),
          Reply.text("Because they displace water.", { usage: { input: 100, output: 50 } }),
        ),
      ),
    )
    for (let turn = 0; turn < times; turn++) {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const before = (yield* emulator.requests).length
          const child = yield* start(kind, where, emulator.baseUrl("openai-responses"), slice)
          const least = turn === 0 ? enough : 1
          const arrived = Effect.map(emulator.requests, ({ length }) => length >= before + least)
          yield* Effect.repeat(Effect.delay(arrived, "5 millis"), { until: (yes) => yes })
          yield* Effect.sleep(yield* Random.nextIntBetween(0, 150))
          child.kill("SIGKILL")
          yield* Effect.promise(() => once(child, "close"))
        }),
      )
    }
    const requests = yield* emulator.requests
    // Until the lease of what the last one held is over.
    yield* Effect.sleep("200 millis")
    const ledger = yield* ledgerOn(layer)
    yield* ledger.expire
    const entries = yield* Stream.runCollect(ledger.entries())
    const outstanding = yield* ledger.outstanding
    const total = yield* ledger.total({ account: JSON.stringify(["all", "day"]), since: 0 })
    const result: Killed = {
      asked: requests.length,
      served: requests.filter(({ endedAt, status }) => status === 200 && endedAt !== undefined).length,
      reserved: entries.filter(({ _tag }) => _tag === "Reserved").length,
      settled: entries.reduce((sum, entry) => (entry._tag === "Settled" ? sum + entry.settlement.cost : sum), 0n),
      uncertain: outstanding.reduce((sum, { reservation }) => sum + reservation.worst, 0n),
      outstanding: outstanding.length,
      spent: total.spent,
      reservedTotal: total.reserved + total.uncertain,
    }
    return result
  }).pipe(Effect.provide(Layer.fresh(Emulator.layer())))
