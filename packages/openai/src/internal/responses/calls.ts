/**
 * The calls of one streamed answer.
 */
import { writtenArguments } from "@holdfast/core/provider/Bounds"
import { type Part } from "@holdfast/core/provider/EventReader"
import { field, record, text } from "@holdfast/core/provider/Json"
import { malformed } from "@holdfast/core/provider/ProviderError"
import { type AiError } from "effect/ai"

import { commonItemParts } from "./parts.ts"
import { type Address } from "./places.ts"
import { type AnswerState } from "./state.ts"

interface Call extends Address {
  readonly id: string
  /** What the server calls it by. */
  readonly givenId: string
  /** `function_call` or `custom_tool_call`. */
  readonly type: unknown
  /** It may come after the id, and after the first arguments. */
  name: string | undefined
  arguments: string
  done: boolean
}

/**
 * A call is known by its place in the output, by its id, and by what it calls: two with one id that call something else
 * are two.
 */
export class Calls {
  private readonly state: AnswerState
  private readonly calls: Array<Call> = []
  private readonly ids = new Set<string>()
  /** Set as soon as there are too many calls. */
  excess: AiError.AiError | undefined

  constructor(state: AnswerState) {
    this.state = state
  }

  added(address: Address, item: unknown, out: Array<Part>): AiError.AiError | undefined {
    const call = this.running(address, item) ?? this.begin(address, item)
    if (call === undefined) return undefined
    this.named(call, text(item, "name"), out)
    return undefined
  }

  delta(address: Address, piece: unknown, out: Array<Part>): AiError.AiError | undefined {
    const call = this.at(address)
    return call === undefined ? undefined : this.gather(call, writtenArguments(piece), out)
  }

  /** All of the arguments, of which some may have come before. */
  whole(address: Address, event: unknown, out: Array<Part>): AiError.AiError | undefined {
    const call = this.at(address)
    if (call === undefined) return undefined
    this.named(call, text(event, "name"), out)
    return call.arguments === "" ? this.gather(call, inputOf(event), out) : undefined
  }

  /** The end of a call; in the final output it may have come before. */
  done(address: Address, item: unknown, isFinal: boolean, out: Array<Part>): AiError.AiError | undefined {
    const running = this.running(address, item)
    if (running === undefined) {
      const twin = this.calls.find((call) => isSame(call, item))
      const isRepeat = twin !== undefined && (isFinal || isAt(twin, address) || twin.itemId === address.itemId)
      if (isRepeat) return undefined
      if (twin !== undefined) return malformed(this.state.origin, "two tool calls have one id", true)
    }
    const call = running ?? this.begin(address, item)
    if (call === undefined) return malformed(this.state.origin, "a tool call has no name or no id", true)
    return this.finish(call, item, out)
  }

  /** Ends the calls whose own end did not come: they are whole, unless the answer was cut. */
  end(cut: boolean, out: Array<Part>): AiError.AiError | undefined {
    for (const call of this.calls) {
      if (call.done) continue
      if (cut) {
        call.done = true
        if (call.name !== undefined) out.push({ type: "tool-params-end", id: call.id })
        continue
      }
      const broken = this.finish(call, {}, out)
      if (broken !== undefined) return broken
    }
    return undefined
  }

  private finish(call: Call, item: unknown, out: Array<Part>): AiError.AiError | undefined {
    this.named(call, text(item, "name"), out)
    if (call.name === undefined) return malformed(this.state.origin, "a tool call has no name or no id", true)
    const whole = inputOf(item)
    const broken = call.arguments === "" ? this.gather(call, whole, out) : undefined
    call.done = true
    if (broken !== undefined) return broken
    out.push({ type: "tool-params-end", id: call.id })
    if (whole !== "") call.arguments = whole
    // What was announced counts, so that the call has the name and the id that its pieces had.
    const known = { type: call.type, id: text(item, "id") ?? call.itemId, call_id: call.id, name: call.name }
    const input = { arguments: call.arguments, input: call.arguments }
    return commonItemParts({ ...record(item), ...known, ...input }, this.state, out)
  }

  private named(call: Call, name: string | undefined, out: Array<Part>): void {
    if (call.name !== undefined || name === undefined) return
    call.name = name
    out.push({ type: "tool-params-start", id: call.id, name, providerExecuted: false })
    if (call.arguments !== "") out.push({ type: "tool-params-delta", id: call.id, delta: call.arguments })
  }

  private gather(call: Call, piece: string, out: Array<Part>): AiError.AiError | undefined {
    if (call.done || piece === "") return undefined
    const broken = this.state.gatherArguments(call.name ?? "", piece)
    if (broken !== undefined) return broken
    call.arguments += piece
    if (call.name !== undefined) out.push({ type: "tool-params-delta", id: call.id, delta: piece })
    return undefined
  }

  private begin({ itemId, place }: Address, item: unknown): Call | undefined {
    const givenId = text(item, "call_id") ?? itemId
    if (givenId === undefined) return undefined
    const id = this.ids.has(givenId) ? `${givenId}-${this.ids.size}` : givenId
    this.ids.add(id)
    const call: Call = {
      id,
      givenId,
      itemId: itemId ?? givenId,
      place,
      type: field(item, "type"),
      name: undefined,
      arguments: "",
      done: false,
    }
    this.calls.push(call)
    this.excess ??= this.state.bounds.keep()
    return call
  }

  /** The call that an item means, while it goes on. */
  private running(address: Address, item: unknown): Call | undefined {
    const id = text(item, "call_id")
    const name = text(item, "name")
    const fits = (call: Call) => !call.done && (call.name === undefined || name === undefined || call.name === name)
    // A call that was announced without its own id has that of its item.
    const means = (call: Call) =>
      call.givenId === (id ?? address.itemId) ||
      (isHere(call, address) && (id === undefined || call.givenId === call.itemId))
    return this.calls.findLast((call) => fits(call) && means(call))
  }

  /** The call that a piece belongs to. */
  private at(address: Address): Call | undefined {
    const here = address.place === undefined ? this.calls : this.calls.filter((call) => isAt(call, address))
    const running = here.filter((call) => !call.done)
    return (
      running.findLast(({ itemId }) => itemId === address.itemId) ?? (this.isDone(address) ? undefined : running.at(-1))
    )
  }

  private isDone({ itemId, place }: Address): boolean {
    return place === undefined && this.calls.some((call) => call.done && call.itemId === itemId)
  }
}

const isHere = (call: Call, address: Address): boolean => isAt(call, address) || call.itemId === address.itemId

const isAt = (call: Call, { place }: Address): boolean => place !== undefined && call.place === place

/** Arguments of a function, or the input of a custom tool, in whatever type of JSON they came. */
const inputOf = (item: unknown): string =>
  writtenArguments(field(item, "arguments")) || writtenArguments(field(item, "input"))

const isSame = (call: Call, item: unknown): boolean =>
  call.givenId === (text(item, "call_id") ?? text(item, "id")) &&
  call.name === text(item, "name") &&
  call.arguments === inputOf(item)
