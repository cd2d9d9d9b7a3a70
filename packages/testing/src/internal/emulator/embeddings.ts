/**
 * The endpoints for embeddings.
 */
import { Predicate } from "effect"

import { type EmbeddingsAnswer } from "../../Reply.ts"
import { type Dialect, estimateTokens, isFilled, isJson, type Json } from "./dialect.ts"
import { google } from "./google.ts"
import { shared } from "./openai.ts"

const endpoint = /\/models\/([^/:]+):batchEmbedContents$/

const defaultDimensions = 4

/** A vector that belongs to a text: another text has another one. */
const vectorOf = (text: string, dimensions: number): ReadonlyArray<number> => {
  let hash = 2_166_136_261
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619)
  // Halves and quarters, which 32 bits hold exactly.
  return Array.from({ length: dimensions }, (_, index) => ((hash >>> (index % 24)) % 1_024) / 1_024)
}

const vectorsOf = (
  { vectors }: EmbeddingsAnswer,
  texts: ReadonlyArray<string>,
  dimensions: unknown,
): ReadonlyArray<ReadonlyArray<number>> =>
  vectors ?? texts.map((text) => vectorOf(text, Predicate.isNumber(dimensions) ? dimensions : defaultDimensions))

export const tokensOf = ({ inputTokens }: EmbeddingsAnswer, texts: ReadonlyArray<string>): number | undefined =>
  inputTokens === null ? undefined : (inputTokens ?? texts.reduce((sum, text) => sum + estimateTokens(text.length), 0))

const base64 = (vector: ReadonlyArray<number>): string =>
  Buffer.from(Float32Array.from(vector).buffer).toString("base64")

const inputsOf = ({ input }: Json): ReadonlyArray<string> =>
  (Array.isArray(input) ? input : [input]).filter(Predicate.isString)

/** POST /embeddings */
export const openaiEmbeddings: Dialect = {
  ...shared,
  name: "openai-embeddings",
  matches: (path) => path.endsWith("/embeddings"),
  isStream: () => false,
  validate: (body) => {
    if (!Predicate.isString(body["model"]) || body["model"] === "") return "you must provide a model parameter"
    const inputs = inputsOf(body)
    if (inputs.length === 0 || inputs.includes("")) return "'$.input' is invalid. Please check the API reference."
    return inputs.length > 2_048 ? "'$.input' is invalid: array too long. Expected at most 2048 items." : undefined
  },
  textsOf: inputsOf,
  embeddings: (answer, { body, model }) => {
    const texts = inputsOf(body)
    const tokens = tokensOf(answer, texts)
    return {
      object: "list",
      data: vectorsOf(answer, texts, body["dimensions"]).map((vector, position) => ({
        object: "embedding",
        index: answer.indexes === undefined ? position : answer.indexes[position],
        embedding: body["encoding_format"] === "base64" ? base64(vector) : vector,
      })),
      model,
      ...(tokens === undefined ? {} : { usage: { prompt_tokens: tokens, total_tokens: tokens } }),
    }
  },
  json: () => ({}),
  frames: () => [],
  errorFrames: () => [],
  eventName: () => undefined,
  isTerminal: () => false,
  done: [],
}

const requestsOf = ({ requests }: Json): ReadonlyArray<Json> => (Array.isArray(requests) ? requests.filter(isJson) : [])

const textOf = ({ content }: Json): string => {
  const parts = isJson(content) && Array.isArray(content["parts"]) ? content["parts"] : []
  return parts.map((part: unknown) => (isJson(part) && Predicate.isString(part["text"]) ? part["text"] : "")).join("")
}

/** POST /v1beta/models/{model}:batchEmbedContents */
export const googleEmbeddings: Dialect = {
  ...google,
  name: "google-embeddings",
  matches: (path) => endpoint.test(path),
  model: (_, path) => endpoint.exec(path)?.[1] ?? "",
  isStream: () => false,
  validate: (body) => {
    if (!isFilled(body["requests"])) return "* BatchEmbedContentsRequest.requests: requests is not specified"
    const requests = requestsOf(body)
    if (requests.length > 100) {
      return "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch"
    }
    return requests.some((request) => textOf(request) === "")
      ? "* BatchEmbedContentsRequest.requests[0].content: contents is not specified"
      : undefined
  },
  textsOf: (body) => requestsOf(body).map(textOf),
  embeddings: (answer, { body }) => {
    const requests = requestsOf(body)
    const texts = requests.map(textOf)
    const tokens = tokensOf(answer, texts)
    return {
      embeddings: vectorsOf(answer, texts, requests[0]?.["outputDimensionality"]).map((values) => ({ values })),
      ...(tokens === undefined
        ? {}
        : {
            usageMetadata: {
              promptTokenCount: tokens,
              promptTokensDetails: [{ modality: "TEXT", tokenCount: tokens }],
            },
          }),
    }
  },
  json: () => ({}),
  frames: () => [],
  errorFrames: () => [],
}
