/**
 * Jobs in processes of their own that are killed on the way, and what the emulator and the ledger say of them.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"

import { Ledger } from "@holdfast/cost"
import { Emulator, Reply } from "@holdfast/testing"
import { Context, Effect, Layer, type Scope, Stream } from "effect"

import { clientAt, file, type Kind, place } from "./databases.ts"

/** Whose batches, and of what: OpenAI's and Anthropic's of chats, and OpenAI's of embeddings. */
export type Vendor = "openai" | "anthropic" | "embeddings"

const apis = { openai: "openai", anthropic: "anthropic", embeddings: "openai" } as const

/** What one process is to do. */
export interface Work {
  readonly kind: Kind
  /** The file or the schema. */
  readonly where: string
  readonly vendor: Vendor
  readonly url: string
  readonly job: string
  readonly items: number
  /** The point of its way where it kills itself. */
  readonly killAt?: number | string
  /** The file of a bulk run's journal, where it is one. */
  readonly journal?: string
}

interface Ended {
  /** The name of the point where it was killed. */
  readonly killedAt: string | undefined
  /** What it said, if it came to the end. */
  readonly points: number
  readonly answered: number
}

const worker = new URL("../workers/job.ts", import.meta.url).pathname

/** Runs a process to its end, which may be its own kill. */
const runWorker = (work: Work): Effect.Effect<Ended> =>
  Effect.scoped(
    Effect.gen(function* () {
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [worker, JSON.stringify(work)], {
            stdio: ["ignore", "pipe", "inherit"],
          }),
        ),
        (running) => Effect.sync(() => running.kill("SIGKILL")),
      )
      let text = ""
      child.stdout.on("data", (chunk: Buffer) => void (text += chunk.toString()))
      const [code] = yield* Effect.promise(() => once(child, "close") as Promise<[number | null]>)
      if (code === null) return { killedAt: text.trim(), points: 0, answered: 0 }
      if (code !== 0) return yield* Effect.die(new Error(`the worker of ${work.job} failed`))
      return { killedAt: undefined, ...(JSON.parse(text) as { readonly points: number; readonly answered: number }) }
    }),
  )

/** What one answer of the emulator costs as a batch: 100 and 50 tokens, at half the prices of the models, in picodollars. */
const units: Readonly<Record<Vendor, bigint>> = {
  openai: 100n * 75_000n + 50n * 300_000n,
  anthropic: 100n * 500_000n + 50n * 2_500_000n,
  embeddings: 100n * 10_000n,
}

/** An emulator and a database, with jobs one after the other. */
export interface Ground {
  readonly kind: Kind
  readonly vendor: Vendor
  readonly where: string
  readonly emulator: Emulator.Emulator["Service"]
}

/** The same live. */
const liveUnit = 100n * 150_000n + 50n * 600_000n

export const ground = (kind: Kind, vendor: Vendor): Effect.Effect<Ground, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const emulator = Context.get(yield* Layer.build(Layer.fresh(Emulator.layer())), Emulator.Emulator)
    yield* vendor === "embeddings"
      ? emulator.respond("openai-embeddings", () => Effect.succeed(Reply.embeddings({ inputTokens: 100 })))
      : emulator.respond(vendor === "openai" ? "openai-responses" : "anthropic", () =>
          Effect.succeed(Reply.text("positive", { usage: { input: 100, output: 50 } })),
        )
    return { kind, vendor, where: yield* place(kind), emulator }
  })

export interface Outcome {
  /** Where processes were killed. */
  readonly killedAt: ReadonlyArray<string>
  /** Batches that the vendor has of this job. */
  readonly batches: number
  readonly settlements: number
  readonly settledItems: number
  readonly spent: bigint
  /** What the vendor's own count of tokens comes to. */
  readonly billed: bigint
  readonly outstanding: number
  readonly answered: ReadonlyArray<number>
  readonly points: number
}

export interface Plan {
  readonly job: string
  readonly items: number
  /** Where each of the first processes, which run at once, is to be killed. */
  readonly kills: ReadonlyArray<number | string>
  /** How many processes finish it, at once. */
  readonly finishers: number
}

/** Kills processes on their way, lets others finish the job, and counts. */
export const killed = ({ emulator, kind, vendor, where }: Ground, plan: Plan): Effect.Effect<Outcome, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { finishers, items, job, kills } = plan
      const work: Work = { kind, where, vendor, url: emulator.batches.baseUrl(apis[vendor]), job, items }
      const before = yield* emulator.batches.seen
      const atOnce = { concurrency: "unbounded" } as const
      const first = yield* Effect.forEach(kills, (killAt) => runWorker({ ...work, killAt }), atOnce)
      const last = yield* Effect.forEach(Array.from({ length: finishers }), () => runWorker(work), atOnce)
      const after = yield* emulator.batches.seen
      const ledger = Context.get(
        yield* Layer.build(Layer.fresh(Ledger.layerSql().pipe(Layer.provide(clientAt(kind, where))))),
        Ledger.Ledger,
      )
      const settled = (yield* Stream.runCollect(ledger.entries())).flatMap((entry) =>
        entry._tag === "Settled" && entry.settlement.id.startsWith(`batch/${job}/`) ? [entry.settlement] : [],
      )
      const outstanding = (yield* ledger.outstanding).filter(({ reservation }) =>
        reservation.id.startsWith(`batch/${job}/`),
      )
      return {
        killedAt: first.flatMap(({ killedAt }) => killedAt ?? []),
        batches: after.created - before.created,
        settlements: settled.length,
        settledItems: new Set(settled.map(({ id }) => id)).size,
        spent: settled.reduce((sum, { cost }) => sum + cost, 0n),
        billed: (BigInt(after.usage.input - before.usage.input) * units[vendor]) / 100n,
        outstanding: outstanding.length,
        answered: [...first.filter(({ killedAt }) => killedAt === undefined), ...last].map(({ answered }) => answered),
        points: Math.max(...last.map(({ points }) => points)),
      }
    }),
  )

/** What is not as it must be. */
export const mistakeOf = (outcome: Outcome, { items }: Plan, vendor: Vendor): string | undefined => {
  const { answered, batches, billed, outstanding, settledItems, settlements, spent } = outcome
  if (batches !== 1) return `${batches} batches`
  if (settlements !== items || settledItems !== items) return `${settlements} settlements of ${settledItems} items`
  if (spent !== billed || spent !== BigInt(items) * units[vendor]) return `${spent} settled, ${billed} billed`
  if (outstanding !== 0) return `${outstanding} reservations are open`
  return answered.every((count) => count === items) ? undefined : `${answered.join(", ")} items answered`
}

export interface BulkOutcome {
  readonly killedAt: ReadonlyArray<string>
  readonly points: number
  readonly asked: number
  /** What the vendor's answers come to. */
  readonly billed: bigint
  readonly settled: bigint
  /** Worst cases of attempts that nobody saw the end of. */
  readonly uncertain: bigint
  /** Lines of each journal, and items in them. */
  readonly lines: ReadonlyArray<readonly [lines: number, items: number]>
}

/** The same with bulk runs, each process with a journal of its own: it is started again until its run is over. */
export const killedBulk = (
  { emulator, kind, vendor, where }: Ground,
  { items, job, kills }: Plan,
): Effect.Effect<BulkOutcome, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = join(yield* file, "..")
      const before = yield* emulator.requests
      const ledger = Context.get(
        yield* Layer.build(Layer.fresh(Ledger.layerSql().pipe(Layer.provide(clientAt(kind, where))))),
        Ledger.Ledger,
      )
      const held = Effect.map(
        Effect.all([ledger.total({ account: JSON.stringify(["all", "day"]), since: 0 }), ledger.outstanding]),
        ([{ spent }, outstanding]) =>
          [spent, outstanding.reduce((sum, { reservation }) => sum + reservation.worst, 0n)] as const,
      )
      const [spentBefore, uncertainBefore] = yield* held
      const runs = yield* Effect.forEach(
        kills,
        (killAt, index) =>
          Effect.gen(function* () {
            const journal = join(folder, `${job}-${index}.jsonl`)
            const work: Work = { kind, where, vendor, url: emulator.batches.baseUrl(apis[vendor]), job, items, journal }
            const first = yield* runWorker({ ...work, killAt })
            const last = yield* runWorker(work)
            const ids = readFileSync(journal, "utf8")
              .trim()
              .split("\n")
              .map((line) => (JSON.parse(line) as { readonly id: string }).id)
            return { first, last, lines: [ids.length, new Set(ids).size] as const }
          }),
        { concurrency: "unbounded" },
      )
      const asked = (yield* emulator.requests).slice(before.length)
      const [spent, uncertain] = yield* held
      return {
        killedAt: runs.flatMap(({ first }) => first.killedAt ?? []),
        points: Math.max(...runs.map(({ first }) => first.points)),
        asked: asked.length,
        billed:
          BigInt(asked.filter(({ endedAt, status }) => status === 200 && endedAt !== undefined).length) * liveUnit,
        settled: spent - spentBefore,
        uncertain: uncertain - uncertainBefore,
        lines: runs.map(({ lines }) => lines),
      }
    }),
  )

/** What is not as it must be: an item that is lost or twice, or a sum that does not hold what the vendor bills. */
export const bulkMistakeOf = (
  { billed, lines, settled, uncertain }: BulkOutcome,
  { items }: Plan,
): string | undefined => {
  const wrong = lines.find(([all, distinct]) => all !== items || distinct !== items)
  if (wrong !== undefined) return `${wrong[0]} lines of ${wrong[1]} items`
  return settled <= billed && billed <= settled + uncertain
    ? undefined
    : `${billed} billed, ${settled} to ${settled + uncertain} in the ledger`
}
