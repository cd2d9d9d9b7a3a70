/**
 * Google's models that answer with speech.
 *
 * @since 0.1.0
 */
import { type ProviderMediaModel, SpeechModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"

import { GoogleClient } from "./GoogleClient.ts"
import { type SpeechSettings } from "./internal/media/settings.ts"
import { speechModel } from "./internal/media/speech.ts"

export type { SpeechSettings as Settings } from "./internal/media/settings.ts"

/**
 * The name of a model: those that are known, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model =
  | "gemini-3.8-flash-tts"
  | "gemini-3.8-flash-lite-tts"
  | "gemini-2.5-flash-preview-tts"
  | "gemini-2.5-pro-preview-tts"
  | (string & {})

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<SpeechSettings> = Context.Reference<SpeechSettings>(
  "@holdfast/google/GoogleSpeechModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * A speech model of Google's.
 *
 * **Details**
 *
 * - From Gemini 3.8 on `instructions` stand beside the text as its style; before, they stand in front of it.
 * - The media type is what Gemini says: sound without a header mostly, at 24,000 samples of 16 bits a second.
 *
 * **Example** (A voice)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { GoogleSpeechModel } from "@holdfast/google"
 *
 * const model = GoogleSpeechModel.model("gemini-3.8-flash-tts", { voice: "Kore" })
 *
 * ResilientModel.describe(model).settings["model"] // => "gemini-3.8-flash-tts"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: SpeechSettings,
): SpeechModel.ResilientSpeechModel<SpeechModel.CallFailure, GoogleClient> =>
  SpeechModel.fromProvider(make(name, config), {
    name: "GoogleSpeechModel.model",
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
  config?: SpeechSettings,
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"speech">, never, GoogleClient> =>
  Effect.map(GoogleClient, (client) => speechModel(client, name, layered(Config, config)))

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<SpeechSettings> = override(Config)
