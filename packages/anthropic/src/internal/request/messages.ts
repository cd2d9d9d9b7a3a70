/**
 * From a prompt to the system blocks and messages of a request.
 */
import type { Anthropic } from "@anthropic-ai/sdk"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { Predicate } from "effect"
import { type Prompt, type Tool } from "effect/ai"

import { familyOf } from "../family.ts"
import { assistantBlocks, continues, toolUseId } from "./assistant.ts"
import { marked } from "./cache.ts"
import { fileBlock } from "./media.ts"
import { optionsOf } from "./promptOptions.ts"

type Block = Anthropic.ContentBlockParam
type Text = Anthropic.TextBlockParam
type CacheControl = Anthropic.CacheControlEphemeral | undefined

/** What all messages need to know. */
export interface Conversation {
  readonly model: string
  readonly tools: ReadonlyArray<Tool.Any>
  /** Whether the answer has a schema. */
  readonly structured: boolean
  /** Whether the settings ask for thinking. */
  readonly thinks: boolean
  readonly refusals: Refusals
}

/** A message whose content is always a list, and where it began in the prompt. */
interface Turn {
  readonly role: "user" | "assistant" | "system"
  readonly content: Array<Block>
  readonly at: number
}

/** The parts of a request that a prompt becomes. */
export interface Messages {
  readonly system: Array<Text>
  readonly messages: Array<Anthropic.MessageParam>
}

/** All of a prompt. Messages of one role that follow each other become one. */
export const messagesOf = (prompt: Prompt.Prompt, conversation: Conversation): Messages => {
  const first = prompt.content.findIndex(({ role }) => role !== "system")
  const start = first === -1 ? prompt.content.length : first
  const system = prompt.content.slice(0, start).flatMap((message) => systemBlocks(message as Prompt.SystemMessage))
  const turns: Array<Turn> = []
  prompt.content.slice(start).forEach((message, position) => {
    const at = start + position
    const role = message.role === "tool" ? "user" : message.role
    const content = contentOf(message, at, conversation)
    const last = turns.at(-1)
    if (last?.role === role) last.content.push(...content)
    else if (content.length > 0) turns.push({ role, content, at })
  })
  refuseSystem(turns, conversation)
  refusePrefill(turns.at(-1), conversation)
  return { system, messages: turns.map(({ content, role }) => ({ role, content }) as Anthropic.MessageParam) }
}

const contentOf = (message: Prompt.Message, at: number, conversation: Conversation): Array<Block> => {
  switch (message.role) {
    case "system":
      return systemBlocks(message)
    case "user":
      return ending(
        message.content.flatMap((part) => userBlock(part, at, conversation)),
        optionsOf(message).cacheControl,
      )
    case "assistant":
      return ending(assistantBlocks(message, at, conversation), optionsOf(message).cacheControl)
    default:
      return ending(toolBlocks(message, at, conversation), optionsOf(message).cacheControl)
  }
}

// The API refuses blocks without a text, and nothing is lost with them.
const isBlank = (text: string): boolean => text.trim() === ""

const systemBlocks = (message: Prompt.SystemMessage): Array<Text> =>
  isBlank(message.content) ? [] : [{ type: "text", text: message.content, ...marked(optionsOf(message).cacheControl) }]

const userBlock = (
  part: Prompt.TextPart | Prompt.FilePart,
  at: number,
  { refusals, structured }: Conversation,
): Array<Text | NonNullable<ReturnType<typeof fileBlock>>> => {
  if (part.type === "text") {
    return isBlank(part.text) ? [] : [{ type: "text", text: part.text, ...marked(optionsOf(part).cacheControl) }]
  }
  const block = fileBlock(part, { at, structured, refusals })
  return block === undefined ? [] : [block]
}

const toolBlocks = (message: Prompt.ToolMessage, at: number, conversation: Conversation): Array<Block> =>
  message.content.flatMap((part): Array<Block> => {
    if (part.type !== "tool-result") return []
    const content = resultContent(part, at, conversation)
    return [
      {
        type: "tool_result",
        tool_use_id: toolUseId(part.id),
        ...(content === undefined ? undefined : { content }),
        ...(part.isFailure ? { is_error: true } : undefined),
        ...marked(optionsOf(part).cacheControl),
      },
    ]
  })

const resultContent = (
  part: Prompt.ToolResultPart,
  at: number,
  conversation: Conversation,
): Anthropic.ToolResultBlockParam["content"] | undefined => {
  if (part.modelOutput !== undefined && part.modelOutput.length > 0) {
    return part.modelOutput.flatMap((output) =>
      userBlock(output, at, conversation).filter((block) => block.type !== "container_upload"),
    )
  }
  const text = resultText(part)
  return isBlank(text) ? undefined : text
}

// The API has its own mark for failures, so the text need not say that it is one.
const resultText = ({ result }: Prompt.ToolResultPart): string =>
  Predicate.isString(result) ? result : (JSON.stringify(result) ?? "null")

// Thoughts cannot be the end of a cached prefix.
const cacheable = (block: Block): boolean => block.type !== "thinking" && block.type !== "redacted_thinking"

/** Makes the last block that can be one a breakpoint. Its own wins. */
const ending = (blocks: Array<Block>, control: CacheControl): Array<Block> => {
  const last = blocks.findLastIndex(cacheable)
  if (control === undefined || last === -1) return blocks
  return blocks.map((block, index) =>
    index === last && !("cache_control" in block) ? ({ ...block, cache_control: control } as Block) : block,
  )
}

const refuseSystem = (turns: ReadonlyArray<Turn>, { model, refusals }: Conversation): void => {
  turns.forEach((turn, index) => {
    if (turn.role !== "system") return
    const option = `prompt[${turn.at}].system`
    if (familyOf(model)?.systemInHistory === false) {
      refusals.option(option, "the model takes system messages only at the beginning; move it there")
    }
    const before = turns[index - 1]
    const after = turns[index + 1]
    const follows = before?.role === "user" || (before?.role === "assistant" && continues(before.content))
    if (!follows || (after !== undefined && after.role !== "assistant")) {
      refusals.option(
        option,
        "a system message in a conversation must come right after a user's message or tool results, and before the answer to them",
      )
    }
  })
}

const refusePrefill = (last: Turn | undefined, { model, refusals, structured, thinks }: Conversation): void => {
  if (last?.role !== "assistant" || continues(last.content)) return
  const option = `prompt[${last.at}].assistant`
  if (familyOf(model)?.prefill === false) {
    refusals.option(option, "the model does not go on with a beginning of its answer; end with a user's message")
  }
  if (structured) {
    refusals.option(option, "a beginning of the answer does not go with a schema; end with a user's message")
  }
  if (thinks) refusals.option(option, "a beginning of the answer does not go with thinking; leave one of them out")
  // The API refuses a beginning that ends in white space, which the model would generate anyway.
  const index = last.content.length - 1
  const block = last.content[index]
  if (block?.type === "text") last.content[index] = { ...block, text: block.text.trimEnd() }
}
