import { Context, Effect } from "effect"
import { EmbeddingModel, Model } from "effect/ai"

import { embeddings as operation } from "../operation/embeddings.ts"
import { embeddingModel } from "./embeddingModel.ts"
import { EmbeddingsCall, type Host } from "./host.ts"

/** Embeddings are served as an `EmbeddingModel`. */
export const embeddings: Host<"embeddings"> = {
  operation,
  call: EmbeddingsCall,
  serve: (call, fold) =>
    Effect.sync(() =>
      Context.make(EmbeddingModel.EmbeddingModel, embeddingModel(call, fold)).pipe(
        Context.add(Model.ProviderName, call.provider),
        Context.add(Model.ModelName, call.model),
      ),
    ),
}
