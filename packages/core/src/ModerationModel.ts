/**
 * A moderation model as a `Layer` that knows how it can fail: it says whether content is harmful, and in which way.
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
import { moderation as host } from "./internal/model/media.ts"
import { type ModerationRequest } from "./internal/operation/media.ts"
import { ModerationModel, type ModerationResponse } from "./internal/operation/mediaServices.ts"
import { type ProviderMediaModel } from "./provider/ProviderMediaModel.ts"
import * as Resilient from "./Resilient.ts"

export { ModerationCall as Call } from "./internal/model/host.ts"
export { ModerationModel } from "./internal/operation/mediaServices.ts"

export type { MediaFailure as CallFailure } from "./internal/attempt/failure.ts"
export type { MediaFile, ModerationInput, ModerationRequest } from "./internal/operation/media.ts"
export type { AnswerSource, MediaAnswer, ModerationResponse } from "./internal/operation/mediaServices.ts"

/**
 * A layer that provides a moderation model, with the failures of its calls in its type.
 *
 * @since 0.1.0
 * @category models
 */
export type ResilientModerationModel<E, R = never> = Resilient.Resilient<"moderation", E, R>

/**
 * A provider's model: each request is one attempt, checked, guarded and seen.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromProvider = <R>(
  build: Effect.Effect<ProviderMediaModel<"moderation">, never, R>,
  label: Label,
): ResilientModerationModel<MediaFailure, Exclude<R, Scope.Scope>> =>
  Resilient.make(
    host,
    Effect.map(build, (model) => meteredMedia(host.operation, model)),
    label,
  )

/**
 * Asks whether content is harmful, all of it together.
 *
 * **Example** (A model that a test tells what to say)
 *
 * ```ts
 * import { ModerationModel, Resilient, Retry } from "@holdfast/core"
 * import { ScriptedMedia } from "@holdfast/testing"
 * import { Effect } from "effect"
 *
 * const model = ScriptedMedia.moderation({ scores: { violence: 0.9 } }).pipe(Retry.schedule(Retry.standard))
 * const program = ModerationModel.moderate({ inputs: ["hello"] }).pipe(
 *   Effect.map((answer) => answer.flagged),
 *   Resilient.provide(model),
 * )
 *
 * await Effect.runPromise(program) // => true
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const moderate = (
  request: ModerationRequest,
): Effect.Effect<ModerationResponse, AiError.AiError, ModerationModel> =>
  Effect.flatMap(ModerationModel, (model) => model.moderate(request))
