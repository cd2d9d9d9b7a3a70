/**
 * A call as `effect/ai`'s own `LanguageModel`. Here a call begins: it gets its context, and its first and last event.
 */
import { Cause, Effect, Exit, Pull, Scope, Stream, type Tracer } from "effect"
import { type AiError, LanguageModel, type Response } from "effect/ai"

import { CallSettings } from "../../CallSettings.ts"
import { Sink } from "../../Event.ts"
import { type ModelCall, type Opened } from "../../ModelCall.ts"
import * as PolicyError from "../../PolicyError.ts"
import { collect } from "../answer/complete.ts"
import { newCall } from "../call/context.ts"
import { type CallRecord } from "../call/record.ts"
import { type Mode, type ModelRequest, type Part } from "../call/types.ts"
import { errorOf } from "../error/ofExit.ts"
import { type AnyFiber, recordOf } from "./begin.ts"
import { tooDeep } from "./depth.ts"

/** The service of a call, whose errors are folded into `AiError`. */
export const languageModel = <E>(
  call: ModelCall<E, "chat">,
  fold: (error: E) => AiError.AiError,
): Effect.Effect<LanguageModel.LanguageModel> =>
  // The provider of a call answers each mode with the parts of that mode.
  LanguageModel.make({
    generateText: (options) =>
      Effect.mapError(generated(call, options), fold) as unknown as Effect.Effect<
        Array<Response.PartEncoded>,
        AiError.AiError
      >,
    streamText: (options) =>
      Stream.mapError(streamed(call, options), fold) as Stream.Stream<Response.StreamPartEncoded, AiError.AiError>,
  })

const generated = <E>(call: ModelCall<E, "chat">, options: LanguageModel.ProviderOptions) =>
  Effect.withFiber((fiber): Effect.Effect<ReadonlyArray<Part<"chat">>, E> => {
    const { record, request } = begin(call, { mode: "generate", options, fiber })
    const opened = Effect.scoped(Effect.flatMap(open(call, request), collect))
    if (record === undefined) return opened
    return Effect.onExitPrimitive(Effect.provideService(opened, Sink, record.sink), (exit) => {
      if (Exit.isSuccess(exit)) record.parts(exit.value)
      if (goesOn(options, exit)) record.postpone()
      record.end(exit)
      return undefined
    })
  })

const streamed = <E>(
  call: ModelCall<E, "chat">,
  options: LanguageModel.ProviderOptions,
): Stream.Stream<Part<"chat">, E> =>
  Stream.unwrap(
    Effect.withFiber((fiber): Opened<E, "chat"> => {
      const { record, request } = begin(call, { mode: "stream", options, fiber })
      if (record === undefined) return open(call, request)
      const failed = (exit: Exit.Exit<unknown, unknown>) => {
        if (goesOn(options, exit)) record.postpone()
        else record.break(exit)
        return undefined
      }
      const opened = Effect.onExitPrimitive(Effect.provideService(open(call, request), Sink, record.sink), (exit) =>
        Exit.isFailure(exit) && Cause.hasFails(exit.cause) ? failed(exit) : undefined,
      )
      // What is added first is released last: all of the call is over by then.
      const ending = Effect.flatMap(Effect.scope, (scope) =>
        Scope.addFinalizerExit(scope, (exit) => Effect.sync(() => record.end(exit))),
      )
      return Effect.andThen(
        ending,
        Effect.map(opened, (parts) => seen(parts, { parts: record.parts, failed })),
      )
    }),
  )

/** Opens what can be sent at all: no policy need be ready for the rest. */
const open = <E>(call: ModelCall<E, "chat">, request: ModelRequest<"chat">): Opened<E, "chat"> =>
  // Every model can fail with an `AiError`.
  (tooDeep(request.options) as Opened<E, "chat"> | undefined) ?? call.open(request)

const seen = <E>(
  parts: Stream.Stream<Part<"chat">, E>,
  observer: {
    readonly parts: (parts: ReadonlyArray<Part<"chat">>) => void
    readonly failed: (exit: Exit.Exit<unknown, unknown>) => void
  },
): Stream.Stream<Part<"chat">, E> =>
  Stream.transformPull(parts, (pull) =>
    Effect.succeed(
      Effect.onExitPrimitive(
        pull,
        (exit) => {
          if (Exit.isSuccess(exit)) observer.parts(exit.value)
          else if (!Pull.isDoneCause(exit.cause) && Cause.hasFails(exit.cause)) observer.failed(exit)
          return undefined
        },
        true,
      ),
    ),
  )

/** Whether `effect/ai` asks once more, with all of the conversation. */
const goesOn = (options: LanguageModel.ProviderOptions, exit: Exit.Exit<unknown, unknown>): boolean => {
  if (options.incrementalPrompt === undefined || Exit.isSuccess(exit)) return false
  const error = errorOf(exit)
  return error !== undefined && PolicyError.toAiError(error).reason._tag === "InvalidRequestError"
}

interface Beginning {
  readonly mode: Mode
  readonly options: LanguageModel.ProviderOptions
  readonly fiber: AnyFiber
}

const begin = (source: ModelCall<unknown, "chat">, { fiber, mode, options }: Beginning) => {
  const earlier = options.incrementalFallback === true ? incremental.get(options.span) : undefined
  const call = earlier?.request.call ?? newCall("chat", options.span)
  const request: ModelRequest<"chat"> = { mode, options, settings: fiber.getRef(CallSettings), call }
  const sink = fiber.getRef(Sink)
  const record = earlier?.record ?? (sink === undefined ? undefined : recordOf(source, request, { fiber, sink }))
  const begun = { request, record }
  if (options.incrementalPrompt !== undefined) incremental.set(options.span, begun)
  return begun
}

/**
 * Calls that send only what is new of a conversation. When the provider has forgotten the rest, `effect/ai` asks a second
 * time, in the same call. The two requests have nothing in common but their span.
 */
const incremental = new WeakMap<
  Tracer.Span,
  { readonly request: ModelRequest<"chat">; readonly record: CallRecord | undefined }
>()
