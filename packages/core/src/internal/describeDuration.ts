import { Duration, Option } from "effect"

import { type DurationInput } from "../DurationInput.ts"

/** The duration of an option. Types forbid what is none, and not all programs are typed. */
export const durationOf = (input: DurationInput): Duration.Duration =>
  Option.getOrThrowWith(
    Duration.fromInput(input),
    () =>
      new Error(`${JSON.stringify(input)} is not a duration such as "30 seconds", "500 millis" or 1500 (milliseconds)`),
  )

/** A duration as it stands in the description of a stack. */
export const describeDuration = (duration: DurationInput): string => Duration.format(durationOf(duration))
