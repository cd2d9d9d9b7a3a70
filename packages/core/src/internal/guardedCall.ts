/**
 * The effects around a circuit: reading the clock, letting calls through, telling how they ended.
 */
import { Clock, Duration, Effect, Exit, Option, Pull, Random, Schedule, type Scope, Stream } from "effect"

import * as Failure from "../Failure.ts"
import { type ModelCall, type ModelRequest, type Part } from "../ModelCall.ts"
import { type Outcome, type Ticket } from "./breakerState.ts"
import { type Circuit, type Circuits } from "./circuits.ts"

/** A circuit as one policy guards it. */
export interface Guard<E2> {
  readonly circuits: Circuits
  readonly circuit: Circuit
  readonly schedule: Schedule.Schedule<unknown>
  readonly refusal: (retryAfter: Duration.Duration) => E2
}

/** A call that is let through or refused, and whose end is recorded. */
export const guarded = <E, E2>(
  call: ModelCall<E>,
  request: ModelRequest,
  guard: Guard<E2>,
): Effect.Effect<Stream.Stream<Part, E>, E | E2, Scope.Scope> =>
  // Nothing may come between the admission of a probe and what frees its place.
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiber((fiber): Effect.Effect<Stream.Stream<Part, E>, E | E2, Scope.Scope> => {
      const clock = fiber.getRef(Clock.Clock)
      const began = millis(clock)
      const chance = () => fiber.getRef(Random.Random).nextDoubleUnsafe()
      const admission = guard.circuits.admit(guard.circuit, { now: began, chance })
      if (admission._tag === "Refused")
        return Effect.fail(guard.refusal(Duration.millis(Math.ceil(admission.retryAfter))))
      const { ticket } = admission
      const streamed = request.mode === "stream"
      const opened = Effect.onExitPrimitive(
        restore(call.open(request)),
        (exit) => record(guard, ticket, { clock, ...verdict(exit, millis(clock) - began, streamed) }),
        true,
      )
      return streamed ? Effect.map(opened, (parts) => watched(parts, guard, ticket)) : opened
    }),
  )

interface Verdict {
  readonly outcome: Outcome
  readonly retryAfter?: Duration.Duration | undefined
}

const verdict = (exit: Exit.Exit<unknown, unknown>, timeToFirstPart: number, streamed: boolean): Verdict => {
  if (Exit.isSuccess(exit)) return { outcome: { _tag: "Committed", timeToFirstPart, streamed } }
  const error = Exit.findErrorOption(exit)
  return Option.isSome(error) ? failed(error.value, "Failed") : { outcome: { _tag: "Ignored" } }
}

const failed = (error: unknown, tag: "Failed" | "Broken"): Verdict => {
  const { kind, retryAfter } = Failure.classify(error)
  const counts = kind === "transient" || kind === "overloaded"
  return counts ? { outcome: { _tag: tag }, retryAfter } : { outcome: { _tag: "Ignored" } }
}

/** Sees how a stream ends. A consumer that stops early says nothing about the model. */
const watched = <E>(parts: Stream.Stream<Part, E>, guard: Guard<unknown>, ticket: Ticket): Stream.Stream<Part, E> =>
  Stream.transformPull(parts, (pull) =>
    Effect.map(Clock.Clock, (clock) => {
      const ended = (end: Verdict) => record(guard, ticket, { clock, ...end }) ?? Effect.void
      return Effect.matchCauseEffect(pull, {
        onSuccess: Effect.succeed,
        onFailure: (cause) =>
          Effect.andThen(
            ended(Pull.isDoneCause(cause) ? { outcome: { _tag: "Completed" } } : broken(cause)),
            Effect.failCause(cause),
          ),
      })
    }),
  )

const broken = (cause: Parameters<typeof Exit.failCause<unknown>>[0]): Verdict => {
  const error = Exit.findErrorOption(Exit.failCause(cause))
  return Option.isSome(error) ? failed(error.value, "Broken") : { outcome: { _tag: "Ignored" } }
}

const longestHint = 600_000

const record = (
  { circuit, circuits, schedule }: Guard<unknown>,
  ticket: Ticket,
  { clock, outcome, retryAfter }: Verdict & { readonly clock: Clock.Clock },
): Effect.Effect<void> | undefined => {
  const at = millis(clock)
  const opening = circuits.record(circuit, { ticket, outcome, now: at })
  if (opening === undefined) return undefined
  const hint = retryAfter === undefined ? 0 : Math.min(longestHint, Duration.toMillis(retryAfter))
  return Effect.map(delay(schedule, opening), (wait) =>
    circuits.open(circuit, ticket.epoch, { now: at, openFor: Math.max(wait, hint, 1) }),
  )
}

/** The wait of the n-th step of a schedule; that of its last one when it has ended before. Milliseconds. */
const delay = (schedule: Schedule.Schedule<unknown>, step: number): Effect.Effect<number> =>
  Effect.flatMap(Schedule.toStep(schedule), (next) => {
    const from = (taken: number, before: number): Effect.Effect<number> =>
      Pull.matchEffect(next(0, undefined), {
        onSuccess: ([, duration]) => {
          const wait = Duration.toMillis(duration)
          return taken >= step ? Effect.succeed(wait) : from(taken + 1, wait)
        },
        onFailure: Effect.failCause<never>,
        onDone: () => Effect.succeed(before),
      })
    return from(1, 0)
  })

/** The monotonic clock in milliseconds. */
export const millis = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
