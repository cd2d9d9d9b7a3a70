import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { TestClock } from "effect/testing"

import * as Breaker from "../src/Breaker.ts"
import * as Event from "../src/Event.ts"
import { idle } from "../src/internal/breaker/registry.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import { answer, deliver, errors, observed, refused, request, type Script, scripted } from "./scripted.ts"

const options: Breaker.Options = {
  trip: { consecutiveFailures: 2 },
  openFor: Schedule.spaced("10 seconds"),
  recovery: { ramp: 0 },
}
const bad = refused(errors.transient)

const guarded = (scripts: ReadonlyArray<Script>, given: Breaker.Options = options) =>
  Effect.map(ResilientModel.callOf(scripted(scripts).model.pipe(Breaker.guard(given))), (call) =>
    Effect.suspend(() => deliver(call, request("stream"))),
  )

const changes = (events: ReadonlyArray<Event.Event>) => events.filter(({ _tag }) => _tag === "CircuitChanged")

describe("a change of a circuit", () => {
  it.effect("is an event of the call that made it, and of no other", () =>
    Effect.gen(function* () {
      const ask = yield* guarded([bad, bad, answer("a"), answer("a")])
      const [, first] = yield* observed(ask)
      const [, second] = yield* observed(ask)
      yield* TestClock.adjust("10 seconds")
      const [, third] = yield* observed(ask)
      const [, fourth] = yield* observed(ask)
      const [, fifth] = yield* observed(ask)
      const change = { _tag: "CircuitChanged", key: "acme/acme-1" } as const
      const expected: ReadonlyArray<ReadonlyArray<Event.Event>> = [
        [],
        [{ ...change, sequence: 1, from: "closed", to: "open" }],
        [{ ...change, sequence: 2, from: "open", to: "halfOpen" }],
        [{ ...change, sequence: 3, from: "halfOpen", to: "closed" }],
        [],
      ]
      assert.deepStrictEqual([first, second, third, fourth, fifth].map(changes), expected)
    }),
  )

  it.effect("is an event of who sets it, and no call hears of a sink that throws", () =>
    Effect.gen(function* () {
      const { set, status } = yield* Breaker.Breakers
      const ask = yield* guarded([bad])
      const broken = () => {
        throw new Error("a bug")
      }
      yield* Event.listen(Effect.replicateEffect(ask, 2), broken)
      assert.strictEqual((yield* status)[0]?.phase, "open")
      const [, events] = yield* observed(set("acme/acme-1", "normal"))
      assert.deepInclude(changes(events)[0], { from: "open", to: "closed" })
      // It is closed already, and that is no change.
      const [, none] = yield* observed(set("acme/acme-1", "normal"))
      assert.deepStrictEqual(none, [])
    }).pipe(Effect.provide(Breaker.layerMemory)),
  )
})

describe("circuits that nobody uses any more", () => {
  const used = (index: number, scripts: ReadonlyArray<Script>) =>
    Effect.scoped(Effect.flatten(guarded(scripts, { ...options, key: () => `key ${index}` })))

  it.effect("are kept for an hour, for their model may be built again, and then forgotten", () =>
    Effect.gen(function* () {
      const { set, status } = yield* Breaker.Breakers
      yield* used(1, [bad])
      yield* used(1, [bad])
      yield* used(2, [answer("a")])
      yield* set("key 2", "disabled")
      assert.deepInclude((yield* status)[0], { key: "key 1", phase: "open" })
      yield* TestClock.adjust(idle + 70_000)
      assert.deepStrictEqual(
        (yield* status).map(({ key }) => key),
        ["key 2"],
      )
      yield* set("key 2", "normal")
      yield* TestClock.adjust(idle + 70_000)
      assert.deepStrictEqual(yield* status, [])
    }).pipe(Effect.provide(Breaker.layerMemory)),
  )
})
