/**
 * The settings of models beside those for texts.
 */
import type { OpenAI } from "openai"

import { type Extra } from "../settings.ts"

/**
 * Settings of a request for images.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageSettings {
  /** `1024x1024` and the like. From `gpt-image-2` on any size of multiples of 16. */
  readonly size?: OpenAI.ImageGenerateParams["size"] & string
  readonly quality?: "low" | "medium" | "high" | "xhigh" | "max" | "auto" | undefined
  readonly background?: "transparent" | "opaque" | "auto" | undefined
  /** `png` if left out. */
  readonly outputFormat?: "png" | "webp" | "jpeg" | undefined
  /** From 0 to 100, for `webp` and `jpeg`. */
  readonly outputCompression?: number | undefined
  /** How strictly prompts are filtered. Only for images that are made of a prompt alone. */
  readonly moderation?: "low" | "auto" | undefined
  /** A stable, hashed id of the end user, for abuse detection. */
  readonly safetyIdentifier?: string | undefined
  readonly extra?: Extra<OpenAI.ImageGenerateParamsNonStreaming> | undefined
}

/**
 * Settings of a request for speech.
 *
 * @since 0.1.0
 * @category models
 */
export interface SpeechSettings {
  /** `alloy` if neither the request nor this says another one. */
  readonly voice?: string | undefined
  /** `mp3` if left out. `pcm` has 24,000 samples of 16 bits a second, with the low byte first. */
  readonly responseFormat?: "mp3" | "opus" | "aac" | "flac" | "wav" | "pcm" | undefined
  /** From 0.25 to 4. */
  readonly speed?: number | undefined
  readonly extra?: Extra<OpenAI.Audio.SpeechCreateParams> | undefined
}

/**
 * Settings of a request for a transcript.
 *
 * @since 0.1.0
 * @category models
 */
export interface TranscriptionSettings {
  /** Between 0 and 1. */
  readonly temperature?: number | undefined
  readonly extra?:
    | Omit<Extra<OpenAI.Audio.TranscriptionCreateParamsNonStreaming>, "file" | "response_format">
    | undefined
}

/**
 * Settings of a request for decisions.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecisionSettings {
  /** Requests with equal keys are routed to where their common prefix is cached. */
  readonly promptCacheKey?: string | undefined
  /** A stable, hashed id of the end user, for abuse detection. */
  readonly safetyIdentifier?: string | undefined
}
