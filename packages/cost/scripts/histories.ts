/**
 * `pnpm histories [count]`: plays so many histories of calls, faults and deaths on ledgers in memory, and a share of them in SQLite and
 * in PostgreSQL, which are slower, and says what is not as it must be.
 */
import { Effect } from "effect"
import { TestClock } from "effect/testing"

import { playAll } from "../test/support/histories.ts"
import { places } from "../test/support/places.ts"

const count = Number(process.argv[2] ?? 10_000)

const all = Effect.forEach(places, ({ name, place, share }) =>
  Effect.gen(function* () {
    const began = performance.now()
    const { calls, deaths, faults, mistakes, settled } = yield* playAll(place, 0, Math.ceil(count * share))
    const kinds = Object.entries(faults).map(([kind, times]) => `${times} ${kind}`)
    process.stdout.write(
      `${name}: ${Math.ceil(count * share)} histories, ${calls} calls, ${settled} settled, ${deaths} deaths; faults: ${kinds.join(", ")}; ` +
        `${Math.round((performance.now() - began) / 1_000)} s: ${mistakes.length === 0 ? "holds" : `BROKEN\n${mistakes.join("\n")}`}\n`,
    )
    return mistakes.length === 0
  }),
)

const holds = await Effect.runPromise(Effect.provide(all, TestClock.layer()))
process.exit(holds.every(Boolean) ? 0 : 1)
