import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { playAll } from "./support/histories.ts"
import { places } from "./support/places.ts"

/** `pnpm histories` plays ten thousand. */
const most = 150

for (const { missing, name, place, share } of places) {
  const count = most * share
  describe.skipIf(missing !== undefined)(
    `${count} histories of calls, faults and deaths on a ledger in ${name}`,
    () => {
      it.effect("end every call by its deadline, and have in the journal what was served", () =>
        Effect.gen(function* () {
          const { calls, deaths, faults, mistakes, settled } = yield* playAll(place, 0, count)
          assert.deepStrictEqual(mistakes, [])
          assert.isAbove(calls, 5 * count)
          assert.isAbove(settled, 0)
          assert.isTrue(Object.values(faults).every((times) => times >= count / 5))
          if (name !== "memory") assert.isAtLeast(deaths, count / 4)
        }),
      )
    },
  )
}
