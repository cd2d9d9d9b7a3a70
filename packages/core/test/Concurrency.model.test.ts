import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"

import * as Concurrency from "../src/Concurrency.ts"
import { priorities } from "../src/internal/concurrency/priorities.ts"
import { Agenda, attemptOf, commands, cutAt, type Going, type Planned, type Told } from "./commands.ts"
import { checkAlways, histories, played } from "./histories.ts"
import { ReferenceGate } from "./internal/concurrency/referenceGate.ts"

interface Rules {
  readonly limit: number
  readonly queue: number
}

const rules: fc.Arbitrary<Rules> = fc.record({ limit: fc.integer({ min: 1, max: 4 }), queue: fc.nat(4) })

const expected = (calls: ReadonlyArray<Planned>, { limit, queue }: Rules): ReadonlyArray<Told> => {
  const told: Array<Told> = []
  const sent = new Map<number, Going>()
  const agenda = new Agenda()
  let now = 0
  const over = ({ id }: Planned, outcome: string) => {
    if (told[id] !== undefined) return
    const going = sent.get(id)
    told[id] = { outcome, at: now, attempts: going === undefined ? [] : [cutAt(going, now)] }
    gate.leave(id)
  }
  const later = (at: number, step: () => void) =>
    agenda.at(at, () => {
      now = at
      step()
    })
  const send = (call: Planned) => {
    if (sent.has(call.id)) return
    const going = attemptOf(call, 0, { model: "a", began: now })
    sent.set(call.id, going)
    const { commits, ended, how } = going
    const end = () => over(call, how === "Completed" ? "answered" : how)
    // The last timer of a stream is set when its first part is there, which decides who of two is first.
    if (commits < ended) later(commits, () => later(ended, end))
    else later(ended, end)
  }
  const gate = new ReferenceGate(
    { limit, places: queue },
    {
      granted: (id) => send(calls[id] as Planned),
      shed: (id) => over(calls[id] as Planned, "ConcurrencyLimited"),
    },
  )
  for (const call of calls) {
    later(call.at, () => {
      const { id, priority, tenant } = call
      const guest = { id, weight: Math.min(limit, call.weight), urgency: priorities.indexOf(priority), tenant }
      if (!gate.join(guest)) return over(call, "ConcurrencyLimited")
      if (gate.isInside(id)) send(call)
      later(call.at + call.patience, () => over(call, "interrupted"))
    })
  }
  agenda.run()
  return told
}

describe("Concurrency.limit", () => {
  it.effect("does what its model says, whatever the provider, the callers and the wall clock do", () =>
    histories(fc.tuple(commands, rules), ([all, rule]) =>
      Effect.gen(function* () {
        const result = yield* played(all, ({ callOf, model }) =>
          model("a").pipe(
            Concurrency.limit(rule.limit, {
              queue: rule.queue,
              weight: ({ options }) => callOf(options.span!).weight,
            }),
          ),
        )
        assert.deepStrictEqual(result.told, expected(result.calls, rule))
        checkAlways(result)
      }),
    ),
  )
})

describe("Concurrency.adaptive", () => {
  const bounds = fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.nat(2), fc.nat(2))
    .map(([min, more, most]) => ({ min, initial: min + more, max: min + more + most, queue: 10 }))

  it.effect("lets in no more than its most, and no fewer than its least while others wait", () =>
    histories(fc.tuple(commands, bounds), ([all, rule]) =>
      Effect.gen(function* () {
        const result = yield* played(all, ({ model }) => model("a").pipe(Concurrency.adaptive(rule)))
        const attempts = result.told.flatMap((told) => told.attempts)
        for (const { began, ended } of attempts) {
          for (const at of [began, ended]) {
            const inside = attempts.filter((one) => one.began <= at && at < one.ended).length
            assert.isAtMost(inside, rule.max)
            const waiting = result.calls.filter((call) => {
              const told = result.told[call.id] as Told
              return call.at <= at && at < (told.attempts[0]?.began ?? told.at)
            })
            if (waiting.length > 0) assert.isAtLeast(inside, rule.min)
          }
        }
        checkAlways(result)
      }),
    ),
  )
})
