import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"

import * as Concurrency from "../src/Concurrency.ts"
import * as Deadline from "../src/Deadline.ts"
import * as RequestContext from "../src/RequestContext.ts"
import * as ResilientModel from "../src/ResilientModel.ts"
import * as Retry from "../src/Retry.ts"
import {
  chunk,
  deliver,
  delta,
  errorOf,
  errors,
  finish,
  type Mode,
  refused,
  request,
  script,
  type Script,
  scripted,
  timePasses,
  wait,
} from "./scripted.ts"
import { stepped } from "./ticks.ts"

const modes: ReadonlyArray<Mode> = ["generate", "stream"]
const slow = script(wait("1 second"), chunk(delta("a")), wait("1 second"), chunk(finish()))

/** A limited model that is built once, and the most calls that were under way at a time. */
const built = Effect.fnUntraced(function* (
  limit: number,
  options?: Concurrency.Options & { readonly scripts?: ReadonlyArray<Script>; readonly mode?: Mode },
) {
  const model = scripted(options?.scripts ?? [slow])
  const call = yield* ResilientModel.callOf(model.model.pipe(Concurrency.limit(limit, options)))
  const ask = Effect.suspend(() => deliver(call, request(options?.mode ?? "stream")))
  return { model, ask }
})

describe.each(modes)("a limit on calls to %s", (mode) => {
  it.effect("is never exceeded, and lets the others wait", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built(3, { queue: 100, mode })
      let most = 0
      const fiber = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 30 }, () => ask),
          { concurrency: "unbounded" },
        ),
      )
      for (const _ of Array.from({ length: 60 })) {
        yield* TestClock.adjust("500 millis")
        most = Math.max(most, model.held)
      }
      const answers = yield* Fiber.join(fiber)
      assert.isTrue(answers.every(({ exit }) => Exit.isSuccess(exit)))
      assert.deepStrictEqual([most, model.held], [3, 0])
    }),
  )

  it.effect("turns away who finds the line full, without asking the model", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built(1, { queue: 1, mode })
      const fiber = yield* Effect.forkChild(Effect.all([ask, ask, ask], { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 minute")
      const answers = yield* Fiber.join(fiber)
      const failed = answers.filter(({ exit }) => Exit.isFailure(exit))
      assert.lengthOf(failed, 1)
      assert.deepInclude(errorOf(failed[0]!.exit), { _tag: "ConcurrencyLimited", limit: 1, queue: 1 })
      assert.lengthOf(model.requests, 2)
    }),
  )

  it.effect("gives the place of a caller that gives up to the next one", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built(1, { mode })
      const holder = yield* Effect.forkChild(ask)
      yield* TestClock.adjust(1)
      const waiting = yield* Effect.forkChild(ask)
      const next = yield* Effect.forkChild(ask)
      yield* TestClock.adjust(1)
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(holder)
      yield* TestClock.adjust(1)
      assert.strictEqual(model.held, 1)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Exit.isSuccess((yield* Fiber.join(next)).exit))
      assert.lengthOf(model.requests, 2)
    }),
  )

  it.effect("is not held by a call that failed, nor by a retry that sleeps", () =>
    Effect.gen(function* () {
      const model = scripted([refused(errors.throttled("10 seconds")), slow])
      const stack = model.model.pipe(Concurrency.limit(1), Retry.schedule(Retry.standard))
      const call = yield* ResilientModel.callOf(stack)
      const ask = deliver(call, request(mode))
      const sleeping = yield* Effect.forkChild(ask)
      yield* TestClock.adjust(1)
      const other = yield* Effect.forkChild(ask)
      yield* TestClock.adjust("5 seconds")
      assert.isTrue(Exit.isSuccess((yield* Fiber.join(other)).exit))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(sleeping)
    }),
  )

  it.effect("makes nobody wait beyond the deadline of the call, nor blames the model for the wait", () =>
    Effect.gen(function* () {
      const model = scripted([slow])
      const patient = model.model.pipe(
        Deadline.firstPart("3 seconds"),
        Concurrency.limit(1),
        Deadline.total("5 seconds"),
      )
      const call = yield* ResilientModel.callOf(patient)
      const ask = deliver(call, request(mode))
      const answers = yield* timePasses(Effect.all([ask, ask, ask], { concurrency: "unbounded" }))
      assert.deepStrictEqual(
        answers.map(({ exit }) => (Exit.isSuccess(exit) ? "answered" : (errorOf(exit) as { _tag: string })._tag)),
        ["answered", "answered", "DeadlineExceeded"],
      )
    }),
  )
})

describe("who waits", () => {
  it.effect("is served by priority, and turned away by it", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built(1, { queue: 2 })
      const at = (priority: RequestContext.Priority) => RequestContext.annotate(ask, { priority })
      const holder = yield* Effect.forkChild(ask)
      yield* TestClock.adjust(1)
      const batch = yield* Effect.forkChild(at("batch"))
      const best = yield* Effect.forkChild(at("best-effort"))
      yield* TestClock.adjust(1)
      const critical = yield* Effect.forkChild(at("critical"))
      yield* TestClock.adjust(1)
      const shed = errorOf((yield* Fiber.join(best)).exit)
      assert.deepInclude(shed, { _tag: "ConcurrencyLimited", priority: "best-effort" })
      yield* TestClock.adjust("2500 millis")
      assert.isUndefined(batch.pollUnsafe())
      yield* TestClock.adjust("1 minute")
      for (const fiber of [holder, batch, critical]) assert.isTrue(Exit.isSuccess((yield* Fiber.join(fiber)).exit))
      assert.lengthOf(model.requests, 3)
    }),
  )

  it.effect("may take several places, and never more than there are", () =>
    Effect.gen(function* () {
      const { ask, model } = yield* built(4, { queue: 10, weight: () => 3 })
      const fibers = yield* Effect.forEach([1, 2], () => Effect.forkChild(ask))
      yield* TestClock.adjust(1)
      assert.strictEqual(model.held, 1)
      yield* TestClock.adjust("1 minute")
      yield* Effect.forEach(fibers, Fiber.join)
      const all = yield* built(2, { weight: () => 1_000 })
      assert.isTrue(Exit.isSuccess((yield* timePasses(all.ask)).exit))
    }),
  )
})

describe("a mistake in the limit", () => {
  it.effect.each([
    [0, undefined, "the limit"],
    [1.5, undefined, "the limit"],
    [1, -1, "queue"],
  ] as const)("is found when the layer is built: %o", ([limit, queue, field]) =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(
        ResilientModel.callOf(scripted([]).model.pipe(Concurrency.limit(limit, { queue }))),
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes(`Concurrency.limit: ${field}`))
    }),
  )
})

describe.each(modes)("an interruption at any point of a limited call to %s", (mode) => {
  it.effect("gives its place back", () =>
    Effect.gen(function* () {
      let runs = 0
      const short = script(wait(3), chunk(delta("a")), wait(2), chunk(finish()))
      for (let operations = 3; operations <= 64; operations++) {
        for (let ticks = 0; ; ticks++) {
          const { ask, model } = yield* built(1, { scripts: [short], mode })
          const both = Effect.all([ask, ask], { concurrency: "unbounded" })
          const run = yield* stepped(both, { budget: operations, ticks })
          const at = `${mode}, ${operations} operations, ${ticks} ticks`
          assert.strictEqual(model.held, 0, at)
          const next = yield* stepped(ask, { budget: 2_048, ticks: 100 })
          assert.isTrue(next.over, at)
          runs++
          if (run.over) break
        }
      }
      assert.isAbove(runs, 500)
    }),
  )
})
