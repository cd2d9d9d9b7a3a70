/**
 * Time that passes only when there is nothing left to do, and then at once up to the next event.
 *
 * It does what `TestClock.adjust` does, for worlds with thousands of sleepers and millions of events: sleepers wait in a heap,
 * a sleeper that gives up leaves it at once, and fibers are run from a plain queue, without a turn of the event loop for each.
 * What runs here may wait for the `Clock` and for other fibers, and for nothing outside.
 */
import { type Clock, Duration, Effect, type Scheduler } from "effect"

import { queueScheduler } from "../queueScheduler.ts"

interface Sleeper {
  /** Milliseconds. */
  readonly at: number
  /** Who began to sleep first wakes first. */
  readonly sequence: number
  readonly wake: () => void
  /** Place in the heap; below 0 when it has left. */
  place: number
}

export class VirtualTime {
  private now = 0
  private sequence = 0
  private readonly sleepers = new Sleepers()
  private tasks: Array<() => void> = []
  private done = 0

  readonly clock: Clock.Clock
  readonly scheduler: Scheduler.Scheduler

  constructor() {
    const millis = () => this.now
    const nanos = () => BigInt(Math.round(this.now * 1e6))
    this.clock = {
      currentTimeMillisUnsafe: millis,
      currentTimeNanosUnsafe: nanos,
      monotonicTimeNanosUnsafe: nanos,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanos: Effect.sync(nanos),
      sleep: (duration) => this.sleep(Duration.toMillis(duration)),
    }
    this.scheduler = queueScheduler({ add: (task) => void this.tasks.push(task), run: () => this.runTasks() })
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.sleepers.size
  }

  /** Lets so many sleepers wake, and says whether something may still happen before `until`. Milliseconds. */
  advance(options: { readonly until: number; readonly events: number }): boolean {
    this.runTasks()
    for (let woken = 0; woken < options.events; woken++) {
      const next = this.sleepers.earliest
      if (next === undefined || next.at > options.until) {
        if (options.until < Infinity) this.now = Math.max(this.now, options.until)
        return false
      }
      this.sleepers.remove(next)
      this.now = next.at
      next.wake()
      this.runTasks()
    }
    return true
  }

  private runTasks(): void {
    while (this.done < this.tasks.length) this.tasks[this.done++]?.()
    this.tasks = []
    this.done = 0
  }

  private sleep(millis: number): Effect.Effect<void> {
    if (!(millis > 0)) return Effect.void
    if (millis === Infinity) return Effect.never
    return Effect.callback((resume) => {
      const sleeper: Sleeper = {
        at: this.now + millis,
        sequence: ++this.sequence,
        wake: () => resume(Effect.void),
        place: -1,
      }
      this.sleepers.add(sleeper)
      return Effect.sync(() => this.sleepers.remove(sleeper))
    })
  }
}

/** A binary heap whose members know their places. */
class Sleepers {
  private readonly heap: Array<Sleeper> = []

  get earliest(): Sleeper | undefined {
    return this.heap[0]
  }

  get size(): number {
    return this.heap.length
  }

  add(sleeper: Sleeper): void {
    this.rise(sleeper, this.heap.length)
  }

  remove(sleeper: Sleeper): void {
    const { place } = sleeper
    if (place < 0) return
    sleeper.place = -1
    const last = this.heap.pop()
    if (last === undefined || last === sleeper) return
    this.rise(last, place)
    this.sink(last, last.place)
  }

  private rise(sleeper: Sleeper, from: number): void {
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.heap[above] as Sleeper
      if (!isEarlier(sleeper, parent)) break
      this.put(parent, place)
      place = above
    }
    this.put(sleeper, place)
  }

  private sink(sleeper: Sleeper, from: number): void {
    let place = from
    for (;;) {
      const child = this.earlierChild(place)
      if (child === undefined || !isEarlier(child, sleeper)) break
      const below = child.place
      this.put(child, place)
      place = below
    }
    this.put(sleeper, place)
  }

  private earlierChild(place: number): Sleeper | undefined {
    const left = this.heap[2 * place + 1]
    const right = this.heap[2 * place + 2]
    return left !== undefined && right !== undefined && isEarlier(right, left) ? right : left
  }

  private put(sleeper: Sleeper, place: number): void {
    this.heap[place] = sleeper
    sleeper.place = place
  }
}

const isEarlier = (a: Sleeper, b: Sleeper): boolean => a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
