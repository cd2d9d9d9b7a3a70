/**
 * `pnpm histories [count] [from] [place]`: plays so many histories of calls, faults and deaths on ledgers in memory, and a share of
 * them in SQLite and in PostgreSQL, which are slower, and says what is not as it must be. `from` is the first seed, 0 if left out. All
 * of them are played where only one place is named.
 */
import { Effect } from "effect"
import { TestClock } from "effect/testing"

import { playAll } from "../test/support/histories.ts"
import { places } from "../test/support/places.ts"

const [count, from] = [Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 0)]
const only = process.argv[4]

const asked = places
  .filter(({ name }) => only === undefined || name === only)
  .map(({ name, place, share }) => ({ name, place, of: only === undefined ? Math.ceil(count * share) : count }))

const all = Effect.forEach(asked, ({ name, of, place }) =>
  Effect.gen(function* () {
    const began = performance.now()
    const { calls, deaths, faults, mistakes, settled } = yield* playAll(place, from, of)
    const kinds = Object.entries(faults).map(([kind, times]) => `${times} ${kind}`)
    process.stdout.write(
      `${name}: ${of} histories from ${from} on, ${calls} calls, ${settled} settled, ${deaths} deaths; faults: ${kinds.join(", ")}; ` +
        `${Math.round((performance.now() - began) / 1_000)} s: ${mistakes.length === 0 ? "holds" : `BROKEN\n${mistakes.join("\n")}`}\n`,
    )
    return mistakes.length === 0
  }),
)

const holds = await Effect.runPromise(Effect.provide(all, TestClock.layer()))
process.exit(holds.every(Boolean) ? 0 : 1)
