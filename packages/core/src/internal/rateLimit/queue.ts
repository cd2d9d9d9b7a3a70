/**
 * Those who wait for a limit, in the order in which they came.
 *
 * Only the first one acts: it asks, sleeps for as long as it was told, and asks again. So there is one timer however many wait,
 * nobody is overtaken, and nobody is woken for nothing.
 */
import { type Entry, LinkedList } from "../../LinkedList.ts"

/** Why somebody is sent away: it would take so long at least. */
export interface Wait {
  readonly dimension: number | undefined
  readonly wait: number
}

export interface Waiter {
  readonly costs: ReadonlyArray<number>
  /** When its patience is over. */
  readonly expires: number
  /** It is the first now. */
  turn: () => void
  sentAway: (wait: Wait) => void
  /** Ends its sleep, while it sleeps. */
  wake: (() => void) | undefined
  /** Where it stands, while it stands in line. */
  place: Entry<Waiter> | undefined
}

/** While the first one only asks, which takes no time to speak of, so many may come beyond the places. */
const maxAsking = 100

export class Queue {
  private readonly waiters = new LinkedList<Waiter>()
  /** Until when the first one sleeps, and why. */
  private rest: { readonly until: number; readonly dimension: number | undefined } | undefined
  /** Nobody's patience is over before. */
  private earliest = Infinity

  get size(): number {
    return this.waiters.size
  }

  get first(): Waiter | undefined {
    return this.waiters.first?.value
  }

  /** Takes a place; who is first has its turn. Answers why there is none for it. */
  join(waiter: Waiter, { now, places }: { readonly now: number; readonly places: number }): Wait | undefined {
    const { rest } = this
    if (rest === undefined) {
      if (this.waiters.size > places + maxAsking) return { dimension: 0, wait: 1 }
    } else if (this.waiters.size >= places || waiter.expires < rest.until) return waitUntil(rest, now)
    waiter.place = this.waiters.append(waiter)
    this.earliest = Math.min(this.earliest, waiter.expires)
    if (this.waiters.size === 1) waiter.turn()
    return undefined
  }

  /**
   * The first one sleeps. Who then has no place, or would wait in vain, is sent away; `false` if that is the first one
   * itself.
   */
  sleep(
    refusal: Wait,
    { now, places, until }: { readonly now: number; readonly places: number; readonly until: number },
  ): boolean {
    const first = this.first
    if (first === undefined || places < 1 || first.expires < until) return false
    this.rest = { until, dimension: refusal.dimension }
    if (until <= this.earliest && this.waiters.size <= places) return true
    const wait = waitUntil(this.rest, now)
    this.earliest = Infinity
    let kept = 0
    let next = this.waiters.first
    while (next !== undefined) {
      const { after, value: waiter } = next
      if (waiter.expires >= until && kept < places) {
        kept++
        this.earliest = Math.min(this.earliest, waiter.expires)
      } else {
        this.remove(waiter)
        waiter.sentAway(wait)
      }
      next = after
    }
    return true
  }

  /** Whoever leaves, served or not. */
  leave(waiter: Waiter): void {
    const wasFirst = this.first === waiter
    waiter.wake = undefined
    this.remove(waiter)
    if (!wasFirst) return
    this.rest = undefined
    if (this.waiters.size === 0) this.earliest = Infinity
    this.first?.turn()
  }

  private remove(waiter: Waiter): void {
    if (waiter.place !== undefined) this.waiters.remove(waiter.place)
    waiter.place = undefined
  }
}

const waitUntil = (
  { dimension, until }: { readonly until: number; readonly dimension: number | undefined },
  now: number,
): Wait => ({
  dimension,
  wait: until - now,
})
