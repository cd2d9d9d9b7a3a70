/**
 * Options on messages and parts of a prompt that are meant for Anthropic: `options: { anthropic: { ... } }`.
 *
 * What comes back with an answer in `metadata.anthropic` is read here again, so that a conversation can go on. It need
 * not be looked at.
 *
 * @since 0.1.0
 */
import { type Schema } from "effect"

type Fields = { readonly [key: string]: Schema.Json }

/**
 * Ends a prefix of the prompt that is to be cached. A message's own is that of its last part. Four of them count in one
 * request, together with those on tools.
 *
 * @since 0.1.0
 * @category models
 */
export type CacheOptions = {
  readonly cacheControl?: true | { readonly type?: "ephemeral"; readonly ttl?: "5m" | "1h" } | null
}

/**
 * @since 0.1.0
 * @category models
 */
export type FileOptions = CacheOptions & {
  /** The id of a file that was uploaded before. The part's data is then not looked at. */
  readonly fileId?: string | null
  /** When the uploaded file is gone, in Unix milliseconds. After that a request fails with `FileExpired` before it is sent. */
  readonly expiresAt?: number | null
  /** Puts the uploaded file into the container of code execution, instead of showing it to the model. */
  readonly containerUpload?: boolean | null
  /** The file's name if left out. Documents only. */
  readonly documentTitle?: string | null
  /** What the model should know of a document, and cannot cite. */
  readonly documentContext?: string | null
  /** Whether the model says where in a document it found something. Such places come as `source` parts. */
  readonly documentCitations?: boolean | null
  /** Whether an image that is too large is made smaller, or refused. */
  readonly oversizedImage?: "downsize" | "error" | null
}

/**
 * @since 0.1.0
 * @category models
 */
export type TextOptions = CacheOptions & {
  /** The sources of a text of the model, as Anthropic sent them. */
  readonly citations?: ReadonlyArray<Fields> | null
}

/**
 * @since 0.1.0
 * @category models
 */
export type ReasoningOptions = {
  /** Proves that the model thought this. Thoughts without one are left out of the prompt. */
  readonly signature?: string | null
  /** Thoughts that nobody may read. */
  readonly redactedData?: string | null
  /** A block that has no part of its own in `effect/ai`, as Anthropic sent it. */
  readonly block?: Fields | null
}

/**
 * @since 0.1.0
 * @category models
 */
export type ToolCallOptions = CacheOptions & {
  /** The tool's name at Anthropic, where the toolkit has another one. */
  readonly toolName?: string | null
  /** The tool of Anthropic's that made the call. */
  readonly caller?: Fields | null
  /** The call or the result of a tool that Anthropic ran, as it was sent. */
  readonly block?: Fields | null
}

declare module "effect/ai/Prompt" {
  interface SystemMessageOptions {
    readonly anthropic?: CacheOptions | null
  }
  interface UserMessageOptions {
    readonly anthropic?: CacheOptions | null
  }
  interface AssistantMessageOptions {
    readonly anthropic?: CacheOptions | null
  }
  interface ToolMessageOptions {
    readonly anthropic?: CacheOptions | null
  }
  interface TextPartOptions {
    readonly anthropic?: TextOptions | null
  }
  interface FilePartOptions {
    readonly anthropic?: FileOptions | null
  }
  interface ReasoningPartOptions {
    readonly anthropic?: ReasoningOptions | null
  }
  interface ToolCallPartOptions {
    readonly anthropic?: ToolCallOptions | null
  }
  interface ToolResultPartOptions {
    readonly anthropic?: ToolCallOptions | null
  }
}

declare module "effect/ai/Response" {
  interface FinishPartMetadata {
    readonly anthropic?: FinishMetadata | null
  }
  interface ReasoningPartMetadata {
    readonly anthropic?: ReasoningOptions | null
  }
  interface ReasoningEndPartMetadata {
    readonly anthropic?: ReasoningOptions | null
  }
}

/**
 * What Anthropic says at the end of an answer.
 *
 * @since 0.1.0
 * @category models
 */
export type FinishMetadata = {
  /**
   * The usage as Anthropic sent it: what the stream began with, overridden by what it ended with. It holds the split of
   * cache writes by their lifetime (`cache_creation`), the service tier, the speed and the region.
   */
  readonly usage?: { readonly [key: string]: Schema.Json }
  readonly stopReason?: string
  readonly stopSequence?: string
  /** What the model said instead of an answer. */
  readonly refusal?: string
  /** The kind of harm that was seen in the request. */
  readonly refusalCategory?: string
  /** The container of code execution, to be used again. */
  readonly container?: { readonly [key: string]: Schema.Json }
  readonly serviceTier?: string
}
