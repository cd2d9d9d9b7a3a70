import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { type Kind, withoutPostgres } from "./support/databases.ts"
import { ground, killed, mistakeOf, type Plan } from "./support/processes.ts"

const cases: ReadonlyArray<{
  readonly kind: Kind
  readonly missing: string | undefined
  readonly at: string
  readonly finishers: number
}> = [
  { kind: "sqlite", missing: undefined, at: "after create", finishers: 1 },
  { kind: "postgres", missing: withoutPostgres, at: "after settle", finishers: 2 },
]

// `scripts/kills.ts` kills at every point there is.
for (const { at, finishers, kind, missing } of cases) {
  describe.skipIf(missing !== undefined)(`jobs on ${kind}${missing === undefined ? "" : ` (${missing})`}`, () => {
    it.live(`that are killed ${at} make one batch, and pay once`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const place = yield* ground(kind, "openai")
          const plan: Plan = { job: "killed", items: 5, kills: [at], finishers }
          const outcome = yield* killed(place, plan)
          assert.deepStrictEqual(outcome.killedAt, [at])
          assert.isUndefined(mistakeOf(outcome, plan, "openai"))
        }),
      ),
    )
  })
}
