import { Effect } from "effect"

/** Wakes whoever waits for something to change. */
export class Signal {
  private waiting = new Set<() => void>()
  private readonly watching = new Set<() => void>()

  /** Those who are woken may wait again at once, so they go into another set. */
  notify(): void {
    if (this.watching.size > 0) for (const watcher of this.watching) watcher()
    if (this.waiting.size === 0) return
    const woken = this.waiting
    this.waiting = new Set()
    for (const wake of woken) wake()
  }

  /** Is told of each change, until what it gives back is called. It costs no fiber. */
  watch(watcher: () => void): () => void {
    this.watching.add(watcher)
    return () => {
      this.watching.delete(watcher)
    }
  }

  /** Until a condition holds. It is checked now and after each change. */
  until(holds: () => boolean): Effect.Effect<void> {
    const next: Effect.Effect<void> = Effect.suspend(() =>
      holds() ? Effect.void : Effect.flatMap(this.change, () => next),
    )
    return next
  }

  private readonly change = Effect.callback<void>((resume) => {
    const wake = () => resume(Effect.void)
    this.waiting.add(wake)
    return Effect.sync(() => {
      this.waiting.delete(wake)
    })
  })
}
