/**
 * From a chat completion to the parts of `effect/ai`.
 */

import { isError } from "@holdfast/core/provider/AnswerBody"
import { isTooDeep, parsedArguments, writtenArguments } from "@holdfast/core/provider/Bounds"
import {
  count,
  defined,
  field,
  fromDataUrl,
  isBase64,
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
import { type AnswerState } from "./state.ts"
import { usage } from "./usage.ts"

type SourceOrFile = Extract<Response.PartEncoded, { readonly type: "source" | "file" }>

/** Where sources and files go: a list of the parts of either mode. */
export interface Sink {
  push(...parts: Array<SourceOrFile>): number
}

/** The parts of a whole completion. */
export const completionParts = (
  answer: unknown,
  state: AnswerState,
): Result.Result<Array<Response.PartEncoded>, AiError.AiError> => {
  const { origin } = state
  if (record(answer) === undefined) return Result.fail(malformed(origin, "the answer is not a JSON object", true))
  if (isTooDeep(answer)) return Result.fail(malformed(origin, "the answer is nested too deeply", true))
  const choices = list(answer, "choices")
  const choice = choices.find((one) => field(one, "index") === 0) ?? choices[0]
  const error = errorOf(answer, choice)
  if (error !== undefined) return Result.fail(fromErrorObject(origin, error, false))
  const message = record(field(choice, "message"))
  if (message === undefined) return Result.fail(malformed(origin, "the answer has no message", true))
  const out: Array<Response.PartEncoded> = [responseMetadata(answer, origin)]
  const failure = messageParts(message, choice, state, out)
  if (failure !== undefined) return Result.fail(failure)
  const hasContent = out.length > 1
  const finish = finishPart(finishOf(choice), usageOf(answer), answer, state)
  if (Result.isFailure(finish)) return Result.fail(finish.failure)
  const { success } = finish
  out.push(hasContent ? { ...success, usage: withoutEmptyTotals(success.usage) } : success)
  return Result.succeed(out)
}

/** The error that an answer or a chunk reports, by itself or for its choice. */
export const errorOf = (answer: unknown, choice: unknown): unknown =>
  [field(answer, "error"), field(choice, "error")].find(isError)

const messageParts = (
  message: unknown,
  choice: unknown,
  state: AnswerState,
  out: Array<Response.PartEncoded>,
): AiError.AiError | undefined => {
  const content = contentOf(message)
  const details = list(message, "reasoning_details")
  if (content.reasoning !== "" || details.length > 0) {
    out.push({ type: "reasoning", text: content.reasoning, metadata: reasoningMetadata(details, state) })
  }
  if (content.text !== "") out.push({ type: "text", text: content.text })
  pushExtras(message, state, out)
  state.refusal = textOrEmpty(message, "refusal")
  for (const call of callsOf(message)) {
    const part = toolCallPart(
      {
        id: state.callId(text(call, "id")),
        name: text(field(call, "function"), "name"),
        arguments: argumentsOf(call),
      },
      finishOf(choice),
      state,
    )
    if (Result.isFailure(part)) return part.failure
    if (part.success !== undefined) out.push(part.success)
  }
  return undefined
}

/** The calls of a message or of a piece of it. Older servers know one, without an id. */
export const callsOf = (message: unknown): ReadonlyArray<unknown> => {
  const calls = list(message, "tool_calls")
  const only = record(field(message, "function_call"))
  return calls.length === 0 && only !== undefined ? [{ index: 0, function: only }] : calls
}

/** The arguments of a call. Some servers send them parsed. */
export const argumentsOf = (call: unknown): string => writtenArguments(field(field(call, "function"), "arguments"))

/** What must come back with the next request, if the server has more to reasoning than its text. */
export const reasoningMetadata = (details: ReadonlyArray<unknown>, state: AnswerState) =>
  state.metadata({ reasoningDetails: details.length === 0 ? undefined : details })

/**
 * The texts of a message or delta. Reasoning is in `reasoning_content` at DeepSeek, xAI, vLLM and Moonshot, in
 * `reasoning` at Groq, OpenRouter and Ollama, and in a content part at Mistral.
 */
export const contentOf = (message: unknown): { readonly text: string; readonly reasoning: string } => {
  const content = field(message, "content")
  const reasoning = text(message, "reasoning_content") ?? textOrEmpty(message, "reasoning")
  if (!Array.isArray(content)) return { text: textOrEmpty(message, "content"), reasoning }
  const parts: ReadonlyArray<unknown> = content
  const thinking = parts.flatMap((part) => (field(part, "type") === "thinking" ? list(part, "thinking") : []))
  return {
    text: joined(parts.filter((part) => field(part, "type") === "text")),
    reasoning: reasoning + joined(thinking),
  }
}

const joined = (parts: ReadonlyArray<unknown>): string => parts.map((part) => textOrEmpty(part, "text")).join("")

/** Appends the sources and images of a message or delta. */
export const pushExtras = (message: unknown, state: AnswerState, out: Sink): void => {
  for (const annotation of list(message, "annotations")) {
    const citation = field(annotation, "url_citation")
    const link = url(citation, "url")
    if (link === undefined) continue
    const id = `source-${state.sources++}`
    const metadata = state.metadata({
      startIndex: count(citation, "start_index"),
      endIndex: count(citation, "end_index"),
    })
    out.push({ type: "source", sourceType: "url", id, url: link, title: text(citation, "title") ?? link, metadata })
  }
  for (const image of list(message, "images")) {
    const file = fromDataUrl(textOrEmpty(field(image, "image_url"), "url"))
    if (file !== undefined && isBase64(file.data)) out.push({ type: "file", ...file })
  }
}

/** A tool call as it was gathered. */
export interface GatheredCall {
  readonly id: string
  readonly name: string | undefined
  readonly arguments: string
}

/** The part for a tool call; none if it was cut at the token limit. */
export const toolCallPart = (
  call: GatheredCall,
  finish: string | undefined,
  state: AnswerState,
): Result.Result<Response.ToolCallPartEncoded | undefined, AiError.AiError> => {
  const { id, name } = call
  if (name === undefined) return Result.fail(malformed(state.origin, "a tool call has no name", true))
  const parsed = Result.orElse(parsedArguments(call.arguments), () => parsedArguments(halfOf(call.arguments)))
  if (Result.isSuccess(parsed)) {
    state.calls = true
    return Result.succeed({ type: "tool-call", id, name, params: parsed.success })
  }
  // The finish reason says what happened, and the text before it is still of use.
  if (finish === "length" || finish === "content_filter") return Result.succeed(undefined)
  return Result.fail(undecodable(state.origin, `the arguments of tool "${name}" are not JSON`))
}

// Some gateways send the pieces, and then all of them once more. Half of what is not twice the same does not parse either.
const halfOf = (written: string): string => {
  const half = written.slice(0, written.length / 2)
  return half + half === written ? half : written
}

/** Who answered, and when. */
export const responseMetadata = (answer: unknown, { scrub }: Origin): Response.ResponseMetadataPartEncoded => ({
  type: "response-metadata",
  ...defined({
    id: scrubbed(text(answer, "id"), scrub),
    modelId: scrubbed(text(answer, "model"), scrub),
    timestamp: timestamp(answer, "created"),
  }),
})

/** Why a choice ended, in the server's words. */
export const finishOf = (choice: unknown): string | undefined => text(choice, "finish_reason")?.toLowerCase()

/** The usage of an answer or chunk. Groq has it in `x_groq` too, and Moonshot in the choice. */
export const usageOf = (answer: unknown): unknown =>
  record(field(answer, "usage")) ??
  record(field(field(answer, "x_groq"), "usage")) ??
  record(field(list(answer, "choices")[0], "usage"))

/** The end of an answer, with what it cost; or the error that ended it. */
export const finishPart = (
  finish: string | undefined,
  raw: unknown,
  answer: unknown,
  state: AnswerState,
): Result.Result<Response.FinishPartEncoded, AiError.AiError> => {
  if (finish === "insufficient_system_resource" || finish === "error") {
    const error = { code: finish, message: `the answer was broken off: ${finish}` }
    return Result.fail(fromErrorObject(state.origin, error, true))
  }
  return Result.succeed({
    type: "finish",
    reason: finishReason(finish, state),
    usage: usage(raw, state.dialect.reasoningOutsideCompletion),
    metadata: state.metadata({
      usage: record(raw),
      serviceTier: text(answer, "service_tier"),
      systemFingerprint: text(answer, "system_fingerprint"),
      refusal: state.refusal === "" ? undefined : state.refusal,
    }),
  })
}

const stops: ReadonlySet<string> = new Set(["stop", "eos", "end_turn", "tool_calls", "function_call"])

/** Whether a reason says no more than that the model is done. */
export const isStop = (finish: string): boolean => stops.has(finish)

const finishReason = (finish: string | undefined, state: AnswerState): Response.FinishReason => {
  if (state.refusal !== "") return "content-filter"
  switch (finish) {
    case "stop":
    case "eos":
    case "end_turn":
      // Some servers say so although tools are to be called.
      return state.calls ? "tool-calls" : "stop"
    case "length":
    case "model_length":
    case "max_tokens":
      return "length"
    case "content_filter":
    case "safety":
      return "content-filter"
    case "tool_calls":
    case "function_call":
      return "tool-calls"
    case undefined:
      return "unknown"
    default:
      return "other"
  }
}
