/**
 * What may allow or refuse attempts, such as a budget.
 *
 * A guard is asked before each request on the wire, wherever in the stack retries, hedges and fallbacks make it, and
 * settles with what became of it. Its refusal ends the whole call: no policy between the guard and the attempt gets around
 * it, because their repetitions are what is being guarded.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"

import { GuardRefusal } from "./internal/attempt/guardRefusal.ts"
import { carrying } from "./internal/call/context.ts"
import { type AttemptGuard } from "./internal/call/types.ts"
import { type ModelCall } from "./ModelCall.ts"

export type { AttemptGuard, Reservation } from "./internal/call/types.ts"

/**
 * Guards every attempt below: each retry, fallback and hedge, at the model that is about to be called.
 *
 * **When to use**
 *
 * Use to write a policy such as a budget. The guard's error becomes part of the call's type.
 *
 * @since 0.1.0
 * @category combinators
 */
export const install = <E, E2>(call: ModelCall<E>, guard: AttemptGuard<E2>): ModelCall<E | E2> => ({
  ...call,
  open: (request) =>
    Effect.mapError(
      call.open(carrying(request, { guards: [...request.call.guards, guard] })),
      (error: E | GuardRefusal) =>
        error instanceof GuardRefusal && error.guard === guard ? (error.error as E2) : (error as E),
    ),
})

/**
 * Whether an error is a guard's refusal on its way up to the policy that installed the guard.
 *
 * **When to use**
 *
 * Ask it in a policy that catches errors, and let a refusal pass: it is not a failure of the model, and holds for every other
 * one. It is not in the error type, because it never leaves the stack.
 *
 * @since 0.1.0
 * @category guards
 */
export const isRefusal = (error: unknown): boolean => error instanceof GuardRefusal
