/**
 * One record per attempt.
 *
 * An attempt is one request on the wire, or one that was refused just before it, because the model does not take what was
 * asked (`UnsupportedOption`; its failure is `ignored`). Retries, fallbacks and hedges make several attempts of one call,
 * and each is paid for and seen. `Event` tells of attempts, `AttemptGuard` allows or refuses them.
 *
 * @since 0.1.0
 */
export type { Attempt, AttemptStart, Outcome, PricedAs } from "./internal/call/types.ts"
