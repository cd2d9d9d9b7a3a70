import { Queue } from "./queue.ts"
/**
 * The limits of one process, by key, and those who wait for them.
 */
import { type SlidingWindow, isIdle, make, type Rules } from "./state.ts"

/** Builds the store's id. The same key with other dimensions or windows is another limit. */
export const idOf = (rules: Rules): ((key: string) => string) => {
  const signature = rules.map(({ name, window }) => `${name}/${window}`).join(",")
  return (key) => `${key} ${signature}`
}

/** The key by itself. */
export const nameOf = (id: string): string => id.slice(0, id.lastIndexOf(" "))

export class Limiter {
  readonly key: string
  readonly rules: Rules
  /** Calls that will still say what they took. */
  underWay = 0
  /** Until when the provider wants a rest, as far as this process has heard. */
  blockedUntil = 0
  private own: SlidingWindow | undefined
  private waiting: Queue | undefined

  constructor(key: string, rules: Rules) {
    this.key = key
    this.rules = rules
  }

  /** What this process itself has used. */
  window(now: number): SlidingWindow {
    this.own ??= make(this.rules, now)
    return this.own
  }

  get line(): Queue {
    this.waiting ??= new Queue()
    return this.waiting
  }

  get isWaitedFor(): boolean {
    return this.waiting !== undefined && this.waiting.size > 0
  }

  isIdle(now: number): boolean {
    return (
      this.underWay === 0 &&
      !this.isWaitedFor &&
      this.blockedUntil <= now &&
      (this.own === undefined || isIdle(this.own, this.rules, now))
    )
  }
}

export class LimiterStore {
  private readonly all = new Map<string, Limiter>()
  private tidyAt = 0

  get size(): number {
    return this.all.size
  }

  of(key: string, rules: Rules, now: number): Limiter {
    if (now >= this.tidyAt) this.tidy(rules, now)
    const known = this.all.get(key)
    if (known !== undefined) return known
    const entry = new Limiter(key, rules)
    this.all.set(key, entry)
    return entry
  }

  isBlocked(key: string, now: number): boolean {
    const entry = this.all.get(key)
    return entry !== undefined && entry.blockedUntil > now
  }

  /** Forgets keys that nobody uses. About once a window, so that it costs no more than the calls of that window did. */
  private tidy(rules: Rules, now: number): void {
    const window = Math.max(...rules.map((rule) => rule.window))
    this.tidyAt = now + Math.min(Math.max(window, minSweepInterval), maxSweepInterval)
    for (const [key, entry] of this.all) if (entry.isIdle(now)) this.all.delete(key)
  }
}

const minSweepInterval = 1_000
const maxSweepInterval = 60_000
