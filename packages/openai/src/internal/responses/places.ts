/**
 * Where events of the Responses API belong: to an item by its place in the output, and to a text by its place in the item.
 *
 * Proxies change the ids of items from event to event, or leave them out. So a place decides, and an id only where no
 * place is given.
 */
import { type Metadata } from "@holdfast/core/provider/AnswerState"
import { type Part } from "@holdfast/core/provider/EventReader"
import { count, index, text } from "@holdfast/core/provider/Json"
import { type AiError } from "effect/ai"

import { type AnswerState } from "./state.ts"

export type Kind = "text" | "reasoning"

interface Block {
  readonly id: string
  open: boolean
  /** Whether anything of it was given out. What was not comes with its end. */
  delivered: boolean
}

/** A message, or a piece of reasoning. */
export interface Item {
  readonly kind: Kind
  /** Its id in the event that began it. */
  readonly itemId: string | undefined
  /** Its place in the output, where one was given. */
  readonly place: number | undefined
  readonly blocks: Map<number, Block>
  phase: string | undefined
  done: boolean
}

/** The place of an item, as an event gives it. */
export interface Address {
  readonly place: number | undefined
  readonly itemId: string | undefined
}

/** The address in an event about a part of an item. */
export const addressOf = (event: unknown): Address => ({
  place: count(event, "output_index"),
  itemId: text(event, "item_id"),
})

/** The address in an event about an item. */
export const itemAddressOf = (event: unknown, item: unknown): Address => ({
  place: count(event, "output_index"),
  itemId: text(item, "id"),
})

/** The texts and the reasoning of one answer. */
export class Places {
  readonly state: AnswerState
  readonly items: Array<Item> = []
  private readonly blockIds = new Set<string>()
  /** Set as soon as there are too many items or texts. */
  excess: AiError.AiError | undefined

  constructor(state: AnswerState) {
    this.state = state
  }

  /** The item at an address, which begins there if there is none. */
  item(kind: Kind, address: Address): Item {
    return this.find(kind, address) ?? this.add(kind, address)
  }

  /** The item that an announcement means: the one that was begun, unless that is done. */
  announced(kind: Kind, address: Address): Item {
    const known = this.find(kind, address)
    if (known === undefined) return this.add(kind, address)
    const isAnother = known.itemId !== address.itemId && (known.done || address.place === undefined)
    return isAnother ? this.add(kind, address) : known
  }

  private find(kind: Kind, { itemId, place }: Address): Item | undefined {
    const items = this.items.filter((item) => item.kind === kind)
    if (place !== undefined) return items.findLast((item) => item.place === place)
    const named = items.findLast((item) => item.itemId === itemId)
    const last = items.at(-1)
    return named ?? (last === undefined || last.done ? undefined : last)
  }

  private add(kind: Kind, { itemId, place }: Address): Item {
    const item: Item = { kind, itemId, place, blocks: new Map(), phase: undefined, done: false }
    this.items.push(item)
    this.keep()
    return item
  }

  private keep(): void {
    this.excess ??= this.state.bounds.keep()
  }

  /**
   * The items of the final output that were delivered already: by their ids, by their places, or in order where places
   * make no sense.
   */
  delivered(kind: Kind, output: ReadonlyArray<Address>): ReadonlyArray<Item | undefined> {
    const items = this.items.filter((item) => item.kind === kind)
    const places = new Set(output.map(({ place }) => place))
    const isPlaced =
      items.every(({ place }) => places.has(place)) && new Set(items.map(({ place }) => place)).size === items.length
    return output.map(
      ({ itemId, place }, at) =>
        items.find((item) => item.itemId !== undefined && item.itemId === itemId) ??
        (isPlaced ? items.find((item) => item.place === place) : items[at]),
    )
  }

  /** Begins a block, if it is not there, and gives its id while it is open. */
  open(item: Item, at: number, out: Array<Part>): Block | undefined {
    const known = item.blocks.get(at)
    if (known !== undefined) return known.open ? known : undefined
    const metadata = this.metadataOf(item)
    if (item.kind === "reasoning") this.close(item, metadata, out)
    const block: Block = { id: this.blockId(`${item.itemId ?? ""}:${at}`), open: true, delivered: false }
    item.blocks.set(at, block)
    this.keep()
    out.push({ type: `${item.kind}-start`, id: block.id, metadata })
    return block
  }

  // A place that was used again may have the id of the item before it.
  private blockId(wanted: string): string {
    const id = this.blockIds.has(wanted) ? `${wanted}:${this.blockIds.size}` : wanted
    this.blockIds.add(id)
    return id
  }

  push(item: Item, at: number, delta: string, out: Array<Part>): void {
    const block = this.open(item, at, out)
    if (block === undefined || delta === "") return
    block.delivered = true
    out.push({ type: `${item.kind}-delta`, id: block.id, delta })
  }

  /** A text as a whole, of which nothing is given out that was before. */
  whole(item: Item, at: number, written: string, out: Array<Part>): void {
    const block = this.open(item, at, out)
    if (block?.delivered === false) this.push(item, at, written, out)
  }

  end(item: Item, at: number, out: Array<Part>): void {
    const block = item.blocks.get(at)
    if (block === undefined || !block.open) return
    block.open = false
    out.push({ type: `${item.kind}-end`, id: block.id, metadata: this.metadataOf(item) })
  }

  /** Ends all blocks of an item. */
  close(item: Item, metadata: Metadata, out: Array<Part>): void {
    for (const block of item.blocks.values()) {
      if (!block.open) continue
      block.open = false
      out.push({ type: `${item.kind}-end`, id: block.id, metadata })
    }
  }

  metadataOf({ itemId, phase }: Item): Metadata {
    return this.state.metadata({ itemId, phase })
  }
}

/** The place of a text in its item. */
export const positionOf = (event: unknown, key: "content_index" | "summary_index"): number => index(event, key)
