import { Result } from "effect"
import { Tool } from "effect/ai"

import { type Operation, type Options, type Part } from "../../Operation.ts"
import * as JsonSchemas from "../../provider/JsonSchemas.ts"
import { ofOptions } from "../../TokenEstimate.ts"
import { textTokens } from "../tokens/text.ts"

export const isContent = (part: Part<"chat">): boolean => {
  switch (part.type) {
    case "response-metadata":
    case "text-start":
    case "text-end":
    case "reasoning-start":
    case "reasoning-end":
    case "finish":
    case "error":
      return false
    case "text-delta":
    case "reasoning-delta":
    case "tool-params-delta":
      return part.delta.length > 0
    case "text":
    case "reasoning":
      return part.text.length > 0
    default:
      return true
  }
}

const sizeOf = (part: Part<"chat">): number => {
  switch (part.type) {
    case "text-delta":
    case "reasoning-delta":
    case "tool-params-delta":
      return part.delta.length
    // A stream has told the parameters of a call before.
    case "tool-call":
      return 0
    default:
      return "text" in part ? part.text.length : 0
  }
}

const weightOfPart = (part: Part<"chat">): number => {
  if ("delta" in part) return textTokens(part.delta).likely
  return part.type === "text" || part.type === "reasoning" ? textTokens(part.text).likely : 0
}

/** About how long a prompt is, in characters of text. Media count as nothing. */
const sizeOfRequest = ({ prompt }: Options<"chat">): number => {
  let size = 0
  for (const { content } of prompt.content) {
    if (typeof content === "string") size += content.length
    else for (const part of content) if ("text" in part) size += part.text.length
  }
  return size
}

const fingerprint = (options: Options<"chat">): unknown => ({
  prompt: options.prompt.content,
  tools: options.tools.map(toolOf),
  toolChoice: options.toolChoice,
  format:
    options.responseFormat.type === "text"
      ? undefined
      : {
          name: options.responseFormat.objectName,
          schema: Result.getOrThrow(JsonSchemas.ofSchema(options.responseFormat.schema)),
        },
  previous: options.previousResponseId,
})

const toolOf = (tool: Tool.Any): unknown =>
  Tool.isProviderDefined(tool)
    ? { id: tool.id, args: tool.args }
    : { name: tool.name, description: tool.description, parameters: Result.getOrThrow(JsonSchemas.ofTool(tool)) }

/** What a chat asks and answers. */
export const chat: Operation<"chat"> = {
  name: "chat",
  isContent,
  usageOf: (part) => (part.type === "finish" ? part.usage : undefined),
  sizeOf,
  weightOf: weightOfPart,
  estimate: ofOptions,
  sizeOfRequest,
  fingerprint,
}
