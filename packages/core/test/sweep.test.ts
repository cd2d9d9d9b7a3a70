import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"

import * as Deadline from "../src/Deadline.ts"
import * as Event from "../src/Event.ts"
import * as Fallback from "../src/Fallback.ts"
import * as Retry from "../src/Retry.ts"
import { budget } from "./budget.ts"
import {
  answer,
  call,
  chunk,
  delta,
  errors,
  finish,
  hangs,
  type Mode,
  refused,
  script,
  scripted,
  silent,
  wait,
} from "./scripted.ts"
import { stepped } from "./ticks.ts"

const budgets = Array.from({ length: 62 }, (_, index) => index + 3)

/** A call that meets everything: a silent model, a failing one, retries, a fallback, deadlines and guards. */
const stacked = (guarded: boolean) => {
  const first = scripted([silent, refused(errors.transient)], { name: "first" })
  const second = scripted([script(wait(2), chunk(delta("a")), wait(2), chunk(delta("b")), chunk(finish()))], {
    name: "second",
  })
  const money = budget(10)
  const inner = budget(10)
  const careful = Deadline.firstPart(6)
  const retry = Retry.schedule(Schedule.spaced(3).pipe(Schedule.upTo({ times: 1 })))
  const model = first.model.pipe(
    careful,
    Deadline.betweenParts(50),
    retry,
    Fallback.to(
      (guarded ? second.model.pipe(inner.enforce) : second.model).pipe(careful, Deadline.betweenParts(50), retry),
    ),
  )
  const whole = (guarded ? model.pipe(money.enforce) : model).pipe(Deadline.total(5_000))
  return { first, second, money, inner, model: whole }
}

const watched = () => {
  const started: Array<string> = []
  const over: Array<string> = []
  const sink: Event.Sink = (event) => {
    if (event._tag === "AttemptStarted") started.push(event.id)
    if (event._tag === "AttemptEnded") over.push(event.id)
  }
  return { started, over, listen: Event.listen(sink) }
}

const count = (log: ReadonlyArray<string>, verb: string) => log.filter((line) => line.startsWith(verb)).length

describe.each<Mode>(["generate", "stream"])("an interruption at any point of a call to %s", (mode) => {
  it.effect(
    "leaves nothing open: every resource is released, every reservation settled or released, every attempt ended",
    () =>
      Effect.gen(function* () {
        let runs = 0
        for (const operations of budgets) {
          for (let ticks = 0; ; ticks++) {
            const { first, inner, model, money, second } = stacked(operations % 2 === 0)
            const { listen, over, started } = watched()
            const run = yield* stepped(listen(call(model, mode)), { budget: operations, ticks })
            const at = `${mode}, ${operations} operations, ${ticks} ticks`
            assert.deepStrictEqual([first.held, second.held], [0, 0], at)
            for (const { log, reserved } of [money, inner]) {
              assert.strictEqual(reserved(), 0, at)
              assert.strictEqual(count(log, "reserve"), count(log, "settle") + count(log, "release"), at)
            }
            assert.deepStrictEqual(over, started, at)
            runs++
            if (run.over) break
          }
        }
        assert.isAbove(runs, 1_000)
      }),
  )
})

describe("a deadline that passes at any point of an attempt", () => {
  it.effect("has released the attempt before the next wait", () =>
    Effect.gen(function* () {
      let waited = 0
      const leaks: Array<string> = []
      for (const operations of budgets) {
        for (let bound = 1; ; bound++) {
          const before = waited
          const model = scripted([script(wait(1), chunk(delta("a")), hangs), answer("b")])
          const money = budget(10)
          const stack = model.model.pipe(
            Deadline.firstPart(bound),
            Retry.schedule(Schedule.spaced(1_000)),
            money.enforce,
          )
          const at = `${operations} operations, ${bound} ticks`
          const onSleep = (ticks: number) => {
            if (ticks !== 1_000) return
            waited++
            if (model.held + money.reserved() > 0) leaks.push(at)
          }
          yield* stepped(call(stack, "stream"), { budget: operations, ticks: 500, onSleep })
          assert.deepStrictEqual([model.held, money.reserved()], [0, 0], at)
          // From here on the first part comes in time.
          if (waited === before) break
        }
      }
      assert.deepStrictEqual(leaks, [])
      assert.isAbove(waited, 150)
    }),
  )
})
