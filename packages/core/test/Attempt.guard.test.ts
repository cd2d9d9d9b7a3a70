import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Schedule, Schema, Stream } from "effect"
import { LanguageModel } from "effect/ai"
import { TestClock } from "effect/testing"

import * as AttemptGuard from "../src/AttemptGuard.ts"
import * as Deadline from "../src/Deadline.ts"
import * as Fallback from "../src/Fallback.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import { budget, OverBudget } from "./budget.ts"
import {
  answer,
  call,
  chunk,
  delta,
  ended,
  errorOf,
  errors,
  fails,
  hangs,
  type Mode,
  observed,
  refused,
  script,
  scripted,
  silent,
  timePasses,
  wait,
} from "./scripted.ts"
import { stepped } from "./ticks.ts"

const modes: ReadonlyArray<Mode> = ["generate", "stream"]
const retry = Retry.schedule(Retry.standard)

describe.each(modes)("a guard of attempts to %s", (mode) => {
  it.effect("reserves before the request and settles after it", () =>
    Effect.gen(function* () {
      const money = budget(10)
      const model = scripted([answer("a")])
      yield* call(model.model.pipe(money.enforce), mode)
      assert.deepStrictEqual(money.log, ["reserve acme", "settle Completed"])
    }),
  )

  it.effect("settles each attempt by what became of it", () =>
    Effect.gen(function* () {
      const money = budget(10)
      const model = scripted([refused(errors.transient), refused(errors.overloaded), answer("a")])
      yield* timePasses(call(model.model.pipe(retry, money.enforce), mode))
      assert.deepStrictEqual(
        money.log.filter((line) => line.startsWith("settle")),
        ["settle Failed", "settle Failed", "settle Completed"],
      )
    }),
  )

  it.effect("refuses before any request is made", () =>
    Effect.gen(function* () {
      const money = budget(0)
      const model = scripted([answer("a")])
      const { exit } = yield* call(model.model.pipe(money.enforce), mode)
      assert.instanceOf(errorOf(exit), OverBudget)
      assert.lengthOf(model.requests, 0)
      assert.deepStrictEqual(money.log, ["refuse acme"])
    }),
  )

  it.effect("ends retries and fallbacks by its refusal", () =>
    Effect.gen(function* () {
      const money = budget(2)
      const first = scripted([refused(errors.transient)], { name: "first" })
      const second = scripted([answer("a")], { name: "second" })
      const stack = first.model.pipe(retry, Fallback.to(second.model), Fallback.to(second.model), money.enforce)
      const { exit } = yield* timePasses(call(stack, mode))
      assert.instanceOf(errorOf(exit), OverBudget)
      assert.lengthOf(first.requests, 2)
      assert.lengthOf(second.requests, 0)
    }),
  )

  it.effect("inside of a retry, a deadline and a fallback is refused where it stands, and then handled", () =>
    Effect.gen(function* () {
      const money = budget(0)
      const second = scripted([answer("b")], { name: "second" })
      const first = scripted([answer("a")]).model.pipe(money.enforce, Deadline.firstPart("1 minute"), retry)
      const { text } = yield* call(first.pipe(Fallback.to(second.model)), mode)
      assert.strictEqual(text, "b")
    }),
  )

  it.effect("guards the models of a fallback by their names", () =>
    Effect.gen(function* () {
      const money = budget(5)
      const first = scripted([refused(errors.badKey)], { name: "first" })
      const second = scripted([answer("a")], { name: "second" })
      yield* call(first.model.pipe(Fallback.to(second.model), money.enforce), mode)
      assert.deepStrictEqual(
        money.log.filter((line) => line.startsWith("reserve")),
        ["reserve first", "reserve second"],
      )
    }),
  )

  it.effect("lets an attempt be interrupted, and settles it", () =>
    Effect.gen(function* () {
      const money = budget(5)
      const model = scripted([silent])
      const fiber = yield* Effect.forkChild(call(model.model.pipe(money.enforce), mode))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(money.log, ["reserve acme"])
      fiber.interruptUnsafe()
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(money.log, ["reserve acme", "settle Interrupted"])
      assert.strictEqual(model.held, 0)
    }),
  )

  it.effect("lets an attempt be cut by a deadline, and settles it as failed", () =>
    Effect.gen(function* () {
      const money = budget(5)
      const model = scripted([silent, answer("a")])
      const stack = model.model.pipe(Deadline.firstPart("1 second"), retry, money.enforce)
      const fiber = yield* Effect.forkChild(call(stack, mode))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(money.log, ["reserve acme", "settle Failed", "reserve acme", "settle Completed"])
      fiber.interruptUnsafe()
    }),
  )

  it.effect("that waits is interrupted while it waits, and nothing was reserved", () =>
    Effect.gen(function* () {
      const money = budget(5, { answersAfter: "1 minute" })
      const model = scripted([answer("a")])
      const fiber = yield* Effect.forkChild(call(model.model.pipe(money.enforce), mode))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.lengthOf(model.requests, 0)
      assert.deepStrictEqual(money.log, [])
      assert.strictEqual(money.reserved(), 0)
    }),
  )

  it.effect("that waits is cut by a deadline, and nothing was reserved", () =>
    Effect.gen(function* () {
      const money = budget(5, { answersAfter: "1 minute" })
      const model = scripted([answer("a")])
      const { exit } = yield* timePasses(call(model.model.pipe(money.enforce, Deadline.total("1 second")), mode))
      assert.deepInclude(errorOf(exit), { _tag: "DeadlineExceeded" })
      assert.strictEqual(money.reserved(), 0)
      assert.deepStrictEqual(money.log, [])
    }),
  )

  it.effect("settles to the end although it is interrupted meanwhile", () =>
    Effect.gen(function* () {
      const money = budget(5, { settlesAfter: "1 minute" })
      const model = scripted([answer("a")])
      const fiber = yield* Effect.forkChild(call(model.model.pipe(money.enforce), mode))
      yield* TestClock.adjust("30 seconds")
      fiber.interruptUnsafe()
      assert.deepStrictEqual([money.log, money.reserved()], [["reserve acme"], 1])
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual([money.log, money.reserved()], [["reserve acme", "settle Completed"], 0])
      yield* Fiber.await(fiber)
    }),
  )

  it.effect("beside another one reserves both or neither, the outer first", () =>
    Effect.gen(function* () {
      const outer = budget(5, { name: "outer" })
      const inner = budget(1, { name: "inner" })
      const model = scripted([refused(errors.transient), answer("a")])
      const { exit } = yield* timePasses(call(model.model.pipe(retry, inner.enforce, outer.enforce), mode))
      assert.deepInclude(errorOf(exit), { budget: "inner" })
      assert.deepStrictEqual(outer.log, ["reserve acme", "settle Failed", "reserve acme", "release"])
      assert.deepStrictEqual(inner.log, ["reserve acme", "settle Failed", "refuse acme"])
      assert.lengthOf(model.requests, 1)
    }),
  )

  it.effect("outside of another one keeps the inner from being asked", () =>
    Effect.gen(function* () {
      const outer = budget(0, { name: "outer" })
      const inner = budget(5, { name: "inner" })
      const { exit } = yield* call(scripted([answer("a")]).model.pipe(inner.enforce, retry, outer.enforce), mode)
      assert.deepInclude(errorOf(exit), { budget: "outer" })
      assert.deepStrictEqual(inner.log, [])
    }),
  )

  it.effect("gives back what it reserved when the inner one is interrupted while it waits", () =>
    Effect.gen(function* () {
      const outer = budget(5, { name: "outer" })
      const inner = budget(5, { name: "inner", answersAfter: "1 minute" })
      const stack = scripted([answer("a")]).model.pipe(inner.enforce, outer.enforce)
      const fiber = yield* Effect.forkChild(call(stack, mode))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(outer.log, ["reserve acme", "release"])
      assert.strictEqual(outer.reserved() + inner.reserved(), 0)
    }),
  )

  it.effect("takes time that no deadline of the model counts", () =>
    Effect.gen(function* () {
      for (const slow of [{ answersAfter: "1 minute" }, { settlesAfter: "1 minute" }] as const) {
        const money = budget(5, slow)
        const stack = scripted([answer("a")]).model.pipe(Deadline.firstPart("5 seconds"), money.enforce)
        const { exit } = yield* timePasses(call(stack, mode))
        assert.isTrue(Exit.isSuccess(exit))
        assert.deepStrictEqual(money.log, ["reserve acme", "settle Completed"])
      }
    }),
  )

  it.effect("leaves the model all of its time, and no more", () =>
    Effect.gen(function* () {
      const money = budget(5, { answersAfter: "1 minute" })
      const stack = scripted([silent]).model.pipe(Deadline.firstPart("5 seconds"), money.enforce)
      const fiber = yield* Effect.forkChild(call(stack, mode))
      yield* TestClock.adjust("64 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const { exit } = yield* Fiber.join(fiber)
      assert.deepInclude(errorOf(exit), { _tag: "DeadlineExceeded", bound: "firstPart" })
    }),
  )

  it.effect("is waited for by a deadline that sleeps, however little time it has left", () =>
    Effect.gen(function* () {
      const money = budget(5, { answersAfter: 200 })
      const model = scripted([{ ...refused(errors.transient), opening: [wait(4)] }, silent])
      const stack = model.model.pipe(Retry.schedule(Schedule.recurs(1)), Deadline.firstPart(5), money.enforce)
      let slept = 0
      const run = yield* stepped(call(stack, mode), { budget: 1_000, ticks: 1_000, onSleep: () => slept++ })
      const failed = Exit.isSuccess(run.exit) ? errorOf(run.exit.value.exit) : undefined
      assert.deepInclude(failed, { _tag: "DeadlineExceeded", bound: "firstPart" })
      assert.isBelow(slept, 10)
    }),
  )

  it.effect("settles with the very attempt that the sink hears of", () =>
    Effect.gen(function* () {
      const money = budget(5)
      const [, events] = yield* observed(call(scripted([answer("a")]).model.pipe(money.enforce), mode))
      assert.deepStrictEqual(
        money.settled,
        ended(events).map((attempt) => attempt),
      )
    }),
  )
})

describe("a guard of streams", () => {
  const cases = [
    ["breaks after its first part", script(chunk(delta("a")), fails(errors.broken)), "settle Failed"],
    ["stops without its end", script(chunk(delta("a"))), "settle Failed"],
  ] as const

  it.effect.each(cases)("settles once when one %s", ([, played, settled]) =>
    Effect.gen(function* () {
      const money = budget(5)
      yield* call(scripted([played]).model.pipe(money.enforce), "stream")
      assert.deepStrictEqual(money.log, ["reserve acme", settled])
    }),
  )

  it.effect("settles once when the consumer has enough", () =>
    Effect.gen(function* () {
      const money = budget(5)
      const model = scripted([script(chunk(delta("a")), hangs)]).model.pipe(money.enforce)
      const text = Stream.provide(LanguageModel.streamText({ prompt: "hi" }), model)
      yield* Stream.runDrain(Stream.take(text, 1))
      assert.deepStrictEqual(money.log, ["reserve acme", "settle Abandoned"])
    }),
  )

  it.effect("settles once when the consumer is interrupted", () =>
    Effect.gen(function* () {
      const money = budget(5)
      const model = scripted([script(chunk(delta("a")), hangs)]).model.pipe(money.enforce)
      const fiber = yield* Effect.forkChild(call(model, "stream"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(money.log, ["reserve acme", "settle Abandoned"])
    }),
  )
})

describe("a guard of structured answers", () => {
  it.effect("settles once, with the usage, when one does not decode", () =>
    Effect.gen(function* () {
      const money = budget(5)
      const model = scripted([answer("not JSON")]).model.pipe(money.enforce)
      const schema = Schema.Struct({ a: Schema.Int })
      const exit = yield* LanguageModel.generateObject({ prompt: "hi", schema }).pipe(
        Effect.provide(model),
        Effect.exit,
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(money.log, ["reserve acme", "settle Failed"])
      assert.strictEqual(money.settled[0]?.usage?.outputTokens.total, 3)
    }),
  )
})

describe("a guard's error", () => {
  it.effect("comes typed out of the policy that installed it", () =>
    Effect.gen(function* () {
      const model: ResilientModel.ResilientModel<ResilientModel.CallFailure | OverBudget> = scripted([
        answer("a"),
      ]).model.pipe(budget(0).enforce)
      const error = yield* LanguageModel.generateText({ prompt: "hi" }).pipe(
        ResilientModel.provide(model),
        Effect.as("answered"),
        Effect.catchTag("OverBudget", ({ limit }) => Effect.succeed(`limit ${limit}`)),
      )
      assert.strictEqual(error, "limit 0")
    }),
  )

  it.effect.each(["reserve", "settle"] as const)(
    "that is a bug leaves no reservation of another guard behind (%s)",
    (where) =>
      Effect.gen(function* () {
        const money = budget(5)
        const throws = () => {
          throw new Error("a bug")
        }
        const reservation = { settle: where === "settle" ? throws : () => Effect.void, release: Effect.void }
        const reserve = where === "reserve" ? throws : () => Effect.succeed(reservation)
        const careless = ResilientModel.policy({ name: "careless", settings: {} }, (inner) =>
          Effect.succeed(AttemptGuard.install(inner, { reserve })),
        )
        const stack = scripted([answer("a")]).model.pipe(careless, money.enforce)
        const [exit, events] = yield* observed(Effect.exit(call(stack, "stream")))
        assert.isTrue(Exit.isSuccess(exit) && Exit.hasDies(exit.value.exit))
        assert.strictEqual(money.reserved(), 0)
        assert.deepStrictEqual(
          events.map(({ _tag }) => _tag),
          where === "settle" ? ["AttemptStarted", "AttemptEnded"] : [],
        )
      }),
  )

  it.effect("is not settled when a guard that dies never reserved", () =>
    Effect.gen(function* () {
      const model = scripted([answer("a")])
      const dying = ResilientModel.policy({ name: "Dying", settings: {} }, (inner) =>
        Effect.succeed(AttemptGuard.install(inner, { reserve: () => Effect.die("bug") })),
      )
      const { exit } = yield* call(model.model.pipe(retry, dying), "generate")
      assert.isTrue(Exit.isFailure(exit))
      assert.lengthOf(model.requests, 0)
    }),
  )
})
