/**
 * The services that models of media provide, and what their answers are.
 */
import { Context, type Effect } from "effect"
import { type AiError } from "effect/ai"

import { type MediaUsage } from "../../MediaUsage.ts"
import { type ImageRequest, type ModerationRequest, type SpeechRequest, type TranscriptionRequest } from "./media.ts"

/**
 * The model that answered, and when it was asked.
 *
 * @since 0.1.0
 * @category models
 */
export interface AnswerSource {
  readonly provider: string
  readonly model: string
  /** What it is priced as, where that is not provider and model. */
  readonly pricedAs?:
    | { readonly provider: string; readonly model: string; readonly regional?: boolean | undefined }
    | undefined
  /** The model that the vendor says it used. */
  readonly responseModel?: string | undefined
  /** Unix time in milliseconds. */
  readonly startedAt: number
  /** Set where a cache gave the answer, which cost nothing this time. */
  readonly cached?: boolean | undefined
}

/**
 * What every answer says: what was counted, and who answered. `PriceBook.costOf` of `@holdfast/cost` makes its cost of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface MediaAnswer {
  readonly usage: MediaUsage
  readonly source: AnswerSource
}

/**
 * What a moderation model says of some content.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModerationResponse extends MediaAnswer {
  /** Whether any category applies. */
  readonly flagged: boolean
  /** By the vendor's names. */
  readonly categories: Readonly<Record<string, boolean>>
  /** Between 0 and 1, by the vendor's names. */
  readonly scores: Readonly<Record<string, number>>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface GeneratedImage {
  readonly mediaType: string
  readonly data: Uint8Array
  /** The prompt as the vendor rewrote it. */
  readonly revisedPrompt?: string | undefined
}

/**
 * At least one image, and none without bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageResponse extends MediaAnswer {
  readonly images: readonly [GeneratedImage, ...ReadonlyArray<GeneratedImage>]
}

/**
 * A text as sound, which is not empty.
 *
 * @since 0.1.0
 * @category models
 */
export interface SpeechResponse extends MediaAnswer {
  /** Such as `audio/mpeg`; sound without a header says its rate, as in `audio/pcm;rate=24000`. */
  readonly mediaType: string
  readonly data: Uint8Array
}

/**
 * What was said. Silence is an empty text.
 *
 * @since 0.1.0
 * @category models
 */
export interface TranscriptionResponse extends MediaAnswer {
  readonly text: string
  /** As the vendor names it, where it says so. */
  readonly language?: string | undefined
}

/**
 * Judges content by the vendor's categories.
 *
 * @since 0.1.0
 * @category services
 */
export class ModerationModel extends Context.Service<
  ModerationModel,
  { readonly moderate: (request: ModerationRequest) => Effect.Effect<ModerationResponse, AiError.AiError> }
>()("@holdfast/core/ModerationModel") {}

/**
 * Makes images.
 *
 * @since 0.1.0
 * @category services
 */
export class ImageModel extends Context.Service<
  ImageModel,
  { readonly generate: (request: ImageRequest) => Effect.Effect<ImageResponse, AiError.AiError> }
>()("@holdfast/core/ImageModel") {}

/**
 * Speaks texts.
 *
 * @since 0.1.0
 * @category services
 */
export class SpeechModel extends Context.Service<
  SpeechModel,
  { readonly speak: (request: SpeechRequest) => Effect.Effect<SpeechResponse, AiError.AiError> }
>()("@holdfast/core/SpeechModel") {}

/**
 * Writes down what is said.
 *
 * @since 0.1.0
 * @category services
 */
export class TranscriptionModel extends Context.Service<
  TranscriptionModel,
  { readonly transcribe: (request: TranscriptionRequest) => Effect.Effect<TranscriptionResponse, AiError.AiError> }
>()("@holdfast/core/TranscriptionModel") {}
