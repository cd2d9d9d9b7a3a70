/**
 * From a prompt to the messages of Chat Completions.
 */

import { field, json, list, record } from "@holdfast/core/provider/Json"
import { fileNameOf, type Media, mediaOf, refuseUnreadable } from "@holdfast/core/provider/Media"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { resultText } from "@holdfast/core/provider/ToolForms"
import { transcript } from "@holdfast/core/provider/Transcript"
import { Prompt } from "effect/ai"
import type { OpenAI } from "openai"

import { familyOf } from "../family.ts"
import { callId } from "../request/callId.ts"
import { functionArguments, functionName } from "../request/functions.ts"
import { imageTypes, otherImage } from "../request/images.ts"
import { type Breakpoint, optionsOf } from "../request/promptOptions.ts"
import { shortId } from "../request/shortId.ts"
import { type Dialect } from "./dialect.ts"
import { inStrictRoles } from "./roles.ts"

type Message = OpenAI.Chat.ChatCompletionMessageParam
type Content = OpenAI.Chat.ChatCompletionContentPart

export interface Conversation {
  /** The key of the options on messages and parts. */
  readonly key: string
  readonly model: string
  readonly dialect: Dialect
  readonly refusals: Refusals
}

/** All of a prompt as messages. */
export const messagesOf = (prompt: Prompt.Prompt, conversation: Conversation): Array<Message> => {
  const { dialect, refusals } = conversation
  const turns = transcript(prompt, {
    callId: (id) => idOf(id, dialect),
    name: (name) => functionName(name, longestName),
    refusals,
  })
  const messages = turns.flatMap(({ at, message }): Array<Message> => {
    switch (message.role) {
      case "system":
        return [systemMessage(message, conversation)]
      case "user":
        return message.content.length === 0 ? [] : [userMessage(message, at, conversation)]
      case "assistant":
        return assistantMessage(message, at, conversation)
      default:
        return toolMessages(message, conversation)
    }
  })
  return dialect.strictRoles ? inStrictRoles(messages) : messages
}

// https://platform.openai.com/docs/api-reference/chat/create: `^[a-zA-Z0-9_-]{1,64}$`.
const longestName = 64

const marked = <A extends Content>(content: A, breakpoint: Breakpoint | undefined): A =>
  breakpoint === undefined ? content : { ...content, prompt_cache_breakpoint: breakpoint }

/** Fields of a part that are not modelled, such as OpenRouter's `cache_control`. */
const extended = <A extends object>(content: A, fields: unknown): A => ({
  ...content,
  ...record(field(fields, "extra")),
})

const systemMessage = (message: Prompt.SystemMessage, { dialect, key, model }: Conversation): Message => {
  const { breakpoint, fields } = optionsOf(message, key)
  const role = dialect.isOpenAi && familyOf(model).reasoning ? "developer" : "system"
  if (breakpoint === undefined && field(fields, "extra") === undefined) return { role, content: message.content }
  const text = { type: "text" as const, text: message.content }
  return { role, content: [extended(marked(text, breakpoint), fields)] }
}

const userMessage = (message: Prompt.UserMessage, at: number, conversation: Conversation): Message => {
  const { breakpoint } = optionsOf(message, conversation.key)
  const content = message.content.map((part, position) => {
    const inherited = position === message.content.length - 1 ? breakpoint : undefined
    return userContent(part, at, position, conversation, inherited)
  })
  const [only] = content
  // Plain text is what the oldest of servers understand.
  const isPlain = content.length === 1 && only?.type === "text" && Object.keys(only).length === 2
  return { role: "user", content: isPlain ? only.text : content }
}

const userContent = (
  part: Prompt.UserMessagePart,
  at: number,
  position: number,
  conversation: Conversation,
  inherited: Breakpoint | undefined,
): Content => {
  const { breakpoint = inherited, fields, fileId, imageDetail } = optionsOf(part, conversation.key)
  if (part.type === "text") return extended(marked({ type: "text", text: part.text }, breakpoint), fields)
  const option = `prompt[${at}].file.${part.mediaType}`
  refuseUnreadable(part, option, conversation.refusals)
  const media = mediaOf(part, fileId)
  const content = part.mediaType.startsWith("image/")
    ? imageContent(media, imageDetail, option, conversation)
    : part.mediaType.startsWith("audio/")
      ? audioContent(part, media, option, conversation)
      : fileContent(part, media, position, option, conversation)
  return extended(marked(content, breakpoint), fields)
}

const imageContent = (
  media: Media,
  detail: "low" | "high" | "original" | "auto" | undefined,
  option: string,
  { dialect, refusals }: Conversation,
): Content => {
  if (media._tag === "FileId") {
    refusals.option(option, "Chat Completions takes no uploaded images by their id; give the bytes or a link")
  } else if (media._tag === "Inline" && dialect.isOpenAi && !imageTypes.has(media.mediaType)) {
    refusals.option(option, otherImage)
  }
  const url = media._tag === "Url" ? media.url : media._tag === "Inline" ? media.dataUrl : ""
  return { type: "image_url", image_url: { url, ...(detail === undefined ? undefined : { detail }) } }
}

const audioFormats: Readonly<Record<string, "wav" | "mp3">> = {
  "audio/wav": "wav",
  "audio/wave": "wav",
  "audio/x-wav": "wav",
  "audio/mpeg": "mp3",
  "audio/mp3": "mp3",
}

const audioContent = (
  { mediaType }: Prompt.FilePart,
  media: Media,
  option: string,
  { refusals }: Conversation,
): Content => {
  const format = audioFormats[mediaType]
  if (format === undefined) refusals.option(option, "audio is taken as WAV or MP3; convert it")
  if (media._tag !== "Inline") refusals.option(option, "audio is taken as bytes or base64 only; give its data")
  const data = media._tag === "Inline" ? media.base64 : ""
  return { type: "input_audio", input_audio: { data, format: format ?? "wav" } }
}

const fileContent = (
  part: Prompt.FilePart,
  media: Media,
  position: number,
  option: string,
  { dialect, refusals }: Conversation,
): Content => {
  if (part.mediaType.startsWith("video/")) refusals.option(option, "video is not accepted; send images of it")
  if (media._tag === "FileId") return { type: "file", file: { file_id: media.id } }
  if (media._tag === "Url" && !dialect.takesFileUrls) {
    const explanation = "Chat Completions takes no links to files; give the bytes, or use OpenAiLanguageModel.model"
    refusals.option(option, explanation)
  }
  const data = media._tag === "Url" ? media.url : media.dataUrl
  return { type: "file", file: { filename: fileNameOf(part, position), file_data: data } }
}

const assistantMessage = (message: Prompt.AssistantMessage, at: number, conversation: Conversation): Array<Message> => {
  const { dialect, key, refusals } = conversation
  const texts: Array<string> = []
  const reasoning: Array<string> = []
  const details: Array<unknown> = []
  const calls: Array<OpenAI.Chat.ChatCompletionMessageFunctionToolCall> = []
  for (const part of message.content) {
    const { fields } = optionsOf(part, key)
    if (part.type === "text") texts.push(part.text)
    else if (part.type === "reasoning") {
      if (isOwn(part, key)) reasoning.push(part.text)
      details.push(...list(fields, "reasoningDetails"))
    } else if (part.type === "tool-call" && !part.providerExecuted) calls.push(toolCall(part))
    else if (part.type === "file") {
      const explanation = "assistant messages take no files; put it into a user message"
      refusals.option(`prompt[${at}].file.${part.mediaType}`, explanation)
    }
  }
  const text = texts.join("")
  // Of an answer that was cut in its reasoning nothing is left that a server would take.
  if (text === "" && calls.length === 0) return []
  const answer: Message = {
    role: "assistant",
    content: text === "" ? null : text,
    ...(calls.length > 0 ? { tool_calls: calls, ...reasoningOf(reasoning.join(""), dialect) } : undefined),
    ...(details.length > 0 ? { reasoning_details: json(details) } : undefined),
  }
  return [answer]
}

/** Whether reasoning is this server's, or that of a server that says nothing of its own about it. */
const isOwn = ({ options }: Prompt.ReasoningPart, key: string): boolean =>
  options[key] !== undefined || Object.values(options).every((value) => record(value) === undefined)

// Only turns with tool calls are continued; the reasoning of finished turns is of no use to the server.
const reasoningOf = (thought: string, { reasoningField, requiresReasoning }: Dialect) =>
  reasoningField !== undefined && (thought !== "" || requiresReasoning) ? { [reasoningField]: thought } : undefined

const toolCall = (part: Prompt.ToolCallPart): OpenAI.Chat.ChatCompletionMessageFunctionToolCall => ({
  id: part.id,
  type: "function",
  function: { name: part.name, arguments: functionArguments(part.params) },
})

const longestId = 40

// Other providers allow more in the ids of calls.
const idOf = (id: string, { isOpenAi, shortToolCallIds }: Dialect): string => {
  if (shortToolCallIds) return shortId(id)
  return isOpenAi ? callId(id, longestId) : id
}

const toolMessages = (message: Prompt.ToolMessage, { key }: Conversation): Array<Message> =>
  message.content.flatMap((part): Array<Message> => {
    if (part.type !== "tool-result") return []
    const tool_call_id = part.id
    // The API takes text only; `effect/ai` has the text for a result with files.
    const text = part.modelOutput === undefined ? resultText(part) : Prompt.toolModelOutputToText(part.modelOutput)
    const { breakpoint, fields } = optionsOf(part, key)
    if (breakpoint === undefined && field(fields, "extra") === undefined) {
      return [{ role: "tool", tool_call_id, content: text }]
    }
    return [{ role: "tool", tool_call_id, content: [extended(marked({ type: "text", text }, breakpoint), fields)] }]
  })
