/**
 * Options on messages and parts of a prompt that are meant for OpenAI: `options: { openai: { ... } }`.
 *
 * What comes back with an answer in `metadata.openai` is read here again, so that a conversation can go on. It need not
 * be looked at.
 *
 * @since 0.1.0
 */
import { type Schema } from "effect"

/**
 * Marks the end of a prefix that is worth caching: in what the system, the user or a tool said. Up to four of them count,
 * on `gpt-5.6` and later.
 *
 * @since 0.1.0
 * @category models
 */
export type CacheOptions = {
  readonly promptCacheBreakpoint?: true | { readonly ttl?: "30m" | "12h" } | null
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
  readonly imageDetail?: "auto" | "low" | "high" | "original" | null
  readonly itemId?: string | null
}

/**
 * @since 0.1.0
 * @category models
 */
export type TextOptions = CacheOptions & {
  readonly itemId?: string | null
  /** Whether a text of the model is on the way to the answer, or the answer. */
  readonly phase?: "commentary" | "final_answer" | null
}

/**
 * @since 0.1.0
 * @category models
 */
export type ReasoningOptions = {
  readonly itemId?: string | null
  readonly encryptedContent?: string | null
}

/**
 * @since 0.1.0
 * @category models
 */
export type ToolCallOptions = {
  readonly itemId?: string | null
}

declare module "effect/ai/Prompt" {
  interface SystemMessageOptions {
    readonly openai?: CacheOptions | null
  }
  interface UserMessageOptions {
    readonly openai?: CacheOptions | null
  }
  interface TextPartOptions {
    readonly openai?: TextOptions | null
  }
  interface FilePartOptions {
    readonly openai?: FileOptions | null
  }
  interface ReasoningPartOptions {
    readonly openai?: ReasoningOptions | null
  }
  interface ToolCallPartOptions {
    readonly openai?: ToolCallOptions | null
  }
  interface ToolResultPartOptions {
    readonly openai?: CacheOptions | null
  }
}

declare module "effect/ai/Response" {
  interface FinishPartMetadata {
    readonly openai?: FinishMetadata | null
  }
}

/**
 * What OpenAI says at the end of an answer.
 *
 * @since 0.1.0
 * @category models
 */
export type FinishMetadata = {
  /** The usage as OpenAI sent it. */
  readonly usage?: { readonly [key: string]: Schema.Json }
  readonly serviceTier?: string
  readonly incompleteReason?: string
  /** What the model said instead of an answer. */
  readonly refusal?: string
  readonly systemFingerprint?: string
}
