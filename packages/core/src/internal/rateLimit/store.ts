import { WaitingLine } from "./queue.ts"
/**
 * The limits of one process, by key, and those who wait for them.
 */
import { type Account, isIdle, make, type Rules } from "./state.ts"

/** Names entries. Limits of different dimensions under one key are apart. */
export const idOf = (rules: Rules): ((key: string) => string) => {
  const signature = rules.map(({ name, window }) => `${name}/${window}`).join(",")
  return (key) => `${key} ${signature}`
}

/** The key by itself. */
export const nameOf = (id: string): string => id.slice(0, id.lastIndexOf(" "))

export class Entry {
  readonly key: string
  readonly rules: Rules
  /** Calls that will still say what they took. */
  underWay = 0
  /** Until when the provider wants a rest, as far as this process has heard. */
  blockedUntil = 0
  private own: Account | undefined
  private waiting: WaitingLine | undefined

  constructor(key: string, rules: Rules) {
    this.key = key
    this.rules = rules
  }

  /** What this process itself has used. */
  account(now: number): Account {
    this.own ??= make(this.rules, now)
    return this.own
  }

  get line(): WaitingLine {
    this.waiting ??= new WaitingLine()
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

export class Entries {
  private readonly all = new Map<string, Entry>()
  private tidyAt = 0

  get size(): number {
    return this.all.size
  }

  of(key: string, rules: Rules, now: number): Entry {
    if (now >= this.tidyAt) this.tidy(rules, now)
    const known = this.all.get(key)
    if (known !== undefined) return known
    const entry = new Entry(key, rules)
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
    this.tidyAt = now + Math.min(Math.max(window, shortestTidying), longestTidying)
    for (const [key, entry] of this.all) if (entry.isIdle(now)) this.all.delete(key)
  }
}

const shortestTidying = 1_000
const longestTidying = 60_000
