/**
 * Messages in the order of roles that Mistral takes.
 *
 * Source: the errors "Unexpected role 'user' after role 'tool'" and "Expected last role User or Tool (or Assistant with
 * prefix True)", code 3230, and the validator of https://github.com/mistralai/mistral-common.
 */
import type { OpenAI } from "openai"

type Message = OpenAI.Chat.ChatCompletionMessageParam

/** What stands between the results of calls and what the user says next. An empty message would not do everywhere. */
const bridge: Message = { role: "assistant", content: "OK." }

/** The system messages first, the model's word after results, and a beginning of an answer marked as one. */
export const inStrictRoles = (messages: ReadonlyArray<Message>): Array<Message> => {
  const others = messages.filter(({ role }) => role !== "system")
  const ordered = others.flatMap((message, at) =>
    message.role === "user" && others[at - 1]?.role === "tool" ? [bridge, message] : [message],
  )
  return [...messages.filter(({ role }) => role === "system"), ...joined(ordered)].map((message, at, all) =>
    at === all.length - 1 && message.role === "assistant" ? prefix(message) : message,
  )
}

/** Two texts of the model's in a row are one. */
const joined = (messages: ReadonlyArray<Message>): Array<Message> => {
  const out: Array<Message> = []
  for (const message of messages) {
    const last = out.at(-1)
    if (
      last?.role === "assistant" &&
      message.role === "assistant" &&
      typeof last.content === "string" &&
      last.tool_calls === undefined
    ) {
      out[out.length - 1] = { ...message, content: `${last.content}${textOf(message)}` }
    } else out.push(message)
  }
  return out
}

const textOf = ({ content }: OpenAI.Chat.ChatCompletionAssistantMessageParam): string =>
  typeof content === "string" ? content : ""

const prefix = (message: Message): Message => Object.assign({ ...message }, { prefix: true })
