/**
 * From a prompt to the input items of the Responses API.
 */

import { field, record } from "@holdfast/core/provider/Json"
import { concrete, fileNameOf, mediaOf, refuseUnreadable } from "@holdfast/core/provider/Media"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { resultText } from "@holdfast/core/provider/ToolForms"
import { transcript } from "@holdfast/core/provider/Transcript"
import { type Prompt } from "effect/ai"
import type { OpenAI } from "openai"

import { familyOf } from "../family.ts"
import { callId } from "../request/callId.ts"
import { functionArguments, functionName } from "../request/functions.ts"
import { imageTypes, otherImage } from "../request/images.ts"
import { type Breakpoint, optionsOf } from "../request/promptOptions.ts"

type Item = OpenAI.Responses.ResponseInputItem
type Content = OpenAI.Responses.ResponseInputContent

/** What all messages need to know. */
export interface Conversation {
  /** The key of the options on messages and parts. */
  readonly key: string
  readonly model: string
  /** Whether OpenAI has kept the items of earlier answers, so that their ids mean something to it. */
  readonly stored: boolean
  /** Whether OpenAI has earlier messages itself. */
  readonly continued: boolean
  readonly refusals: Refusals
}

/** All of a prompt's messages as input items. */
export const inputItems = (prompt: Prompt.Prompt, conversation: Conversation): Array<Item> => {
  const customCalls = new Set<string>()
  const turns = transcript(prompt, {
    callId: (id) => callId(id, longestId),
    name: (name) => functionName(name, longestName),
    continued: conversation.continued,
    refusals: conversation.refusals,
  })
  return turns.flatMap(({ at, message }): Array<Item> => {
    switch (message.role) {
      case "system":
        return [systemItem(message, conversation)]
      case "user":
        return message.content.length === 0 ? [] : [userItem(message, at, conversation)]
      case "assistant":
        return assistantItems(message, at, conversation, customCalls)
      default:
        return toolItems(message, at, conversation, customCalls)
    }
  })
}

// https://platform.openai.com/docs/api-reference/responses/create
const longestId = 64
const longestName = 128

const marked = (content: Content, breakpoint: Breakpoint | undefined): Content =>
  breakpoint === undefined ? content : { ...content, prompt_cache_breakpoint: breakpoint }

const systemItem = (message: Prompt.SystemMessage, { key, model }: Conversation): Item => {
  const { breakpoint } = optionsOf(message, key)
  const role = familyOf(model).reasoning ? "developer" : "system"
  if (breakpoint === undefined) return { role, content: message.content }
  return { role, content: [marked({ type: "input_text", text: message.content }, breakpoint)] }
}

const userItem = (message: Prompt.UserMessage, at: number, conversation: Conversation): Item => {
  const ofMessage = optionsOf(message, conversation.key).breakpoint
  const content = message.content.map((part, position) => {
    const last = position === message.content.length - 1
    return inputContent(part, at, position, conversation, last ? ofMessage : undefined)
  })
  return { role: "user", content }
}

/** One part of what the user or a tool says. */
const inputContent = (
  part: Prompt.TextPart | Prompt.FilePart,
  at: number,
  position: number,
  conversation: Conversation,
  inherited: Breakpoint | undefined,
): Content => {
  const options = optionsOf(part, conversation.key)
  const breakpoint = options.breakpoint ?? inherited
  if (part.type === "text") return marked({ type: "input_text", text: part.text }, breakpoint)
  refuseMedia(part, at, conversation, options.fileId)
  const media = mediaOf(part, options.fileId)
  if (part.mediaType.startsWith("image/")) {
    const where =
      media._tag === "FileId" ? { file_id: media.id } : { image_url: media._tag === "Url" ? media.url : media.dataUrl }
    return marked({ type: "input_image", detail: options.imageDetail ?? "auto", ...where }, breakpoint)
  }
  if (media._tag === "FileId") return marked({ type: "input_file", file_id: media.id }, breakpoint)
  if (media._tag === "Url") return marked({ type: "input_file", file_url: media.url }, breakpoint)
  const file = { filename: fileNameOf(part, position), file_data: media.dataUrl }
  return marked({ type: "input_file", ...file }, breakpoint)
}

const refuseMedia = (part: Prompt.FilePart, at: number, { refusals }: Conversation, fileId?: string): void => {
  const { mediaType } = part
  const option = `prompt[${at}].file.${mediaType}`
  refuseUnreadable(part, option, refusals, fileId)
  if (/^(?:audio|video)\//.test(mediaType)) {
    refusals.option(option, "the Responses API takes neither audio nor video; for audio use OpenAiLanguageModel.chat")
  } else if (mediaType.startsWith("image/") && !imageTypes.has(concrete(mediaType))) {
    refusals.option(option, otherImage)
  }
}

const assistantItems = (
  message: Prompt.AssistantMessage,
  at: number,
  conversation: Conversation,
  customCalls: Set<string>,
): Array<Item> => {
  // An item that is named by its id must come with the reasoning that led to it. If that cannot be sent, all go unnamed.
  const named = canReplay(message, conversation)
  const items: Array<Item> = []
  for (const part of message.content) {
    const { itemId, phase } = optionsOf(part, conversation.key)
    const id = named ? itemId : undefined
    switch (part.type) {
      case "text":
        pushText(items, part.text, id, phase)
        break
      case "reasoning":
        if (named) pushReasoning(items, part, conversation)
        break
      case "tool-call":
        pushCall(items, part, id, conversation, customCalls)
        break
      case "file":
        pushImage(items, part, itemId, at, conversation)
        break
      // Results of the provider's own tools are part of their calls' items, and approvals are settled by `effect/ai`.
      case "tool-result":
      case "tool-approval-request":
        break
    }
  }
  return withoutIdleReasoning(items)
}

/**
 * Reasoning must be followed by what it led to ("was provided without its required following item"). An answer that was
 * cut has reasoning at its end that led to nothing.
 */
const withoutIdleReasoning = (items: Array<Item>): Array<Item> =>
  items.slice(0, items.findLastIndex(({ type }) => type !== "reasoning") + 1)

/** Whether all reasoning of a message can go back. Of the pieces of one item, a stream's last one has the encrypted form. */
const canReplay = (message: Prompt.AssistantMessage, { key, model, stored }: Conversation): boolean => {
  const pieces = message.content.flatMap((part) => (part.type === "reasoning" ? [optionsOf(part, key)] : []))
  const sealed = new Set(
    pieces.flatMap(({ encryptedContent, itemId }) => (encryptedContent === undefined ? [] : [itemId])),
  )
  // A model that does not think refuses to be shown thoughts.
  if (pieces.length > 0 && familyOf(model).neverReasoning) return false
  return pieces.every(({ itemId }) => itemId !== undefined && (stored || sealed.has(itemId)))
}

const pushText = (items: Array<Item>, text: string, id: string | undefined, phase: Phase): void => {
  const known = phase === undefined ? undefined : { phase }
  if (id === undefined) {
    if (text !== "") items.push({ role: "assistant", content: text, ...known })
    return
  }
  const last = items.at(-1)
  const content: OpenAI.Responses.ResponseOutputText = { type: "output_text", text, annotations: [] }
  if (last !== undefined && last.type === "message" && "id" in last && last.id === id) {
    last.content.push(content)
    return
  }
  items.push({ type: "message", id, role: "assistant", status: "completed", content: [content], ...known })
}

type Phase = "commentary" | "final_answer" | undefined

const pushReasoning = (items: Array<Item>, part: Prompt.ReasoningPart, { key }: Conversation): void => {
  const { encryptedContent, itemId } = optionsOf(part, key)
  if (itemId === undefined) return
  const summary = part.text === "" ? [] : [{ type: "summary_text" as const, text: part.text }]
  const last = items.at(-1)
  if (last !== undefined && last.type === "reasoning" && last.id === itemId) {
    last.summary.push(...summary)
    if (encryptedContent !== undefined) last.encrypted_content = encryptedContent
    return
  }
  const encrypted = encryptedContent === undefined ? undefined : { encrypted_content: encryptedContent }
  items.push({ type: "reasoning", id: itemId, summary, ...encrypted })
}

const pushCall = (
  items: Array<Item>,
  part: Prompt.ToolCallPart,
  id: string | undefined,
  { key, stored }: Conversation,
  customCalls: Set<string>,
): void => {
  const { fields, itemId } = optionsOf(part, key)
  if (part.providerExecuted) {
    // Calls of the provider's own tools are kept as they came.
    const item = record(field(fields, "item"))
    if (item !== undefined) items.push(item as unknown as Item)
    else if (stored && itemId !== undefined) items.push({ type: "item_reference", id: itemId })
    return
  }
  const known = id === undefined ? undefined : { id }
  if (field(fields, "custom") === true && typeof part.params === "string") {
    customCalls.add(part.id)
    items.push({
      type: "custom_tool_call",
      call_id: part.id,
      name: part.name,
      input: part.params,
      ...known,
    })
    return
  }
  const text = functionArguments(part.params)
  items.push({ type: "function_call", call_id: part.id, name: part.name, arguments: text, ...known })
}

const pushImage = (
  items: Array<Item>,
  part: Prompt.FilePart,
  itemId: string | undefined,
  at: number,
  { refusals, stored }: Conversation,
): void => {
  const media = mediaOf(part, undefined)
  if (itemId !== undefined && stored) items.push({ type: "item_reference", id: itemId })
  else if (itemId !== undefined && media._tag === "Inline") {
    items.push({ type: "image_generation_call", id: itemId, status: "completed", result: media.base64 })
  } else {
    const option = `prompt[${at}].file.${part.mediaType}`
    refusals.option(option, "OpenAI takes back only files that it made; put this one into a user message")
  }
}

const toolItems = (
  message: Prompt.ToolMessage,
  at: number,
  conversation: Conversation,
  customCalls: ReadonlySet<string>,
): Array<Item> =>
  message.content.flatMap((part): Array<Item> => {
    if (part.type !== "tool-result") return []
    const output = resultOutput(part, at, conversation)
    return customCalls.has(part.id)
      ? [{ type: "custom_tool_call_output", call_id: part.id, output }]
      : [{ type: "function_call_output", call_id: part.id, output }]
  })

const resultOutput = (part: Prompt.ToolResultPart, at: number, conversation: Conversation): string | Array<Content> => {
  const { breakpoint } = optionsOf(part, conversation.key)
  const output = part.modelOutput
  if (output !== undefined && output.length > 0) {
    return output.map((content, position) =>
      inputContent(content, at, position, conversation, position === output.length - 1 ? breakpoint : undefined),
    )
  }
  return breakpoint === undefined
    ? resultText(part)
    : [marked({ type: "input_text", text: resultText(part) }, breakpoint)]
}
