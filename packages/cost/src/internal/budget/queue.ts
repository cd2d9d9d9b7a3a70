/**
 * Who waits for room, in the order of arrival.
 *
 * Only the first tries; when it leaves, whether with or without, the next one is first.
 */
export interface Waiter {
  /** Called once, when it is first. */
  readonly first: () => void
}

export class Queue {
  // A set keeps the order in which its members were added.
  readonly #waiters = new Set<Waiter>()

  get isEmpty(): boolean {
    return this.#waiters.size === 0
  }

  join(waiter: Waiter): void {
    this.#waiters.add(waiter)
    if (this.#waiters.size === 1) waiter.first()
  }

  leave(waiter: Waiter): void {
    const [first] = this.#waiters
    this.#waiters.delete(waiter)
    if (first !== waiter) return
    for (const next of this.#waiters) return next.first()
  }
}

/** One line for each set of limits. Those that nobody waits in are let go. */
export class Lines {
  readonly #lines = new Map<string, Queue>()

  get(key: string): Queue | undefined {
    return this.#lines.get(key)
  }

  join(key: string, waiter: Waiter): void {
    const line = this.#lines.get(key) ?? new Queue()
    this.#lines.set(key, line)
    line.join(waiter)
  }

  leave(key: string, waiter: Waiter): void {
    const line = this.#lines.get(key)
    line?.leave(waiter)
    if (line?.isEmpty === true) this.#lines.delete(key)
  }
}
