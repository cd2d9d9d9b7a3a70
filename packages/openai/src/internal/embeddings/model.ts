import { type ProviderEmbeddingModel } from "@holdfast/core/provider/ProviderEmbeddingModel"
import { refuseNumbers, wholeFrom } from "@holdfast/core/provider/Ranges"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import * as SdkMediaModel from "@holdfast/core/provider/SdkMediaModel"
import { type Effect } from "effect"

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
  client: Pick<Transport, "embeddings"> & SdkMediaModel.Client,
  model: string,
  { limits, maxDimensions }: EmbeddingDialect,
  settings: Effect.Effect<EmbeddingSettings>,
): ProviderEmbeddingModel =>
  SdkMediaModel.embedding({
    client,
    model,
    settings,
    limits,
    prepare: (asked, refusals) => {
      refuseDimensions(asked.settings, maxDimensions, refusals)
      return bodyOf(model, asked.request.inputs, asked.settings)
    },
    send: (body, { request: { inputs } }) => {
      const { once, origin } = client.embeddings
      return SdkMediaModel.reading(once(body), (answer) => embeddingAnswer(origin, answer, inputs.length))
    },
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
