import { field, list } from "@holdfast/core/provider/Json"
import { type EmbeddingAnswer } from "@holdfast/core/provider/ProviderEmbeddingModel"
import { malformed, type Origin, undecodable } from "@holdfast/core/provider/ProviderError"
import { Predicate, Result } from "effect"
import { type AiError } from "effect/ai"

/** What is in a body of status 200. Gemini answers in the order in which it was asked, and numbers nothing. */
export const embeddingAnswer = (origin: Origin, body: unknown): Result.Result<EmbeddingAnswer, AiError.AiError> => {
  if (!Array.isArray(field(body, "embeddings")))
    return Result.fail(malformed(origin, "an answer without vectors", true))
  const vectors: Array<ReadonlyArray<number>> = []
  for (const one of list(body, "embeddings")) {
    const values = field(one, "values")
    if (!isVector(values)) return Result.fail(undecodable(origin, "a value that is not a vector"))
    vectors.push(values)
  }
  // The Gemini API counts tokens for some of its models only.
  return Result.succeed({ vectors, inputTokens: tokens(field(field(body, "usageMetadata"), "promptTokenCount")) })
}

const isVector = (value: unknown): value is ReadonlyArray<number> =>
  Array.isArray(value) && value.every(Predicate.isNumber)

const tokens = (value: unknown): number | undefined =>
  Number.isInteger(value) && (value as number) >= 0 ? (value as number) : undefined
