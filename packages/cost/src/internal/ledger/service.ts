/**
 * What every ledger does, wherever it keeps its journal.
 */
import { type DateTime, type Effect, type Stream } from "effect"

import { type Claim, type Entry, type Reservation, type Settlement } from "./journal.ts"
import { type Movement, type Total } from "./state.ts"
import { type LedgerUnavailable } from "./unavailable.ts"

/**
 * Whether a reservation was made.
 *
 * @since 0.1.0
 * @category models
 */
export type Admission =
  | { readonly _tag: "Admitted" }
  | {
      readonly _tag: "Exceeded"
      readonly claim: Claim
      readonly total: Total
      /** Whether it may fit when calls that are under way cost less than their worst case. */
      readonly mayFit: boolean
    }

/**
 * A reservation that was neither settled nor released. With an expired lease its cost lies between nothing and `worst`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Outstanding {
  readonly reservation: Reservation
  readonly expired: boolean
}

/**
 * From when on, and until when. All if left out.
 *
 * @since 0.1.0
 * @category models
 */
export interface Range {
  readonly from?: DateTime.DateTime.Input | undefined
  readonly to?: DateTime.DateTime.Input | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Reserves under all claims or under none. Of an id that is reserved already it says so, and changes nothing. */
  readonly reserve: (reservation: Reservation) => Effect.Effect<Admission, LedgerUnavailable>
  /** Takes down a real cost, once. Also after a release or when the lease is over: what was paid is paid. */
  readonly settle: (settlement: Settlement) => Effect.Effect<ReadonlyArray<Movement>, LedgerUnavailable>
  /** Gives a reservation back, because nothing was sent. */
  readonly release: (id: string) => Effect.Effect<void, LedgerUnavailable>
  /** Ends the leases that are over, and says how many were. */
  readonly expire: Effect.Effect<number, LedgerUnavailable>
  readonly total: (claim: Pick<Claim, "account" | "since">) => Effect.Effect<Total, LedgerUnavailable>
  readonly outstanding: Effect.Effect<ReadonlyArray<Outstanding>, LedgerUnavailable>
  /** The journal in its order. */
  readonly entries: (range?: Range) => Stream.Stream<Entry, LedgerUnavailable>
  /**
   * Gives an effect that ends at the next settlement, release or expiry after now, of this process, or for a ledger of
   * several processes after a moment. To wait for room, ask for it before you reserve, so that no change between the two is missed.
   */
  readonly nextChange: Effect.Effect<Effect.Effect<void>>
  /**
   * Begins to write what has to get into the ledger, such as a settlement, and gives an effect that ends with the first try, which
   * is `Effect.void` if it was written at once. Who asked need not wait for that: it goes on until it is written, or the ledger is
   * closed, which tries once more.
   */
  readonly persist: (write: Effect.Effect<unknown, LedgerUnavailable>) => Effect.Effect<Effect.Effect<void>>
}
