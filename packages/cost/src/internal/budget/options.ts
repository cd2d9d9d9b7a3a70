/**
 * From what was asked of a budget to the claims of one attempt.
 */
import { type Attempt } from "@holdfast/core"
import { DateTime, Duration, Option, Predicate, Result } from "effect"

import { type Options } from "../../Budget.ts"
import * as Money from "../../Money.ts"
import { type Claim } from "../ledger/state.ts"
import { type Scope } from "./scopes.ts"
import { endOf, nameOf, spanAt, type Window } from "./window.ts"

/** One limit of one budget. */
export interface Rule {
  readonly budget: string
  readonly scope: Scope
  readonly window: Window
  readonly limit: Money.Money
  /** Shares of the limit, and what they come to. */
  readonly thresholds: ReadonlyArray<{ readonly share: number; readonly amount: bigint }>
}

/** A claim, and which limit it is of. */
export interface Claimed {
  readonly rule: Rule
  readonly key: string
  readonly claim: Claim & { readonly limit: Money.Money }
}

/** What is wrong with the options, with the name of the field. */
export const mistakeIn = (options: Options): string | undefined => {
  if (options.name === "") return "name must not be empty"
  const rolling = rollingOf(options)
  const amounts: ReadonlyArray<readonly [string, Money.Input | undefined]> = [
    ["daily", options.daily],
    ["monthly", options.monthly],
    ...rolling.map(({ limit }) => ["rolling.limit", limit] as const),
  ]
  for (const [name, amount] of amounts) {
    if (amount === undefined) continue
    const money = Money.fromInput(amount)
    if (Result.isFailure(money)) return `${name}: ${money.failure.message}`
    if (money.success < 0n) return `${name} must not be below zero`
  }
  if (amounts.every(([, amount]) => amount === undefined)) return "daily, monthly or rolling must be given"
  for (const { window } of rolling) {
    const millis = Duration.toMillis(window)
    if (!Number.isFinite(millis) || millis < 1) return "rolling.window must be a finite duration, 1 millisecond or more"
  }
  if (zoneOf(options.timeZone) === undefined) return `timeZone: there is no ${String(options.timeZone)}`
  const fraction = (share: number) => share > 0 && share <= 1
  return options.alertAt?.every(fraction) === false ? "alertAt must be above 0, and 1 at most" : undefined
}

/** The limits of a budget without mistakes. */
export const rulesOf = (options: Options): ReadonlyArray<Rule> => {
  const zone = zoneOf(options.timeZone) ?? DateTime.zoneMakeOffset(0)
  const rule = (window: Window, input: Money.Input): Rule => {
    const limit = Money.fromInputUnsafe(input)
    const thresholds = (options.alertAt ?? [0.8]).map((share) => ({ share, amount: shareOf(limit, share) }))
    return { budget: options.name, scope: options.per ?? (() => ""), window, limit, thresholds }
  }
  return [
    ...(options.daily === undefined ? [] : [rule({ _tag: "Day", zone }, options.daily)]),
    ...(options.monthly === undefined ? [] : [rule({ _tag: "Month", zone }, options.monthly)]),
    ...rollingOf(options).map(({ limit, window }) =>
      rule({ _tag: "Rolling", length: Duration.toMillis(window) }, limit),
    ),
  ]
}

// As JSON, so that no name can be mistaken for another one with a part of the key.
const accountOf = (budget: string, window: string): string => JSON.stringify([budget, window])

const accounts = /^(\["(?:[^"\\]|\\.)*","(?:[^"\\]|\\.)*"\])("(?:[^"\\]|\\.)*")?$/

/** The budget that an account belongs to. `undefined` for one that somebody else has named. */
export const budgetOf = (
  account: string,
): { readonly budget: string; readonly window: string; readonly scope: string | undefined } | undefined => {
  const match = accounts.exec(account)
  if (match === null) return undefined
  const [budget = "", window = ""] = JSON.parse(match[1] ?? "[]") as ReadonlyArray<string>
  return { budget, window, scope: match[2] === undefined ? undefined : (JSON.parse(match[2]) as string) }
}

const rollingOf = ({ rolling = [] }: Options) => ("limit" in rolling ? [rolling] : rolling)

export const zoneOf = (zone: Options["timeZone"]): DateTime.TimeZone | undefined => {
  if (zone === undefined) return DateTime.zoneMakeOffset(0)
  return Predicate.isString(zone) ? Option.getOrUndefined(DateTime.zoneFromString(zone)) : zone
}

/** All claims of an attempt, in the forms in which they are wanted. */
export interface ClaimedTogether {
  readonly each: ReadonlyArray<Claimed>
  readonly claims: ReadonlyArray<Claimed["claim"]>
  /** Attempts with the same claims wait in one line. */
  readonly line: string
}

interface Made extends ClaimedTogether {
  readonly keys: ReadonlyArray<string | undefined>
  /** As long as no span of time changes. */
  readonly from: number
  readonly until: number
}

/** Makes the claims of attempts. Most have the same as the one before. */
export class Claims {
  readonly #rules: ReadonlyArray<Rule & { readonly account: string }>
  #last: Made | undefined

  constructor(rules: ReadonlyArray<Rule>) {
    this.#rules = rules.map((rule) => ({ ...rule, account: accountOf(rule.budget, nameOf(rule.window)) }))
  }

  of(start: Attempt.AttemptStart, now: number): ClaimedTogether {
    const last = this.#last
    if (last !== undefined && now >= last.from && now < last.until && this.#isFor(last.keys, start)) return last
    this.#last = this.#make(
      this.#rules.map((rule) => rule.scope(start)),
      now,
    )
    return this.#last
  }

  #isFor(keys: ReadonlyArray<string | undefined>, start: Attempt.AttemptStart): boolean {
    for (let index = 0; index < keys.length; index++) {
      if (this.#rules[index]?.scope(start) !== keys[index]) return false
    }
    return true
  }

  #make(keys: ReadonlyArray<string | undefined>, now: number): Made {
    let [from, until] = [now, Infinity]
    const each: Array<Claimed> = []
    for (const [index, rule] of this.#rules.entries()) {
      const key = keys[index]
      const span = spanAt(rule.window, now)
      from = Math.max(from, span.bucket)
      until = Math.min(until, endOf(rule.window, span))
      if (key === undefined) continue
      const account = key === "" ? rule.account : rule.account + JSON.stringify(key)
      each.push({ rule, key, claim: { account, ...span, limit: rule.limit } })
    }
    const claims = each.map(({ claim }) => claim)
    return { each, claims, line: claims.map(({ account }) => account).join("\n"), keys, from, until }
  }
}

/** When the limit holds anew, if that is at one moment. */
export const resetsAt = ({ claim, rule }: Claimed): DateTime.Utc | undefined =>
  rule.window._tag === "Rolling" ? undefined : DateTime.makeUnsafe(claim.until)

/** The thresholds that lie between what was spent before and what is now. */
export const reached = ({ thresholds }: Rule, before: bigint, after: bigint): ReadonlyArray<number> =>
  thresholds.flatMap(({ amount, share }) => (before < amount && after >= amount ? share : []))

// To a millionth of the limit, and never below one unit, so that nothing spent reaches nothing.
const shareOf = (limit: bigint, share: number): bigint => {
  const amount = (limit * BigInt(Math.round(share * 1_000_000))) / 1_000_000n
  return amount > 0n ? amount : 1n
}
