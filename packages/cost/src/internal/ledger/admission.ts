/**
 * How a ledger answers.
 */
import { DateTime, Effect, Option } from "effect"

import { type Admission } from "./service.ts"
import { type Excess } from "./state.ts"
import { LedgerUnavailable } from "./unavailable.ts"

export const admitted: Effect.Effect<Admission> = Effect.succeed({ _tag: "Admitted" })

export const exceeded = ({ claim, mayFit, total }: Excess): Admission => ({ _tag: "Exceeded", claim, total, mayFit })

export const clockSteppedBack = Effect.suspend(() =>
  Effect.fail(new LedgerUnavailable({ operation: "reserve", reason: "ClockSteppedBack" })),
)

export const reservationOver = Effect.suspend(() =>
  Effect.fail(new LedgerUnavailable({ operation: "reserve", reason: "ReservationOver" })),
)

// A time that cannot be read is no bound: a reader who gets more entries gets nothing false.
export const millisOf = (input: DateTime.DateTime.Input | undefined, otherwise: number): number =>
  input === undefined
    ? otherwise
    : Option.match(DateTime.make(input), { onNone: () => otherwise, onSome: DateTime.toEpochMillis })
