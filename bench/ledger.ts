/**
 * What it costs to reserve and to settle: in memory beside a plain `Map` with the same arithmetic, as a budget on a stack of
 * policies, and in databases.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"

import { PgClient } from "@effect/sql-pg"
import { Budget, Ledger, Money, Price, PriceBook } from "@holdfast/cost"
import { SqliteClient } from "@holdfast/sqlite"
import { Context, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { LanguageModel } from "effect/ai"
import { SqlClient, type SqlError } from "effect/sql"

import { type Contestant, median, ratio } from "./measure.ts"
import { models, three } from "./models.ts"

const pairs = 2_000

const worst = Money.fromPicodollars(1_000n)
const cost = Money.fromPicodollars(300n)
const limit = Money.fromInputUnsafe("1000 USD")

const subject: Ledger.Subject = { attempt: "a", index: 1, provider: "bench", model: "bench", tags: {} }
const oneClaim: ReadonlyArray<Ledger.Claim> = [
  { account: "bench", bucket: 0, since: 0, until: Number.MAX_SAFE_INTEGER, limit },
]

export const pair = (
  ledger: Ledger.Service,
  id: string,
  claims = oneClaim,
): Effect.Effect<unknown, Ledger.LedgerUnavailable> =>
  Effect.andThen(
    ledger.reserve({ id, subject, worst, claims, expiresAt: Number.MAX_SAFE_INTEGER }),
    ledger.settle({
      id,
      subject,
      cost,
      minimum: cost,
      maximum: cost,
      basis: "reported",
      outcome: "Completed",
      tokens: {},
      saved: Money.zero,
    }),
  )

let ids = 0

export const service = <E>(layer: Layer.Layer<Ledger.Ledger, E>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, Ledger.Ledger))

/** The same without a journal: a limit that is checked, sums that are exact, and nothing counted twice. */
const plainMap = (): (() => Promise<unknown>) => {
  const totals = new Map<string, { spent: bigint; reserved: bigint; uncertain: bigint }>()
  const held = new Map<string, { worst: bigint; cost: bigint | undefined }>()
  const empty = { spent: 0n, reserved: 0n, uncertain: 0n }
  const reserve = (id: string, account: string): boolean => {
    if (held.has(id)) return true
    const { reserved, spent, uncertain } = totals.get(account) ?? empty
    if (spent + uncertain + worst + reserved > limit) return false
    totals.set(account, { spent, reserved: reserved + worst, uncertain })
    held.set(id, { worst, cost: undefined })
    return true
  }
  const settle = (id: string, account: string): void => {
    const hold = held.get(id)
    if (hold === undefined || hold.cost !== undefined) return
    const { reserved, spent, uncertain } = totals.get(account) ?? empty
    totals.set(account, { spent: spent + cost, reserved: reserved - hold.worst, uncertain })
    hold.cost = cost
  }
  return async () => {
    for (let index = 0; index < pairs; index++) {
      const id = String(ids++)
      if (reserve(id, "bench")) settle(id, "bench")
    }
  }
}

const timed = (run: () => Promise<unknown>, units: number): Contestant => ({ run, units, runs: 1 })

/** Pairs of a reservation and a settlement, one after the other. */
export const inMemory = Effect.map(service(Ledger.layerMemory()), (ledger) => {
  const all = Effect.gen(function* () {
    for (let index = 0; index < pairs; index++) yield* pair(ledger, String(ids++))
  })
  return { ledger: timed(() => Effect.runPromise(all), pairs), map: timed(plainMap(), pairs) }
})

const price = Price.make({
  provider: "bench",
  model: "bench",
  perMillion: { input: "$1", output: "$4" },
  maxOutputTokens: 1_000,
  source: "made up",
  checkedOn: "2026-11-24",
})

const calls = 400

/** A call through the stack of three policies, without and with a budget of a day and a month around it. */
export const budgets = Effect.gen(function* () {
  const needs = Layer.merge(Ledger.layerMemory(), Layer.succeed(PriceBook.PriceBook, PriceBook.make([price])))
  const budget = Budget.enforce({ name: "bench", daily: "1000000 USD", monthly: "10000000 USD" })
  const built = <E>(layer: Layer.Layer<LanguageModel.LanguageModel, E>) =>
    Effect.map(Layer.build(layer), (context) => Context.get(context, LanguageModel.LanguageModel))
  const contestant = (model: LanguageModel.LanguageModel): Contestant => ({
    run: () => Effect.runPromise(model.generateText({ prompt: "Why do ships float?" })),
    units: 1,
    runs: calls,
  })
  const { bare } = yield* models
  return {
    /** A model of `effect/ai` alone. */
    call: contestant(bare),
    bare: contestant(yield* built(three)),
    budget: contestant(yield* built(three.pipe(budget, Layer.provide(needs)))),
  }
})

const atOnce = 64
const inDatabase = 3_000

const pairsOver = (ledgers: ReadonlyArray<Ledger.Service>, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index),
    (index) => {
      const ledger = ledgers[index % ledgers.length]
      return ledger === undefined ? Effect.void : pair(ledger, `${process.pid}-${ids++}`)
    },
    { concurrency: atOnce, discard: true },
  )

/** Pairs a second, with so many calls under way at the same time, over one ledger or several on the same account. */
const rate = (ledgers: ReadonlyArray<Ledger.Service>): Effect.Effect<number, Ledger.LedgerUnavailable> =>
  Effect.map(
    Effect.forEach([1, 2, 3], () =>
      Effect.suspend(() => {
        const began = performance.now()
        return Effect.map(pairsOver(ledgers, inDatabase), () => inDatabase / ((performance.now() - began) / 1_000))
      }),
    ),
    median,
  )

export const onFile: Effect.Effect<
  Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>,
  never,
  Scope.Scope
> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "holdfast-bench-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
  ),
  (folder) => SqliteClient.layer({ filename: join(folder, "ledger.db") }),
)

const url = process.env["DATABASE_URL"] ?? "postgres://root@127.0.0.1:5432/test"

const administer = (statement: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe(statement)).pipe(
    Effect.provide(PgClient.layer({ url: Redacted.make(url) })),
  )

export const onServer: Effect.Effect<
  Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>,
  SqlError.SqlError,
  Scope.Scope
> = Effect.suspend(() => {
  const schema = `holdfast_bench_${process.pid}`
  return Effect.as(
    Effect.acquireRelease(administer(`CREATE SCHEMA ${schema}`), () =>
      Effect.orDie(administer(`DROP SCHEMA ${schema} CASCADE`)),
    ),
    PgClient.layer({ url: Redacted.make(url), startupParameters: { search_path: schema }, maxConnections: 2 }),
  )
})

const processes = 8

/** Pairs a second of ledgers that lease slices of one account; what they have spent is written down and the rest given back. */
const slicedRate = <E>(layer: Layer.Layer<SqlClient.SqlClient, E>) => {
  const ledger = service(Layer.provide(Ledger.layerSql({ slice: "0.01 USD" }), Layer.fresh(layer)))
  const total = inDatabase * processes
  return Effect.flatMap(Scope.make(), (scope) =>
    Effect.gen(function* () {
      const ledgers = yield* Scope.provide(
        Effect.forEach(Array.from({ length: processes }), () => ledger),
        scope,
      )
      const began = performance.now()
      yield* pairsOver(ledgers, total)
      yield* Scope.close(scope, Exit.void)
      return total / ((performance.now() - began) / 1_000)
    }),
  )
}

/** Eight ledgers on one account that lease slices, over eight that ask the database for each attempt, in turns. */
const slicesOverRows = <E>(
  database: Effect.Effect<Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>, E, Scope.Scope>,
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const layer = yield* database
      const ledger = service(Layer.provide(Ledger.layerSql(), Layer.fresh(layer)))
      const rows = yield* Effect.forEach(Array.from({ length: processes }), () => ledger)
      const rounds = yield* Effect.forEach([1, 2, 3], () => Effect.all({ rows: rate(rows), slices: slicedRate(layer) }))
      return {
        ratio: ratio(
          rounds.map((each) => each.slices),
          rounds.map((each) => each.rows),
        ),
        slices: median(rounds.map((each) => each.slices)),
      }
    }),
  )

/** Pairs a second of one budget, and of eight with connections of their own that share one row. */
const rates = <E>(database: Effect.Effect<Layer.Layer<SqlClient.SqlClient, SqlError.SqlError>, E, Scope.Scope>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const layer = yield* database
      const ledger = service(Layer.provide(Ledger.layerSql(), Layer.fresh(layer)))
      const alone = yield* rate([yield* ledger])
      const eight = yield* rate(yield* Effect.forEach(Array.from({ length: 8 }), () => ledger))
      return { alone, eight }
    }),
  )

export const inSqlite = rates(onFile)

/** `undefined` where there is no server. */
export const inPostgres = Effect.catch(rates(onServer), () => Effect.undefined)

export const slicesInPostgres = Effect.catch(slicesOverRows(onServer), () => Effect.undefined)
