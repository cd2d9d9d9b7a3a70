/**
 * What a request says, whichever provider's words it uses.
 */
import { field, list, text } from "@holdfast/core/provider/Json"
import { Predicate } from "effect"

import { type ChatDialectName } from "../emulator/dialect.ts"

/** One turn of a conversation. */
type Turn = readonly [role: string, text: string]

/** How one provider's requests are read. */
export interface Wire {
  readonly system: (body: unknown) => string
  /** Turns of the user and of the model, with their text. */
  readonly turns: (body: unknown) => ReadonlyArray<Turn>
  readonly tools: (body: unknown) => ReadonlyArray<string | undefined>
  /** `auto`, `none`, `required` or `tool:<name>`. */
  readonly toolChoice: (body: unknown) => string
  /** The schema that the answer must fit; `undefined` if none is sent. */
  readonly schema: (body: unknown) => unknown
}

/** The text in a string, or in the parts of a list. */
const textIn = (value: unknown, key: string): string =>
  text(value, key) ??
  list(value, key)
    .map((part) => text(part, "text") ?? "")
    .join("")

const turnsOf = (messages: ReadonlyArray<unknown>, content = "content"): ReadonlyArray<Turn> =>
  messages.flatMap((message): ReadonlyArray<Turn> => {
    const role = text(message, "role")
    if (role === "user") return [["user", textIn(message, content)]]
    return role === "assistant" || role === "model" ? [["assistant", textIn(message, content)]] : []
  })

const systemOf = (messages: ReadonlyArray<unknown>): string =>
  messages
    .filter((message) => /^(system|developer)$/.test(text(message, "role") ?? ""))
    .map((message) => textIn(message, "content"))
    .join("\n")

const nameOf = (tool: unknown): string | undefined => text(tool, "name") ?? text(field(tool, "function"), "name")

const openAiChoice = (body: unknown): string => {
  const choice = field(body, "tool_choice") ?? "auto"
  return Predicate.isString(choice) ? choice : `tool:${nameOf(choice)}`
}

const responses: Wire = {
  system: (body) => `${text(body, "instructions") ?? ""}${systemOf(list(body, "input"))}`,
  turns: (body) => turnsOf(list(body, "input")),
  tools: (body) => list(body, "tools").map(nameOf),
  toolChoice: openAiChoice,
  schema: (body) => field(field(field(body, "text"), "format"), "schema"),
}

const chat: Wire = {
  system: (body) => systemOf(list(body, "messages")),
  turns: (body) => turnsOf(list(body, "messages")),
  tools: (body) => list(body, "tools").map(nameOf),
  toolChoice: openAiChoice,
  schema: (body) => field(field(field(body, "response_format"), "json_schema"), "schema"),
}

const anthropic: Wire = {
  system: (body) => textIn(body, "system"),
  turns: (body) => turnsOf(list(body, "messages")),
  tools: (body) => list(body, "tools").map(nameOf),
  toolChoice: (body) => {
    const choice = field(body, "tool_choice")
    const type = text(choice, "type") ?? "auto"
    return type === "tool" ? `tool:${nameOf(choice)}` : type === "any" ? "required" : type
  },
  schema: (body) => field(field(field(body, "output_config"), "format"), "schema"),
}

const google: Wire = {
  system: (body) => textIn(field(body, "systemInstruction"), "parts"),
  turns: (body) => turnsOf(list(body, "contents"), "parts"),
  tools: (body) => list(body, "tools").flatMap((tool) => list(tool, "functionDeclarations").map(nameOf)),
  toolChoice: (body) => {
    const config = field(field(body, "toolConfig"), "functionCallingConfig")
    const mode = text(config, "mode") ?? "AUTO"
    const [only, ...others] = list(config, "allowedFunctionNames")
    if (mode === "ANY" && Predicate.isString(only) && others.length === 0) return `tool:${only}`
    return mode === "ANY" ? "required" : mode.toLowerCase()
  },
  schema: (body) => {
    const config = field(body, "generationConfig")
    return field(config, "responseJsonSchema") ?? field(config, "responseSchema")
  },
}

const readers: Readonly<Record<ChatDialectName, Wire>> = {
  "openai-responses": responses,
  "openai-chat": chat,
  anthropic,
  google,
}

/** The reader for a dialect. */
export const wireOf = (dialect: ChatDialectName): Wire => readers[dialect]
