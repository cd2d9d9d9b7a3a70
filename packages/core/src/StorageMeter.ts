/**
 * Who pays for what is stored at a vendor by the hour, such as a context cache.
 *
 * A resource that is stored asks its meter before each span of time, and says afterwards how long it really was there. Core knows no
 * money: `CacheStorage` of `@holdfast/cost` is a meter on a ledger and budgets.
 *
 * @since 0.1.0
 */
import { Effect } from "effect"

import { type PricedAs } from "./internal/call/types.ts"
import { type RequestContext } from "./RequestContext.ts"

/**
 * A span of time in which tokens will be stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface Span {
  /** Unique per span. */
  readonly id: string
  readonly provider: string
  readonly model: string
  /** What the model is priced as, where that is not provider and model. */
  readonly pricedAs?: PricedAs | undefined
  /** As many as there may be. What there really were, `settle` is told. */
  readonly tokens: number
  /** Unix milliseconds. */
  readonly from: number
  /** When the vendor removes it by itself, in Unix milliseconds. */
  readonly until: number
  /** Whether what is stored is sent with this span, which some vendors bill as a prompt. */
  readonly isSent: boolean
  readonly context: RequestContext
}

/**
 * What was really stored.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stored {
  readonly tokens: number
  /** Unix milliseconds. */
  readonly until: number
}

/**
 * A span that was let in.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reservation {
  readonly settle: (stored: Stored) => Effect.Effect<void>
  /** Nothing was stored. */
  readonly release: Effect.Effect<void>
}

/**
 * Lets spans in, or refuses them. A reservation that is never ended may have lasted as long as it was to.
 *
 * @since 0.1.0
 * @category models
 */
export interface StorageMeter<out E> {
  readonly reserve: (span: Span) => Effect.Effect<Reservation, E>
}

/**
 * Lets everything in, and writes nothing down.
 *
 * @since 0.1.0
 * @category constructors
 */
export const none: StorageMeter<never> = {
  reserve: () => Effect.succeed({ settle: () => Effect.void, release: Effect.void }),
}
