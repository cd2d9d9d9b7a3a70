/**
 * An embedding model as a `Layer` that knows how it can fail.
 *
 * It provides `effect/ai`'s own `EmbeddingModel`, and the same policies pipe onto it as onto a language model: retries,
 * limits, circuits, fallbacks and budgets are written for every operation.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, type Scope } from "effect"
import { EmbeddingModel } from "effect/ai"

import { meteredEmbeddings } from "./internal/attempt/embeddings.ts"
import { type EmbeddingFailure } from "./internal/attempt/failure.ts"
import { type Label } from "./internal/model/description.ts"
import { embeddings } from "./internal/model/embeddings.ts"
import { type ProviderEmbeddingModel } from "./provider/ProviderEmbeddingModel.ts"
import * as Resilient from "./Resilient.ts"

export { EmbeddingsCall as Call } from "./internal/model/host.ts"

export type { EmbeddingFailure as CallFailure } from "./internal/attempt/failure.ts"

/**
 * A layer that provides an embedding model, with the failures of its calls in its type.
 *
 * @since 0.1.0
 * @category models
 */
export type ResilientEmbeddingModel<E, R = never> = Resilient.Resilient<"embeddings", E, R>

/**
 * A provider's embedding model: each request is one attempt, checked, guarded and seen.
 *
 * **Details**
 *
 * Lists of texts are cut to the limits of the model, and every piece is a call of its own: a retry repeats the piece that
 * failed, and no other. Calls of `embed` that run at the same time share requests if they have the same tenant, tags,
 * settings and sink, and whatever else of their context may decide who pays.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromProvider = <R>(
  build: Effect.Effect<ProviderEmbeddingModel, never, R>,
  label: Label,
): ResilientEmbeddingModel<EmbeddingFailure, Exclude<R, Scope.Scope>> =>
  Resilient.make(embeddings, Effect.map(build, meteredEmbeddings), label)

/**
 * Adopts any other `effect/ai` embedding model, so that policies can be piped onto it.
 *
 * **Details**
 *
 * Attempts are reported under the given names. `limits` cut long lists where the model does not cut them itself; without
 * them each list is one attempt, however many requests the model makes of it.
 *
 * **Example** (A model of another package)
 *
 * ```ts
 * import { ResilientEmbeddingModel, Retry } from "@holdfast/core"
 * import { Effect, Layer } from "effect"
 * import { EmbeddingModel } from "effect/ai"
 *
 * const adopt = <R>(layer: Layer.Layer<EmbeddingModel.EmbeddingModel, never, R>) =>
 *   ResilientEmbeddingModel.fromEmbeddingModel(layer, { provider: "acme", model: "acme-embed-1" }).pipe(
 *     Retry.schedule(Retry.standard),
 *   )
 *
 * const acme = EmbeddingModel.make({
 *   embedMany: ({ inputs }) => Effect.succeed({ results: inputs.map(() => [1, 0]), usage: { inputTokens: 1 } }),
 * })
 * const model = adopt(Layer.effect(EmbeddingModel.EmbeddingModel, acme))
 * const program = Effect.flatMap(EmbeddingModel.EmbeddingModel, ({ embed }) => embed("hi"))
 *
 * const { vector } = await Effect.runPromise(Effect.provide(program, model))
 * vector // => [1, 0]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEmbeddingModel = <R>(
  layer: Layer.Layer<EmbeddingModel.EmbeddingModel, never, R>,
  names: Pick<ProviderEmbeddingModel, "provider" | "model" | "limits">,
): ResilientEmbeddingModel<EmbeddingFailure, R> =>
  fromProvider(
    Effect.map(Layer.build(layer), (context) => foreign(Context.get(context, EmbeddingModel.EmbeddingModel), names)),
    { name: "ResilientEmbeddingModel.fromEmbeddingModel", settings: { ...names } },
  )

const foreign = (
  model: EmbeddingModel.EmbeddingModel,
  names: Pick<ProviderEmbeddingModel, "provider" | "model" | "limits">,
): ProviderEmbeddingModel => ({
  ...names,
  embed: ({ inputs }) =>
    Effect.map(model.embedMany(inputs), ({ embeddings: answered, usage }) => ({
      headers: {},
      parts: { vectors: answered.map(({ vector }) => vector), inputTokens: usage.inputTokens },
    })),
})
