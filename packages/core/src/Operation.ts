/**
 * The operations that a model may serve, and all that policies ask of their requests and answers.
 *
 * Policies are written once. What differs between a chat and a batch of embeddings (what is content, how large an answer is,
 * how many tokens a request may take, what makes two requests equal) stands in one record.
 *
 * @since 0.1.0
 */
import { type DecisionModel, type EmbeddingModel, type LanguageModel, type Model, type Response } from "effect/ai"

import {
  type DecisionPart,
  type ImagePart,
  type ImageRequest,
  type MediaOptions,
  type ModerationPart,
  type ModerationRequest,
  type SpeechPart,
  type SpeechRequest,
  type TranscriptionPart,
  type TranscriptionRequest,
} from "./internal/operation/media.ts"
import {
  type ImageModel,
  type ModerationModel,
  type SpeechModel,
  type TranscriptionModel,
} from "./internal/operation/mediaServices.ts"
import { type EmbeddingPart } from "./internal/operation/part.ts"

export type {
  DecisionPart,
  EndPart,
  ImagePart,
  MediaOptions,
  ModerationPart,
  SpeechPart,
  TranscriptionPart,
} from "./internal/operation/media.ts"
export type { EmbeddingPart } from "./internal/operation/part.ts"

/**
 * What each operation asks, answers and provides. Packages add operations by declaration merging.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operations {
  readonly chat: {
    readonly options: LanguageModel.ProviderOptions & { readonly inputs?: undefined; readonly media?: undefined }
    readonly part: Response.PartEncoded | Response.StreamPartEncoded
    readonly provides: LanguageModel.LanguageModel | Model.ProviderName | Model.ModelName
  }
  readonly embeddings: {
    /** A policy that asks for a field of a chat finds nothing. */
    readonly options: EmbeddingModel.ProviderOptions & {
      readonly [Field in keyof LanguageModel.ProviderOptions | "media"]?: undefined
    }
    readonly part: EmbeddingPart
    readonly provides: EmbeddingModel.EmbeddingModel | Model.ProviderName | Model.ModelName
  }
  readonly decisions: {
    readonly options: MediaOptions<"decisions", DecisionModel.ProviderOptions>
    readonly part: DecisionPart
    readonly provides: DecisionModel.DecisionModel | Model.ProviderName | Model.ModelName
  }
  readonly moderation: {
    readonly options: MediaOptions<"moderation", ModerationRequest>
    readonly part: ModerationPart
    readonly provides: ModerationModel | Model.ProviderName | Model.ModelName
  }
  readonly images: {
    readonly options: MediaOptions<"images", ImageRequest>
    readonly part: ImagePart
    readonly provides: ImageModel | Model.ProviderName | Model.ModelName
  }
  readonly speech: {
    readonly options: MediaOptions<"speech", SpeechRequest>
    readonly part: SpeechPart
    readonly provides: SpeechModel | Model.ProviderName | Model.ModelName
  }
  readonly transcription: {
    readonly options: MediaOptions<"transcription", TranscriptionRequest>
    readonly part: TranscriptionPart
    readonly provides: TranscriptionModel | Model.ProviderName | Model.ModelName
  }
}

/**
 * The name of an operation.
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = keyof Operations

/**
 * What a request of an operation asks.
 *
 * @since 0.1.0
 * @category models
 */
export type Options<K extends Kind = Kind> = Operations[K]["options"]

/**
 * One part of an answer, as `effect/ai` encodes it.
 *
 * @since 0.1.0
 * @category models
 */
export type Part<K extends Kind = Kind> = Operations[K]["part"]

/**
 * What a model of an operation provides.
 *
 * @since 0.1.0
 * @category models
 */
export type Provides<K extends Kind = Kind> = Operations[K]["provides"]

/**
 * What a provider counted. Unknown is `undefined`, never zero.
 *
 * @since 0.1.0
 * @category models
 */
export type Usage = Response.FinishPartEncoded["usage"]

/**
 * How many tokens a request may take.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenEstimate {
  readonly input: number
  /** As much as an answer usually has; what it may have at most is another question. */
  readonly output: number
}

/**
 * All that policies ask of the requests and the parts of an operation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Operation<in out K extends Kind> {
  readonly name: K
  /** Whether a part carries content, so that showing it to the caller commits the call. */
  readonly isContent: (part: Part<K>) => boolean
  /** What the provider counted; only the last part of an answer says it. */
  readonly usageOf: (part: Part<K>) => Usage | undefined
  /** The size of an answer in it: UTF-16 units of text for a chat, vectors for embeddings. */
  readonly sizeOf: (part: Part<K>) => number
  /** Output tokens in it, as they are estimated while nobody has counted them. */
  readonly weightOf: (part: Part<K>) => number
  /** The tokens of a request, as good as they can be guessed by its text. */
  readonly estimate: (
    options: Options<K>,
    source?: { readonly provider: string; readonly model: string },
  ) => TokenEstimate
  /** The size by which requests are compared with others: characters of text. */
  readonly sizeOfRequest: (options: Options<K>) => number
  /** What makes two requests equal, beside their settings and models. */
  readonly fingerprint: (options: Options<K>) => unknown
}
