/**
 * A budget as a guard of attempts: what an attempt may cost is reserved before it, and what it cost is settled after it.
 */
import { type Attempt, type AttemptGuard, Deadline } from "@holdfast/core"
import { Effect } from "effect"

import * as CostEvent from "../../CostEvent.ts"
import * as Money from "../../Money.ts"
import { type Settlement } from "../ledger/journal.ts"
import { type Service } from "../ledger/service.ts"
import { type LedgerUnavailable } from "../ledger/unavailable.ts"
import { AdmissionControl, type Admitted } from "./admission.ts"
import { alertsOf } from "./alerts.ts"
import { type Interval, type Refusal, type Rule, type WhenUnavailable } from "./options.ts"
import { chargeOf, settlementOf, soundUsage, subjectOf } from "./settlement.ts"
import { type Pricing, type WorstCase, worstCase } from "./worstCase.ts"
import { written } from "./written.ts"

export interface Options extends Pricing {
  /** Sets the reservations of this guard apart from those that other guards make for the same attempt. */
  readonly name: string
  readonly rules: ReadonlyArray<Rule>
  readonly ledger: Service
  /** The longest wait for room, in milliseconds. `undefined` where nothing waits. */
  readonly wait: number | undefined
  /** In milliseconds. */
  readonly lease: number
  readonly whenUnavailable: WhenUnavailable
  readonly unreported: (interval: Interval) => Money.Money
}

export const budgetGuard = (options: Options): AttemptGuard.AttemptGuard<Refusal> => {
  const admissions = new AdmissionControl(options)
  return {
    name: options.rules.length === 0 ? "Budget.record" : "Budget.enforce",
    reserve: (start) =>
      Effect.withFiber((fiber) => {
        const deadline = fiber.getRef(Deadline.CurrentDeadline)
        return Effect.flatMap(worstCase(options, start), (worst) => {
          const id = `${start.id}/${options.name}`
          const reservation = { id, subject: subjectOf(start), worst: worst.cost }
          const assumedOutputTokens = worst.maxOutputTokens === undefined ? worst.estimate.output : undefined
          const admitted = Effect.flatMap(admissions.admit({ start, reservation, assumedOutputTokens }), (admission) =>
            Effect.as(
              told({ _tag: "AttemptReserved", attempt: start.id, callId: start.callId, worst: worst.cost }),
              reservationOf(options, start, { reservation, worst, admission, deadline }),
            ),
          )
          return worst.estimate.doubts.length === 0 ? admitted : Effect.andThen(doubt(start, worst), admitted)
        })
      }),
  }
}

const reservationOf = (
  options: Options,
  { callId, id }: Attempt.AttemptStart,
  reserved: Reserved,
): AttemptGuard.Reservation => ({
  settle: (attempt) => settle(options, attempt, reserved),
  release: Effect.suspend(() =>
    Effect.andThen(
      told({ _tag: "AttemptReleased", attempt: id, callId }),
      written(
        options.ledger,
        persistent(id, options.ledger.release(reserved.reservation.id), () => Effect.void),
        reserved.deadline,
      ),
    ),
  ),
})

const told = (event: CostEvent.Event): Effect.Effect<void> => CostEvent.emit(() => event)

/** What is known of an attempt that was let in. */
interface Reserved {
  readonly reservation: Pick<Settlement, "id" | "subject">
  readonly worst: WorstCase
  readonly admission: Admitted
  /** Of the call. Who closes a stream has another one. */
  readonly deadline: Deadline.Deadline | undefined
}

const doubt = ({ id, model, provider }: Attempt.AttemptStart, { estimate: { doubts } }: WorstCase) =>
  CostEvent.emit(() => ({ _tag: "BoundDoubtful", attempt: id, provider, model, doubts }))

const settle = (options: Options, attempt: Attempt.Attempt, reserved: Reserved): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { ledger } = options
    const charge = chargeOf(attempt, reserved.worst)
    const settlement = chargeable(settlementOf(attempt, reserved, charge), options, reserved.admission)
    const { basis, cost } = settlement
    const { callId, id, model, provider } = attempt
    const charged = CostEvent.emit(() => ({
      _tag: "AttemptCharged",
      attempt: id,
      callId,
      provider,
      model,
      charge: { ...charge, basis, cost },
    }))
    const settled = persistent(id, ledger.settle(settlement), (movements) =>
      emitAll(alertsOf(movements, reserved.admission.claims)),
    )
    return Effect.andThen(
      charged,
      Effect.andThen(
        written(ledger, settled, reserved.deadline),
        learn(options, attempt, { worst: reserved.worst, settlement }),
      ),
    )
  })

// What was not reported counts as the budget wants, and what was let in without a reservation is charged to its limits now.
const chargeable = (
  settlement: Settlement,
  { unreported }: Options,
  { claims: { claims }, isReserved }: Admitted,
): Settlement => {
  const isKnown = settlement.basis === "reported" || settlement.minimum === settlement.maximum
  if (isKnown && isReserved) return settlement
  return { ...settlement, ...(!isKnown && countedBy(unreported, settlement)), ...(!isReserved && { claims }) }
}

const countedBy = (
  unreported: Options["unreported"],
  { basis, cost: estimate, maximum, minimum }: Settlement,
): Pick<Settlement, "basis" | "cost"> => {
  const cost = Money.max(Money.zero, unreported({ minimum, estimate, maximum }))
  // What a lost connection may have cost is an estimate as soon as it is counted.
  return { cost, basis: basis === "unbilled" && cost > 0n ? "estimated" : basis }
}

const learn = (
  { estimator }: Options,
  { id, model, provider, usage }: Attempt.Attempt,
  {
    settlement: { basis, cost },
    worst: { cost: bound, estimate },
  }: { readonly worst: WorstCase; readonly settlement: Settlement },
): Effect.Effect<void> => {
  const sound = soundUsage(usage)
  const learned = sound === undefined ? Effect.void : estimator.learn(estimate, sound)
  if (cost <= bound || basis === "unpriced") return learned
  const exceeded = { _tag: "BoundExceeded", attempt: id, provider, model, bound, cost } as const
  return Effect.andThen(
    learned,
    CostEvent.emit(() => exceeded),
  )
}

const emitAll = (events: ReadonlyArray<CostEvent.Event>): Effect.Effect<void> =>
  events.length === 0 ? Effect.void : Effect.forEach(events, (event) => CostEvent.emit(() => event), { discard: true })

/** Something that is tried until it is written. That the ledger failed is told, but not of each time. */
const persistent = <A>(
  attempt: string,
  self: Effect.Effect<A, LedgerUnavailable>,
  onWritten: (result: A) => Effect.Effect<void>,
): Effect.Effect<void, LedgerUnavailable> => {
  let isTold = false
  return Effect.matchEffect(self, {
    onSuccess: onWritten,
    onFailure: (error) => {
      const failure = Effect.fail(error)
      if (isTold) return failure
      isTold = true
      return Effect.andThen(
        CostEvent.emit(() => ({ _tag: "LedgerFailed", attempt, error })),
        failure,
      )
    },
  })
}
