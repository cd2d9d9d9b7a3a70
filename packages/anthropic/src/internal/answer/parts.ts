/**
 * From an answer to the parts of `effect/ai`.
 */

import { isError } from "@holdfast/core/provider/AnswerBody"
import { isTooDeep, parsedArguments, writtenArguments } from "@holdfast/core/provider/Bounds"
import { defined, field, type Json, json, list, record, text, textOrEmpty } from "@holdfast/core/provider/Json"
import { malformed, type Origin, undecodable } from "@holdfast/core/provider/ProviderError"
import { scrubbed } from "@holdfast/core/provider/Secrets"
import { withoutEmptyTotals } from "@holdfast/core/provider/TokenCounts"
import { Result } from "effect"
import { type AiError, type Response } from "effect/ai"

import { fromErrorObject } from "../failure.ts"
import { isProviderExecuted, providerExecuted } from "../request/providerTools.ts"
import { pushSource } from "./sources.ts"
import { metadata, type AnswerState } from "./state.ts"
import { usage } from "./usage.ts"

/** The parts of a whole answer. */
export const answerParts = (
  answer: unknown,
  state: AnswerState,
): Result.Result<Array<Response.PartEncoded>, AiError.AiError> => {
  const fields = record(answer)
  if (fields === undefined) return Result.fail(malformed(state.origin, "the answer is not a JSON object", true))
  if (isTooDeep(fields)) return Result.fail(malformed(state.origin, "the answer is nested too deeply", true))
  if (fields["type"] === "error" || isError(fields["error"])) {
    return Result.fail(fromErrorObject(state.origin, fields, false))
  }
  if (!Array.isArray(fields["content"])) {
    return Result.fail(malformed(state.origin, "the answer has no content", true))
  }
  const out: Array<Response.PartEncoded> = [responseMetadata(answer, state.origin)]
  const content = list(answer, "content")
  const cut = isCut(text(answer, "stop_reason"))
  for (const [index, block] of content.entries()) {
    // A call that was cut at the token limit is not a call. The answer's finish reason says what happened.
    if (cut && index === content.length - 1 && field(block, "type") === "tool_use") break
    const failure = blockParts(block, state, out)
    if (failure !== undefined) return Result.fail(failure)
  }
  out.push(finishPart(fields, record(fields["usage"]), content.length > 0))
  return Result.succeed(out)
}

const blockParts = (
  block: unknown,
  state: AnswerState,
  out: Array<Response.PartEncoded>,
): AiError.AiError | undefined => {
  switch (field(block, "type")) {
    case "text": {
      const citations = list(block, "citations")
      out.push({ type: "text", text: textOrEmpty(block, "text"), metadata: textMetadata(citations) })
      for (const citation of citations) pushSource(citation, state, out)
      return undefined
    }
    case "thinking":
    case "redacted_thinking":
      out.push({ type: "reasoning", text: textOrEmpty(block, "thinking"), metadata: reasoningMetadata(block) })
      return undefined
    case "tool_use": {
      const call = Result.flatMap(wholeInput(block, state), (input) => toolCall(block, input, state))
      if (Result.isFailure(call)) return call.failure
      const { id, name, params } = call.success
      const own = state.distinctId(id, `${name} ${JSON.stringify(params)}`)
      if (own === undefined) return malformed(state.origin, "two tool calls have one id", true)
      out.push({ ...call.success, id: own })
      return undefined
    }
    default: {
      const part = otherPart(block, state)
      out.push(part ?? { type: "reasoning", text: "", metadata: carried(block) })
      return part?.type === "tool-call" ? state.claim(part.id) : undefined
    }
  }
}

/** A call or a result of one of Anthropic's tools that the caller declared. */
export const otherPart = (block: unknown, state: AnswerState) =>
  isProviderExecuted(block) ? providerExecuted(block, state.declared) : undefined

/**
 * The metadata of the empty reasoning that a block travels in which has no part of its own.
 *
 * Anthropic refuses a conversation in which the results of its tools miss their calls, so such blocks must not be lost.
 */
export const carried = (block: unknown) => metadata({ block: record(block) })

/** What of a text must go back with the next request. */
export const textMetadata = (citations: ReadonlyArray<unknown>) =>
  metadata({ citations: citations.length === 0 ? undefined : citations })

/** What proves thoughts to be the model's own. */
export const reasoningMetadata = (block: unknown) =>
  metadata({ signature: text(block, "signature"), redactedData: text(block, "data") })

/** The call of one of the caller's tools. */
export const toolCall = (
  block: unknown,
  input: unknown,
  state: AnswerState,
): Result.Result<Response.ToolCallPartEncoded, AiError.AiError> => {
  const called = calledTool(block, state)
  if (called === undefined) {
    return Result.fail(malformed(state.origin, "a tool call has no name or no id", true))
  }
  const { id, name, toolName } = called
  const caller = field(block, "caller")
  const fields = { toolName, caller: field(caller, "type") === "direct" ? undefined : (record(caller) ?? undefined) }
  return Result.succeed({ type: "tool-call", id, name, params: input, metadata: metadata(fields) })
}

/** The names of a call: the toolkit's, and Anthropic's where it is another one. */
export const calledTool = (block: unknown, state: AnswerState) => {
  const id = text(block, "id")
  const toolName = text(block, "name")
  if (id === undefined || toolName === undefined) return undefined
  const name = state.declared.get(toolName)?.name ?? toolName
  return { id, name, toolName: name === toolName ? undefined : toolName }
}

/** Parses the arguments of a call that came in pieces. */
export const parsedInput = (
  block: unknown,
  pieces: string,
  state: AnswerState,
): Result.Result<unknown, AiError.AiError> => {
  const parsed = parsedArguments(pieces)
  return Result.isSuccess(parsed)
    ? Result.succeed(parsed.success)
    : Result.fail(undecodable(state.origin, `the arguments of tool "${textOrEmpty(block, "name")}" are not JSON`))
}

/** The arguments of a call that came at once, which are to be trusted no more than those that come in pieces. */
export const wholeInput = (block: unknown, state: AnswerState): Result.Result<unknown, AiError.AiError> =>
  parsedInput(block, writtenArguments(field(block, "input")), state)

/** Who answered. Anthropic does not say when. */
export const responseMetadata = (message: unknown, { scrub }: Origin): Response.ResponseMetadataPartEncoded => ({
  type: "response-metadata",
  ...defined({ id: scrubbed(text(message, "id"), scrub), modelId: scrubbed(text(message, "model"), scrub) }),
})

/** The end of an answer, with what it cost. */
export const finishPart = (end: Json, raw: Json | undefined, hasContent: boolean): Response.FinishPartEncoded => {
  const details = end["stop_details"]
  const container = record(end["container"])
  return {
    type: "finish",
    reason: finishReason(text(end, "stop_reason")),
    usage: hasContent ? withoutEmptyTotals(usage(raw)) : usage(raw),
    metadata: metadata({
      usage: raw === undefined ? undefined : json(raw),
      stopReason: text(end, "stop_reason"),
      stopSequence: text(end, "stop_sequence"),
      refusal: text(details, "explanation"),
      refusalCategory: text(details, "category"),
      container,
      serviceTier: text(raw, "service_tier"),
    }),
  }
}

/** Whether the model had to stop before it wanted to. */
export const isCut = (stopReason: string | undefined): boolean => finishReason(stopReason) === "length"

/** Whether a reason says no more than that the model is done, or that it calls a tool. */
export const isStop = (stopReason: string): boolean =>
  ["stop", "tool-calls", "other"].includes(finishReason(stopReason))

const finishReason = (stopReason: string | undefined): Response.FinishReason => {
  switch (stopReason) {
    case "end_turn":
    case "stop_sequence":
      return "stop"
    case "max_tokens":
    case "model_context_window_exceeded":
      return "length"
    case "tool_use":
      return "tool-calls"
    case "pause_turn":
      return "pause"
    case "refusal":
      return "content-filter"
    case undefined:
      return "unknown"
    default:
      return "other"
  }
}
