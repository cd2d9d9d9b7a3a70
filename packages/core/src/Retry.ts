/**
 * Asks the same model again.
 *
 * Only before the commit point, where nothing of the answer has been delivered, and only after failures that may well be
 * gone next time: transient, throttled and overloaded ones. Never after fatal ones (a bad request, a bad key, an
 * exhausted quota), and never when it was a policy that refused.
 *
 * **Where in a stack**: outside of what admits an attempt (breaker, rate limit, concurrency), so that each attempt is
 * admitted by itself and a sleeping retry holds no permit; inside of fallback.
 *
 * @since 0.1.0
 */
import { Clock, Context, Duration, Effect, Option, Pull, Random, Schedule, type Scope, type Stream } from "effect"

import { remaining } from "./Deadline.ts"
import { type DurationInput } from "./DurationInput.ts"
import * as Event from "./Event.ts"
import * as Failure from "./Failure.ts"
import { standardAttempts, takeAttempt } from "./internal/call/allowance.ts"
import { durationOf } from "./internal/describeDuration.ts"
import { failedModel } from "./internal/error/failedModel.ts"
import { refuse } from "./internal/event/refuse.ts"
import { millis } from "./internal/millis.ts"
import { type Backoff, jitterCeiling, waitBeforeRetry } from "./internal/retry/state.ts"
import { costAfter, tryWithdraw } from "./internal/retryBudget/call.ts"
import { type ModelCall, type ModelRequest, type Part } from "./ModelCall.ts"
import { type Kind } from "./Operation.ts"
import * as Resilient from "./Resilient.ts"
import { exhausted } from "./RetryBudget.ts"

/**
 * Retries without end, after a random wait that grows with each retry.
 *
 * **Details**
 *
 * The wait before retry n is uniform between 0 and `min(cap, base · 2^(n - 1))`. Throttled and overloaded models are given
 * `throttledBase`. Defaults: 500 ms as in the vendors' SDKs, 1 second when throttled and a cap of 30 seconds. Randomness
 * comes from `Random`, so that `Random.withSeed` makes it repeatable.
 *
 * **Example** (More patience for a nightly job)
 *
 * ```ts
 * import { ResilientModel, Retry } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Schedule } from "effect"
 *
 * const patient = Retry.fullJitter({ base: "2 seconds", cap: "5 minutes" }).pipe(Schedule.upTo({ times: 8 }))
 * const stubborn = Retry.schedule(patient, { maxAttempts: 9 })
 *
 * ResilientModel.describe(stubborn(ScriptedModel.model())).settings["maxAttempts"] // => 9
 * ```
 *
 * @since 0.1.0
 * @category schedules
 */
export const fullJitter = (options?: {
  readonly base?: DurationInput | undefined
  readonly throttledBase?: DurationInput | undefined
  readonly cap?: DurationInput | undefined
}): Schedule.Schedule<Duration.Duration> => {
  const backoff: Backoff = {
    base: Duration.toMillis(options?.base ?? "500 millis"),
    throttledBase: Duration.toMillis(options?.throttledBase ?? "1 second"),
    cap: Duration.toMillis(options?.cap ?? "30 seconds"),
  }
  return Schedule.fromStep(
    Effect.sync(() => {
      let retry = 0
      return (_now: number, error: unknown) =>
        Effect.map(Random.next, (random): [Duration.Duration, Duration.Duration] => {
          retry++
          const wait = Duration.millis(Math.floor(random * jitterCeiling(backoff, Failure.classify(error).kind, retry)))
          return [wait, wait]
        })
    }),
  )
}

/**
 * Two retries with full jitter: three attempts in all, as in the vendors' SDKs.
 *
 * @since 0.1.0
 * @category schedules
 */
export const standard: Schedule.Schedule<Duration.Duration> = Schedule.upTo(fullJitter(), { times: 2 })

/**
 * How far a provider's hint is obeyed, and how far retries of retries may go.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The longest hint that is worth waiting for. 60 seconds if left out, as in OpenAI's SDK. */
  readonly maxRetryAfter?: DurationInput | undefined
  /** The most attempts of one call, those of other retries, hedges and fallbacks included. 6 if left out. */
  readonly maxAttempts?: number | undefined
}

/**
 * Retries a number of times, with the back-off of `standard`.
 *
 * @since 0.1.0
 * @category policies
 */
export const times = (retries: number, options?: Options) =>
  retrying({ name: "Retry.times", place: "retry" }, Failure.isRetryable, {
    policy: Schedule.upTo(fullJitter(), { times: retries }),
    options: { maxAttempts: Math.max(standardAttempts, retries + 1), ...options },
    mistake:
      Number.isInteger(retries) && retries >= 0 ? undefined : "the number of retries must be a whole number, 0 or more",
  })

/**
 * Retries by a schedule.
 *
 * **Details**
 *
 * - The schedule says how often and how long to wait. When the provider says when to come back, its word replaces the
 *   schedule's wait, to the millisecond; a hint longer than `maxRetryAfter` ends the retries at once, so that a fallback
 *   can take over.
 * - A wait that would reach the deadline of the call (`Deadline.total`) is not begun.
 * - Retries around each other do not multiply: once the call has made `maxAttempts` in all, none retries.
 * - Where a `RetryBudget` is around it, each retry is drawn from that. When nothing is left, the call fails with
 *   `RetryBudgetExhausted`.
 * - When the retries end, the call fails with its last error, unchanged.
 * - The schedule's steps are built when the first attempt has failed, so successful calls pay nothing for it.
 *
 * **Gotchas**
 *
 * The vendors' SDKs retry too; Holdfast's providers have switched that off. A schedule of more than five retries needs a
 * higher `maxAttempts`.
 *
 * @since 0.1.0
 * @category policies
 */
export const schedule = <In, Out, R2>(policy: Schedule.Schedule<Out, In, never, R2>, options?: Options) =>
  retrying({ name: "Retry.schedule", place: "retry" }, Failure.isRetryable, { policy, options })

/**
 * Asks again after an answer that was given and paid, but does not fit the schema that was asked for.
 *
 * **When to use**
 *
 * Use where a second sample is worth its price. It composes with `schedule`, which never does this.
 *
 * @since 0.1.0
 * @category policies
 */
export const resample = <In, Out, R2>(policy: Schedule.Schedule<Out, In, never, R2>, options?: Options) =>
  retrying({ name: "Retry.resample", place: "resample" }, Failure.isUndecodable, { policy, options })

interface Plan<In, Out, R2> {
  readonly policy: Schedule.Schedule<Out, In, never, R2>
  readonly options: Options | undefined
  readonly mistake?: string | undefined
}

const retrying =
  <In, Out, R2>(
    { name, place }: Pick<Resilient.Label, "name" | "place">,
    accepts: (error: unknown) => boolean,
    { mistake, options, policy }: Plan<In, Out, R2>,
  ) =>
  <K extends Kind, E extends In, R>(self: Resilient.Resilient<K, E, R>): Resilient.Resilient<K, E, R | R2> => {
    const maxRetryAfter = durationOf(options?.maxRetryAfter ?? "60 seconds")
    const maxAttempts = options?.maxAttempts ?? standardAttempts
    const settings = {
      schedule: Object.is(policy, standard) ? "standard" : "custom",
      maxRetryAfter: Duration.format(maxRetryAfter),
      maxAttempts: maxAttempts,
    }
    return Resilient.onto(self, { name, place, settings }, (call) => {
      if (mistake !== undefined) return Resilient.misconfigured(name, mistake)
      if (!(maxAttempts >= 1)) return Resilient.misconfigured(name, "maxAttempts must be 1 or more")
      return Effect.map(Effect.context<R2>(), (context) => {
        // What the schedule needs comes from the layer; what the caller has set, such as a seed, goes before it.
        const provided = <A, X>(effect: Effect.Effect<A, X, R2>) =>
          Effect.updateContext(effect, (callers: Context.Context<never>) => Context.merge(context, callers))
        const steps = provided(Schedule.toStep(policy))
        const rules = { accepts, maxRetryAfter: Duration.toMillis(maxRetryAfter), maxAttempts: maxAttempts }
        return {
          ...call,
          open: (request) =>
            Effect.catch(call.open(request), (error) =>
              accepts(error)
                ? Effect.flatMap(Effect.all([steps, steadyTime]), ([step, now]) =>
                    again({ call, request, rules, step: (cause) => provided(step(now(), cause)) }, error),
                  )
                : Effect.fail(error),
            ),
        } satisfies ModelCall<E>
      })
    })
  }

interface Retries<E> {
  readonly call: ModelCall<E>
  readonly request: ModelRequest
  readonly rules: {
    readonly accepts: (error: unknown) => boolean
    readonly maxRetryAfter: number
    readonly maxAttempts: number
  }
  readonly step: (error: E) => Pull.Pull<[unknown, Duration.Duration], never, unknown>
}

/** Waits as decided and tries once more, and again after the next failure. */
const again = <E>(retries: Retries<E>, error: E): Effect.Effect<Stream.Stream<Part, E>, E, Scope.Scope> =>
  Effect.flatMap(waitAfter(retries, error), (wait) => {
    const { call, request, rules } = retries
    if (wait === undefined || !takeAttempt(request.call, rules.maxAttempts)) return Effect.fail(error)
    return tryWithdraw(request.call, call, costAfter(Failure.classify(error).kind)).pipe(
      Effect.flatMap((allowed) => {
        if (allowed) return Effect.void
        request.call.attempts.extra--
        // The budget that the call carries has this error in the type of its own.
        const refusal = exhausted(call.provider, failedModel(call, error)) as E
        return refuse(request, call, { policy: "RetryBudget.ratio", error: refusal })
      }),
      Effect.andThen(announce(call, request, { wait, error })),
      Effect.andThen(Effect.sleep(wait)),
      Effect.andThen(call.open(request)),
      Effect.catch((next) => (rules.accepts(next) ? again(retries, next) : Effect.fail(next))),
    )
  })

const waitAfter = <E>({ rules, step }: Retries<E>, error: E): Effect.Effect<number | undefined> =>
  Effect.suspend(() =>
    Pull.matchEffect(step(error), {
      onSuccess: ([, delay]) =>
        Effect.map(remaining, (left) => {
          const { kind, retryAfter } = Failure.classify(error)
          return waitBeforeRetry({
            kind,
            retryAfter: retryAfter && Duration.toMillis(retryAfter),
            delay: Duration.toMillis(delay),
            remaining: Option.getOrUndefined(Option.map(left, Duration.toMillis)),
            maxRetryAfter: rules.maxRetryAfter,
          })
        }),
      onFailure: () => Effect.succeed(undefined),
      onDone: () => Effect.succeed(undefined),
    }),
  )

// A schedule may look at the time of day, and may end after a while. The first is what it is told, and from then on time
// passes by the clock that is never set back, or retries might go on for as long as it was set back.
const steadyTime = Effect.map(Clock.Clock, (clock) => {
  const behind = clock.currentTimeMillisUnsafe() - millis(clock)
  return () => behind + millis(clock)
})

const announce = (
  { model, provider }: ModelCall<unknown>,
  request: ModelRequest,
  { error, wait }: { readonly wait: number; readonly error: unknown },
) =>
  Event.emit(() => ({
    _tag: "RetryScheduled",
    callId: request.call.id,
    provider,
    model,
    delay: Duration.millis(wait),
    error,
  }))
