import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schedule } from "effect"

import * as Breaker from "../src/Breaker.ts"
import * as Event from "../src/Event.ts"
import * as Resilience from "../src/Resilience.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as RetryBudget from "../src/RetryBudget.ts"
import { budget } from "./budget.ts"
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
  type Script,
  scripted,
  silent,
  wait,
} from "./scripted.ts"
import { stepped } from "./ticks.ts"

const budgets = Array.from({ length: 62 }, (_, index) => index + 3)

/** How many points of a call are tried for each budget. Those of one budget lie between those of the next. */
const samples = 8

const slow: Script = script(wait(8), chunk(delta("a")), wait(3), chunk(delta("b")), chunk(finish()))

/** What the first model goes through before it is well: a probe that is late, silence, and a failure in the middle. */
const troubles: ReadonlyArray<ReadonlyArray<Script>> = [
  [refused(errors.transient), slow, answer("c")],
  [silent, slow, silent, answer("c")],
  [slow, refused(errors.overloaded), slow, answer("c")],
]

const stacked = Effect.fnUntraced(function* (trouble: ReadonlyArray<Script>) {
  const first = scripted(trouble, { name: "first" })
  const second = scripted([refused(errors.transient), slow, answer("d")], { name: "second" })
  const money = budget(1_000)
  const context = yield* Layer.build(Layer.merge(Breaker.layerMemory, RetryBudget.layerMemory))
  const stack = first.model.pipe(
    Resilience.standard({
      fallbacks: [second.model],
      hedge: 5,
      budget: money.enforce,
      concurrency: 2,
      firstPart: 12,
      retries: Schedule.spaced(3).pipe(Schedule.upTo({ times: 1 })),
      breaker: {
        trip: { consecutiveFailures: 1 },
        openFor: Schedule.spaced(2),
        recovery: { probes: 1, successes: 1, lease: "1 day", ramp: 0 },
      },
    }),
  )
  const call = yield* Effect.provideContext(ResilientModel.callOf(stack), context)
  const { status } = yield* Effect.provideContext(Breaker.Breakers, context)
  return { first, second, money, call, status }
})

/** Starts a call, interrupts it after so many ticks, and looks at what is left of it. */
const interrupted = Effect.fnUntraced(function* (
  mode: Mode,
  { operations, ticks }: { readonly operations: number; readonly ticks: number },
) {
  const { call, first, money, second, status } = yield* stacked(troubles[operations % troubles.length] ?? [])
  const open = new Set<string>()
  const sink: Event.Sink = (event) => {
    if (event._tag === "AttemptStarted") open.add(event.id)
    if (event._tag === "AttemptEnded") assert.isTrue(open.delete(event.id))
  }
  const ask = Effect.suspend(() => Event.listen(deliver(call, request(mode)), sink))
  const run = yield* stepped(ask, { budget: operations, ticks })
  const at = `${mode}, ${operations} operations, ${ticks} ticks`
  const clean = () => {
    assert.deepStrictEqual([first.held, second.held], [0, 0], `sockets: ${at}`)
    assert.strictEqual(money.reserved(), 0, `reservations: ${at}`)
    assert.strictEqual(open.size, 0, `attempts: ${at}`)
  }
  clean()
  for (const { available, phase } of yield* status) assert.isTrue(available || phase === "open", `probes: ${at}`)
  // Two places, and both are there.
  const both = Effect.all([Effect.delay(ask, 20), Effect.delay(ask, 20)], { concurrency: "unbounded" })
  assert.isTrue((yield* stepped(both, { budget: 2_048, ticks: 500 })).over, `places: ${at}`)
  clean()
  return run
})

describe.each<Mode>(["generate", "stream"])("an interruption of the whole standard stack on %s", (mode) => {
  it.effect("leaves no place, no reservation, no probe and no socket behind", () =>
    Effect.gen(function* () {
      let runs = 0
      for (const operations of budgets) {
        const whole = yield* interrupted(mode, { operations, ticks: 100_000 })
        assert.isTrue(whole.over)
        for (let sample = 0; sample < samples; sample++) {
          const ticks = Math.floor(((sample + (operations % 7) / 7) * whole.ticks) / samples)
          yield* interrupted(mode, { operations, ticks })
          runs++
        }
      }
      assert.isAtLeast(runs, 62 * samples)
    }),
  )
})
