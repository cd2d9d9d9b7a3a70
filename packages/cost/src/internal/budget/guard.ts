/**
 * A budget as a guard of attempts: what an attempt may cost is reserved before it, and what it cost is settled after it.
 */
import { type Attempt, type AttemptGuard } from "@holdfast/core"
import { Effect, type Scope } from "effect"

import * as CostEvent from "../../CostEvent.ts"
import * as Money from "../../Money.ts"
import { type Settlement } from "../ledger/journal.ts"
import { type Service } from "../ledger/service.ts"
import { type Movement } from "../ledger/state.ts"
import { type LedgerUnavailable } from "../ledger/unavailable.ts"
import { untilWritten } from "../ledger/untilWritten.ts"
import { AdmissionControl, type Admitted } from "./admission.ts"
import { alertsOf } from "./alerts.ts"
import { type Interval, type Refusal, type Rule, type WhenUnavailable } from "./options.ts"
import { chargeOf, settlementOf, soundUsage, subjectOf } from "./settlement.ts"
import { type Pricing, type WorstCase, worstCase } from "./worstCase.ts"

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
  /** Of the layer. What has to be tried again goes on until it closes. */
  readonly scope: Scope.Scope
}

export const budgetGuard = (options: Options): AttemptGuard.AttemptGuard<Refusal> => {
  const admissions = new AdmissionControl(options)
  return {
    reserve: (start) =>
      Effect.flatMap(worstCase(options, start), (worst) => {
        const id = `${start.id}/${options.name}`
        const reservation = { id, subject: subjectOf(start), worst: worst.cost }
        const assumedOutputTokens = worst.maxOutputTokens === undefined ? worst.estimate.output : undefined
        const admitted = Effect.flatMap(admissions.admit({ start, reservation, assumedOutputTokens }), (admission) =>
          Effect.as(
            told({ _tag: "AttemptReserved", attempt: start.id, callId: start.callId, worst: worst.cost }),
            reservationOf(options, start, { reservation, worst, admission }),
          ),
        )
        return worst.estimate.doubts.length === 0 ? admitted : Effect.andThen(doubt(start, worst), admitted)
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
      release(options, id, reserved.reservation.id),
    ),
  ),
})

const told = (event: CostEvent.Event): Effect.Effect<void> => CostEvent.emit(() => event)

/** What is known of an attempt that was let in. */
interface Reserved {
  readonly reservation: Pick<Settlement, "id" | "subject">
  readonly worst: WorstCase
  readonly admission: Admitted
}

const doubt = ({ id, model, provider }: Attempt.AttemptStart, { estimate: { doubts } }: WorstCase) =>
  CostEvent.emit(() => ({ _tag: "BoundDoubtful", attempt: id, provider, model, doubts }))

const release = (options: Options, attempt: string, id: string): Effect.Effect<void> =>
  Effect.catch(options.ledger.release(id), (error) => later(options, { attempt, error }, options.ledger.release(id)))

const settle = (options: Options, attempt: Attempt.Attempt, reserved: Reserved): Effect.Effect<void> =>
  Effect.suspend(() => {
    const charge = chargeOf(attempt, reserved.worst)
    const settlement = chargeable(settlementOf(attempt, reserved, charge), options, reserved.admission)
    const { callId, id, model, provider } = attempt
    const charged = CostEvent.emit(() => ({
      _tag: "AttemptCharged",
      attempt: id,
      callId,
      provider,
      model,
      charge: { ...charge, cost: settlement.cost },
    }))
    const settled = options.ledger.settle(settlement)
    const alerted = (movements: ReadonlyArray<Movement>) => emitAll(alertsOf(movements, reserved.admission.claims))
    const written = Effect.matchEffect(settled, {
      onSuccess: alerted,
      onFailure: (error) => later(options, { attempt: id, error }, Effect.flatMap(settled, alerted)),
    })
    return Effect.andThen(
      charged,
      Effect.andThen(written, learn(options, attempt, { worst: reserved.worst, settlement })),
    )
  })

// What was not reported counts as the budget wants, and what was let in without a reservation is charged to its limits now.
const chargeable = (
  settlement: Settlement,
  { unreported }: Options,
  { claims: { claims }, isReserved }: Admitted,
): Settlement => {
  if (settlement.basis !== "estimated" && isReserved) return settlement
  const { basis, cost, maximum, minimum } = settlement
  return {
    ...settlement,
    ...(basis === "estimated" && { cost: Money.max(Money.zero, unreported({ minimum, estimate: cost, maximum })) }),
    ...(!isReserved && { claims }),
  }
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

// The call is over and must not wait for a database that fails, but its cost must get there.
const later = (
  { scope }: Options,
  failed: Omit<CostEvent.LedgerFailed, "_tag">,
  self: Effect.Effect<unknown, LedgerUnavailable>,
): Effect.Effect<void> =>
  Effect.andThen(
    CostEvent.emit(() => ({ _tag: "LedgerFailed", ...failed })),
    Effect.asVoid(Effect.forkIn(Effect.interruptible(Effect.retry(self, untilWritten)), scope)),
  )
