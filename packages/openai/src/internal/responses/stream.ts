/**
 * From the events of the Responses API to the parts of `effect/ai`.
 */

import { isTooDeep } from "@holdfast/core/provider/Bounds"
import { type EventReader, type Part } from "@holdfast/core/provider/EventReader"
import { field, type Json, list, record, text, textOrEmpty } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { type AiError } from "effect/ai"

import { fromErrorObject } from "../failure.ts"
import { Calls } from "./calls.ts"
import {
  commonItemParts,
  finishPart,
  pushSource,
  reasoningMetadata,
  reasoningTexts,
  responseMetadata,
} from "./parts.ts"
import { type Address, addressOf, type Item, itemAddressOf, type Kind, Places, positionOf } from "./places.ts"
import { Sequence } from "./sequence.ts"
import { type AnswerState } from "./state.ts"

/**
 * Reads one stream.
 *
 * An answer may come in pieces, with the ends of its texts, items and calls, or with the last event alone: what was not
 * delivered before is delivered then.
 */
export class ResponsesReader implements EventReader {
  readonly state: AnswerState
  private readonly places: Places
  private readonly calls: Calls
  private readonly sequence = new Sequence()
  /** Items without a stream of their own that have been read. */
  private readonly others = new Set<string>()
  private began = false
  private finished = false
  /** Set as soon as there are too many items without a stream of their own. */
  private excess: AiError.AiError | undefined

  constructor(state: AnswerState) {
    this.state = state
    this.places = new Places(state)
    this.calls = new Calls(state)
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
    if (this.finished) return undefined
    if (isTooDeep(fields)) return malformed(this.state.origin, "an event is nested too deeply", true)
    if (this.sequence.isRepeat(fields)) return undefined
    return this.readKnown(fields, out) ?? this.places.excess ?? this.calls.excess ?? this.excess
  }

  private readKnown(event: Json, out: Array<Part>): AiError.AiError | undefined {
    switch (event["type"]) {
      case "response.created":
      case "response.in_progress":
        this.begin(event["response"], out)
        return undefined
      case "response.output_item.added":
        return this.itemAdded(itemAddressOf(event, event["item"]), event["item"], out)
      case "response.output_item.done":
        return this.itemDone(itemAddressOf(event, event["item"]), event["item"], out)
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        return this.calls.delta(addressOf(event), event["delta"], out)
      case "response.function_call_arguments.done":
      case "response.custom_tool_call_input.done":
        return this.calls.whole(addressOf(event), event, out)
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
        if (field(event["part"], "type") === "output_text") this.textDelta(event, "", out)
        return undefined
      case "response.output_text.delta":
        this.textDelta(event, textOrEmpty(event, "delta"), out)
        return undefined
      case "response.output_text.done":
        this.textDone(event, textOrEmpty(event, "text"), out)
        return undefined
      case "response.content_part.done":
        this.partDone(event, out)
        return undefined
      case "response.output_text.annotation.added":
        pushSource(event["annotation"], this.state, out)
        return undefined
      case "response.refusal.delta":
        return this.refused(textOrEmpty(event, "delta"))
      case "response.refusal.done":
        return this.state.refusal === "" ? this.refused(textOrEmpty(event, "refusal")) : undefined
      default:
        this.readReasoning(event, out)
        return undefined
    }
  }

  private readReasoning(event: Json, out: Array<Part>): void {
    switch (event["type"]) {
      case "response.reasoning_summary_part.added":
        this.reasoningDelta(event, "summary_index", "", out)
        return
      case "response.reasoning_summary_text.delta":
        this.reasoningDelta(event, "summary_index", textOrEmpty(event, "delta"), out)
        return
      case "response.reasoning_text.delta":
        this.reasoningDelta(event, "content_index", textOrEmpty(event, "delta"), out)
        return
      case "response.reasoning_summary_text.done":
        this.reasoningWhole(event, "summary_index", textOrEmpty(event, "text"), out)
        return
      case "response.reasoning_text.done":
        this.reasoningWhole(event, "content_index", textOrEmpty(event, "text"), out)
        return
      case "response.reasoning_summary_part.done":
        this.reasoningWhole(event, "summary_index", textOrEmpty(event["part"], "text"), out)
        return
      default:
    }
  }

  private begin(response: unknown, out: Array<Part>): void {
    if (this.began) return
    this.began = true
    out.push(responseMetadata(response, this.state.origin))
  }

  private itemAdded(address: Address, item: unknown, out: Array<Part>): AiError.AiError | undefined {
    switch (field(item, "type")) {
      case "message":
        this.places.announced("text", address).phase = text(item, "phase")
        return undefined
      case "reasoning":
        this.places.open(this.places.announced("reasoning", address), 0, out)
        return undefined
      case "function_call":
      case "custom_tool_call":
        return this.calls.added(address, item, out)
      default:
        return undefined
    }
  }

  private textDelta(event: Json, delta: string, out: Array<Part>): void {
    const item = this.places.item("text", addressOf(event))
    this.places.push(item, positionOf(event, "content_index"), delta, out)
  }

  private textDone(event: Json, whole: string, out: Array<Part>): void {
    const item = this.places.item("text", addressOf(event))
    const at = positionOf(event, "content_index")
    this.places.whole(item, at, whole, out)
    this.places.end(item, at, out)
  }

  private partDone(event: Json, out: Array<Part>): void {
    const { part } = event
    if (field(part, "type") === "output_text") this.textDone(event, textOrEmpty(part, "text"), out)
    else if (field(part, "type") === "reasoning_text") {
      this.reasoningWhole(event, "content_index", textOrEmpty(part, "text"), out)
    }
  }

  private reasoningDelta(event: Json, key: "summary_index" | "content_index", delta: string, out: Array<Part>): void {
    this.places.push(this.places.item("reasoning", addressOf(event)), positionOf(event, key), delta, out)
  }

  private reasoningWhole(event: Json, key: "summary_index" | "content_index", whole: string, out: Array<Part>): void {
    this.places.whole(this.places.item("reasoning", addressOf(event)), positionOf(event, key), whole, out)
  }

  private itemDone(address: Address, item: unknown, out: Array<Part>): AiError.AiError | undefined {
    switch (field(item, "type")) {
      case "message":
        return this.messageDone(this.places.item("text", address), item, out)
      case "reasoning":
        return this.reasoningDone(this.places.item("reasoning", address), item, out)
      case "function_call":
      case "custom_tool_call":
        return this.calls.done(address, item, false, out)
      default:
        return this.otherDone(item, out)
    }
  }

  private messageDone(item: Item, done: unknown, out: Array<Part>): undefined {
    if (item.done) return undefined
    item.done = true
    item.phase ??= text(done, "phase")
    const content = list(done, "content")
    content.forEach((part, at) => {
      if (field(part, "type") !== "output_text") return
      this.places.whole(item, at, textOrEmpty(part, "text"), out)
      this.places.end(item, at, out)
    })
    this.places.close(item, this.places.metadataOf(item), out)
    // What was not streamed is told at the end.
    const refusal = content.map((part) => textOrEmpty(part, "refusal")).join("")
    if (this.state.refusal === "") this.state.refusal = refusal
    return undefined
  }

  private reasoningDone(item: Item, done: unknown, out: Array<Part>): undefined {
    if (item.done) return undefined
    item.done = true
    const isDelivered = [...item.blocks.values()].some(({ delivered }) => delivered)
    const texts = reasoningTexts(done)
    if (!isDelivered) for (const [at, piece] of texts.entries()) this.places.whole(item, at, piece, out)
    if (item.blocks.size === 0) this.places.open(item, 0, out)
    this.places.close(item, reasoningMetadata({ id: item.itemId, ...record(done) }, this.state), out)
    return undefined
  }

  private otherDone(item: unknown, out: Array<Part>): AiError.AiError | undefined {
    const id = text(item, "id") ?? JSON.stringify(item ?? null)
    if (this.others.has(id)) return undefined
    this.others.add(id)
    this.excess ??= this.state.bounds.keep()
    return commonItemParts(item, this.state, out)
  }

  private refused(delta: string): AiError.AiError | undefined {
    this.state.refusal += delta
    return this.state.bounds.gather("a refusal", delta)
  }

  private finish(response: unknown, out: Array<Part>): AiError.AiError | undefined {
    this.begin(response, out)
    this.finished = true
    const cut = field(response, "status") === "incomplete"
    const broken = this.output(list(response, "output"), cut, out) ?? this.calls.end(cut, out)
    for (const item of this.places.items) this.places.close(item, this.places.metadataOf(item), out)
    if (broken === undefined)
      out.push(finishPart(response, this.state, this.places.items.length > 0 || this.state.calls))
    return broken
  }

  /** Delivers what of the whole output was not delivered before. */
  private output(items: ReadonlyArray<unknown>, cut: boolean, out: Array<Part>): AiError.AiError | undefined {
    const addresses = items.map((item, place): Address => ({ place, itemId: text(item, "id") }))
    const delivered = (type: string, kind: Kind) => {
      const of = addresses.filter((_, at) => field(items[at], "type") === type)
      const known = this.places.delivered(kind, of)
      return new Map(of.map((address, at) => [address.place, known[at] ?? this.places.announced(kind, address)]))
    }
    const known = new Map([...delivered("message", "text"), ...delivered("reasoning", "reasoning")])
    for (const [place, item] of items.entries()) {
      const broken = this.outputItem(known.get(place), { place, itemId: text(item, "id") }, item, cut, out)
      if (broken !== undefined) return broken
    }
    return undefined
  }

  private outputItem(
    known: Item | undefined,
    address: Address,
    item: unknown,
    cut: boolean,
    out: Array<Part>,
  ): AiError.AiError | undefined {
    if (known?.kind === "text") return this.messageDone(known, item, out)
    if (known?.kind === "reasoning") return this.reasoningDone(known, item, out)
    const type = field(item, "type")
    if (type !== "function_call" && type !== "custom_tool_call") return this.otherDone(item, out)
    return cut ? undefined : this.calls.done(address, item, true, out)
  }

  private failed(error: unknown): AiError.AiError {
    return fromErrorObject(this.state.origin, error ?? { message: "the response failed" }, true)
  }
}
