import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Fiber, Scheduler } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"

import { VirtualTime } from "../src/internal/simulator/virtualTime.ts"

interface Plan {
  readonly sleeps: ReadonlyArray<number>
  /** When it is interrupted, if it still sleeps then. */
  readonly interrupted: number | undefined
}

const plans = fc.array(
  fc.record({
    sleeps: fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 5 }),
    interrupted: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 30 },
)

/** Fibers that sleep as planned, and what they saw of the time. */
const sleeping = (given: ReadonlyArray<Plan>, log: Array<string>) => {
  const one = ({ interrupted, sleeps }: Plan, index: number) =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const note = (what: string) => log.push(`${clock.currentTimeMillisUnsafe()} ${index} ${what}`)
      const fiber = yield* Effect.forkChild(
        Effect.forEach(
          sleeps,
          (millis) => Effect.andThen(Effect.sleep(millis), () => Effect.sync(() => note(String(millis)))),
          { discard: true },
        ),
        { startImmediately: true },
      )
      if (interrupted === undefined) return yield* Fiber.join(fiber)
      yield* Effect.sleep(interrupted)
      yield* Fiber.interrupt(fiber)
      note("over")
    })
  return Effect.forEach(given, one, { concurrency: "unbounded", discard: true })
}

const started = (time: VirtualTime, effect: Effect.Effect<unknown>) =>
  Effect.runForkWith(Context.make(Clock.Clock, time.clock).pipe(Context.add(Scheduler.Scheduler, time.scheduler)))(
    effect,
  )

const byTime = (log: ReadonlyArray<string>): ReadonlyArray<string> =>
  log.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1))

describe("virtual time", () => {
  it("wakes whom TestClock wakes, at the same times", () =>
    fc.assert(
      fc.asyncProperty(plans, async (given) => {
        const expected: Array<string> = []
        const tested = Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(sleeping(given, expected))
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(fiber)
        })
        await Effect.runPromise(Effect.provide(tested, TestClock.layer()))

        const time = new VirtualTime()
        const log: Array<string> = []
        const running = started(time, sleeping(given, log))
        assert.isFalse(time.advance({ until: Infinity, events: Infinity }))
        assert.strictEqual(running.pollUnsafe()?._tag, "Success")
        assert.strictEqual(time.sleeping, 0)
        assert.deepStrictEqual(byTime(log), byTime(expected))
        // Time is never set back.
        const times = log.map((entry) => Number.parseInt(entry, 10))
        assert.deepStrictEqual(
          times,
          times.toSorted((a, b) => a - b),
        )
      }),
    ))

  it("stops where it is told to, and says whether more may happen", () => {
    const time = new VirtualTime()
    const log: Array<string> = []
    started(time, sleeping([{ sleeps: [5, 5, 5], interrupted: undefined }], log))
    assert.isTrue(time.advance({ until: 100, events: 1 }))
    assert.deepStrictEqual(log, ["5 0 5"])
    assert.isFalse(time.advance({ until: 12, events: 10 }))
    assert.deepStrictEqual([log.length, time.clock.currentTimeMillisUnsafe(), time.sleeping], [2, 12, 1])
    assert.isFalse(time.advance({ until: 15, events: 10 }))
    assert.deepStrictEqual([log.length, time.sleeping], [3, 0])
  })

  it("lets fibers that never wait have their turns", () => {
    const time = new VirtualTime()
    let turns = 0
    const busy = Effect.forEach(
      Array.from({ length: 3 }),
      () => Effect.forEach(Array.from({ length: 5_000 }), () => Effect.sync(() => turns++), { discard: true }),
      { concurrency: "unbounded", discard: true },
    )
    const fiber = started(time, Effect.provideService(busy, Scheduler.MaxOpsBeforeYield, 16))
    time.advance({ until: 0, events: 0 })
    assert.deepStrictEqual([fiber.pollUnsafe()?._tag, turns], ["Success", 15_000])
  })
})
