import * as TokenCounts from "@holdfast/core/provider/TokenCounts"
import { type Response } from "effect/ai"

import { type Answer, type File, type Usage } from "../../Reply.ts"
import { argumentsOf, estimateTokens, pieces, slices } from "../emulator/dialect.ts"

/** Who answers, and which of its answers it is. */
export interface Voice {
  readonly provider: string
  readonly model: string
  /** Counts the requests from 1. */
  readonly index: number
  /** Characters of the request, for the estimate of its tokens. */
  readonly characters: number
}

/** What is told of an answer. */
export interface Told extends Omit<Answer, "finish" | "signature"> {
  readonly finish?: Response.FinishReason
  readonly metadata?: Response.ProviderMetadata
}

type Whole = Response.PartEncoded
type Streamed = Response.StreamPartEncoded

const metadataPart = (told: Told, voice: Voice): Response.ResponseMetadataPartEncoded => ({
  type: "response-metadata",
  id: `answer-${voice.index}`,
  modelId: told.model ?? voice.model,
})

const reasonOf = (told: Told): Response.FinishReason => {
  if (told.finish !== undefined) return told.finish
  if (told.refusal !== undefined) return "content-filter"
  return (told.toolCalls?.length ?? 0) > 0 ? "tool-calls" : "stop"
}

const estimated = (told: Told, voice: Voice): Usage => {
  const written = JSON.stringify([told.reasoning, told.text, told.refusal, told.toolCalls]).length
  return { input: estimateTokens(voice.characters), output: estimateTokens(written) }
}

const usageOf = (told: Told, voice: Voice): typeof Response.Usage.Encoded => {
  if (told.usage === null) return { inputTokens: {}, outputTokens: {} }
  const usage = told.usage ?? estimated(told, voice)
  const { cacheRead = 0, cacheWrite = 0, cacheWriteLong = 0, input, output, reasoning = 0 } = usage
  return TokenCounts.usage({ input, cacheRead, cacheWrite: cacheWrite + cacheWriteLong, output, reasoning })
}

const finishPart = (told: Told, voice: Voice): Response.FinishPartEncoded => {
  // Providers keep a refusal's own words there.
  const refusal = told.refusal === undefined ? {} : { [voice.provider]: { refusal: pieces(told.refusal).join("") } }
  const metadata = { ...refusal, ...told.metadata }
  return {
    type: "finish",
    reason: reasonOf(told),
    usage: usageOf(told, voice),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  }
}

const toolCalls = (told: Told, { index }: Voice): ReadonlyArray<Response.ToolCallPartEncoded> =>
  (told.toolCalls ?? []).map(({ id, name, params }, n) => ({
    type: "tool-call",
    id: id ?? `call-${index}-${n + 1}`,
    name,
    params,
  }))

const filePart = ({ data, mediaType }: File): Response.FilePartEncoded => ({ type: "file", mediaType, data })

const sources = (told: Told): ReadonlyArray<Response.UrlSourcePartEncoded> =>
  (told.citations ?? []).map(({ title, url }, n) => ({
    type: "source",
    sourceType: "url",
    id: `source-${n + 1}`,
    url,
    title,
  }))

/** The answer in one piece. */
export const wholeParts = (told: Told, voice: Voice): Array<Whole> => {
  const reasoning = pieces(told.reasoning).join("")
  const text = pieces(told.text).join("")
  return [
    metadataPart(told, voice),
    ...(reasoning === "" ? [] : [{ type: "reasoning" as const, text: reasoning }]),
    ...(text === "" ? [] : [{ type: "text" as const, text }]),
    ...sources(told),
    ...(told.files ?? []).map(filePart),
    ...toolCalls(told, voice),
    finishPart(told, voice),
  ]
}

const block = (kind: "text" | "reasoning", deltas: ReadonlyArray<string>): ReadonlyArray<Streamed> => {
  const id = `${kind}-1`
  if (deltas.length === 0) return []
  return [
    { type: `${kind}-start`, id },
    ...deltas.map((delta): Streamed => ({ type: `${kind}-delta`, id, delta })),
    { type: `${kind}-end`, id },
  ]
}

const streamedCall = (call: Response.ToolCallPartEncoded): ReadonlyArray<Streamed> => [
  { type: "tool-params-start", id: call.id, name: call.name },
  ...slices(argumentsOf(call.params), 8).map((delta): Streamed => ({ type: "tool-params-delta", id: call.id, delta })),
  { type: "tool-params-end", id: call.id },
  call,
]

/** The parts of a streamed answer as those of a whole one: each text stands where it began. */
export const joined = (parts: ReadonlyArray<Streamed>): Array<Whole> => {
  const whole: Array<Whole> = []
  const texts = new Map<string, { -readonly [Key in keyof Response.TextPartEncoded]: Response.TextPartEncoded[Key] }>()
  for (const part of parts) {
    switch (part.type) {
      case "text-start":
      case "text-end":
      case "reasoning-start":
      case "reasoning-end":
      case "tool-params-start":
      case "tool-params-delta":
      case "tool-params-end":
        break
      case "text-delta":
      case "reasoning-delta": {
        const type = part.type === "text-delta" ? "text" : "reasoning"
        const key = `${type} ${part.id}`
        const text = texts.get(key) ?? ({ type: type as "text", text: "" } satisfies Response.TextPartEncoded)
        if (!texts.has(key)) whole.push(text)
        texts.set(key, text)
        text.text += part.delta
        break
      }
      default:
        // An error part has no place in a whole answer, and is sent all the same.
        whole.push(part as Whole)
    }
  }
  return whole
}

/** The answer piece by piece. */
export const streamParts = (told: Told, voice: Voice): Array<Streamed> => [
  metadataPart(told, voice),
  ...block("reasoning", pieces(told.reasoning)),
  ...block("text", pieces(told.text)),
  ...sources(told),
  ...(told.files ?? []).map(filePart),
  ...toolCalls(told, voice).flatMap(streamedCall),
  finishPart(told, voice),
]
