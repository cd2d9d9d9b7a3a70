import { Duration, Option } from "effect"

import { type DurationInput } from "../../DurationInput.ts"

/** How long something may take, or what is wrong with what was said. */
export interface Bound {
  readonly duration: Duration.Duration
  readonly mistake: string | undefined
}

/** A bound from what an option gives. Types forbid most mistakes, and not all programs are typed. */
export const boundOf = (field: string, input: DurationInput): Bound => {
  const duration = Option.getOrUndefined(Duration.fromInput(input))
  if (duration === undefined) {
    const mistake = `${field} ${JSON.stringify(input)} is not a duration such as "30 seconds", "500 millis" or 1500 (milliseconds)`
    return { duration: Duration.zero, mistake }
  }
  const isNegative = Duration.toMillis(duration) < 0
  return {
    duration,
    mistake: isNegative ? `${field} must not be negative, and is ${Duration.format(duration)}` : undefined,
  }
}
