/**
 * What waits to be written, and the fiber that writes it. Calls never wait for a log.
 */
import { Effect, type Scope } from "effect"

export interface Buffer<A> {
  /** Takes a value, or drops it where too many wait. */
  readonly push: (value: A) => void
  /** Writes all that waits. */
  readonly flush: Effect.Effect<void>
}

export interface Options<A> {
  readonly capacity: number
  /** Milliseconds. */
  readonly interval: number
  readonly write: (values: ReadonlyArray<A>) => Effect.Effect<void>
  readonly dropped: () => void
}

/** Writes at intervals, and what is left when the scope closes. */
export const makeBuffer = <A>({
  capacity,
  dropped,
  interval,
  write,
}: Options<A>): Effect.Effect<Buffer<A>, never, Scope.Scope> =>
  Effect.gen(function* () {
    let waiting: Array<A> = []
    const taken = Effect.suspend(() => {
      if (waiting.length === 0) return Effect.void
      const values = waiting
      waiting = []
      return write(values)
    })
    // Telemetry of telemetry would never end.
    const flush = Effect.withTracerEnabled(taken, false)
    yield* Effect.addFinalizer(() => flush)
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(interval), flush)))
    return {
      push: (value: A) => {
        if (waiting.length < capacity) waiting.push(value)
        else dropped()
      },
      flush,
    }
  })
