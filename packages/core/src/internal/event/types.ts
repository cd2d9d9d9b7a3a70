/**
 * The events that core knows, as data.
 */
import { type Duration } from "effect"

import { type RequestContext } from "../../RequestContext.ts"
import { type Phase } from "../breaker/state.ts"
import {
  type Attempt,
  type AttemptStart,
  type CallContext,
  type Mode,
  type ModelRequest,
  type Outcome,
  type Source,
} from "../call/types.ts"

/**
 * A call has begun, above all of its policies.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallStarted {
  readonly _tag: "CallStarted"
  readonly callId: string
  readonly operation: CallContext["operation"]
  readonly traceId: string
  readonly spanId: string
  readonly mode: Mode
  /** The model that the stack asks first. */
  readonly provider: string
  readonly model: string
  /** What was asked. Not enumerable: a sink that logs the whole event does not log the prompt with it. */
  readonly request: ModelRequest
  readonly context: RequestContext
  /** Unix time in milliseconds, for people. */
  readonly startedAt: number
}

/**
 * A call is over: its answer was read to the end or left, or it failed, was refused, or was interrupted.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallEnded extends Omit<CallStarted, "_tag"> {
  readonly _tag: "CallEnded"
  readonly outcome: Outcome
  /** Models that were asked, each once, in order. Empty if no attempt was made. */
  readonly asked: ReadonlyArray<Source>
  readonly attempts: number
  /** Whether the answer came from a cache. */
  readonly cacheHit: boolean
  /** Content parts that the caller got. */
  readonly deliveredParts: number
  /** Until the first content part reached the caller. */
  readonly timeToFirstPart: Duration.Duration | undefined
  readonly duration: Duration.Duration
  /** How long the call waited in queues of limits. */
  readonly queueWait: Duration.Duration
}

/**
 * A policy refused a call or an attempt, before a request went out for it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refused extends Source {
  readonly _tag: "Refused"
  readonly callId: string
  /** As it is called in code: `Breaker.guard`. */
  readonly policy: string
  readonly error: unknown
}

/**
 * A policy decided to ask once more.
 *
 * @since 0.1.0
 * @category models
 */
export type Decision =
  | (Source & {
      readonly _tag: "RetryScheduled"
      readonly callId: string
      readonly delay: Duration.Duration
      readonly error: unknown
    })
  | {
      readonly _tag: "HedgeStarted"
      readonly callId: string
      readonly from: Source
      readonly to: Source
      /** How long no part had come. */
      readonly after: Duration.Duration
    }
  | {
      readonly _tag: "FallbackChosen"
      readonly callId: string
      readonly from: Source
      readonly to: Source
      readonly error: unknown
    }
  | (Source & {
      /** The answer was there already. No attempt is made. */
      readonly _tag: "CacheHit"
      readonly callId: string
    })

/**
 * Something changed that concerns more than one call.
 *
 * @since 0.1.0
 * @category models
 */
export type Change = Noticed &
  (
    | {
        readonly _tag: "CircuitChanged"
        readonly key: string
        /** Counts the changes of one registry of circuits. */
        readonly sequence: number
        readonly from: Phase
        readonly to: Phase
      }
    | {
        /** Response headers report less remaining quota than we had counted, or a 429 asked us to pause. */
        readonly _tag: "LimitTightened"
        readonly key: string
        readonly dimension: string
        /** What is left. It comes back until then: evenly, or after a 429 all at once. */
        readonly remaining: number
        readonly for: Duration.Duration
      }
    | {
        /** A policy has no answer from the state that it shares with other processes. */
        readonly _tag: "SharedStateUnavailable"
        readonly policy: string
        readonly error: unknown
      }
    | {
        readonly _tag: "SharedStateRecovered"
        readonly policy: string
        readonly unavailableFor: Duration.Duration
      }
  )

interface Noticed {
  /** The call in which it was noticed. `undefined` where that was no call's doing. */
  readonly callId?: string | undefined
}

/** Every event of core. */
export type CoreEvent = CallStarted | CallEnded | AttemptStart | Attempt | Refused | Decision | Change
