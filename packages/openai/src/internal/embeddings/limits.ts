/**
 * What a request for embeddings may hold, as the vendors document it.
 */
import { type ProviderEmbeddingModel } from "@holdfast/core/provider/ProviderEmbeddingModel"

import { type EmbeddingDialect } from "./model.ts"

type Limits = NonNullable<ProviderEmbeddingModel["limits"]>

/** https://developers.openai.com/api/reference/resources/embeddings/methods/create */
const openAiLimits: Limits = { maxInputs: 2_048, maxTokens: 300_000, maxInputTokens: 8_192 }

/** The most numbers of a vector; 0 where they cannot be chosen, and nothing where the name tells nothing. */
const dimensionsOf = (model: string): number | undefined => {
  if (model === "text-embedding-3-small") return 1_536
  if (model === "text-embedding-3-large") return 3_072
  return model === "text-embedding-ada-002" ? 0 : undefined
}

/** What is known of a model of OpenAI's. */
export const openAiEmbeddings = (model: string): EmbeddingDialect => ({
  limits: openAiLimits,
  maxDimensions: dimensionsOf(model),
})
