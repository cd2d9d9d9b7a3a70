/**
 * OpenAI's models that write down what is said.
 *
 * @since 0.1.0
 */
import { type ProviderMediaModel, TranscriptionModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"

import { type TranscriptionSettings } from "./internal/media/settings.ts"
import { transcriptionModel } from "./internal/media/transcription.ts"
import { OpenAiClient } from "./OpenAiClient.ts"
import * as OpenAiCompatible from "./OpenAiCompatible.ts"

export type { TranscriptionSettings as Settings } from "./internal/media/settings.ts"

/**
 * The name of a model: those that are known, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = "gpt-transcribe" | "gpt-4o-transcribe" | "gpt-4o-mini-transcribe" | "whisper-1" | (string & {})

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<TranscriptionSettings> = Context.Reference<TranscriptionSettings>(
  "@holdfast/openai/OpenAiTranscriptionModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * A transcription model of OpenAI's.
 *
 * **Details**
 *
 * - The usage is in tokens or in seconds, whichever the model is billed by.
 * - A sound of more than 25 MB is `UnsupportedOption`, before any request.
 *
 * **Example** (A transcript)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiTranscriptionModel } from "@holdfast/openai"
 *
 * const model = OpenAiTranscriptionModel.model("gpt-transcribe")
 *
 * ResilientModel.describe(model).settings["model"] // => "gpt-transcribe"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: TranscriptionSettings,
): TranscriptionModel.ResilientTranscriptionModel<TranscriptionModel.CallFailure, OpenAiClient> =>
  TranscriptionModel.fromProvider(make(name, config), {
    name: "OpenAiTranscriptionModel.model",
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
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"transcription">, never, OpenAiClient> =>
  Effect.map(OpenAiClient, (client) => transcriptionModel(client, name, layered(Config, config)))

/**
 * Settings of a model of another server.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompatibleSettings extends Omit<TranscriptionSettings, "extra"> {
  /** Request fields in the server's own names. They are merged over everything else. */
  readonly extra?: (TranscriptionSettings["extra"] & Readonly<Record<string, unknown>>) | undefined
}

/**
 * A transcription model of a server that speaks OpenAI's API, such as Groq's, or one of vLLM on this machine.
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
 * import { OpenAiCompatible, OpenAiTranscriptionModel } from "@holdfast/openai"
 *
 * const model = OpenAiTranscriptionModel.compatible(OpenAiCompatible.groq, "whisper-large-v3-turbo")
 *
 * ResilientModel.describe(model).settings["model"] // => "whisper-large-v3-turbo"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const compatible = <Name extends string>(
  server: OpenAiCompatible.Preset<Name>,
  name: string,
  config?: CompatibleSettings,
): TranscriptionModel.ResilientTranscriptionModel<TranscriptionModel.CallFailure, OpenAiCompatible.Client<Name>> =>
  TranscriptionModel.fromProvider(makeCompatible(server, name, config), {
    name: "OpenAiTranscriptionModel.compatible",
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
): Effect.Effect<ProviderMediaModel.ProviderMediaModel<"transcription">, never, OpenAiCompatible.Client<Name>> =>
  Effect.map(OpenAiCompatible.client(server), (client) =>
    transcriptionModel(client, name, layered(Config, config), server.media?.transcription),
  )

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<TranscriptionSettings> = override(Config)
