/**
 * How long a call waits for what it writes into a ledger.
 */
import { type Deadline } from "@holdfast/core"
import { Cause, Duration, Effect, Exit } from "effect"

import { type Service } from "../ledger/service.ts"
import { type LedgerUnavailable } from "../ledger/unavailable.ts"

/**
 * Ends with the first try, or earlier: when the call is interrupted, and a little before its deadline, so that an answer that
 * is there is not lost to it. What is not written by then goes on by itself.
 */
export const written = (
  ledger: Pick<Service, "persist">,
  write: Effect.Effect<unknown, LedgerUnavailable>,
  deadline: Deadline.Deadline | undefined,
): Effect.Effect<void> =>
  Effect.flatMap(ledger.persist(write), (first) => (first === Effect.void ? first : waiting(first, deadline)))

const waiting = (first: Effect.Effect<void>, deadline: Deadline.Deadline | undefined): Effect.Effect<void> =>
  Effect.flatMap(Effect.exit(Effect.interruptible(before(deadline, first))), (exit) =>
    Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? exit : Effect.void,
  )

const before = (deadline: Deadline.Deadline | undefined, first: Effect.Effect<void>): Effect.Effect<void> =>
  deadline === undefined
    ? first
    : Effect.clockWith((clock) => {
        const left = deadline.at - clock.monotonicTimeNanosUnsafe()
        return left > 0n ? Effect.raceFirst(first, Effect.sleep(Duration.nanos((left * 9n) / 10n))) : Effect.void
      })
