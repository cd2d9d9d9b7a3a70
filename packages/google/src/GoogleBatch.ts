/**
 * Gemini's batch API: requests that are answered within a day or two, at half the price.
 *
 * **Details**
 *
 * A batch is made of a file of at most 2 GB; here of 64 MB, because what is uploaded is held in memory until it is taken.
 * Google aims at 24 hours, and gives up after 48: such a batch has no results at all, and whether it is billed is not written
 * down. Tokens that come from a cache cost what they always cost. Files stay for two days. See
 * https://ai.google.dev/gemini-api/docs/batch-api.
 *
 * Prompts, settings and answers are those of `GoogleLanguageModel`, texts and vectors those of `GoogleEmbeddingModel`: the same code
 * makes the bodies and reads the answers.
 *
 * @since 0.1.0
 */
import { type Kind } from "@holdfast/core/Operation"
import { type BatchProvider } from "@holdfast/core/provider/BatchProvider"
import { UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { layered } from "@holdfast/core/provider/Settings"
import { Effect } from "effect"

import { GoogleClient, type Service } from "./GoogleClient.ts"
import * as GoogleEmbeddingModel from "./GoogleEmbeddingModel.ts"
import { Config, type Model } from "./GoogleLanguageModel.ts"
import { contentBatches, embeddingBatches } from "./internal/batch/provider.ts"
import { embeddingsModel } from "./internal/embeddings/model.ts"
import { contentModel } from "./internal/model.ts"
import { type Settings } from "./internal/settings.ts"

/**
 * A model of the Gemini API. Vertex AI reads batches from its own storage, and is refused.
 *
 * **Example** (A model for a job)
 *
 * ```ts
 * import { GoogleBatch } from "@holdfast/google"
 * import { Effect } from "effect"
 *
 * const batch = GoogleBatch.model("gemini-3.8-flash", { maxOutputTokens: 500 })
 *
 * Effect.isEffect(batch) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const model = (
  name: Model,
  config?: Settings,
): Effect.Effect<BatchProvider<"chat">, UnsupportedOption, GoogleClient> =>
  atGemini(name, (client) =>
    contentBatches(client, client.content, contentModel(client, name, layered(Config, config))),
  )

/**
 * An embedding model of the Gemini API. An item has one text: that is what a line of a batch takes.
 *
 * **Details**
 *
 * A vector costs half of its live price. Where Gemini says nothing of tokens, the usage is unknown, and a budget settles with an
 * interval up to the worst case. See https://ai.google.dev/gemini-api/docs/batch-api#batch-embedding.
 *
 * **Example** (Vectors for a job)
 *
 * ```ts
 * import { GoogleBatch } from "@holdfast/google"
 * import { Effect } from "effect"
 *
 * const batch = GoogleBatch.embeddings("gemini-embedding-001", { taskType: "RETRIEVAL_DOCUMENT" })
 *
 * Effect.isEffect(batch) // => true
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const embeddings = (
  name: GoogleEmbeddingModel.Model,
  config?: GoogleEmbeddingModel.Settings,
): Effect.Effect<BatchProvider<"embeddings">, UnsupportedOption, GoogleClient> =>
  atGemini(name, (client) =>
    embeddingBatches(client, embeddingsModel(client, name, layered(GoogleEmbeddingModel.Config, config))),
  )

const atGemini = <K extends Kind>(
  name: string,
  make: (client: Service) => BatchProvider<K>,
): Effect.Effect<BatchProvider<K>, UnsupportedOption, GoogleClient> =>
  Effect.flatMap(GoogleClient, (client) => {
    const { provider } = client
    if (provider === "gcp.gemini") return Effect.succeed(make(client))
    const explanation = "Vertex AI has batches of another form; use a client of the Gemini API"
    return Effect.fail(new UnsupportedOption({ provider, model: name, option: "batch", explanation }))
  })
