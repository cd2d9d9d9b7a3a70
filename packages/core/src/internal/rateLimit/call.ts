/**
 * The effects around a limit: reading the clock, waiting in line, sending, telling what a call took.
 */
import { Clock, Effect, Exit, Random, Scope, Stream } from "effect"

import { CurrentDeadline } from "../../Deadline.ts"
import { type ModelCall, type ModelRequest, type Part } from "../../ModelCall.ts"
import { RequestContext } from "../../RequestContext.ts"
import { withReplyListener } from "../attempt/replyListener.ts"
import { millis } from "../millis.ts"
import { blocked, closed, type Held, hold, type Limit, opened, pulled, replied, takenTogether } from "./charge.ts"
import { type Wait, type Waiter } from "./queue.ts"
import { type SharedUsage } from "./redis.ts"
import { take } from "./state.ts"

/** Why a call is refused. Without a wait it never fits. */
export interface Refused {
  readonly key: string
  readonly dimension: number | undefined
  readonly cost: number
  readonly wait: number | undefined
}

export interface Refusing<E2> extends Limit {
  readonly keyOf: ((context: RequestContext) => string) | undefined
  readonly key: string
  /** How many may wait, and for how many milliseconds. */
  readonly places: number
  readonly patience: number
  readonly refusal: (refused: Refused) => E2
}

type Opened<E> = Effect.Effect<Stream.Stream<Part, E>, E, Scope.Scope>

type Restore = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** A call that takes what it will cost, waits for it, or is refused; and that says in the end what it did cost. */
export const limited = <E, E2>(call: ModelCall<E>, request: ModelRequest, limit: Refusing<E2>): Opened<E | E2> =>
  // Nothing may come between the taking and what settles it.
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiber((fiber): Opened<E | E2> => {
      const clock = fiber.getRef(Clock.Clock)
      const now = millis(clock)
      const key = limit.keyOf === undefined ? limit.key : limit.keyOf(fiber.getRef(RequestContext))
      const held = hold(limit, request, { clock, key, now })
      const mistaken = held.costs.findIndex((cost) => !(cost >= 0))
      if (mistaken >= 0)
        return Effect.die(new Error(`RateLimit: the cost in "${limit.rules[mistaken]?.name}" must be 0 or more`))
      const never = held.costs.findIndex((cost, index) => cost > (limit.rules[index]?.limit ?? Infinity))
      if (never >= 0) return Effect.fail(limit.refusal({ ...refused(held, never), wait: undefined }))
      const { entry } = held
      entry.underWay++
      if (limit.shared === undefined && !entry.isWaitedFor) {
        if (take(entry.account(now), limit.rules, held.costs, now) === undefined) return sent(call, held, restore)
      }
      const deadline = fiber.getRef(CurrentDeadline)
      const remaining = deadline === undefined ? Infinity : Number(deadline.at) / 1e6 - now
      const admitted = inTurn(held, limit, { restore, expires: now + Math.min(limit.patience, remaining) })
      return Effect.andThen(admitted, sent(call, held, restore))
    }),
  )

const refused = ({ costs, entry }: Held, dimension: number | undefined) => ({
  key: entry.key,
  dimension,
  cost: dimension === undefined ? 0 : (costs[dimension] ?? 0),
})

const sent = <E>(call: ModelCall<E>, held: Held, restore: Restore): Opened<E> => {
  const opening = Effect.suspend(() => {
    held.sent = true
    return call.open(withReplyListener(held.request, (headers) => replied(held, headers)))
  })
  const answered = Effect.onExitPrimitive(restore(opening), (exit) => opened(held, exit), true)
  return held.request.mode === "generate" ? answered : streaming(answered, held)
}

/** Settles when the stream is closed, however far it was read. */
const streaming = <E>(answered: Opened<E>, held: Held): Opened<E> =>
  Effect.flatMap(answered, (parts) =>
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.as(
        Scope.addFinalizer(
          scope,
          Effect.suspend(() => closed(held) ?? Effect.void),
        ),
        Stream.transformPull(parts, (pull) =>
          Effect.succeed(Effect.onExitPrimitive(pull, (exit) => pulled(held, exit), true)),
        ),
      ),
    ),
  )

interface Waiting {
  readonly restore: Restore
  readonly expires: number
}

/** Waits in line and asks until the costs are taken. Leaves the line whatever happens. */
const inTurn = <E2>(held: Held, limit: Refusing<E2>, { expires, restore }: Waiting): Effect.Effect<void, E2> => {
  const { clock, costs, entry } = held
  const { line } = entry
  const sendAway = ({ dimension, wait }: Wait) => Effect.fail(limit.refusal({ ...refused(held, dimension), wait }))
  const waiter: Waiter = { costs, expires, turn: () => {}, sentAway: () => {}, wake: undefined, place: undefined }
  const arrived = Effect.callback<void, E2>((resume) => {
    // The next one goes on by itself, not in the middle of what the one before it still does.
    waiter.turn = () => resume(Effect.yieldNow)
    waiter.sentAway = (wait) => resume(sendAway(wait))
    const wait = line.join(waiter, { now: millis(clock), places: limit.places })
    if (wait !== undefined) resume(sendAway(wait))
  })
  const turn: Effect.Effect<void, E2> = Effect.flatMap(asked(held, limit), (answer): Effect.Effect<void, E2> => {
    if (answer === undefined) return Effect.void
    if (answer === lost) return sendAway(answer)
    return Effect.flatMap(jitter(limit, answer), (late) => {
      const now = millis(clock)
      const rest = Math.ceil(answer.wait + late)
      if (!line.sleep(answer, { now, places: limit.places, until: now + rest })) return sendAway(answer)
      return Effect.andThen(restore(asleep(waiter, rest)), turn)
    })
  })
  return Effect.onExitPrimitive(
    Effect.andThen(restore(arrived), turn),
    (exit) => {
      line.leave(waiter)
      if (Exit.isFailure(exit)) entry.underWay--
      return undefined
    },
    true,
  )
}

/** Takes the costs, or answers why not. */
const asked = (held: Held, { rules, shared }: Limit): Effect.Effect<Wait | undefined> => {
  const own = Effect.sync(() => {
    const now = millis(held.clock)
    held.at = now
    return take(held.entry.account(now), rules, held.costs, now)
  })
  return shared === undefined
    ? own
    : Effect.flatMap(askedTogether(held, rules, shared), (answer) => (answer === "lost" ? own : Effect.succeed(answer)))
}

/** Redis is asked again after a second, so there is no use in coming back sooner. */
const lost: Wait = { dimension: undefined, wait: 1_000 }

const askedTogether = (
  held: Held,
  rules: Limit["rules"],
  shared: SharedUsage,
): Effect.Effect<Wait | undefined | "lost"> =>
  Effect.map(shared.take(held.entry.key, rules, held.costs), (answer) => {
    if (answer === undefined) return shared.refuses ? lost : "lost"
    if ("at" in answer) return takenTogether(held, answer)
    if (answer.dimension === undefined) blocked(held, answer.wait)
    return answer
  })

/** Processes that were told the same time do not come back together. */
const jitter = ({ rules, shared }: Limit, { dimension }: Wait): Effect.Effect<number> => {
  if (shared === undefined) return Effect.succeed(0)
  const window = rules[dimension ?? 0]?.window ?? 0
  return Effect.map(Random.next, (random) => (random * Math.min(window, longestJittered)) / 200)
}

const longestJittered = 60_000

const asleep = (waiter: Waiter, span: number): Effect.Effect<void> =>
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
