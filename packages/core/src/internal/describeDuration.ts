import { Duration } from "effect"

/** A duration as it stands in the description of a stack. */
export const describeDuration = (duration: Duration.Input): string =>
  Duration.format(Duration.fromInputUnsafe(duration))
