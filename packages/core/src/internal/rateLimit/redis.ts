/**
 * What `usageAccount` says, as scripts that run in Redis: one for each decision, and one for what became of a call.
 *
 * An account is one key with one value, which expires as soon as nothing in it counts any more.
 */
import { Effect } from "effect"
import type * as Redis from "effect/persistence/Redis"

import { type RedisOptions } from "../../SharedState.ts"
import { atomic, redisLink } from "../redis.ts"
import { maxRetryAfter, type Refusal, type Report, type Rules, slicesOfWindow, type Tightened } from "./state.ts"

/** Costs that were taken: when, by the server's clock, and what was left then of each dimension. */
export interface Taken {
  readonly at: number
  readonly left: ReadonlyArray<number>
}

export interface RedisWindow {
  /** Whether calls are to be refused while Redis does not answer. */
  readonly refuses: boolean
  /** One round trip. `undefined` if there is no answer. */
  readonly take: (key: string, rules: Rules, costs: ReadonlyArray<number>) => Effect.Effect<Taken | Refusal | undefined>
  readonly report: (key: string, rules: Rules, said: Report) => Effect.Effect<ReadonlyArray<Tightened>>
}

export const redisWindow = (options: RedisOptions | undefined): Effect.Effect<RedisWindow, never, Redis.Redis> =>
  Effect.map(redisLink("RateLimit", options), ({ ask, prefix, refuses }) => {
    const keys = (key: string) => [`${prefix}:limit:${key}`]
    return {
      refuses,
      take: (key, rules, costs) =>
        Effect.map(ask(taking, { keys: keys(key), args: takeArguments(rules, costs) }), decision),
      report: (key, rules, said) =>
        Effect.map(ask(reporting, { keys: keys(key), args: reportArguments(rules, said) }), tightenings),
    }
  })

const takeArguments = (rules: Rules, costs: ReadonlyArray<number>) => [
  rules.length,
  ...rules.flatMap(({ limit, window }, index) => [limit, window, costs[index] ?? 0]),
]

const reportArguments = (rules: Rules, { at, changes, throttled, hints: told }: Report) => [
  rules.length,
  ...rules.flatMap(({ limit, window }, index) => [limit, window, changes[index] ?? 0]),
  at,
  throttled === undefined ? "" : (throttled.hint ?? "unknown"),
  ...told.flatMap(({ dimension, remaining, reset }) => [dimension, remaining, reset]),
]

const decision = (answer: ReadonlyArray<string> | undefined): Taken | Refusal | undefined => {
  if (answer === undefined) return undefined
  const [granted, ...numbers] = answer.map(Number)
  const [first = 0, ...others] = numbers
  return granted === 1 ? { at: first, left: others } : { wait: first, dimension: named(others[0]) }
}

const tightenings = (answer: ReadonlyArray<string> = []): ReadonlyArray<Tightened> =>
  Array.from({ length: answer.length / 3 }, (_, index) => {
    const [dimension, remaining = 0, span = 0] = answer.slice(index * 3, index * 3 + 3).map(Number)
    return { dimension: named(dimension), remaining, span }
  })

const named = (dimension: number | undefined): Refusal["dimension"] =>
  dimension === undefined || dimension < 0 ? undefined : dimension

/** The part of both scripts: the account, brought up to the present. */
const account = `
local time = now()
local count = tonumber(ARGV[2])

local function rule(i)
  local at = 3 * i
  return tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
end

local stored = redis.call("GET", KEYS[1])
local account = stored and cmsgpack.unpack(stored)
if not account then
  account = { latest = time, blocked = time, pause = 0, paused = time, usages = {} }
  for i = 1, count do
    account.usages[i] = { slices = {}, used = 0, withheld = 0, since = time, till = time }
  end
end

if time < account.latest then
  local by = time - account.latest
  account.blocked = account.blocked + by
  account.paused = account.paused + by
  for i = 1, count do
    local usage = account.usages[i]
    usage.since = usage.since + by
    usage.till = usage.till + by
    for k = 1, #usage.slices, 3 do
      usage.slices[k] = usage.slices[k] + by
      usage.slices[k + 1] = usage.slices[k + 1] + by
    end
  end
end
account.latest = time

for i = 1, count do
  local _, window = rule(i)
  local usage = account.usages[i]
  local slices = usage.slices
  local kept = 1
  while slices[kept] and slices[kept + 1] + window <= time do
    usage.used = usage.used - slices[kept + 2]
    kept = kept + 3
  end
  if kept > 1 then
    local rest = {}
    for k = kept, #slices do rest[#rest + 1] = slices[k] end
    usage.slices = rest
    if #rest == 0 then usage.used = 0 end
  end
end

local function add(i, cost)
  if cost <= 0 then return end
  local _, window = rule(i)
  local usage = account.usages[i]
  local slices = usage.slices
  local size = #slices
  usage.used = usage.used + cost
  if size > 0 and time - slices[size - 2] < window / ${slicesOfWindow} then
    slices[size - 1] = time
    slices[size] = slices[size] + cost
  else
    slices[size + 1] = time
    slices[size + 2] = time
    slices[size + 3] = cost
  end
end

local function withheld_at(usage)
  if time >= usage.till then return 0 end
  return usage.withheld * (usage.till - time) / (usage.till - usage.since)
end

local function text(number)
  return string.format("%.17g", number)
end

local function save()
  local span = math.max(account.blocked, account.paused + account.pause) - time
  for i = 1, count do
    local _, window = rule(i)
    span = math.max(span, window, account.usages[i].till - time)
  end
  redis.call("SET", KEYS[1], cmsgpack.pack(account), "PX", text(math.ceil(span) + 1))
end
`

const taking = atomic<ReadonlyArray<string>>(`${account}
local function withheld_down_to(usage, amount)
  if withheld_at(usage) <= amount then return time end
  return usage.till - amount * (usage.till - usage.since) / usage.withheld
end

local function wait_for(i)
  local limit, window, cost = rule(i)
  local usage = account.usages[i]
  local free = limit - usage.used - cost
  local from = time
  for k = 1, #usage.slices, 3 do
    local till = usage.slices[k + 1] + window
    if free >= 0 then
      local at = math.max(from, withheld_down_to(usage, free))
      if at < till then return at - time end
    end
    free = free + usage.slices[k + 2]
    from = till
  end
  return math.max(from, withheld_down_to(usage, math.max(0, free))) - time
end

local wait = account.blocked - time
local dimension = -1
for i = 1, count do
  local needed = wait_for(i)
  if needed > wait and needed > 0 then
    wait = needed
    dimension = i - 1
  end
end
if wait > 0 then
  -- Should the clock be set back, what was seen of it until now counts.
  save()
  return { "0", text(wait), text(dimension) }
end

local answer = { "1", text(time) }
for i = 1, count do
  local limit, _, cost = rule(i)
  add(i, cost)
  answer[#answer + 1] = text(limit - account.usages[i].used - withheld_at(account.usages[i]))
end
save()
return answer
`)

const reporting = atomic<ReadonlyArray<string>>(`${account}
local at = tonumber(ARGV[3 * count + 3])
local throttled = ARGV[3 * count + 4]
local answer = {}

local function tell(dimension, remaining, span)
  answer[#answer + 1] = text(dimension)
  answer[#answer + 1] = text(remaining)
  answer[#answer + 1] = text(span)
end

local function give_back(usage, amount)
  local slices = usage.slices
  for k = #slices - 2, 1, -3 do
    if slices[k] <= at and at <= slices[k + 1] then
      local given = math.min(amount, slices[k + 2])
      slices[k + 2] = slices[k + 2] - given
      usage.used = usage.used - given
      return
    end
  end
end

local function pause()
  if account.pause > 0 and at < account.paused - account.pause then return 0 end
  local again = account.pause > 0 and time - account.paused <= account.pause
  account.pause = again and math.min(account.pause * 2, 60000) or 1000
  account.paused = time + account.pause
  return account.pause
end

for i = 1, count do
  local _, _, change = rule(i)
  if change > 0 then add(i, change) elseif change < 0 then give_back(account.usages[i], -change) end
end

for k = 3 * count + 5, #ARGV, 3 do
  local i = tonumber(ARGV[k]) + 1
  local remaining = tonumber(ARGV[k + 1])
  local reset = tonumber(ARGV[k + 2])
  local limit, window = rule(i)
  local usage = account.usages[i]
  local unknown = limit - usage.used - remaining
  local before = withheld_at(usage)
  if unknown > before + limit / ${slicesOfWindow} and reset > 0 then
    usage.withheld = unknown
    usage.since = time
    usage.till = math.max(before > 0 and usage.till or time, time + math.min(reset, window))
    tell(i - 1, remaining, reset)
  end
end

if throttled ~= "" then
  local hint = tonumber(throttled)
  local till = time + (hint and math.min(hint, ${maxRetryAfter}) or pause())
  if till > account.blocked and till > time then
    account.blocked = till
    tell(-1, 0, till - time)
  end
end
save()
return answer
`)
