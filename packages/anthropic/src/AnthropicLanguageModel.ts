/**
 * Claude on the Messages API.
 *
 * @since 0.1.0
 */
import type { Anthropic } from "@anthropic-ai/sdk"
import { type ProviderModel, ResilientModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"

import { AnthropicClient } from "./AnthropicClient.ts"
import { messagesModel } from "./internal/model.ts"
import { type Settings } from "./internal/settings.ts"

export type {
  CacheOptions,
  FileOptions,
  FinishMetadata,
  ReasoningOptions,
  TextOptions,
  ToolCallOptions,
} from "./internal/providerOptions.ts"
export type { CacheControl, Effort, Extra, Settings, ThinkingSettings } from "./internal/settings.ts"

/**
 * The name of a model: those that the SDK knows, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = Anthropic.Model

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<Settings> = Context.Reference<Settings>(
  "@holdfast/anthropic/AnthropicLanguageModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * A Claude model.
 *
 * **Details**
 *
 * - Thoughts come back with their signatures, which are kept in the parts' metadata and sent along with the next request.
 *   Thoughts of other models, which have none, are left out of the prompt. So are calls of tools that another provider
 *   ran.
 * - Blocks that have no part of their own, such as calls of Anthropic's tools that the toolkit does not declare, travel in
 *   the metadata of an empty reasoning part, so that the conversation can go on.
 * - Structured answers use Anthropic's JSON schema mode, never a forced tool. Tools are strict where `strictTools` says so.
 * - System messages at the beginning become the request's system prompt. Later ones stay where they are, on models that
 *   take them there.
 * - Options that the model, or the client's version of the API, cannot take are `UnsupportedOption`, before any request.
 *   That holds for models that are known by their names. `extra` is not checked.
 *
 * **Example** (A model with settings)
 *
 * ```ts
 * import { AnthropicLanguageModel } from "@holdfast/anthropic"
 *
 * const settings: AnthropicLanguageModel.Settings = {
 *   maxOutputTokens: 8_000,
 *   effort: "low",
 *   thinking: { mode: "adaptive", display: "summarized" },
 *   cachePrompt: { ttl: "1h" },
 * }
 *
 * settings.effort // => "low"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: Settings,
): ResilientModel.ResilientModel<ResilientModel.CallFailure, AnthropicClient> =>
  ResilientModel.fromProvider(make(name, config), {
    name: "AnthropicLanguageModel.model",
    settings: { model: name, ...config },
  })

/**
 * What `model` is made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  name: Model,
  config?: Settings,
): Effect.Effect<ProviderModel.ProviderModel, never, AnthropicClient> =>
  Effect.map(AnthropicClient, (client) => messagesModel(client, name, layered(Config, config)))

/**
 * Changes settings for the requests of one effect.
 *
 * **Details**
 *
 * Overrides win over the model's own settings, and inner ones over outer ones, field by field: an object such as
 * `thinking` is replaced as a whole. They apply to every Claude model that the effect uses.
 *
 * **Example** (More effort for one question)
 *
 * ```ts
 * import { AnthropicLanguageModel } from "@holdfast/anthropic"
 * import { Effect } from "effect"
 *
 * const effort = Effect.map(AnthropicLanguageModel.Config, (settings) => settings.effort).pipe(
 *   AnthropicLanguageModel.withConfigOverride({ effort: "high" }),
 * )
 *
 * Effect.runSync(effort) // => "high"
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<Settings> = override(Config)
