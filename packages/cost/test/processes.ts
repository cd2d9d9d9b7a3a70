/**
 * Spending by several processes, and by processes that are killed.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"

import { SqliteClient } from "@holdfast/sqlite"
import { Emulator, Reply } from "@holdfast/testing"
import { Context, Effect, Layer, Random, type Scope, Stream } from "effect"
import { type SqlClient, type SqlError } from "effect/sql"

import { file, ledgerOn, postgresIn, schema } from "./databases.ts"

export type Kind = "sqlite" | "postgres"

/** Where one process spends, and how. */
export interface Job {
  readonly kind: Kind
  /** The file or the schema. */
  readonly where: string
  /** In picodollars. */
  readonly slice?: string
  /** Of the provider, where there is a real one. */
  readonly url?: string
}

/** How the ledger of a job is kept. Each has a database of its own. */
export interface Setting {
  readonly kind: Kind
  readonly slice?: bigint | undefined
}

interface Database {
  readonly where: string
  readonly layer: Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>
}

/** A new database: where it is for another process, and how this one gets there. */
const database = (kind: Kind): Effect.Effect<Database, SqlError.SqlError, Scope.Scope> =>
  kind === "sqlite"
    ? Effect.map(file, (where) => ({ where, layer: SqliteClient.layer({ filename: where }) }))
    : Effect.map(schema, (where) => ({ where, layer: postgresIn(where) }))

const jobOn = ({ kind, slice }: Setting, { where }: Database, url?: string): Job => ({
  kind,
  where,
  ...(slice !== undefined && { slice: String(slice) }),
  ...(url !== undefined && { url }),
})

const worker = new URL("workers/spend.ts", import.meta.url).pathname

const start = (task: string, jobs: ReadonlyArray<Job>): Effect.Effect<ChildProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [worker, task, JSON.stringify(jobs)], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL")),
  )

interface Finished {
  readonly answered: number
  readonly errors: ReadonlyArray<string>
}

interface Spent extends Setting {
  /** What each process says. */
  readonly finished: ReadonlyArray<Finished>
  /** What the ledger says of each of the two accounts: spent, reserved, uncertain. */
  readonly totals: ReadonlyArray<readonly [bigint, bigint, bigint]>
}

const accounts = [JSON.stringify(["all", "day"]), `${JSON.stringify(["models", "month"])}"acme/acme-1"`]

/** Lets so many processes spend until they are refused, in each setting after the other, all of them together. */
export const spenders = (settings: ReadonlyArray<Setting>, processes: number) =>
  Effect.gen(function* () {
    const databases = yield* Effect.forEach(settings, ({ kind }) => database(kind))
    const jobs = settings.map((setting, index) => jobOn(setting, databases[index] as Database))
    const children = yield* Effect.forEach(Array.from({ length: processes }), () => start("until-refused", jobs))
    const outputs = children.map((child) => {
      const output = { text: "", ready: once(child.stdout ?? child, "data") }
      child.stdout?.on("data", (chunk: Buffer) => {
        output.text += chunk.toString()
      })
      return output
    })
    yield* Effect.promise(() => Promise.all(outputs.map(({ ready }) => ready)))
    const closed = Promise.all(children.map((child) => once(child, "close")))
    for (const child of children) child.stdin?.write("go\n")
    yield* Effect.promise(() => closed)
    const finished = outputs.map(({ text }) => JSON.parse(text.replace("ready\n", "")) as ReadonlyArray<Finished>)
    return yield* Effect.forEach(settings, (setting, index) =>
      Effect.gen(function* () {
        const ledger = yield* ledgerOn((databases[index] as Database).layer)
        const totals = yield* Effect.forEach(accounts, (account) =>
          Effect.map(
            ledger.total({ account, since: 0 }),
            ({ reserved, spent, uncertain }) => [spent, reserved, uncertain] as const,
          ),
        )
        const spent: Spent = { ...setting, finished: finished.flatMap((each) => each[index] ?? []), totals }
        return spent
      }),
    )
  })

/** What an answer of the emulator costs: 100 and 50 tokens of gpt-4o-mini, at $0.15 and $0.60 for a million, in picodollars. */
export const unit = 100n * 150_000n + 50n * 600_000n

export interface Killed extends Setting {
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
const enough = 20

const provider = Effect.gen(function* () {
  const emulator = Context.get(yield* Layer.build(Layer.fresh(Emulator.layer())), Emulator.Emulator)
  yield* emulator.respond("openai-responses", () =>
    Effect.flatMap(Random.nextIntBetween(5, 30), (millis) =>
      Effect.as(
        Effect.sleep(millis),
        Reply.text("Because they displace water.", { usage: { input: 100, output: 50 } }),
      ),
    ),
  )
  return emulator
})

type Provider = Effect.Success<typeof provider>

/** Starts a process that spends in all places at once, and kills it after each of them got so many more requests. */
const kill = (jobs: ReadonlyArray<Job>, providers: ReadonlyArray<Provider>, least: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const counts = Effect.forEach(providers, ({ requests }) => Effect.map(requests, ({ length }) => length))
      const before = yield* counts
      const child = yield* start("for-ever", jobs)
      yield* Effect.repeat(Effect.delay(counts, "5 millis"), {
        until: (now) => now.every((count, index) => count >= (before[index] ?? 0) + least),
      })
      yield* Effect.sleep(yield* Random.nextIntBetween(0, 150))
      const closed = once(child, "close")
      child.kill("SIGKILL")
      yield* Effect.promise(() => closed)
    }),
  )

/**
 * Kills so many processes while they spend in all settings, each at a moment of its own, and then reads their journals. The first
 * one gets far enough for some costs to be settled, however slow the machine is.
 */
export const killed = (settings: ReadonlyArray<Setting>, times: number) =>
  Effect.gen(function* () {
    const databases = yield* Effect.forEach(settings, ({ kind }) => database(kind))
    const providers = yield* Effect.forEach(settings, () => provider)
    const jobs = settings.map((setting, index) =>
      jobOn(setting, databases[index] as Database, providers[index]?.baseUrl("openai-responses")),
    )
    for (let turn = 0; turn < times; turn++) yield* kill(jobs, providers, turn === 0 ? enough : 1)
    // Until the lease of what the last one held is over.
    yield* Effect.sleep("200 millis")
    return yield* Effect.forEach(settings, (setting, index) =>
      readKilled(setting, databases[index] as Database, providers[index] as Provider),
    )
  })

const readKilled = Effect.fnUntraced(function* (setting: Setting, { layer }: Database, emulator: Provider) {
  const requests = yield* emulator.requests
  const ledger = yield* ledgerOn(layer)
  yield* ledger.expire
  const entries = yield* Stream.runCollect(ledger.entries())
  const outstanding = yield* ledger.outstanding
  const total = yield* ledger.total({ account: JSON.stringify(["all", "day"]), since: 0 })
  const result: Killed = {
    ...setting,
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
})
