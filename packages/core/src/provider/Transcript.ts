/**
 * The messages of a prompt in the order that every vendor wants: each call of a tool with its result right after it.
 *
 * A conversation may come from another provider, from a stream that was cut, or from a store that left something out.
 * What a vendor refuses in its shape is put right here, before any vendor's own form is made of it.
 *
 * @since 0.1.0
 */
import { Prompt } from "effect/ai"

import { type Message } from "./PromptOptions.ts"
import { type Refusals } from "./Refusals.ts"

/**
 * A message, and its place in the prompt as the caller wrote it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Turn {
  readonly at: number
  readonly message: Message
}

/**
 * What a vendor wants of calls and results.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The id by which the vendor takes a call: the same for the same id. */
  readonly callId: (id: string) => string
  /** The name by which the vendor takes a function; as it is if left out. */
  readonly name?: ((name: string) => string) | undefined
  /** Whether the vendor has earlier messages itself, so that calls of results may be there. */
  readonly continued?: boolean | undefined
  readonly refusals: Refusals
}

interface Call {
  readonly at: number
  readonly id: string
  readonly name: string
  /** The id that is sent. */
  readonly sent: string
  answer: { readonly part: Prompt.ToolResultPart; readonly at: number } | undefined
}

/**
 * The messages of a prompt, with calls and results in pairs.
 *
 * **Details**
 *
 * - The results of a message's calls follow it at once, in one message, in the order of the calls, wherever they were.
 * - A call that has no result gets a failure that says so, unless the prompt ends with it. A second result for one call
 *   takes the place of the first.
 * - No two calls have one id: where servers count from zero in each answer, the later ones get another.
 * - A result without a call before it is refused, because no vendor takes it.
 * - Calls of a vendor's own tools are left alone.
 *
 * @since 0.1.0
 * @category conversions
 */
export const transcript = (prompt: Prompt.Prompt, options: Options): ReadonlyArray<Turn> => {
  // By the message, because one part may stand in a prompt twice.
  const calls = new Map<number, Array<Call>>()
  const orphans = answered(prompt, calls, options)
  return prompt.content.flatMap((message, at): ReadonlyArray<Turn> => {
    if (message.role === "assistant") return assistantTurns(message, at, calls.get(at) ?? [], prompt, options)
    if (message.role !== "tool") return [{ at, message }]
    const content = message.content.filter((part) => part.type !== "tool-result" || orphans.has(part))
    if (!content.some((part) => part.type === "tool-result")) return []
    return [
      {
        at,
        message: Prompt.makeMessage("tool", {
          content: content.map((part) => renamed(part, options)),
          options: message.options,
        }),
      },
    ]
  })
}

/** Finds the result of each call. What is left over are results without a call. */
const answered = (
  prompt: Prompt.Prompt,
  calls: Map<number, Array<Call>>,
  options: Options,
): ReadonlySet<Prompt.ToolMessagePart> => {
  const orphans = new Set<Prompt.ToolMessagePart>()
  const byId = new Map<string, Array<Call>>()
  const taken = new Set<string>()
  for (const [at, message] of prompt.content.entries()) {
    if (message.role !== "assistant" && message.role !== "tool") continue
    for (const part of message.content) {
      if (part.type === "tool-call" && !part.providerExecuted) {
        const call: Call = {
          at,
          id: part.id,
          name: part.name,
          sent: freeId(part.id, taken, options),
          answer: undefined,
        }
        append(calls, at, call)
        append(byId, part.id, call)
      } else if (message.role === "tool" && part.type === "tool-result") {
        const call = callFor(part, byId.get(part.id) ?? [])
        if (call !== undefined) call.answer = { part, at }
        else if (options.continued === true) orphans.add(part)
        else options.refusals.option(`prompt[${at}].tool-result.${part.id}`, orphan)
      }
    }
  }
  return orphans
}

const append = <Key>(lists: Map<Key, Array<Call>>, key: Key, call: Call): void => {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [call])
  else list.push(call)
}

const orphan = "no call before it has this id; leave it out, or keep the message with the call"

const freeId = (id: string, taken: Set<string>, { callId }: Options): string => {
  for (let count = 1; ; count++) {
    const free = callId(count === 1 && id !== "" ? id : `${id === "" ? "call" : id}_${count}`)
    if (taken.has(free)) continue
    taken.add(free)
    return free
  }
}

/** Of the calls with the id of a result that of the last message which waits for one; else the one that has it already. */
const callFor = (result: Prompt.ToolResultPart, calls: ReadonlyArray<Call>): Call | undefined => {
  const waiting = calls.filter(({ answer }) => answer === undefined)
  const last = waiting.at(-1)
  if (last === undefined) return calls.findLast(({ name }) => name === result.name) ?? calls.at(-1)
  const together = waiting.filter(({ at }) => at === last.at)
  return together.find(({ name }) => name === result.name) ?? together[0]
}

const assistantTurns = (
  message: Prompt.AssistantMessage,
  at: number,
  calls: ReadonlyArray<Call>,
  prompt: Prompt.Prompt,
  options: Options,
): ReadonlyArray<Turn> => {
  if (calls.length === 0) return [{ at, message }]
  const own = calls.values()
  const content = message.content.map((part) => {
    if (part.type !== "tool-call" || part.providerExecuted) return part
    const call = own.next().value
    return call === undefined ? part : named(part, call, options)
  })
  const called = { at, message: Prompt.makeMessage("assistant", { content, options: message.options }) }
  // Nothing is known of calls that the prompt ends with; the vendor says what it wants.
  const pending = at === prompt.content.length - 1 && calls.every(({ answer }) => answer === undefined)
  return pending ? [called] : [called, resultsOf(calls, at, prompt, options)]
}

const resultsOf = (calls: ReadonlyArray<Call>, at: number, prompt: Prompt.Prompt, options: Options): Turn => {
  const content = calls.map((call) => named(call.answer?.part ?? missing(call), call, options))
  const from = calls.findLast(({ answer }) => answer !== undefined)?.answer?.at ?? at
  return {
    at: from,
    message: Prompt.makeMessage("tool", { content, options: from === at ? {} : (prompt.content[from]?.options ?? {}) }),
  }
}

const missing = ({ id, name }: Call): Prompt.ToolResultPart =>
  Prompt.makePart("tool-result", { id, name, isFailure: true, result: noResult, providerExecuted: false })

/** What stands for a result that is not known. */
const noResult = "There is no result: the call was broken off before it had one."

const named = <P extends Prompt.ToolCallPart | Prompt.ToolResultPart>(part: P, call: Call, options: Options): P => {
  const name = options.name?.(part.name) ?? part.name
  return part.id === call.sent && part.name === name ? part : Object.assign({}, part, { id: call.sent, name })
}

const renamed = (part: Prompt.ToolMessagePart, { callId, name }: Options): Prompt.ToolMessagePart =>
  part.type === "tool-result"
    ? Object.assign({}, part, { id: callId(part.id), name: name?.(part.name) ?? part.name })
    : part
