import { Duration, type Schedule } from "effect"

import { type DurationInput } from "../../DurationInput.ts"
import { describeDuration } from "../describeDuration.ts"
import { type Rules } from "./state.ts"

/**
 * When to open, for how long, and how to come back.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The calls that count: of a span of time, or the last so many. The last 60 seconds if left out. */
  readonly window?: DurationInput | { readonly calls: number } | undefined
  /** What opens the circuit. Half of the calls failing, or 10 in a row, if left out. */
  readonly trip?: Trip | undefined
  /** Rates say nothing of fewer calls. 10 if left out: models are asked less often than web servers. */
  readonly minimumCalls?: number | undefined
  /** How long to stay open, the first time and each time in a row. `openFor` if left out. */
  readonly openFor?: Schedule.Schedule<unknown> | undefined
  readonly recovery?: Recovery | undefined
  /** Circuits with equal keys are one. `<provider>/<model>` if left out. */
  readonly key?: ((call: { readonly provider: string; readonly model: string }) => string) | undefined
}

/**
 * What opens a circuit. Any of them does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Trip {
  /** The share of the calls of the window that failed, from 0 to 1. */
  readonly failureRate?: number | undefined
  /** Failures in a row. */
  readonly consecutiveFailures?: number | undefined
  /** The share of calls whose first part took longer than a duration. */
  readonly slowFirstParts?: { readonly slowerThan: DurationInput; readonly share: number } | undefined
}

/**
 * How a circuit closes again.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recovery {
  /** How many calls are let through to see. 3 if left out. */
  readonly probes?: number | undefined
  /** How many of them have to succeed. 2 if left out. */
  readonly successes?: number | undefined
  /** How long a probe may take until another one is let through beside it. 5 seconds if left out. */
  readonly lease?: DurationInput | undefined
  /** How long traffic grows, from a tenth to all of it. 3 seconds if left out. */
  readonly ramp?: DurationInput | undefined
}

/** The options as plain numbers, with their defaults. */
export const rulesOf = ({
  minimumCalls = 10,
  recovery = {},
  trip = { failureRate: 0.5, consecutiveFailures: 10 },
  window = "60 seconds",
}: Options): Rules => ({
  window:
    typeof window === "object" && "calls" in window
      ? { _tag: "Calls", calls: window.calls }
      : { _tag: "Time", millis: Duration.toMillis(window) },
  failureRate: trip.failureRate,
  slowRate: trip.slowFirstParts?.share,
  slowerThan: trip.slowFirstParts === undefined ? Infinity : Duration.toMillis(trip.slowFirstParts.slowerThan),
  consecutive: trip.consecutiveFailures,
  minimumCalls,
  probes: recovery.probes ?? 3,
  successes: recovery.successes ?? Math.min(2, recovery.probes ?? 3),
  lease: Duration.toMillis(recovery.lease ?? "5 seconds"),
  ramp: Duration.toMillis(recovery.ramp ?? "3 seconds"),
})

/** What is wrong with the rules, by the name of the option. */
export const mistakeIn = (rules: Rules): string | undefined => {
  const isShare = (share: number | undefined) => share === undefined || (share > 0 && share <= 1)
  const isCount = (count: number) => Number.isInteger(count) && count >= 1
  if (!isShare(rules.failureRate)) return "trip.failureRate must be above 0 and at most 1"
  if (!isShare(rules.slowRate)) return "trip.slowFirstParts.share must be above 0 and at most 1"
  if (rules.consecutive !== undefined && !isCount(rules.consecutive))
    return "trip.consecutiveFailures must be 1 or more"
  if (!isCount(rules.minimumCalls)) return "minimumCalls must be a whole number, 1 or more"
  if (!isCount(rules.probes)) return "recovery.probes must be a whole number, 1 or more"
  if (!isCount(rules.successes) || rules.successes > rules.probes) {
    return "recovery.successes must be a whole number between 1 and recovery.probes"
  }
  const span = rules.window
  const spans = span._tag === "Time" ? span.millis > 0 : isCount(span.calls)
  return spans ? undefined : "window must hold some time, or one call or more"
}

/** The rules as the description of a stack shows them. */
export const settingsOf = ({ lease, ramp, slowerThan, window, ...rules }: Rules): Record<string, unknown> => ({
  ...rules,
  slowerThan: slowerThan === Infinity ? undefined : describeDuration(slowerThan),
  lease: describeDuration(lease),
  ramp: describeDuration(ramp),
  window: window._tag === "Time" ? describeDuration(window.millis) : `${window.calls} calls`,
})
