import { type Kind } from "../../Failure.ts"

/** What is known when an attempt has failed. Times are milliseconds. */
export interface Situation {
  readonly kind: Kind
  /** The provider's own word on when to come back. */
  readonly retryAfter: number | undefined
  /** What the schedule would wait. */
  readonly delay: number
  /** Until the deadline of the whole call. */
  readonly remaining: number | undefined
  /** Hints beyond this are not worth waiting for. */
  readonly maxRetryAfter: number
}

/** How long to wait before the next attempt, in milliseconds; `undefined` when there is to be none. */
export const waitBeforeRetry = (situation: Situation): number | undefined => {
  const { delay, maxRetryAfter, remaining, retryAfter } = situation
  if (retryAfter !== undefined && retryAfter > maxRetryAfter) return undefined
  // A hint that lies in the past, or says "at once", says nothing: all who get it would come back together.
  const wait = retryAfter !== undefined && retryAfter > 0 ? retryAfter : delay
  // A schedule that has grown beyond all numbers would never come back.
  if (!Number.isFinite(wait)) return undefined
  return remaining === undefined || wait < remaining ? wait : undefined
}

/** The limits of back-off with full jitter, in milliseconds. */
export interface Backoff {
  readonly base: number
  readonly throttledBase: number
  readonly cap: number
}

/**
 * The upper end of the random wait before retry number `retry`, from 1: `min(cap, base · 2^(retry - 1))`.
 *
 * "Full jitter" of M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
 */
export const jitterCeiling = ({ base, cap, throttledBase }: Backoff, kind: Kind, retry: number): number => {
  const first = kind === "throttled" || kind === "overloaded" ? throttledBase : base
  // 2^52 is far beyond any cap, and keeps the product finite.
  return Math.min(cap, first * 2 ** Math.min(retry - 1, 52))
}
