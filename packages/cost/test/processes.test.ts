import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { withoutPostgres } from "./databases.ts"
import { killed, type Kind, type Setting, spenders, unit } from "./processes.ts"

const kinds: ReadonlyArray<{ readonly kind: Kind; readonly name: string; readonly missing: string | undefined }> = [
  { kind: "sqlite", name: "SQLite", missing: undefined },
  { kind: "postgres", name: "PostgreSQL", missing: withoutPostgres },
]

/** Every database, without slices and with them. The same processes serve all, because starting them is what takes time. */
const settings = (slice: bigint): ReadonlyArray<Setting> =>
  kinds.flatMap(({ kind, missing }) => (missing === undefined ? [{ kind }, { kind, slice }] : []))

const spending = Effect.runSync(Effect.cached(Effect.scoped(spenders(settings(500n), 4))))
// A slice of a few hundred answers, of which some are written down while the process lives.
const killing = Effect.runSync(Effect.cached(Effect.scoped(killed(settings(200n * unit), 3))))

const of = <A extends Setting, E>(all: Effect.Effect<ReadonlyArray<A>, E>, kind: Kind, sliced: boolean) =>
  Effect.map(all, (outcomes) => {
    const found = outcomes.find((each) => each.kind === kind && (each.slice !== undefined) === sliced)
    assert.isDefined(found)
    return found
  })

for (const { kind, missing, name } of kinds) {
  describe.skipIf(missing !== undefined)(`on ${name}${missing === undefined ? "" : ` (${missing})`}`, () => {
    for (const sliced of [false, true]) {
      it.live(
        `four processes${sliced ? " that lease slices" : ""} never spend more than the limit, and use it up`,
        () =>
          Effect.gen(function* () {
            const { finished, totals } = yield* of(spending, kind, sliced)
            const answered = finished.reduce((sum, each) => sum + each.answered, 0)
            assert.lengthOf(finished, 4)
            if (!sliced) assert.isAbove(finished.filter((each) => each.answered > 0).length, 1)
            for (const { errors } of finished) assert.deepStrictEqual(errors, ["BudgetExceeded"])
            assert.lengthOf(totals, 2)
            for (const [spent, reserved, uncertain] of totals) {
              assert.deepStrictEqual([spent, reserved, uncertain], [BigInt(answered) * 13n, 0n, 0n])
              assert.isTrue(spent <= 10_000n && spent > 10_000n - 30n)
            }
          }),
      )
    }

    it.live("processes that are killed leave their slices as an interval that holds what they spent", () =>
      Effect.gen(function* () {
        const result = yield* of(killing, kind, true)
        const { outstanding, reservedTotal, served, settled, spent, uncertain } = result
        assert.isAbove(outstanding, 0)
        assert.isTrue(uncertain > 0n)
        assert.isTrue(settled <= BigInt(served) * unit)
        assert.isTrue(settled + uncertain >= BigInt(served) * unit)
        assert.deepStrictEqual([spent, reservedTotal], [settled, uncertain])
      }),
    )

    it.live("processes that are killed lose nothing", () =>
      Effect.gen(function* () {
        const result = yield* of(killing, kind, false)
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
