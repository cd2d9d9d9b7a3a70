/**
 * Many processes on one budget: each leases a slice of it, and spends from that without asking the database.
 *
 * A slice is a reservation like any other, so that all slices together never exceed a limit. It is exchanged in one
 * transaction: the old one is given back, the attempts that were paid from it are charged and written down, and what is under
 * way moves to the new one. That happens when a slice has no room left, every second while it is used, and when it is not
 * used any more. Where little is left, no more is leased than the next attempt needs, so that limits are used up to the end.
 */
import { type Clock, Deferred, Effect, Exit, Fiber } from "effect"

import * as Money from "../../Money.ts"
import { admitted, clockSteppedBack, exceeded, reservationOver } from "./admission.ts"
import { type Claim, type Reservation, type Settlement } from "./journal.ts"
import { type Admission } from "./service.ts"
import { Slice } from "./slice.ts"
import { type Exchange, type Exchanged } from "./sqlOperation.ts"
import { type Movement, plus, type Time, timeAt, type Total } from "./state.ts"
import { millisNow } from "./time.ts"
import { type LedgerUnavailable } from "./unavailable.ts"

interface Options {
  /** How much is leased at once. */
  readonly size: Money.Money
  /** How far the clock may be set back, in milliseconds. */
  readonly tolerance: number
  readonly clock: Clock.Clock
  readonly exchange: (operation: Exchange) => Effect.Effect<Exchanged, LedgerUnavailable>
}

/** How many settlements a slice keeps before they are written down, however much is left of it. */
const maxSettlements = 2_000

/** Of how many attempts it is remembered that they were released. */
const maxReleased = 10_000

interface Entry {
  readonly slice: Slice
  /** Attempts that come during an exchange wait for it. */
  exchanging: Deferred.Deferred<void> | undefined
  isRemoved: boolean
}

/** An attempt that an exchange is made for. */
interface Applicant {
  readonly reservation: Reservation
  /** Whether it was interrupted meanwhile. */
  isGone: boolean
}

interface Lease {
  readonly needed: Money.Money
  readonly wanted: Money.Money
  /** In milliseconds. That of the slice before if left out. */
  readonly duration?: number
}

export class Slices {
  readonly #options: Options
  #time: Time = { latest: 0, doubt: undefined }
  /** Mostly an attempt has the very claims of the one before. */
  #last: { readonly claims: ReadonlyArray<Claim>; readonly entry: Entry } | undefined
  readonly #entries = new Map<string, Entry>()
  /** The slices that attempts under way, or not yet written down, were paid from. */
  readonly #byAttempt = new Map<string, Entry>()
  readonly #released = new Map<string, Reservation>()
  /** What settlements moved in the accounts, until an attempt under the same claims ends. */
  readonly #movements = new Map<string, Array<Movement>>()

  constructor(options: Options) {
    this.#options = options
  }

  reserve(reservation: Reservation): Effect.Effect<Admission, LedgerUnavailable> {
    return Effect.suspend(() => {
      const { id, worst } = reservation
      const now = millisNow(this.#options.clock)
      this.#time = timeAt(this.#time, now, this.#options.tolerance)
      if (this.#time.doubt !== undefined) return clockSteppedBack
      if (this.#released.has(id)) return reservationOver
      const known = this.#byAttempt.get(id)
      if (known !== undefined) return known.slice.open.has(id) ? admitted : reservationOver
      const entry = this.#entry(reservation.claims)
      const { slice } = entry
      if (entry.exchanging !== undefined) {
        return Effect.andThen(Effect.interruptible(Deferred.await(entry.exchanging)), this.reserve(reservation))
      }
      if (slice.expiresAt > now && slice.settlements.size < maxSettlements && slice.hasRoomFor(worst)) {
        this.#hold(entry, reservation)
        return admitted
      }
      return this.#leased(entry, reservation, now)
    })
  }

  /** `undefined` for an attempt that was not paid from a slice. */
  settle(settlement: Settlement): ReadonlyArray<Movement> | undefined {
    const entry = this.#byAttempt.get(settlement.id)
    if (entry === undefined) return undefined
    if (!entry.slice.open.has(settlement.id)) return []
    entry.slice.settle(settlement)
    const key = keyOf(entry.slice.claims)
    const movements = this.#movements.get(key) ?? []
    this.#movements.delete(key)
    return movements
  }

  /** Whether the attempt was paid from a slice. */
  release(id: string): boolean {
    const reservation = this.#byAttempt.get(id)?.slice.release(id)
    if (reservation === undefined) return this.#byAttempt.has(id)
    this.#byAttempt.delete(id)
    this.#released.set(id, reservation)
    if (this.#released.size > maxReleased) {
      const [oldest] = this.#released.keys()
      if (oldest !== undefined) this.#released.delete(oldest)
    }
    return true
  }

  /** The settlement with the claims of its attempt, if that was released before. */
  withClaims(settlement: Settlement): Settlement {
    const claims = this.#released.get(settlement.id)?.claims
    return claims === undefined ? settlement : { ...settlement, claims }
  }

  /** What the slices of this process add to the total that the database knows: what was spent, in place of what was leased. */
  correct(total: Total, { account, since }: Pick<Claim, "account" | "since">): Total {
    let sum = total
    for (const { slice } of this.#entries.values()) {
      if (!slice.claims.some((claim) => claim.account === account && claim.bucket >= since)) continue
      const reserved = Money.subtract(slice.reserved, slice.amount)
      sum = plus(sum, { spent: slice.spent, reserved, uncertain: Money.zero })
    }
    return sum
  }

  /** The attempts that are under way, and the ids of the slices that stand for them in the database. */
  get open(): { readonly reservations: ReadonlyArray<Reservation>; readonly slices: ReadonlySet<string> } {
    const slices = [...this.#entries.values()].map(({ slice }) => slice)
    return {
      reservations: slices.flatMap(({ open }) => [...open.values()]),
      slices: new Set(slices.flatMap(({ ids }) => ids)),
    }
  }

  /** Writes down what was spent, and gives back the slices that were not used since the last time. */
  get sweep(): Effect.Effect<void> {
    return this.#exchangeAll((slice) => {
      const wasActive = slice.isActive
      slice.isActive = false
      return wasActive ? this.#options.size : Money.zero
    })
  }

  /** Writes down what was spent. */
  get flush(): Effect.Effect<void> {
    return this.#exchangeAll((slice) => (slice.settlements.size > 0 ? this.#options.size : undefined))
  }

  /** Gives everything back. What is under way stays reserved until its lease is over. */
  get close(): Effect.Effect<void> {
    return this.#exchangeAll(() => Money.zero)
  }

  #exchangeAll(wanted: (slice: Slice) => Money.Money | undefined): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.forEach([...this.#entries.values()], (entry) => this.#exchangeFor(entry, wanted), {
        concurrency: "unbounded",
        discard: true,
      }),
    )
  }

  #exchangeFor(entry: Entry, wanted: (slice: Slice) => Money.Money | undefined): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { exchanging, slice } = entry
      if (exchanging !== undefined) {
        return Effect.andThen(Deferred.await(exchanging), this.#exchangeFor(entry, wanted))
      }
      const amount = wanted(slice)
      if (amount === undefined || entry.isRemoved) return Effect.void
      if (!slice.isAsWanted(amount)) {
        return Effect.ignore(this.#exchange(entry, { needed: Money.zero, wanted: amount }))
      }
      if (slice.isEmpty) this.#remove(entry)
      return Effect.void
    })
  }

  /** Reserves in the slice that comes of an exchange, which goes on also when the attempt is interrupted. */
  #leased(entry: Entry, reservation: Reservation, now: number): Effect.Effect<Admission, LedgerUnavailable> {
    const { size } = this.#options
    const lease: Lease = { needed: reservation.worst, wanted: size, duration: reservation.expiresAt - now }
    const applicant: Applicant = { reservation, isGone: false }
    const leaving = Effect.sync(() => {
      applicant.isGone = true
      this.release(reservation.id)
    })
    const exchanged = Effect.flatMap(
      Effect.forkDetach(this.#exchange(entry, lease, applicant), { startImmediately: true }),
      (fiber) => Effect.onInterrupt(Effect.interruptible(Fiber.join(fiber)), () => leaving),
    )
    return Effect.flatMap(exchanged, ({ refusal }) => {
      if (refusal === undefined) return admitted
      return refusal === "steppedBack" ? clockSteppedBack : Effect.succeed(exceeded(refusal))
    })
  }

  #exchange(entry: Entry, lease: Lease, applicant?: Applicant): Effect.Effect<Exchanged, LedgerUnavailable> {
    return Effect.suspend(() => {
      const { slice } = entry
      const operation = this.#operation(slice, lease)
      const done = Deferred.makeUnsafe<void>()
      entry.exchanging = done
      slice.ids.push(operation.slice.id)
      slice.isCertain = false
      return Effect.onExit(Effect.uninterruptible(this.#options.exchange(operation)), (exit) =>
        Effect.sync(() => {
          if (Exit.isSuccess(exit)) this.#renewed(entry, operation, exit.value)
          if (Exit.isSuccess(exit) && exit.value.refusal === undefined && applicant?.isGone === false) {
            this.#hold(entry, applicant.reservation)
          }
          entry.exchanging = undefined
          if (slice.isEmpty) this.#remove(entry)
          Deferred.doneUnsafe(done, Effect.void)
        }),
      )
    })
  }

  #operation(slice: Slice, { duration = slice.lease, needed, wanted }: Lease): Exchange {
    const now = millisNow(this.#options.clock)
    slice.lease = duration
    const id = `slice/${crypto.randomUUID()}`
    const subject = { attempt: id, index: 1, provider: "ledger", model: "slice", tags: {} }
    return {
      _tag: "Exchange",
      release: [...slice.ids],
      settlements: [...slice.settlements.values()],
      slice: {
        id,
        subject,
        worst: slice.reserved,
        claims: slice.claims,
        expiresAt: Math.min(now + duration, Number.MAX_SAFE_INTEGER),
      },
      needed,
      wanted,
      now,
    }
  }

  #renewed(entry: Entry, { settlements, slice: { expiresAt, id } }: Exchange, { amount, movements }: Exchanged): void {
    const { slice } = entry
    slice.renew(settlements, { id, amount })
    slice.expiresAt = expiresAt
    for (const settlement of settlements) this.#byAttempt.delete(settlement.id)
    if (movements.length === 0) return
    const key = keyOf(slice.claims)
    this.#movements.set(key, [...(this.#movements.get(key) ?? []), ...movements])
  }

  #hold(entry: Entry, reservation: Reservation): void {
    entry.slice.reserve(reservation)
    this.#byAttempt.set(reservation.id, entry)
  }

  #entry(claims: ReadonlyArray<Claim>): Entry {
    const last = this.#last
    if (last?.claims === claims && !last.entry.isRemoved) return last.entry
    const key = keyOf(claims)
    const entry = this.#entries.get(key) ?? { slice: new Slice(claims), exchanging: undefined, isRemoved: false }
    this.#entries.set(key, entry)
    this.#last = { claims, entry }
    return entry
  }

  #remove(entry: Entry): void {
    entry.isRemoved = true
    this.#entries.delete(keyOf(entry.slice.claims))
  }
}

const keyOf = (claims: ReadonlyArray<Claim>): string =>
  claims.map(({ account, bucket, limit, since }) => `${bucket} ${since} ${limit} ${account}`).join("\n")
