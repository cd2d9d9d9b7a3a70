import { refuseNumbers, wholeFrom } from "@holdfast/core/provider/Ranges"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import * as SdkEmbeddingModel from "@holdfast/core/provider/SdkEmbeddingModel"
import { type Effect } from "effect"

import { type EmbeddingBody, type Transport } from "../transport.ts"
import { embeddingAnswer } from "./answer.ts"
import { type EmbeddingSettings } from "./settings.ts"

/** An embedding model of Google's. */
export const embeddingsModel = (
  { account, embeddings, pricedAs, provider }: Pick<Transport, "account" | "embeddings" | "pricedAs" | "provider">,
  model: string,
  settings: Effect.Effect<EmbeddingSettings>,
): SdkEmbeddingModel.SdkEmbeddingModel =>
  SdkEmbeddingModel.make({
    provider,
    model,
    account,
    pricedAs: pricedAs(model),
    settings,
    // "at most 100 requests can be in one batch", says the API. https://ai.google.dev/gemini-api/docs/embeddings
    limits: { maxInputs: 100, maxInputTokens: isSecond(model) ? 8_192 : 2_048 },
    refuse: (current, refusals) => refuse(model, current, refusals),
    bodyOf: (inputs, current) => bodyOf(model, inputs, current),
    once: embeddings.once,
    wireOf: embeddings.wireBody,
    answerOf: (answer) => embeddingAnswer(embeddings.origin(model), answer),
  })

const isSecond = (model: string): boolean => model.includes("gemini-embedding-2")

const maxDimensions = 3_072

const refuse = (model: string, settings: EmbeddingSettings, refusals: Refusals): void => {
  const known = model.includes("gemini-embedding") ? maxDimensions : undefined
  refuseNumbers({ ...settings }, { outputDimensionality: wholeFrom(1, known) }, refusals)
  if (settings.taskType !== undefined && isSecond(model)) {
    refusals.option("taskType", "the model takes it as part of the text; write it there")
  }
  if (settings.title !== undefined && settings.taskType !== "RETRIEVAL_DOCUMENT") {
    refusals.option("title", 'only vectors for "RETRIEVAL_DOCUMENT" have one; leave it out')
  }
}

const bodyOf = (
  model: string,
  inputs: ReadonlyArray<string>,
  { extra, outputDimensionality, taskType, title }: EmbeddingSettings,
): EmbeddingBody => ({
  model,
  // The SDK would make one content of several texts, and that is one vector.
  contents: inputs.map((text) => ({ role: "user", parts: [{ text }] })),
  config: {
    ...(taskType !== undefined && { taskType }),
    ...(title !== undefined && { title }),
    ...(outputDimensionality !== undefined && { outputDimensionality }),
    ...extra,
  },
})
