/**
 * A provider that serves so many requests at the same time, lets so many wait, and turns the others away.
 *
 * Plain state, without a clock or an effect. Times are milliseconds of the simulation.
 */
import { type Distribution } from "../../Distribution.ts"
import { type Attempt } from "../../Simulation.ts"
import { breakAt, nextBreak, strain, type Weather } from "./weather.ts"

export interface Settings {
  readonly name: string
  readonly slots: number
  readonly queue: number
  readonly firstPart: Distribution
  readonly rest: Distribution
  readonly limit: { readonly requests: number; readonly per: number } | undefined
  readonly weather: ReadonlyArray<Weather>
}

/** What is wrong with the settings, by the name of the option. */
export const mistakeIn = ({ limit, queue, slots }: Settings): string | undefined => {
  if (!Number.isInteger(slots) || slots < 1) return "slots must be a whole number, 1 or more"
  if (queue !== Infinity && (!Number.isInteger(queue) || queue < 0)) return "queue must be a whole number, 0 or more"
  return limit === undefined || (limit.requests >= 1 && limit.per > 0)
    ? undefined
    : "limit must let some requests through in some time"
}

/** A request at the provider. */
export interface Visit {
  readonly attempt: Attempt
  /** What it would take in good weather. */
  readonly firstPart: number
  readonly rest: number
  readonly luck: number
  state: "waiting" | "serving" | "left"
  /** When it will be done, as far as the provider knows. */
  doneAt: number
  called: (() => void) | undefined
}

export type Arrival =
  | { readonly _tag: "Admitted"; readonly visit: Visit }
  | { readonly _tag: "Throttled"; readonly retryAfter: number }
  | { readonly _tag: "Overloaded" }
  | { readonly _tag: "Outage" }
  | { readonly _tag: "Silence" }

/** What a request will have met since its turn came, one after the other. */
export interface Course {
  readonly firstPart: number
  readonly rest: number
  /** What ends it before that, and how long after the turn. */
  readonly ending: { readonly after: number; readonly kind: "Outage" | "Silence" | "Failure" } | undefined
}

export class SimulatedServer {
  readonly settings: Settings
  private readonly chance: () => number
  private readonly serving = new Set<Visit>()
  private readonly waiting = new Set<Visit>()
  private tokens: number
  private refilledAt = 0

  constructor(settings: Settings, chance: () => number) {
    this.settings = settings
    this.chance = chance
    this.tokens = settings.limit?.requests ?? 0
  }

  /** Requests a second that it can serve when the weather is good. */
  get capacity(): number {
    const { firstPart, rest, slots } = this.settings
    return (slots * 1000) / (firstPart.mean + rest.mean)
  }

  /** A request comes. What it will take is drawn now, so that it does not depend on what happens to others. */
  arrive(attempt: Attempt, now: number): Arrival {
    const { firstPart, queue, rest, slots, weather } = this.settings
    const visit: Visit = {
      attempt,
      firstPart: firstPart.sample(this.chance),
      rest: rest.sample(this.chance),
      luck: this.chance(),
      state: "waiting",
      doneAt: Infinity,
      called: undefined,
    }
    const broken = breakAt(weather, now)
    if (broken !== undefined) return { _tag: broken }
    const wait = this.throttled(now)
    if (wait > 0) return { _tag: "Throttled", retryAfter: wait }
    if (this.serving.size < slots) this.serve(visit, now)
    else if (this.waiting.size >= queue) return { _tag: "Overloaded" }
    else this.waiting.add(visit)
    return { _tag: "Admitted", visit }
  }

  /** It was answered, it failed, or its client has gone. */
  leave(visit: Visit, now: number): void {
    if (visit.state === "left") return
    if (visit.state === "waiting") this.waiting.delete(visit)
    else this.serving.delete(visit)
    visit.state = "left"
    const [next] = this.waiting
    if (next === undefined || this.serving.size >= this.settings.slots) return
    this.waiting.delete(next)
    this.serve(next, now)
    next.called?.()
  }

  course(visit: Visit, now: number): Course {
    const { weather } = this.settings
    const { failing, slower } = strain(weather, now)
    const firstPart = visit.firstPart * slower
    const rest = visit.rest * slower
    const broken = breakAt(weather, now)
    if (broken !== undefined) return { firstPart, rest, ending: { after: 0, kind: broken } }
    const next = nextBreak(weather, { after: now, before: now + firstPart + rest })
    if (visit.luck < failing && (next === undefined || next.at >= now + firstPart)) {
      return { firstPart, rest, ending: { after: firstPart, kind: "Failure" } }
    }
    return { firstPart, rest, ending: next === undefined ? undefined : { after: next.at - now, kind: next.kind } }
  }

  /** How long one more request would have to wait for its first part, by all that the provider itself knows. */
  expected(now: number): number {
    const { firstPart, slots, weather } = this.settings
    if (breakAt(weather, now) !== undefined) return Infinity
    const { slower } = strain(weather, now)
    return (this.serving.size < slots ? 0 : this.nextFree(now, slower)) + firstPart.mean * slower
  }

  /** How long until a slot is free for one more, when all are taken. */
  private nextFree(now: number, slower: number): number {
    const free = Array.from(this.serving, ({ doneAt }) => Math.max(now, doneAt))
    for (const visit of this.waiting) {
      const first = free.indexOf(Math.min(...free))
      free[first] = (free[first] ?? now) + (visit.firstPart + visit.rest) * slower
    }
    return Math.min(...free) - now
  }

  private serve(visit: Visit, now: number): void {
    const { slower } = strain(this.settings.weather, now)
    visit.state = "serving"
    visit.doneAt = now + (visit.firstPart + visit.rest) * slower
    this.serving.add(visit)
  }

  /** Milliseconds until the limit lets one more request through. The bucket fills evenly. */
  private throttled(now: number): number {
    const { limit } = this.settings
    if (limit === undefined) return 0
    const rate = limit.requests / limit.per
    this.tokens = Math.min(limit.requests, this.tokens + (now - this.refilledAt) * rate)
    this.refilledAt = now
    if (this.tokens < 1) return Math.ceil((1 - this.tokens) / rate)
    this.tokens--
    return 0
  }
}
