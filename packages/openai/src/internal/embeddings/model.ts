import { type ProviderEmbeddingModel } from "@holdfast/core/provider/ProviderEmbeddingModel"
import { refuseNumbers, wholeFrom } from "@holdfast/core/provider/Ranges"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import * as SdkEmbeddingModel from "@holdfast/core/provider/SdkEmbeddingModel"
import { Effect } from "effect"

import { type EmbeddingBody, type Transport } from "../transport.ts"
import { embeddingAnswer } from "./answer.ts"
import { type EmbeddingSettings } from "./settings.ts"

/** What is known of the server and the model. */
export interface EmbeddingDialect extends Pick<ProviderEmbeddingModel, "limits"> {
  /** The most numbers of a vector, where the model's name tells; 0 where they cannot be chosen. */
  readonly maxDimensions?: number | undefined
}

/** A model on the endpoint for embeddings. */
export const embeddingsModel = (
  { account, embeddings, pricedAs, provider }: Pick<Transport, "account" | "embeddings" | "pricedAs" | "provider">,
  model: string,
  { limits, maxDimensions }: EmbeddingDialect,
  settings: Effect.Effect<EmbeddingSettings>,
): SdkEmbeddingModel.SdkEmbeddingModel =>
  SdkEmbeddingModel.make({
    provider,
    model,
    account,
    pricedAs: pricedAs(model),
    settings,
    limits,
    refuse: (current, refusals) => refuseDimensions(current, maxDimensions, refusals),
    bodyOf: (inputs, current) => bodyOf(model, inputs, current),
    once: embeddings.once,
    // As the SDK asks by itself; named in a live request, it would leave the vectors packed.
    wireOf: (body) => Effect.succeed({ ...body, encoding_format: body.encoding_format ?? "base64" }),
    answerOf: (answer, texts) => embeddingAnswer(embeddings.origin, answer, texts),
  })

const refuseDimensions = (settings: EmbeddingSettings, most: number | undefined, refusals: Refusals): void => {
  if (most === 0 && settings.dimensions !== undefined) {
    refusals.option("dimensions", "the vectors of this model have one length; leave it out")
  }
  refuseNumbers({ ...settings }, { dimensions: wholeFrom(1, most) }, refusals)
}

const bodyOf = (
  model: string,
  inputs: ReadonlyArray<string>,
  { dimensions, encodingFormat, extra, user }: EmbeddingSettings,
): EmbeddingBody => ({
  model,
  input: [...inputs],
  ...(dimensions !== undefined && { dimensions }),
  // The SDK asks for base64 by itself.
  ...(encodingFormat === "float" && { encoding_format: encodingFormat }),
  ...(user !== undefined && { user }),
  ...extra,
})
