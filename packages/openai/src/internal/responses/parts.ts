/**
 * From an answer of the Responses API to the parts of `effect/ai`.
 */

import { isError } from "@holdfast/core/provider/AnswerBody"
import { isTooDeep, parsedArguments, writtenArguments } from "@holdfast/core/provider/Bounds"
import { type Sink } from "@holdfast/core/provider/EventReader"
import {
  count,
  defined,
  field,
  isBase64,
  type Json,
  list,
  record,
  text,
  textOrEmpty,
  timestamp,
  url,
} from "@holdfast/core/provider/Json"
import { malformed, type Origin, undecodable } from "@holdfast/core/provider/ProviderError"
import { scrubbed } from "@holdfast/core/provider/Secrets"
import { withoutEmptyTotals } from "@holdfast/core/provider/TokenCounts"
import { Result } from "effect"
import { type AiError, type Response } from "effect/ai"

import { fromErrorObject } from "../failure.ts"
import { providerExecuted } from "../request/providerTools.ts"
import { type AnswerState } from "./state.ts"
import { usage } from "./usage.ts"

/** The parts of a whole answer. */
export const answerParts = (
  answer: unknown,
  state: AnswerState,
): Result.Result<Array<Response.PartEncoded>, AiError.AiError> => {
  const broken = brokenAnswer(answer, state.origin)
  if (broken !== undefined) return Result.fail(broken)
  const out: Array<Response.PartEncoded> = [responseMetadata(answer, state.origin)]
  for (const item of list(answer, "output")) {
    const failure = itemParts(item, state, out)
    if (failure !== undefined) return Result.fail(failure)
  }
  out.push(finishPart(answer, state, out.length > 1))
  return Result.succeed(out)
}

const brokenAnswer = (answer: unknown, origin: Origin): AiError.AiError | undefined => {
  const fields = record(answer)
  if (fields === undefined) return malformed(origin, "the answer is not a JSON object", true)
  if (isTooDeep(fields)) return malformed(origin, "the answer is nested too deeply", true)
  if (isError(fields["error"])) return fromErrorObject(origin, fields["error"], false)
  if (fields["status"] === "failed") return fromErrorObject(origin, { message: "the response failed" }, false)
  return Array.isArray(fields["output"]) ? undefined : malformed(origin, "the answer has no output", true)
}

const itemParts = (
  item: unknown,
  state: AnswerState,
  out: Array<Response.PartEncoded>,
): AiError.AiError | undefined => {
  switch (field(item, "type")) {
    case "message":
      messageParts(item, state, out)
      return undefined
    case "reasoning":
      reasoningParts(item, state, out)
      return undefined
    default:
      return commonItemParts(item, state, out)
  }
}

const messageParts = (item: unknown, state: AnswerState, out: Array<Response.PartEncoded>): void => {
  const metadata = state.metadata({ itemId: text(item, "id"), phase: text(item, "phase") })
  for (const content of list(item, "content")) {
    if (field(content, "type") === "refusal") state.refusal += textOrEmpty(content, "refusal")
    if (field(content, "type") !== "output_text") continue
    out.push({ type: "text", text: textOrEmpty(content, "text"), metadata })
    for (const annotation of list(content, "annotations")) pushSource(annotation, state, out)
  }
}

// One part for each piece of the summary, all with the item's id, so that the item can be put together again.
const reasoningParts = (item: unknown, state: AnswerState, out: Array<Response.PartEncoded>): void => {
  const metadata = reasoningMetadata(item, state)
  const texts = reasoningTexts(item)
  for (const piece of texts.length === 0 ? [""] : texts) out.push({ type: "reasoning", text: piece, metadata })
}

/** What of a reasoning item must come back with the next request. */
export const reasoningMetadata = (item: unknown, state: AnswerState) =>
  state.metadata({ itemId: text(item, "id"), encryptedContent: text(item, "encrypted_content") })

/** The summary of a reasoning item, or the reasoning itself where the model's makers show it. */
export const reasoningTexts = (item: unknown): ReadonlyArray<string> => {
  const texts = (key: string) => list(item, key).map((piece) => textOrEmpty(piece, "text"))
  const summary = texts("summary")
  return summary.length > 0 ? summary : texts("content")
}

/** Parts of items that come at once even in a stream. Unknown items have none. */
export const commonItemParts = (item: unknown, state: AnswerState, out: Sink): AiError.AiError | undefined => {
  switch (field(item, "type")) {
    case "function_call":
      return pushFunctionCall(item, state, out)
    case "custom_tool_call":
      return pushCustomCall(item, state, out)
    case "image_generation_call":
      return pushImage(item, state, out)
    default:
      return pushProviderExecuted(item, state, out)
  }
}

const pushProviderExecuted = (item: unknown, state: AnswerState, out: Sink): AiError.AiError | undefined => {
  const [call, ...results] = providerExecuted(item, state.declared, state.key)
  if (call === undefined) return undefined
  const broken = state.claim(call.id)
  if (broken === undefined) out.push(call, ...results)
  return broken
}

const pushFunctionCall = (item: unknown, state: AnswerState, out: Sink): AiError.AiError | undefined => {
  const name = text(item, "name")
  const id = text(item, "call_id") ?? text(item, "id")
  if (name === undefined || id === undefined) {
    return malformed(state.origin, "a tool call has no name or no id", true)
  }
  // A call that was cut at the token limit is not a call. The answer's finish reason says what happened.
  if (field(item, "status") === "incomplete") return undefined
  const written = writtenArguments(field(item, "arguments"))
  const parsed = parsedArguments(written)
  if (Result.isFailure(parsed)) return undecodable(state.origin, `the arguments of tool "${name}" are not JSON`)
  const own = state.distinctId(id, `${name} ${written}`)
  if (own === undefined) return malformed(state.origin, "two tool calls have one id", true)
  state.calls = true
  const metadata = state.metadata({ itemId: text(item, "id") })
  out.push({ type: "tool-call", id: own, name, params: parsed.success, metadata })
  return undefined
}

const pushCustomCall = (item: unknown, state: AnswerState, out: Sink): AiError.AiError | undefined => {
  const name = text(item, "name")
  const id = text(item, "call_id") ?? text(item, "id")
  if (name === undefined || id === undefined) {
    return malformed(state.origin, "a tool call has no name or no id", true)
  }
  const input = textOrEmpty(item, "input")
  const own = state.distinctId(id, `${name} ${input}`)
  if (own === undefined) return malformed(state.origin, "two tool calls have one id", true)
  state.calls = true
  const metadata = state.metadata({ itemId: text(item, "id"), custom: true })
  out.push({ type: "tool-call", id: own, name, params: input, metadata })
  return undefined
}

const pushImage = (item: unknown, state: AnswerState, out: Sink): AiError.AiError | undefined => {
  const data = text(item, "result")
  if (data === undefined) return undefined
  if (!isBase64(data)) return malformed(state.origin, "a generated image is not base64", true)
  const mediaType = `image/${text(item, "output_format") ?? "png"}`
  const metadata = state.metadata({ itemId: text(item, "id"), revisedPrompt: text(item, "revised_prompt") })
  out.push({ type: "file", mediaType, data, metadata })
  return undefined
}

/** Appends the source that an annotation names. */
export const pushSource = (annotation: unknown, state: AnswerState, out: Sink): void => {
  const id = `source-${state.sources}`
  const type = field(annotation, "type")
  if (type === "url_citation") {
    const link = url(annotation, "url")
    if (link === undefined) return
    const metadata = state.metadata({
      startIndex: count(annotation, "start_index"),
      endIndex: count(annotation, "end_index"),
    })
    out.push({ type: "source", sourceType: "url", id, url: link, title: text(annotation, "title") ?? link, metadata })
  } else if (type === "file_citation" || type === "container_file_citation") {
    const fileId = text(annotation, "file_id")
    const fileName = text(annotation, "filename") ?? fileId ?? "file"
    const metadata = state.metadata({ fileId, containerId: text(annotation, "container_id") })
    const mediaType = "application/octet-stream"
    out.push({ type: "source", sourceType: "document", id, mediaType, title: fileName, fileName, metadata })
  } else return
  state.sources += 1
}

/** Who answered, and when. */
export const responseMetadata = (response: unknown, { scrub }: Origin): Response.ResponseMetadataPartEncoded => ({
  type: "response-metadata",
  ...defined({
    id: scrubbed(text(response, "id"), scrub),
    modelId: scrubbed(text(response, "model"), scrub),
    timestamp: timestamp(response, "created_at"),
  }),
})

/** The end of an answer, with what it cost. */
export const finishPart = (response: unknown, state: AnswerState, hasContent: boolean): Response.FinishPartEncoded => {
  const raw: Json | undefined = record(field(response, "usage"))
  return {
    type: "finish",
    reason: finishReason(response, state),
    usage: hasContent ? withoutEmptyTotals(usage(raw)) : usage(raw),
    metadata: state.metadata({
      usage: raw,
      serviceTier: text(response, "service_tier"),
      incompleteReason: text(field(response, "incomplete_details"), "reason"),
      refusal: state.refusal === "" ? undefined : state.refusal,
      clientItems: clientItems(response),
    }),
  }
}

/** Types of items with which the model waits for its client. Those of tools that were not declared have no part of their own. */
const clientItems = (response: unknown): ReadonlyArray<string> | undefined => {
  const types = list(response, "output").flatMap((item) => text(item, "type") ?? [])
  const found = types.filter((type) => waitsForClient.test(type))
  return found.length === 0 ? undefined : found
}

const waitsForClient = /^(?:mcp_approval_request|(?:tool_search|computer|local_shell|shell|apply_patch)_call)$/

const finishReason = (response: unknown, state: AnswerState): Response.FinishReason => {
  if (state.refusal !== "") return "content-filter"
  const status = field(response, "status")
  if (status === "completed" || status === undefined) return state.calls ? "tool-calls" : "stop"
  if (status !== "incomplete") return "other"
  switch (text(field(response, "incomplete_details"), "reason")) {
    case "max_output_tokens":
      return "length"
    case "content_filter":
      return "content-filter"
    case undefined:
      return "unknown"
    default:
      return "other"
  }
}
