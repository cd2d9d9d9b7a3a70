/**
 * What a ledger decides: what is held for a reservation and an entry of the journal in, what changes out.
 *
 * Plain data, without a clock or an effect. A ledger in memory, one in a database and the tests' model all fold their
 * journals with it. Every entry is idempotent, and those of different reservations commute, so totals do not depend on the
 * order in which attempts end.
 */

/** A limit that a reservation must fit under, and where it is counted. */
export interface Claim {
  /** What is counted together: a budget's window for one tenant, say. */
  readonly account: string
  /** Which part of the account is charged: the beginning of a span of time, in Unix milliseconds. */
  readonly bucket: number
  /** The limit holds for all buckets from this one on. */
  readonly since: number
  /** When the bucket counts no more. */
  readonly until: number
  /** In picodollars. */
  readonly limit: bigint
}

/** What an account holds, in picodollars. */
export interface Total {
  /** Real costs. */
  readonly spent: bigint
  /** Worst cases of attempts that are under way. */
  readonly reserved: bigint
  /** Worst cases of attempts of which nobody knows how they ended. */
  readonly uncertain: bigint
}

export const nothing: Total = { spent: 0n, reserved: 0n, uncertain: 0n }

/** What is known of one reservation. */
export type Hold =
  | { readonly _tag: "Reserved"; readonly worst: bigint }
  | { readonly _tag: "Expired"; readonly worst: bigint }
  | { readonly _tag: "Released" }
  | { readonly _tag: "Settled"; readonly cost: bigint }

export type Event =
  | { readonly _tag: "Reserved"; readonly worst: bigint }
  | { readonly _tag: "Settled"; readonly cost: bigint }
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
      return hold === undefined
        ? { hold: event, delta: { spent: 0n, reserved: event.worst, uncertain: 0n } }
        : undefined
    case "Settled":
      // Also after a release or when a lease is over: what was paid is paid.
      return hold?._tag === "Settled" ? undefined : { hold: event, delta: freed(hold, event.cost) }
    case "Released":
      return hold === undefined || isOpen(hold) ? { hold: event, delta: freed(hold, 0n) } : undefined
    case "Expired":
      return hold?._tag === "Reserved"
        ? {
            hold: { _tag: "Expired", worst: hold.worst },
            delta: { spent: 0n, reserved: -hold.worst, uncertain: hold.worst },
          }
        : undefined
  }
}

/** Whether it still counts with its worst case. */
export const isOpen = (hold: Hold): hold is Extract<Hold, { readonly worst: bigint }> =>
  hold._tag === "Reserved" || hold._tag === "Expired"

const freed = (hold: Hold | undefined, spent: bigint): Total => ({
  spent,
  reserved: hold?._tag === "Reserved" ? -hold.worst : 0n,
  uncertain: hold?._tag === "Expired" ? -hold.worst : 0n,
})

export const plus = (one: Total, other: Total): Total => ({
  spent: added(one.spent, other.spent),
  reserved: added(one.reserved, other.reserved),
  uncertain: added(one.uncertain, other.uncertain),
})

// Most amounts are nothing, and a sum of large integers is a new one.
const added = (one: bigint, other: bigint): bigint => {
  if (other === 0n) return one
  return one === 0n ? other : one + other
}

/** A claim that a reservation does not fit under. */
export interface Excess {
  readonly claim: Claim
  readonly total: Total
  /** Whether it may fit when what is under way turns out cheaper than its worst case. */
  readonly mayFit: boolean
}

/**
 * Whether a reservation fits under all of its limits: all or nothing. Of several that it does not fit under, one under
 * which it never will is told first.
 */
export const excessOf = (
  claims: ReadonlyArray<Claim>,
  worst: bigint,
  totalOf: (claim: Claim) => Total,
): Excess | undefined => {
  let found: Excess | undefined
  for (const claim of claims) {
    const total = totalOf(claim)
    const certain = added(total.spent, total.uncertain) + worst
    if (added(certain, total.reserved) <= claim.limit) continue
    if (certain > claim.limit) return { claim, total, mayFit: false }
    found ??= { claim, total, mayFit: true }
  }
  return found
}

/** Whether a clock was set back too far to be believed. A journal's own time is never set back. */
export const steppedBack = (latest: number, now: number, tolerance: number): boolean => now < latest - tolerance
