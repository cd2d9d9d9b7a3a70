import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"

import * as Breaker from "../src/Breaker.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import {
  answer,
  chunk,
  deliver,
  delta,
  errors,
  finish,
  type Mode,
  refused,
  request,
  script,
  scripted,
  wait,
} from "./scripted.ts"
import { stepped } from "./ticks.ts"

const budgets = Array.from({ length: 62 }, (_, index) => index + 3)

const options: Breaker.Options = {
  trip: { consecutiveFailures: 1 },
  openFor: Schedule.spaced(1),
  recovery: { probes: 1, successes: 1, lease: "1 day", ramp: 0 },
}

describe.each<Mode>(["generate", "stream"])("an interruption at any point of a probe to %s", (mode) => {
  it.effect("gives its place back, or has its verdict", () =>
    Effect.gen(function* () {
      let given = 0
      let judged = 0
      for (const operations of budgets) {
        for (let ticks = 3; ; ticks++) {
          const slow = script(wait(2), chunk(delta("a")), wait(2), chunk(delta("b")), chunk(finish()))
          const model = scripted([refused(errors.transient), slow, answer("b")])
          const breakers = yield* Layer.build(Breaker.layerMemory)
          const guarded = yield* Effect.provideContext(
            ResilientModel.callOf(model.model.pipe(Breaker.guard(options))),
            breakers,
          )
          const { status } = yield* Effect.provideContext(Breaker.Breakers, breakers)
          const ask = Effect.suspend(() => deliver(guarded, request(mode)))
          yield* ask
          // The circuit is open for one tick.
          const run = yield* stepped(Effect.andThen(Effect.sleep(2), ask), { budget: operations, ticks })
          const [circuit] = yield* status
          assert.isTrue(
            circuit?.available || circuit?.phase === "open",
            `${mode}, ${operations} operations, ${ticks} ticks`,
          )
          // Seen by a clock that did not tick, a circuit has closed in the future, and counts as ramping.
          if (circuit?.phase === "ramping") judged++
          else given++
          if (run.over) break
        }
      }
      assert.isAbove(given, 100)
      assert.isAbove(judged, 50)
    }),
  )
})
