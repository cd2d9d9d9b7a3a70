/**
 * The entries of a journal in memory, column by column: a time in a column of numbers needs no object of its own.
 */
import { type Entry, type Reservation, type Settlement } from "./journal.ts"

type Content = Reservation | Settlement | string

export class MemoryJournal {
  readonly #tags: Array<Entry["_tag"]> = []
  readonly #times: Array<number> = []
  /** What was reserved or settled, or the id of what was released or expired. */
  readonly #contents: Array<Content> = []

  get length(): number {
    return this.#tags.length
  }

  reserved(at: number, reservation: Reservation): void {
    this.#push("Reserved", at, reservation)
  }

  settled(at: number, settlement: Settlement): void {
    this.#push("Settled", at, settlement)
  }

  ended(tag: "Released" | "Expired", at: number, id: string): void {
    this.#push(tag, at, id)
  }

  /** Removes so many of the oldest entries, and gives the ids of those that ended a reservation. */
  forget(count: number): ReadonlyArray<string> {
    const tags = this.#tags.splice(0, count)
    const contents = this.#contents.splice(0, count)
    this.#times.splice(0, count)
    return contents.flatMap((content, index) => {
      if (tags[index] !== "Settled" && tags[index] !== "Released") return []
      return typeof content === "string" ? content : content.id
    })
  }

  entries(from: number, to: number): ReadonlyArray<Entry> {
    const found: Array<Entry> = []
    for (const [index, at] of this.#times.entries()) {
      if (at >= from && at < to) found.push(this.#entry(index, at))
    }
    return found
  }

  #push(tag: Entry["_tag"], at: number, content: Content): void {
    this.#tags.push(tag)
    this.#times.push(at)
    this.#contents.push(content)
  }

  #entry(index: number, at: number): Entry {
    const content = this.#contents[index]
    switch (this.#tags[index]) {
      case "Reserved":
        return { _tag: "Reserved", at, reservation: content as Reservation }
      case "Settled":
        return { _tag: "Settled", at, settlement: content as Settlement }
      case "Released":
        return { _tag: "Released", at, id: content as string }
      default:
        return { _tag: "Expired", at, id: content as string }
    }
  }
}
