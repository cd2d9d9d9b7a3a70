import { Effect } from "effect"

import { millis } from "../millis.ts"
import { type CallContext } from "./types.ts"

/** Adds the time of a wait to what the call has waited in queues, however the wait ends. */
export const queued = <A, E, R>({ queue }: CallContext, waiting: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => {
    const began = millis(clock)
    return Effect.onExitPrimitive(waiting, () => {
      queue.waited += millis(clock) - began
      return undefined
    })
  })
