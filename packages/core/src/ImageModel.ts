/**
 * An image model as a `Layer` that knows how it can fail.
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
import { images as host } from "./internal/model/media.ts"
import { type ImageRequest } from "./internal/operation/media.ts"
import { ImageModel, type ImageResponse } from "./internal/operation/mediaServices.ts"
import { type ProviderMediaModel } from "./provider/ProviderMediaModel.ts"
import * as Resilient from "./Resilient.ts"

export { ImagesCall as Call } from "./internal/model/host.ts"
export { ImageModel } from "./internal/operation/mediaServices.ts"

export type { MediaFailure as CallFailure } from "./internal/attempt/failure.ts"
export type { ImageRequest, MediaFile } from "./internal/operation/media.ts"
export type { AnswerSource, GeneratedImage, ImageResponse, MediaAnswer } from "./internal/operation/mediaServices.ts"

/**
 * A layer that provides an image model, with the failures of its calls in its type.
 *
 * @since 0.1.0
 * @category models
 */
export type ResilientImageModel<E, R = never> = Resilient.Resilient<"images", E, R>

/**
 * A provider's model: each request is one attempt, checked, guarded and seen.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromProvider = <R>(
  build: Effect.Effect<ProviderMediaModel<"images">, never, R>,
  label: Label,
): ResilientImageModel<MediaFailure, Exclude<R, Scope.Scope>> =>
  Resilient.make(
    host,
    Effect.map(build, (model) => meteredMedia(host.operation, model)),
    label,
  )

/**
 * Makes images of a prompt, and of other images.
 *
 * **Example** (A model that a test tells what to say)
 *
 * ```ts
 * import { ImageModel, Resilient, Retry } from "@holdfast/core"
 * import { ScriptedMedia } from "@holdfast/testing"
 * import { Effect } from "effect"
 *
 * const model = ScriptedMedia.images({ images: [Uint8Array.of(1, 2, 3)] }).pipe(Retry.schedule(Retry.standard))
 * const program = ImageModel.generate({ prompt: "A ship at sea" }).pipe(
 *   Effect.map((answer) => answer.images[0].data.length),
 *   Resilient.provide(model),
 * )
 *
 * await Effect.runPromise(program) // => 3
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const generate = (request: ImageRequest): Effect.Effect<ImageResponse, AiError.AiError, ImageModel> =>
  Effect.flatMap(ImageModel, (model) => model.generate(request))
