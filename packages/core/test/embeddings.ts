/**
 * A provider of embeddings that plays scripts, and remembers what it was asked.
 */
import { Effect } from "effect"
import { type AiError } from "effect/ai"

import { type EmbeddingAnswer, type ProviderEmbeddingModel } from "../src/provider/ProviderEmbeddingModel.ts"
import * as ResilientEmbeddingModel from "../src/ResilientEmbeddingModel.ts"

type Reply = Partial<EmbeddingAnswer> | AiError.AiError

/** A vector that says of which text it is. */
export const vectorOf = (text: string): ReadonlyArray<number> => [text.length, text.charCodeAt(0)]

interface Options extends Partial<Omit<ProviderEmbeddingModel, "embed">> {
  /** What becomes of a request; without it every text is answered, with one token for each character. */
  readonly reply?: (inputs: ReadonlyArray<string>, index: number) => Reply | undefined
}

export const scriptedEmbeddings = ({ reply, ...fields }: Options = {}) => {
  const asked: Array<ReadonlyArray<string>> = []
  const provider: ProviderEmbeddingModel = {
    provider: "acme",
    model: "embed-1",
    ...fields,
    embed: ({ inputs }) =>
      Effect.suspend(() => {
        const index = asked.push(inputs) - 1
        const scripted = reply?.(inputs, index)
        if (scripted !== undefined && "reason" in scripted) return Effect.fail(scripted)
        const inputTokens = inputs.reduce((sum, input) => sum + input.length, 0)
        const answer: EmbeddingAnswer = { vectors: inputs.map(vectorOf), inputTokens, ...scripted }
        return Effect.as(Effect.yieldNow, { headers: { "x-request-id": `r${index}` }, parts: answer })
      }),
  }
  const model = ResilientEmbeddingModel.fromProvider(Effect.succeed(provider), { name: "scripted", settings: {} })
  return { asked, model, provider }
}
