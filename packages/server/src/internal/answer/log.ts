/**
 * The log of one answer: events are added at its end, and readers have a place in it and no queue of their own.
 *
 * A slow reader costs nothing but its place. What is written runs ahead of the reader that is furthest only so far; the others
 * read what is there at their own pace.
 */
import { Effect } from "effect"

import { type Event } from "../../ChatProtocol.ts"
import { Entry } from "./entry.ts"
import { Signal } from "./signal.ts"

export interface LogOptions {
  /** Whether events stay after they were read, so that a reader can come back. */
  readonly retained: boolean
  /** How far the writer may be ahead of the reader that is furthest, in characters. */
  readonly lead: number
}

export class Log {
  /** Characters of all events so far. */
  size = 0
  private entries: Array<Entry> = []
  /** How many events are gone from the beginning. */
  private dropped = 0
  /** The characters of those. */
  private droppedSize = 0
  private over = false
  private readonly readers = new Set<Reader>()
  private readonly grown = new Signal()
  private readonly read = new Signal()
  private readonly audience = new Signal()
  private readonly options: LogOptions

  constructor(options: LogOptions) {
    this.options = options
  }

  /** The number of the last event. */
  get length(): number {
    return this.dropped + this.entries.length
  }

  /** How many of the first events are gone, because they were read and need not stay. */
  get first(): number {
    return this.dropped
  }

  get ended(): boolean {
    return this.over
  }

  get readerCount(): number {
    return this.readers.size
  }

  append(events: ReadonlyArray<Event>): void {
    if (this.over || events.length === 0) return
    for (const event of events) this.push(new Entry(event))
    this.grown.notify()
  }

  add(entries: ReadonlyArray<Entry>): void {
    if (this.over || entries.length === 0) return
    for (const entry of entries) this.push(entry)
    this.grown.notify()
  }

  /** The last events, and that they are the last: nobody sees the one without the other. */
  end(entries: ReadonlyArray<Entry>): void {
    if (this.over) return
    for (const entry of entries) this.push(entry)
    this.close()
  }

  close(): void {
    if (this.over) return
    this.over = true
    this.grown.notify()
    this.read.notify()
    this.audience.notify()
  }

  private push(entry: Entry): void {
    this.size += entry.weight
    entry.end = this.size
    this.entries.push(entry)
  }

  /** A reader that has seen so many events. It is to be closed. */
  reader(after: number): Reader {
    const reader = new Reader(this, after)
    this.readers.add(reader)
    this.audience.notify()
    this.read.notify()
    return reader
  }

  /** Until the writer may go on. Where nobody reads, nobody is waited for. */
  get room(): Effect.Effect<void> {
    return this.hasRoom() ? Effect.void : this.untilRoom
  }

  private readonly hasRoom = () => this.over || this.ahead <= this.options.lead

  private readonly untilRoom = this.read.until(this.hasRoom)

  /** Tells of events that were added, and of the end. */
  watch(watcher: () => void): () => void {
    return this.grown.watch(watcher)
  }

  /** Until nobody reads. */
  readonly deserted: Effect.Effect<void> = this.audience.until(() => this.readers.size === 0)

  /** Until somebody reads, or the log is over. */
  readonly attended: Effect.Effect<void> = this.audience.until(() => this.readers.size > 0 || this.over)

  /** Until there is more than a number of events, or the end. */
  more(after: number): Effect.Effect<void> {
    return this.grown.until(() => this.over || this.length > after)
  }

  /** Events after a number, about as many characters as are asked for, and one at least if there is one. */
  slice(after: number, most: number, count = Number.POSITIVE_INFINITY): ReadonlyArray<Entry> {
    const from = after - this.dropped
    if (from < 0 || from >= this.entries.length || count <= 0) return []
    const before = from === 0 ? this.droppedSize : (this.entries[from - 1]?.end ?? 0)
    let to = from + 1
    while (to < this.entries.length && to - from < count && (this.entries[to]?.end ?? 0) - before <= most) to++
    return this.entries.slice(from, to)
  }

  /** Of the reader that is furthest, in characters behind the writer. */
  private get ahead(): number {
    if (this.readers.size === 0) return 0
    let furthest = 0
    for (const { position } of this.readers) if (position > furthest) furthest = position
    return furthest >= this.length ? 0 : this.size - this.endOf(furthest)
  }

  private endOf(number: number): number {
    const index = number - this.dropped - 1
    return index < 0 ? this.droppedSize : (this.entries[index]?.end ?? this.size)
  }

  /** @internal */
  moved(): void {
    if (!this.options.retained) this.drop()
    this.read.notify()
  }

  /** @internal */
  left(reader: Reader): void {
    if (!this.readers.delete(reader)) return
    this.read.notify()
    this.audience.notify()
  }

  private drop(): void {
    let least = this.length
    for (const { position } of this.readers) if (position < least) least = position
    const gone = least - this.dropped
    // Not one by one, which would move all of the rest each time.
    if (gone < 256 && gone < this.entries.length) return
    this.droppedSize = this.entries[gone - 1]?.end ?? this.droppedSize
    if (gone === this.entries.length) this.entries.length = 0
    else this.entries = this.entries.slice(gone)
    this.dropped = least
  }
}

/** One reader's place in a log. */
export class Reader {
  /** How many events it has taken. */
  position: number
  readonly log: Log

  constructor(log: Log, after: number) {
    this.log = log
    this.position = after
  }

  /** Whether the answer is over and all of it was taken. */
  get done(): boolean {
    return this.log.ended && this.position >= this.log.length
  }

  /** What is there after the reader's place, up to so many characters, and up to so many events. */
  take(most: number, count?: number): ReadonlyArray<Entry> {
    const taken = this.log.slice(this.position, most, count)
    if (taken.length > 0) {
      this.position += taken.length
      this.log.moved()
    }
    return taken
  }

  get more(): Effect.Effect<void> {
    return this.log.more(this.position)
  }

  close(): void {
    this.log.left(this)
  }
}
