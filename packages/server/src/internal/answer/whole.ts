/** A whole answer, from its events. */
import { Effect } from "effect"

import { ChatError } from "../../ChatError.ts"
import { type Answer, type Event, type Source, type File, type ToolCall, type ToolResult } from "../../ChatProtocol.ts"
import * as own from "../error/own.ts"
import { type Following } from "./registry.ts"

/** Reads an answer to its end. An `error` at the end is a failure. */
export const wholeAnswer = ({ answerId, reader }: Following): Effect.Effect<Answer, ChatError> => {
  const whole = new Whole(answerId)
  const next: Effect.Effect<Answer, ChatError> = Effect.suspend(() => {
    const entries = reader.take(Number.POSITIVE_INFINITY)
    for (const { event } of entries) whole.add(event)
    if (whole.result !== undefined) return whole.result
    return reader.done ? Effect.fail(new ChatError(own.answerLost)) : Effect.flatMap(reader.more, () => next)
  })
  return next
}

class Whole {
  result: Effect.Effect<Answer, ChatError> | undefined
  private readonly answerId: string
  private chatId: string | undefined
  private readonly texts: Array<string> = []
  private readonly reasoning: Array<string> = []
  private readonly calls: Array<typeof ToolCall.Type> = []
  private readonly results = new Map<string, typeof ToolResult.Type>()
  private readonly sources: Array<typeof Source.Type> = []
  private readonly files: Array<typeof File.Type> = []

  constructor(answerId: string) {
    this.answerId = answerId
  }

  add(event: Event): void {
    switch (event.type) {
      case "start":
        this.chatId = event.chatId
        return
      case "token":
        this.texts.push(event.text)
        return
      case "reasoning":
        this.reasoning.push(event.text)
        return
      case "tool-call":
        this.calls.push(event)
        return
      case "tool-result":
        this.results.set(event.id, event)
        return
      case "source":
        this.sources.push(event)
        return
      case "file":
        this.files.push(event)
        return
      case "error":
        this.result = Effect.fail(new ChatError(event.error))
        return
      case "done": {
        const { type: _, ...end } = event
        this.result = Effect.succeed({ ...this.content(), ...end })
        return
      }
      default:
    }
  }

  private content() {
    return {
      answerId: this.answerId,
      ...(this.chatId !== undefined && { chatId: this.chatId }),
      text: this.texts.join(""),
      ...(this.reasoning.length > 0 && { reasoning: this.reasoning.join("") }),
      toolCalls: this.calls.map((call) => {
        const result = this.results.get(call.id)
        return result === undefined ? call : { ...call, result }
      }),
      sources: this.sources,
      files: this.files,
    }
  }
}
