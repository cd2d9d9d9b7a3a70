/**
 * Options on parts of a prompt that are meant for Google: `options: { google: { ... } }`.
 *
 * What comes back with an answer in `metadata.google` is read here again, so that a conversation can go on. It need not
 * be looked at.
 *
 * @since 0.1.0
 */
import { type Schema } from "effect"

/**
 * What of the model's thinking must come back with a part.
 *
 * @since 0.1.0
 * @category models
 */
export type SignedOptions = {
  readonly thoughtSignature?: string | null
}

/**
 * @since 0.1.0
 * @category models
 */
export type FileOptions = SignedOptions & {
  /** The URI of a file that was uploaded before, or `gs://`. The part's data is then not looked at. */
  readonly fileUri?: string | null
  /** When the uploaded file is gone, in Unix milliseconds. After that a request fails with `FileExpired` before it is sent. */
  readonly expiresAt?: number | null
  /** Which part of a video is looked at, and how often. Offsets are seconds as in `"90s"`. */
  readonly videoMetadata?: {
    readonly startOffset?: string
    readonly endOffset?: string
    readonly fps?: number
  } | null
  /** How closely this one is looked at, from Gemini 3 on. */
  readonly mediaResolution?: "low" | "medium" | "high" | "ultra_high" | null
}

/**
 * @since 0.1.0
 * @category models
 */
export type ToolCallOptions = SignedOptions & {
  /** Google's own id of the call, if it gave one. */
  readonly callId?: string | null
  /** The part of one of Google's own tools, as it came. */
  readonly part?: Schema.Json
}

/**
 * @since 0.1.0
 * @category models
 */
export type ToolResultOptions = {
  /** The part of one of Google's own tools, as it came. */
  readonly part?: Schema.Json
}

declare module "effect/ai/Prompt" {
  interface TextPartOptions {
    readonly google?: SignedOptions | null
  }
  interface FilePartOptions {
    readonly google?: FileOptions | null
  }
  interface ReasoningPartOptions {
    readonly google?: SignedOptions | null
  }
  interface ToolCallPartOptions {
    readonly google?: ToolCallOptions | null
  }
  interface ToolResultPartOptions {
    readonly google?: ToolResultOptions | null
  }
}

declare module "effect/ai/Response" {
  interface FinishPartMetadata {
    readonly google?: FinishMetadata | null
  }
}

/**
 * What Google says at the end of an answer.
 *
 * @since 0.1.0
 * @category models
 */
export type FinishMetadata = {
  /** The usage as Google sent it. */
  readonly usage?: { readonly [key: string]: Schema.Json }
  readonly finishReason?: string
  /** Why there is no answer. */
  readonly refusal?: string
  readonly serviceTier?: string
  readonly safetyRatings?: ReadonlyArray<Schema.Json>
  /** Queries, sources and supports of Google Search, and what its terms ask to be shown. */
  readonly groundingMetadata?: { readonly [key: string]: Schema.Json }
  readonly urlContextMetadata?: { readonly [key: string]: Schema.Json }
  /** With the finish reason `CONTINUATION`: to be sent as `extra.continuationToken`. */
  readonly continuationToken?: string
}
