/**
 * From the chunks of a chat completion to the parts of `effect/ai`.
 */

import { isTooDeep } from "@holdfast/core/provider/Bounds"
import { type EventReader, type Part } from "@holdfast/core/provider/EventReader"
import { count, field, list, record, text, textOrEmpty } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { Predicate, Result } from "effect"
import { type AiError } from "effect/ai"

import { fromErrorObject } from "../failure.ts"
import {
  argumentsOf,
  contentOf,
  finishOf,
  finishPart,
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
  readonly name: string
  arguments: string
}

type Block = { readonly kind: "text" | "reasoning"; readonly id: string }

/**
 * Reads one stream.
 *
 * The answer is complete with its `finish_reason`; what follows is at most usage. So a stream that breaks after it has
 * lost nothing but its bill.
 */
export class ChatReader implements EventReader {
  readonly state: AnswerState
  /** Calls in the order in which they began, and the newest one of each index. */
  private readonly calls: Array<Call> = []
  private readonly callAt = new Map<number, Call>()
  private readonly details: Array<unknown> = []
  private block: Block | undefined
  private blocks = 0
  private began = false
  private finish: string | undefined
  private usage: unknown
  /** The chunk that came last: service tier and the like are on all of them. */
  private last: unknown
  private finished = false
  /** Set as soon as there are too many calls. */
  private excess: AiError.AiError | undefined

  constructor(state: AnswerState) {
    this.state = state
  }

  isComplete(): boolean {
    return this.finish !== undefined
  }

  read(chunk: unknown, out: Array<Part>): AiError.AiError | undefined {
    if (record(chunk) === undefined) return malformed(this.state.origin, "a chunk is not a JSON object", true)
    if (this.finished) return undefined
    if (isTooDeep(chunk)) return malformed(this.state.origin, "a chunk is nested too deeply", true)
    const error = field(chunk, "error") ?? field(list(chunk, "choices")[0], "error")
    if (Predicate.isNotNullish(error)) return fromErrorObject(this.state.origin, error, true)
    this.last = chunk
    this.begin(chunk, out)
    const usage = usageOf(chunk)
    if (usage !== undefined) this.usage = usage
    const failure = this.readChoice(list(chunk, "choices")[0], out)
    if (failure !== undefined) return failure
    if (this.finish !== undefined && usage !== undefined) this.complete(out)
    return undefined
  }

  end(out: Array<Part>): void {
    if (this.finish !== undefined && !this.finished) this.complete(out)
  }

  // The first chunk may be one of content filters, with nothing in its `id` and `model`.
  private begin(chunk: unknown, out: Array<Part>): void {
    if (this.began || (text(chunk, "id") === undefined && text(chunk, "model") === undefined)) return
    this.began = true
    out.push(responseMetadata(chunk))
  }

  private readChoice(choice: unknown, out: Array<Part>): AiError.AiError | undefined {
    // A frame that is sent twice must not finish twice.
    if (choice === undefined || this.finish !== undefined) return undefined
    const delta = field(choice, "delta")
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
    for (const [position, call] of list(delta, "tool_calls").entries()) {
      const failure = this.readCall(call, position, out)
      if (failure !== undefined) return failure
    }
    const finish = finishOf(choice)
    return finish === undefined ? undefined : this.readFinish(finish, out)
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
    const index = count(delta, "index") ?? position
    const call = this.callOf(delta, index, out)
    if (call === undefined) return malformed(this.state.origin, "a tool call has no name", true)
    if (this.excess !== undefined) return this.excess
    const piece = argumentsOf(delta)
    if (piece === "") return undefined
    const tooLong = this.state.gatherArguments(call.name, piece)
    if (tooLong !== undefined) return tooLong
    call.arguments += piece
    out.push({ type: "tool-params-delta", id: call.id, delta: piece })
    return undefined
  }

  // Some servers give every call the index 0, and only their ids tell them apart.
  private callOf(delta: unknown, index: number, out: Array<Part>): Call | undefined {
    const known = this.callAt.get(index)
    const id = text(delta, "id")
    const name = text(field(delta, "function"), "name")
    if (known !== undefined && (id === undefined || id === known.givenId || name === undefined)) return known
    if (name === undefined) return undefined
    this.close(out)
    const call: Call = { id: this.state.callId(id), givenId: id, name, arguments: "" }
    this.calls.push(call)
    this.excess ??= this.state.bounds.keep()
    this.callAt.set(index, call)
    out.push({ type: "tool-params-start", id: call.id, name, providerExecuted: false })
    return call
  }

  private readFinish(finish: string, out: Array<Part>): AiError.AiError | undefined {
    this.close(out)
    for (const call of this.calls) {
      out.push({ type: "tool-params-end", id: call.id })
      const part = toolCallPart(call, finish, this.state)
      if (Result.isFailure(part)) return part.failure
      if (part.success !== undefined) out.push(part.success)
    }
    const broken = finishPart(finish, undefined, undefined, this.state)
    if (Result.isFailure(broken)) return broken.failure
    this.finish = finish
    return undefined
  }

  private complete(out: Array<Part>): void {
    this.finished = true
    const part = finishPart(this.finish, this.usage, this.last, this.state)
    if (Result.isSuccess(part)) out.push(part.success)
  }
}
