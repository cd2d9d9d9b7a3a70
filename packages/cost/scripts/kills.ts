/**
 * `pnpm kills [times]`: kills processes that spend, on SQLite and on PostgreSQL, with slices and without, and checks their
 * journals.
 */
import { Effect } from "effect"

import { killed, type Kind, unit } from "../test/processes.ts"

const times = Number(process.argv[2] ?? 200)

const check = (kind: Kind, slice?: bigint) =>
  Effect.map(
    Effect.scoped(killed(kind, times, slice)),
    ({ asked, outstanding, reserved, reservedTotal, served, settled, spent, uncertain }) => {
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
    },
  )

const holds = await Effect.runPromise(
  Effect.forEach(
    (["sqlite", "postgres"] as const).flatMap((kind) => [[kind], [kind, 200n * unit]] as const),
    ([kind, slice]) => check(kind, slice),
  ),
)
process.exit(holds.every(Boolean) ? 0 : 1)
