/**
 * From what the model said before to the blocks that go back to it.
 */
import type { Anthropic } from "@anthropic-ai/sdk"
import { record } from "@holdfast/core/provider/Json"
import { type Refusals } from "@holdfast/core/provider/Refusals"
import { Predicate } from "effect"
import { type Prompt, Tool } from "effect/ai"

import { marked } from "./cache.ts"
import { optionsOf } from "./promptOptions.ts"

type Block = Anthropic.ContentBlockParam

/** What these blocks need to know of the request. */
export interface AssistantContext {
  readonly tools: ReadonlyArray<Tool.Any>
  readonly refusals: Refusals
}

/**
 * The blocks of one message of the model's.
 *
 * Thoughts without a signature and calls of tools that another provider ran mean nothing to Claude, and are left out.
 */
export const assistantBlocks = (
  message: Prompt.AssistantMessage,
  at: number,
  context: AssistantContext,
): Array<Block> =>
  callsLast(
    message.content.flatMap((part): Array<Block> => {
      switch (part.type) {
        case "text":
          return textBlock(part)
        case "reasoning":
          return reasoningBlock(part)
        case "tool-call":
          return part.providerExecuted ? kept(part) : [toolUse(part, context.tools)]
        case "tool-result":
          return kept(part)
        case "file":
          context.refusals.option(
            `prompt[${at}].file.${part.mediaType}`,
            "Claude takes no files in its own messages; put this one into a user message",
          )
          return []
        default:
          // Approvals are settled by `effect/ai`.
          return []
      }
    }),
  )

// The results have to follow the calls at once. Other models write a text after them.
const callsLast = (blocks: Array<Block>): Array<Block> => {
  const isCall = ({ type }: Block): boolean => type === "tool_use"
  const first = blocks.findIndex(isCall)
  if (first === -1 || blocks.slice(first).every(isCall)) return blocks
  return [...blocks.filter((block) => !isCall(block)), ...blocks.filter(isCall)]
}

/** Whether the model was interrupted in the use of Anthropic's own tools, so that it goes on from there. */
export const continues = (blocks: ReadonlyArray<Block>): boolean => {
  const type = blocks.findLast((block) => block.type !== "thinking" && block.type !== "redacted_thinking")?.type
  return type !== undefined && type !== "tool_result" && (type === "server_tool_use" || type.endsWith("_tool_result"))
}

const textBlock = (part: Prompt.TextPart): Array<Block> => {
  if (part.text.trim() === "") return []
  const { cacheControl, citations } = optionsOf(part)
  const cited = citations.length === 0 ? undefined : { citations: citations.map(citationParam) }
  return [{ type: "text", text: part.text, ...cited, ...marked(cacheControl) }]
}

// What comes with a citation and must not go back with it.
const citationParam = (citation: unknown): Anthropic.TextCitationParam => {
  const { file_id: _, ...rest } = record(citation) ?? {}
  return rest as unknown as Anthropic.TextCitationParam
}

const reasoningBlock = (part: Prompt.ReasoningPart): Array<Block> => {
  const { redactedData, signature } = optionsOf(part)
  if (redactedData !== undefined) return [{ type: "redacted_thinking", data: redactedData }]
  if (signature !== undefined) return [{ type: "thinking", thinking: part.text, signature }]
  return kept(part)
}

/** A block that goes back as it came. */
const kept = (part: Prompt.ReasoningPart | Prompt.ToolCallPart | Prompt.ToolResultPart): Array<Block> => {
  const { block, cacheControl } = optionsOf(part)
  return block === undefined ? [] : [{ ...block, ...marked(cacheControl) } as unknown as Block]
}

const toolUse = (part: Prompt.ToolCallPart, tools: ReadonlyArray<Tool.Any>): Anthropic.ToolUseBlockParam => {
  const { cacheControl, caller, toolName } = optionsOf(part)
  const tool = tools.find(({ name }) => name === part.name)
  const name = toolName ?? (tool !== undefined && Tool.isProviderDefined(tool) ? tool.providerName : part.name)
  return {
    type: "tool_use",
    id: part.id,
    name,
    input: input(part.params),
    ...(caller === undefined ? undefined : { caller: caller as unknown as Anthropic.DirectCaller }),
    ...marked(cacheControl),
  }
}

// Other providers' calls can have other arguments than objects.
const input = (params: unknown): unknown => {
  if (Predicate.isReadonlyObject(params)) return params
  return params === undefined || params === null ? {} : { value: params }
}

/** An id of a call as the API takes it: `^[a-zA-Z0-9_-]+$`. Other providers allow more. */
export const toolUseId = (id: string): string => id.replace(/[^\w-]/g, "_")

/** The name of a function as the API takes it: `^[a-zA-Z0-9_-]{1,128}$`. Others allow dots and colons. */
export const functionName = (name: string): string => name.replace(/[^\w-]/g, "_").slice(0, 128)
