/**
 * Google's embedding models.
 *
 * @since 0.1.0
 */
import { type ProviderEmbeddingModel, ResilientEmbeddingModel } from "@holdfast/core"
import { layered, override, type Override } from "@holdfast/core/provider/Settings"
import { Context, Effect } from "effect"

import { GoogleClient } from "./GoogleClient.ts"
import { embeddingsModel } from "./internal/embeddings/model.ts"
import { type EmbeddingSettings } from "./internal/embeddings/settings.ts"

export type { EmbeddingSettings as Settings, TaskType } from "./internal/embeddings/settings.ts"

/**
 * The name of a model: those that are known, or any other.
 *
 * @since 0.1.0
 * @category models
 */
export type Model = "gemini-embedding-001" | "gemini-embedding-2" | (string & {})

/**
 * Settings of one request. They are laid over the model's own.
 *
 * @see {@link withConfigOverride}
 * @since 0.1.0
 * @category references
 */
export const Config: Context.Reference<EmbeddingSettings> = Context.Reference<EmbeddingSettings>(
  "@holdfast/google/GoogleEmbeddingModel/Config",
  { defaultValue: () => ({}) },
)

/**
 * An embedding model of Google's.
 *
 * **Details**
 *
 * - A request takes 100 texts. Longer lists are cut.
 * - Where Gemini says nothing of tokens, the usage is unknown, and a budget settles with an estimate.
 * - Options that the model cannot take are `UnsupportedOption`, before any request.
 *
 * **Example** (Vectors of documents)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { GoogleEmbeddingModel } from "@holdfast/google"
 *
 * const model = GoogleEmbeddingModel.model("gemini-embedding-001", {
 *   taskType: "RETRIEVAL_DOCUMENT",
 *   outputDimensionality: 768,
 * })
 *
 * ResilientModel.describe(model).settings["outputDimensionality"] // => 768
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: EmbeddingSettings,
): ResilientEmbeddingModel.ResilientEmbeddingModel<ResilientEmbeddingModel.CallFailure, GoogleClient> =>
  ResilientEmbeddingModel.fromProvider(make(name, config), {
    name: "GoogleEmbeddingModel.model",
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
): Effect.Effect<ProviderEmbeddingModel.ProviderEmbeddingModel, never, GoogleClient> =>
  Effect.map(GoogleClient, (client) => embeddingsModel(client, name, layered(Config, config)))

/**
 * Changes settings for the requests of one effect. Inner overrides win over outer ones, field by field.
 *
 * **Example** (Vectors of a question)
 *
 * ```ts
 * import { GoogleEmbeddingModel } from "@holdfast/google"
 * import { Effect } from "effect"
 *
 * const task = Effect.map(GoogleEmbeddingModel.Config, ({ taskType }) => taskType).pipe(
 *   GoogleEmbeddingModel.withConfigOverride({ taskType: "RETRIEVAL_QUERY" }),
 * )
 *
 * Effect.runSync(task) // => "RETRIEVAL_QUERY"
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withConfigOverride: Override<EmbeddingSettings> = override(Config)
