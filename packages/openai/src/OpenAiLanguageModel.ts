/**
 * OpenAI's models: on the Responses API, and on Chat Completions where asked for.
 *
 * @since 0.1.0
 */

import { type ProviderModel, ResilientModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"
import type { OpenAI } from "openai"

import * as dialects from "./internal/chat/dialect.ts"
import { chatModel } from "./internal/chat/model.ts"
import { responsesModel } from "./internal/responses/model.ts"
import { type ChatSettings, type ResponsesSettings } from "./internal/settings.ts"
import { OpenAiClient } from "./OpenAiClient.ts"

export type {
  CacheOptions,
  FileOptions,
  FinishMetadata,
  ReasoningOptions,
  TextOptions,
  ToolCallOptions,
} from "./internal/providerOptions.ts"
export type {
  ChatSettings,
  Extra,
  PromptCacheOptions,
  ReasoningSettings,
  ResponsesSettings,
  Settings,
} from "./internal/settings.ts"

/**
 * The name of a model: those that the SDK knows, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = OpenAI.ResponsesModel

/**
 * Settings of one request on the Responses API. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<ResponsesSettings> = Context.Reference<ResponsesSettings>(
  "@holdfast/openai/OpenAiLanguageModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * Settings of one request on Chat Completions. They are laid over the model's own.
 *
 * @see {@link withChatConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const ChatConfig: Context.Reference<ChatSettings> = Context.Reference<ChatSettings>(
  "@holdfast/openai/OpenAiLanguageModel/ChatConfig",
  { defaultValue: () => ({}) },
)

/**
 * A model on the Responses API.
 *
 * **When to use**
 *
 * For OpenAI itself. New features of OpenAI appear here. For servers that imitate OpenAI there is `OpenAiCompatible`.
 *
 * **Details**
 *
 * - Nothing is stored at OpenAI (`store: false`) unless `store` says so or a `ResponseIdTracker` is provided, which
 *   continues from stored responses. Conversations go on all the same: the reasoning of reasoning models comes back
 *   encrypted, is kept in the parts' metadata, and is sent along with the next request.
 * - Reasoning of other models, or of earlier answers that came without its encrypted form, is left out of the prompt, and
 *   all of it if the model does not think.
 * - Structured answers use OpenAI's JSON schema mode, tools are strict where their schema allows it.
 * - Options that the model or the API cannot take are `UnsupportedOption`, before any request.
 *
 * **Example** (A model with settings)
 *
 * ```ts
 * import { OpenAiLanguageModel } from "@holdfast/openai"
 *
 * const settings: OpenAiLanguageModel.ResponsesSettings = {
 *   reasoning: { effort: "low", summary: "auto" },
 *   maxOutputTokens: 4_000,
 *   promptCacheKey: "support-bot",
 * }
 *
 * settings.reasoning?.effort // => "low"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: ResponsesSettings,
): ResilientModel.ResilientModel<ResilientModel.CallFailure, OpenAiClient> =>
  ResilientModel.fromProvider(make(name, config), {
    name: "OpenAiLanguageModel.model",
    settings: { model: name, ...config },
  })

/**
 * A model on Chat Completions.
 *
 * **When to use**
 *
 * For what the Responses API does not have: stop sequences, seeds, penalties and audio input.
 *
 * @since 0.1.0
 * @category constructors
 */
export const chat = (
  name: OpenAI.ChatModel | (string & {}),
  config?: ChatSettings,
): ResilientModel.ResilientModel<ResilientModel.CallFailure, OpenAiClient> =>
  ResilientModel.fromProvider(makeChat(name, config), {
    name: "OpenAiLanguageModel.chat",
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
  config?: ResponsesSettings,
): Effect.Effect<ProviderModel.ProviderModel, never, OpenAiClient> =>
  Effect.map(OpenAiClient, (client) => responsesModel(client, name, layered(Config, config)))

/**
 * What `chat` is made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeChat = (
  name: OpenAI.ChatModel | (string & {}),
  config?: ChatSettings,
): Effect.Effect<ProviderModel.ProviderModel, never, OpenAiClient> =>
  Effect.map(OpenAiClient, (client) => chatModel(client, name, dialects.openai, layered(ChatConfig, config)))

/**
 * Changes settings for the requests of one effect.
 *
 * **Details**
 *
 * Overrides win over the model's own settings, and inner ones over outer ones, field by field: an object such as
 * `reasoning` is replaced as a whole. They apply to every model on the
 * Responses API that the effect uses.
 *
 * **Example** (More thought for one question)
 *
 * ```ts
 * import { OpenAiLanguageModel } from "@holdfast/openai"
 * import { Effect } from "effect"
 *
 * const effort = Effect.map(OpenAiLanguageModel.Config, ({ reasoning }) => reasoning?.effort).pipe(
 *   OpenAiLanguageModel.withConfigOverride({ reasoning: { effort: "high" } }),
 * )
 *
 * Effect.runSync(effort) // => "high"
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<ResponsesSettings> = override(Config)

/**
 * Changes settings for the requests of one effect to OpenAI's Chat Completions.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category combinators
 */
export const withChatConfigOverride: Override<ChatSettings> = override(ChatConfig)
