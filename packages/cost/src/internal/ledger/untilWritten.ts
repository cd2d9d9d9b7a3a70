import { Duration, Effect, Schedule } from "effect"

/** How often something that must get into a ledger is tried again while its database fails. */
export const untilWritten = Schedule.exponential("200 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(30)))),
)
