/**
 * Where the budgets for retries are kept, by key.
 */
import { Effect } from "effect"
import type * as Redis from "effect/persistence/Redis"

import { type RedisOptions } from "../../SharedState.ts"
import { atomic, redisLink } from "../redis.ts"
import * as BudgetState from "./state.ts"

export interface RetryBudgetStore {
  readonly deposit: (key: string, rules: BudgetState.Rules, now: number) => void
  readonly withdraw: (
    key: string,
    rules: BudgetState.Rules,
    draw: { readonly cost: number; readonly now: number },
  ) => Effect.Effect<boolean>
}

export const memoryStore = (): RetryBudgetStore => {
  const accounts = new Accounts()
  return {
    deposit: (key, rules, now) => accounts.deposit(key, rules, now),
    withdraw: (key, rules, draw) =>
      Effect.sync(() => {
        const next = BudgetState.withdraw(accounts.stateOf(key), rules, draw)
        if (next !== undefined) accounts.set(key, next, { window: rules.window, now: draw.now })
        return next !== undefined
      }),
  }
}

interface Account {
  state: BudgetState.State
  /** When nothing of it counts any more. */
  until: number
}

/** States by key. Those of which nothing counts any more are forgotten. */
class Accounts {
  /** The one that was turned to a new slice first comes first. */
  private readonly accounts = new Map<string, Account>()

  stateOf(key: string): BudgetState.State {
    return this.accounts.get(key)?.state ?? BudgetState.initial
  }

  deposit(key: string, rules: BudgetState.Rules, now: number): void {
    this.set(key, BudgetState.deposit(this.stateOf(key), rules, now), { window: rules.window, now })
  }

  set(key: string, state: BudgetState.State, { now, window }: { readonly window: number; readonly now: number }): void {
    const known = this.accounts.get(key)
    if (known?.state.current.number === state.current.number) {
      known.state = state
      return
    }
    this.accounts.delete(key)
    this.accounts.set(key, { state, until: now + window })
    for (const [idle, { until }] of this.accounts) {
      if (until > now) break
      this.accounts.delete(idle)
    }
  }

  delete(key: string): void {
    this.accounts.delete(key)
  }
}

/** First attempts are kept here until somebody withdraws, and are ages with that. */
export const redisStore = (options?: RedisOptions): Effect.Effect<RetryBudgetStore, never, Redis.Redis> =>
  Effect.map(redisLink("RetryBudget.ratio", options), (link) => {
    const own = memoryStore()
    const unreported = new Accounts()
    return {
      deposit: (key, rules, now) => {
        own.deposit(key, rules, now)
        unreported.deposit(key, rules, now)
      },
      withdraw: (key, rules, draw) =>
        Effect.suspend(() => {
          const ages = agesOf(unreported.stateOf(key), rules, draw.now)
          unreported.delete(key)
          const { minRetries, ratio, window } = rules
          return link.ask(withdrawScript, {
            keys: [`${link.prefix}:retry-budget:${key}`],
            args: [ratio, minRetries, window, draw.cost, ...ages],
          })
        }).pipe(
          Effect.flatMap((allowed) => {
            if (allowed !== undefined) return Effect.succeed(allowed === 1)
            return link.refuses ? Effect.succeed(false) : own.withdraw(key, rules, draw)
          }),
        ),
    }
  })

/** How many first attempts each slice had, by how many slices ago it was. */
const agesOf = (state: BudgetState.State, rules: BudgetState.Rules, now: number): ReadonlyArray<number> => {
  if (state === BudgetState.initial) return []
  const { current, past } = BudgetState.advance(state, rules, now)
  const ages = Array.from({ length: BudgetState.slicesPerWindow }, () => 0)
  for (const slice of [...past, current]) ages[current.number - slice.number] = slice.first
  return ages
}

// The same decision as `withdraw`, on a hash with two fields a slice.
const withdrawScript = atomic<0 | 1>(`
local ratio, minRetries, window, cost = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local current = math.floor(now() * 10 / window)
for age = 0, #ARGV - 6 do
  local ages = tonumber(ARGV[6 + age])
  if ages > 0 then redis.call("HINCRBY", KEYS[1], "first:" .. (current - age), ages) end
end
local first, drawn = 0, 0
local fields = redis.call("HGETALL", KEYS[1])
for index = 1, #fields, 2 do
  local kind, number = string.match(fields[index], "^(%a+):(-?%d+)$")
  if tonumber(number) <= current - 10 then
    redis.call("HDEL", KEYS[1], fields[index])
  elseif kind == "first" then
    first = first + tonumber(fields[index + 1])
  else
    drawn = drawn + tonumber(fields[index + 1])
  end
end
redis.call("PEXPIRE", KEYS[1], math.ceil(window * 1.1))
if drawn + cost > math.max(minRetries, ratio * first) then return 0 end
redis.call("HINCRBY", KEYS[1], "drawn:" .. current, cost)
redis.call("PEXPIRE", KEYS[1], math.ceil(window * 1.1))
return 1
`)
