/**
 * Runs a call in steps of a few operations, so that it can be interrupted between any two of them.
 */
import { Clock, Duration, Effect, type Exit, Fiber, Scheduler } from "effect"

import { queueScheduler } from "../queueScheduler.ts"

interface Ticks {
  readonly clock: Clock.Clock
  /** How many steps have been made. */
  now: number
}

/** A clock on which a millisecond is one turn of the scheduler. */
const ticking = (onSleep: (ticks: number) => void): Ticks => {
  const nanos = () => BigInt(ticks.now) * 1_000_000n
  const until = (end: number): Effect.Effect<void> =>
    Effect.suspend(() => (ticks.now >= end ? Effect.void : Effect.andThen(Effect.yieldNow, until(end))))
  const ticks: Ticks = {
    now: 0,
    clock: {
      currentTimeMillisUnsafe: () => ticks.now,
      currentTimeNanosUnsafe: nanos,
      monotonicTimeNanosUnsafe: nanos,
      currentTimeMillis: Effect.sync(() => ticks.now),
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanos: Effect.sync(nanos),
      sleep: (duration) =>
        Effect.suspend(() => {
          const wanted = Math.ceil(Duration.toMillis(duration))
          onSleep(wanted)
          return until(ticks.now + wanted)
        }),
    },
  }
  return ticks
}

/** Fibers that wait for their next turn. A turn lets each of them run once, without one of the event loop. */
const turning = () => {
  let tasks: Array<() => void> = []
  const turn = () => {
    const current = tasks
    tasks = []
    for (const task of current) task()
  }
  const scheduler = queueScheduler({ add: (task) => void tasks.push(task), run: turn })
  // Where no fiber has a turn, they wait for something outside.
  const next = Effect.suspend(() => (tasks.length === 0 ? Effect.yieldNow : Effect.sync(turn)))
  return { scheduler, next }
}

/** Runs for at most so many ticks, then interrupts, and says whether it was over by itself, and after how many. */
export const stepped = <A, E>(
  self: Effect.Effect<A, E>,
  options: { readonly budget: number; readonly ticks: number; readonly onSleep?: (ticks: number) => void },
): Effect.Effect<{ readonly over: boolean; readonly ticks: number; readonly exit: Exit.Exit<A, E> }> =>
  Effect.gen(function* () {
    const ticks = ticking(options.onSleep ?? (() => {}))
    const { next, scheduler } = turning()
    const fiber = yield* self.pipe(
      Effect.provideService(Scheduler.MaxOpsBeforeYield, options.budget),
      Effect.provideService(Clock.Clock, ticks.clock),
      Effect.provideService(Scheduler.Scheduler, scheduler),
      Effect.forkChild({ startImmediately: true }),
    )
    while (ticks.now < options.ticks && fiber.pollUnsafe() === undefined) {
      ticks.now++
      yield* next
    }
    const over = fiber.pollUnsafe() !== undefined
    fiber.interruptUnsafe()
    while (fiber.pollUnsafe() === undefined) yield* next
    return { over, ticks: ticks.now, exit: yield* Fiber.await(fiber) }
  })
