/**
 * The effects around a limit: reading the clock, waiting in line, sending, telling what a call took.
 */
import { Clock, Effect, Exit, Random, Scope, Stream } from "effect"

import { CurrentDeadline } from "../../Deadline.ts"
import { type ModelCall, type Opened, type ModelRequest } from "../../ModelCall.ts"
import { observing } from "../../ModelRequest.ts"
import { RequestContext } from "../../RequestContext.ts"
import { queued } from "../call/queued.ts"
import { type Source } from "../call/types.ts"
import { refuse } from "../event/refuse.ts"
import { millis } from "../millis.ts"
import {
  block,
  settle,
  type Charge,
  estimateCharge,
  type Limit,
  onOpened,
  onPulled,
  readHeaders,
  takenFromShared,
} from "./charge.ts"
import { type Wait, type Waiter } from "./queue.ts"
import { type RedisWindow } from "./redis.ts"
import { take } from "./state.ts"

/** Why a call is refused. Without a wait it never fits. */
export interface Rejection {
  readonly key: string
  readonly dimension: number | undefined
  readonly cost: number
  readonly wait: number | undefined
}

export interface RateLimiter<E2> extends Limit {
  readonly keyOf: ((context: RequestContext) => string) | undefined
  readonly key: string
  /** How many may wait, and for how many milliseconds. */
  readonly queueSize: number
  readonly maxWait: number
  readonly refusal: (rejection: Rejection) => E2
  /** As the policy is called in code, and the model that it stands before. */
  readonly name: string
  readonly source: Source
}

type Restore = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** A call that takes what it will cost, waits for it, or is refused; and that says in the end what it did cost. */
export const limited = <E, E2>(call: ModelCall<E>, request: ModelRequest, limit: RateLimiter<E2>): Opened<E | E2> =>
  // Nothing may come between the taking and what settles it.
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiber((fiber): Opened<E | E2> => {
      const clock = fiber.getRef(Clock.Clock)
      const now = millis(clock)
      const key = limit.keyOf === undefined ? limit.key : limit.keyOf(fiber.getRef(RequestContext))
      const held = estimateCharge(limit, request, { clock, key, now })
      const mistaken = held.costs.findIndex((cost) => !(cost >= 0))
      if (mistaken >= 0)
        return Effect.die(new Error(`RateLimit: the cost in "${limit.rules[mistaken]?.name}" must be 0 or more`))
      const never = held.costs.findIndex((cost, index) => cost > (limit.rules[index]?.limit ?? Infinity))
      if (never >= 0) return rejected(held, limit, { dimension: never, wait: undefined })
      const { limiter: entry } = held
      entry.underWay++
      if (limit.shared === undefined && !entry.isWaitedFor) {
        if (take(entry.window(now), limit.rules, held.costs, now) === undefined) return openCharged(call, held, restore)
      }
      const deadline = fiber.getRef(CurrentDeadline)
      const remaining = deadline === undefined ? Infinity : Number(deadline.at) / 1e6 - now
      const admitted = acquire(held, limit, { restore, expires: now + Math.min(limit.maxWait, remaining) })
      return Effect.andThen(admitted, openCharged(call, held, restore))
    }),
  )

const rejected = <E2>(
  { costs, limiter, request }: Charge,
  limit: RateLimiter<E2>,
  { dimension, wait }: Pick<Rejection, "dimension" | "wait">,
): Effect.Effect<never, E2> => {
  const cost = dimension === undefined ? 0 : (costs[dimension] ?? 0)
  return refuse(request, limit.source, {
    policy: limit.name,
    error: limit.refusal({ key: limiter.key, dimension, cost, wait }),
  })
}

const openCharged = <E>(call: ModelCall<E>, held: Charge, restore: Restore): Opened<E> => {
  const opening = Effect.suspend(() => {
    held.sent = true
    return call.open(observing(held.request, { headers: (headers) => readHeaders(held, headers) }))
  })
  const answered = Effect.onExitPrimitive(restore(opening), (exit) => onOpened(held, exit), true)
  return held.request.mode === "generate" ? answered : chargeStream(answered, held)
}

/** Settles when the stream is closed, however far it was read. */
const chargeStream = <E>(answered: Opened<E>, held: Charge): Opened<E> =>
  Effect.flatMap(answered, (parts) =>
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.as(
        Scope.addFinalizer(
          scope,
          Effect.suspend(() => settle(held) ?? Effect.void),
        ),
        Stream.transformPull(parts, (pull) =>
          Effect.succeed(Effect.onExitPrimitive(pull, (exit) => onPulled(held, exit), true)),
        ),
      ),
    ),
  )

interface Waiting {
  readonly restore: Restore
  readonly expires: number
}

/** Waits in line and asks until the costs are taken. Leaves the line whatever happens. */
const acquire = <E2>(held: Charge, limit: RateLimiter<E2>, { expires, restore }: Waiting): Effect.Effect<void, E2> => {
  const { clock, costs, limiter: entry } = held
  const { line } = entry
  const sendAway = (wait: Wait) => rejected(held, limit, wait)
  const waiter: Waiter = { costs, expires, turn: () => {}, sentAway: () => {}, wake: undefined, place: undefined }
  const arrived = Effect.callback<void, E2>((resume) => {
    // The next one goes on by itself, not in the middle of what the one before it still does.
    waiter.turn = () => resume(Effect.yieldNow)
    waiter.sentAway = (wait) => resume(sendAway(wait))
    const wait = line.join(waiter, { now: millis(clock), places: limit.queueSize })
    if (wait !== undefined) resume(sendAway(wait))
  })
  const turn: Effect.Effect<void, E2> = Effect.flatMap(tryTake(held, limit), (answer): Effect.Effect<void, E2> => {
    if (answer === undefined) return Effect.void
    if (answer === unavailable) return sendAway(answer)
    return Effect.flatMap(jitter(limit, answer), (late) => {
      const now = millis(clock)
      const rest = Math.ceil(answer.wait + late)
      if (!line.sleep(answer, { now, places: limit.queueSize, until: now + rest })) return sendAway(answer)
      return Effect.andThen(restore(sleepUntilWoken(waiter, rest)), turn)
    })
  })
  return Effect.onExitPrimitive(
    queued(held.request.call, Effect.andThen(restore(arrived), turn)),
    (exit) => {
      line.leave(waiter)
      if (Exit.isFailure(exit)) entry.underWay--
      return undefined
    },
    true,
  )
}

/** Takes the costs, or answers why not. */
const tryTake = (held: Charge, { rules, shared }: Limit): Effect.Effect<Wait | undefined> => {
  const own = Effect.sync(() => {
    const now = millis(held.clock)
    held.at = now
    return take(held.limiter.window(now), rules, held.costs, now)
  })
  return shared === undefined
    ? own
    : Effect.flatMap(tryTakeShared(held, rules, shared), (answer) => (answer === "lost" ? own : Effect.succeed(answer)))
}

/** Redis is asked again after a second, so there is no use in coming back sooner. */
const unavailable: Wait = { dimension: undefined, wait: 1_000 }

const tryTakeShared = (
  held: Charge,
  rules: Limit["rules"],
  shared: RedisWindow,
): Effect.Effect<Wait | undefined | "lost"> =>
  Effect.map(shared.take(held.limiter.key, rules, held.costs), (answer) => {
    if (answer === undefined) return shared.refuses ? unavailable : "lost"
    if ("at" in answer) return takenFromShared(held, answer)
    if (answer.dimension === undefined) block(held, answer.wait)
    return answer
  })

/** Processes that were told the same time do not come back together. */
const jitter = ({ rules, shared }: Limit, { dimension }: Wait): Effect.Effect<number> => {
  if (shared === undefined) return Effect.succeed(0)
  const window = rules[dimension ?? 0]?.window ?? 0
  return Effect.map(Random.next, (random) => (random * Math.min(window, maxJitterWindow)) / 200)
}

const maxJitterWindow = 60_000

const sleepUntilWoken = (waiter: Waiter, span: number): Effect.Effect<void> =>
  Effect.withFiber((parent) =>
    Effect.callback<void>((resume) => {
      const alarm = Effect.runForkWith(parent.context)(Effect.sleep(span))
      let slept = false
      const over = () => {
        // Who was woken may sleep again by now.
        if (slept) return
        slept = true
        waiter.wake = undefined
        resume(Effect.void)
      }
      alarm.addObserver(over)
      waiter.wake = () => {
        over()
        alarm.interruptUnsafe()
      }
      return Effect.sync(() => alarm.interruptUnsafe())
    }),
  )
