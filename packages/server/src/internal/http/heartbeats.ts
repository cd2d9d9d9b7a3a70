/** One clock for the signs of life of all connections of a server. */
import { Effect, type Scope } from "effect"

export interface Beating {
  /** Half of the time has passed that a connection may be silent. */
  readonly tick: () => void
}

export class Heartbeats {
  private readonly all = new Set<Beating>()

  join(one: Beating): () => void {
    this.all.add(one)
    return () => {
      this.all.delete(one)
    }
  }

  tick(): void {
    for (const one of this.all) one.tick()
  }
}

/** `period` is the longest silence, in milliseconds. */
export const heartbeatsOf = (period: number): Effect.Effect<Heartbeats, never, Scope.Scope> =>
  Effect.suspend(() => {
    const heartbeats = new Heartbeats()
    const tick = Effect.sync(() => heartbeats.tick())
    return Effect.as(Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(period / 2), tick))), heartbeats)
  })
