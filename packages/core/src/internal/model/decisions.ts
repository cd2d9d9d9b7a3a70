import { Effect } from "effect"
import { DecisionModel } from "effect/ai"

import { type Part } from "../../Operation.ts"
import { record } from "../../provider/Json.ts"
import { decisions as operation } from "../operation/mediaOperations.ts"
import { asking } from "./ask.ts"
import { DecisionsCall, type Host } from "./host.ts"
import { named } from "./media.ts"

/** Decisions are served by a `DecisionModel`. What the model itself cannot decide it refuses before any request. */
export const decisions: Host<"decisions"> = {
  operation,
  call: DecisionsCall,
  serve: (call, fold) => {
    const ask = asking(call, fold, "DecisionModel.request")
    const service = DecisionModel.make({
      supportsImages: true,
      supportsLocate: true,
      // Vendors round probabilities, to three places at least.
      probabilityPrecision: 3,
      decide: (options) => Effect.map(ask(options), responseOf),
    })
    return Effect.map(service, (model) => named(DecisionModel.DecisionModel, model, call))
  },
}

const responseOf = (parts: ReadonlyArray<Part<"decisions">>): DecisionModel.ProviderResponse => {
  const answers: Record<string, DecisionModel.ProviderAnswer> = Object.create(null)
  let usage: DecisionModel.ProviderResponse["usage"] = { inputTokens: undefined, outputTokens: undefined }
  let metadata: DecisionModel.DecideResponseMetadata = {}
  let id: string | undefined
  let modelId: string | undefined
  for (const part of parts) {
    if (part.type === "decision") answers[part.name] = part.answer
    else if (part.type === "response-metadata") {
      id = part.id ?? undefined
      modelId = part.modelId ?? undefined
    } else {
      usage = { inputTokens: part.usage.inputTokens.total, outputTokens: part.usage.outputTokens.total }
      const { metadata: told = {}, usage: counted } = part
      metadata = { ...told, holdfast: { ...record(told["holdfast"]), usage: counted } as never }
    }
  }
  return { answers, usage, id, modelId, metadata }
}
