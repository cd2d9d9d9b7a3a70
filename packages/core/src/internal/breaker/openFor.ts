import { Duration, Effect, Pull, Schedule } from "effect"

/** Nobody looks further into a schedule than this, so that an outage of days costs no more than one of hours. */
const furthest = 100

/** How long the n-th opening in a row lasts by a schedule; as long as its last one when it has ended. Milliseconds. */
export const openingDelay = (schedule: Schedule.Schedule<unknown>, opening: number): Effect.Effect<number> =>
  Effect.flatMap(Schedule.toStep(schedule), (next) => {
    const from = (taken: number, before: number): Effect.Effect<number> =>
      Pull.matchEffect(next(0, undefined), {
        onSuccess: ([, duration]) => {
          const wait = Duration.toMillis(duration)
          return taken >= Math.min(opening, furthest) ? Effect.succeed(wait) : from(taken + 1, wait)
        },
        onFailure: Effect.failCause<never>,
        onDone: () => Effect.succeed(before),
      })
    return from(1, 0)
  })
