/**
 * A call that holds its place from before it is sent until its answer is complete.
 */
import { Effect, Exit, Scope, type Stream } from "effect"

import { type ModelRequest, type Part } from "../ModelCall.ts"
import { type Priority, RequestContext } from "../RequestContext.ts"
import { newId } from "./attemptRecord.ts"
import { type Gate, type Waiter } from "./gate.ts"
import { ownScope } from "./ownScope.ts"
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
  ownScope(
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(RequestContext, ({ priority, tenant = "" }) => {
        const weight = seat.weightOf(request)
        const place = new Standing(seat, { weight, urgency: urgencies.indexOf(priority), tenant, priority })
        return Effect.flatMap(Effect.scope, (scope) =>
          Effect.onExitPrimitive(
            restore(place.granted),
            (exit) => (Exit.isFailure(exit) ? place.leave : undefined),
            true,
          ).pipe(
            Effect.andThen(Scope.addFinalizer(scope, place.leave)),
            Effect.andThen(
              seat.shared === undefined
                ? Effect.void
                : permitted(seat, seat.shared, { scope, weight, restore, priority }),
            ),
            Effect.andThen(restore(opening)),
          ),
        )
      }),
    ),
  )

class Standing<E2> {
  readonly granted: Effect.Effect<void, E2>
  readonly leave: Effect.Effect<void>

  constructor(
    { gate, refusal }: Seat<E2>,
    { priority, ...who }: Pick<Waiter, "weight" | "urgency" | "tenant"> & { readonly priority: Priority },
  ) {
    let waiter: Waiter | undefined
    this.granted = Effect.callback<void, E2>((resume) => {
      const refused = () => resume(Effect.fail(refusal(priority)))
      waiter = { ...who, granted: () => resume(Effect.void), shed: refused, sequence: 0, state: "waiting" }
      if (!gate.join(waiter)) refused()
      else if (waiter.state === "holding") resume(Effect.void)
    })
    this.leave = Effect.sync(() => {
      if (waiter !== undefined) gate.leave(waiter)
    })
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
