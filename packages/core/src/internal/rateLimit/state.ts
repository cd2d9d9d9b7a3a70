/**
 * What has been used of a limit, by time, in several dimensions at once.
 *
 * Use is kept in slices of a two-hundredth of a window. A slice counts until its last use is a whole window ago, so that no window of
 * that length, wherever it begins, holds more than the limit, and hardly less of it than all can be used.
 *
 * Plain data, without a clock or a timer. Times are milliseconds of any clock; should it be set back, the past moves with
 * it. `sharedUsage` says the same in Lua.
 */

/** What is allowed in one dimension. The window is in milliseconds. */
interface Rule {
  readonly name: string
  readonly limit: number
  readonly window: number
}

export type Rules = ReadonlyArray<Rule>

interface Slice {
  start: number
  last: number
  used: number
}

interface Usage {
  /** Oldest first. */
  readonly slices: Array<Slice>
  used: number
  /** What the provider says is not left, although we do not know of its use. It comes back evenly until then. */
  withheld: number
  withheldSince: number
  withheldUntil: number
}

export interface SlidingWindow {
  latest: number
  /** Nothing is let through before. */
  blockedUntil: number
  /** How long the last pause was that no hint told, and when it was over. */
  pause: number
  pausedUntil: number
  readonly usages: ReadonlyArray<Usage>
}

export const make = (rules: Rules, now: number): SlidingWindow => ({
  latest: now,
  blockedUntil: now,
  pause: 0,
  pausedUntil: now,
  usages: rules.map(() => ({ slices: [], used: 0, withheld: 0, withheldSince: now, withheldUntil: now })),
})

/** Which dimension stands in the way, or none in particular, and for how long. */
export interface Refusal {
  readonly dimension: number | undefined
  readonly wait: number
}

/** Takes all costs, and answers nothing, or takes none of them. */
export const take = (
  account: SlidingWindow,
  rules: Rules,
  costs: ReadonlyArray<number>,
  now: number,
): Refusal | undefined => {
  const refusal = wouldRefuse(account, rules, costs, now)
  if (refusal !== undefined) return refusal
  for (let index = 0; index < rules.length; index++) add(account, rules, index, costs[index] ?? 0, now)
  return undefined
}

/** What `take` would answer. */
export const wouldRefuse = (
  account: SlidingWindow,
  rules: Rules,
  costs: ReadonlyArray<number>,
  now: number,
): Refusal | undefined => {
  advance(account, rules, now)
  let wait = account.blockedUntil - now
  let dimension: number | undefined
  for (let index = 0; index < rules.length; index++) {
    const needed = waitFor(account.usages[index] as Usage, rules[index] as Rule, costs[index] ?? 0, now)
    if (needed <= wait || needed <= 0) continue
    wait = needed
    dimension = index
  }
  return wait > 0 ? { dimension, wait } : undefined
}

/** What became of a call. */
export interface Report {
  /** When its costs were taken. */
  readonly at: number
  /** What it took more or less than that, by dimension. */
  readonly changes: ReadonlyArray<number>
  readonly hints: ReadonlyArray<RemainingHint>
  /** The provider wants a rest: so long, or it did not say how long. */
  readonly throttled?: { readonly hint: number | undefined } | undefined
}

/** What the provider says is left of a dimension, and after how long all of it is there again. */
export interface RemainingHint {
  readonly dimension: number
  readonly remaining: number
  readonly reset: number
}

/** What a report has tightened: a dimension, or with `undefined` all of them, and for how long. */
export interface Tightened {
  readonly dimension: number | undefined
  readonly remaining: number
  readonly span: number
}

/** Settles a call, and answers what the provider made tighter. */
export const report = (account: SlidingWindow, rules: Rules, said: Report, now: number): ReadonlyArray<Tightened> => {
  advance(account, rules, now)
  for (let index = 0; index < rules.length; index++) {
    const change = said.changes[index] ?? 0
    if (change > 0) add(account, rules, index, change, now)
    else if (change < 0) giveBack(account.usages[index] as Usage, -change, said.at)
  }
  const tightened: Array<Tightened> = []
  for (const told of said.hints) {
    if (withhold(account.usages[told.dimension] as Usage, rules[told.dimension] as Rule, told, now))
      tightened.push({ dimension: told.dimension, remaining: told.remaining, span: told.reset })
  }
  const span = said.throttled === undefined ? 0 : blockAll(account, said.throttled.hint, said.at, now)
  if (span > 0) tightened.push({ dimension: undefined, remaining: 0, span })
  return tightened
}

/** What is left of a dimension. Less than nothing where calls took more than had been thought. */
export const remainingAt = (account: SlidingWindow, rules: Rules, index: number, now: number): number => {
  advance(account, rules, now)
  const usage = account.usages[index] as Usage
  return (rules[index] as Rule).limit - usage.used - withheldAt(usage, now)
}

/** Whether nothing is known any more. */
export const isIdle = (account: SlidingWindow, rules: Rules, now: number): boolean => {
  advance(account, rules, now)
  return (
    account.blockedUntil <= now &&
    account.pausedUntil + account.pause <= now &&
    account.usages.every(({ slices, withheldUntil }) => slices.length === 0 && withheldUntil <= now)
  )
}

/** The pauses after 429s without a hint: a second, doubled each time up to a minute. */
const minPause = 1_000
const maxPause = 60_000

/** Hints are believed up to ten minutes; then one call finds out whether they still hold. */
export const maxRetryAfter = 600_000

export const slicesOfWindow = 200

const advance = (account: SlidingWindow, rules: Rules, now: number): void => {
  if (now < account.latest) shift(account, now - account.latest)
  account.latest = now
  for (let index = 0; index < rules.length; index++) {
    const { slices } = account.usages[index] as Usage
    const { window } = rules[index] as Rule
    for (let oldest = slices[0]; oldest !== undefined && oldest.last + window <= now; oldest = slices[0]) {
      slices.shift()
      remove(account.usages[index] as Usage, oldest.used)
    }
  }
}

// As if no time had passed: how much it was, nobody knows.
const shift = (account: SlidingWindow, by: number): void => {
  account.blockedUntil += by
  account.pausedUntil += by
  for (const usage of account.usages) {
    usage.withheldSince += by
    usage.withheldUntil += by
    for (const slice of usage.slices) {
      slice.start += by
      slice.last += by
    }
  }
}

const add = (account: SlidingWindow, rules: Rules, index: number, cost: number, now: number): void => {
  if (cost <= 0) return
  const usage = account.usages[index] as Usage
  usage.used += cost
  const last = usage.slices[usage.slices.length - 1]
  if (last !== undefined && now - last.start < (rules[index] as Rule).window / slicesOfWindow) {
    last.last = now
    last.used += cost
  } else usage.slices.push({ start: now, last: now, used: cost })
}

/** Into the slice that it was taken from, if that still counts. */
const giveBack = (usage: Usage, amount: number, at: number): void => {
  const slice = usage.slices.findLast(({ last, start }) => start <= at && at <= last)
  if (slice === undefined) return
  const given = Math.min(amount, slice.used)
  slice.used -= given
  remove(usage, given)
}

// Sums of fractions drift; an empty window is empty.
const remove = (usage: Usage, amount: number): void => {
  usage.used = usage.slices.length === 0 ? 0 : usage.used - amount
}

const withheldAt = ({ withheld, withheldSince, withheldUntil }: Usage, now: number): number =>
  now >= withheldUntil ? 0 : (withheld * (withheldUntil - now)) / (withheldUntil - withheldSince)

/** How long until a cost fits: some of the oldest slices are over, and enough is no longer withheld. */
const waitFor = (usage: Usage, { limit, window }: Rule, cost: number, now: number): number => {
  let free = limit - usage.used - cost
  let from = now
  for (const { last, used } of usage.slices) {
    const until = last + window
    if (free >= 0) {
      const at = Math.max(from, withheldDownTo(usage, free, now))
      if (at < until) return at - now
    }
    free += used
    from = until
  }
  return Math.max(from, withheldDownTo(usage, Math.max(0, free), now)) - now
}

/** When no more than an amount is withheld. */
const withheldDownTo = (usage: Usage, amount: number, now: number): number => {
  const { withheld, withheldSince, withheldUntil } = usage
  return withheldAt(usage, now) <= amount ? now : withheldUntil - (amount * (withheldUntil - withheldSince)) / withheld
}

// Estimates differ from what the provider counts by a little; that is no news.
const withhold = (usage: Usage, { limit, window }: Rule, { remaining, reset }: RemainingHint, now: number): boolean => {
  const unknown = limit - usage.used - remaining
  const before = withheldAt(usage, now)
  if (unknown <= before + limit / slicesOfWindow || reset <= 0) return false
  usage.withheld = unknown
  usage.withheldSince = now
  usage.withheldUntil = Math.max(before > 0 ? usage.withheldUntil : now, now + Math.min(reset, window))
  return true
}

/** Blocks, and answers for how long if that is longer than before. */
const blockAll = (account: SlidingWindow, hint: number | undefined, at: number, now: number): number => {
  const until = now + (hint === undefined ? nextPause(account, at, now) : Math.min(hint, maxRetryAfter))
  if (until <= account.blockedUntil || until <= now) return 0
  account.blockedUntil = until
  return until - now
}

// Calls that were under way when a pause began say nothing new.
const nextPause = (account: SlidingWindow, at: number, now: number): number => {
  if (account.pause > 0 && at < account.pausedUntil - account.pause) return 0
  const again = account.pause > 0 && now - account.pausedUntil <= account.pause
  account.pause = again ? Math.min(account.pause * 2, maxPause) : minPause
  account.pausedUntil = now + account.pause
  return account.pause
}
