/**
 * The metrics of what policies decide and of what changes beside the attempts.
 */
import { type Event } from "@holdfast/core"
import { type Money } from "@holdfast/cost"

import { tagOf } from "../trace/facts.ts"
import { type Instruments } from "./instruments.ts"
import { other, Table, Values } from "./labels.ts"

type Handlers = {
  readonly [Tag in Event.Event["_tag"]]?: (event: Extract<Event.Event, { readonly _tag: Tag }>) => void
}

/** Circuits and budgets of one application. */
const mostKeys = 500

const mostPolicies = 50

/** What is done with each event, by its tag. */
export const decisions = (
  { bigGauge, counter, gauge }: Instruments,
  sourceOf: (source: { readonly provider: string; readonly model: string }) => Readonly<Record<string, string>>,
): Handlers => {
  const [policies, errors] = [new Values(mostPolicies), new Values(mostPolicies)]
  const [circuits, budgets, dimensions] = [new Values(mostKeys), new Values(mostKeys), new Values(mostPolicies)]
  const bySource = (name: "holdfast.retries" | "holdfast.hedges" | "holdfast.fallbacks") => {
    const table = new Table((key) => counter(name, JSON.parse(key) as Record<string, string>))
    return (source: { readonly provider: string; readonly model: string }) =>
      table.get(JSON.stringify(sourceOf(source))).add(1)
  }
  const [retries, hedges, fallbacks] = [
    bySource("holdfast.retries"),
    bySource("holdfast.hedges"),
    bySource("holdfast.fallbacks"),
  ]
  const hits = counter("holdfast.cache.hits")
  const ledgerFailures = counter("holdfast.ledger.failures")
  const refusals = new Table((key) => {
    const [policy = "", error = ""] = key.split("\n")
    return counter("holdfast.refusals", { policy, "error.type": error })
  })
  const states = new Table((circuit) => gauge("holdfast.circuit.state", { circuit }))
  const changes = new Table((to) => counter("holdfast.circuit.changes", { to }))
  const tightened = new Table((dimension) => counter("holdfast.limit.tightened", { dimension }))
  const unavailable = new Table((policy) => gauge("holdfast.shared_state.unavailable", { policy }))
  const used = new Table((key) => {
    const [budget = "", window = ""] = key.split("\n")
    return gauge("holdfast.budget.used", { budget, window })
  })
  return {
    RetryScheduled: retries,
    HedgeStarted: ({ to }) => hedges(to),
    FallbackChosen: ({ to }) => fallbacks(to),
    CacheHit: () => hits.add(1),
    LedgerFailed: () => ledgerFailures.add(1),
    Refused: ({ error, policy }) => refusals.get(`${policies.of(policy)}\n${errors.of(tagOf(error))}`).add(1),
    CircuitChanged: ({ key, to }) => {
      changes.get(to).add(1)
      const circuit = circuits.of(key)
      // The state of many circuits at once would be that of none.
      if (circuit !== other) states.get(circuit).add(phases[to])
    },
    LimitTightened: ({ dimension }) => tightened.get(dimensions.of(dimension)).add(1),
    SharedStateUnavailable: ({ policy }) => unavailable.get(policies.of(policy)).add(1),
    SharedStateRecovered: ({ policy }) => unavailable.get(policies.of(policy)).add(0),
    ThresholdReached: ({ budget, limit, scope, spent, window }) => {
      if (scope === undefined) used.get(`${budgets.of(budget)}\n${window}`).add(share(spent, limit))
    },
    ...reservations({ bigGauge, gauge }),
  }
}

const phases = { closed: 0, ramping: 1, halfOpen: 1, open: 2 } as const

const share = (part: Money.Money, whole: Money.Money): number =>
  whole === 0n ? 1 : Number((part * 100_000n) / whole) / 100_000

/** What is reserved now. An attempt under several budgets has a reservation with each. */
const reservations = ({ bigGauge, gauge }: Pick<Instruments, "bigGauge" | "gauge">): Handlers => {
  const [open, reserved] = [gauge("holdfast.reservations.open"), bigGauge("holdfast.reserved.picodollars")]
  const byAttempt = new Map<string, Array<Money.Money>>()
  let [count, total] = [0, 0n]
  const told = () => {
    open.add(count)
    reserved.add(total)
  }
  const ended = ({ attempt }: { readonly attempt: string }) => {
    const own = byAttempt.get(attempt)
    const worst = own?.pop()
    if (worst === undefined) return
    if (own?.length === 0) byAttempt.delete(attempt)
    count--
    total -= worst
    told()
  }
  return {
    AttemptReserved: ({ attempt, worst }) => {
      const own = byAttempt.get(attempt)
      if (own === undefined) byAttempt.set(attempt, [worst])
      else own.push(worst)
      count++
      total += worst
      told()
    },
    AttemptReleased: ended,
    AttemptCharged: ended,
  }
}
