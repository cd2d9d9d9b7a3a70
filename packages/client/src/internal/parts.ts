/** From events to the parts of a message, and from messages to a request. */
import { type ChatEvent, type RequestMessage } from "../ChatEvent.ts"
import { type Message, type Part, type TextPart, type ToolPart } from "../Message.ts"

/** Changes the list, and no part in it. */
export const addTo = (parts: Array<Part>, event: ChatEvent): void => {
  const { type } = event
  if (type === "start" || type === "done" || (type === "data" && event.transient)) return
  let part = event as Part
  let known: Part | undefined
  if (type === "token" || type === "reasoning") {
    const { block, text } = event
    const kind = type === "token" ? "text" : type
    const last = parts.at(-1) as TextPart | undefined
    const before = last?.type === kind && last.block === block ? last : undefined
    known = before
    part = { type: kind, text: (before?.text ?? "") + text, block }
  } else if (type === "data") {
    const { id, name } = event
    known = parts.find((each) => id && each.type === type && each.id === id && each.name === name)
  } else if (type.startsWith("tool")) {
    const { delta = "", toolCallId, id = toolCallId } = event as { delta?: string; id?: string; toolCallId?: string }
    const state = type.slice(5)
    let before = parts.findLast((each) => each.type === "tool" && each.id === id) as ToolPart | undefined
    // Some providers count their calls anew with each step.
    if (before?.state === "result" && state !== "result") before = undefined
    known = before
    part = { ...before, ...event, type: "tool", id, inputText: (before?.inputText ?? "") + delta, state } as ToolPart
  }
  parts[known ? parts.lastIndexOf(known) : parts.length] = part
}

/** What a model has to know of a conversation: texts, files of people, and calls of tools with their results. */
export const requestOf = (messages: ReadonlyArray<Message>): ReadonlyArray<RequestMessage> =>
  messages.flatMap<RequestMessage>(({ parts, role }) => {
    if (role === "user") return [{ role, content: parts }]
    const said: Array<{ readonly role: RequestMessage["role"]; readonly content: Array<object> }> = []
    const say = (speaker: RequestMessage["role"], part: object) => {
      if (said.at(-1)?.role !== speaker) said.push({ role: speaker, content: [] })
      said.at(-1)!.content.push(part)
    }
    for (const part of parts) {
      if (part.type === "text") say(role, part)
      // A call without a result is refused by providers.
      if (part.type === "tool" && part.state === "result") {
        const { failed, id, input, name, output, providerExecuted = false } = part
        say(role, { type: "tool-call", id, name, params: input, providerExecuted })
        const result = { type: "tool-result", id, name, result: output, isFailure: failed, providerExecuted }
        say(providerExecuted ? role : "tool", result)
      }
    }
    return said
  })
