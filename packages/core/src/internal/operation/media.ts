/**
 * What the operations that make or read media ask and answer. These types live here, so that `Operation` can name them; the
 * modules of the services export them.
 */
import { type DecisionModel, type Response } from "effect/ai"

/**
 * A file that goes to a model, with its bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface MediaFile {
  /** Such as `image/png` or `audio/wav`. */
  readonly mediaType: string
  readonly data: Uint8Array
}

/**
 * What is to be judged: a text, or an image by its bytes or its address.
 *
 * @since 0.1.0
 * @category models
 */
export type ModerationInput = string | { readonly image: MediaFile | URL }

/**
 * A request to judge content, all of it together.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModerationRequest {
  /** At least one. */
  readonly inputs: ReadonlyArray<ModerationInput>
}

/**
 * A request for images.
 *
 * @since 0.1.0
 * @category models
 */
export interface ImageRequest {
  readonly prompt: string
  /** Images that the new one is made of. Without them it is made of the prompt alone. */
  readonly images?: ReadonlyArray<MediaFile> | undefined
  /** 1 if left out. */
  readonly count?: number | undefined
  /**
   * How many tokens one image takes at most. A budget reserves by it; without it, by the most that the model makes, which
   * for models of images of any size is far too much. It limits nothing.
   */
  readonly maxTokens?: number | undefined
}

/**
 * A request to speak a text.
 *
 * @since 0.1.0
 * @category models
 */
export interface SpeechRequest {
  readonly text: string
  /** By the vendor's name. The model's own if left out. */
  readonly voice?: string | undefined
  /** How it is to be spoken, for models that can be told. */
  readonly instructions?: string | undefined
}

/**
 * A request to write down what is said.
 *
 * @since 0.1.0
 * @category models
 */
export interface TranscriptionRequest {
  readonly audio: MediaFile
  /** The language that is spoken, by ISO 639-1 such as `de`. Found out by the model if left out. */
  readonly language?: string | undefined
  /** Names and words that are likely said, or what was said before. */
  readonly prompt?: string | undefined
  /**
   * How long the sound is at most, in seconds. A budget reserves by it; without it, by the number of bytes, which for
   * compressed sound is far too much.
   */
  readonly maxSeconds?: number | undefined
}

/** The fields of other operations, which these have not: a policy that asks for one finds nothing. */
type Absent =
  | "prompt"
  | "tools"
  | "toolChoice"
  | "responseFormat"
  | "span"
  | "previousResponseId"
  | "incrementalPrompt"
  | "incrementalFallback"
  | "toolCallValidation"
  | "inputs"

/** What is asked of a model that makes or reads media. `media` tells these operations apart. */
export type MediaOptions<Name extends string, Request> = { readonly media: Name; readonly request: Request } & {
  readonly [Field in Absent]?: undefined
}

/**
 * What is at the end of every answer, and what its model is.
 *
 * @since 0.1.0
 * @category models
 */
export type EndPart = Response.ResponseMetadataPartEncoded | Response.FinishPartEncoded

/**
 * One part of an answer of a moderation model: the judgement, and at the end what was counted.
 *
 * @since 0.1.0
 * @category models
 */
export type ModerationPart =
  | {
      readonly type: "moderation"
      readonly flagged: boolean
      /** Whether each category applies, by the vendor's names. */
      readonly categories: Readonly<Record<string, boolean>>
      /** How likely each category applies, between 0 and 1. */
      readonly scores: Readonly<Record<string, number>>
    }
  | EndPart

/**
 * One part of an answer with images.
 *
 * @since 0.1.0
 * @category models
 */
export type ImagePart =
  | {
      readonly type: "image"
      readonly mediaType: string
      /** In base64. */
      readonly data: string
      /** The prompt as the vendor rewrote it. */
      readonly revisedPrompt?: string | undefined
    }
  | EndPart

/**
 * One part of an answer with sound.
 *
 * @since 0.1.0
 * @category models
 */
export type SpeechPart =
  /** `data` is in base64. */
  { readonly type: "audio"; readonly mediaType: string; readonly data: string } | EndPart

/**
 * One part of a transcript.
 *
 * @since 0.1.0
 * @category models
 */
export type TranscriptionPart =
  | { readonly type: "transcript"; readonly text: string; readonly language?: string | undefined }
  | EndPart

/**
 * One part of an answer of a decision model: a decision by its name.
 *
 * @since 0.1.0
 * @category models
 */
export type DecisionPart =
  | { readonly type: "decision"; readonly name: string; readonly answer: DecisionModel.ProviderAnswer }
  | EndPart
