/**
 * Lets attempts in: reserves their worst case under all of their limits, at once or after waiting in a queue, or refuses them.
 *
 * Attempts reserve uninterruptibly; only waiting can be interrupted, when nothing is reserved yet.
 */
import { type Attempt, PolicyError } from "@holdfast/core"
import { type Clock, Deferred, Effect, Option } from "effect"

import * as Money from "../../Money.ts"
import { type Reservation } from "../ledger/journal.ts"
import { type Admission, type Service } from "../ledger/service.ts"
import { millisNow } from "../ledger/time.ts"
import { type LedgerUnavailable } from "../ledger/unavailable.ts"
import { type AttemptClaims, Claims, resetsAt } from "./claims.ts"
import { BudgetExceeded } from "./exceeded.ts"
import { type Rule, type WhenUnavailable } from "./options.ts"
import { Queues } from "./queue.ts"
import { nameOf } from "./window.ts"

interface Options {
  readonly rules: ReadonlyArray<Rule>
  readonly ledger: Service
  /** The longest wait for room, in milliseconds. `undefined` where nothing waits. */
  readonly wait: number | undefined
  /** In milliseconds. */
  readonly lease: number
  readonly whenUnavailable: WhenUnavailable
}

/** An attempt that asks to be let in. */
export interface Applicant {
  readonly start: Attempt.AttemptStart
  readonly reservation: Pick<Reservation, "id" | "subject" | "worst">
  /** The length of answer that was assumed, where nothing limits it. */
  readonly assumedOutputTokens: number | undefined
  /** When its lease is over, in Unix milliseconds, where that is not so long after it began as with all others. */
  readonly expiresAt?: number | undefined
}

/** An attempt that was let in. */
export interface Admitted {
  readonly _tag: "Admitted"
  readonly claims: AttemptClaims
  /** `false` while the ledger fails. The claims are charged when the attempt is settled. */
  readonly isReserved: boolean
}

type Exceeded = Extract<Admission, { readonly _tag: "Exceeded" }>

type Refusal = BudgetExceeded | LedgerUnavailable

export class AdmissionControl {
  readonly #options: Options
  readonly #claims: Claims
  readonly #queues = new Queues()

  constructor(options: Options) {
    this.#options = options
    this.#claims = new Claims(options.rules)
  }

  admit(applicant: Applicant): Effect.Effect<Admitted, Refusal> {
    return Effect.clockWith((clock): Effect.Effect<Admitted, Refusal> => {
      const now = millisNow(clock)
      const claims = this.#claims.for(applicant.start, now)
      const { wait } = this.#options
      // A call that comes while others wait goes behind them.
      if (wait !== undefined && this.#queues.has(claims.queue)) return this.#queued(applicant, claims.queue, wait)
      return Effect.flatMap(this.#reserve(applicant, claims, now), (answer) => {
        if (answer._tag === "Admitted") return Effect.succeed(answer)
        return wait !== undefined && answer.mayFit
          ? this.#queued(applicant, claims.queue, wait)
          : refuse(applicant, claims, answer)
      })
    })
  }

  /** Waits behind those who came before, and then for room. */
  #queued(applicant: Applicant, key: string, wait: number): Effect.Effect<Admitted, Refusal> {
    return Effect.clockWith((clock) => {
      const deadline = monotonic(clock) + wait
      const isFirst = Deferred.makeUnsafe<void>()
      const place = this.#queues.join(key, () => Deferred.doneUnsafe(isFirst, Effect.void))
      const inTime = (event: Effect.Effect<void>): Effect.Effect<boolean> =>
        Effect.suspend(() =>
          Effect.interruptible(
            Effect.map(Effect.timeoutOption(event, Math.max(0, deadline - monotonic(clock))), Option.isSome),
          ),
        )
      const next = this.#whenFirst(applicant, inTime)
      return Effect.ensuring(
        // A call that has waited too long behind others tries once by itself, to say what is in the way.
        Effect.flatMap(inTime(Deferred.await(isFirst)), (came) => (came ? next : this.#once(applicant))),
        Effect.sync(() => this.#queues.leave(key, place)),
      )
    })
  }

  /** Tries after each change of the ledger, for as long as there may be room and time is left. */
  #whenFirst(
    applicant: Applicant,
    inTime: (event: Effect.Effect<void>) => Effect.Effect<boolean>,
  ): Effect.Effect<Admitted, Refusal> {
    return Effect.flatMap(this.#options.ledger.nextChange, (change) =>
      this.#try(applicant, (claims, answer) =>
        answer.mayFit
          ? Effect.flatMap(inTime(change), (changed) =>
              changed ? this.#whenFirst(applicant, inTime) : refuse(applicant, claims, answer),
            )
          : refuse(applicant, claims, answer),
      ),
    )
  }

  #once(applicant: Applicant): Effect.Effect<Admitted, Refusal> {
    return this.#try(applicant, (claims, answer) => refuse(applicant, claims, answer))
  }

  #try(
    applicant: Applicant,
    otherwise: (claims: AttemptClaims, answer: Exceeded) => Effect.Effect<Admitted, Refusal>,
  ): Effect.Effect<Admitted, Refusal> {
    return Effect.clockWith((clock) => {
      const now = millisNow(clock)
      const claims = this.#claims.for(applicant.start, now)
      return Effect.flatMap(this.#reserve(applicant, claims, now), (answer) =>
        answer._tag === "Admitted" ? Effect.succeed(answer) : otherwise(claims, answer),
      )
    })
  }

  #reserve(
    { expiresAt, reservation, start }: Applicant,
    claims: AttemptClaims,
    now: number,
  ): Effect.Effect<Admitted | Exceeded, LedgerUnavailable> {
    const { lease, ledger, whenUnavailable } = this.#options
    const { id, subject, worst } = reservation
    return Effect.matchEffect(
      ledger.reserve({ id, subject, worst, claims: claims.claims, expiresAt: expiresAt ?? now + lease }),
      {
        onSuccess: (answer): Effect.Effect<Admitted | Exceeded> =>
          Effect.succeed(answer._tag === "Admitted" ? { _tag: "Admitted", claims, isReserved: true } : answer),
        onFailure: (error) =>
          whenUnavailable(error, start).pipe(
            // It may have been reserved and the answer lost. What is let in is ended by its settlement.
            Effect.onError(() => ledger.persist(ledger.release(id))),
            Effect.as<Admitted>({ _tag: "Admitted", claims, isReserved: false }),
          ),
      },
    )
  }
}

const refuse = (applicant: Applicant, claims: AttemptClaims, answer: Exceeded): Effect.Effect<never, BudgetExceeded> =>
  Effect.suspend(() => Effect.fail(PolicyError.withoutStack(() => exceeded(applicant, claims, answer))))

const exceeded = (
  { assumedOutputTokens, reservation, start }: Applicant,
  { all }: AttemptClaims,
  { claim, total }: Exceeded,
): BudgetExceeded => {
  const found = all.find((each) => each.claim.account === claim.account)
  const resets = found === undefined ? undefined : resetsAt(found)
  return new BudgetExceeded({
    budget: found?.rule.budget ?? "",
    window: found === undefined ? "" : nameOf(found.rule.window),
    ...(found !== undefined && found.key !== "" && { scope: found.key }),
    provider: start.provider,
    model: start.model,
    limit: claim.limit,
    spent: Money.add(total.spent, total.uncertain),
    reserved: total.reserved,
    requested: reservation.worst,
    ...(assumedOutputTokens !== undefined && { assumedOutputTokens }),
    ...(resets !== undefined && { resetsAt: resets }),
  })
}

const monotonic = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
