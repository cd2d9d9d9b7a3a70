/**
 * A budget as a guard of attempts.
 *
 * Attempts reserve uninterruptibly; only waiting can be interrupted, when nothing is reserved yet.
 */
import { type Attempt, type AttemptGuard, PolicyError } from "@holdfast/core"
import { type Clock, Deferred, Duration, Effect, Option, Schedule, type Scope } from "effect"

import * as CostEvent from "../../CostEvent.ts"
import { type Estimator } from "../../Estimate.ts"
import * as Money from "../../Money.ts"
import * as Price from "../../Price.ts"
import * as PriceBook from "../../PriceBook.ts"
import { type Settlement } from "../ledger/journal.ts"
import { type Admission, type Service } from "../ledger/service.ts"
import { type Movement } from "../ledger/state.ts"
import { type LedgerUnavailable } from "../ledger/unavailable.ts"
import { type Claimed, type ClaimedTogether, Claims, resetsAt } from "./claims.ts"
import { type BudgetExceeded } from "./exceeded.ts"
import { reached, type Refusal, type Rule, type Settings } from "./options.ts"
import { Lines, type Waiter } from "./queue.ts"
import { type Reserved, settlementOf, subjectOf } from "./settlement.ts"
import { nameOf } from "./window.ts"

type Fields = ConstructorParameters<typeof BudgetExceeded>[0]

type Choice = "unreported" | "whenUnavailable" | "whenUnknown"

/** Settings with nothing left to choose. */
type Decided = Omit<Settings, Choice> & { readonly [Key in Choice]-?: NonNullable<Settings[Key]> }

export interface Parts {
  /** Sets the reservations of this guard apart from those that other guards make for the same attempt. */
  readonly name: string
  readonly rules: ReadonlyArray<Rule>
  readonly settings: Decided
  /** In milliseconds. */
  readonly lease: number
  readonly ledger: Service
  readonly book: PriceBook.Book
  readonly estimator: Estimator["Service"]
  /** Of the layer. What has to be tried again goes on until it closes. */
  readonly scope: Scope.Scope
  readonly refusal: (fields: Fields) => BudgetExceeded
}

interface Guarding extends Parts {
  readonly claims: Claims
  readonly lines: Lines
}

interface Asking {
  readonly start: Attempt.AttemptStart
  readonly reserved: Reserved
}

export const budgetGuard = (parts: Parts): AttemptGuard.AttemptGuard<Refusal> => {
  const guarding: Guarding = { ...parts, claims: new Claims(parts.rules), lines: new Lines() }
  return {
    reserve: (start) =>
      Effect.flatMap(worstCase(guarding, start), (reserved) =>
        Effect.map(admission(guarding, { start, reserved }), (claimed) => ({
          settle: (attempt) => settle(guarding, attempt, { reserved, claimed }),
          release: release(guarding, start.id, reserved.id),
        })),
      ),
  }
}

const release = (guarding: Guarding, attempt: string, id: string): Effect.Effect<void> =>
  Effect.catch(guarding.ledger.release(id), (error) => later(guarding, { attempt, error }, guarding.ledger.release(id)))

/** The price of the model that is about to be called, and what this attempt costs at most. */
const worstCase = (
  guarding: Guarding,
  start: Attempt.AttemptStart,
): Effect.Effect<Reserved, PriceBook.PriceUnknown> => {
  const found = guarding.book.find(start)
  if (Option.isSome(found)) return estimated(guarding, start, { _tag: "Known", price: found.value })
  const { model, provider } = start
  const unknown = PolicyError.withoutStack(() => new PriceBook.PriceUnknown({ provider, model }))
  return Effect.flatMap(guarding.settings.whenUnknown(unknown), (quote) => estimated(guarding, start, quote))
}

const estimated = (
  { book, estimator, name, settings }: Guarding,
  start: Attempt.AttemptStart,
  quote: PriceBook.Quote,
): Effect.Effect<Reserved> => {
  const { maxOutputTokens = start.maxOutputTokens, ...circumstances } = settings.request?.(start) ?? {}
  const { model, provider } = start
  const price = quote._tag === "Unmetered" ? undefined : quote.price
  return Effect.flatMap(estimator.estimate(start.request, { provider, model, price, maxOutputTokens }), (likely) => {
    const estimate = settings.bound?.(likely) ?? likely
    const { audioInput, doubts, imageInput, input, output } = estimate
    const worst =
      price === undefined
        ? Money.zero
        : Price.atMost(price, { ...circumstances, input, audioInput, imageInput, output })
    const subject = subjectOf(start)
    const priceOf = PriceBook.priceOf(book, start)
    const reserved: Reserved = { id: `${start.id}/${name}`, subject, quote, estimate, circumstances, priceOf, worst }
    if (doubts.length === 0) return Effect.succeed(reserved)
    const doubtful = { _tag: "BoundDoubtful", attempt: start.id, provider, model, doubts } as const
    return Effect.as(
      CostEvent.emit(() => doubtful),
      reserved,
    )
  })
}

interface Tried {
  readonly admission: Admission
  readonly claimed: ClaimedTogether
}

/** Reserves, at once or after waiting in line. */
const admission = (guarding: Guarding, asking: Asking): Effect.Effect<ClaimedTogether, Refusal> =>
  Effect.clockWith((clock): Effect.Effect<ClaimedTogether, Refusal> => {
    const waits = guarding.settings.wait !== undefined
    const now = clock.currentTimeMillisUnsafe()
    const claimed = guarding.claims.of(asking.start, now)
    // Whoever comes while others wait goes behind them.
    if (waits && guarding.lines.get(claimed.line) !== undefined) return inLine(guarding, asking, claimed.line)
    return Effect.flatMap(reserve(guarding, asking, { claimed, now }), (one) => {
      if (one.admission._tag === "Admitted") return Effect.succeed(one.claimed)
      return waits && one.admission.mayFit ? inLine(guarding, asking, claimed.line) : refused(guarding, asking, one)
    })
  })

const tried = (guarding: Guarding, asking: Asking): Effect.Effect<Tried, LedgerUnavailable> =>
  Effect.clockWith((clock) => {
    const now = clock.currentTimeMillisUnsafe()
    return reserve(guarding, asking, { claimed: guarding.claims.of(asking.start, now), now })
  })

const reserve = (
  guarding: Guarding,
  { reserved: { id, subject, worst }, start }: Asking,
  { claimed, now }: { readonly claimed: ClaimedTogether; readonly now: number },
): Effect.Effect<Tried, LedgerUnavailable> =>
  Effect.matchEffect(
    guarding.ledger.reserve({ id, subject, worst, claims: claimed.claims, expiresAt: now + guarding.lease }),
    {
      onSuccess: (answer) => Effect.succeed<Tried>({ admission: answer, claimed }),
      onFailure: (error) =>
        Effect.andThen(
          // It may have been reserved and the answer lost.
          Effect.forkIn(Effect.ignore(guarding.ledger.release(id)), guarding.scope),
          Effect.as(guarding.settings.whenUnavailable(error, start), unguarded),
        ),
    },
  )

const unguarded: Tried = { admission: { _tag: "Admitted" }, claimed: { each: [], claims: [], line: "" } }

const refused = (
  { refusal }: Guarding,
  { reserved, start }: Asking,
  { admission: answer, claimed }: Tried,
): Effect.Effect<never, BudgetExceeded> => {
  if (answer._tag === "Admitted") return Effect.die(new Error("an attempt was admitted and refused"))
  const { claim, total } = answer
  const found = claimed.each.find((each) => each.claim.account === claim.account)
  const resets = found === undefined ? undefined : resetsAt(found)
  return Effect.suspend(() =>
    Effect.fail(
      refusal({
        budget: found?.rule.budget ?? "",
        window: found === undefined ? "" : nameOf(found.rule.window),
        ...(found !== undefined && found.key !== "" && { scope: found.key }),
        provider: start.provider,
        model: start.model,
        limit: claim.limit,
        spent: Money.add(total.spent, total.uncertain),
        reserved: total.reserved,
        requested: reserved.worst,
        ...(resets !== undefined && { resetsAt: resets }),
      }),
    ),
  )
}

/** Waits behind those who came before, and then for room. */
const inLine = (guarding: Guarding, asking: Asking, line: string): Effect.Effect<ClaimedTogether, Refusal> =>
  Effect.clockWith((clock) => {
    const until = monotonic(clock) + Duration.toMillis(guarding.settings.wait ?? 0)
    const isFirst = Deferred.makeUnsafe<void>()
    const waiter: Waiter = { first: () => Deferred.doneUnsafe(isFirst, Effect.void) }
    guarding.lines.join(line, waiter)
    const inTime = (event: Effect.Effect<void>): Effect.Effect<boolean> =>
      Effect.suspend(() =>
        Effect.interruptible(
          Effect.map(Effect.timeoutOption(event, Math.max(0, until - monotonic(clock))), Option.isSome),
        ),
      )
    const again: Effect.Effect<ClaimedTogether, Refusal> = Effect.flatMap(guarding.ledger.nextChange, (change) =>
      Effect.flatMap(tried(guarding, asking), (one): Effect.Effect<ClaimedTogether, Refusal> => {
        if (one.admission._tag === "Admitted") return Effect.succeed(one.claimed)
        if (!one.admission.mayFit) return refused(guarding, asking, one)
        return Effect.flatMap(inTime(change), (changed) => (changed ? again : refused(guarding, asking, one)))
      }),
    )
    // Whoever has waited for too long behind others looks once by itself, and is told what is in the way.
    const last = Effect.flatMap(tried(guarding, asking), (one) =>
      one.admission._tag === "Admitted" ? Effect.succeed(one.claimed) : refused(guarding, asking, one),
    )
    return Effect.ensuring(
      Effect.flatMap(inTime(Deferred.await(isFirst)), (came) => (came ? again : last)),
      Effect.sync(() => guarding.lines.leave(line, waiter)),
    )
  })

const monotonic = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000

interface Admitted {
  readonly reserved: Reserved
  readonly claimed: ClaimedTogether
}

const settle = (guarding: Guarding, attempt: Attempt.Attempt, { claimed, reserved }: Admitted): Effect.Effect<void> =>
  Effect.suspend(() => {
    const settlement = counted(settlementOf(attempt, reserved), guarding.settings.unreported)
    const settled = guarding.ledger.settle(settlement)
    return Effect.matchEffect(settled, {
      onSuccess: (movements) => learned(guarding, attempt, { reserved, settlement, movements, claimed }),
      onFailure: (error) =>
        Effect.andThen(
          learned(guarding, attempt, { reserved, settlement, movements: [], claimed }),
          later(
            guarding,
            { attempt: attempt.id, error },
            Effect.flatMap(settled, (movements) => alerts(movements, claimed)),
          ),
        ),
    })
  })

interface Learned extends Admitted {
  readonly settlement: Settlement
  readonly movements: ReadonlyArray<Movement>
}

const learned = (
  { estimator }: Guarding,
  { id, model, provider, usage }: Attempt.Attempt,
  { claimed, movements, reserved: { estimate, worst }, settlement: { basis, cost } }: Learned,
): Effect.Effect<void> => {
  const told = alerts(movements, claimed)
  const learning = usage === undefined ? told : Effect.andThen(estimator.learn(estimate, usage), told)
  if (cost <= worst || basis === "unpriced") return learning
  const exceeded = { _tag: "BoundExceeded", attempt: id, provider, model, bound: worst, cost } as const
  return Effect.andThen(
    learning,
    CostEvent.emit(() => exceeded),
  )
}

const counted = (settlement: Settlement, unreported: Decided["unreported"]): Settlement => {
  if (settlement.basis !== "estimated") return settlement
  const { cost, maximum, minimum } = settlement
  return { ...settlement, cost: Money.max(Money.zero, unreported({ minimum, estimate: cost, maximum })) }
}

const alerts = (movements: ReadonlyArray<Movement>, { each }: ClaimedTogether): Effect.Effect<void> => {
  const events: Array<CostEvent.Event> = []
  for (const { after, before, claim } of movements) {
    const found = each.find((one) => one.claim.account === claim.account)
    if (found === undefined) continue
    for (const threshold of reached(found.rule, before, after)) events.push(alert(found, threshold, after))
  }
  return events.length === 0
    ? Effect.void
    : Effect.forEach(events, (event) => CostEvent.emit(() => event), { discard: true })
}

const alert = (claimed: Claimed, threshold: number, spent: Money.Money): CostEvent.ThresholdReached => ({
  _tag: "ThresholdReached",
  budget: claimed.rule.budget,
  window: nameOf(claimed.rule.window),
  scope: claimed.key === "" ? undefined : claimed.key,
  threshold,
  limit: claimed.rule.limit,
  spent,
  resetsAt: resetsAt(claimed),
})

const patiently = Schedule.exponential("200 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(30)))),
)

// The call is over and must not wait for a database that fails, but what came of it must get there.
const later = (
  { scope }: Guarding,
  failed: Omit<CostEvent.LedgerFailed, "_tag">,
  self: Effect.Effect<unknown, LedgerUnavailable>,
): Effect.Effect<void> =>
  Effect.andThen(
    CostEvent.emit(() => ({ _tag: "LedgerFailed", ...failed })),
    Effect.asVoid(Effect.forkIn(Effect.interruptible(Effect.retry(self, patiently)), scope)),
  )
