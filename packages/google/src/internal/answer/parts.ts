/**
 * From an answer of Gemini to the parts of `effect/ai`.
 */

import { isError } from "@holdfast/core/provider/AnswerBody"
import { isTooDeep, parsedArguments, writtenArguments } from "@holdfast/core/provider/Bounds"
import { type Sink } from "@holdfast/core/provider/EventReader"
import { defined, field, isBase64, list, record, text, textOrEmpty } from "@holdfast/core/provider/Json"
import { malformed, type Origin, undecodable } from "@holdfast/core/provider/ProviderError"
import { scrubbed } from "@holdfast/core/provider/Secrets"
import { withoutEmptyTotals } from "@holdfast/core/provider/TokenCounts"
import { Predicate, Result } from "effect"
import { type AiError, type Response } from "effect/ai"

import { fromErrorObject } from "../failure.ts"
import { pushProviderTool } from "../request/providerTools.ts"
import { pushSources } from "./sources.ts"
import { candidateOf, type AnswerState } from "./state.ts"
import { usage } from "./usage.ts"

/** The parts of a whole answer. */
export const answerParts = (
  answer: unknown,
  state: AnswerState,
): Result.Result<Array<Response.PartEncoded>, AiError.AiError> => {
  if (isTooDeep(answer)) return Result.fail(malformed(state.origin, "the answer is nested too deeply", true))
  // Gateways report errors with status 200.
  const error = field(answer, "error")
  if (isError(error)) return Result.fail(fromErrorObject(state.origin, error))
  const candidate = candidateOf(answer)
  state.observe(answer, candidate)
  if (candidate === undefined && state.blockReason === undefined) {
    return Result.fail(malformed(state.origin, "the answer has no candidates", true))
  }
  const out: Array<Response.PartEncoded> = [responseMetadata(answer, state.origin)]
  for (const part of contentParts(candidate)) {
    const failure = wholePart(part, state, out)
    if (failure !== undefined) return Result.fail(failure)
  }
  pushSources(candidate, state, out)
  if (state.isOver) out.push(finishPart(state, out.length > 1))
  return Result.succeed(out)
}

/** The parts of a candidate's content. */
export const contentParts = (candidate: unknown): ReadonlyArray<unknown> => list(field(candidate, "content"), "parts")

const wholePart = (
  part: unknown,
  state: AnswerState,
  out: Array<Response.PartEncoded>,
): AiError.AiError | undefined => {
  if (hasCall(part)) {
    const call = callPart(part, state)
    if (Result.isFailure(call)) return call.failure
    if (call.success !== undefined) out.push(call.success)
    return undefined
  }
  if (!isText(part)) return commonPart(part, state, out)
  const signature = signatureOf(part)
  const content = textOrEmpty(part, "text")
  if (content === "" && signature === undefined) return undefined
  const metadata = signature === undefined ? undefined : { metadata: state.metadata({ thoughtSignature: signature }) }
  out.push({ type: isThought(part) ? "reasoning" : "text", text: content, ...metadata })
  return undefined
}

/** Whether a part is the call of a function. Gateways write `null` for what a part is not. */
export const hasCall = (part: unknown): boolean => Predicate.isNotNullish(field(part, "functionCall"))

/** Whether a part is a text or a thought. A signature may come in a part that has nothing else. */
export const isText = (part: unknown): boolean =>
  Predicate.isString(field(part, "text")) ||
  Object.keys(record(part) ?? {}).every((name) => name === "thoughtSignature" || name === "thought")

export const isThought = (part: unknown): boolean => field(part, "thought") === true

export const signatureOf = (part: unknown): string | undefined => text(part, "thoughtSignature")

/** Parts that come at once even in a stream. Unknown ones have none. */
export const commonPart = (part: unknown, state: AnswerState, out: Sink): AiError.AiError | undefined => {
  const inline = field(part, "inlineData")
  if (Predicate.isNullish(inline)) return pushProviderTool(part, state, out)
  const data = text(inline, "data")
  // Drafts of an image are shown among the thoughts, and are not part of the answer.
  if (data === undefined || isThought(part)) return undefined
  if (!isBase64(data)) return malformed(state.origin, "a generated file is not base64", true)
  const mediaType = text(inline, "mimeType") ?? "application/octet-stream"
  const metadata = state.metadata({ thoughtSignature: signatureOf(part) })
  out.push({ type: "file", mediaType, data, metadata })
  return undefined
}

/** The part for the call of a function; none if it has been read before. */
export const callPart = (
  part: unknown,
  state: AnswerState,
): Result.Result<Response.ToolCallPartEncoded | undefined, AiError.AiError> => {
  const call = field(part, "functionCall")
  const name = text(call, "name")
  const callId = text(call, "id")
  if (name === undefined) return Result.fail(malformed(state.origin, "a tool call has no name", true))
  const written = writtenArguments(field(call, "args"))
  const id = state.distinctId(callId ?? state.newId(), `${name} ${written}`)
  if (id === undefined) return Result.succeed(undefined)
  const excess = state.gatherArguments(name, written) ?? state.bounds.keep()
  if (excess !== undefined) return Result.fail(excess)
  const read = parsedArguments(written)
  if (Result.isFailure(read)) {
    return Result.fail(undecodable(state.origin, `the arguments of tool "${name}" are not to be trusted`))
  }
  state.calls = true
  const metadata = state.metadata({ callId, thoughtSignature: signatureOf(part) })
  return Result.succeed({ type: "tool-call", id, name, params: read.success, metadata })
}

/** Who answered. */
export const responseMetadata = (answer: unknown, { scrub }: Origin): Response.ResponseMetadataPartEncoded => ({
  type: "response-metadata",
  ...defined({
    id: scrubbed(text(answer, "responseId"), scrub),
    modelId: scrubbed(text(answer, "modelVersion"), scrub),
  }),
})

/** The end of an answer, with what it cost. */
export const finishPart = (state: AnswerState, hasContent: boolean): Response.FinishPartEncoded => {
  const reason = finishReason(state)
  const known = usage(state.usage)
  return {
    type: "finish",
    reason,
    usage: hasContent ? withoutEmptyTotals(known) : known,
    metadata: state.metadata({
      ...state.details,
      refusal: reason === "content-filter" ? refusal(state) : undefined,
    }),
  }
}

const refusal = ({ blockMessage, blockReason, finishReason: reason }: AnswerState): string =>
  reason === undefined
    ? (blockMessage ?? `the prompt was blocked: ${blockReason ?? "no reason given"}`)
    : `the answer was broken off: ${reason}`

const reasons: ReadonlyMap<string, Response.FinishReason> = new Map(
  Object.entries({
    MAX_TOKENS: "length",
    SAFETY: "content-filter",
    RECITATION: "content-filter",
    BLOCKLIST: "content-filter",
    PROHIBITED_CONTENT: "content-filter",
    SPII: "content-filter",
    IMAGE_SAFETY: "content-filter",
    IMAGE_PROHIBITED_CONTENT: "content-filter",
    IMAGE_RECITATION: "content-filter",
    // What the model wrote could not be read. Whatever calls there are besides are not to be answered.
    MALFORMED_FUNCTION_CALL: "error",
    UNEXPECTED_TOOL_CALL: "error",
    TOO_MANY_TOOL_CALLS: "error",
    MALFORMED_RESPONSE: "error",
    CONTINUATION: "pause",
  } as const),
)

const finishReason = ({ blockReason, calls, finishReason: reason }: AnswerState): Response.FinishReason => {
  if (reason === undefined) return blockReason === undefined ? "unknown" : "content-filter"
  if (reason === "STOP") return calls ? "tool-calls" : "stop"
  return reasons.get(reason) ?? "other"
}
