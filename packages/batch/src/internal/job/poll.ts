/**
 * A schedule, step by step: how long to wait before the next look.
 */
import { Clock, Duration, Effect, Pull, Schedule } from "effect"

/** Each run gives the next delay. A schedule that is over goes on with its last one. */
export const poll = (schedule: Schedule.Schedule<unknown>): Effect.Effect<Effect.Effect<Duration.Duration>> =>
  Effect.map(Schedule.toStep(schedule), (step) => {
    let last = Duration.seconds(10)
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.map(
        Pull.catchDone(step(now, undefined), () => Effect.succeed([undefined, last] as const)),
        ([, delay]) => {
          last = delay
          return delay
        },
      ),
    )
  })

/** Every 10 seconds at first, then half as long again each time, up to 5 minutes; spread, so that jobs do not ask together. */
export const standardPoll: Schedule.Schedule<unknown> = Schedule.exponential("10 seconds", 1.5).pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.minutes(5)))),
  Schedule.jittered,
)
