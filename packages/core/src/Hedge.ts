/**
 * Asks a second time when the first answer is late, and takes the one that begins first.
 *
 * A few calls take many times as long to begin as all the others. A second request, sent only when the first one is later
 * than nearly all are, cuts that tail for a small share of additional requests (J. Dean, L. A. Barroso, The Tail at Scale,
 * CACM 2013). Both requests are paid for as far as they got, and both are seen as attempts.
 *
 * **Where in a stack**: outside of retry, inside of fallback.
 *
 * @since 0.1.0
 */
import { Clock, Duration, Effect, Exit, type Stream } from "effect"

import * as AttemptGuard from "./AttemptGuard.ts"
import { type DurationInput } from "./DurationInput.ts"
import * as Event from "./Event.ts"
import * as Failure from "./Failure.ts"
import { standardAttempts, takeAttempt } from "./internal/call/allowance.ts"
import { describeDuration } from "./internal/describeDuration.ts"
import { openHedged } from "./internal/hedge/call.ts"
import * as HedgeAllowance from "./internal/hedge/state.ts"
import { millis } from "./internal/millis.ts"
import { tryWithdraw } from "./internal/retryBudget/call.ts"
import { among, type ModelCall, type Opened, type ModelRequest, type Part } from "./ModelCall.ts"
import { type Kind } from "./Operation.ts"
import * as Resilient from "./Resilient.ts"

/**
 * How late is too late.
 *
 * @since 0.1.0
 * @category models
 */
export type Delay = DurationInput | Quantile

/**
 * A delay that follows the model: the time in which a share of its recent calls had their first part.
 *
 * @since 0.1.0
 * @category models
 */
export interface Quantile {
  /** From 0 to 1. With 0.95, about one call in twenty is hedged. */
  readonly quantile: number
  /** The delay until 20 calls have been seen. 2 seconds if left out. */
  readonly initial?: DurationInput | undefined
  /** Never sooner. 300 milliseconds if left out. */
  readonly min?: DurationInput | undefined
  /** Never later. 10 seconds if left out. */
  readonly max?: DurationInput | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The most hedges, as a share of the calls. 0.05 if left out. At most 10 are saved up. */
  readonly maxShare?: number | undefined
}

/**
 * Sends the request to the same model again when no part came in time.
 *
 * **Details**
 *
 * - The first reply that commits wins. The other request is interrupted, its socket closed and its attempt recorded.
 * - A failure before the second request is sent is the call's failure. After that the other one is waited for, unless the
 *   failure is fatal: what is wrong with a request is wrong with both.
 * - No hedges are sent beyond `maxShare`, nor while the model is throttled: for as long as it asked for, or 10 seconds;
 *   nor where a `RetryBudget` around it has nothing left. Then the call simply waits.
 * - After the commit point nothing is sent.
 *
 * **Gotchas**
 *
 * Tools that the provider runs itself may run twice.
 *
 * @since 0.1.0
 * @category policies
 */
export const after =
  (lateness: Delay, options?: Options) =>
  <K extends Kind, E, R>(self: Resilient.Resilient<K, E, R>): Resilient.Resilient<K, E, R> =>
    Resilient.onto(self, label("Hedge.after", lateness, options), (call) =>
      Effect.map(
        Resilient.state(() => new Hedging(lateness, options)),
        (state) => hedging(call, call, state),
      ),
    )

/**
 * Sends the request to another model when no part came in time.
 *
 * @see {@link after} for the details
 * @since 0.1.0
 * @category policies
 */
export const to =
  <K extends Kind, E2, R2>(second: Resilient.Resilient<K, E2, R2>, lateness: Delay, options?: Options) =>
  <E, R>(self: Resilient.Resilient<K, E, R>): Resilient.Resilient<K, E | E2, R | R2> => {
    const described = { ...label("Hedge.to", lateness, options), inner: [Resilient.describe(second)] }
    return Resilient.onto(self, described, (call) =>
      Effect.zipWith(
        Resilient.state(() => new Hedging(lateness, options)),
        Resilient.anyCallOf(second),
        (state, other) => hedging(call, other, state),
      ),
    )
  }

const label = (name: string, lateness: Delay, options: Options | undefined): Resilient.Label => ({
  name,
  place: "hedge",
  settings: {
    lateness: isQuantile(lateness) ? `quantile ${lateness.quantile}` : describeDuration(lateness),
    maxShare: options?.maxShare ?? defaultShare,
  },
})

const defaultShare = 0.05

const isQuantile = (lateness: Delay): lateness is Quantile => typeof lateness === "object" && "quantile" in lateness

/** What a policy remembers of the calls before. */
class Hedging {
  private allowance = HedgeAllowance.initial
  private readonly share: number
  private readonly lateness: Delay

  constructor(lateness: Delay, options: Options | undefined) {
    this.lateness = lateness
    this.share = options?.maxShare ?? defaultShare
  }

  /** A call begins; gives how long to wait for it. Milliseconds. */
  called(): number {
    this.allowance = HedgeAllowance.deposit(this.allowance, this.share)
    const { lateness } = this
    if (!isQuantile(lateness)) return Duration.toMillis(lateness)
    const found = HedgeAllowance.quantile(this.allowance, lateness.quantile, minimumSamples)
    const wanted = found ?? Duration.toMillis(lateness.initial ?? "2 seconds")
    const min = Duration.toMillis(lateness.min ?? "300 millis")
    return Math.min(Math.max(wanted, min), Duration.toMillis(lateness.max ?? "10 seconds"))
  }

  takes(now: number): boolean {
    const next = HedgeAllowance.tryWithdraw(this.allowance, now)
    if (next !== undefined) this.allowance = next
    return next !== undefined
  }

  committed(timeToFirstPart: number): void {
    this.allowance = HedgeAllowance.addSample(this.allowance, timeToFirstPart)
  }

  failed(error: unknown, now: number): void {
    const { kind, retryAfter } = Failure.classify(error)
    if (kind !== "throttled") return
    const quiet = retryAfter === undefined ? quietAfterThrottling : Duration.toMillis(retryAfter)
    this.allowance = HedgeAllowance.throttled(this.allowance, now + quiet)
  }
}

const minimumSamples = 20

const quietAfterThrottling = 10_000

const hedging = <E, E2>(call: ModelCall<E>, other: ModelCall<E2>, state: Hedging): ModelCall<E | E2> => ({
  ...call,
  identity: among([call, other]).identity,
  open: (request): Opened<E | E2> =>
    Effect.flatMap(Clock.Clock, (clock) => {
      const wait = state.called()
      const now = () => millis(clock)
      const watch = { state, now, wait }
      const second = Effect.as(announce(call, other, request, wait), observed<E | E2>(other.open(request), watch))
      const late = Effect.suspend(() => {
        if (!state.takes(now()) || !takeAttempt(request.call, standardAttempts)) return Effect.succeed(undefined)
        return Effect.flatMap(tryWithdraw(request.call, other, 1), (allowed) => {
          if (allowed) return second
          request.call.attempts.extra--
          return Effect.succeed(undefined)
        })
      })
      return openHedged<Stream.Stream<Part, E | E2>, E | E2>({
        first: observed<E | E2>(call.open(request), watch),
        second: Effect.andThen(Effect.sleep(wait), late),
        isFinal,
      })
    }),
})

interface Watch {
  readonly state: Hedging
  readonly now: () => number
  /** How long the first request was waited for. */
  readonly wait: number
}

const observed = <E>(opening: Opened<E>, { now, state, wait }: Watch): Opened<E> =>
  Effect.suspend(() => {
    const began = now()
    return Effect.onExitPrimitive(opening, (exit) => {
      const took = now() - began
      // A request that was late and lost would have taken longer still. Without it slow ones would seem not to exist.
      if (Exit.isSuccess(exit) || (Exit.hasInterrupts(exit) && took >= wait)) state.committed(took)
      if (Exit.isFailure(exit)) {
        for (const reason of exit.cause.reasons) if (reason._tag === "Fail") state.failed(reason.error, now())
      }
      return undefined
    })
  })

/** What is wrong with the request is wrong with it everywhere; and a guard's refusal holds for all. */
const isFinal = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some(
    (reason) =>
      reason._tag === "Die" ||
      (reason._tag === "Fail" &&
        (AttemptGuard.isRefusal(reason.error) || Failure.classify(reason.error).kind === "fatal")),
  )

const announce = (call: ModelCall<unknown>, other: ModelCall<unknown>, request: ModelRequest, wait: number) =>
  Event.emit(() => ({
    _tag: "HedgeStarted",
    callId: request.call.id,
    from: { provider: call.provider, model: call.model },
    to: { provider: other.provider, model: other.model },
    after: Duration.millis(wait),
  }))
