import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"

import * as Deadline from "../src/Deadline.ts"
import { budget } from "./budget.ts"
import { attemptOf, commands, cutAt, places, type Planned, type Told, unit } from "./commands.ts"
import { checkAlways, histories, played } from "./histories.ts"

interface Rules {
  readonly stream: number
  readonly generate: number
  readonly betweenParts: number
  readonly total: number
  /** How long a budget thinks before it allows an attempt. */
  readonly guard: number
}

const units = (most: number, place: number) => fc.integer({ min: 0, max: most }).map((count) => count * unit + place)

const rules: fc.Arbitrary<Rules> = fc.record({
  stream: units(10, places.firstPart),
  generate: units(14, places.firstPart),
  betweenParts: units(6, places.betweenParts),
  total: units(25, places.total),
  guard: units(6, 0),
})

const expected = (call: Planned, rule: Rules): Told => {
  const began = call.at + rule.guard
  const attempt = attemptOf(call, 0, { model: "a", began })
  const { commits, ended, how } = attempt
  const firstPart = began + rule[call.mode]
  const betweenParts = call.mode === "stream" ? commits + rule.betweenParts : Infinity
  const bounds = [
    { at: call.at + call.patience, by: undefined },
    { at: call.at + rule.total, by: "total" },
    { at: firstPart < Math.min(commits, ended) ? firstPart : Infinity, by: "firstPart" },
    { at: betweenParts, by: "betweenParts" },
  ].toSorted((one, other) => one.at - other.at)
  const { at: cut, by } = bounds[0]!
  if (cut < began) return { outcome: by ?? "interrupted", at: cut, attempts: [] }
  const attempts = [cutAt(attempt, cut, by)]
  if (cut < ended) return { outcome: by ?? "interrupted", at: cut, attempts }
  return { outcome: how === "Completed" ? "answered" : how, at: ended, attempts }
}

describe("Deadline", () => {
  it.effect("does what its model says, whatever the provider, a guard, the caller and the wall clock do", () =>
    histories(fc.tuple(commands, rules), ([all, rule]) =>
      Effect.gen(function* () {
        const { betweenParts, generate, guard, stream, total } = rule
        const money = budget(100, { answersAfter: guard })
        const result = yield* played(all, ({ model }) =>
          model("a").pipe(
            Deadline.firstPart({ stream, generate }),
            Deadline.betweenParts(betweenParts),
            money.enforce,
            Deadline.total(total),
          ),
        )
        assert.deepStrictEqual(
          result.told,
          result.calls.map((call) => expected(call, rule)),
        )
        assert.strictEqual(money.reserved(), 0)
        checkAlways(result)
      }),
    ),
  )
})
