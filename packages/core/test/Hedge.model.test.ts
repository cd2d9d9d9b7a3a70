import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as fc from "fast-check"

import * as Hedge from "../src/Hedge.ts"
import {
  Agenda,
  attemptOf,
  commands,
  cutAt,
  failedEarly,
  type Going,
  kindOf,
  places,
  type Planned,
  type Told,
  unit,
} from "./commands.ts"
import { checkAlways, histories, played } from "./histories.ts"

interface Rules {
  readonly lateness: number
  readonly maxShare: number
  readonly other: boolean
}

const rules: fc.Arbitrary<Rules> = fc.record({
  lateness: fc.integer({ min: 0, max: 8 }).map((count) => count * unit + places.hedge),
  maxShare: fc.constantFrom(0, 0.25, 0.5, 1),
  other: fc.boolean(),
})

const expected = (calls: ReadonlyArray<Planned>, { lateness, maxShare, other }: Rules): ReadonlyArray<Told> => {
  const told: Array<Told> = []
  const agenda = new Agenda()
  let saved = 1
  // The first hedge is there before any call, and paid for by the first calls.
  let owed = 1
  let quietUntil = 0
  const begin = (call: Planned) => {
    const stop = call.at + call.patience
    const sent: Array<Going> = []
    const failed = new Set<Going>()
    let over = false
    /** The race is over: `winner` goes on, and what has not failed is given up. */
    const settle = (at: number, outcome: string, winner?: Going) => {
      over = true
      const attempts = sent.map((one) => cutAt(one, one === winner ? stop : at))
      const ended = winner === undefined ? at : Math.min(winner.ended, stop)
      told[call.id] = { outcome, at: ended, attempts }
    }
    const send = (attempt: Going) => {
      sent.push(attempt)
      if (!failedEarly(attempt)) {
        return agenda.at(attempt.commits, (now) => {
          if (over) return
          const how = attempt.how === "Completed" ? "answered" : attempt.how
          settle(now, attempt.ended > stop ? "interrupted" : how, attempt)
        })
      }
      agenda.at(attempt.ended, (now) => {
        if (over) return
        failed.add(attempt)
        const failure = kindOf(attempt.how)
        if (failure?.kind === "throttled") {
          const quiet = failure.retryAfter === undefined ? 10_000 : Duration.toMillis(failure.retryAfter)
          quietUntil = Math.max(quietUntil, now + quiet)
        }
        const final = failure === undefined || failure.kind === "fatal"
        if (final || failed.size === sent.length) settle(now, attempt.how)
      })
    }
    if (owed > 0) owed -= maxShare
    else saved = Math.min(10, saved + maxShare)
    agenda.at(stop, (now) => void (over || settle(now, "interrupted")))
    send(attemptOf(call, 0, { model: "a", began: call.at }))
    agenda.at(call.at + lateness, (now) => {
      if (over || saved < 1 || now < quietUntil) return
      saved--
      send(attemptOf(call, 1, { model: other ? "b" : "a", began: now }))
    })
  }
  for (const call of calls) agenda.at(call.at, () => begin(call))
  agenda.run()
  return told
}

describe("Hedge", () => {
  it.effect("does what its model says, whatever the providers, the callers and the wall clock do", () =>
    histories(fc.tuple(commands, rules), ([all, rule]) =>
      Effect.gen(function* () {
        const { lateness, maxShare, other } = rule
        const result = yield* played(all, ({ model }) =>
          model("a").pipe(other ? Hedge.to(model("b"), lateness, { maxShare }) : Hedge.after(lateness, { maxShare })),
        )
        assert.deepStrictEqual(result.told, expected(result.calls, rule))
        checkAlways(result)
      }),
    ),
  )
})
