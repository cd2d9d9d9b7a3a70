/**
 * What the attempts of one item cost, heard from the events of its calls.
 */
import { type Attempt, type Event } from "@holdfast/core"
import { Charge, Money, type PriceBook } from "@holdfast/cost"

/**
 * What an item used and cost, all its attempts together.
 *
 * @since 0.1.0
 * @category models
 */
export interface Bill {
  readonly attempts: number
  /** By class, as prices have them: `input`, `cacheRead`, `output` and so on. */
  readonly tokens: Readonly<Record<string, number>>
  readonly cost: Money.Money
  /** Whether all of it is by usage that the provider reported. */
  readonly exact: boolean
}

/** An attempt that is over, and what a budget says that it cost, where there is one. */
interface Metered {
  attempt: Attempt.Attempt | undefined
  charge: Charge.Charge | undefined
}

/**
 * Hears what attempts cost. What a budget tells of one goes first, as it is what its ledger holds; budgets that are piped apart tell of
 * the same attempt once each. Attempts without a budget are priced by the book; without one they are not heard of.
 */
export class Meter {
  readonly #book: PriceBook.Book | undefined
  readonly #attempts = new Map<string, Metered>()

  constructor(book?: PriceBook.Book) {
    this.#book = book
  }

  readonly sink: Event.Sink = (event) => {
    if (event._tag === "AttemptEnded") {
      if (this.#book !== undefined) this.#of(event.id).attempt = event
    } else if (event._tag === "AttemptCharged") {
      const metered = this.#of(event.attempt)
      if (metered.charge === undefined || event.charge.cost > metered.charge.cost) metered.charge = event.charge
    }
  }

  get bill(): Bill {
    const tokens: Record<string, number> = {}
    let cost = Money.zero
    let exact = true
    for (const { attempt, charge: told } of this.#attempts.values()) {
      const charge = told ?? priced(attempt, this.#book)
      if (charge === undefined) continue
      cost = Money.add(cost, charge.cost)
      exact &&= charge.basis === "reported" || charge.basis === "unbilled"
      for (const name in charge.tokens) tokens[name] = (tokens[name] ?? 0) + (charge.tokens[name] ?? 0)
    }
    return { attempts: this.#attempts.size, tokens, cost, exact }
  }

  #of(id: string): Metered {
    const known = this.#attempts.get(id)
    if (known !== undefined) return known
    const metered: Metered = { attempt: undefined, charge: undefined }
    this.#attempts.set(id, metered)
    return metered
  }
}

const priced = (attempt: Attempt.Attempt | undefined, book: PriceBook.Book | undefined): Charge.Charge | undefined =>
  attempt === undefined || book === undefined ? undefined : Charge.of(attempt, book)
