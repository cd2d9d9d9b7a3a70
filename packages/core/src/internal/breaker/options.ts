import { Duration } from "effect"

import { type Options } from "../../Breaker.ts"
import { describeDuration } from "../describeDuration.ts"
import { type Rules } from "./state.ts"

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
