/**
 * Google's language models as models that write down what is said.
 *
 * @since 0.1.0
 */
import { type ProviderMediaModel, TranscriptionModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"

import { GoogleClient } from "./GoogleClient.ts"
import { type TranscriptionSettings } from "./internal/media/settings.ts"
import { transcriptionModel } from "./internal/media/transcription.ts"

export type { TranscriptionSettings as Settings } from "./internal/media/settings.ts"

/**
 * The name of a model: those that are known, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = "gemini-3.8-flash" | "gemini-3.5-flash-lite" | (string & {})

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<TranscriptionSettings> = Context.Reference<TranscriptionSettings>(
  "@holdfast/google/GoogleTranscriptionModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * A language model of Google's that writes down what is said.
 *
 * **Details**
 *
 * - The model is told to answer with the transcript alone. It costs what sound costs for the model, and its text.
 * - A sound of more than 15 MB is `UnsupportedOption`, before any request, and a transcript that was cut is a failure.
 *
 * **Example** (A transcript)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { GoogleTranscriptionModel } from "@holdfast/google"
 *
 * const model = GoogleTranscriptionModel.model("gemini-3.8-flash")
 *
 * ResilientModel.describe(model).settings["model"] // => "gemini-3.8-flash"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: TranscriptionSettings,
): TranscriptionModel.ResilientTranscriptionModel<TranscriptionModel.CallFailure, GoogleClient> =>
  TranscriptionModel.fromProvider(make(name, config), {
    name: "GoogleTranscriptionModel.model",
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
  config?: TranscriptionSettings,
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"transcription">, never, GoogleClient> =>
  Effect.map(GoogleClient, (client) => transcriptionModel(client, name, layered(Config, config)))

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<TranscriptionSettings> = override(Config)
