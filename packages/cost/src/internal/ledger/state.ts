/**
 * What a ledger decides: what is held for a reservation and an entry of the journal in, what changes out.
 *
 * Plain data, without a clock or an effect. A ledger in memory, one in a database and the tests' model all fold their
 * journals with it. Every entry is idempotent, and those of different reservations commute, so totals do not depend on the
 * order in which attempts end.
 */
import * as Money from "../../Money.ts"
import { type Claim } from "./journal.ts"

/**
 * What an account holds. `spent` are real costs; `reserved` the worst cases of attempts that are under way; `uncertain` the
 * worst cases of attempts that ended in an unknown way.
 *
 * @since 0.1.0
 * @category models
 */
export interface Total {
  readonly spent: Money.Money
  readonly reserved: Money.Money
  readonly uncertain: Money.Money
}

/**
 * What the account of a claim had spent before a settlement and after it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Movement {
  readonly claim: Claim
  readonly before: Money.Money
  readonly after: Money.Money
}

export const nothing: Total = { spent: Money.zero, reserved: Money.zero, uncertain: Money.zero }

/** What is known of one reservation. */
export type Hold =
  | { readonly _tag: "Reserved"; readonly worst: Money.Money }
  | { readonly _tag: "Expired"; readonly worst: Money.Money }
  | { readonly _tag: "Released" }
  | { readonly _tag: "Settled"; readonly cost: Money.Money }

export type Event =
  | { readonly _tag: "Reserved"; readonly worst: Money.Money }
  | { readonly _tag: "Settled"; readonly cost: Money.Money }
  | { readonly _tag: "Released" }
  | { readonly _tag: "Expired" }

export interface Change {
  readonly hold: Hold
  /** To be added to the bucket of every claim. */
  readonly delta: Total
}

/** What an event changes. `undefined` where it was known already, or came too late to say anything. */
export const apply = (hold: Hold | undefined, event: Event): Change | undefined => {
  switch (event._tag) {
    case "Reserved":
      return hold === undefined ? { hold: event, delta: { ...nothing, reserved: event.worst } } : undefined
    case "Settled":
      // Also after a release or when a lease is over: what was paid is paid.
      return hold?._tag === "Settled" ? undefined : { hold: event, delta: freed(hold, event.cost) }
    case "Released":
      return hold === undefined || isOpen(hold) ? { hold: event, delta: freed(hold, Money.zero) } : undefined
    case "Expired":
      return hold?._tag === "Reserved"
        ? {
            hold: { _tag: "Expired", worst: hold.worst },
            delta: { spent: Money.zero, reserved: negative(hold.worst), uncertain: hold.worst },
          }
        : undefined
  }
}

/** Whether it still counts with its worst case. */
export const isOpen = (hold: Hold): hold is Extract<Hold, { readonly worst: Money.Money }> =>
  hold._tag === "Reserved" || hold._tag === "Expired"

const freed = (hold: Hold | undefined, spent: Money.Money): Total => ({
  spent,
  reserved: hold?._tag === "Reserved" ? negative(hold.worst) : Money.zero,
  uncertain: hold?._tag === "Expired" ? negative(hold.worst) : Money.zero,
})

export const plus = (one: Total, other: Total): Total => ({
  spent: added(one.spent, other.spent),
  reserved: added(one.reserved, other.reserved),
  uncertain: added(one.uncertain, other.uncertain),
})

// Most amounts are nothing, and a sum of large integers is a new one.
const added = (one: Money.Money, other: Money.Money): Money.Money => {
  if (other === 0n) return one
  return one === 0n ? other : Money.fromPicodollars(one + other)
}

const negative = (amount: Money.Money): Money.Money => Money.subtract(Money.zero, amount)

/** A claim that a reservation does not fit under. */
export interface Excess {
  readonly claim: Claim
  readonly total: Total
  /** Whether it may fit when what is under way turns out cheaper than its worst case. */
  readonly mayFit: boolean
}

/**
 * Whether a reservation fits under all of its limits: all or nothing. Of several that it does not fit under, one under
 * which it never will is reported first.
 */
export const excessOf = (
  claims: ReadonlyArray<Claim>,
  worst: Money.Money,
  totalOf: (claim: Claim) => Total,
): Excess | undefined => {
  let found: Excess | undefined
  for (const claim of claims) {
    const total = totalOf(claim)
    const certain = added(added(total.spent, total.uncertain), worst)
    if (added(certain, total.reserved) <= claim.limit) continue
    if (certain > claim.limit) return { claim, total, mayFit: false }
    found ??= { claim, total, mayFit: true }
  }
  return found
}

/** Whether a clock was set back too far to be believed. A journal's own time is never set back. */
export const steppedBack = (latest: number, now: number, tolerance: number): boolean => now < latest - tolerance

/** What is known of the time. */
export interface Time {
  /** The latest time of the journal. */
  readonly latest: number
  /** What the clock showed when it was first found to be set back, `undefined` while it is not. */
  readonly doubt: number | undefined
}

/** How far a clock has to go on before it is believed against a journal that is ahead of it. Milliseconds. */
const conviction = 60_000

/**
 * The time after a reading of the clock. One entry by a clock that was ahead must not stop everything until that time comes, so
 * a clock that stays set back and goes on from there is believed after a minute.
 */
export const timeAt = ({ doubt, latest }: Time, now: number, tolerance: number): Time => {
  if (!steppedBack(latest, now, tolerance)) return { latest: Math.max(latest, now), doubt: undefined }
  if (doubt === undefined || now < doubt) return { latest, doubt: now }
  return now - doubt >= conviction ? { latest: now, doubt: undefined } : { latest, doubt }
}
