/**
 * The entries of a ledger's journal as data, and as text for databases.
 */
import { Data, Effect, Schema } from "effect"

import * as Money from "../../Money.ts"

const Tokens = Schema.Record(Schema.String, Schema.Finite)

export const Subject = Schema.Struct({
  /** The attempt's id. Several budgets may hold a reservation each for one attempt. */
  attempt: Schema.String,
  /** 1 for a call's first attempt; retries, fallbacks and hedges have higher ones. */
  index: Schema.Int,
  provider: Schema.String,
  model: Schema.String,
  tenant: Schema.optionalKey(Schema.String),
  tags: Schema.Record(Schema.String, Schema.String),
})

export const Claim = Schema.Struct({
  account: Schema.String,
  bucket: Schema.Int,
  since: Schema.Int,
  until: Schema.Int,
  limit: Money.Money,
})

export const Reservation = Schema.Struct({
  id: Schema.String,
  subject: Subject,
  worst: Money.Money,
  claims: Schema.Array(Claim),
  expiresAt: Schema.Int,
})

export const Settlement = Schema.Struct({
  id: Schema.String,
  subject: Subject,
  cost: Money.Money,
  minimum: Money.Money,
  maximum: Money.Money,
  basis: Schema.Literals(["reported", "estimated", "unbilled", "unpriced"]),
  outcome: Schema.Literals(["Completed", "Failed", "Interrupted", "Abandoned"]),
  /** Tokens by class. */
  tokens: Tokens,
  /** The cost of the same tokens without a prompt cache, less the real one. Negative where caching cost more. */
  saved: Money.Money,
  /** What it is charged to where no reservation says so: an attempt that was made while the ledger failed. */
  claims: Schema.optionalKey(Schema.Array(Claim)),
})

/**
 * The attempt that a reservation is for: `attempt` is its id, `index` 1 for a call's first one.
 *
 * @since 0.1.0
 * @category models
 */
export type Subject = typeof Subject.Type

/**
 * A limit that a reservation must fit under.
 *
 * **Details**
 *
 * What is charged to an account is charged to the bucket of a moment, and the limit holds for the sum of all buckets from
 * `since` on. For a day `bucket` and `since` are its beginning. Times are Unix milliseconds; `until` is when the bucket
 * counts no more.
 *
 * @since 0.1.0
 * @category models
 */
export type Claim = typeof Claim.Type

/**
 * What is to be reserved: the worst case of one attempt, under all of the claims or under none.
 *
 * @since 0.1.0
 * @category models
 */
export type Reservation = typeof Reservation.Type

/**
 * What an attempt really cost.
 *
 * **Details**
 *
 * `basis` says how that is known: the vendor reported the usage; it is estimated from what was delivered, and lies between
 * `minimum` and `maximum`; nothing was billed; or the model has no price. Where usage was reported, the three amounts are equal.
 *
 * @since 0.1.0
 * @category models
 */
export type Settlement = typeof Settlement.Type

/**
 * One entry of the journal.
 *
 * @since 0.1.0
 * @category models
 */
export type Entry =
  | { readonly _tag: "Reserved"; readonly at: number; readonly reservation: Reservation }
  | { readonly _tag: "Settled"; readonly at: number; readonly settlement: Settlement }
  | { readonly _tag: "Released"; readonly at: number; readonly id: string }
  | { readonly _tag: "Expired"; readonly at: number; readonly id: string }

export const idOf = (entry: Entry): string => {
  if (entry._tag === "Reserved") return entry.reservation.id
  return entry._tag === "Settled" ? entry.settlement.id : entry.id
}

/** What a database keeps of an entry besides its id, its kind and its time. */
export interface Written {
  readonly id: string
  readonly kind: string
  readonly at: number
  readonly detail: string
}

const reservationText = Schema.fromJsonString(Reservation)
const settlementText = Schema.fromJsonString(Settlement)

export const writeReservation = Schema.encodeEffect(reservationText)
export const writeSettlement = Schema.encodeEffect(settlementText)

const readReservation = Schema.decodeEffect(reservationText)
const readSettlement = Schema.decodeEffect(settlementText)

/** What a database holds where there should be something else. */
export class DamagedRow extends Data.TaggedError("DamagedRow")<{ readonly message: string }> {}

export const read = ({ at, detail, id, kind }: Written): Effect.Effect<Entry, Schema.SchemaError | DamagedRow> => {
  switch (kind) {
    case "Reserved":
      return Effect.map(readReservation(detail), (reservation) => ({ _tag: "Reserved", at, reservation }))
    case "Settled":
      return Effect.map(readSettlement(detail), (settlement) => ({ _tag: "Settled", at, settlement }))
    case "Released":
    case "Expired":
      return Effect.succeed({ _tag: kind, at, id })
    default:
      return Effect.fail(new DamagedRow({ message: "the kind of an entry is unknown" }))
  }
}
