/**
 * Whether the limits of budgets have room for an attempt, read from the ledger. Nothing is reserved by it.
 */
import { type Attempt } from "@holdfast/core"
import { Effect } from "effect"

import type * as Money from "../../Money.ts"
import { type Claim } from "../ledger/journal.ts"
import { type Service } from "../ledger/service.ts"
import { excessOf, nothing, type Total } from "../ledger/state.ts"
import { Claims } from "./claims.ts"
import { type Rule } from "./options.ts"

interface Read {
  readonly since: number
  /** Until when it is used again. */
  readonly until: number
  readonly total: Total
}

/** Each tenant has accounts of its own; of more than these the oldest is forgotten. */
const maxAccounts = 1_000

export class Headroom {
  readonly #rules: ReadonlyArray<Rule>
  readonly #ledger: Service
  /** In milliseconds. */
  readonly #remember: number
  readonly #reads = new Map<string, Read>()
  /** By model: attempts of one model mostly have the claims of the one before. */
  readonly #claims = new Map<string, Claims>()

  constructor(rules: ReadonlyArray<Rule>, ledger: Service, remember: number) {
    this.#rules = rules
    this.#ledger = ledger
    this.#remember = remember
  }

  // A ledger that cannot be read refuses nothing here: what happens then is said by the budget that is enforced.
  hasRoomFor(start: Attempt.AttemptStart, worst: Money.Money): Effect.Effect<boolean> {
    const { claims } = this.#claimsOf(start).for(start, start.startedAt)
    return Effect.forEach(claims, (claim) => this.#total(claim, start.startedAt)).pipe(
      Effect.map((totals) => {
        const byAccount = new Map(claims.map(({ account }, index) => [account, totals[index]]))
        return excessOf(claims, worst, ({ account }) => byAccount.get(account) ?? nothing) === undefined
      }),
      Effect.orElseSucceed(() => true),
    )
  }

  #claimsOf({ model, provider }: Attempt.AttemptStart): Claims {
    const key = `${provider}\n${model}`
    const known = this.#claims.get(key) ?? new Claims(this.#rules)
    this.#claims.set(key, known)
    return known
  }

  #total(claim: Claim, now: number) {
    const known = this.#reads.get(claim.account)
    if (known?.since === claim.since && now < known.until) return Effect.succeed(known.total)
    const read = this.#ledger.total(claim)
    if (this.#remember === 0) return read
    return Effect.tap(read, (total) =>
      Effect.sync(() => {
        this.#reads.delete(claim.account)
        this.#reads.set(claim.account, { since: claim.since, until: now + this.#remember, total })
        if (this.#reads.size <= maxAccounts) return
        const [oldest] = this.#reads.keys()
        if (oldest !== undefined) this.#reads.delete(oldest)
      }),
    )
  }
}
