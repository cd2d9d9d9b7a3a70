import { type Clock } from "effect"

/** The monotonic clock in milliseconds. */
export const millis = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
