/**
 * The gates of an application by key, and the permits that several processes share.
 */
import { Effect, Random, Schedule, type Scope, Semaphore } from "effect"
import type * as Redis from "effect/persistence/Redis"

import { type RedisOptions } from "../../SharedState.ts"
import { atomic, redisLink, type RedisLink } from "../redis.ts"
import { priorities } from "./priorities.ts"
import { FairSemaphore } from "./state.ts"

export interface Permits {
  readonly semaphoreOf: (key: string, options: { readonly limit: number; readonly places: number }) => FairSemaphore
  /** Absent where one process is all there is. */
  readonly shared: SharedPermits | undefined
}

/** A gate is there for as long as a policy or a call knows it: two with one key would let in twice as many. */
export const memoryPermits = (shared?: SharedPermits): Permits => {
  const gates = new Map<string, WeakRef<FairSemaphore>>()
  const collected = new FinalizationRegistry<string>((key) => {
    if (gates.get(key)?.deref() === undefined) gates.delete(key)
  })
  return {
    shared,
    semaphoreOf: (key, options) => {
      const known = gates.get(key)?.deref()
      if (known !== undefined) return known
      const gate = new FairSemaphore({ ...options, urgencies: priorities.length })
      gates.set(key, new WeakRef(gate))
      collected.register(gate, key)
      return gate
    },
  }
}

export interface Holder {
  readonly key: string
  readonly id: string
  readonly weight: number
}

/** How long a permit is held by a process that is not heard of. Milliseconds. */
const lease = 30_000

/** Permits in Redis, renewed for as long as the scope is open. Who goes first is decided within each process. */
export const redisPermits = (options?: RedisOptions): Effect.Effect<SharedPermits, never, Redis.Redis | Scope.Scope> =>
  Effect.gen(function* () {
    const permits = new SharedPermits(yield* redisLink("Concurrency.limit", options))
    yield* Effect.forkScoped(Effect.repeat(permits.renew, Schedule.spaced(lease / 3)))
    return permits
  })

/** One caller of a key asks at a time, and the others stand behind it. */
interface Asking {
  readonly turns: Semaphore.Semaphore
  callers: number
}

export class SharedPermits {
  private readonly link: RedisLink
  /** Those that hold permits, and those that may because the answer was lost. */
  private readonly holders = new Map<Holder, "holds" | "may hold">()
  private readonly asking = new Map<string, Asking>()

  constructor(link: RedisLink) {
    this.link = link
  }

  /** Waits for permits; `false` if nobody can tell and calls are to be refused then. */
  take(holder: Holder, limit: number): Effect.Effect<boolean> {
    const ask = this.link.ask(acquire, {
      keys: [this.keyOf(holder.key)],
      args: [lease, limit, holder.id, holder.weight],
    })
    const attempt = (wait: number): Effect.Effect<boolean> =>
      Effect.flatMap(ask, (granted) => {
        if (granted === 1 || (granted === undefined && !this.link.refuses)) return Effect.as(this.holding(holder), true)
        if (granted === undefined) return Effect.succeed(false)
        return Effect.flatMap(Random.nextBetween(wait / 2, wait), Effect.sleep).pipe(
          Effect.andThen(attempt(Math.min(maxWait, wait * 2))),
        )
      })
    return Effect.suspend(() => {
      this.holders.set(holder, "may hold")
      return this.inTurn(holder.key, attempt(firstWait))
    })
  }

  private holding(holder: Holder): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.holders.has(holder)) this.holders.set(holder, "holds")
    })
  }

  private inTurn<A>(key: string, self: Effect.Effect<A>): Effect.Effect<A> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        const asking = this.asking.get(key) ?? { turns: Semaphore.makeUnsafe(1), callers: 0 }
        asking.callers++
        this.asking.set(key, asking)
        return asking
      }),
      ({ turns }) => turns.withPermit(self),
      (asking) => Effect.sync(() => void (--asking.callers === 0 && this.asking.delete(key))),
    )
  }

  /** Gives permits back, whether there are any or not. */
  release(holder: Holder): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.holders.delete(holder)
      const { id, key, weight } = holder
      return Effect.asVoid(this.link.ask(giveBack, { keys: [this.keyOf(key)], args: [id, weight] }))
    })
  }

  readonly renew: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach([...this.holders.keys()], (holder) => this.prolong(holder), { discard: true }),
  )

  /** A server that was lost and comes back empty is told again of the permits that are held. */
  private prolong(holder: Holder): Effect.Effect<void> {
    return Effect.suspend(() => {
      const state = this.holders.get(holder)
      // It gave its permits back meanwhile.
      if (state === undefined) return Effect.void
      const args = [lease, holder.id, holder.weight, state === "holds" ? 1 : 0]
      return Effect.asVoid(this.link.ask(prolong, { keys: [this.keyOf(holder.key)], args }))
    })
  }

  private keyOf(key: string): string {
    return `${this.link.prefix}:concurrency:${key}`
  }
}

/** Milliseconds until it is asked again whether there is room, doubling, and less up to half of it at random. */
const firstWait = 10

const maxWait = 40

// A sorted set of places with the times at which they fall free by themselves.
const acquire = atomic<0 | 1>(`
local lease, limit, id, weight = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local time = now()
redis.call("ZREMRANGEBYSCORE", KEYS[1], "-inf", time)
if redis.call("ZCARD", KEYS[1]) + weight > limit then return 0 end
for place = 1, weight do redis.call("ZADD", KEYS[1], time + lease, id .. ":" .. place) end
redis.call("PEXPIRE", KEYS[1], lease * 2)
return 1
`)

const prolong = atomic<0>(`
local lease, id, weight, holds = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), ARGV[5] == "1"
local time = now()
for place = 1, weight do
  local member = id .. ":" .. place
  if holds then redis.call("ZADD", KEYS[1], time + lease, member) else redis.call("ZADD", KEYS[1], "XX", time + lease, member) end
end
redis.call("PEXPIRE", KEYS[1], lease * 2)
return 0
`)

const giveBack = atomic<0>(`
for place = 1, tonumber(ARGV[3]) do redis.call("ZREM", KEYS[1], ARGV[2] .. ":" .. place) end
return 0
`)
