import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import * as fc from "fast-check"

import { SingleFlight } from "../src/internal/responseCache/flight.ts"
import type * as ModelCall from "../src/ModelCall.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as ResponseCache from "../src/ResponseCache.ts"
import { Agenda, attemptOf, commands, cutAt, type Planned, type Told, type Tried, unit } from "./commands.ts"
import { hashAtOnce } from "./hashes.ts"
import { histories, type Played, played } from "./histories.ts"

hashAtOnce()

/** Who shares answers with whom; whom it has no name for is always asked. */
type Sharing = (call: Planned) => string | undefined

/** One attempt, and the calls that wait for it. */
interface Trip {
  readonly aboard: Set<Planned>
  readonly leave: (call: Planned, at: number, outcome: string) => void
}

interface Expected {
  readonly told: ReadonlyArray<Told>
  readonly texts: ReadonlyArray<string>
  /** How many calls went without an attempt of their own. */
  readonly shared: number
}

const expected = (calls: ReadonlyArray<Planned>, sharing: Sharing, timeToLive: number): Expected => {
  const ends: Array<Pick<Told, "outcome" | "at">> = []
  const attempts = calls.map((): Array<Tried> => [])
  const texts = calls.map(() => "")
  const trips = new Map<string, Trip>()
  const kept = new Map<string, { readonly text: string; readonly until: number }>()
  const agenda = new Agenda()
  let shared = 0
  const takeOff = (leader: Planned, key: string | undefined): Trip => {
    const going = attemptOf(leader, 0, { model: "a", began: leader.at })
    const text = `${leader.id}.0;`
    const aboard = new Set<Planned>()
    const leave: Trip["leave"] = (call, at, outcome) => {
      if (!aboard.delete(call)) return
      ends[call.id] = { outcome, at }
      if (going.commits <= at) texts[call.id] = text
      if (aboard.size > 0) return
      attempts[leader.id]?.push(cutAt(going, at))
      if (key !== undefined) trips.delete(key)
    }
    agenda.at(going.ended, (at) => {
      const answered = going.how === "Completed"
      if (answered && key !== undefined && aboard.size > 0) kept.set(key, { text, until: at + timeToLive })
      for (const call of aboard) leave(call, at, answered ? "answered" : going.how)
    })
    const trip = { aboard, leave }
    if (key !== undefined) trips.set(key, trip)
    return trip
  }
  for (const call of calls) {
    agenda.at(call.at, (at) => {
      const key = sharing(call)
      const found = key === undefined ? undefined : trips.get(key)
      const answer = key === undefined ? undefined : kept.get(key)
      const holds = found === undefined && answer !== undefined && answer.until > at
      if (found !== undefined || holds) shared++
      if (holds) {
        ends[call.id] = { outcome: "answered", at }
        texts[call.id] = answer.text
        return
      }
      const { aboard, leave } = found ?? takeOff(call, key)
      aboard.add(call)
      agenda.at(at + call.patience, (now) => leave(call, now, "interrupted"))
    })
  }
  agenda.run()
  return { told: calls.map(({ id }) => ({ ...ends[id]!, attempts: attempts[id]! })), texts, shared }
}

const checked = (result: Played, { told, texts }: Expected) => {
  assert.deepStrictEqual(result.told, told)
  assert.deepStrictEqual(
    result.calls.map(({ id }) => result.texts[id] ?? ""),
    // Who gives up has nothing to show.
    texts.map((text, id) => (told[id]?.outcome === "interrupted" ? "" : text)),
  )
  assert.strictEqual(result.world.held, 0)
}

/** All who ask the same at the same time, and nothing else of a cache. */
const together = (sharing: (request: ModelCall.ModelRequest) => string) =>
  ResilientModel.policy({ name: "together", settings: {} }, <E>(call: ModelCall.ModelCall<E>) => {
    const flights = new Map<string, SingleFlight<E>>()
    return Effect.succeed({
      ...call,
      open: (request: ModelCall.ModelRequest) =>
        Effect.uninterruptibleMask((restore) => {
          const key = sharing(request)
          const flight =
            flights.get(key) ??
            new SingleFlight(call.open(request), {
              closed: () => void (flights.get(key) === flight && flights.delete(key)),
              arrived: () => Effect.void,
            })
          flights.set(key, flight)
          return flight.subscribe(restore)
        }),
    })
  })

describe("a flight", () => {
  it.effect("does what its model says, whatever the provider and its passengers do", () =>
    histories(commands, (all) =>
      Effect.gen(function* () {
        const sharing = ({ mode, question }: Planned) => `${mode} ${question}`
        const result = yield* played(all, ({ callOf, model }) =>
          model("a").pipe(together(({ options }) => sharing(callOf(options.span!)))),
        )
        checked(result, expected(result.calls, sharing, 0))
      }),
    ),
  )
})

describe("ResponseCache.exact", () => {
  const times = fc.constantFrom(unit, 10 * unit, 3_600_000)

  it.effect("does what its model says, whatever the provider, the callers and the wall clock do", () =>
    histories(fc.tuple(commands, times), ([all, timeToLive]) =>
      Effect.gen(function* () {
        const tenancy: ResponseCache.CacheScope = ({ tenant }) => (tenant === "c" ? undefined : tenant)
        const sharing = ({ mode, question, tenant }: Planned) =>
          tenant === "c" ? undefined : `${tenant} ${mode} ${question}`
        const result = yield* played(all, ({ model }) =>
          model("a").pipe(ResponseCache.exact({ scope: tenancy, timeToLive: Duration.millis(timeToLive) })),
        )
        const wanted = expected(result.calls, sharing, timeToLive)
        checked(result, wanted)
        assert.lengthOf(
          result.events.filter(({ _tag }) => _tag === "CacheHit"),
          wanted.shared,
        )
      }),
    ),
  )
})
