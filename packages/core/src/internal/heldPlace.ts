/**
 * A call that holds its place from before it is sent until its answer is complete.
 */
import { Context, Effect, Scope, type Stream } from "effect"

import { type ModelRequest, type Part } from "../ModelCall.ts"
import { type Priority, RequestContext } from "../RequestContext.ts"
import { newId } from "./attemptRecord.ts"
import { type Gate, type Waiter } from "./gate.ts"
import { settled } from "./ownScope.ts"
import { type SharedPermits } from "./permits.ts"
import { urgencies } from "./urgencies.ts"

type Opened<E> = Effect.Effect<Stream.Stream<Part, E>, E, Scope.Scope>

export interface Seat<E2> {
  readonly gate: Gate
  readonly weightOf: (request: ModelRequest) => number
  readonly refusal: (priority: Priority) => E2
  /** Permits that are needed beside the place in this process. */
  readonly shared: { readonly permits: SharedPermits; readonly key: string; readonly limit: number } | undefined
}

// Nothing may come between taking a place and what gives it back.
export const held = <E, E2>(seat: Seat<E2>, request: ModelRequest, opening: Opened<E>): Opened<E | E2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.withFiber((fiber): Opened<E | E2> => {
      const { priority, tenant = "" } = fiber.getRef(RequestContext)
      const standing = new Standing(seat, { weight: seat.weightOf(request), tenant, priority })
      if (!standing.joined) return Effect.fail(seat.refusal(priority))
      const own = Scope.makeUnsafe()
      const options = { scope: own, weight: standing.weight, priority, restore }
      const call = restore(Scope.provide(opening, own))
      const permitting = seat.shared === undefined ? call : Effect.andThen(permitted(seat, seat.shared, options), call)
      const waiting = standing.state === "holding" ? permitting : Effect.andThen(restore(standing.turn), permitting)
      const outer = Context.getUnsafe(fiber.context, Scope.Scope)
      return settled(Effect.andThen(Scope.addFinalizer(own, standing.leave), waiting), own, outer)
    }),
  )

class Standing<E2> implements Waiter {
  readonly weight: number
  readonly urgency: number
  readonly tenant: string
  readonly joined: boolean
  sequence = 0
  state: Waiter["state"] = "waiting"
  private readonly seat: Seat<E2>
  private readonly priority: Priority
  private wake: (() => void) | undefined

  constructor(seat: Seat<E2>, who: { readonly weight: number; readonly tenant: string; readonly priority: Priority }) {
    this.seat = seat
    this.weight = who.weight
    this.tenant = who.tenant
    this.priority = who.priority
    this.urgency = urgencies.indexOf(who.priority)
    this.joined = seat.gate.join(this)
  }

  granted(): void {
    this.wake?.()
  }

  shed(): void {
    this.wake?.()
  }

  /** Waits for its turn, which may have come already. */
  get turn(): Effect.Effect<void, E2> {
    return Effect.callback((resume) => {
      this.wake = () => resume(this.state === "holding" ? Effect.void : Effect.fail(this.seat.refusal(this.priority)))
      if (this.state !== "waiting") this.wake()
    })
  }

  get leave(): Effect.Effect<void> {
    return Effect.sync(() => this.seat.gate.leave(this))
  }
}

/** What is asked for is given back, also if it is not known whether it was given. */
const permitted = <E2>(
  { refusal }: Seat<E2>,
  { key, limit, permits }: NonNullable<Seat<E2>["shared"]>,
  options: {
    readonly scope: Scope.Scope
    readonly weight: number
    readonly priority: Priority
    readonly restore: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  },
): Effect.Effect<void, E2> => {
  const holder = { key, id: newId(), weight: options.weight }
  return Scope.addFinalizer(options.scope, permits.release(holder)).pipe(
    Effect.andThen(options.restore(permits.take(holder, limit))),
    Effect.flatMap((granted) => (granted ? Effect.void : Effect.fail(refusal(options.priority)))),
  )
}
