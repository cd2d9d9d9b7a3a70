/**
 * From a prompt to Gemini's contents and system instruction.
 */

import type { Content, FunctionResponse, Part, PartMediaResolutionLevel } from "@google/genai/web"
import { mediaOf, uploadedElsewhere } from "@holdfast/core/provider/Media"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { transcript } from "@holdfast/core/provider/Transcript"
import { isUploaded } from "@holdfast/core/UploadedFile"
import { type Prompt } from "effect/ai"

import { isBefore, thinks } from "../family.ts"
import { optionsOf } from "./promptOptions.ts"

/** What all messages need to know. */
export interface Conversation {
  readonly model: string
  readonly refusals: Refusals
}

/** Google's own ids of calls, by those in the prompt. Calls of other models have none. */
type CallIds = Map<string, string | undefined>

/** A prompt as Gemini takes it. */
export interface Contents {
  readonly contents: Array<Content>
  readonly systemInstruction: Content | undefined
}

/**
 * All of a prompt. Gemini has one system instruction and no system messages in between, so that all of them, wherever
 * they stand, go into it in their order.
 */
export const contentsOf = (prompt: Prompt.Prompt, conversation: Conversation): Contents => {
  const system: Array<Part> = []
  const contents: Array<Content> = []
  const calls: CallIds = new Map()
  const { refusals } = conversation
  for (const { at, message } of transcript(prompt, { callId: (id) => id, name: functionName, refusals })) {
    if (message.role === "system") {
      if (message.content !== "") system.push({ text: message.content })
      continue
    }
    const parts = partsOf(message, at, conversation, calls)
    if (parts.length === 0) continue
    add(contents, { role: message.role === "assistant" ? "model" : "user", parts })
  }
  return {
    contents: contents.map((content) => vouched(content, conversation)),
    systemInstruction: system.length === 0 ? undefined : { parts: system },
  }
}

/**
 * A function as Gemini takes its name. Other providers allow names that begin with a digit or a dash.
 * https://ai.google.dev/api/caching#FunctionDeclaration
 */
const functionName = (name: string): string =>
  name
    .replace(/[^\w.:-]/g, "_")
    .replace(/^(?![a-z_])/i, "_")
    .slice(0, 128)

// Roles alternate, and the results of a turn's calls are a content of their own: "Please ensure that the number of
// function response parts is equal to the number of function call parts of the function call turn."
const add = (contents: Array<Content>, { parts = [], role }: Content): void => {
  const last = contents.at(-1)
  const holds = (found: ReadonlyArray<Part> = []) =>
    found.some(({ functionResponse }) => functionResponse !== undefined)
  if (last?.parts !== undefined && last.role === role && holds(last.parts) === holds(parts)) last.parts.push(...parts)
  else contents.push({ role: role ?? "user", parts: [...parts] })
}

const partsOf = (
  message: Exclude<Prompt.Message, Prompt.SystemMessage>,
  at: number,
  conversation: Conversation,
  calls: CallIds,
): Array<Part> => {
  switch (message.role) {
    case "user":
      // Google refuses texts that are empty, and nothing is lost with them.
      return message.content.flatMap((part) => {
        if (part.type === "file") return [filePart(part, at, conversation)]
        return part.text === "" ? [] : [{ text: part.text }]
      })
    case "assistant":
      return message.content.flatMap((part) => assistantParts(part, at, conversation, calls))
    default:
      return resultParts(message, at, conversation, calls)
  }
}

// https://ai.google.dev/gemini-api/docs/thought-signatures: what stands for the signature of a call by another model.
const foreignSignature = "skip_thought_signature_validator"

/**
 * Models that think want the first call of each step to be signed. Calls that another model made, before a fallback or in
 * an older conversation, are not.
 */
const vouched = (content: Content, { model }: Conversation): Content => {
  const { parts = [] } = content
  const first = parts.findIndex(({ functionCall }) => functionCall !== undefined)
  const call = parts[first]
  if (call === undefined || call.thoughtSignature !== undefined || !thinks(model)) return content
  return { ...content, parts: parts.with(first, { ...call, thoughtSignature: foreignSignature }) }
}

const filePart = (part: Prompt.FilePart, at: number, { model, refusals }: Conversation): Part => {
  const { mediaResolution, videoMetadata } = optionsOf(part)
  if (mediaResolution !== undefined && isBefore(model, 3)) {
    const explanation = "single files have a resolution only from Gemini 3 on; use the setting mediaResolution"
    refusals.option(`prompt[${at}].file.mediaResolution`, explanation)
  }
  const level: unknown = mediaResolution
  return {
    ...dataOf(part, `prompt[${at}].file`, refusals),
    ...(videoMetadata && { videoMetadata }),
    ...(level !== undefined && { mediaResolution: { level: level as PartMediaResolutionLevel } }),
  }
}

const dataOf = (part: Prompt.FilePart, option: string, refusals: Refusals): Pick<Part, "fileData" | "inlineData"> => {
  const { data, mediaType } = part
  const { fileUri } = optionsOf(part)
  if (fileUri === undefined && isUploaded(data)) refusals.option(option, uploadedElsewhere)
  else if (fileUri === undefined && data instanceof URL && !/^(?:https?|gs|data):$/.test(data.protocol)) {
    refusals.option(option, `Google cannot read "${data.protocol}" URLs; give the bytes, a link or a gs:// URI`)
  }
  const media = mediaOf(part, fileUri ?? bucketUri(data))
  if (media._tag === "Inline" && media.mediaType.includes("*")) {
    refusals.option(`${option}.${mediaType}`, `bytes need a type of their own, such as "video/mp4"`)
  }
  if (media._tag === "Inline") return { inlineData: { mimeType: media.mediaType, data: media.base64 } }
  // A wildcard is no type. Google finds out by itself, and videos on YouTube have none.
  const known = mediaType.includes("*") ? undefined : { mimeType: mediaType }
  return { fileData: { fileUri: media._tag === "Url" ? media.url : media.id, ...known } }
}

const bucketUri = (data: Prompt.FilePart["data"]): string | undefined => {
  const text = data instanceof URL ? data.href : data
  return typeof text === "string" && text.startsWith("gs://") ? text : undefined
}

const assistantParts = (
  part: Prompt.AssistantMessagePart,
  at: number,
  conversation: Conversation,
  calls: CallIds,
): Array<Part> => {
  const { callId, part: raw, thoughtSignature } = optionsOf(part)
  const signed = thoughtSignature === undefined ? undefined : { thoughtSignature }
  switch (part.type) {
    case "text":
      return part.text === "" && signed === undefined ? [] : [{ text: part.text, ...signed }]
    case "reasoning":
      // Without a signature it is the reasoning of another model, or a mere summary, which Gemini does not read.
      return signed === undefined ? [] : [{ text: part.text, thought: true, ...signed }]
    case "file":
      return [{ ...filePart(part, at, conversation), ...signed }]
    case "tool-call":
      // Calls of Google's own tools go back as they came. Those of other vendors' mean nothing here.
      if (part.providerExecuted) return raw === undefined ? [] : [raw]
      calls.set(part.id, callId)
      return [{ functionCall: { ...identified(callId), name: part.name, args: argumentsOf(part.params) }, ...signed }]
    case "tool-result":
      return raw === undefined ? [] : [raw]
    default:
      // Approvals are settled by `effect/ai`.
      return []
  }
}

const identified = (id: string | undefined) => (id === undefined ? undefined : { id })

const argumentsOf = (params: unknown): Record<string, unknown> =>
  typeof params === "object" && params !== null && !Array.isArray(params)
    ? (params as Record<string, unknown>)
    : params === undefined || params === null
      ? {}
      : { value: params }

// Calls without ids are told apart by their order, which is that of the results.
const resultParts = (
  message: Prompt.ToolMessage,
  at: number,
  conversation: Conversation,
  calls: CallIds,
): Array<Part> =>
  message.content.flatMap((part) =>
    part.type === "tool-result" ? [{ functionResponse: responseOf(part, calls.get(part.id), at, conversation) }] : [],
  )

const responseOf = (
  part: Prompt.ToolResultPart,
  callId: string | undefined,
  at: number,
  { model, refusals }: Conversation,
): FunctionResponse => {
  const named = { ...identified(callId), name: part.name }
  if (part.isFailure) return { ...named, response: { error: part.result ?? null } }
  const output = part.modelOutput ?? []
  if (output.length === 0) return { ...named, response: { output: part.result ?? null } }
  const files = output.flatMap((content) => (content.type === "file" ? [content] : []))
  const option = `prompt[${at}].tool-result.file`
  if (files.length > 0 && isBefore(model, 3)) {
    refusals.option(option, "results of tools hold files only from Gemini 3 on; put them into a user message")
  }
  const texts = output.flatMap((content) => (content.type === "text" ? [content.text] : []))
  return {
    ...named,
    response: { output: texts.join("\n") },
    ...(files.length > 0 && { parts: files.map((file) => dataOf(file, option, refusals)) }),
  }
}
