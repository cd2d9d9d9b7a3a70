import type { Anthropic } from "@anthropic-ai/sdk"

/** A message whose content is always a list, and where it began in the prompt. */
export interface Turn {
  readonly role: "user" | "assistant" | "system"
  readonly content: Array<Anthropic.ContentBlockParam>
  readonly at: number
}

/** Adds a turn to those before it. One of the same role becomes part of the last; one that says nothing is left out. */
export const add = (turns: Array<Turn>, turn: Turn): void => {
  const last = turns.at(-1)
  if (last?.role === turn.role) last.content.push(...turn.content)
  else if (turn.content.length > 0) turns.push({ ...turn, content: [...turn.content] })
}
