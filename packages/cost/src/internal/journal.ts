/**
 * The entries of a ledger's journal as data, and as text for databases.
 */
import { Schema } from "effect"

import * as Money from "../Money.ts"

const Tokens = Schema.Record(Schema.String, Schema.Finite)

/** The attempt that a reservation is for. */
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
  /** What the same tokens had cost without a prompt cache, less what they did cost. Negative where caching cost more. */
  saved: Money.Money,
})

export const Entry = Schema.Union([
  Schema.TaggedStruct("Reserved", { at: Schema.Int, reservation: Reservation }),
  Schema.TaggedStruct("Settled", { at: Schema.Int, settlement: Settlement }),
  Schema.TaggedStruct("Released", { at: Schema.Int, id: Schema.String }),
  Schema.TaggedStruct("Expired", { at: Schema.Int, id: Schema.String }),
])

export type Entry = typeof Entry.Type

export const idOf = (entry: Entry): string => {
  if (entry._tag === "Reserved") return entry.reservation.id
  return entry._tag === "Settled" ? entry.settlement.id : entry.id
}
