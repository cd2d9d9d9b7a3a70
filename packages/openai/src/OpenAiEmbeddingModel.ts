/**
 * OpenAI's embedding models, and those of servers that speak its API.
 *
 * @since 0.1.0
 */
import { type ProviderEmbeddingModel, ResilientEmbeddingModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"
import type { OpenAI } from "openai"

import { openAiEmbeddings } from "./internal/embeddings/limits.ts"
import { embeddingsModel } from "./internal/embeddings/model.ts"
import { type EmbeddingSettings } from "./internal/embeddings/settings.ts"
import { OpenAiClient } from "./OpenAiClient.ts"
import * as OpenAiCompatible from "./OpenAiCompatible.ts"

export type { EmbeddingSettings as Settings } from "./internal/embeddings/settings.ts"

/**
 * The name of a model: those that the SDK knows, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = OpenAI.EmbeddingModel | (string & {})

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<EmbeddingSettings> = Context.Reference<EmbeddingSettings>(
  "@holdfast/openai/OpenAiEmbeddingModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * An embedding model of OpenAI's.
 *
 * **Details**
 *
 * - A request takes 2,048 texts and 300,000 tokens. Longer lists are cut, as tokens are estimated.
 * - Vectors are put into the order of the texts by the numbers that OpenAI gives them.
 * - A number of dimensions that the model does not have is `UnsupportedOption`, before any request.
 *
 * **Example** (Shorter vectors)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiEmbeddingModel } from "@holdfast/openai"
 *
 * const model = OpenAiEmbeddingModel.model("text-embedding-3-small", { dimensions: 512 })
 *
 * ResilientModel.describe(model).settings["dimensions"] // => 512
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: EmbeddingSettings,
): ResilientEmbeddingModel.ResilientEmbeddingModel<ResilientEmbeddingModel.CallFailure, OpenAiClient> =>
  ResilientEmbeddingModel.fromProvider(make(name, config), {
    name: "OpenAiEmbeddingModel.model",
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
  config?: EmbeddingSettings,
): Effect.Effect<ProviderEmbeddingModel.ProviderEmbeddingModel, never, OpenAiClient> =>
  Effect.map(OpenAiClient, (client) => embeddingsModel(client, name, openAiEmbeddings(name), layered(Config, config)))

/**
 * Settings of a model of another server: those that OpenAI has, and what is known of the server.
 *
 * @since 0.1.0
 * @category models
 */
export interface CompatibleSettings extends EmbeddingSettings {
  /** What one request may hold. Without it a list is sent as a whole. */
  readonly limits?: ProviderEmbeddingModel.ProviderEmbeddingModel["limits"]
}

/**
 * An embedding model of a server that speaks OpenAI's API, such as Mistral's or one of Ollama on this machine.
 *
 * **Details**
 *
 * The client is that of `OpenAiCompatible.layer`, so a server has one for both kinds of models. Vectors that come without
 * numbers stand in the order of the texts. Where the server counts no tokens, the usage is unknown.
 *
 * **Example** (A model on this machine)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { OpenAiCompatible, OpenAiEmbeddingModel } from "@holdfast/openai"
 *
 * const model = OpenAiEmbeddingModel.compatible(OpenAiCompatible.ollama, "embeddinggemma")
 *
 * ResilientModel.describe(model).settings // => { server: "ollama", model: "embeddinggemma" }
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const compatible = <Name extends string>(
  server: OpenAiCompatible.Preset<Name>,
  name: string,
  config?: CompatibleSettings,
): ResilientEmbeddingModel.ResilientEmbeddingModel<
  ResilientEmbeddingModel.CallFailure,
  OpenAiCompatible.Client<Name>
> =>
  ResilientEmbeddingModel.fromProvider(makeCompatible(server, name, config), {
    name: "OpenAiEmbeddingModel.compatible",
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
  { limits, ...config }: CompatibleSettings = {},
): Effect.Effect<ProviderEmbeddingModel.ProviderEmbeddingModel, never, OpenAiCompatible.Client<Name>> =>
  Effect.map(OpenAiCompatible.client(server), (client) =>
    embeddingsModel(client, name, { limits }, layered(Config, config)),
  )

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * **Example** (Shorter vectors for one index)
 *
 * ```ts
 * import { OpenAiEmbeddingModel } from "@holdfast/openai"
 * import { Effect } from "effect"
 *
 * const dimensions = Effect.map(OpenAiEmbeddingModel.Config, (settings) => settings.dimensions).pipe(
 *   OpenAiEmbeddingModel.withConfigOverride({ dimensions: 256 }),
 * )
 *
 * Effect.runSync(dimensions) // => 256
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<EmbeddingSettings> = override(Config)
