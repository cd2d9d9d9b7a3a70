import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { ledgerOn, withoutPostgres } from "./databases.ts"
import { database, killed, type Kind, spenders, unit } from "./processes.ts"

const kinds: ReadonlyArray<{ readonly kind: Kind; readonly name: string; readonly missing: string | undefined }> = [
  { kind: "sqlite", name: "SQLite", missing: undefined },
  { kind: "postgres", name: "PostgreSQL", missing: withoutPostgres },
]

const slow = { timeout: 60_000 }

for (const { kind, missing, name } of kinds) {
  describe.skipIf(missing !== undefined)(`on ${name}${missing === undefined ? "" : ` (${missing})`}`, slow, () => {
    it.live("four processes never spend more than the limit, and use it up", () =>
      Effect.gen(function* () {
        const { layer, where } = yield* database(kind)
        const ledger = yield* ledgerOn(layer)
        const finished = yield* spenders(kind, where, 4)
        const answered = finished.reduce((sum, each) => sum + each.answered, 0)
        assert.isAbove(finished.filter((each) => each.answered > 0).length, 1)
        for (const { errors } of finished) assert.deepStrictEqual(errors, ["BudgetExceeded"])
        for (const account of [JSON.stringify(["all", "day"]), `${JSON.stringify(["models", "month"])}"acme/acme-1"`]) {
          const { reserved, spent, uncertain } = yield* ledger.total({ account, since: 0 })
          assert.deepStrictEqual([spent, reserved, uncertain], [BigInt(answered) * 13n, 0n, 0n])
          assert.isTrue(spent <= 10_000n && spent > 10_000n - 30n)
        }
      }),
    )

    it.live("four processes that lease slices never spend more than the limit, and use it up", () =>
      Effect.gen(function* () {
        const { layer, where } = yield* database(kind)
        const finished = yield* spenders(kind, where, 4, 500n)
        const ledger = yield* ledgerOn(layer)
        const answered = finished.reduce((sum, each) => sum + each.answered, 0)
        for (const { errors } of finished) assert.deepStrictEqual(errors, ["BudgetExceeded"])
        for (const account of [JSON.stringify(["all", "day"]), `${JSON.stringify(["models", "month"])}"acme/acme-1"`]) {
          const { reserved, spent, uncertain } = yield* ledger.total({ account, since: 0 })
          assert.deepStrictEqual([spent, reserved, uncertain], [BigInt(answered) * 13n, 0n, 0n])
          assert.isTrue(spent <= 10_000n && spent > 10_000n - 30n)
        }
      }),
    )

    it.live("processes that are killed leave their slices as an interval that holds what they spent", () =>
      Effect.gen(function* () {
        // A slice of a few hundred answers, of which some are written down while the process lives.
        const { outstanding, reservedTotal, served, settled, spent, uncertain } = yield* killed(kind, 3, 200n * unit)
        assert.isAbove(outstanding, 0)
        assert.isTrue(uncertain > 0n)
        assert.isTrue(settled <= BigInt(served) * unit)
        assert.isTrue(settled + uncertain >= BigInt(served) * unit)
        assert.deepStrictEqual([spent, reservedTotal], [settled, uncertain])
      }),
    )

    it.live("processes that are killed lose nothing", () =>
      Effect.gen(function* () {
        const result = yield* killed(kind, 3)
        const { asked, outstanding, reserved, reservedTotal, served, settled, spent, uncertain } = result
        assert.isAbove(served, outstanding)
        assert.isAbove(outstanding, 0)
        assert.isTrue(settled > 0n)
        // Whatever was sent had been reserved, and what was served costs what was settled, within the stated interval.
        assert.isAtLeast(reserved, asked)
        assert.isTrue(settled <= BigInt(served) * unit)
        assert.isTrue(settled + uncertain >= BigInt(served) * unit)
        assert.deepStrictEqual([spent, reservedTotal], [settled, uncertain])
      }),
    )
  })
}
