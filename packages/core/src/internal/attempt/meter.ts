/**
 * The innermost hop: one attempt, which is one request on the wire.
 *
 * It asks the guards that the call carries before and settles with them after, and tells the sink. While there is neither,
 * it only opens the provider, and reads no clock.
 */
import { Clock, Effect, Exit, Scope } from "effect"
import { type AiError } from "effect/ai"

import * as CommitPoint from "../../CommitPoint.ts"
import { Sink } from "../../Event.ts"
import { type ModelCall, type Opened as OpenedCall } from "../../ModelCall.ts"
import { type ProviderModel, type ProviderRequest, type UnsupportedOption } from "../../provider/ProviderModel.ts"
import { RequestContext } from "../../RequestContext.ts"
import { ofParts } from "../answer/complete.ts"
import * as StructuredOutput from "../answer/structured.ts"
import { pausingClock } from "../call/interruption.ts"
import { type ModelRequest } from "../call/types.ts"
import { tell } from "../event/tell.ts"
import { anyOperation } from "../operation/any.ts"
import { chat } from "../operation/chat.ts"
import { ownScope } from "../scope.ts"
import { type Granted, granted, reserveAll } from "./guards.ts"
import { observersOf, type ReplyWatcher } from "./observers.ts"
import { AttemptRecord, startOf } from "./record.ts"

/** How a call of a provider's model can fail. */
export type CallFailure = AiError.AiError | UnsupportedOption | CommitPoint.StreamTruncated

type Opened = OpenedCall<CallFailure, "chat">

/** A provider's model as a call whose attempts are guarded and seen. */
export const metered = (model: ProviderModel): ModelCall<CallFailure, "chat"> => ({
  operation: chat,
  provider: model.provider,
  model: model.model,
  identity: model.settings,
  open: (request) =>
    Effect.withFiber((fiber): Opened => {
      const sink = fiber.getRef(Sink)
      if (sink !== undefined || request.call.guards.length > 0) return attempt(model, request, sink)
      request.call.attempts.begun++
      const sent = send(model, request, undefined)
      // Nothing outlives the opening of a whole answer.
      return request.mode === "generate" ? Effect.scoped(sent) : ownScope(sent)
    }),
})

// Only the request itself can be interrupted, so that what was reserved is settled, and a start is followed by its end.
const attempt = (model: ProviderModel, request: ModelRequest<"chat">, sink: Sink | undefined): Opened =>
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

const watched = (
  model: ProviderModel,
  request: ModelRequest<"chat">,
  { maxOutputTokens, restore, sink }: Watching,
): Opened =>
  Effect.withFiber((fiber) => {
    const { guards, interruption } = request.call
    const clock = fiber.getRef(Clock.Clock)
    const start = startOf(model, request, { context: fiber.getRef(RequestContext), clock, maxOutputTokens })
    const guarding = <A, E>(self: Effect.Effect<A, E>) =>
      pausingClock(self, interruption, () => clock.monotonicTimeNanosUnsafe())
    const run = (reservations: Granted) => {
      tell(sink, start)
      const record = new AttemptRecord(start, anyOperation(chat), clock)
      const end = (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined => {
        const ended = record.ended(exit)
        tell(sink, ended)
        return reservations === undefined ? undefined : guarding(reservations.settle(ended))
      }
      return untilClosed(restore(send(model, request, record)), { record, end, whole: request.mode === "generate" })
    }
    if (guards.length === 0) return run(granted)
    // A refusal goes past the policies above, up to the one that installed the guard and has it in its type.
    return Effect.flatMap(guarding(reserveAll(guards, start)), run)
  })

/**
 * Opens in a scope of its own and calls `end` once, after everything else was released: when opening fails, when a whole
 * answer is there, or when a stream is over. Runs uninterruptibly.
 */
const untilClosed = (
  self: Opened,
  options: {
    readonly record: AttemptRecord
    readonly end: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void> | undefined
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
    return Effect.andThen(
      Scope.addFinalizerExit(scope, (exit) => end(exit) ?? Effect.void),
      opening,
    )
  })
}

const send = (model: ProviderModel, request: ModelRequest<"chat">, record: AttemptRecord | undefined): Opened => {
  const { call, options, settings } = request
  const observer = observersOf(record, call.observers)
  return Effect.flatMap(StructuredOutput.requestSchema(model.codecTransformer, options.responseFormat), (jsonSchema) =>
    request.mode === "generate"
      ? generate(model, { options, settings, jsonSchema }, observer)
      : stream(model, { options, settings, jsonSchema }, observer),
  )
}

const generate = (model: ProviderModel, request: ProviderRequest, observer: ReplyWatcher | undefined): Opened =>
  Effect.flatMap(model.generate(request), ({ headers, parts }) => {
    observer?.headers(headers)
    return CommitPoint.commitWhole(parts, model, observer).pipe(
      Effect.flatMap((checked) =>
        StructuredOutput.canonical(model.provider, model.codecTransformer, request.options.responseFormat, checked),
      ),
      Effect.map(ofParts),
    )
  })

const stream = (model: ProviderModel, request: ProviderRequest, observer: ReplyWatcher | undefined): Opened =>
  Effect.flatMap(model.stream(request), ({ headers, parts }) => {
    observer?.headers(headers)
    return CommitPoint.commit<AiError.AiError>(parts, model, observer)
  })
