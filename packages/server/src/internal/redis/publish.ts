/** Writes down what a log gets: what has gathered while the last write was under way is the next one. */
import { Duration, Effect, Schedule } from "effect"
import { type Redis } from "effect/persistence"

import { type Published } from "../answer/store.ts"
import { append, type Batch } from "./entries.ts"
import { type Keys } from "./keys.ts"

export interface Publication {
  readonly redis: Redis.Redis["Service"]
  readonly keys: Keys
  readonly name: string
  /** The id of this process. */
  readonly writer: string
}

/** Characters of one write. */
const mostPerWrite = 262_144

export const publish = (
  { end, log, maxDuration, retention }: Published,
  { keys, name, redis, writer }: Publication,
): Effect.Effect<void> => {
  const add = redis.eval(append)
  const write = (batch: Batch) => Effect.retry(add(batch), backoff)
  const from = (after: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const entries = log.slice(after, mostPerWrite)
      const last = after + entries.length
      const over = log.ended && last >= log.length
      if (entries.length === 0) return over ? Effect.void : Effect.flatMap(log.more(after), () => from(after))
      const batch: Batch = {
        keys: [keys.events(name), keys.owner(name)],
        first: after + 1,
        writer,
        events: `[${entries.map(({ json }) => json).join(",")}]`,
        end: over,
        ttl: over ? retention : maxDuration + retention,
      }
      return Effect.flatMap(write(batch), (written) => {
        if (written === 1) return over ? Effect.void : from(last)
        return Effect.sync(() => end("lost"))
      })
    }) as Effect.Effect<void>
  // Readers at this process go on without Redis; those at others find a process that is gone.
  return Effect.ignore(from(0))
}

/** An outage of a minute is waited for. */
const backoff = Schedule.exponential("50 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(2)))),
  Schedule.upTo({ duration: "60 seconds" }),
)
