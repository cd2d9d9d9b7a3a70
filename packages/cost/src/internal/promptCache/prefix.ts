/**
 * The part of a prompt that stays the same from request to request: tools, what the system says, and examples.
 */

import { jsonOf, toolText } from "@holdfast/core/PromptTokens"
import { type Prompt, type Tool } from "effect/ai"
import * as Base64 from "effect/encoding/Base64"

/** How many messages it has: those of the system at the beginning, and so many examples after them. */
export const prefixLength = ({ content }: Prompt.Prompt, examples: number): number => {
  const first = content.findIndex(({ role }) => role !== "system")
  const system = first === -1 ? content.length : first
  return Math.min(system + examples, content.length)
}

/** Where two prefixes part: in the tools or in a message, after so many characters. */
export interface Difference {
  readonly in: "tools" | number
  readonly after: number
}

interface Prefix {
  readonly messages: ReadonlyArray<Prompt.Message>
  readonly tools: ReadonlyArray<Tool.Any>
}

export const firstDifference = (before: Prefix, after: Prefix): Difference | undefined => {
  const tools = differsAt(toolsText(before.tools), toolsText(after.tools))
  if (tools !== undefined) return { in: "tools", after: tools }
  const most = Math.max(before.messages.length, after.messages.length)
  for (let index = 0; index < most; index++) {
    const found = differsAt(messageText(before.messages[index]), messageText(after.messages[index]))
    if (found !== undefined) return { in: index, after: found }
  }
  return undefined
}

const differsAt = (one: string, other: string): number | undefined => {
  if (one === other) return undefined
  let index = 0
  while (index < one.length && one[index] === other[index]) index++
  return index
}

const toolsText = (tools: ReadonlyArray<Tool.Any>): string => tools.map(toolText).join("\n")

const messageText = (message: Prompt.Message | undefined): string => {
  if (message === undefined) return ""
  const { content, role } = message
  return `${typeof content === "string" ? content : content.map(partText).join("\n")}\n${role}`
}

const partText = (part: Exclude<Prompt.Message["content"], string>[number]): string => {
  if (part.type === "text" || part.type === "reasoning") return part.text
  if (part.type !== "file") return jsonOf(Object.entries(part).filter(([key]) => key !== "options"))
  const { data, mediaType } = part
  return `${mediaType} ${data instanceof Uint8Array ? Base64.encode(data) : String(data)}`
}
