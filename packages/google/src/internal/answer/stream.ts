/**
 * From the chunks of Gemini's stream to the parts of `effect/ai`.
 */

import { isTooDeep } from "@holdfast/core/provider/Bounds"
import { type Chunk, Ending } from "@holdfast/core/provider/Ending"
import { type EventReader, type Part } from "@holdfast/core/provider/EventReader"
import { field, list, record, text, textOrEmpty } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { saysSomething } from "@holdfast/core/provider/TokenCounts"
import { Result } from "effect"
import { type AiError } from "effect/ai"

import { PartialArguments } from "./partialArguments.ts"
import {
  callPart,
  commonPart,
  contentParts,
  finishPart,
  hasCall,
  isText,
  isThought,
  responseMetadata,
  signatureOf,
} from "./parts.ts"
import { pushSources } from "./sources.ts"
import { candidateOf, type AnswerState } from "./state.ts"

interface Block {
  readonly kind: "text" | "reasoning"
  readonly id: string
  signature: string | undefined
}

/** A call whose arguments come in pieces. */
interface OpenCall {
  readonly name: string
  readonly callId: string | undefined
  readonly signature: string | undefined
  readonly gathered: PartialArguments
}

/**
 * Reads one stream.
 *
 * The answer is over when the stream is; see `Ending`. What follows its `finishReason`, or the reason why the prompt was
 * blocked, is mostly usage and sources, so that a stream that breaks after it has lost nothing but its bill.
 *
 * Chunks are not numbered. A frame that is sent twice can be told by the ids of its calls, by its sources, and where it
 * has both a reason for the end and the same counts; a text that comes twice cannot be told from one that repeats itself.
 */
export class ChunkReader implements EventReader {
  readonly state: AnswerState
  private block: Block | undefined
  private blocks = 0
  private call: OpenCall | undefined
  private began = false
  private readonly ending = new Ending()
  /** The chunk that came last, if it may be sent twice. */
  private last: string | undefined

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
    const { state } = this
    if (record(chunk) === undefined) return malformed(state.origin, "a chunk is not a JSON object", true)
    if (isTooDeep(chunk)) return malformed(state.origin, "a chunk is nested too deeply", true)
    if (this.isRepeated(chunk)) return undefined
    const candidate = candidateOf(chunk)
    state.observe(chunk, candidate)
    this.begin(chunk, out)
    const parts = contentParts(candidate)
    for (const part of parts) {
      const failure = this.readPart(part, out)
      if (failure !== undefined) return failure
    }
    pushSources(candidate, state, out)
    this.ending.observe({
      content: contentOf(parts),
      reason: reasonOf(candidate, state),
      usage: saysSomething(field(chunk, "usageMetadata")),
    })
    return undefined
  }

  // Counts are cumulative, so that a chunk with the counts of the last one has the content of the last one.
  private isRepeated(chunk: unknown): boolean {
    const isLast =
      text(candidateOf(chunk), "finishReason") !== undefined && saysSomething(field(chunk, "usageMetadata"))
    const written = isLast ? JSON.stringify(chunk) : undefined
    const repeated = written !== undefined && written === this.last
    this.last = written
    return repeated
  }

  private unfinished({ name }: OpenCall): AiError.AiError {
    return malformed(this.state.origin, `the arguments of tool "${name}" do not end`, true)
  }

  end(out: Array<Part>): AiError.AiError | undefined {
    // Without a reason the answer was cut, and `core` reports it.
    if (!this.state.isOver) return undefined
    this.close(out)
    if (this.call !== undefined && this.state.finishReason === "STOP") return this.unfinished(this.call)
    out.push(finishPart(this.state, this.ending.isAnswered))
    return undefined
  }

  private begin(chunk: unknown, out: Array<Part>): void {
    if (this.began || (text(chunk, "responseId") === undefined && text(chunk, "modelVersion") === undefined)) return
    this.began = true
    out.push(responseMetadata(chunk, this.state.origin))
  }

  private readPart(part: unknown, out: Array<Part>): AiError.AiError | undefined {
    if (hasCall(part)) return this.readCall(part, out)
    if (isText(part)) {
      this.readText(part, out)
      return undefined
    }
    this.close(out)
    return commonPart(part, this.state, out)
  }

  private readText(part: unknown, out: Array<Part>): void {
    const delta = textOrEmpty(part, "text")
    const signature = signatureOf(part)
    if (delta === "" && signature === undefined) return
    // A signature on its own belongs to what came last.
    const kind = isThought(part) || (delta === "" && this.block?.kind === "reasoning") ? "reasoning" : "text"
    const block = this.open(kind, out)
    if (signature !== undefined) block.signature = signature
    if (delta !== "") out.push({ type: `${kind}-delta`, id: block.id, delta })
  }

  private open(kind: Block["kind"], out: Array<Part>): Block {
    if (this.block?.kind === kind) return this.block
    this.close(out)
    const block: Block = { kind, id: `${kind}-${this.blocks++}`, signature: undefined }
    this.block = block
    out.push({ type: `${kind}-start`, id: block.id })
    return block
  }

  private close(out: Array<Part>): void {
    const { block } = this
    if (block === undefined) return
    this.block = undefined
    const metadata =
      block.signature === undefined
        ? undefined
        : { metadata: this.state.metadata({ thoughtSignature: block.signature }) }
    out.push({ type: `${block.kind}-end`, id: block.id, ...metadata })
  }

  private readCall(part: unknown, out: Array<Part>): AiError.AiError | undefined {
    this.close(out)
    const call = field(part, "functionCall")
    const goesOn = field(call, "willContinue") === true
    const isPartial = this.call !== undefined || goesOn || list(call, "partialArgs").length > 0
    if (!isPartial) return this.pushCall(part, out)
    const name = text(call, "name")
    if (name !== undefined && !this.isOpen(name, text(call, "id"))) {
      if (this.call !== undefined) return this.unfinished(this.call)
      const gathered = new PartialArguments()
      this.call = { name, callId: text(call, "id"), signature: signatureOf(part), gathered }
    }
    return this.continueCall(call, goesOn, out)
  }

  private isOpen(name: string, callId: string | undefined): boolean {
    return this.call?.name === name && this.call.callId === callId
  }

  private continueCall(call: unknown, goesOn: boolean, out: Array<Part>): AiError.AiError | undefined {
    const open = this.call
    if (open === undefined) return malformed(this.state.origin, "a tool call has no name", true)
    const { callId, gathered, name, signature } = open
    if (!gathered.add(call)) {
      return malformed(this.state.origin, `a piece of the arguments of tool "${name}" fits nowhere`, true)
    }
    const excess = this.state.limitArguments(name, gathered.size)
    if (excess !== undefined) return excess
    if (goesOn) return undefined
    this.call = undefined
    const whole = { functionCall: { name, id: callId, args: gathered.args }, thoughtSignature: signature }
    return this.pushCall(whole, out)
  }

  private pushCall(part: unknown, out: Array<Part>): AiError.AiError | undefined {
    const call = callPart(part, this.state)
    if (Result.isFailure(call)) return call.failure
    if (call.success === undefined) return undefined
    const { id, name } = call.success
    out.push({ type: "tool-params-start", id, name, providerExecuted: false })
    out.push({ type: "tool-params-delta", id, delta: JSON.stringify(call.success.params) })
    out.push({ type: "tool-params-end", id }, call.success)
    return undefined
  }
}

const contentOf = (parts: ReadonlyArray<unknown>): Chunk["content"] => {
  const filled = parts.filter((part) => !isText(part) || text(part, "text") !== undefined)
  if (filled.length === 0) return "none"
  return filled.every(isThought) ? "reasoning" : "answer"
}

const reasonOf = (candidate: unknown, { blockReason }: AnswerState): Chunk["reason"] => {
  const reason = text(candidate, "finishReason")
  if (reason === "STOP") return "stop"
  return (reason === undefined || reason === "FINISH_REASON_UNSPECIFIED") && blockReason === undefined ? "none" : "cut"
}
