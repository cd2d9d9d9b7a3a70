/**
 * Embeddings in memory: the same trivial vectors from a bare `EmbeddingModel.make` and through the standard stack.
 */
import { Resilience, ResilientEmbeddingModel } from "@holdfast/core"
import { type ProviderEmbeddingModel } from "@holdfast/core/provider"
import { Context, Effect, Layer } from "effect"
import { EmbeddingModel } from "effect/ai"

import { type Contestant } from "./measure.ts"

/** As long as those of `text-embedding-3-small`. */
const vector = Array.from({ length: 1_536 }, (_, index) => index / 1_536)

/** Texts of one request, as a page of documents has them. */
const texts = Array.from({ length: 32 }, (_, index) => `Why do ships float? ${index}`)

const provider: ProviderEmbeddingModel.ProviderEmbeddingModel = {
  provider: "bench",
  model: "bench",
  limits: { maxInputs: 2_048, maxTokens: 300_000, maxInputTokens: 8_192 },
  embed: ({ inputs }) =>
    Effect.sync(() => ({ headers: {}, parts: { vectors: inputs.map(() => vector), inputTokens: inputs.length } })),
}

const plain = ResilientEmbeddingModel.fromProvider(Effect.succeed(provider), { name: "bench", settings: {} })

const bare = EmbeddingModel.make({
  embedMany: ({ inputs }) =>
    Effect.sync(() => ({ results: inputs.map(() => vector), usage: { inputTokens: inputs.length } })),
})

const built = <E, R>(layer: Layer.Layer<EmbeddingModel.EmbeddingModel, E, R>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, EmbeddingModel.EmbeddingModel))

const contestant = (model: EmbeddingModel.EmbeddingModel): Contestant => ({
  run: () => Effect.runPromise(model.embedMany(texts)),
  units: 1,
  runs: 100,
})

/** Calls of `embed` at the same time, which share one request. */
const calls = Array.from({ length: 1_000 }, (_, index) => `Why do ships float? ${index}`)

const together = (model: EmbeddingModel.EmbeddingModel): Contestant => {
  const all = Effect.forEach(calls, (text) => model.embed(text), { concurrency: "unbounded", discard: true })
  return { run: () => Effect.runPromise(all), units: calls.length, runs: 2 }
}

/** One list of texts for each, as an application embeds the pieces of a document. */
export const embeddings = Effect.all({
  bare: Effect.map(bare, contestant),
  none: Effect.map(built(plain), contestant),
  stack: Effect.map(built(plain.pipe(Resilience.standard())), contestant),
  bareTogether: Effect.map(bare, together),
  stackTogether: Effect.map(built(plain.pipe(Resilience.standard())), together),
})
