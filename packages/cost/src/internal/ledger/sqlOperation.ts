/**
 * What is asked of a ledger in a database, and how a ledger in memory does it within a transaction.
 */
import { Effect, type Schema } from "effect"

import * as Money from "../../Money.ts"
import { type Claim, type Reservation, type Settlement, writeReservation, writeSettlement } from "./journal.ts"
import { type MemoryLedger } from "./memory.ts"
import { type Excess, type Movement } from "./state.ts"

export type Operation =
  | { readonly _tag: "Reserve"; readonly reservation: Reservation; readonly now: number }
  | { readonly _tag: "Settle"; readonly settlement: Settlement; readonly now: number }
  | { readonly _tag: "Release"; readonly id: string; readonly now: number }
  | { readonly _tag: "Expire"; readonly id: string; readonly now: number }
  | Exchange

/** Gives slices back with what was spent from them, and leases another one, in one step. */
export interface Exchange {
  readonly _tag: "Exchange"
  /** The slices to give back. */
  readonly release: ReadonlyArray<string>
  /** The attempts that were paid from them. */
  readonly settlements: ReadonlyArray<Settlement>
  /** The slice to lease. Its `worst` is what attempts that are under way hold, and is granted in any case. */
  readonly slice: Reservation
  /** What an attempt that asks to be let in needs besides. */
  readonly needed: Money.Money
  /** What is wanted besides, if there is enough of it. */
  readonly wanted: Money.Money
  readonly now: number
}

export interface Exchanged {
  readonly _tag: "Exchanged"
  /** The amount of the new slice; nothing was leased if it is zero. */
  readonly amount: Money.Money
  readonly movements: ReadonlyArray<Movement>
  /** Why there is no room for what is needed. */
  readonly refusal: Excess | "steppedBack" | undefined
}

/** What came of an operation. */
export type Answer =
  | Excess
  | Exchanged
  | "admitted"
  | "over"
  | "steppedBack"
  | "changed"
  | "unchanged"
  | ReadonlyArray<Movement>

/** What settlements moved, for as long as nobody was told. */
export interface Movements {
  /** Of a settlement that is found settled. Nothing if its answer arrived. */
  readonly untold: (id: string) => ReadonlyArray<Movement>
  readonly moved: (id: string, movements: ReadonlyArray<Movement>) => void
}

export const perform = (memory: MemoryLedger, operation: Operation, movements: Movements): Answer => {
  switch (operation._tag) {
    case "Reserve":
      if (memory.steppedBack(operation.now)) return "steppedBack"
      return memory.reserve(operation.reservation, operation.now) ?? "admitted"
    case "Settle":
      return settleOnce(memory, operation.settlement, { now: operation.now, movements })
    case "Release":
      memory.release(operation.id, operation.now)
      return "changed"
    case "Expire":
      return memory.expireOne(operation.id, operation.now) ? "changed" : "unchanged"
    case "Exchange":
      return exchange(memory, operation, movements)
  }
}

const settleOnce = (
  memory: MemoryLedger,
  settlement: Settlement,
  { movements, now }: { readonly movements: Movements; readonly now: number },
): ReadonlyArray<Movement> => {
  const { id } = settlement
  if (memory.isSettled(id)) return movements.untold(id)
  const moved = memory.settle(settlement, now)
  movements.moved(id, moved)
  return moved
}

const exchange = (
  memory: MemoryLedger,
  { needed, now, release, settlements, slice, wanted }: Exchange,
  accountMovements: Movements,
): Exchanged => {
  const hasSteppedBack = memory.steppedBack(now)
  for (const id of release) memory.release(id, now)
  const movements = joined(
    settlements.flatMap((settlement) => settleOnce(memory, settlement, { now, movements: accountMovements })),
  )
  const lease = (amount: Money.Money, refusal: Exchanged["refusal"]): Exchanged => {
    if (amount > 0n) memory.hold({ ...slice, worst: amount }, now)
    return { _tag: "Exchanged", amount, movements, refusal }
  }
  if (hasSteppedBack) return lease(slice.worst, "steppedBack")
  const [least, full] = [Money.add(slice.worst, needed), Money.add(slice.worst, Money.max(needed, wanted))]
  if (memory.excess({ ...slice, worst: full }) === undefined) return lease(full, undefined)
  // Where little is left, no process takes more than it needs at the moment.
  const excess = needed > 0n ? memory.excess({ ...slice, worst: least }) : undefined
  return excess === undefined ? lease(least, undefined) : lease(slice.worst, excess)
}

// Nothing comes between the settlements of one exchange, so they move an account once.
const joined = (movements: ReadonlyArray<Movement>): ReadonlyArray<Movement> => {
  const byAccount = new Map<string, Movement>()
  for (const movement of movements) {
    const { account } = movement.claim
    byAccount.set(account, { ...movement, before: byAccount.get(account)?.before ?? movement.before })
  }
  return [...byAccount.values()]
}

/** The reservations whose entries decide what comes of the operation. */
export const idsOf = (operation: Operation): ReadonlyArray<string> => {
  switch (operation._tag) {
    case "Reserve":
      return [operation.reservation.id]
    case "Settle":
      return [operation.settlement.id]
    case "Exchange":
      return [...operation.release, operation.slice.id, ...operation.settlements.map(({ id }) => id)]
    default:
      return [operation.id]
  }
}

/** The claims that the operation brings along. */
export const claimsIn = (operation: Operation): ReadonlyArray<Claim> | undefined => {
  if (operation._tag === "Reserve") return operation.reservation.claims
  if (operation._tag === "Exchange") return operation.slice.claims
  return operation._tag === "Settle" ? operation.settlement.claims : undefined
}

/** What the journal keeps of what the operation brings along, by the very object that its entry will hold. */
export const detailsOf = (operation: Operation): Effect.Effect<ReadonlyArray<Detail>, Schema.SchemaError> => {
  switch (operation._tag) {
    case "Reserve":
      return Effect.map(writeReservation(operation.reservation), (text) => [[operation.reservation, text]])
    case "Settle":
      return Effect.map(settled(operation.settlement), (one) => [one])
    case "Exchange":
      return Effect.forEach(operation.settlements, settled)
    default:
      return Effect.succeed([])
  }
}

type Detail = readonly [content: object, text: string]

const settled = (settlement: Settlement): Effect.Effect<Detail, Schema.SchemaError> =>
  Effect.map(writeSettlement(settlement), (text) => [settlement, text])
