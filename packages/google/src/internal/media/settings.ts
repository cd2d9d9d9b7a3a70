import type { GenerateContentConfig } from "@google/genai/web"

/** Request fields that are not modelled here, in the SDK's own names. They are merged over everything else. */
type Extra = Readonly<Partial<Omit<GenerateContentConfig, "abortSignal" | "httpOptions" | "candidateCount">>>

/**
 * Settings of a request for images.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageSettings {
  /** `1:1`, `16:9` and the like. */
  readonly aspectRatio?: string | undefined
  /** `1K`, `2K` or `4K`, for models that can. */
  readonly imageSize?: string | undefined
  /** Request fields that are not modelled here, in the SDK's own names. They are merged over everything else. */
  readonly extra?: Extra | undefined
}

/**
 * Settings of a request for speech.
 *
 * @since 0.1.0
 * @category models
 */
export interface SpeechSettings {
  /** The name of a prebuilt voice, such as `Kore`. The API's own if neither the request nor this says one. */
  readonly voice?: string | undefined
  /** Such as `de-DE`. Found out by the model if left out. */
  readonly languageCode?: string | undefined
  /** Request fields that are not modelled here, in the SDK's own names. They are merged over everything else. */
  readonly extra?: Extra | undefined
}

/**
 * Settings of a request for a transcript.
 *
 * @since 0.1.0
 * @category models
 */
export interface TranscriptionSettings {
  /** What the model is told to do instead of the usual. */
  readonly instructions?: string | undefined
  /** Request fields that are not modelled here, in the SDK's own names. They are merged over everything else. */
  readonly extra?: Extra | undefined
}
