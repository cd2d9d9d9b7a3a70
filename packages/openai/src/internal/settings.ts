/**
 * The settings of both APIs. They live here, so that the modules that read them need not import the public ones.
 */
import type { OpenAI } from "openai"

/**
 * Settings that the Responses API and Chat Completions share.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /** Between 0 and 2. Reasoning models take it only where they can be told not to reason. */
  readonly temperature?: number | undefined
  /** Nucleus sampling, between 0 and 1. */
  readonly topP?: number | undefined
  /** The most tokens that may be generated, reasoning included. At least 16 on the Responses API. */
  readonly maxOutputTokens?: number | undefined
  /** Chat Completions only. OpenAI takes four. */
  readonly stop?: string | ReadonlyArray<string> | undefined
  /** Chat Completions only. */
  readonly seed?: number | undefined
  /** Between -2 and 2. Chat Completions only. */
  readonly frequencyPenalty?: number | undefined
  /** Between -2 and 2. Chat Completions only. */
  readonly presencePenalty?: number | undefined
  readonly reasoning?: ReasoningSettings | undefined
  /** How long the answer is to be. Models before `gpt-5` cannot be told. */
  readonly verbosity?: "low" | "medium" | "high" | undefined
  readonly serviceTier?: OpenAI.Responses.ServiceTier | undefined
  /** Whether the model may call several tools at once. Sent only along with tools. */
  readonly parallelToolCalls?: boolean | undefined
  /**
   * Whether tools are sent in strict mode, in which arguments always fit the schema. `Tool.Strict` of a tool wins.
   * By default all tools are strict whose schema is an Effect schema, and dynamic tools with a plain JSON schema are not.
   */
  readonly strictTools?: boolean | undefined
  /** Requests with equal keys are routed to where their common prefix is cached. */
  readonly promptCacheKey?: string | undefined
  readonly promptCacheOptions?: PromptCacheOptions | undefined
  /** A stable, hashed id of the end user, for abuse detection. */
  readonly safetyIdentifier?: string | undefined
  /** Up to 16 fields, with names of 64 characters and values of 512. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Whether OpenAI keeps the answer, so that it can be retrieved and continued by its id. */
  readonly store?: boolean | undefined
}

/**
 * How much a model thinks, and whether it tells.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReasoningSettings {
  readonly effort?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | undefined
  /** Responses API only. Without it no reasoning text comes back. */
  readonly summary?: "auto" | "concise" | "detailed" | undefined
}

/**
 * How OpenAI caches prompts, for `gpt-5.6` and later.
 *
 * **Details**
 *
 * In `explicit` mode only prefixes that end in a `promptCacheBreakpoint` are written.
 *
 * @since 0.1.0
 * @category models
 */
export interface PromptCacheOptions {
  readonly mode?: "implicit" | "explicit" | undefined
  readonly ttl?: "30m" | undefined
}

/**
 * Request fields that are not modelled here, in the vendor's own names. They are merged over everything else.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Extra<Params> = Readonly<Partial<Omit<Params, "model" | "stream">>>

/**
 * Settings of a model on the Responses API.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponsesSettings extends Settings {
  /** More of an answer to be included, besides encrypted reasoning. */
  readonly include?: ReadonlyArray<OpenAI.Responses.ResponseIncludable> | undefined
  /** Whether a prompt that is too long is cut by OpenAI instead of being refused. */
  readonly truncation?: "auto" | "disabled" | undefined
  readonly extra?: Extra<OpenAI.Responses.ResponseCreateParamsNonStreaming> | undefined
}

/**
 * Settings of a model on Chat Completions.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChatSettings extends Settings {
  readonly extra?: Extra<OpenAI.Chat.ChatCompletionCreateParamsNonStreaming> | undefined
}
