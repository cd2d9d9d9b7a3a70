/**
 * A speech model as a `Layer` that knows how it can fail: it speaks texts.
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
import { speech as host } from "./internal/model/media.ts"
import { type SpeechRequest } from "./internal/operation/media.ts"
import { SpeechModel, type SpeechResponse } from "./internal/operation/mediaServices.ts"
import { type ProviderMediaModel } from "./provider/ProviderMediaModel.ts"
import * as Resilient from "./Resilient.ts"

export { SpeechCall as Call } from "./internal/model/host.ts"
export { SpeechModel } from "./internal/operation/mediaServices.ts"

export type { MediaFailure as CallFailure } from "./internal/attempt/failure.ts"
export type { SpeechRequest } from "./internal/operation/media.ts"
export type { AnswerSource, MediaAnswer, SpeechResponse } from "./internal/operation/mediaServices.ts"

/**
 * A layer that provides a speech model, with the failures of its calls in its type.
 *
 * @since 0.1.0
 * @category models
 */
export type ResilientSpeechModel<E, R = never> = Resilient.Resilient<"speech", E, R>

/**
 * A provider's model: each request is one attempt, checked, guarded and seen.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromProvider = <R>(
  build: Effect.Effect<ProviderMediaModel<"speech">, never, R>,
  label: Label,
): ResilientSpeechModel<MediaFailure, Exclude<R, Scope.Scope>> =>
  Resilient.make(
    host,
    Effect.map(build, (model) => meteredMedia(host.operation, model)),
    label,
  )

/**
 * Speaks a text.
 *
 * **Example** (A model that a test tells what to say)
 *
 * ```ts
 * import { Resilient, Retry, SpeechModel } from "@holdfast/core"
 * import { ScriptedMedia } from "@holdfast/testing"
 * import { Effect } from "effect"
 *
 * const model = ScriptedMedia.speech({ audio: Uint8Array.of(1, 2, 3) }).pipe(Retry.schedule(Retry.standard))
 * const program = SpeechModel.speak({ text: "Ships float." }).pipe(
 *   Effect.map((answer) => answer.data.length),
 *   Resilient.provide(model),
 * )
 *
 * await Effect.runPromise(program) // => 3
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const speak = (request: SpeechRequest): Effect.Effect<SpeechResponse, AiError.AiError, SpeechModel> =>
  Effect.flatMap(SpeechModel, (model) => model.speak(request))
