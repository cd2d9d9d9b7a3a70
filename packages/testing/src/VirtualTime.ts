/**
 * Runs any program on time that passes only when there is nothing left to do, and then at once up to the next event.
 *
 * It is the clock of `Simulator`, for programs that bring their own calls: a day of waits takes as long as what is computed in it.
 * Chance comes from a seed, so the same program does the same each time.
 *
 * @since 0.1.0
 */
import { Clock, Context, Duration, Effect, type Exit, Random, Scheduler } from "effect"

import { VirtualTime } from "./internal/simulator/virtualTime.ts"
import { World } from "./internal/simulator/world.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Of `Random`. The same numbers for the same seed. */
  readonly seed: number
  /** After so much time the program is interrupted. A year if left out. */
  readonly until?: Duration.Input | undefined
}

/**
 * Runs a program in virtual time, which begins at zero.
 *
 * **Gotchas**
 *
 * It may wait for the `Clock` and for its own fibers. One that waits for a socket or a promise waits for ever, which is a defect here.
 *
 * **Example** (A day)
 *
 * ```ts
 * import { VirtualTime } from "@holdfast/testing"
 * import { Clock, Effect } from "effect"
 *
 * const day = Effect.andThen(Effect.sleep("1 day"), Clock.currentTimeMillis)
 *
 * await Effect.runPromise(VirtualTime.run(day, { seed: 1 })) // => 86400000
 * ```
 *
 * @since 0.1.0
 * @category running
 */
export const run = <A, E, R>(self: Effect.Effect<A, E, R>, options: Options): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<R>) => {
    const time = new VirtualTime()
    const until = Duration.toMillis(options.until ?? "365 days")
    const inner = context.pipe(
      Context.add(Clock.Clock, time.clock),
      Context.add(Scheduler.Scheduler, time.scheduler),
      Context.add(Random.Random, new World(options.seed).random("program")),
    )
    return Effect.acquireUseRelease(
      Effect.sync(() => Effect.runForkWith(inner)(self)),
      (fiber) => passing(time, () => fiber.pollUnsafe(), until),
      (fiber) =>
        Effect.sync(() => {
          fiber.interruptUnsafe()
          time.advance({ until, events: 0 })
        }),
    )
  })

/** Events between two turns of the event loop, so that a long run does not hold up everything else. */
const eventsPerTurn = 10_000

const passing = <A, E>(
  time: VirtualTime,
  exit: () => Exit.Exit<A, E> | undefined,
  until: number,
): Effect.Effect<A, E> =>
  Effect.suspend((): Effect.Effect<A, E> => {
    let more = true
    for (let events = 0; more && events < eventsPerTurn && exit() === undefined; events++) {
      more = time.advance({ until, events: 1 })
    }
    const ended = exit()
    if (ended !== undefined) return ended
    return more
      ? Effect.andThen(Effect.yieldNow, passing(time, exit, until))
      : Effect.die(
          new Error("VirtualTime.run: the program waits for something other than the clock, or for longer than it may"),
        )
  })
