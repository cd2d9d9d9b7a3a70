/**
 * From a prompt to the system blocks and messages of a request.
 */
import type { Anthropic } from "@anthropic-ai/sdk"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { transcript } from "@holdfast/core/provider/Transcript"
import { Predicate } from "effect"
import { type Prompt, type Tool } from "effect/ai"

import { familyOf } from "../family.ts"
import { assistantBlocks, continues, functionName, toolUseId } from "./assistant.ts"
import { marked } from "./cache.ts"
import { fileBlock } from "./media.ts"
import { optionsOf } from "./promptOptions.ts"
import { goesOnUnthinking, type Thinking, withoutIdleThoughts } from "./thinking.ts"
import { add, type Turn } from "./turns.ts"

type Block = Anthropic.ContentBlockParam
type Text = Anthropic.TextBlockParam
type CacheControl = Anthropic.CacheControlEphemeral | undefined

/** What all messages need to know. */
export interface Conversation {
  readonly model: string
  readonly tools: ReadonlyArray<Tool.Any>
  /** Whether the answer has a schema. */
  readonly structured: boolean
  readonly thinking: Thinking
  readonly refusals: Refusals
}

/** The parts of a request that a prompt becomes. */
export interface Messages {
  readonly system: Array<Text>
  readonly messages: Array<Anthropic.MessageParam>
  /** Whether a turn goes on that began without thinking, which takes no thinking then. */
  readonly unthinking: boolean
}

/**
 * All of a prompt. Messages of one role that follow each other become one, and the results of calls are the first of it
 * (https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use#handling-results-from-client-tools).
 */
export const messagesOf = (prompt: Prompt.Prompt, conversation: Conversation): Messages => {
  const { refusals } = conversation
  const said = transcript(prompt, { callId: toolUseId, name: functionName, refusals })
  const first = said.findIndex(({ message }) => message.role !== "system")
  const start = first === -1 ? said.length : first
  const system = said.slice(0, start).flatMap(({ message }) => systemBlocks(message as Prompt.SystemMessage))
  const all: Array<Turn> = []
  for (const { at, message } of said.slice(start))
    add(all, { at, role: roleOf(message), content: contentOf(message, at, conversation) })
  const unthinking = goesOnUnthinking(all, conversation.thinking)
  const turns = withoutIdleThoughts(all, unthinking ? "off" : conversation.thinking)
  refuseSystem(turns, conversation)
  refusePrefill(turns.at(-1), conversation)
  return {
    system,
    unthinking,
    messages: turns.map(({ content, role }) => ({ role, content }) as Anthropic.MessageParam),
  }
}

const roleOf = ({ role }: Prompt.Message): Turn["role"] => (role === "tool" ? "user" : role)

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
        tool_use_id: part.id,
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

const refusePrefill = (last: Turn | undefined, { model, refusals, structured, thinking }: Conversation): void => {
  if (last?.role !== "assistant" || continues(last.content)) return
  const option = `prompt[${last.at}].assistant`
  if (familyOf(model)?.prefill === false) {
    refusals.option(option, "the model cannot continue an answer that you began; end with a user's message")
  }
  if (structured) {
    refusals.option(option, "an answer that you began cannot be combined with a schema; end with a user's message")
  }
  if (thinking === "enabled" || thinking === "adaptive")
    refusals.option(option, "an answer that you began cannot be combined with thinking; leave one of them out")
  // The API refuses a beginning that ends in white space, which the model would generate anyway.
  const index = last.content.length - 1
  const block = last.content[index]
  if (block?.type === "text") last.content[index] = { ...block, text: block.text.trimEnd() }
}
