/**
 * A slice of budgets that one process has leased: what is spent and reserved of it, without asking the database.
 *
 * Plain data, without a clock or an effect. All attempts of a slice have the same claims.
 */
import * as Money from "../../Money.ts"
import { type Claim, type Reservation, type Settlement } from "./journal.ts"

export class Slice {
  readonly claims: ReadonlyArray<Claim>
  /** Under which the database knows it, and those of which an answer got lost. */
  readonly ids: Array<string> = []
  /** What was leased, as far as it is known. */
  amount: Money.Money = Money.zero
  /** Whether it may be drawn from: not while it is not known what the database holds. */
  isCertain = true
  /** When the lease is over, in Unix milliseconds, and how long it was. */
  expiresAt = 0
  lease = 0
  /** Whether it was drawn from since it was last looked at. */
  isActive = true
  readonly #open = new Map<string, Reservation>()
  readonly #settlements = new Map<string, Settlement>()
  #reserved: Money.Money = Money.zero
  #spent: Money.Money = Money.zero

  constructor(claims: ReadonlyArray<Claim>) {
    this.claims = claims
  }

  /** What attempts hold that are under way. */
  get reserved(): Money.Money {
    return this.#reserved
  }

  /** What attempts cost that the database does not know of. */
  get spent(): Money.Money {
    return this.#spent
  }

  /** Attempts that are under way. */
  get open(): ReadonlyMap<string, Reservation> {
    return this.#open
  }

  /** Attempts that are over, and that the database does not know of. */
  get settlements(): ReadonlyMap<string, Settlement> {
    return this.#settlements
  }

  get isEmpty(): boolean {
    return this.ids.length === 0 && this.#open.size === 0 && this.#settlements.size === 0
  }

  hasRoomFor(worst: Money.Money): boolean {
    return this.isCertain && this.#spent + this.#reserved + worst <= this.amount
  }

  /** Whether an exchange for another slice of the size would change nothing. */
  isAsWanted(size: Money.Money): boolean {
    if (!this.isCertain || this.#settlements.size > 0) return false
    return size > 0n ? this.amount > this.#reserved : this.amount === this.#reserved
  }

  /** Reserves what there is room for. */
  reserve(reservation: Reservation): void {
    this.#open.set(reservation.id, reservation)
    this.#reserved = Money.add(this.#reserved, reservation.worst)
    this.isActive = true
  }

  settle(settlement: Settlement): void {
    this.release(settlement.id)
    this.#settlements.set(settlement.id, { ...settlement, claims: this.claims })
    this.#spent = Money.add(this.#spent, settlement.cost)
  }

  /** Gives back what an attempt held. */
  release(id: string): Reservation | undefined {
    const reservation = this.#open.get(id)
    if (reservation === undefined) return undefined
    this.#open.delete(id)
    this.#reserved = Money.subtract(this.#reserved, reservation.worst)
    return reservation
  }

  /** The database has taken over these settlements, and holds so much for what comes next. */
  renew(settlements: ReadonlyArray<Settlement>, lease: { readonly id: string; readonly amount: Money.Money }): void {
    for (const { cost, id } of settlements) {
      this.#settlements.delete(id)
      this.#spent = Money.subtract(this.#spent, cost)
    }
    this.ids.length = 0
    if (lease.amount > 0n) this.ids.push(lease.id)
    this.amount = lease.amount
    this.isCertain = true
  }
}
