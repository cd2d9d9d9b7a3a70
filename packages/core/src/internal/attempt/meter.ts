/**
 * The innermost hop: one attempt, which is one request on the wire.
 *
 * It asks the guard before and settles with it after, and tells the sink. While there is neither, it only opens the
 * provider, and reads no clock.
 */
import { Clock, Effect, Exit, Scope, type Stream } from "effect"
import { type AiError } from "effect/ai"

import { type AttemptGuard, AttemptSink, CurrentGuard, type Event, type Reservation } from "../../Attempt.ts"
import * as CommitPoint from "../../CommitPoint.ts"
import { type ModelCall, type ModelRequest, type Part } from "../../ModelCall.ts"
import { type ProviderModel, type ProviderRequest, type UnsupportedOption } from "../../provider/ProviderModel.ts"
import { ofParts } from "../answer/complete.ts"
import * as StructuredOutput from "../answer/structured.ts"
import { CurrentInterruption, pausingClock } from "../deadline/interruption.ts"
import { ownScope } from "../scope.ts"
import { type GuardRefusal } from "./guardRefusal.ts"
import { AttemptRecord, startOf } from "./record.ts"
import { type ReplyListener, replyListenerOf } from "./replyListener.ts"

/** How a call of a provider's model can fail. */
export type CallFailure = AiError.AiError | UnsupportedOption | CommitPoint.StreamTruncated

type Opened = Effect.Effect<Stream.Stream<Part, CallFailure>, CallFailure, Scope.Scope>

/** A provider's model as a call whose attempts are guarded and seen. */
export const metered = (model: ProviderModel): ModelCall<CallFailure> => ({
  provider: model.provider,
  model: model.model,
  identity: model.settings,
  open: (request) =>
    Effect.withFiber((fiber): Opened => {
      const sink = fiber.getRef(AttemptSink)
      const guard = fiber.getRef(CurrentGuard)
      if (sink !== undefined || guard !== undefined) return attempt(model, request, { sink, guard })
      const sent = send(model, request, undefined)
      // Nothing outlives the opening of a whole answer.
      return request.mode === "generate" ? Effect.scoped(sent) : ownScope(sent)
    }),
})

interface Watchers {
  readonly sink: AttemptSink | undefined
  readonly guard: AttemptGuard<GuardRefusal> | undefined
}

// Only the request itself can be interrupted, so that what was reserved is settled, and a start is followed by its end.
const attempt = (model: ProviderModel, request: ModelRequest, watchers: Watchers): Opened =>
  Effect.uninterruptibleMask((restore) =>
    watchers.guard === undefined || model.settings === undefined
      ? watched(model, request, { ...watchers, restore, maxOutputTokens: undefined })
      : Effect.flatMap(model.settings, ({ maxOutputTokens }) =>
          watched(model, request, { ...watchers, restore, maxOutputTokens }),
        ),
  )

interface Watching extends Watchers {
  readonly restore: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly maxOutputTokens: number | undefined
}

const watched = (model: ProviderModel, request: ModelRequest, watching: Watching): Opened =>
  Effect.withFiber((fiber) => {
    const { guard, maxOutputTokens, restore, sink } = watching
    const options = { fiber, clock: fiber.getRef(Clock.Clock), maxOutputTokens }
    const start = startOf(model, request, options)
    const cut = fiber.getRef(CurrentInterruption)
    const guarding = <A, E>(self: Effect.Effect<A, E>) =>
      pausingClock(self, cut, () => options.clock.monotonicTimeNanosUnsafe())
    const run = (reservation: Reservation | undefined) => {
      const record = new AttemptRecord(start, options)
      const end = (exit: Exit.Exit<unknown, unknown>) => {
        const ended = record.ended(exit)
        const settled = reservation && guarding(Effect.suspend(() => reservation.settle(ended)))
        if (sink === undefined) return settled ?? Effect.void
        return settled === undefined ? tell(sink, ended) : Effect.andThen(tell(sink, ended), settled)
      }
      const whole = request.mode === "generate"
      const opened = untilClosed(restore(send(model, request, record)), { record, end, whole })
      return sink === undefined ? opened : Effect.andThen(tell(sink, start), opened)
    }
    if (guard === undefined) return run(undefined)
    // The refusal goes past the policies above, up to the one that installed the guard and has it in its type.
    return Effect.flatMap(guarding(guard.reserve(start)) as unknown as Effect.Effect<Reservation>, run)
  })

/**
 * Opens in a scope of its own and calls `end` once, after everything else was released: when opening fails, when a whole
 * answer is there, or when a stream is over. Runs uninterruptibly.
 */
const untilClosed = (
  self: Opened,
  options: {
    readonly record: AttemptRecord
    readonly end: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>
    readonly whole: boolean
  },
): Opened => {
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
    return Effect.andThen(Scope.addFinalizerExit(scope, end), opening)
  })
}

const send = (model: ProviderModel, request: ModelRequest, record: AttemptRecord | undefined): Opened => {
  const observers = { record, listener: replyListenerOf(request) }
  return Effect.flatMap(
    StructuredOutput.requestSchema(model.codecTransformer, request.options.responseFormat),
    (jsonSchema) =>
      request.mode === "generate"
        ? generate(model, { options: request.options, jsonSchema }, observers)
        : stream(model, { options: request.options, jsonSchema }, observers),
  )
}

interface Observers {
  readonly record: AttemptRecord | undefined
  readonly listener: ReplyListener | undefined
}

const generate = (model: ProviderModel, request: ProviderRequest, { listener, record }: Observers): Opened =>
  Effect.flatMap(model.generate(request), ({ headers, parts }) => {
    record?.replied(headers)
    listener?.(headers)
    return CommitPoint.commitWhole(parts, model, record).pipe(
      Effect.flatMap((checked) =>
        StructuredOutput.canonical(model.provider, model.codecTransformer, request.options.responseFormat, checked),
      ),
      Effect.map(ofParts),
    )
  })

const stream = (model: ProviderModel, request: ProviderRequest, { listener, record }: Observers): Opened =>
  Effect.flatMap(model.stream(request), ({ headers, parts }) => {
    record?.replied(headers)
    listener?.(headers)
    return CommitPoint.commit<AiError.AiError>(parts, model, record)
  })

// A sink is somebody else's code, and its mistakes are no failure of the call.
const tell = (sink: AttemptSink | undefined, event: Event): Effect.Effect<void> =>
  sink === undefined ? Effect.void : Effect.ignoreCause(Effect.sync(() => sink(event)))
