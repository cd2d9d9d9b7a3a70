import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import * as fc from "fast-check"

import * as Fallback from "../src/Fallback.ts"
import type * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import * as RetryBudget from "../src/RetryBudget.ts"
import {
  Agenda,
  attemptOf,
  commands,
  cutAt,
  failedEarly,
  isRetryable,
  kindOf,
  type Planned,
  type Told,
  type Tried,
  unit,
} from "./commands.ts"
import { checkAlways, histories, played } from "./histories.ts"

interface Rules {
  readonly share: number
  readonly floor: number
  readonly window: number
  readonly times: number
  /** The provider of the model to fall back to. */
  readonly second: "acme" | "other" | undefined
}

const rules: fc.Arbitrary<Rules> = fc.record({
  share: fc.constantFrom(0, 0.25, 0.5, 1),
  floor: fc.nat(3),
  window: fc.constantFrom(10 * unit, 50 * unit, 60_000),
  times: fc.nat(3),
  second: fc.constantFrom("acme", "other", undefined),
})

const pause = 2 * unit

/** What a window holds, where the tenth of the window in which it was decides whether an attempt still counts. */
const ledger = ({ floor, share, window }: Rules) => {
  const entries: Array<{ readonly key: string; readonly at: number; readonly first: number; readonly cost: number }> =
    []
  const tenth = (at: number) => Math.floor(at / (window / 10))
  return {
    deposit: (key: string, at: number) => void entries.push({ key, at, first: 1, cost: 0 }),
    draw: (key: string, at: number, how: string): boolean => {
      const cost = kindOf(how)?.kind === "throttled" ? 2 : 1
      const counting = entries.filter((entry) => entry.key === key && tenth(entry.at) > tenth(at) - 10)
      const sum = (field: "first" | "cost") => counting.reduce((total, entry) => total + entry[field], 0)
      const allowed = sum("cost") + cost <= Math.max(floor, share * sum("first"))
      if (allowed) entries.push({ key, at, first: 0, cost })
      return allowed
    },
  }
}

const expected = (calls: ReadonlyArray<Planned>, rule: Rules): ReadonlyArray<Told> => {
  const told: Array<Told> = []
  const agenda = new Agenda()
  const funds = ledger(rule)
  const begin = (call: Planned, began: number, tried: ReadonlyArray<Tried>, model: "a" | "b") => {
    const key = model === "a" ? "acme" : (rule.second ?? "")
    const stop = call.at + call.patience
    if (began > stop) return void (told[call.id] = { outcome: "interrupted", at: stop, attempts: tried })
    const attempt = attemptOf(call, tried.length, { model, began })
    const attempts = [...tried, cutAt(attempt, stop)]
    if (attempt.ended > stop) return void (told[call.id] = { outcome: "interrupted", at: stop, attempts })
    agenda.at(attempt.ended, (at) => {
      const over = (outcome: string) => void (told[call.id] = { outcome, at, attempts })
      const { how } = attempt
      if (!failedEarly(attempt) || how === "dies") return over(how === "Completed" ? "answered" : how)
      const { retryAfter } = kindOf(how) ?? {}
      const hint = retryAfter && Duration.toMillis(retryAfter)
      let failure = how
      const isLast = attempts.length >= 6 || attempts.filter((one) => one.model === model).length > rule.times
      if (isRetryable(how) && !isLast && (hint ?? 0) <= 60_000) {
        if (funds.draw(key, at, how)) {
          return agenda.at(at + (hint ?? pause), (now) => begin(call, now, attempts, model))
        }
        failure = "RetryBudgetExhausted"
      }
      if (model === "b") return over("AllModelsFailed")
      if (rule.second === undefined || ["contentPolicy", "undecodable"].includes(failure)) return over(failure)
      if (rule.second === "other") funds.deposit("other", at)
      else if (!funds.draw("acme", at, failure)) return over("RetryBudgetExhausted")
      begin(call, at, attempts, "b")
    })
  }
  for (const call of calls) {
    agenda.at(call.at, (now) => {
      funds.deposit("acme", now)
      begin(call, now, [], "a")
    })
  }
  agenda.run()
  return told
}

describe("RetryBudget.ratio", () => {
  it.effect("does what its model says, whatever the providers, the callers and the wall clock do", () =>
    histories(fc.tuple(commands, rules), ([all, rule]) =>
      Effect.gen(function* () {
        const { floor, second, share, times, window } = rule
        const retry = Retry.schedule(Schedule.spaced(pause).pipe(Schedule.upTo({ times })))
        const result = yield* played(all, ({ model }) => {
          const retried = model("a", "acme").pipe(retry)
          const several: ResilientModel.ResilientModel<unknown> =
            second === undefined ? retried : retried.pipe(Fallback.to(model("b", second).pipe(retry)))
          return several.pipe(RetryBudget.ratio(share, { minRetries: floor, window }))
        })
        assert.deepStrictEqual(result.told, expected(result.calls, rule))
        checkAlways(result)
      }),
    ),
  )
})
