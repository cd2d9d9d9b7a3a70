/**
 * What the attempts of one item cost, heard from the events of its calls.
 */
import { type Event } from "@holdfast/core"
import { type CostEvent, Money } from "@holdfast/cost"

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

/** Budgets that are piped apart tell of the same attempt once each. */
export class Meter {
  private readonly charges = new Map<string, CostEvent.AttemptCharged["charge"]>()

  readonly sink: Event.Sink = (event) => {
    if (event._tag !== "AttemptCharged") return
    const known = this.charges.get(event.attempt)
    if (known === undefined || event.charge.cost > known.cost) this.charges.set(event.attempt, event.charge)
  }

  get bill(): Bill {
    const tokens: Record<string, number> = {}
    let cost = Money.zero
    let exact = true
    for (const charge of this.charges.values()) {
      cost = Money.add(cost, charge.cost)
      exact &&= charge.basis === "reported" || charge.basis === "unbilled"
      for (const [name, count] of Object.entries(charge.tokens)) tokens[name] = (tokens[name] ?? 0) + count
    }
    return { attempts: this.charges.size, tokens, cost, exact }
  }
}
