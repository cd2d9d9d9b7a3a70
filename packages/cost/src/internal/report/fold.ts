/**
 * Adds up the journal of a ledger.
 */
import * as Money from "../../Money.ts"
import { type Claim, type Entry, type Settlement } from "../ledger/journal.ts"
import { storageClass } from "../storage/class.ts"

/** What was summed. */
export interface Sum {
  attempts: number
  completed: number
  failed: number
  interrupted: number
  abandoned: number
  repeated: number
  unpriced: number
  readonly tokens: Record<string, number>
  cost: Money.Money
  minimum: Money.Money
  maximum: Money.Money
  failures: Money.Money
  repetitions: Money.Money
  saved: Money.Money
}

export type Group = "day" | "model" | "provider" | "tag" | "tenant"

interface Seen {
  readonly claim: Claim
  readonly at: number
}

export class Fold {
  readonly all = emptySum()
  readonly today = emptySum()
  readonly groups: Readonly<Record<Group, Map<string, Sum>>> = {
    day: new Map(),
    model: new Map(),
    provider: new Map(),
    tag: new Map(),
    tenant: new Map(),
  }
  /** The last claim on each account. */
  readonly claims = new Map<string, Seen>()
  readonly #dayOf: (at: number) => string
  readonly #today: string
  // Several budgets may have settled one attempt.
  readonly #attempts = new Set<string>()

  constructor(dayOf: (at: number) => string, today: string) {
    this.#dayOf = dayOf
    this.#today = today
  }

  readonly add = (entry: Entry): void => {
    if (entry._tag === "Reserved") {
      for (const claim of entry.reservation.claims) this.claims.set(claim.account, { claim, at: entry.at })
    } else if (entry._tag === "Settled") this.#settled(entry.settlement, this.#dayOf(entry.at))
  }

  #settled(settlement: Settlement, day: string): void {
    const { attempt, model, provider, tags, tenant } = settlement.subject
    if (this.#attempts.has(attempt)) return
    this.#attempts.add(attempt)
    count(this.all, settlement)
    if (day === this.#today) count(this.today, settlement)
    count(this.#sum("day", day), settlement)
    count(this.#sum("model", `${provider}/${model}`), settlement)
    count(this.#sum("provider", provider), settlement)
    count(this.#sum("tenant", tenant ?? ""), settlement)
    for (const name in tags) count(this.#sum("tag", `${name}=${tags[name]}`), settlement)
  }

  #sum(group: Group, key: string): Sum {
    const known = this.groups[group].get(key)
    if (known !== undefined) return known
    const sum = emptySum()
    this.groups[group].set(key, sum)
    return sum
  }
}

const emptySum = (): Sum => ({
  attempts: 0,
  completed: 0,
  failed: 0,
  interrupted: 0,
  abandoned: 0,
  repeated: 0,
  unpriced: 0,
  tokens: {},
  cost: Money.zero,
  minimum: Money.zero,
  maximum: Money.zero,
  failures: Money.zero,
  repetitions: Money.zero,
  saved: Money.zero,
})

const counters = {
  Completed: "completed",
  Failed: "failed",
  Interrupted: "interrupted",
  Abandoned: "abandoned",
} as const

const count = (sum: Sum, { basis, cost, maximum, minimum, outcome, saved, subject, tokens }: Settlement): void => {
  // What was stored was no attempt.
  if (!(storageClass in tokens)) {
    sum.attempts++
    sum[counters[outcome]]++
  }
  if (basis === "unpriced") sum.unpriced++
  for (const name in tokens) sum.tokens[name] = (sum.tokens[name] ?? 0) + (tokens[name] ?? 0)
  sum.cost = Money.add(sum.cost, cost)
  sum.minimum = Money.add(sum.minimum, minimum)
  sum.maximum = Money.add(sum.maximum, maximum)
  sum.saved = Money.add(sum.saved, saved)
  if (outcome !== "Completed") sum.failures = Money.add(sum.failures, cost)
  if (subject.index > 1) {
    sum.repeated++
    sum.repetitions = Money.add(sum.repetitions, cost)
  }
}
