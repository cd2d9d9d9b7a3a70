/**
 * A ledger in the memory of this process: a journal, what is held, and the totals that follow from them.
 *
 * It works synchronously, so that nothing can happen between the check of a limit and the reservation.
 */
import * as Money from "../../Money.ts"
import { type Claim, type Entry, type Reservation, type Settlement } from "./journal.ts"
import { MemoryJournal } from "./memoryJournal.ts"
import {
  apply,
  type Change,
  type Event,
  type Excess,
  excessOf,
  type Hold,
  isOpen,
  type Movement,
  nothing,
  plus,
  type Time,
  timeAt,
  type Total,
} from "./state.ts"

export interface Held {
  readonly hold: Hold
  readonly reservation: Reservation | undefined
}

/** The buckets of an account, side by side, so that they are read without an iterator. Mostly there is one. */
interface Account {
  readonly buckets: Array<number>
  readonly totals: Array<Total>
  /** When each of them can be forgotten: long after it counts no more, should the clock have been ahead. */
  readonly untils: Array<number>
}

export class MemoryLedger {
  readonly #keep: number
  readonly #tolerance: number
  readonly #held: Map<string, Held>
  readonly #accounts = new Map<string, Account>()
  readonly #journal = new MemoryJournal()
  #latest = 0
  #doubt: number | undefined

  /** With `held` it goes on from what is known of some reservations elsewhere. */
  constructor(options: { readonly keep: number; readonly tolerance: number; readonly held?: Map<string, Held> }) {
    this.#keep = options.keep
    this.#tolerance = options.tolerance
    this.#held = options.held ?? new Map<string, Held>()
  }

  /** Takes over a total, and what the clock said there at last. */
  load(account: string, bucket: number, total: Total): void {
    const { buckets, totals, untils } = this.#account(account)
    buckets.push(bucket)
    totals.push(total)
    untils.push(Infinity)
  }

  get tolerance(): number {
    return this.#tolerance
  }

  get time(): Time {
    return { latest: this.#latest, doubt: this.#doubt }
  }

  set time({ doubt, latest }: Time) {
    this.#latest = latest
    this.#doubt = doubt
  }

  /** All buckets that there are. */
  *totals(): Generator<readonly [account: string, bucket: number, total: Total]> {
    for (const [account, { buckets, totals }] of this.#accounts) {
      for (const [index, bucket] of buckets.entries()) yield [account, bucket, totals[index] ?? nothing]
    }
  }

  /** Whether the clock was set back too far to be believed, for now. */
  steppedBack(now: number): boolean {
    if (now >= this.#latest) {
      this.#doubt = undefined
      return false
    }
    this.time = timeAt(this.time, now, this.#tolerance)
    return this.#doubt !== undefined
  }

  /** What the reservation does not fit under, `undefined` if it was made. */
  reserve(reservation: Reservation, now: number): Excess | "over" | undefined {
    const held = this.#held.get(reservation.id)
    if (held !== undefined) return isOpen(held.hold) ? undefined : "over"
    const excess = this.excess(reservation)
    if (excess !== undefined) return excess
    this.hold(reservation, now)
    return undefined
  }

  /** The limit that a reservation does not fit under. */
  excess({ claims, worst }: Reservation): Excess | undefined {
    return excessOf(claims, worst, this.totalOf)
  }

  /** Reserves, whether it fits or not. */
  hold(reservation: Reservation, now: number): void {
    this.#take(reservation.id, { _tag: "Reserved", worst: reservation.worst }, undefined, reservation)
    this.#journal.reserved(this.#at(now), reservation)
    this.#forget()
  }

  settle(settlement: Settlement, now: number): ReadonlyArray<Movement> {
    const held = this.#held.get(settlement.id)
    const claims = held?.reservation?.claims ?? settlement.claims ?? noClaims
    const event: Event = { _tag: "Settled", cost: settlement.cost }
    if (!this.#take(settlement.id, event, held, held?.reservation, claims)) return noMovements
    this.#journal.settled(this.#at(now), settlement)
    this.#forget()
    const movements: Array<Movement> = []
    for (const claim of claims) {
      const after = this.totalOf(claim).spent
      movements.push({ claim, before: Money.subtract(after, settlement.cost), after })
    }
    return movements
  }

  isSettled(id: string): boolean {
    return this.#held.get(id)?.hold._tag === "Settled"
  }

  release(id: string, now: number): void {
    if (!this.#take(id, { _tag: "Released" }, this.#held.get(id))) return
    this.#journal.ended("Released", this.#at(now), id)
    this.#forget()
  }

  /** Ends the leases that are over. */
  expire(now: number): number {
    let count = 0
    for (const id of this.#held.keys()) if (this.expireOne(id, now)) count++
    return count
  }

  expireOne(id: string, now: number): boolean {
    const held = this.#held.get(id)
    if (held?.reservation === undefined || held.reservation.expiresAt > now) return false
    const isNew = this.#take(id, { _tag: "Expired" }, held)
    if (isNew) this.#journal.ended("Expired", this.#at(now), id)
    return isNew
  }

  readonly totalOf = (claim: Pick<Claim, "account" | "since">): Total => {
    const account = this.#accounts.get(claim.account)
    if (account === undefined) return nothing
    const { buckets, totals } = account
    let total = nothing
    for (let index = 0; index < buckets.length; index++) {
      const each = totals[index]
      if (each === undefined || (buckets[index] ?? 0) < claim.since) continue
      total = total === nothing ? each : plus(total, each)
    }
    return total
  }

  open(): ReadonlyArray<{ readonly reservation: Reservation; readonly expired: boolean }> {
    const found: Array<{ readonly reservation: Reservation; readonly expired: boolean }> = []
    for (const { hold, reservation } of this.#held.values()) {
      if (reservation !== undefined && isOpen(hold)) found.push({ reservation, expired: hold._tag === "Expired" })
    }
    return found
  }

  entries(from: number, to: number): ReadonlyArray<Entry> {
    return this.#journal.entries(from, to)
  }

  #at(now: number): number {
    if (now > this.#latest) this.#latest = now
    return this.#latest
  }

  // One argument each: an object for them would be the largest part of what a reservation costs.
  #take(
    id: string,
    event: Event,
    held: Held | undefined,
    reservation: Reservation | undefined = held?.reservation,
    claims: ReadonlyArray<Claim> = reservation?.claims ?? noClaims,
  ): boolean {
    const change = apply(held?.hold, event)
    if (change === undefined) return false
    // Nothing can change what is settled, so nothing needs to be known of it.
    this.#held.set(id, change.hold._tag === "Settled" ? settled : { hold: change.hold, reservation })
    for (const claim of claims) this.#count(claim, change)
    return true
  }

  #count({ account: name, bucket, until }: Claim, { delta }: Change): void {
    const { buckets, totals, untils } = this.#account(name)
    const index = buckets.lastIndexOf(bucket)
    if (index >= 0) {
      totals[index] = plus(totals[index] ?? nothing, delta)
      return
    }
    // A bucket that counts no more makes room, but not yet one that the clock may be set back to.
    for (let old = buckets.length - 1; old >= 0; old--) {
      if ((untils[old] ?? 0) + this.#tolerance > this.#latest || isUsed(totals[old])) continue
      buckets.splice(old, 1)
      totals.splice(old, 1)
      untils.splice(old, 1)
    }
    buckets.push(bucket)
    totals.push(delta)
    untils.push(until + 2 * (until - bucket))
  }

  #account(name: string): Account {
    const known = this.#accounts.get(name)
    if (known !== undefined) return known
    const account: Account = { buckets: [], totals: [], untils: [] }
    this.#accounts.set(name, account)
    return account
  }

  // The older half of a journal that is long enough, what is known of its reservations that are over, and accounts that count
  // no more.
  #forget(): void {
    if (this.#journal.length <= 2 * this.#keep) return
    for (const id of this.#journal.forget(this.#keep)) this.#held.delete(id)
    for (const [name, { totals, untils }] of this.#accounts) {
      if (untils.every((until) => until + this.#tolerance <= this.#latest) && !totals.some(isUsed)) {
        this.#accounts.delete(name)
      }
    }
  }
}

const isUsed = (total: Total | undefined): boolean =>
  total !== undefined && (total.reserved !== 0n || total.uncertain !== 0n)

const settled: Held = { hold: { _tag: "Settled", cost: Money.zero }, reservation: undefined }

const noMovements: ReadonlyArray<Movement> = []

const noClaims: ReadonlyArray<Claim> = []
