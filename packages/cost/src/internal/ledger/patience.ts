/**
 * How long a database is waited for.
 *
 * It answers in its own time, so that is measured by the clock of the machine, also where a test sets another one. The wait is
 * made of turns: a process that was busy itself for a while has lost one of them, and not the database.
 */
import { Clock, Context, Duration, Effect, Fiber, Schedule } from "effect"
import { SqlError } from "effect/sql"

const turns = 8

const machine = Context.get(Context.empty(), Clock.Clock)

/** A pause between things that a ledger does by itself. A test that moves its clock by years does not have them done each minute. */
export const pause = (duration: Duration.Duration): Effect.Effect<void> =>
  Effect.provideService(Effect.sleep(duration), Clock.Clock, machine)

const alarm = (timeout: Duration.Duration): Effect.Effect<unknown> =>
  Effect.sleep(Duration.times(timeout, 1 / turns)).pipe(
    Effect.repeat(Schedule.recurs(turns - 1)),
    Effect.provideService(Clock.Clock, machine),
  )

const silence = new SqlError.SqlError({
  reason: new SqlError.ConnectionError({ message: "the database did not answer in time", cause: undefined }),
})

/**
 * An answer, or a lost connection. What was asked ends by itself afterwards: a driver may take its time to give a silent
 * connection up, and nobody waits for that. Bounded also where it cannot be interrupted.
 */
export const within = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  timeout: Duration.Duration,
): Effect.Effect<A, E | SqlError.SqlError, R> =>
  Effect.withFiber((parent) =>
    Effect.callback<A, E | SqlError.SqlError>((resume) => {
      const fork = Effect.runForkWith(parent.context as Context.Context<R>)
      const child = fork(self)
      const watch = fork(alarm(timeout))
      child.addObserver((exit) => {
        watch.interruptUnsafe()
        resume(exit)
      })
      watch.addObserver((exit) => {
        if (exit._tag === "Failure") return
        resume(Effect.fail(silence))
        child.interruptUnsafe()
      })
      return Effect.sync(() => {
        child.interruptUnsafe()
        watch.interruptUnsafe()
      })
    }),
  )

/** The same, and waits until what was asked has ended, so that its connection is free or dropped. */
export const endedWithin = <A, E>(self: Effect.Effect<A, E>, timeout: Duration.Duration): Effect.Effect<void> =>
  Effect.flatMap(Effect.forkDetach(Effect.interruptible(self)), (fiber) =>
    Effect.andThen(
      Effect.exit(within(Fiber.await(fiber), timeout)),
      Effect.asVoid(Effect.suspend(() => Fiber.interrupt(fiber))),
    ),
  )
