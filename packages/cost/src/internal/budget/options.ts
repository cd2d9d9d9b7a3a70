/**
 * What is asked of a budget, what is wrong with it, and the limits that follow from it.
 */
import { type Attempt } from "@holdfast/core"
import { type DurationInput } from "@holdfast/core/DurationInput"
import { type UnsupportedOption } from "@holdfast/core/provider/ProviderModel"
import { DateTime, Duration, type Effect, Option, Predicate, Result } from "effect"

import { type Estimate } from "../../Estimate.ts"
import * as Money from "../../Money.ts"
import type * as Price from "../../Price.ts"
import type * as PriceBook from "../../PriceBook.ts"
import { type LedgerUnavailable } from "../ledger/unavailable.ts"
import { type BudgetExceeded } from "./exceeded.ts"
import { type Scope } from "./scopes.ts"
import { type Window } from "./window.ts"

/**
 * One budget. At least one amount has to be given; of several all hold.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Budgets with equal names are one, also in other stacks and other processes. */
  readonly name: string
  /** From midnight to midnight in the time zone. */
  readonly daily?: Money.Input | undefined
  /** From the first of a month to the next one in the time zone. */
  readonly monthly?: Money.Input | undefined
  /** In any span of the window's length. It moves on in sixty steps, and counts up to one step too much, never too little. */
  readonly rolling?: Rolling | ReadonlyArray<Rolling> | undefined
  /** What has a limit of its own: each tenant, each model. One limit for everything if left out. */
  readonly per?: Scope | undefined
  /** `"Europe/Zurich"`, `"+02:00"`. UTC if left out. */
  readonly timeZone?: string | DateTime.TimeZone | undefined
  /** Shares of a limit at which `ThresholdReached` is emitted, once in each window. `[0.8]` if left out. */
  readonly alertAt?: ReadonlyArray<number> | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Rolling {
  readonly limit: Money.Input
  readonly window: DurationInput
}

/**
 * How attempts are priced, and what happens when that or the ledger fails.
 *
 * @since 0.1.0
 * @category models
 */
export interface Settings {
  /** The longest wait for room. Calls do not wait if left out. */
  readonly wait?: DurationInput | undefined
  /** How long a reservation of a process that has died is kept. 15 minutes if left out. */
  readonly lease?: DurationInput | undefined
  /** A model without a price is refused if left out. */
  readonly whenUnknown?: PriceBook.WhenUnknown | undefined
  /** Attempts are refused if left out. */
  readonly whenUnavailable?: WhenUnavailable | undefined
  /** What an attempt without reported usage counts with. Its estimate if left out. */
  readonly unreported?: ((interval: Interval) => Money.Money) | undefined
  /** For example `Estimate.certain`, where prompts may be written to break the budget. The estimate itself if left out. */
  readonly bound?: ((estimate: Estimate) => Estimate) | undefined
  /** What the settings of the model say about its price and the length of its answers. */
  readonly request?: ((start: Attempt.AttemptStart) => RequestFacts) | undefined
}

/**
 * What is known of a request besides its prompt.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestFacts extends Price.Circumstances {
  /**
   * The most tokens that the model may generate, reasoning included. What the settings of the model say if left out, and else
   * what its price says.
   */
  readonly maxOutputTokens?: number | undefined
}

/**
 * What an attempt without reported usage cost: at least, by estimate, and at most.
 *
 * @since 0.1.0
 * @category models
 */
export interface Interval {
  readonly minimum: Money.Money
  readonly estimate: Money.Money
  readonly maximum: Money.Money
}

/**
 * Whether an attempt is made although it cannot be reserved.
 *
 * @since 0.1.0
 * @category models
 */
export type WhenUnavailable = (
  error: LedgerUnavailable,
  start: Attempt.AttemptStart,
) => Effect.Effect<void, LedgerUnavailable>

/**
 * Why a budget refuses an attempt.
 *
 * **Details**
 *
 * `UnsupportedOption` says that `maxOutputTokens` is not a whole number, so that no worst case can be reserved.
 *
 * @since 0.1.0
 * @category errors
 */
export type Refusal = BudgetExceeded | LedgerUnavailable | PriceBook.PriceUnknown | UnsupportedOption

/** One limit of one budget. */
export interface Rule {
  readonly budget: string
  readonly scope: Scope
  readonly window: Window
  readonly limit: Money.Money
  /** Shares of the limit, and what they come to. */
  readonly thresholds: ReadonlyArray<{ readonly share: number; readonly amount: bigint }>
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
  if (zoneOf(options.timeZone) === undefined)
    return `timeZone: ${String(options.timeZone)} is not a time zone such as Europe/Zurich or +02:00`
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

const rollingOf = ({ rolling = [] }: Options) => ("limit" in rolling ? [rolling] : rolling)

export const zoneOf = (zone: Options["timeZone"]): DateTime.TimeZone | undefined => {
  if (zone === undefined) return DateTime.zoneMakeOffset(0)
  return Predicate.isString(zone) ? Option.getOrUndefined(DateTime.zoneFromString(zone)) : zone
}

// To a millionth of the limit, and never below one unit, so that nothing spent reaches nothing.
const shareOf = (limit: bigint, share: number): bigint => {
  const amount = (limit * BigInt(Math.round(share * 1_000_000))) / 1_000_000n
  return amount > 0n ? amount : 1n
}
