/**
 * Thoughts in the history of a conversation.
 *
 * Sources: https://platform.claude.com/docs/en/build-with-claude/extended-thinking and
 * https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking.
 */
import type { Anthropic } from "@anthropic-ai/sdk"

import { familyOf } from "../family.ts"
import { type Settings } from "../settings.ts"
import { continues } from "./assistant.ts"
import { add, type Turn } from "./turns.ts"

type Block = Anthropic.ContentBlockParam

/**
 * How the request thinks: on a budget (`enabled`), as the model likes (`adaptive`), not at all (`off`), with a model that
 * knows no thoughts (`never`), or as is not known (`unknown`), because the model decides by default.
 */
export type Thinking = "enabled" | "adaptive" | "off" | "never" | "unknown"

/** How a request thinks by its settings. */
export const thinkingFor = (model: string, { thinking }: Settings): Thinking => {
  const family = familyOf(model)
  if (family?.thinking === "none") return "never"
  switch (thinking?.mode) {
    case "enabled":
    case "adaptive":
      return thinking.mode
    case "disabled":
      return "off"
    case undefined:
      // Models that think on a budget do so only when they are asked to.
      return family?.thinking === "budget" || family?.thinking === "budget or adaptive" ? "off" : "unknown"
    default:
      return "unknown"
  }
}

const isThought = ({ type }: Block): boolean => type === "thinking" || type === "redacted_thinking"

/** Where the turn begins that the request goes on with: after the last message of the user's own. */
const currentTurn = (turns: ReadonlyArray<Turn>): number =>
  turns.findLastIndex(({ content, role }) => role === "user" && !content.some(({ type }) => type === "tool_result")) + 1

/**
 * Whether a tool loop goes on that began without thinking, such as with a call that another model made. With a budget
 * the API wants a turn to begin with a thought, and cannot switch between the modes within one. Where it does not refuse
 * the request, it does without thinking by itself.
 */
export const goesOnUnthinking = (turns: ReadonlyArray<Turn>, thinking: Thinking): boolean => {
  if (thinking !== "enabled") return false
  const first = turns.slice(currentTurn(turns)).find(({ role }) => role === "assistant")?.content[0]
  return first !== undefined && turns.at(-1)?.role === "user" && !isThought(first)
}

/**
 * The turns without the thoughts that the API refuses: those at the end of a message, which led to nothing because the
 * answer was cut, and all in a turn that goes on without thinking.
 */
export const withoutIdleThoughts = (turns: ReadonlyArray<Turn>, thinking: Thinking): ReadonlyArray<Turn> => {
  const current = currentTurn(turns)
  const kept: Array<Turn> = []
  for (const [index, turn] of turns.entries()) {
    const unthinking = thinking === "never" || (thinking === "off" && index >= current)
    const content = turn.role === "assistant" ? thoughtsOf(turn.content, unthinking, thinking) : turn.content
    add(kept, { ...turn, content })
  }
  return kept
}

const thoughtsOf = (content: Array<Block>, unthinking: boolean, thinking: Thinking): Array<Block> => {
  const [first] = content
  // With a budget a message that has thoughts begins with one; what another model began has none that could be kept.
  const late = thinking === "enabled" && first !== undefined && !isThought(first)
  if (unthinking || late) return content.filter((block) => !isThought(block))
  // In the use of Anthropic's own tools the model goes on from there.
  if (continues(content)) return content
  return content.slice(0, content.findLastIndex((block) => !isThought(block)) + 1)
}
