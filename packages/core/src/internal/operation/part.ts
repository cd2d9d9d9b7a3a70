import { type Response } from "effect/ai"

/**
 * One part of an answer with embeddings: a vector for each input in their order, and at the end what the provider counted.
 *
 * @since 0.1.0
 * @category models
 */
export type EmbeddingPart =
  | { readonly type: "embedding"; readonly vector: ReadonlyArray<number> }
  | Response.ResponseMetadataPartEncoded
  | Response.FinishPartEncoded
