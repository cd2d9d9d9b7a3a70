import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import * as fc from "fast-check"

import * as Deadline from "../src/Deadline.ts"
import * as Retry from "../src/Retry.ts"
import {
  attemptOf,
  commands,
  cutAt,
  failedEarly,
  isRetryable,
  kindOf,
  places,
  type Planned,
  type Told,
  type Tried,
  unit,
} from "./commands.ts"
import { checkAlways, histories, played } from "./histories.ts"

interface Rules {
  readonly times: number
  readonly base: number
  /** When the schedule ends. */
  readonly within: number
  readonly maxRetryAfter: number
  readonly maxAttempts: number
  readonly total: number
}

const rules: fc.Arbitrary<Rules> = fc.record({
  times: fc.nat(4),
  base: fc.constantFrom(unit, 4 * unit),
  within: fc.constantFrom(8 * unit, Infinity),
  maxRetryAfter: fc.constantFrom(unit, 60_000, 200_000),
  maxAttempts: fc.constantFrom(1, 3, 6),
  total: fc.constantFrom(20 * unit, 3_000 * unit).map((total) => total + places.total),
})

const expected = (call: Planned, { base, maxRetryAfter, maxAttempts, times, total, within }: Rules): Told => {
  const attempts: Array<Tried> = []
  const deadline = call.at + total
  const stop = call.at + call.patience
  const cut = Math.min(deadline, stop)
  const outcome = stop < deadline ? "interrupted" : "total"
  let began = call.at
  let firstFailure: number | undefined
  for (let number = 0; ; number++) {
    const attempt = attemptOf(call, number, { model: "a", began })
    const { ended, how } = attempt
    attempts.push(cutAt(attempt, cut, stop < deadline ? undefined : "total"))
    if (ended > cut) return { outcome, at: cut, attempts }
    firstFailure ??= ended
    const { retryAfter } = kindOf(how) ?? {}
    const hint = retryAfter && Duration.toMillis(retryAfter)
    const wait = hint ?? base * 2 ** number
    const isLast = number >= times || number + 1 >= maxAttempts || ended - firstFailure > within
    const isInTime = (hint ?? 0) <= maxRetryAfter && ended + wait < deadline
    if (!failedEarly(attempt) || !isRetryable(how) || isLast || !isInTime) {
      return { outcome: how === "Completed" ? "answered" : how, at: ended, attempts }
    }
    began = ended + wait
    if (began > stop) return { outcome, at: stop, attempts }
  }
}

describe("Retry.schedule", () => {
  it.effect("does what its model says, whatever the provider, the caller and the wall clock do", () =>
    histories(fc.tuple(commands, rules), ([all, rule]) =>
      Effect.gen(function* () {
        const { base, maxRetryAfter, maxAttempts, times, total, within } = rule
        const policy = Schedule.exponential(base).pipe(Schedule.upTo({ times, duration: within }))
        const result = yield* played(all, ({ model }) =>
          model("a").pipe(
            Retry.schedule(policy, { maxRetryAfter: maxRetryAfter, maxAttempts: maxAttempts }),
            Deadline.total(total),
          ),
        )
        assert.deepStrictEqual(
          result.told,
          result.calls.map((call) => expected(call, rule)),
        )
        checkAlways(result)
      }),
    ),
  )
})
