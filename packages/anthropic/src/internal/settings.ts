/**
 * The settings of a model. They live here, so that the modules that read them need not import the public ones.
 */
import type { Anthropic } from "@anthropic-ai/sdk"

/**
 * Where a cached prefix of the prompt ends, and how long it is kept: five minutes unless said otherwise.
 *
 * @since 0.1.0
 * @category models
 */
export type CacheControl = true | { readonly type?: "ephemeral"; readonly ttl?: "5m" | "1h" }

/**
 * How hard a model tries: for thinking, for tools and for the answer.
 *
 * @since 0.1.0
 * @category models
 */
export type Effort = "low" | "medium" | "high" | "xhigh" | "max"

/**
 * Whether a model thinks before it answers.
 *
 * **Details**
 *
 * - `adaptive`: the model decides, and `effort` says how much. From Claude 4.6 on, and the default of Claude 5.
 * - `enabled`: up to a budget of at least 1,024 tokens, which must be below `maxOutputTokens`. Up to Claude 4.6.
 * - `between_tools`: only notes between tool calls, the least that Claude Sonnet 5.5 can do.
 * - `disabled`: not at all. Some models cannot be told so.
 *
 * `display` says whether a summary of the thoughts comes back. Many models leave it out by default.
 *
 * @since 0.1.0
 * @category models
 */
export type ThinkingSettings =
  | { readonly mode: "adaptive"; readonly display?: "summarized" | "omitted" | undefined }
  | {
      readonly mode: "enabled"
      readonly budgetTokens: number
      readonly display?: "summarized" | "omitted" | undefined
    }
  | { readonly mode: "between_tools" }
  | { readonly mode: "disabled" }

/**
 * Request fields that are not modelled here, in Anthropic's own names. They are merged over everything else, unchecked.
 *
 * **Details**
 *
 * Those that the SDK types are checked by the compiler; fields of beta features may be added.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Extra = Readonly<
  Partial<Omit<Anthropic.MessageCreateParamsNonStreaming, "model" | "stream" | "user_profile_id" | "workspace_id">>
> & { readonly [field: string]: unknown }

/**
 * Settings of a model.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /**
   * The most tokens that may be generated, thinking included. The API insists on it. If left out: 16,000, or 64,000 with
   * an effort of `xhigh` or `max`, on top of a thinking budget, and never more than the model can do; 4,096 for models
   * that are not known by their names.
   */
  readonly maxOutputTokens?: number | undefined
  readonly thinking?: ThinkingSettings | undefined
  /** From Claude Opus 4.5 and the other models of 4.6 on. */
  readonly effort?: Effort | undefined
  /** Between 0 and 1. Models before Claude 4.7 only, and only with `apiVersion` `2023-06-01`. */
  readonly temperature?: number | undefined
  /** Nucleus sampling, between 0 and 1. Where `temperature` is taken. */
  readonly topP?: number | undefined
  /** Sampling from so many of the most likely tokens. Where `temperature` is taken. */
  readonly topK?: number | undefined
  readonly stopSequences?: ReadonlyArray<string> | undefined
  /** Whether the model may call several tools at once. Sent only along with tools. */
  readonly parallelToolCalls?: boolean | undefined
  /**
   * Whether tools are sent in strict mode, in which arguments always fit the schema. `Tool.Strict` of a tool wins.
   * Off by default: Anthropic takes only 20 strict tools, with few optional parameters, in one request.
   */
  readonly strictTools?: boolean | undefined
  /** Caches the whole prompt: Anthropic itself puts the breakpoint at its end, and moves it along with every turn. */
  readonly cachePrompt?: CacheControl | undefined
  /** Caches the tools, which are the beginning of every prompt. */
  readonly cacheTools?: CacheControl | undefined
  /** Whether priority capacity may be used. */
  readonly serviceTier?: "auto" | "standard_only" | undefined
  /** Faster tokens at a higher price. Some models want the beta `fast-mode-2026-02-01` for it. */
  readonly speed?: "standard" | "fast" | undefined
  /** Where the model runs, such as `us`. */
  readonly inferenceGeo?: string | undefined
  /** A stable, opaque id of the end user, for abuse detection. */
  readonly userId?: string | undefined
  /** The container of an earlier answer, or skills to be loaded, for code execution. */
  readonly container?: Anthropic.MessageCreateParamsNonStreaming["container"] | undefined
  /** Beta features, as the `anthropic-beta` header names them. */
  readonly betas?: ReadonlyArray<string> | undefined
  readonly extra?: Extra | undefined
}
