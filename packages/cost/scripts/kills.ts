/**
 * `pnpm kills [times]`: kills processes that spend, on SQLite and on PostgreSQL, with slices and without, and checks their
 * journals.
 */
import { Effect } from "effect"

import { killed, type Killed, type Kind, unit } from "../test/processes.ts"

const times = Number(process.argv[2] ?? 200)

const check = (result: Killed): boolean => {
  const { asked, kind, outstanding, reserved, reservedTotal, served, settled, slice, spent, uncertain } = result
  const real = BigInt(served) * unit
  const holds =
    (slice !== undefined || reserved >= asked) &&
    settled <= real &&
    settled + uncertain >= real &&
    spent === settled &&
    reservedTotal === uncertain
  process.stdout.write(
    `${kind}${slice === undefined ? "" : " with slices"}: ${times} kills, ${asked} requests, ${served} served at ${real} picodollars; the journal says ` +
      `${settled} to ${settled + uncertain}, with ${outstanding} of ${reserved} reservations open: ${holds ? "holds" : "BROKEN"}\n`,
  )
  return holds
}

const kinds: ReadonlyArray<Kind> = ["sqlite", "postgres"]
const settings = kinds.flatMap((kind) => [{ kind }, { kind, slice: 200n * unit }])
const results = await Effect.runPromise(Effect.scoped(killed(settings, times)))
process.exit(results.map(check).every(Boolean) ? 0 : 1)
