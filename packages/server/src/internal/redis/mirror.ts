/** The answers that are read at this process and written at others. */
import { Log } from "../answer/log.ts"
import { eventsIn, isEnd, type StreamEntry } from "./entries.ts"

export class Mirror {
  readonly name: string
  /** The process that writes it. */
  readonly owner: string
  /** Nothing waits for its readers: it is written elsewhere. */
  readonly log = new Log({ retained: true, lead: Number.POSITIVE_INFINITY })
  readers = 0
  /** The id of the last entry. */
  last = "0-0"

  constructor(name: string, owner: string) {
    this.name = name
    this.owner = owner
  }

  /** Entries may come twice, from the first look and from the one connection that reads on. */
  take(entries: ReadonlyArray<StreamEntry>): void {
    for (const entry of entries) {
      const first = Number(entry[0].split("-")[0])
      if (first !== this.log.length + 1) continue
      this.last = entry[0]
      if (isEnd(entry)) this.log.end(eventsIn(entry))
      else this.log.add(eventsIn(entry))
    }
  }
}
