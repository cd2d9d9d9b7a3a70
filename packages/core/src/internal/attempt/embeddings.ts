/**
 * One request for embeddings on the wire: to the provider, and its vectors as parts.
 */
import { Effect } from "effect"

import { type ModelCall, type Opened as OpenedCall } from "../../ModelCall.ts"
import { type EmbeddingAnswer, type ProviderEmbeddingModel } from "../../provider/ProviderEmbeddingModel.ts"
import * as ProviderError from "../../provider/ProviderError.ts"
import { UnsupportedOption } from "../../provider/ProviderModel.ts"
import { ofParts } from "../answer/complete.ts"
import { vectorsMistake } from "../answer/vectors.ts"
import { type ModelRequest, type Part } from "../call/types.ts"
import { withoutPrompt } from "../error/withoutPrompt.ts"
import { embeddings } from "../operation/embeddings.ts"
import { type EmbeddingFailure } from "./failure.ts"
import { metered } from "./meter.ts"
import { observersOf, type ReplyWatcher } from "./observers.ts"

type Opened = OpenedCall<EmbeddingFailure, "embeddings">

/** A provider's embedding model as a call. */
export const meteredEmbeddings = (model: ProviderEmbeddingModel): ModelCall<EmbeddingFailure, "embeddings"> =>
  metered({
    operation: embeddings,
    provider: model.provider,
    model: model.model,
    account: model.account,
    pricedAs: model.pricedAs,
    settings: model.settings,
    limits: model.limits,
    send: (request, record) => send(model, request, record),
  })

const send = (
  model: ProviderEmbeddingModel,
  request: ModelRequest<"embeddings">,
  record: ReplyWatcher | undefined,
): Opened => {
  const refused = refusal(model, request)
  if (refused !== undefined) return Effect.fail(refused)
  const { inputs } = request.options
  const observer = observersOf(record, request.call.observers)
  const answered = Effect.mapError(model.embed({ inputs }), (error) => withoutPrompt(error, inputs))
  return Effect.flatMap(answered, ({ headers, parts: answer }) => {
    observer?.headers(headers)
    const parts = partsOf(answer)
    observer?.parts(parts)
    const mistake = vectorsMistake(answer.vectors, inputs.length)
    return mistake === undefined
      ? Effect.succeed(ofParts(parts))
      : Effect.fail(ProviderError.undecodable(origin(model), mistake))
  })
}

const partsOf = ({ inputTokens, metadata, responseModel, vectors }: EmbeddingAnswer): Array<Part<"embeddings">> => {
  const parts: Array<Part<"embeddings">> =
    responseModel === undefined ? [] : [{ type: "response-metadata", modelId: responseModel }]
  for (const vector of vectors) parts.push({ type: "embedding", vector })
  parts.push({
    type: "finish",
    reason: "stop",
    usage: {
      inputTokens: { uncached: undefined, total: inputTokens, cacheRead: undefined, cacheWrite: undefined },
      // Vectors are no tokens.
      outputTokens: { total: 0, text: undefined, reasoning: undefined },
    },
    ...(metadata && { metadata: metadata as never }),
  })
  return parts
}

const refusal = (
  { limits, model, provider }: ProviderEmbeddingModel,
  { options: { inputs }, settings }: ModelRequest<"embeddings">,
): UnsupportedOption | undefined => {
  const refuse = (option: string, explanation: string) =>
    new UnsupportedOption({ provider, model, option, explanation })
  for (const [option, value] of Object.entries(settings)) {
    if (value !== undefined) return refuse(option, "an embedding is not generated; set it around chats alone")
  }
  if (inputs.length === 0) return refuse("inputs", "there are no texts; give at least one")
  const maxInputs = limits?.maxInputs ?? Infinity
  if (inputs.length > maxInputs) return refuse("inputs", `a request takes ${maxInputs} texts; ask several times`)
  return inputs.includes("") ? refuse("inputs", "an empty text has no embedding; leave it out") : undefined
}

const origin = ({ provider }: ProviderEmbeddingModel): ProviderError.Origin => ({
  module: "holdfast",
  method: "embedMany",
  provider,
  url: "",
  scrub: (text) => text,
})
