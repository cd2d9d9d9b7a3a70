/**
 * From a chat completion to the parts of `effect/ai`.
 */

import { Bounds, isTooDeep, parsedArguments } from "@holdfast/core/provider/Bounds"
import {
  count,
  defined,
  field,
  fromDataUrl,
  isBase64,
  json,
  list,
  record,
  text,
  textOrEmpty,
  timestamp,
  url,
} from "@holdfast/core/provider/Json"
import { malformed, type Origin, undecodable } from "@holdfast/core/provider/ProviderError"
import { Predicate, Result } from "effect"
import { type AiError, type Response } from "effect/ai"

import { fromErrorObject } from "../failure.ts"
import { type Dialect } from "./dialect.ts"
import { usage } from "./usage.ts"

type SourceOrFile = Extract<Response.PartEncoded, { readonly type: "source" | "file" }>

/** Where sources and files go: a list of the parts of either mode. */
export interface Sink {
  push(...parts: Array<SourceOrFile>): number
}

/** What reading an answer needs, and what it finds out on the way. */
export class Reading {
  readonly origin: Origin
  /** The key of our metadata. */
  readonly key: string
  readonly dialect: Dialect
  readonly bounds: Bounds
  private readonly fallbackId: string
  private readonly callIds = new Set<string>()
  refusal = ""
  calls = false
  sources = 0

  /** `fallbackId` is what ids of calls begin with that the server did not give. */
  constructor(origin: Origin, key: string, dialect: Dialect, fallbackId = "call") {
    this.origin = origin
    this.key = key
    this.dialect = dialect
    this.fallbackId = fallbackId
    this.bounds = new Bounds(origin)
  }

  /** The id of a call: the server's, or one of ours if it gave none, or gave the same to another call. */
  callId(given: string | undefined): string {
    const id = given === undefined || this.callIds.has(given) ? `${this.fallbackId}_${this.callIds.size}` : given
    this.callIds.add(id)
    return id
  }

  metadata(fields: Record<string, unknown>): { readonly [key: string]: ReturnType<typeof json> } {
    return { [this.key]: json(defined(fields)) }
  }
}

/** The parts of a whole completion. */
export const completionParts = (
  answer: unknown,
  reading: Reading,
): Result.Result<Array<Response.PartEncoded>, AiError.AiError> => {
  const { origin } = reading
  if (record(answer) === undefined) return Result.fail(malformed(origin, "the answer is not a JSON object", false))
  if (isTooDeep(answer)) return Result.fail(malformed(origin, "the answer is nested too deeply", true))
  const choice = list(answer, "choices")[0]
  const error = field(answer, "error") ?? field(choice, "error")
  if (Predicate.isNotNullish(error)) return Result.fail(fromErrorObject(origin, error, false))
  const message = record(field(choice, "message"))
  if (message === undefined) return Result.fail(malformed(origin, "the answer has no message", false))
  const out: Array<Response.PartEncoded> = [responseMetadata(answer)]
  const failure = messageParts(message, choice, reading, out)
  if (failure !== undefined) return Result.fail(failure)
  const finish = finishPart(finishOf(choice), usageOf(answer), answer, reading)
  if (Result.isFailure(finish)) return Result.fail(finish.failure)
  out.push(finish.success)
  return Result.succeed(out)
}

const messageParts = (
  message: unknown,
  choice: unknown,
  reading: Reading,
  out: Array<Response.PartEncoded>,
): AiError.AiError | undefined => {
  const content = contentOf(message)
  const details = list(message, "reasoning_details")
  if (content.reasoning !== "" || details.length > 0) {
    out.push({ type: "reasoning", text: content.reasoning, metadata: reasoningMetadata(details, reading) })
  }
  if (content.text !== "") out.push({ type: "text", text: content.text })
  pushExtras(message, reading, out)
  reading.refusal = textOrEmpty(message, "refusal")
  for (const call of list(message, "tool_calls")) {
    const part = toolCallPart(
      {
        id: reading.callId(text(call, "id")),
        name: text(field(call, "function"), "name"),
        arguments: argumentsOf(call),
      },
      finishOf(choice),
      reading,
    )
    if (Result.isFailure(part)) return part.failure
    if (part.success !== undefined) out.push(part.success)
  }
  return undefined
}

/** The arguments of a call. Some servers send them parsed. */
export const argumentsOf = (call: unknown): string => {
  const value = field(field(call, "function"), "arguments")
  if (Predicate.isString(value)) return value
  return record(value) === undefined ? "" : JSON.stringify(value)
}

/** What must come back with the next request, if the server has more to reasoning than its text. */
export const reasoningMetadata = (details: ReadonlyArray<unknown>, reading: Reading) =>
  reading.metadata({ reasoningDetails: details.length === 0 ? undefined : details })

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
export const pushExtras = (message: unknown, reading: Reading, out: Sink): void => {
  for (const annotation of list(message, "annotations")) {
    const citation = field(annotation, "url_citation")
    const link = url(citation, "url")
    if (link === undefined) continue
    const id = `source-${reading.sources++}`
    const metadata = reading.metadata({
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
  reading: Reading,
): Result.Result<Response.ToolCallPartEncoded | undefined, AiError.AiError> => {
  const { id, name } = call
  if (name === undefined) return Result.fail(malformed(reading.origin, "a tool call has no name", true))
  const parsed = parsedArguments(call.arguments)
  if (Result.isSuccess(parsed)) {
    reading.calls = true
    return Result.succeed({ type: "tool-call", id, name, params: parsed.success })
  }
  // The finish reason says what happened, and the text before it is still of use.
  if (finish === "length" || finish === "content_filter") return Result.succeed(undefined)
  return Result.fail(undecodable(reading.origin, `the arguments of tool "${name}" are not JSON`))
}

/** Who answered, and when. */
export const responseMetadata = (answer: unknown): Response.ResponseMetadataPartEncoded => ({
  type: "response-metadata",
  ...defined({
    id: text(answer, "id"),
    modelId: text(answer, "model"),
    timestamp: timestamp(answer, "created"),
  }),
})

/** Why a choice ended, in the server's words. */
export const finishOf = (choice: unknown): string | undefined => text(choice, "finish_reason")

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
  reading: Reading,
): Result.Result<Response.FinishPartEncoded, AiError.AiError> => {
  if (finish === "insufficient_system_resource" || finish === "error") {
    const error = { code: finish, message: `the answer was broken off: ${finish}` }
    return Result.fail(fromErrorObject(reading.origin, error, true))
  }
  return Result.succeed({
    type: "finish",
    reason: finishReason(finish, reading),
    usage: usage(raw, reading.dialect.reasoningOutsideCompletion),
    metadata: reading.metadata({
      usage: record(raw),
      serviceTier: text(answer, "service_tier"),
      systemFingerprint: text(answer, "system_fingerprint"),
      refusal: reading.refusal === "" ? undefined : reading.refusal,
    }),
  })
}

const finishReason = (finish: string | undefined, reading: Reading): Response.FinishReason => {
  if (reading.refusal !== "") return "content-filter"
  switch (finish) {
    case "stop":
    case "eos":
    case "end_turn":
      // Some servers say so although tools are to be called.
      return reading.calls ? "tool-calls" : "stop"
    case "length":
    case "model_length":
    case "max_tokens":
      return "length"
    case "content_filter":
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
