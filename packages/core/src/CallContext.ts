/**
 * What one call carries through its stack: its id, its attempts, its guards, its retry budget and its observers.
 *
 * `ModelRequest.call` has it. A policy that rewrites a request passes it on, so that attempts are counted, guarded and
 * observed as those of one call.
 *
 * @since 0.1.0
 */
export type { CallContext, CallRetryBudget, ReplyObserver } from "./internal/call/types.ts"

export type { Interruption } from "./internal/call/interruption.ts"

export {
  /**
   * What a call that begins carries: nothing but its id.
   *
   * @since 0.1.0
   * @category constructors
   */
  newCall as make,
} from "./internal/call/context.ts"
