/**
 * Calls that wait for room under their limits, in the order of arrival.
 *
 * Only the first one tries; when it leaves, with room or without, the next one is first.
 */
import { type Entry, LinkedList } from "@holdfast/core/LinkedList"

/** Called once, when the call is first. */
type Turn = () => void

/** Where a call waits. */
export interface Place {
  readonly queue: LinkedList<Turn>
  readonly entry: Entry<Turn>
}

/** One queue for each set of limits, for as long as it is not empty. */
export class Queues {
  readonly #queues = new Map<string, LinkedList<Turn>>()

  has(key: string): boolean {
    return this.#queues.has(key)
  }

  join(key: string, turn: Turn): Place {
    const queue = this.#queues.get(key) ?? new LinkedList<Turn>()
    this.#queues.set(key, queue)
    const place: Place = { queue, entry: queue.append(turn) }
    if (queue.size === 1) turn()
    return place
  }

  leave(key: string, { entry, queue }: Place): void {
    const wasFirst = queue.first === entry
    queue.remove(entry)
    if (queue.size === 0) this.#queues.delete(key)
    else if (wasFirst) queue.first?.value()
  }
}
