/**
 * `node packages/batch/scripts/kills.ts [times] [case]`: kills processes that run a job, at every point of its life one after the other, on SQLite
 * and on PostgreSQL, one process and two at once, with a vendor whose list shows names and with one whose list shows none, chats
 * and embeddings. Others finish each job. Then the vendor's own count and the ledger are compared: one batch, each item settled once, the same sum. Bulk runs are killed
 * likewise: no item is lost or twice in a journal, and the ledger holds what the vendor bills.
 */
import { Effect } from "effect"

import { type Kind } from "../test/support/databases.ts"
import {
  bulkMistakeOf,
  ground,
  killed,
  killedBulk,
  mistakeOf,
  type Plan,
  type Vendor,
} from "../test/support/processes.ts"

const times = Number(process.argv[2] ?? 120)

const only = process.argv[3]

const items = 12

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const played = (kind: Kind, vendor: Vendor, workers: 1 | 2) =>
  Effect.gen(function* () {
    const began = performance.now()
    const place = yield* ground(kind, vendor)
    const whole: Plan = { job: "whole", items, kills: [], finishers: 1 }
    const { points } = yield* killed(place, whole)
    const arrows = new Map<string, number>()
    const mistakes: Array<string> = []
    let kills = 0
    for (let turn = 0; kills < times && turn < 10 * times; turn++) {
      const at = 1 + (turn % points)
      const plan: Plan = {
        job: `job-${turn}`,
        items,
        // The second one dies somewhere else, and lives through every third turn.
        kills: workers === 1 ? [at] : [at, turn % 3 === 0 ? 0 : 1 + ((turn * 37) % points)],
        finishers: workers,
      }
      const outcome = yield* killed(place, plan)
      kills += outcome.killedAt.length
      for (const name of outcome.killedAt) arrows.set(name, (arrows.get(name) ?? 0) + 1)
      const mistake = mistakeOf(outcome, plan, vendor)
      if (mistake !== undefined) mistakes.push(`${plan.job}, killed at ${outcome.killedAt.join(" and ")}: ${mistake}`)
    }
    say(
      `${kind}, ${vendor}, ${workers} at once: ${kills} kills at ${arrows.size} kinds of points (of ${points} on the way), ` +
        `${Math.round((performance.now() - began) / 1_000)} s: ${mistakes.length === 0 ? "holds" : `BROKEN\n${mistakes.join("\n")}`}`,
    )
    if (process.argv.includes("--arrows")) for (const [name, count] of arrows) say(`    ${count} x ${name}`)
    return mistakes.length === 0
  })

/** The same of bulk runs: each process has a journal of its own, and all have one ledger. */
const bulk = (kind: Kind, workers: 1 | 2) =>
  Effect.gen(function* () {
    const began = performance.now()
    const place = yield* ground(kind, "openai")
    const { points } = yield* killedBulk(place, { job: "whole", items, kills: [0], finishers: 1 })
    const arrows = new Map<string, number>()
    const mistakes: Array<string> = []
    let kills = 0
    for (let turn = 0; kills < times && turn < 10 * times; turn++) {
      const at = 1 + (turn % points)
      const plan: Plan = {
        job: `run-${turn}`,
        items,
        kills: workers === 1 ? [at] : [at, 1 + ((turn * 37) % points)],
        finishers: 1,
      }
      const outcome = yield* killedBulk(place, plan)
      kills += outcome.killedAt.length
      for (const name of outcome.killedAt) arrows.set(name, (arrows.get(name) ?? 0) + 1)
      const mistake = bulkMistakeOf(outcome, plan)
      if (mistake !== undefined) mistakes.push(`${plan.job}, killed at ${outcome.killedAt.join(" and ")}: ${mistake}`)
    }
    say(
      `${kind}, bulk run, ${workers} at once: ${kills} kills at ${arrows.size} kinds of points (of ${points} on the way), ` +
        `${Math.round((performance.now() - began) / 1_000)} s: ${mistakes.length === 0 ? "holds" : `BROKEN\n${mistakes.join("\n")}`}`,
    )
    return mistakes.length === 0
  })

const cases = (["sqlite", "postgres"] as const).flatMap((kind) =>
  ([1, 2] as const).flatMap((workers) =>
    (["openai", "anthropic", "embeddings"] as const).map((vendor) => ({ kind, vendor, workers })),
  ),
)

const bulkCases = (["sqlite", "postgres"] as const).flatMap((kind) =>
  ([1, 2] as const).map((workers) => ({ kind, workers })),
)

const isAsked = (name: string): boolean => only === undefined || only === name

const holds = await Effect.runPromise(
  Effect.all([
    Effect.forEach(
      cases.filter(({ kind, vendor, workers }) => isAsked(`${kind}-${vendor}-${workers}`)),
      ({ kind, vendor, workers }) => Effect.scoped(played(kind, vendor, workers)),
    ),
    Effect.forEach(
      bulkCases.filter(({ kind, workers }) => isAsked(`${kind}-bulk-${workers}`)),
      ({ kind, workers }) => Effect.scoped(bulk(kind, workers)),
    ),
  ]),
)
process.exit(holds.flat().every(Boolean) ? 0 : 1)
