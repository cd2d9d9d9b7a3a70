import { field, list, text } from "@holdfast/core/provider/Json"
import { type EmbeddingAnswer } from "@holdfast/core/provider/ProviderEmbeddingModel"
import { malformed, type Origin, undecodable } from "@holdfast/core/provider/ProviderError"
import { scrubbed } from "@holdfast/core/provider/Secrets"
import { Predicate, Result } from "effect"
import { type AiError } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

import { fromErrorObject } from "../failure.ts"

/** What is in a body of status 200. */
export const embeddingAnswer = (
  origin: Origin,
  body: unknown,
  texts: number,
): Result.Result<EmbeddingAnswer, AiError.AiError> => {
  const error = field(body, "error")
  if (Predicate.isNotNullish(error)) return Result.fail(fromErrorObject(origin, error, false))
  if (!Array.isArray(field(body, "data"))) return Result.fail(malformed(origin, "an answer without vectors", true))
  const vectors = inOrder(list(body, "data"), texts)
  if (Predicate.isString(vectors)) return Result.fail(undecodable(origin, vectors))
  return Result.succeed({
    vectors,
    inputTokens: tokens(field(field(body, "usage"), "prompt_tokens")),
    responseModel: scrubbed(text(body, "model"), origin.scrub),
  })
}

/** By `index`: a server may answer in another order than it was asked. */
const inOrder = (data: ReadonlyArray<unknown>, texts: number): ReadonlyArray<ReadonlyArray<number>> | string => {
  if (data.length !== texts) return `${data.length} vectors for ${texts} texts`
  const vectors: Array<ReadonlyArray<number>> = []
  for (const [position, one] of data.entries()) {
    // Servers that number nothing answer in the order in which they were asked.
    const index = field(one, "index") ?? position
    const vector = numbers(field(one, "embedding"))
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= texts) {
      return `a vector for an unknown text`
    }
    if (vector === undefined) return "a value that is not a vector"
    if (vectors[index as number] !== undefined) return "two vectors for one text"
    vectors[index as number] = vector
  }
  return vectors
}

const numbers = (value: unknown): ReadonlyArray<number> | undefined => {
  if (Predicate.isString(value)) return unpacked(value)
  return Array.isArray(value) && value.every(Predicate.isNumber) ? value : undefined
}

/** Floats of 32 bits in base64, for which the SDK asks unless it is told otherwise. */
const unpacked = (base64: string): ReadonlyArray<number> | undefined => {
  const bytes = Result.getOrUndefined(Base64.decode(base64))
  if (bytes === undefined || bytes.length % 4 !== 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true))
}

const tokens = (value: unknown): number | undefined =>
  Number.isInteger(value) && (value as number) >= 0 ? (value as number) : undefined
