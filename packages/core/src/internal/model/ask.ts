/**
 * One question to a call and its whole answer. Here calls of all operations begin that make or read media: each has its
 * context, and its first and last event.
 */
import { Effect, Exit, Tracer } from "effect"
import { type AiError, type Response } from "effect/ai"

import { CallSettings } from "../../CallSettings.ts"
import { Sink } from "../../Event.ts"
import { type MediaUsage } from "../../MediaUsage.ts"
import { type ModelCall } from "../../ModelCall.ts"
import { type Part } from "../../Operation.ts"
import { type MediaKind, type Request } from "../../provider/ProviderMediaModel.ts"
import { collect } from "../answer/complete.ts"
import { newCall } from "../call/context.ts"
import { type ModelRequest } from "../call/types.ts"
import { type AnswerSource } from "../operation/mediaServices.ts"
import { type AnyFiber, recordOf } from "./begin.ts"

/** A function that asks a call, in a span of the given name. */
export const asking =
  <K extends MediaKind, E>(call: ModelCall<E, K>, fold: (error: E) => AiError.AiError, span: string) =>
  (request: Request<K>): Effect.Effect<ReadonlyArray<Part<K>>, AiError.AiError> =>
    Effect.withFiber((fiber): Effect.Effect<ReadonlyArray<Part<K>>, E> => {
      const asked = requestOf(call, request, fiber)
      const sink = fiber.getRef(Sink)
      const opened = Effect.scoped(Effect.flatMap(call.open(asked), collect))
      if (sink === undefined) return opened
      const record = recordOf(call, asked, { fiber, sink })
      return Effect.onExitPrimitive(Effect.provideService(opened, Sink, record.sink), (exit) => {
        if (Exit.isSuccess(exit)) record.parts(exit.value)
        record.end(exit)
        return undefined
      })
    }).pipe(Effect.mapError(fold), (asked) => Effect.withSpan(asked, span, { captureStackTrace: false }))

const requestOf = <K extends MediaKind>(
  { operation }: ModelCall<unknown, K>,
  request: Request<K>,
  fiber: AnyFiber,
): ModelRequest<K> => ({
  mode: "generate",
  options: { media: operation.name, request } as unknown as ModelRequest<K>["options"],
  settings: fiber.getRef(CallSettings),
  call: newCall(operation.name, fiber.context.mapUnsafe.get(Tracer.ParentSpan.key) as Tracer.Span | undefined),
})

/** What the end of an answer says. */
export const endOf = (
  parts: ReadonlyArray<{ readonly type: string }>,
): { readonly usage: MediaUsage; readonly source: AnswerSource } => {
  const finish = parts.find((part): part is Response.FinishPartEncoded => part.type === "finish")
  const told = finish?.metadata?.["holdfast"] as unknown as
    | { readonly media?: MediaUsage; readonly source?: AnswerSource; readonly cached?: boolean }
    | undefined
  return {
    usage: told?.media ?? {},
    source: { ...unknownSource, ...told?.source, ...(told?.cached === true && { cached: true }) },
  }
}

// Only a policy of somebody else's that makes answers up leaves it out.
const unknownSource: AnswerSource = { provider: "", model: "", startedAt: 0 }
