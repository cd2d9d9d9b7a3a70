/**
 * OpenAI's models for speech. OpenAI has announced that they end on 6 January 2027.
 *
 * @since 0.1.0
 */
import { type ProviderMediaModel, SpeechModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"

import { type SpeechSettings } from "./internal/media/settings.ts"
import { speechModel } from "./internal/media/speech.ts"
import { OpenAiClient } from "./OpenAiClient.ts"
import * as OpenAiCompatible from "./OpenAiCompatible.ts"

export type { SpeechSettings as Settings } from "./internal/media/settings.ts"

/**
 * The name of a model: those that are known, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = "gpt-4o-mini-tts" | "tts-1" | "tts-1-hd" | (string & {})

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<SpeechSettings> = Context.Reference<SpeechSettings>(
  "@holdfast/openai/OpenAiSpeechModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * A speech model of OpenAI's.
 *
 * **Details**
 *
 * - `tts-1` and `tts-1-hd` are billed by characters, which are counted here. The others are asked for events, because only in
 *   them OpenAI says what they took.
 * - A text of more than 4,096 characters is `UnsupportedOption`, before any request, and so are instructions for `tts-1`.
 * - A sound of more than 64 MB is a failure.
 *
 * **Example** (A wave file)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiSpeechModel } from "@holdfast/openai"
 *
 * const model = OpenAiSpeechModel.model("gpt-4o-mini-tts", { responseFormat: "wav" })
 *
 * ResilientModel.describe(model).settings["model"] // => "gpt-4o-mini-tts"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: SpeechSettings,
): SpeechModel.ResilientSpeechModel<SpeechModel.CallFailure, OpenAiClient> =>
  SpeechModel.fromProvider(make(name, config), {
    name: "OpenAiSpeechModel.model",
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
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"speech">, never, OpenAiClient> =>
  Effect.map(OpenAiClient, (client) => speechModel(client, name, layered(Config, config)))

/**
 * Settings of a model of another server.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompatibleSettings extends Omit<SpeechSettings, "extra"> {
  /** Request fields in the server's own names. They are merged over everything else. */
  readonly extra?: (SpeechSettings["extra"] & Readonly<Record<string, unknown>>) | undefined
}

/**
 * A speech model of a server that speaks OpenAI's API, such as Groq's. The characters are counted here.
 *
 * **Details**
 *
 * The client is that of `OpenAiCompatible.layer`, so a server has one for all kinds of models. A server whose preset says nothing of it is asked
 * as OpenAI is. Prices of its models are not in the price book unless somebody adds them.
 *
 * **Example** (Groq)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiCompatible, OpenAiSpeechModel } from "@holdfast/openai"
 *
 * const model = OpenAiSpeechModel.compatible(OpenAiCompatible.groq, "canopylabs/orpheus-v1-english")
 *
 * ResilientModel.describe(model).settings["model"] // => "canopylabs/orpheus-v1-english"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const compatible = <Name extends string>(
  server: OpenAiCompatible.Preset<Name>,
  name: string,
  config?: CompatibleSettings,
): SpeechModel.ResilientSpeechModel<SpeechModel.CallFailure, OpenAiCompatible.Client<Name>> =>
  SpeechModel.fromProvider(makeCompatible(server, name, config), {
    name: "OpenAiSpeechModel.compatible",
    settings: { server: server.provider, model: name, ...config },
  })

/**
 * What `compatible` is made of.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeCompatible = <Name extends string>(
  server: OpenAiCompatible.Preset<Name>,
  name: string,
  config?: CompatibleSettings,
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"speech">, never, OpenAiCompatible.Client<Name>> =>
  Effect.map(OpenAiCompatible.client(server), (client) =>
    speechModel(client, name, layered(Config, config), server.media?.speech),
  )

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<SpeechSettings> = override(Config)
