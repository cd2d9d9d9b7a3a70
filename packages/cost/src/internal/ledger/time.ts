import { type Clock } from "effect"

/** Unix milliseconds, whole ones: a clock of one's own may show parts of them, and databases keep none. */
export const millisNow = (clock: Clock.Clock): number => Math.floor(clock.currentTimeMillisUnsafe())
