import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"

import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import {
  chunk,
  deliver,
  delta,
  errorOf,
  errors,
  finish,
  hangs,
  type Mode,
  refused,
  request,
  script,
  type Script,
  scripted,
  wait,
} from "./scripted.ts"
import { stepped } from "./ticks.ts"

const good = script(wait("1 second"), chunk(delta("a")), chunk(finish()))

const built = Effect.fnUntraced(function* (scripts: ReadonlyArray<Script>, options?: Concurrency.AdaptiveOptions) {
  const model = scripted(scripts)
  const stack = model.model.pipe(Deadline.firstPart("10 seconds"), Concurrency.adaptive(options))
  const call = yield* ResilientModel.callOf(stack)
  const ask = (mode: Mode) => Effect.suspend(() => deliver(call, request(mode)))
  /** How many of very many calls are under way at once. */
  const places = Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(
      Effect.all(
        Array.from({ length: 60 }, () => ask("stream")),
        { concurrency: "unbounded" },
      ),
    )
    yield* TestClock.adjust(1)
    const { held } = model
    yield* Fiber.interrupt(fiber)
    return held
  })
  return { model, ask, places }
})

describe.each<Mode>(["generate", "stream"])("an adaptive limit of calls to %s", (mode) => {
  it.effect("grows with good answers while it is made use of", () =>
    Effect.gen(function* () {
      const { ask, places } = yield* built([good], { max: 60 })
      assert.strictEqual(yield* places, 8)
      const fiber = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 100 }, () => ask(mode)),
          { concurrency: "unbounded" },
        ),
      )
      yield* TestClock.adjust("1 minute")
      assert.isTrue((yield* Fiber.join(fiber)).every(({ exit }) => Exit.isSuccess(exit)))
      assert.isAbove(yield* places, 12)
    }),
  )

  it.effect.each([
    ["throttles", refused(errors.throttled())],
    ["is overloaded", refused(errors.overloaded)],
    ["does not begin in time", { opening: [hangs], steps: [] }],
  ] as const)("shrinks when the model %s", ([, failing]) =>
    Effect.gen(function* () {
      const { ask, places } = yield* built([failing, good], { initial: 10, max: 60 })
      const fiber = yield* Effect.forkChild(ask(mode))
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Exit.isFailure((yield* Fiber.join(fiber)).exit))
      assert.strictEqual(yield* places, 7)
    }),
  )

  it.effect("is not shaken by a bad request, nor by a caller that gives up", () =>
    Effect.gen(function* () {
      const { ask, places } = yield* built([refused(errors.badRequest), good], { initial: 10, max: 60 })
      yield* ask(mode)
      const fiber = yield* Effect.forkChild(ask(mode))
      yield* TestClock.adjust(1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* places, 10)
    }),
  )
})

describe("an adaptive limit", () => {
  it.effect("turns away who finds the line full, and says how many were let in", () =>
    Effect.gen(function* () {
      const { ask } = yield* built([good], { min: 2, initial: 2, queue: 0 })
      const fibers = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(ask("stream")))
      yield* TestClock.adjust(1)
      const { exit } = yield* Fiber.join(fibers[2]!)
      assert.deepInclude(errorOf(exit), { _tag: "ConcurrencyLimited", limit: 2, queue: 0 })
    }),
  )

  it.effect.each([
    [{ min: 0 }, "min"],
    [{ max: 1.5 }, "max"],
    [{ min: 9, max: 8 }, "max"],
    [{ initial: 500 }, "initial"],
    [{ queue: -1 }, "queue"],
  ] as const)("is not made of wrong numbers: %o", ([options, field]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(built([], options))
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes(`Concurrency.adaptive: ${field}`))
    }),
  )

  it.effect("gets every place back, wherever a call is interrupted", () =>
    Effect.gen(function* () {
      const short = script(wait(3), chunk(delta("a")), wait(2), chunk(finish()))
      for (let operations = 3; operations <= 64; operations++) {
        for (let ticks = 0; ; ticks++) {
          const { ask, model } = yield* built([short], { min: 1, initial: 1, max: 1 })
          const both = Effect.all([ask("stream"), ask("generate")], { concurrency: "unbounded" })
          const run = yield* stepped(both, { budget: operations, ticks })
          const at = `${operations} operations, ${ticks} ticks`
          assert.strictEqual(model.held, 0, at)
          assert.isTrue((yield* stepped(ask("stream"), { budget: 2_048, ticks: 100 })).over, at)
          if (run.over) break
        }
      }
    }),
  )
})
