/**
 * The lease of a job: of several processes one works on it, and when that one is gone another one goes on.
 */
import { Clock, Data, Deferred, Duration, Effect, Schedule } from "effect"

import { type JobsUnavailable } from "./errors.ts"
import { type Signals } from "./rows.ts"
import { type Store } from "./store.ts"
import { type Wakes } from "./wakes.ts"

/** The job belongs to another process now. Nothing more may be done for it here. */
export class LeaseLost extends Data.TaggedError("LeaseLost") {}

/** What a process that holds the lease knows. */
export interface Held {
  readonly owner: string
  /** What the database said when it was asked last. */
  readonly signals: () => Signals
}

/** Runs an effect while this process holds the lease of a job. Waits for it until nobody else does. */
export const holding = <A, E>(
  {
    duration,
    job,
    store,
    wakes,
  }: { readonly store: Store; readonly wakes: Wakes; readonly job: string; readonly duration: Duration.Duration },
  use: (held: Held) => Effect.Effect<A, E>,
): Effect.Effect<A, E | JobsUnavailable | LeaseLost> =>
  Effect.suspend(() => {
    // Also two runs of one process are two owners.
    const owner = globalThis.crypto.randomUUID()
    let signals: Signals = { canceled: false, woken: 0 }
    const take = Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.map(store.lease({ job, owner, now, until: now + Duration.toMillis(duration) }), (found) => {
        if (found === undefined) return false
        if (found.woken !== signals.woken) wakes.signal(job)
        signals = found
        return true
      }),
    )
    const third = Duration.times(duration, 1 / 3)
    const untilTaken = Effect.repeat(take, {
      schedule: Schedule.spaced(Duration.min(third, Duration.seconds(1))),
      until: (taken) => taken,
    })
    const released = Effect.ignore(store.release({ job, owner }))
    return Effect.scoped(
      Effect.gen(function* () {
        yield* Effect.addFinalizer(() => released)
        yield* untilTaken
        const lost = Deferred.makeUnsafe<never, LeaseLost | JobsUnavailable>()
        // A database that does not answer for as long as the lease is held may have given it to somebody else.
        const renew = Effect.delay(take, third).pipe(
          Effect.flatMap((taken) => (taken ? Effect.void : Effect.fail(new LeaseLost()))),
          Effect.forever,
        )
        yield* Effect.forkScoped(Effect.catch(renew, (error) => Deferred.fail(lost, error)))
        return yield* Effect.raceFirst(use({ owner, signals: () => signals }), Deferred.await(lost))
      }),
    )
  })
