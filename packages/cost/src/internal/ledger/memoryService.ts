import { type Clock, Effect, Stream } from "effect"

import { admitted, clockSteppedBack, exceeded, millisOf, reservationOver } from "./admission.ts"
import { type Background } from "./background.ts"
import { NextChange } from "./changes.ts"
import { MemoryLedger } from "./memory.ts"
import { type Service } from "./service.ts"
import { millisNow } from "./time.ts"

interface Options {
  readonly keep: number
  readonly tolerance: number
  readonly clock: Clock.Clock
  readonly background: Background
}

/** A ledger in memory, by the clock. */
export const memoryService = ({ background, clock, ...options }: Options): Service => {
  const ledger = new MemoryLedger(options)
  const change = new NextChange()
  const changing = <A>(self: (now: number) => A): Effect.Effect<A> =>
    Effect.sync(() => {
      const result = self(millisNow(clock))
      change.happened()
      return result
    })
  return {
    reserve: (reservation) =>
      Effect.suspend(() => {
        const now = millisNow(clock)
        if (ledger.steppedBack(now)) return clockSteppedBack
        const excess = ledger.reserve(reservation, now)
        if (excess === undefined) return admitted
        return excess === "over" ? reservationOver : Effect.succeed(exceeded(excess))
      }),
    settle: (settlement) => changing((now) => ledger.settle(settlement, now)),
    release: (id) => changing((now) => ledger.release(id, now)),
    expire: changing((now) => ledger.expire(now)),
    total: (claim) => Effect.sync(() => ledger.totalOf(claim)),
    outstanding: Effect.sync(() => ledger.open()),
    entries: (range) =>
      Stream.suspend(() =>
        Stream.fromIterable(ledger.entries(millisOf(range?.from, 0), millisOf(range?.to, Infinity))),
      ),
    nextChange: Effect.sync(() => change.next()),
    persist: (write) => background.persist(write),
  }
}
