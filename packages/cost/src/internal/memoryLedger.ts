/**
 * A ledger in the memory of this process: a journal, what is held, and the totals that follow from them.
 *
 * It works synchronously, so that nothing can happen between the check of a limit and the reservation.
 */
import { type Entry, idOf, type Reservation, type Settlement } from "./journal.ts"
import {
  apply,
  type Change,
  type Claim,
  type Event,
  type Excess,
  excessOf,
  type Hold,
  isOpen,
  nothing,
  plus,
  steppedBack,
  type Total,
} from "./ledgerKernel.ts"

export interface Held {
  hold: Hold
  readonly reservation: Reservation | undefined
}

interface Account {
  readonly buckets: Map<number, Total>
  until: number
}

/** What a claim's account had spent before and after. */
export interface Movement {
  readonly claim: Claim
  readonly before: bigint
  readonly after: bigint
}

export class MemoryLedger {
  readonly #keep: number
  readonly #tolerance: number
  readonly #held: Map<string, Held>
  readonly #accounts = new Map<string, Account>()
  #journal: Array<Entry> = []
  #latest = 0

  /** With `held` it goes on from what is known of some reservations elsewhere. */
  constructor(options: { readonly keep: number; readonly tolerance: number; readonly held?: Map<string, Held> }) {
    this.#keep = options.keep
    this.#tolerance = options.tolerance
    this.#held = options.held ?? new Map<string, Held>()
  }

  /** Takes over a total, and what the clock said there at last. */
  load(account: string, bucket: number, total: Total): void {
    const known = this.#accounts.get(account)
    if (known === undefined) this.#accounts.set(account, { buckets: new Map([[bucket, total]]), until: bucket })
    else known.buckets.set(bucket, total)
  }

  get latest(): number {
    return this.#latest
  }

  set latest(at: number) {
    this.#latest = at
  }

  /** All buckets that there are. */
  *totals(): Generator<readonly [account: string, bucket: number, total: Total]> {
    for (const [account, { buckets }] of this.#accounts) {
      for (const [bucket, total] of buckets) yield [account, bucket, total]
    }
  }

  steppedBack(now: number): boolean {
    return steppedBack(this.#latest, now, this.#tolerance)
  }

  /** What the reservation does not fit under, `undefined` if it was made. */
  reserve(reservation: Reservation, now: number): Excess | "over" | undefined {
    const held = this.#held.get(reservation.id)
    if (held !== undefined) return isOpen(held.hold) ? undefined : "over"
    const excess = excessOf(reservation.claims, reservation.worst, this.totalOf)
    if (excess !== undefined) return excess
    const event = { _tag: "Reserved", worst: reservation.worst } as const
    this.#take(event, { _tag: "Reserved", at: this.#at(now), reservation }, reservation)
    return undefined
  }

  settle(settlement: Settlement, now: number): ReadonlyArray<Movement> {
    const entry = { _tag: "Settled", at: this.#at(now), settlement } as const
    const held = this.#held.get(settlement.id)
    const claims = held?.reservation?.claims ?? []
    const before = claims.map((claim) => this.totalOf(claim).spent)
    if (!this.#take({ _tag: "Settled", cost: settlement.cost }, entry, held?.reservation)) return []
    return claims.map((claim, index) => {
      const spent = before[index] ?? 0n
      return { claim, before: spent, after: spent + settlement.cost }
    })
  }

  release(id: string, now: number): void {
    this.#take({ _tag: "Released" }, { _tag: "Released", at: this.#at(now), id }, this.#held.get(id)?.reservation)
  }

  /** Ends the leases that are over. */
  expire(now: number): number {
    let count = 0
    for (const id of this.#held.keys()) if (this.expireOne(id, now)) count++
    return count
  }

  expireOne(id: string, now: number): boolean {
    const reservation = this.#held.get(id)?.reservation
    if (reservation === undefined || reservation.expiresAt > now) return false
    return this.#take({ _tag: "Expired" }, { _tag: "Expired", at: this.#at(now), id }, reservation)
  }

  readonly totalOf = (claim: Pick<Claim, "account" | "since">): Total => {
    const account = this.#accounts.get(claim.account)
    if (account === undefined) return nothing
    let total = nothing
    for (const [bucket, each] of account.buckets) {
      if (bucket >= claim.since) total = total === nothing ? each : plus(total, each)
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
    return this.#journal.filter(({ at }) => at >= from && at < to)
  }

  #at(now: number): number {
    if (now > this.#latest) this.#latest = now
    return this.#latest
  }

  #take(event: Event, entry: Entry, reservation: Reservation | undefined): boolean {
    const id = idOf(entry)
    const held = this.#held.get(id)
    const change = apply(held?.hold, event)
    if (change === undefined) return false
    if (held === undefined) this.#held.set(id, { hold: change.hold, reservation })
    else held.hold = change.hold
    if (reservation !== undefined) this.#count(reservation.claims, change)
    this.#journal.push(entry)
    if (this.#journal.length > 2 * this.#keep) this.#forget()
    return true
  }

  #count(claims: ReadonlyArray<Claim>, { delta }: Change): void {
    for (const { account: name, bucket, since, until } of claims) {
      let account = this.#accounts.get(name)
      if (account === undefined) {
        account = { buckets: new Map(), until }
        this.#accounts.set(name, account)
      }
      const total = account.buckets.get(bucket)
      if (total !== undefined) {
        account.buckets.set(bucket, plus(total, delta))
        continue
      }
      for (const [old, { reserved, uncertain }] of account.buckets) {
        if (old < since - this.#tolerance && reserved === 0n && uncertain === 0n) account.buckets.delete(old)
      }
      account.buckets.set(bucket, delta)
      account.until = Math.max(account.until, until)
    }
  }

  // The older half of the journal, what is known of its reservations that are over, and accounts that count no more.
  #forget(): void {
    for (const entry of this.#journal.splice(0, this.#keep)) {
      const over = entry._tag === "Settled" || entry._tag === "Released"
      if (over) this.#held.delete(idOf(entry))
    }
    for (const [name, { buckets, until }] of this.#accounts) {
      if (until > this.#latest - this.#tolerance) continue
      let used = false
      for (const { reserved, uncertain } of buckets.values()) used ||= reserved !== 0n || uncertain !== 0n
      if (!used) this.#accounts.delete(name)
    }
  }
}
