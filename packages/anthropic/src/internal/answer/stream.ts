/**
 * From the events of a stream to the parts of `effect/ai`.
 *
 * Anthropic's events carry no numbers, so a frame that is sent twice is known only by what it does: what begins, ends or
 * replaces something does so once. A piece of a text that comes twice cannot be told from a model that repeats itself.
 */

import { isTooDeep, writtenArguments } from "@holdfast/core/provider/Bounds"
import { type Chunk, Ending } from "@holdfast/core/provider/Ending"
import { type EventReader, type Part } from "@holdfast/core/provider/EventReader"
import { field, index, type Json, list, record, text, textOrEmpty } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { saysSomething } from "@holdfast/core/provider/TokenCounts"
import { Equal, Predicate, Result } from "effect"
import { type AiError, type Response } from "effect/ai"

import { fromErrorObject } from "../failure.ts"
import {
  calledTool,
  carried,
  finishPart,
  isCut,
  isStop,
  otherPart,
  parsedInput,
  reasoningMetadata,
  responseMetadata,
  textMetadata,
  toolCall,
  wholeInput,
} from "./parts.ts"
import { pushSource } from "./sources.ts"
import { type AnswerState } from "./state.ts"
import { mergeUsage } from "./usage.ts"

interface Block {
  readonly id: string
  /** What it began with, as text. */
  readonly began: string
  /** What it began with. Forgotten when it is over, as is all else. */
  start: Json
  /** The id of a call as it was given. */
  givenId: string
  /** The arguments of a call, so far. */
  input: string
  signature: string | undefined
  citations: Array<unknown>
  open: boolean
  /** Whether nothing was added to what it began with. */
  isFresh: boolean
}

const mostCitations = 10_000

/**
 * Reads one stream.
 *
 * The answer is over with `message_stop`, and a stream that ends without it was cut. On a connection that is left open the
 * answer is over when nothing comes any more after the `message_delta` that says why it ends; see `Ending`.
 */
export class MessagesReader implements EventReader {
  readonly state: AnswerState
  private readonly ending = new Ending()
  private readonly blocks = new Map<number, Block>()
  private message: Json | undefined
  /** Content that came with the beginning of the message, and not as blocks. */
  private enclosed: ReadonlyArray<unknown> = []
  private last: Json = {}
  private usage: Json | undefined
  /** The last call, until it is known that it was not cut. */
  private pending: Result.Result<Response.ToolCallPartEncoded, AiError.AiError> | undefined
  private finished = false
  /** How many blocks began at the place of another. */
  private reused = 0

  constructor(state: AnswerState) {
    this.state = state
  }

  isComplete(): boolean {
    return this.finished
  }

  isOver(): boolean {
    return this.finished
  }

  grace(): number | undefined {
    const { grace } = this.ending
    return grace !== undefined && [...this.blocks.values()].every(({ open }) => !open) ? grace : undefined
  }

  end(): undefined {
    // Without a terminal event there is nothing to say: the answer was cut, and `core` reports it.
    return undefined
  }

  fallSilent(out: Array<Part>): AiError.AiError | undefined {
    return this.finished ? undefined : this.finish(out)
  }

  read(event: unknown, out: Array<Part>): AiError.AiError | undefined {
    const fields = record(event)
    if (fields === undefined) return malformed(this.state.origin, "an event is not a JSON object", true)
    if (this.finished) return undefined
    if (isTooDeep(fields)) return malformed(this.state.origin, "an event is nested too deeply", true)
    switch (fields["type"]) {
      case "message_start":
        return this.begin(record(fields["message"]) ?? {}, out)
      case "content_block_start":
        return this.started(index(fields, "index"), record(fields["content_block"]) ?? {}, out)
      case "content_block_delta":
        return this.delta(index(fields, "index"), fields["delta"], out)
      case "content_block_stop":
        return this.stopped(index(fields, "index"), out)
      case "message_delta":
        return this.closing(fields, out)
      case "message_stop":
        return this.finish(out)
      // A gateway that waits for the whole answer may send it as one event.
      case "message":
        return this.begin(fields, out) ?? this.finish(out)
      case "error":
        return fromErrorObject(this.state.origin, fields, true)
      default:
        return undefined
    }
  }

  private begin(message: Json, out: Array<Part>): AiError.AiError | undefined {
    if (this.message !== undefined) {
      const same = text(message, "id") === text(this.message, "id")
      // A gateway that asked again in the middle of an answer would deliver its content twice.
      return same ? undefined : malformed(this.state.origin, "a second answer began inside the first", true)
    }
    this.message = message
    this.usage = record(message["usage"])
    this.last = message
    this.enclosed = list(message, "content")
    out.push(responseMetadata(message, this.state.origin))
    return undefined
  }

  private started(at: number, start: Json, out: Array<Part>): AiError.AiError | undefined {
    // What comes as blocks need not be taken from the beginning.
    this.enclosed = []
    this.arrived(start)
    return this.open(at, start, out)
  }

  private open(at: number, start: Json, out: Array<Part>): AiError.AiError | undefined {
    const known = this.blocks.get(at)
    if (known !== undefined) {
      // A frame that is sent twice begins what has just begun. Any other beginning at the place is another block.
      if (known.open && known.isFresh && known.began === JSON.stringify(start)) return undefined
      const broken = this.stopped(at, out)
      if (broken !== undefined) return broken
    }
    const broken = this.settle(false, out) ?? this.state.bounds.keep()
    if (broken !== undefined) return broken
    const id = known === undefined ? String(at) : `${at}:${this.reused++}`
    const block: Block = {
      id,
      began: JSON.stringify(start),
      start,
      givenId: "",
      input: "",
      signature: undefined,
      citations: [],
      open: true,
      isFresh: true,
    }
    this.blocks.set(at, block)
    switch (start["type"]) {
      case "text":
        out.push({ type: "text-start", id: block.id })
        pushDelta("text", block, textOrEmpty(start, "text"), out)
        for (const citation of list(start, "citations")) this.cite(block, citation, out)
        return undefined
      case "thinking":
      case "redacted_thinking":
        out.push({ type: "reasoning-start", id: block.id })
        pushDelta("reasoning", block, textOrEmpty(start, "thinking"), out)
        block.signature = text(start, "signature")
        return undefined
      case "tool_use": {
        const called = calledTool(start, this.state)
        if (called === undefined) return malformed(this.state.origin, "a tool call has no name or no id", true)
        // What is called with the id, and whether another call has called it, is known at its end.
        const own = this.state.freeId(called.id)
        block.givenId = called.id
        block.start = { ...start, id: own }
        out.push({ type: "tool-params-start", id: own, name: called.name, providerExecuted: false })
        return undefined
      }
      default:
        return undefined
    }
  }

  private arrived({ type }: Json): void {
    const content: Chunk["content"] = type === "thinking" || type === "redacted_thinking" ? "reasoning" : "answer"
    this.ending.observe({ content, reason: "none", usage: false })
  }

  private delta(at: number, delta: unknown, out: Array<Part>): AiError.AiError | undefined {
    const block = this.blocks.get(at)
    if (block === undefined) return malformed(this.state.origin, "a piece of content belongs to no block", true)
    if (!block.open) return undefined
    block.isFresh = false
    this.arrived(block.start)
    switch (field(delta, "type")) {
      case "text_delta":
        if (block.start["type"] === "text") pushDelta("text", block, textOrEmpty(delta, "text"), out)
        return undefined
      case "thinking_delta":
        if (block.start["type"] === "thinking") pushDelta("reasoning", block, textOrEmpty(delta, "thinking"), out)
        return undefined
      case "signature_delta":
        block.signature = text(delta, "signature") ?? block.signature
        return undefined
      case "citations_delta":
        return this.cite(block, field(delta, "citation"), out)
      case "input_json_delta":
        return this.inputDelta(block, writtenArguments(field(delta, "partial_json")), out)
      default:
        return undefined
    }
  }

  private cite(block: Block, citation: unknown, out: Array<Part>): AiError.AiError | undefined {
    if (!Predicate.isReadonlyObject(citation) || Equal.equals(citation, block.citations.at(-1))) return undefined
    block.citations.push(citation)
    pushSource(citation, this.state, out)
    const excess = this.state.bounds.gather("what a text cites", JSON.stringify(citation))
    if (excess !== undefined) return excess
    return block.citations.length > mostCitations
      ? malformed(this.state.origin, `a text has more than ${mostCitations} citations`, true)
      : undefined
  }

  private inputDelta(block: Block, delta: string, out: Array<Part>): AiError.AiError | undefined {
    const excess = this.state.gatherArguments(textOrEmpty(block.start, "name"), delta)
    if (excess !== undefined) return excess
    block.input += delta
    const id = text(block.start, "id")
    if (block.start["type"] === "tool_use" && id !== undefined && delta !== "") {
      out.push({ type: "tool-params-delta", id, delta })
    }
    return undefined
  }

  private stopped(at: number, out: Array<Part>): AiError.AiError | undefined {
    const block = this.blocks.get(at)
    if (block === undefined || !block.open) return undefined
    block.open = false
    const broken = this.close(block, out)
    block.start = {}
    block.input = ""
    block.citations = []
    return broken
  }

  private close(block: Block, out: Array<Part>): AiError.AiError | undefined {
    const { id, start } = block
    switch (start["type"]) {
      case "text":
        out.push({ type: "text-end", id, metadata: textMetadata(block.citations) })
        return undefined
      case "thinking":
      case "redacted_thinking":
        out.push({ type: "reasoning-end", id, metadata: reasoningMetadata({ ...start, signature: block.signature }) })
        return undefined
      case "tool_use":
        this.called(block, out)
        return undefined
      default:
        return this.pushOther(block, out)
    }
  }

  private called(block: Block, out: Array<Part>): void {
    out.push({ type: "tool-params-end", id: textOrEmpty(block.start, "id") })
    const call = Result.flatMap(this.inputOf(block), (input) => toolCall(block.start, input, this.state))
    this.pending = Result.filterOrFail(
      call,
      ({ name, params }) => !this.state.isRepeatedCall(block.givenId, `${name} ${JSON.stringify(params)}`),
      () => malformed(this.state.origin, "two tool calls have one id", true),
    )
  }

  // Some gateways send all of the arguments at once, with the block's beginning.
  private inputOf({ input, start }: Block): Result.Result<unknown, AiError.AiError> {
    const isWhole = input === "" && Predicate.isNotNullish(start["input"])
    return isWhole ? wholeInput(start, this.state) : parsedInput(start, input, this.state)
  }

  private pushOther(block: Block, out: Array<Part>): AiError.AiError | undefined {
    const input = block.input === "" ? undefined : Result.getOrElse(this.inputOf(block), () => ({}))
    const whole = input === undefined ? block.start : { ...block.start, input }
    const part = otherPart(whole, this.state)
    if (part !== undefined) {
      const doubled = part.type === "tool-call" ? this.state.claim(part.id) : undefined
      if (doubled === undefined) out.push(part)
      return doubled
    }
    const { id } = block
    out.push({ type: "reasoning-start", id }, { type: "reasoning-end", id, metadata: carried(whole) })
    return undefined
  }

  /** Gives out the last call, unless it was cut at the token limit. */
  private settle(cut: boolean, out: Array<Part>): AiError.AiError | undefined {
    const { pending } = this
    this.pending = undefined
    if (pending === undefined || cut) return undefined
    if (Result.isFailure(pending)) return pending.failure
    out.push(pending.success)
    return undefined
  }

  private closing(event: Json, out: Array<Part>): AiError.AiError | undefined {
    this.last = { ...this.last, ...record(event["delta"]) }
    this.usage = mergeUsage(this.usage, record(event["usage"]))
    const reason = text(this.last, "stop_reason")
    this.ending.observe({
      content: "none",
      reason: reason === undefined ? "none" : isStop(reason) ? "stop" : "cut",
      usage: saysSomething(event["usage"]),
    })
    // There may be several, and only one says that the content is over.
    return reason === undefined ? undefined : this.complete(out)
  }

  private finish(out: Array<Part>): AiError.AiError | undefined {
    const broken = this.complete(out)
    if (broken !== undefined) return broken
    this.finished = true
    out.push(finishPart(this.last, this.usage, this.blocks.size > 0))
    return undefined
  }

  /** Ends what was begun, and gives out what was held back. */
  private complete(out: Array<Part>): AiError.AiError | undefined {
    const { enclosed } = this
    this.enclosed = []
    for (const [at, start] of enclosed.entries()) {
      const broken = this.open(at, record(start) ?? {}, out) ?? this.stopped(at, out)
      if (broken !== undefined) return broken
    }
    for (const at of this.blocks.keys()) {
      const broken = this.stopped(at, out)
      if (broken !== undefined) return broken
    }
    return this.settle(isCut(text(this.last, "stop_reason")), out)
  }
}

const pushDelta = (kind: "text" | "reasoning", { id }: Block, delta: string, out: Array<Part>): void => {
  if (delta !== "") out.push({ type: `${kind}-delta`, id, delta })
}
