/**
 * The innermost hop: one attempt, which is one request on the wire.
 *
 * It asks the guards that the call carries before and settles with them after, and tells the sink. While there is neither,
 * it only opens the provider, and reads no clock.
 */
import { Clock, Effect, Exit, Scope } from "effect"

import { Sink } from "../../Event.ts"
import { type ModelCall, type Opened } from "../../ModelCall.ts"
import { type Kind, type Operation } from "../../Operation.ts"
import { RequestContext } from "../../RequestContext.ts"
import { pausingClock } from "../call/interruption.ts"
import { type ModelRequest, type PricedAs } from "../call/types.ts"
import { tell } from "../event/tell.ts"
import { anyOperation } from "../operation/any.ts"
import { ownScope } from "../scope.ts"
import { type Granted, granted, reserveAll } from "./guards.ts"
import { AttemptRecord, startOf } from "./record.ts"

/** One model of a provider, and how a request to it is sent. */
export interface Provider<E, in out K extends Kind> {
  readonly operation: Operation<K>
  readonly provider: string
  readonly model: string
  readonly account?: string | undefined
  readonly pricedAs?: PricedAs | undefined
  /** The settings of the running request; absent where there are none. */
  readonly settings?: Effect.Effect<{ readonly maxOutputTokens?: number | undefined }> | undefined
  readonly limits?: ModelCall<E, K>["limits"]
  /** One request on the wire; the record sees its reply. */
  readonly send: (request: ModelRequest<K>, record: AttemptRecord | undefined) => Opened<E, K>
}

/** A provider's model as a call whose attempts are guarded and seen. */
export const metered = <E, K extends Kind>(model: Provider<E, K>): ModelCall<E, K> => ({
  operation: model.operation,
  provider: model.provider,
  model: model.model,
  account: model.account,
  pricedAs: model.pricedAs,
  identity: model.settings,
  limits: model.limits,
  open: (request) =>
    Effect.withFiber((fiber): Opened<E, K> => {
      const sink = fiber.getRef(Sink)
      if (sink !== undefined || request.call.guards.length > 0) return attempt(model, request, sink)
      request.call.attempts.begun++
      const sent = model.send(request, undefined)
      // Nothing outlives the opening of a whole answer.
      return request.mode === "generate" ? Effect.scoped(sent) : ownScope(sent)
    }),
})

// Only the request itself can be interrupted, so that what was reserved is settled, and a start is followed by its end.
const attempt = <E, K extends Kind>(
  model: Provider<E, K>,
  request: ModelRequest<K>,
  sink: Sink | undefined,
): Opened<E, K> =>
  Effect.uninterruptibleMask((restore) => {
    const own = request.settings.maxOutputTokens
    return model.settings === undefined || own !== undefined
      ? watched(model, request, { sink, restore, maxOutputTokens: own })
      : Effect.flatMap(model.settings, ({ maxOutputTokens }) =>
          watched(model, request, { sink, restore, maxOutputTokens }),
        )
  })

interface Watching {
  readonly sink: Sink | undefined
  readonly restore: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly maxOutputTokens: number | undefined
}

const watched = <E, K extends Kind>(
  model: Provider<E, K>,
  request: ModelRequest<K>,
  { maxOutputTokens, restore, sink }: Watching,
): Opened<E, K> =>
  Effect.withFiber((fiber) => {
    const { guards, interruption } = request.call
    const clock = fiber.getRef(Clock.Clock)
    const start = startOf(model, request, { context: fiber.getRef(RequestContext), clock, maxOutputTokens })
    const guarding = <A, E2>(self: Effect.Effect<A, E2>) =>
      pausingClock(self, interruption, () => clock.monotonicTimeNanosUnsafe())
    const run = (reservations: Granted) => {
      tell(sink, start)
      const record = new AttemptRecord(start, anyOperation(model.operation), clock)
      const end = (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined => {
        const ended = record.ended(exit)
        tell(sink, ended)
        return reservations === undefined ? undefined : guarding(reservations.settle(ended))
      }
      return untilClosed(restore(model.send(request, record)), { record, end, whole: request.mode === "generate" })
    }
    if (guards.length === 0) return run(granted)
    // A refusal goes past the policies above, up to the one that installed the guard and has it in its type.
    return Effect.flatMap(guarding(reserveAll(guards, start)), run)
  })

/**
 * Opens in a scope of its own and calls `end` once, after everything else was released: when opening fails, when a whole
 * answer is there, or when a stream is over. Runs uninterruptibly.
 */
const untilClosed = <E, K extends Kind>(
  self: Opened<E, K>,
  options: {
    readonly record: AttemptRecord
    readonly end: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void> | undefined
    readonly whole: boolean
  },
): Opened<E, K> => {
  const { end, record, whole } = options
  const opened = (exit: Exit.Exit<unknown, unknown>) => {
    if (Exit.isSuccess(exit)) record.opened()
  }
  if (whole) {
    return Effect.onExitPrimitive(
      Effect.scoped(self),
      (exit) => {
        opened(exit)
        return end(exit)
      },
      true,
    )
  }
  return Effect.flatMap(Effect.scope, (parent) => {
    const scope = Scope.forkUnsafe(parent)
    const opening = Effect.onExitPrimitive(
      Scope.provide(self, scope),
      (exit) => {
        opened(exit)
        return Exit.isFailure(exit) ? Scope.close(scope, exit) : undefined
      },
      true,
    )
    return Effect.andThen(
      Scope.addFinalizerExit(scope, (exit) => end(exit) ?? Effect.void),
      opening,
    )
  })
}
