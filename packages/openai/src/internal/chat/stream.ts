/**
 * From the chunks of a chat completion to the parts of `effect/ai`.
 */

import { isTooDeep } from "@holdfast/core/provider/Bounds"
import { Ending } from "@holdfast/core/provider/Ending"
import { type EventReader, type Part } from "@holdfast/core/provider/EventReader"
import { count, field, index, type Json, list, params, record, text, textOrEmpty } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { laterReport, saysSomething, withoutEmptyTotals } from "@holdfast/core/provider/TokenCounts"
import { Result } from "effect"
import { type AiError } from "effect/ai"

import { fromErrorObject } from "../failure.ts"
import {
  argumentsOf,
  callsOf,
  contentOf,
  errorOf,
  finishOf,
  finishPart,
  isStop,
  pushExtras,
  reasoningMetadata,
  responseMetadata,
  toolCallPart,
  usageOf,
} from "./parts.ts"
import { type AnswerState } from "./state.ts"

interface Call {
  readonly id: string
  /** What the server calls it by. */
  readonly givenId: string | undefined
  /** It may come after the id, and after the first arguments. */
  name: string | undefined
  arguments: string
}

type Block = { readonly kind: "text" | "reasoning"; readonly id: string }

/**
 * Reads one stream.
 *
 * The answer is over when the stream is; see `Ending`. What follows its `finish_reason` is mostly usage, so that a stream
 * that breaks after it has lost nothing but its bill.
 *
 * Of several choices one is read: texts of two answers do not mix.
 */
export class ChatReader implements EventReader {
  readonly state: AnswerState
  private readonly ending = new Ending()
  /** Calls in the order in which they began, and the newest one of each index. */
  private readonly calls: Array<Call> = []
  private readonly callAt = new Map<number, Call>()
  private readonly details: Array<unknown> = []
  private block: Block | undefined
  private blocks = 0
  private began = false
  /** The index of the choice that is read. */
  private choice: number | undefined
  private finish: string | undefined
  private usage: Json | undefined
  /** The chunk that came last: service tier and the like are on all of them. */
  private last: unknown
  private finished = false
  /** Set as soon as there are too many calls. */
  private excess: AiError.AiError | undefined

  constructor(state: AnswerState) {
    this.state = state
  }

  isComplete(): boolean {
    return this.ending.isComplete
  }

  grace(): number | undefined {
    return this.ending.grace
  }

  read(chunk: unknown, out: Array<Part>): AiError.AiError | undefined {
    if (record(chunk) === undefined) return malformed(this.state.origin, "a chunk is not a JSON object", true)
    if (this.finished) return undefined
    if (isTooDeep(chunk)) return malformed(this.state.origin, "a chunk is nested too deeply", true)
    const error = errorOf(chunk, list(chunk, "choices")[0])
    if (error !== undefined) return fromErrorObject(this.state.origin, error, true)
    this.last = chunk
    this.begin(chunk, out)
    const usage = usageOf(chunk)
    this.usage = laterReport(this.usage, usage)
    return this.readChoice(this.choiceOf(chunk), saysSomething(usage), out)
  }

  end(out: Array<Part>): AiError.AiError | undefined {
    if (this.finished) return undefined
    if (this.finish !== undefined) return this.complete(out)
    const isNameless = this.calls.some(({ arguments: written, name }) => name === undefined && written !== "")
    return isNameless ? malformed(this.state.origin, "a tool call has no name", true) : undefined
  }

  private choiceOf(chunk: unknown): unknown {
    const choices = list(chunk, "choices")
    const choice = choices.find((one) => index(one, "index") === (this.choice ?? 0)) ?? choices[0]
    if (choice === undefined) return undefined
    // A server that gives one choice may number it as it likes.
    this.choice ??= this.state.hasChoices ? 0 : index(choice, "index")
    return index(choice, "index") === this.choice ? choice : undefined
  }

  // The first chunk may be one of content filters, with nothing in its `id` and `model`.
  private begin(chunk: unknown, out: Array<Part>): void {
    if (this.began || (text(chunk, "id") === undefined && text(chunk, "model") === undefined)) return
    this.began = true
    out.push(responseMetadata(chunk, this.state.origin))
  }

  private readChoice(choice: unknown, usage: boolean, out: Array<Part>): AiError.AiError | undefined {
    const delta = this.deltaOf(choice)
    const { reasoning, text: content } = contentOf(delta)
    const excess = this.readDetails(delta, out)
    if (excess !== undefined) return excess
    this.pushDelta("reasoning", reasoning, out)
    this.pushDelta("text", content, out)
    pushExtras(delta, this.state, out)
    const refusal = textOrEmpty(delta, "refusal")
    this.state.refusal += refusal
    const tooLong = this.state.bounds.gather("a refusal", refusal)
    if (tooLong !== undefined) return tooLong
    const calls = callsOf(delta)
    for (const [position, call] of calls.entries()) {
      const failure = this.readCall(call, position, out)
      if (failure !== undefined) return failure
    }
    const finish = finishOf(choice)
    const answers = content !== "" || refusal !== "" || calls.length > 0 || list(delta, "images").length > 0
    this.ending.observe({
      content: answers ? "answer" : reasoning === "" ? "none" : "reasoning",
      reason: finish === undefined ? "none" : isStop(finish) ? "stop" : "cut",
      usage,
    })
    this.finish = finish ?? this.finish
    return undefined
  }

  // A gateway that waits for the whole answer sends it as a message. One after pieces of it repeats them.
  private deltaOf(choice: unknown): unknown {
    const delta = field(choice, "delta")
    return record(delta) === undefined && !this.ending.isAnswered ? field(choice, "message") : delta
  }

  private readDetails(delta: unknown, out: Array<Part>): AiError.AiError | undefined {
    const details = list(delta, "reasoning_details")
    if (details.length === 0) return undefined
    for (const detail of details) this.details.push(detail)
    // Encrypted reasoning has no text of its own, but must come back.
    this.open("reasoning", out)
    return this.state.bounds.gather("the details of reasoning", JSON.stringify(details))
  }

  private open(kind: Block["kind"], out: Array<Part>): Block {
    if (this.block?.kind === kind) return this.block
    this.close(out)
    const block: Block = { kind, id: `${kind}-${this.blocks++}` }
    this.block = block
    out.push({ type: `${kind}-start`, id: block.id })
    return block
  }

  private close(out: Array<Part>): void {
    const { block } = this
    if (block === undefined) return
    this.block = undefined
    const metadata =
      block.kind === "reasoning" && this.details.length > 0
        ? { metadata: reasoningMetadata(this.details.splice(0), this.state) }
        : undefined
    out.push({ type: `${block.kind}-end`, id: block.id, ...metadata })
  }

  private pushDelta(kind: Block["kind"], delta: string, out: Array<Part>): void {
    if (delta === "") return
    const { id } = this.open(kind, out)
    out.push({ type: `${kind}-delta`, id, delta })
  }

  private readCall(delta: unknown, position: number, out: Array<Part>): AiError.AiError | undefined {
    const call = this.callOf(delta, count(delta, "index") ?? position)
    if (this.excess !== undefined) return this.excess
    const name = text(field(delta, "function"), "name")
    if (call.name === undefined && name !== undefined) {
      call.name = name
      this.close(out)
      out.push({ type: "tool-params-start", id: call.id, name, providerExecuted: false })
      this.pushArguments(call, call.arguments, out)
    }
    const piece = argumentsOf(delta)
    const tooLong = this.state.gatherArguments(call.name ?? "", piece)
    if (tooLong !== undefined) return tooLong
    call.arguments += piece
    this.pushArguments(call, piece, out)
    return undefined
  }

  private pushArguments(call: Call, delta: string, out: Array<Part>): void {
    if (delta !== "" && call.name !== undefined) out.push({ type: "tool-params-delta", id: call.id, delta })
  }

  private callOf(delta: unknown, at: number): Call {
    const known = this.callAt.get(at)
    const id = text(delta, "id")
    if (known !== undefined && !isAnother(known, { id, name: text(field(delta, "function"), "name"), delta }))
      return known
    const call: Call = { id: this.state.callId(id), givenId: id, name: undefined, arguments: "" }
    this.calls.push(call)
    this.excess ??= this.state.bounds.keep()
    this.callAt.set(at, call)
    return call
  }

  private complete(out: Array<Part>): AiError.AiError | undefined {
    this.finished = true
    this.close(out)
    for (const call of this.calls) {
      // What has neither a name nor arguments says nothing.
      if (call.name === undefined && call.arguments === "" && call.givenId === undefined) continue
      if (call.name !== undefined) out.push({ type: "tool-params-end", id: call.id })
      const part = toolCallPart(call, this.finish, this.state)
      if (Result.isFailure(part)) return part.failure
      if (part.success !== undefined) out.push(part.success)
    }
    const part = finishPart(this.finish, this.usage, this.last, this.state)
    if (Result.isFailure(part)) return part.failure
    const { success } = part
    out.push(this.ending.isAnswered ? { ...success, usage: withoutEmptyTotals(success.usage) } : success)
    return undefined
  }
}

interface Piece {
  readonly id: string | undefined
  readonly name: string | undefined
  readonly delta: unknown
}

// Some servers give every call the index 0, and only their ids or names tell them apart; some give two calls one id, and some
// give none, so that only a name after whole arguments begins another call.
const isAnother = (known: Call, { delta, id, name }: Piece): boolean => {
  if (name === undefined || known.name === undefined) return false
  if (id !== undefined && id !== known.givenId) return known.givenId !== undefined || known.arguments !== ""
  if (name !== known.name) return known.arguments !== ""
  return id === undefined && isWhole(known.arguments) && !["", known.arguments].includes(argumentsOf(delta))
}

const isWhole = (written: string): boolean =>
  written.endsWith("}") && Result.isSuccess(params(written)) && !/^\s*\{\s*\}$/.test(written)
