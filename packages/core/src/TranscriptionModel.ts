/**
 * A transcription model as a `Layer` that knows how it can fail: it writes down what is said.
 *
 * It stands on the same seam as language models: retries, limits, circuits, deadlines, fallbacks and budgets pipe onto it, and
 * its answers say what was counted and who answered. `PriceBook.costOf` of `@holdfast/cost` says what they cost.
 *
 * @since 0.1.0
 */
import { Effect, type Scope } from "effect"
import { type AiError } from "effect/ai"

import { type MediaFailure } from "./internal/attempt/failure.ts"
import { meteredMedia } from "./internal/attempt/media.ts"
import { type Label } from "./internal/model/description.ts"
import { transcription as host } from "./internal/model/media.ts"
import { type TranscriptionRequest } from "./internal/operation/media.ts"
import { TranscriptionModel, type TranscriptionResponse } from "./internal/operation/mediaServices.ts"
import { type ProviderMediaModel } from "./provider/ProviderMediaModel.ts"
import * as Resilient from "./Resilient.ts"

export { TranscriptionCall as Call } from "./internal/model/host.ts"
export { TranscriptionModel } from "./internal/operation/mediaServices.ts"

export type { MediaFailure as CallFailure } from "./internal/attempt/failure.ts"
export type { MediaFile, TranscriptionRequest } from "./internal/operation/media.ts"
export type { AnswerSource, MediaAnswer, TranscriptionResponse } from "./internal/operation/mediaServices.ts"

/**
 * A layer that provides a transcription model, with the failures of its calls in its type.
 *
 * @since 0.1.0
 * @category models
 */
export type ResilientTranscriptionModel<E, R = never> = Resilient.Resilient<"transcription", E, R>

/**
 * A provider's model: each request is one attempt, checked, guarded and seen.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromProvider = <R>(
  build: Effect.Effect<ProviderMediaModel<"transcription">, never, R>,
  label: Label,
): ResilientTranscriptionModel<MediaFailure, Exclude<R, Scope.Scope>> =>
  Resilient.make(
    host,
    Effect.map(build, (model) => meteredMedia(host.operation, model)),
    label,
  )

/**
 * Writes down what is said.
 *
 * **Example** (A model that a test tells what to say)
 *
 * ```ts
 * import { Resilient, Retry, TranscriptionModel } from "@holdfast/core"
 * import { ScriptedMedia } from "@holdfast/testing"
 * import { Effect } from "effect"
 *
 * const model = ScriptedMedia.transcription({ text: "Ships float." }).pipe(Retry.schedule(Retry.standard))
 * const program = TranscriptionModel.transcribe({ audio: { mediaType: "audio/wav", data: Uint8Array.of(1) } }).pipe(
 *   Effect.map((answer) => answer.text),
 *   Resilient.provide(model),
 * )
 *
 * await Effect.runPromise(program) // => "Ships float."
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const transcribe = (
  request: TranscriptionRequest,
): Effect.Effect<TranscriptionResponse, AiError.AiError, TranscriptionModel> =>
  Effect.flatMap(TranscriptionModel, (model) => model.transcribe(request))
