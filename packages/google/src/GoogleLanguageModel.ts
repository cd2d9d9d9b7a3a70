/**
 * Google's Gemini models.
 *
 * @since 0.1.0
 */
import { type ProviderModel, ResilientModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"

import { GoogleClient } from "./GoogleClient.ts"
import { contentModel } from "./internal/model.ts"
import { type Settings } from "./internal/settings.ts"

export type {
  FileOptions,
  FinishMetadata,
  SignedOptions,
  ToolCallOptions,
  ToolResultOptions,
} from "./internal/providerOptions.ts"
export type { Extra, SafetySetting, Settings, ThinkingLevel, ThinkingSettings } from "./internal/settings.ts"

/**
 * The name of a model: those that answer prompts, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model =
  | "gemini-4-argon"
  | "gemini-4-carbon"
  | "gemini-3.8-flash"
  | "gemini-3.7-flash"
  | "gemini-3.6-flash"
  | "gemini-3.5-flash"
  | "gemini-3.5-flash-lite"
  | "gemini-3.1-pro-preview"
  | "gemini-3.1-flash-lite"
  | "gemini-3.1-flash-image"
  | "gemini-3-pro-image"
  | "gemini-3-flash-preview"
  | "gemini-2.5-pro"
  | "gemini-2.5-flash"
  | "gemini-2.5-flash-lite"
  | "gemini-pro-latest"
  | "gemini-flash-latest"
  | "gemini-flash-lite-latest"
  | "gemini-nano-banana-2.1"
  | "gemma-4-31b-it"
  | "gemma-4-26b-a4b-it"
  | (string & {})

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<Settings> = Context.Reference<Settings>(
  "@holdfast/google/GoogleLanguageModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * A Gemini model.
 *
 * **Details**
 *
 * - Gemini has one system instruction. All system messages of a prompt, wherever they stand, go into it in their order.
 * - What a model must see again of its thinking, its thought signatures, is kept in the parts' metadata, and is sent
 *   along with the next request. Reasoning of other models is left out of the prompt, and their calls, which a fallback
 *   brings along, are marked as not Gemini's own.
 * - Structured answers use Gemini's JSON schema mode.
 * - Files may be bytes, base64, `data:` URLs, links, `gs://` URIs, URIs of the Files API, and videos on YouTube.
 * - Options that the model or the API cannot take are `UnsupportedOption`, before any request.
 *
 * **Gotchas**
 *
 * Gemini numbers neither the chunks of a stream nor all of its tool calls. Calls without an id get one. A frame that a
 * proxy sends twice doubles its text.
 *
 * **Example** (A model with settings)
 *
 * ```ts
 * import { GoogleLanguageModel } from "@holdfast/google"
 *
 * const settings: GoogleLanguageModel.Settings = {
 *   thinking: { level: "low", includeThoughts: true },
 *   maxOutputTokens: 4_000,
 *   safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_ONLY_HIGH" }],
 * }
 *
 * settings.thinking?.level // => "low"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: Settings,
): ResilientModel.ResilientModel<ResilientModel.CallFailure, GoogleClient> =>
  ResilientModel.fromProvider(make(name, config), {
    name: "GoogleLanguageModel.model",
    settings: { model: name, ...config },
  })

/**
 * What `model` is made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (name: Model, config?: Settings): Effect.Effect<ProviderModel.ProviderModel, never, GoogleClient> =>
  Effect.map(GoogleClient, (client) => contentModel(client, name, layered(Config, config)))

/**
 * Changes settings for the requests of one effect.
 *
 * **Details**
 *
 * Overrides win over the model's own settings, and inner ones over outer ones, field by field: an object such as
 * `thinking` is replaced as a whole. They apply to every Gemini model that the effect uses.
 *
 * **Example** (More thought for one question)
 *
 * ```ts
 * import { GoogleLanguageModel } from "@holdfast/google"
 * import { Effect } from "effect"
 *
 * const level = Effect.map(GoogleLanguageModel.Config, ({ thinking }) => thinking?.level).pipe(
 *   GoogleLanguageModel.withConfigOverride({ thinking: { level: "high" } }),
 * )
 *
 * Effect.runSync(level) // => "high"
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<Settings> = override(Config)
