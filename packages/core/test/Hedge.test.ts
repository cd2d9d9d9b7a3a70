import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Stream } from "effect"
import { LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

import * as Hedge from "../src/Hedge.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import { budget, OverBudget } from "./budget.ts"
import {
  answer,
  call,
  chunk,
  deliver,
  delta,
  ended,
  errorOf,
  errors,
  finish,
  hangs,
  type Mode,
  observed,
  refused,
  request,
  script,
  type Script,
  scripted,
  silent,
  timed,
  timePasses,
  wait,
} from "./scripted.ts"
import { stepped } from "./ticks.ts"

const modes: ReadonlyArray<Mode> = ["generate", "stream"]

const late = (duration: Duration.Input, text: string): Script => ({
  opening: [wait(duration)],
  steps: [chunk(delta(text), finish())],
})

/** A hedged model that is built once, so that it remembers. */
const built = Effect.fnUntraced(function* (
  scripts: ReadonlyArray<Script>,
  lateness: Hedge.Delay,
  options?: Hedge.Options,
) {
  const model = scripted(scripts)
  const hedged = yield* ResilientModel.callOf(model.model.pipe(Hedge.after(lateness, options)))
  return { model, ask: Effect.suspend(() => deliver(hedged, request("stream"))) }
})

describe.each(modes)("a hedge of calls to %s", (mode) => {
  it.effect("sends nothing while the first one is in time", () =>
    Effect.gen(function* () {
      const model = scripted([late("1 second", "a")])
      const { exit } = yield* timePasses(call(model.model.pipe(Hedge.after("2 seconds")), mode))
      assert.isTrue(Exit.isSuccess(exit))
      assert.lengthOf(model.requests, 1)
    }),
  )

  it.effect("takes the second answer when it comes first, and lets go of the first one", () =>
    Effect.gen(function* () {
      const model = scripted([silent, late("1 second", "b")])
      const stack = model.model.pipe(Hedge.after("2 seconds"))
      const [[{ parts }, took], events] = yield* timePasses(observed(timed(call(stack, mode))))
      assert.strictEqual(took, 3_000)
      assert.isTrue(
        parts.some((part) => (part.type === "text-delta" ? part.delta : part.type === "text" && part.text) === "b"),
      )
      assert.strictEqual(model.held, 0)
      assert.deepStrictEqual(
        ended(events)
          .map(({ outcome }) => outcome._tag)
          .toSorted(),
        ["Completed", "Interrupted"],
      )
      assert.isTrue(events.some((event) => event._tag === "HedgeStarted" && Duration.toSeconds(event.after) === 2))
    }),
  )

  it.effect("takes the first answer when it comes first after all, and lets go of the second one", () =>
    Effect.gen(function* () {
      const model = scripted([late("3 seconds", "a"), silent])
      const [{ exit }, took] = yield* timePasses(timed(call(model.model.pipe(Hedge.after("2 seconds")), mode)))
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(took, 3_000)
      assert.deepStrictEqual([model.requests.length, model.held], [2, 0])
    }),
  )

  it.effect("fails with the first one's failure before the second is sent", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.transient), answer("b")])
      const { exit } = yield* timePasses(call(model.model.pipe(Hedge.after("2 seconds")), mode))
      assert.strictEqual(errorOf(exit), errors.transient)
      assert.lengthOf(model.requests, 1)
    }),
  )

  it.effect("waits for the other one when one fails, and for neither after a fatal failure", () =>
    Effect.gen(function* () {
      const failing: Script = { opening: [wait("3 seconds")], refuses: errors.transient, steps: [] }
      const waiting = scripted([failing, late("5 seconds", "b")])
      const [{ exit }, took] = yield* timePasses(timed(call(waiting.model.pipe(Hedge.after("2 seconds")), mode)))
      assert.deepStrictEqual([Exit.isSuccess(exit), took], [true, 7_000])
      const fatal = scripted([{ ...failing, refuses: errors.badRequest }, silent])
      const [stopped, time] = yield* timePasses(timed(call(fatal.model.pipe(Hedge.after("2 seconds")), mode)))
      assert.strictEqual(errorOf(stopped.exit), errors.badRequest)
      assert.deepStrictEqual([time, fatal.held], [3_000, 0])
    }),
  )

  it.effect("can go to another model", () =>
    Effect.gen(function* () {
      const second = scripted([answer("b")], { name: "second" })
      const stack = scripted([silent]).model.pipe(Hedge.to(second.model, "2 seconds"))
      const { exit } = yield* timePasses(call(stack, mode))
      assert.isTrue(Exit.isSuccess(exit))
      assert.lengthOf(second.requests, 1)
    }),
  )

  it.effect("does not get around a guard", () =>
    Effect.gen(function* () {
      const model = scripted([silent])
      const { exit } = yield* timePasses(call(model.model.pipe(Hedge.after("2 seconds"), budget(1).enforce), mode))
      assert.instanceOf(errorOf(exit), OverBudget)
      assert.strictEqual(model.held, 0)
    }),
  )
})

describe("hedges", () => {
  it.effect("are never sent after the first part", () =>
    Effect.gen(function* () {
      const model = scripted([script(chunk(delta("a")), wait("1 hour"), chunk(finish()))])
      yield* timePasses(call(model.model.pipe(Hedge.after("2 seconds")), "stream"))
      assert.lengthOf(model.requests, 1)
    }),
  )

  it.effect("are one of twenty calls at the most, however many are late", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built([late("3 seconds", "a")], "2 seconds")
      yield* timePasses(Effect.replicateEffect(ask, 400))
      // One to begin with, and then a twentieth.
      assert.strictEqual(model.requests.length, 420)
    }),
  )

  it.effect("are not saved up beyond ten", () =>
    Effect.gen(function* () {
      const quick = Array.from({ length: 1_000 }, () => answer("a"))
      const { ask, model } = yield* built([...quick, late("3 seconds", "b")], "2 seconds")
      yield* timePasses(Effect.replicateEffect(ask, 1_000))
      yield* timePasses(Effect.replicateEffect(ask, 15))
      assert.strictEqual(model.requests.length, 1_000 + 15 + 10)
    }),
  )

  it.effect("are not sent while the model is throttled", () =>
    Effect.gen(function* () {
      const scripts = [refused(errors.throttled("30 seconds")), late("3 seconds", "a")]
      const { ask, model } = yield* built(scripts, "2 seconds", { maxShare: 1 })
      yield* ask
      const one = yield* Effect.forkChild(ask)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(one)
      assert.lengthOf(model.requests, 2)
      yield* TestClock.adjust("30 seconds")
      yield* timePasses(ask)
      assert.lengthOf(model.requests, 4)
    }),
  )

  it.effect("follow the quantile of what the model took before", () =>
    Effect.gen(function* () {
      const usual = Array.from({ length: 100 }, (_, index) => late(1_000 + index * 10, "a"))
      const lateness = { quantile: 0.95, initial: "5 seconds" } as const
      const { ask, model } = yield* built([...usual, ...usual, silent, answer("b")], lateness, { maxShare: 1 })
      yield* timePasses(Effect.replicateEffect(ask, 20))
      assert.lengthOf(model.requests, 20)
      model.skipTo(200)
      const [, took] = yield* timePasses(timed(ask))
      assert.strictEqual(took, 1_180)
    }),
  )
})

describe("a hedge that follows a quantile", () => {
  it.effect("counts what a lost call had taken, at least", () =>
    Effect.gen(function* () {
      // One call in four is slow, and always beaten: without it all calls would seem to take a second.
      const scripts = Array.from({ length: 10 }, () => [
        late("1 second", "a"),
        late("1 second", "a"),
        late("1 second", "a"),
        late("1 hour", "a"),
        late("1 second", "b"),
      ]).flat()
      const lateness = { quantile: 0.9, initial: "5 seconds" } as const
      const { ask, model } = yield* built([...scripts, silent, answer("b")], lateness, { maxShare: 1 })
      yield* timePasses(Effect.replicateEffect(ask, 40))
      assert.lengthOf(model.requests, 50)
      const [, took] = yield* timePasses(timed(ask))
      assert.isAtLeast(took, 5_000)
    }),
  )

  it.effect("learns nothing of a caller that gives up in time", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built([...Array.from({ length: 30 }, () => silent), silent, answer("b")], {
        quantile: 0.9,
        initial: "5 seconds",
      })
      for (const _ of Array.from({ length: 30 })) {
        const given = yield* Effect.forkChild(ask)
        yield* TestClock.adjust(400)
        yield* Fiber.interrupt(given)
      }
      assert.lengthOf(model.requests, 30)
      const [, took] = yield* timePasses(timed(ask))
      assert.strictEqual(took, 5_000)
    }),
  )
})

describe("the type of a hedged model", () => {
  it("has the failures and needs of both", () => {
    const first = scripted([]).model
    const guarded = scripted([]).model.pipe(budget(1).enforce)
    expectTypeOf(first.pipe(Hedge.after("1 second"))).toEqualTypeOf(first)
    expectTypeOf(first.pipe(Hedge.to(guarded, "1 second"))).toEqualTypeOf(guarded)
    assert.deepStrictEqual(ResilientModel.describe(first.pipe(Hedge.after({ quantile: 0.9 }))).settings, {
      lateness: "quantile 0.9",
      maxShare: 0.05,
    })
  })
})

describe.each(modes)("an interruption at any point of a hedged call to %s", (mode) => {
  it.effect("lets go of both", () =>
    Effect.gen(function* () {
      let runs = 0
      for (let operations = 3; operations <= 64; operations++) {
        for (let ticks = 0; ; ticks++) {
          const slow = script(wait(4), chunk(delta("b")), wait(2), chunk(finish()))
          const model = scripted([operations % 2 === 0 ? silent : slow, slow])
          const run = yield* stepped(call(model.model.pipe(Hedge.after(3)), mode), { budget: operations, ticks })
          assert.strictEqual(model.held, 0, `${mode}, ${operations} operations, ${ticks} ticks`)
          runs++
          if (run.over) break
        }
      }
      assert.isAbove(runs, 500)
    }),
  )

  it.effect("closes the winner's stream with the consumer's scope", () =>
    Effect.gen(function* () {
      const model = scripted([silent, script(chunk(delta("b")), hangs)])
      const text = Stream.provide(
        LanguageModel.streamText({ prompt: "hi" }),
        model.model.pipe(Hedge.after("2 seconds")),
      )
      yield* timePasses(Stream.runDrain(Stream.take(text, 1)))
      assert.strictEqual(model.held, 0)
    }),
  )
})
