/**
 * How long a call may take: until its first part, between two parts, and in all.
 *
 * One timeout is not enough for an answer that streams: a model that thinks for a minute and then writes for five is
 * healthy, one that says nothing for a minute in the middle of a sentence is not. So each bound has its own policy. When
 * one passes, the request is aborted and its socket closed.
 *
 * **Where in a stack**: `firstPart` and `betweenParts` innermost, inside retry, so that each attempt has its own; `total`
 * outermost, around everything that may wait.
 *
 * @since 0.1.0
 */
import { Clock, Context, Duration, Effect, Option, Schema, type Scope, Stream } from "effect"
import { AiError } from "effect/ai"
import { dual } from "effect/Function"

import { type DurationInput } from "./DurationInput.ts"
import { type Failure } from "./Failure.ts"
import { carrying } from "./internal/call/context.ts"
import { elapsed, makeInterruption, reason, untilResumed } from "./internal/call/interruption.ts"
import { raceDeadline } from "./internal/deadline/call.ts"
import { type Bound, boundOf } from "./internal/deadline/options.ts"
import { limitPulls } from "./internal/deadline/pulls.ts"
import { describeDuration, durationOf } from "./internal/describeDuration.ts"
import { withoutStack } from "./internal/error/withoutStack.ts"
import { refuse } from "./internal/event/refuse.ts"
import { type Program, type Unchanged } from "./internal/model/program.ts"
import { type ModelCall, type ModelRequest, type Part } from "./ModelCall.ts"
import * as PolicyError from "./PolicyError.ts"
import * as ResilientModel from "./ResilientModel.ts"

/**
 * The answer did not come in time, and its request was aborted.
 *
 * @since 0.1.0
 * @category errors
 */
export class DeadlineExceeded
  extends Schema.TaggedError<DeadlineExceeded>("@holdfast/core/DeadlineExceeded")("DeadlineExceeded", {
    provider: Schema.String,
    model: Schema.String,
    /** Which bound passed. */
    bound: Schema.Literals(["firstPart", "betweenParts", "total"]),
    duration: Schema.DurationFromMillis,
  })
  implements PolicyError.PolicyError
{
  readonly [PolicyError.TypeId]: "refusal" | "interruption" = "interruption"

  override get message(): string {
    const waited = Duration.format(this.duration)
    const told = {
      firstPart: `sent nothing within ${waited}; raise Deadline.firstPart if it needs longer to begin`,
      betweenParts: `sent nothing for ${waited} in the middle of its answer`,
      total: `did not finish within ${waited}; raise Deadline.total, or ask for a shorter answer`,
    }
    return `${this.model} of ${this.provider} ${told[this.bound]}`
  }

  /** A slow first part may come sooner next time. Time that is up stays up. */
  get failure(): Failure | undefined {
    return this.bound === "total" ? undefined : { kind: "transient", retryAfter: undefined, billed: true }
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InternalProviderError({ description: this.message, metadata })
  }
}

/**
 * A deadline that passed before the commit point, so that nothing was delivered.
 *
 * @since 0.1.0
 * @category errors
 */
export interface FirstPartExceeded extends DeadlineExceeded {
  readonly bound: "firstPart"
  readonly [PolicyError.TypeId]: "refusal"
}

/**
 * Fails when no first part comes within a duration: that of a stream, or the whole of a generated answer.
 *
 * **When to use**
 *
 * Use always. It is what finds a provider that hangs. The failure is transient, so a retry or a fallback around it goes
 * on elsewhere.
 *
 * **Gotchas**
 *
 * Time that a guard takes, such as a budget that waits for money, is not counted. A generated answer has no part before it
 * is complete, so it needs more time than the first token of a stream. Give both durations where a model is used in both
 * ways.
 *
 * **Example** (Bounds for both modes)
 *
 * ```ts
 * import { Deadline, ResilientModel } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const quick = ScriptedModel.model().pipe(Deadline.firstPart("30 seconds"))
 * const patient = ScriptedModel.model().pipe(Deadline.firstPart({ stream: "30 seconds", generate: "3 minutes" }))
 *
 * ResilientModel.describe(quick).settings // => { stream: "30s", generate: "30s" }
 * ResilientModel.describe(patient).settings // => { stream: "30s", generate: "3m" }
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const firstPart = (
  bound: DurationInput | { readonly stream: DurationInput; readonly generate: DurationInput },
) => {
  const durations = isPerMode(bound) ? bound : { stream: bound, generate: bound }
  const bounds = [
    boundOf("the deadline to stream", durations.stream),
    boundOf("the deadline to generate", durations.generate),
  ] as const
  const [{ duration: stream }, { duration: generate }] = bounds
  return ResilientModel.policy<FirstPartExceeded>(
    {
      name: "Deadline.firstPart",
      place: "firstPartDeadline",
      settings: { stream: describeDuration(stream), generate: describeDuration(generate) },
    },
    (call) =>
      checked("Deadline.firstPart", bounds, {
        ...call,
        open: (request) => {
          const duration = request.mode === "stream" ? stream : generate
          return opening(call, request, {
            duration,
            error: () => exceeded(call, "firstPart", duration) as FirstPartExceeded,
          })
        },
      }),
  )
}

/**
 * Fails when a stream that has begun falls silent for a duration.
 *
 * **Details**
 *
 * The time counts while the consumer waits for the next part. A consumer that is slow itself trips nothing. Generated
 * answers come as a whole and are not concerned. After the commit point nothing can be repeated, so this failure ends
 * the answer.
 *
 * @since 0.1.0
 * @category policies
 */
export const betweenParts = (bound: DurationInput) => {
  const between = boundOf("the deadline", bound)
  const { duration } = between
  return ResilientModel.policy<DeadlineExceeded>(
    { name: "Deadline.betweenParts", place: "idleDeadline", settings: { duration: describeDuration(duration) } },
    <E>(call: ModelCall<E>) =>
      checked("Deadline.betweenParts", [between], {
        ...call,
        open: (request: ModelRequest) => {
          if (request.mode === "generate") return call.open(request)
          const gap = nanos(duration)
          return Effect.suspend(() => {
            const interruption = makeInterruption(request.call.interruption)
            return Effect.map(call.open(carrying(request, { interruption })), (parts) =>
              limitPulls(parts, {
                expiry: (began) => began + gap,
                error: () => reason(interruption, () => exceeded(call, "betweenParts", duration)),
              }),
            )
          })
        },
      }),
  )
}

/**
 * Bounds a whole call, with all its retries, waits and fallbacks, and the stream to its last part.
 *
 * **Details**
 *
 * The deadline is a point in time that everything inside inherits through context, and that can only be shortened: a
 * `total` inside another one, or inside `within`, never lasts longer than what is around it. Policies that would wait
 * beyond it do not begin to wait, and once it has passed nothing is sent.
 *
 * @since 0.1.0
 * @category policies
 */
export const total = (bound: DurationInput) => {
  const whole = boundOf("the deadline", bound)
  const { duration } = whole
  const span = spanOf(duration)
  return ResilientModel.policy<DeadlineExceeded>(
    { name: "Deadline.total", place: "deadline", settings: { duration: describeDuration(duration) } },
    <E>(call: ModelCall<E>) =>
      checked("Deadline.total", [whole], {
        ...call,
        open: (request: ModelRequest) => untilDeadline(call, request, span),
      }),
  )
}

/**
 * A point in time by the monotonic clock, and how long it was away when it was set.
 *
 * @since 0.1.0
 * @category models
 */
export interface Deadline {
  /** Nanoseconds of `Clock.monotonicTimeNanos`. */
  readonly at: bigint
  readonly duration: Duration.Duration
}

/**
 * The deadline of the running fiber.
 *
 * @since 0.1.0
 * @category references
 */
export const CurrentDeadline: Context.Reference<Deadline | undefined> = Context.Reference<Deadline | undefined>(
  "@holdfast/core/CurrentDeadline",
  { defaultValue: () => undefined },
)

/**
 * Sets a deadline for all calls that a program makes, for instance that of the HTTP request that it serves.
 *
 * **Details**
 *
 * It is enforced by the `Deadline.total` of each model and respected by whatever waits. The program itself is not
 * interrupted.
 *
 * @since 0.1.0
 * @category combinators
 */
export const within: {
  (duration: DurationInput): <P extends Program>(self: P) => Unchanged<P>
  <P extends Program>(self: P, duration: DurationInput): Unchanged<P>
} = dual(2, (self: Program, duration: DurationInput) => {
  const deadline = shortened(spanOf(durationOf(duration)))
  return Stream.isStream(self)
    ? Stream.unwrap(Effect.map(deadline, (set) => Stream.provideService(self, CurrentDeadline, set)))
    : Effect.flatMap(deadline, (set) => Effect.provideService(self, CurrentDeadline, set))
})

/**
 * How much time is left until the deadline of the running fiber; none if there is no deadline.
 *
 * @since 0.1.0
 * @category getters
 */
export const remaining: Effect.Effect<Option.Option<Duration.Duration>> = Effect.flatMap(CurrentDeadline, (deadline) =>
  deadline === undefined ? Effect.succeedNone : Effect.asSome(remainingUntil(deadline.at)),
)

const checked = <A>(name: string, bounds: ReadonlyArray<Bound>, made: A): Effect.Effect<A> => {
  const mistake = bounds.find((bound) => bound.mistake !== undefined)?.mistake
  return mistake === undefined ? Effect.succeed(made) : ResilientModel.misconfigured(name, mistake)
}

interface Limit<E> {
  readonly duration: Duration.Duration
  readonly error: () => E
}

const isPerMode = (
  bound: DurationInput | { readonly stream: DurationInput; readonly generate: DurationInput },
): bound is { readonly stream: DurationInput; readonly generate: DurationInput } =>
  typeof bound === "object" && "stream" in bound

const exceeded = (
  { model, provider }: Pick<ModelCall<unknown>, "provider" | "model">,
  bound: DeadlineExceeded["bound"],
  duration: Duration.Duration,
): DeadlineExceeded => withoutStack(() => new DeadlineExceeded({ provider, model, bound, duration }))

// Waiting for a guard, such as a budget, is not waiting for the model. The error is made, and its reason noted, before the
// request is interrupted.
const opening = <E, E2>(
  call: ModelCall<E>,
  request: ModelRequest,
  { duration, error }: Limit<E2>,
): Effect.Effect<Stream.Stream<Part, E>, E | E2, Scope.Scope> =>
  Effect.withFiber((fiber) => {
    const interruption = makeInterruption(request.call.interruption)
    const clock = fiber.getRef(Clock.Clock)
    const began = clock.monotonicTimeNanosUnsafe()
    const timer = (): Effect.Effect<never, E2> => {
      if (interruption.pausedSince !== undefined)
        return Effect.andThen(untilResumed(interruption), Effect.suspend(timer))
      const left = nanos(duration) - elapsed(interruption, began, clock.monotonicTimeNanosUnsafe())
      return left > 0n
        ? Effect.andThen(Effect.sleep(Duration.nanos(left)), Effect.suspend(timer))
        : Effect.fail(reason(interruption, error))
    }
    const whole = request.mode === "generate"
    return raceDeadline({ opening: call.open(carrying(request, { interruption })), context: undefined, timer, whole })
  })

const untilDeadline = <E>(
  call: ModelCall<E>,
  request: ModelRequest,
  span: Span,
): Effect.Effect<Stream.Stream<Part, E | DeadlineExceeded>, E | DeadlineExceeded, Scope.Scope> =>
  Effect.withFiber((fiber) => {
    const interruption = makeInterruption(request.call.interruption)
    const now = fiber.getRef(Clock.Clock).monotonicTimeNanosUnsafe()
    const deadline = shorter(fiber.getRef(CurrentDeadline), now, span)
    const error = () => reason(interruption, () => exceeded(call, "total", deadline.duration))
    if (deadline.at <= now) return refuse(request, call, { policy: "Deadline.total", error: error() })
    const whole = request.mode === "generate"
    const opened = raceDeadline({
      opening: call.open(carrying(request, { interruption })),
      context: Context.add(CurrentDeadline, deadline),
      timer: () =>
        Effect.andThen(
          Effect.sleep(Duration.nanos(deadline.at - now)),
          Effect.suspend(() => Effect.fail(error())),
        ),
      whole,
    })
    return whole ? opened : Effect.map(opened, (parts) => limitPulls(parts, { expiry: () => deadline.at, error }))
  })

const remainingUntil = (at: bigint): Effect.Effect<Duration.Duration> =>
  Effect.map(Clock.monotonicTimeNanos, (now) => Duration.nanos(at > now ? at - now : 0n))

const shortened = (span: Span): Effect.Effect<Deadline> =>
  Effect.flatMap(CurrentDeadline, (outer) => Effect.map(Clock.monotonicTimeNanos, (now) => shorter(outer, now, span)))

/** A duration, and what it is on the clock, which need not be found out for each call. */
interface Span {
  readonly duration: Duration.Duration
  readonly nanos: bigint
}

const spanOf = (duration: Duration.Duration): Span => ({ duration, nanos: nanos(duration) })

const shorter = (outer: Deadline | undefined, now: bigint, span: Span): Deadline => {
  const at = now + span.nanos
  return outer !== undefined && outer.at <= at ? outer : { at, duration: span.duration }
}

const nanos = (duration: Duration.Duration): bigint => Option.getOrElse(Duration.toNanos(duration), () => forever)

// A century, for those who say `Infinity`.
const forever = 3_155_760_000_000_000_000n
