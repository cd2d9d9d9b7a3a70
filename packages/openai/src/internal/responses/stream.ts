/**
 * From the events of the Responses API to the parts of `effect/ai`.
 */

import { type Metadata } from "@holdfast/core/provider/AnswerState"
import { isTooDeep } from "@holdfast/core/provider/Bounds"
import { type EventReader, type Part } from "@holdfast/core/provider/EventReader"
import { field, index, type Json, list, record, text, textOrEmpty } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { Predicate } from "effect"
import { type AiError } from "effect/ai"

import { fromErrorObject } from "../failure.ts"
import {
  commonItemParts,
  finishPart,
  pushSource,
  reasoningMetadata,
  reasoningTexts,
  responseMetadata,
} from "./parts.ts"
import { type AnswerState } from "./state.ts"

interface Call {
  readonly itemId: string
  readonly id: string
  readonly name: string
  /** `function_call` or `custom_tool_call`. */
  readonly type: unknown
  arguments: string
  done: boolean
}

type Kind = "text" | "reasoning"

interface Item {
  readonly id: string
  readonly kind: Kind
  /** Texts and pieces of reasoning of this item that were begun, by their ids, and whether they have ended. */
  readonly blocks: Map<string, "open" | "closed">
  phase: string | undefined
  done: boolean
}

/** Reads one stream. */
export class ResponsesReader implements EventReader {
  readonly state: AnswerState
  private readonly items = new Map<string, Item>()
  private readonly calls = new Map<string, Call>()
  private readonly callIds = new Set<string>()
  /** Items without a stream of their own that have been read. */
  private readonly others = new Set<string>()
  private lastSequence = -1
  private began = false
  private finished = false
  /** Set as soon as there are too many items, texts or calls. */
  private excess: AiError.AiError | undefined

  constructor(state: AnswerState) {
    this.state = state
  }

  isComplete(): boolean {
    return this.finished
  }

  isOver(): boolean {
    return this.finished
  }

  end(): undefined {
    // Without a terminal event there is nothing to say: the answer was cut, and `core` reports it.
    return undefined
  }

  read(event: unknown, out: Array<Part>): AiError.AiError | undefined {
    const fields = record(event)
    if (fields === undefined) return malformed(this.state.origin, "an event is not a JSON object", true)
    if (this.finished || this.isRepeated(fields)) return undefined
    if (isTooDeep(fields)) return malformed(this.state.origin, "an event is nested too deeply", true)
    return this.readKnown(fields, out) ?? this.excess
  }

  // A frame that is sent twice has the sequence number of the first. Servers that count nothing cannot be checked.
  private isRepeated(event: Json): boolean {
    const sequence = event["sequence_number"]
    if (!Predicate.isNumber(sequence)) return false
    if (sequence <= this.lastSequence) return true
    this.lastSequence = sequence
    return false
  }

  private readKnown(event: Json, out: Array<Part>): AiError.AiError | undefined {
    switch (event["type"]) {
      case "response.created":
      case "response.in_progress":
        this.begin(event["response"], out)
        return undefined
      case "response.output_item.added":
        return this.itemAdded(event["item"], out)
      case "response.output_item.done":
        return this.itemDone(event["item"], out)
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        return this.callDelta(event, out)
      case "response.completed":
      case "response.incomplete":
        return this.finish(event["response"], out)
      case "response.failed":
        return this.failed(field(event["response"], "error"))
      case "error":
        return this.failed(event["error"] ?? event)
      default:
        return this.readContent(event, out)
    }
  }

  private readContent(event: Json, out: Array<Part>): AiError.AiError | undefined {
    switch (event["type"]) {
      case "response.content_part.added":
        if (field(event["part"], "type") === "output_text") this.openText(event, out)
        return undefined
      case "response.output_text.delta":
        this.pushDelta("text", this.openText(event, out), textOrEmpty(event, "delta"), out)
        return undefined
      case "response.output_text.done":
        this.textDone(event, out)
        return undefined
      case "response.output_text.annotation.added":
        pushSource(event["annotation"], this.state, out)
        return undefined
      case "response.refusal.delta":
        return this.refused(textOrEmpty(event, "delta"))
      case "response.reasoning_summary_part.added":
        this.openReasoning(event, "summary_index", out)
        return undefined
      case "response.reasoning_summary_text.delta":
        this.pushDelta("reasoning", this.openReasoning(event, "summary_index", out), textOrEmpty(event, "delta"), out)
        return undefined
      case "response.reasoning_text.delta":
        this.pushDelta("reasoning", this.openReasoning(event, "content_index", out), textOrEmpty(event, "delta"), out)
        return undefined
      default:
        return undefined
    }
  }

  private begin(response: unknown, out: Array<Part>): void {
    if (this.began) return
    this.began = true
    out.push(responseMetadata(response))
  }

  private item(id: string, kind: Kind): Item {
    // Servers that leave ids out give a text and the reasoning before it the same one.
    const key = `${kind} ${id}`
    const known = this.items.get(key)
    if (known !== undefined) return known
    const item: Item = { id, kind, blocks: new Map(), phase: undefined, done: false }
    this.items.set(key, item)
    this.keep()
    return item
  }

  private keep(): void {
    this.excess ??= this.state.bounds.keep()
  }

  private itemAdded(item: unknown, out: Array<Part>): AiError.AiError | undefined {
    const id = textOrEmpty(item, "id")
    switch (field(item, "type")) {
      case "message":
        this.item(id, "text").phase = text(item, "phase")
        return undefined
      case "reasoning":
        this.openReasoning({ item_id: id }, "summary_index", out)
        return undefined
      case "function_call":
      case "custom_tool_call":
        this.openCall(item, out)
        return undefined
      default:
        return undefined
    }
  }

  private openText(event: Json, out: Array<Part>): string | undefined {
    const itemId = textOrEmpty(event, "item_id")
    const item = this.item(itemId, "text")
    const id = `${itemId}:${index(event, "content_index")}`
    const state = item.blocks.get(id)
    if (state === undefined) {
      item.blocks.set(id, "open")
      this.keep()
      const metadata = this.state.metadata({ itemId: text(event, "item_id"), phase: item.phase })
      out.push({ type: "text-start", id, metadata })
    }
    return state === "closed" ? undefined : id
  }

  private openReasoning(event: Json, key: string, out: Array<Part>): string | undefined {
    const itemId = textOrEmpty(event, "item_id")
    const item = this.item(itemId, "reasoning")
    const id = `${itemId}:${index(event, key)}`
    const state = item.blocks.get(id)
    if (state === undefined) {
      const metadata = this.state.metadata({ itemId: text(event, "item_id") })
      this.closeBlocks(item, metadata, out)
      item.blocks.set(id, "open")
      this.keep()
      out.push({ type: "reasoning-start", id, metadata })
    }
    return state === "closed" ? undefined : id
  }

  private pushDelta(kind: Kind, id: string | undefined, delta: string, out: Array<Part>): void {
    if (id !== undefined && delta !== "") out.push({ type: `${kind}-delta`, id, delta })
  }

  private closeBlocks(item: Item, metadata: Metadata, out: Array<Part>): void {
    for (const [id, state] of item.blocks) {
      if (state === "closed") continue
      item.blocks.set(id, "closed")
      out.push({ type: `${item.kind}-end`, id, metadata })
    }
  }

  private textDone(event: Json, out: Array<Part>): void {
    const item = this.item(textOrEmpty(event, "item_id"), "text")
    const fresh = !item.blocks.has(`${textOrEmpty(event, "item_id")}:${index(event, "content_index")}`)
    const id = this.openText(event, out)
    // Servers that do not stream a text send it only here.
    if (fresh) this.pushDelta("text", id, textOrEmpty(event, "text"), out)
    if (id === undefined) return
    item.blocks.set(id, "closed")
    const metadata = this.state.metadata({ itemId: text(event, "item_id"), phase: item.phase })
    out.push({ type: "text-end", id, metadata })
  }

  private openCall(item: unknown, out: Array<Part>): Call | undefined {
    const itemId = text(item, "id") ?? text(item, "call_id")
    const id = text(item, "call_id") ?? itemId
    const name = text(item, "name")
    if (itemId === undefined || id === undefined || name === undefined) return undefined
    const known = this.calls.get(itemId)
    if (known !== undefined) return known
    // A second call with the id of the first; it is told when it is done.
    if (this.callIds.has(id)) return undefined
    const call: Call = { itemId, id, name, type: field(item, "type"), arguments: "", done: false }
    this.calls.set(itemId, call)
    this.callIds.add(id)
    this.keep()
    out.push({ type: "tool-params-start", id, name, providerExecuted: false })
    return call
  }

  private callDelta(event: Json, out: Array<Part>): AiError.AiError | undefined {
    const call = this.calls.get(textOrEmpty(event, "item_id"))
    const delta = textOrEmpty(event, "delta")
    if (call === undefined || call.done || delta === "") return undefined
    const broken = this.state.gatherArguments(call.name, delta)
    if (broken !== undefined) return broken
    call.arguments += delta
    out.push({ type: "tool-params-delta", id: call.id, delta })
    return undefined
  }

  private itemDone(item: unknown, out: Array<Part>): AiError.AiError | undefined {
    switch (field(item, "type")) {
      case "message":
        this.messageDone(item, out)
        return undefined
      case "reasoning":
        this.reasoningDone(item, out)
        return undefined
      case "function_call":
      case "custom_tool_call":
        return this.callDone(item, out)
      default:
        return this.otherDone(item, out)
    }
  }

  private messageDone(done: unknown, out: Array<Part>): void {
    const itemId = textOrEmpty(done, "id")
    const item = this.item(itemId, "text")
    if (item.done) return
    item.done = true
    item.phase ??= text(done, "phase")
    const content = list(done, "content")
    content.forEach((part, content_index) => {
      if (field(part, "type") === "output_text" && !item.blocks.has(`${itemId}:${content_index}`)) {
        this.textDone({ item_id: itemId, content_index, text: field(part, "text") }, out)
      }
    })
    this.closeBlocks(item, this.state.metadata({ itemId: text(done, "id"), phase: item.phase }), out)
    // What was not streamed is told at the end.
    const refusal = content.map((part) => textOrEmpty(part, "refusal")).join("")
    if (this.state.refusal === "") this.state.refusal = refusal
  }

  private reasoningDone(done: unknown, out: Array<Part>): void {
    const itemId = textOrEmpty(done, "id")
    const item = this.item(itemId, "reasoning")
    if (item.done) return
    item.done = true
    if (item.blocks.size === 0) {
      const texts = reasoningTexts(done)
      for (const [summary_index, piece] of (texts.length === 0 ? [""] : texts).entries()) {
        const id = this.openReasoning({ item_id: itemId, summary_index }, "summary_index", out)
        this.pushDelta("reasoning", id, piece, out)
      }
    }
    this.closeBlocks(item, reasoningMetadata(done, this.state), out)
  }

  private callDone(item: unknown, out: Array<Part>): AiError.AiError | undefined {
    const call = this.openCall(item, out)
    if (call === undefined) return malformed(this.state.origin, "a tool call has no name, or no id of its own", true)
    if (call.done) return undefined
    call.done = true
    const whole = text(item, "arguments") ?? textOrEmpty(item, "input")
    const broken = call.arguments === "" ? this.state.gatherArguments(call.name, whole) : undefined
    if (broken !== undefined) return broken
    if (call.arguments === "" && whole !== "") out.push({ type: "tool-params-delta", id: call.id, delta: whole })
    out.push({ type: "tool-params-end", id: call.id })
    // What was announced counts, so that the call has the name and the id that its pieces had.
    const known = { type: call.type, id: text(item, "id"), call_id: call.id, name: call.name }
    const complete = whole === "" ? { arguments: call.arguments, input: call.arguments } : undefined
    return commonItemParts({ ...record(item), ...known, ...complete }, this.state, out)
  }

  private otherDone(item: unknown, out: Array<Part>): AiError.AiError | undefined {
    const id = textOrEmpty(item, "id")
    if (id !== "" && this.others.has(id)) return undefined
    this.others.add(id)
    this.keep()
    return commonItemParts(item, this.state, out)
  }

  private refused(delta: string): AiError.AiError | undefined {
    this.state.refusal += delta
    return this.state.bounds.gather("a refusal", delta)
  }

  private finish(response: unknown, out: Array<Part>): AiError.AiError | undefined {
    this.begin(response, out)
    this.finished = true
    for (const item of this.items.values()) {
      const itemId = item.id === "" ? undefined : item.id
      this.closeBlocks(item, this.state.metadata({ itemId }), out)
    }
    const broken = this.endCalls(field(response, "status") === "incomplete", out)
    if (broken === undefined) out.push(finishPart(response, this.state))
    return broken
  }

  /** Ends the calls whose own end did not come: they are whole, unless the answer was cut. */
  private endCalls(cut: boolean, out: Array<Part>): AiError.AiError | undefined {
    for (const call of this.calls.values()) {
      if (call.done) continue
      if (cut) {
        call.done = true
        out.push({ type: "tool-params-end", id: call.id })
        continue
      }
      const broken = this.callDone({ type: call.type, id: call.itemId, call_id: call.id, name: call.name }, out)
      if (broken !== undefined) return broken
    }
    return undefined
  }

  private failed(error: unknown): AiError.AiError {
    return fromErrorObject(this.state.origin, error ?? { message: "the response failed" }, true)
  }
}
