/**
 * The effects around a circuit: letting calls through, and telling how they ended.
 */
import { Cause, Clock, Duration, Effect, Exit, type Fiber, Option, Pull, Stream } from "effect"

import * as Failure from "../../Failure.ts"
import { type ModelCall, type Opened, type ModelRequest, type Part } from "../../ModelCall.ts"
import { refuse } from "../event/refuse.ts"
import { millis } from "../millis.ts"
import { type Outcome, type Ticket } from "./state.ts"
import { type BreakerStore, type CircuitUse } from "./store.ts"

/** A circuit as one policy guards it, and what it refuses with. `retryAfter` is milliseconds. */
export interface CircuitCall<E2> extends CircuitUse {
  readonly store: BreakerStore
  readonly refusal: (retryAfter: number) => E2
}

/** A call that is let through or refused, and whose end is recorded. */
export const throughCircuit = <E, E2>(
  call: ModelCall<E>,
  request: ModelRequest,
  guard: CircuitCall<E2>,
): Opened<E | E2> =>
  Effect.withFiber((fiber): Opened<E | E2> => {
    const began = now(fiber)
    const answer = guard.store.decide(guard.circuit, began, fiber)
    if (answer === undefined) return admitAndOpen(call, request, guard)
    if (answer._tag === "Refused") return refused(call, request, guard.refusal(answer.retryAfter))
    return recordOpening(call.open(request), {
      guard,
      fiber,
      ticket: answer.ticket,
      streamed: isStreamed(request),
      began,
    })
  })

/** A call that may be a probe: nothing may come between its admission and what frees its place. */
const admitAndOpen = <E, E2>(call: ModelCall<E>, request: ModelRequest, guard: CircuitCall<E2>): Opened<E | E2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(guard.store.admit(guard.circuit), (answer) =>
      Effect.withFiber((fiber): Opened<E | E2> => {
        if (answer._tag === "Refused") return refused(call, request, guard.refusal(answer.retryAfter))
        const { ticket } = answer
        const admitted = { guard, fiber, ticket, streamed: isStreamed(request), began: now(fiber) }
        return recordOpening(restore(call.open(request)), admitted)
      }),
    ),
  )

const refused = <E2>(call: ModelCall<unknown>, request: ModelRequest, error: E2): Effect.Effect<never, E2> =>
  refuse(request, call, { policy: "Breaker.guard", error })

const isStreamed = ({ mode }: ModelRequest): boolean => mode === "stream"

const now = (fiber: Fiber.Fiber<unknown, unknown>): number => millis(fiber.getRef(Clock.Clock))

interface Admitted {
  readonly guard: CircuitCall<unknown>
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly ticket: Ticket
  readonly streamed: boolean
  readonly began: number
}

const recordOpening = <E>(open: Opened<E>, { began, fiber, guard, streamed, ticket }: Admitted): Opened<E> => {
  const opened = Effect.onExitPrimitive(open, (exit) => {
    const at = now(fiber)
    const { hint, outcome } = verdict(exit, at - began, streamed)
    return guard.store.record(guard, { ticket, outcome, now: at, hint }, fiber)
  })
  return streamed ? Effect.map(opened, (parts) => recordStream(parts, guard, ticket)) : opened
}

/** Sees how a stream ends. A consumer that stops early says nothing about the model. */
const recordStream = <E>(
  parts: Stream.Stream<Part, E>,
  guard: CircuitCall<unknown>,
  ticket: Ticket,
): Stream.Stream<Part, E> =>
  Stream.transformPull(parts, (pull) =>
    Effect.withFiber((fiber) => {
      const recorded = (end: Verdict) =>
        guard.store.record(guard, { ticket, now: now(fiber), ...end }, fiber) ?? Effect.void
      return Effect.succeed(
        Effect.matchCauseEffect(pull, {
          onSuccess: Effect.succeed,
          onFailure: (cause) =>
            Effect.andThen(
              recorded(Pull.isDoneCause(cause) ? { outcome: { _tag: "Completed" }, hint: 0 } : failed(cause, "Broken")),
              Effect.failCause(cause),
            ),
        }),
      )
    }),
  )

interface Verdict {
  readonly outcome: Outcome
  readonly hint: number
}

const verdict = (exit: Exit.Exit<unknown, unknown>, timeToFirstPart: number, streamed: boolean): Verdict =>
  Exit.isSuccess(exit)
    ? { outcome: { _tag: "Committed", timeToFirstPart, streamed }, hint: 0 }
    : failed(exit.cause, "Failed")

const maxRetryAfter = 600_000

const failed = (cause: Cause.Cause<unknown>, tag: "Failed" | "Broken"): Verdict => {
  const error = Cause.findErrorOption(cause)
  if (Option.isNone(error)) return ignored
  const { kind, retryAfter } = Failure.classify(error.value)
  if (kind !== "transient" && kind !== "overloaded") return ignored
  const hint = retryAfter === undefined ? 0 : Math.min(maxRetryAfter, Duration.toMillis(retryAfter))
  return { outcome: { _tag: tag }, hint }
}

const ignored: Verdict = { outcome: { _tag: "Ignored" }, hint: 0 }
