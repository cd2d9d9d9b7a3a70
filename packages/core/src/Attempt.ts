/**
 * One record per attempt, and who receives it.
 *
 * An attempt is one request on the wire, or one that was refused just before it, because the model does not take what was
 * asked (`UnsupportedOption`; its failure is `ignored`). Retries, fallbacks and hedges make several attempts of one
 * operation, and each is paid for and seen. Who wants to see them installs a sink; who wants to allow or refuse them
 * installs a guard. Both live in context, so they work wherever in a stack they are put, and cost nothing while nobody
 * listens.
 *
 * @since 0.1.0
 */
import { Context, type Duration, Effect, type Layer, Layer as Layers, Result, Stream } from "effect"
import { type Response } from "effect/ai"
import { dual } from "effect/Function"

import { type Failure } from "./Failure.ts"
import { GuardRefusal } from "./internal/attempt/guardRefusal.ts"
import { type Phase } from "./internal/breaker/registry.ts"
import { summary as describe } from "./internal/event/summary.ts"
import { type Program, type Unchanged } from "./internal/model/program.ts"
import { type ModelCall, type ModelRequest } from "./ModelCall.ts"
import { type RequestContext } from "./RequestContext.ts"

/**
 * An attempt that is about to go on the wire.
 *
 * @since 0.1.0
 * @category models
 */
export interface AttemptStart {
  readonly _tag: "AttemptStarted"
  /** Unique per attempt. */
  readonly id: string
  /** The `LanguageModel` span of the call that this attempt serves. All attempts of one call have the same. */
  readonly traceId: string
  readonly spanId: string
  /** 1 for the call's first attempt, counted over all models. */
  readonly index: number
  readonly provider: string
  readonly model: string
  /** The most tokens that the settings of the model let it generate; `undefined` where they say nothing. */
  readonly maxOutputTokens: number | undefined
  /** Not enumerable: a sink that logs the whole event does not log the prompt with it. */
  readonly request: ModelRequest
  readonly context: RequestContext
  /** Unix time in milliseconds, for people. Durations are measured by a clock that is never set back. */
  readonly startedAt: number
}

/**
 * An attempt that is over, however it ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Attempt extends Omit<AttemptStart, "_tag"> {
  readonly _tag: "AttemptEnded"
  readonly outcome: Outcome
  /** What the provider reported, also of answers that failed afterwards. Unknown is `undefined`, never zero. */
  readonly usage: Response.FinishPartEncoded["usage"] | undefined
  /** The `finish` part's metadata: the vendor's raw usage, service tier and the like, by provider. */
  readonly finishMetadata: Readonly<Record<string, unknown>> | undefined
  /** The model that the provider says it used. */
  readonly responseModel: string | undefined
  /** Content parts that were delivered. */
  readonly deliveredParts: number
  /** Characters (UTF-16 units) of text, reasoning and tool parameters in them: what is known of an answer that was cut. */
  readonly deliveredCharacters: number
  /** Until the first content part. `undefined` if none came. */
  readonly timeToFirstPart: Duration.Duration | undefined
  readonly duration: Duration.Duration
  readonly requestId: string | undefined
  /** Rate-limit and request-id headers of the response, in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly retryAfter: Duration.Duration | undefined
}

/**
 * How an attempt ended.
 *
 * **Details**
 *
 * `Interrupted` is the caller's own cancellation before the commit point (or a lost hedge); `Abandoned` is a stream that
 * was closed before its end. Both may have cost tokens that nobody reported. An attempt that a deadline cut short has
 * `Failed` with that deadline's error.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome =
  | { readonly _tag: "Completed"; readonly finish: Response.FinishPartEncoded["reason"] }
  | { readonly _tag: "Failed"; readonly error: unknown; readonly failure: Failure; readonly committed: boolean }
  | { readonly _tag: "Interrupted" }
  | { readonly _tag: "Abandoned" }

/**
 * A policy decided to ask once more, for the call with this span.
 *
 * @since 0.1.0
 * @category models
 */
export type Decision =
  | {
      readonly _tag: "RetryScheduled"
      readonly spanId: string
      readonly provider: string
      readonly model: string
      readonly delay: Duration.Duration
      readonly error: unknown
    }
  | {
      readonly _tag: "HedgeStarted"
      readonly spanId: string
      readonly from: { readonly provider: string; readonly model: string }
      readonly to: { readonly provider: string; readonly model: string }
      /** How long no part had come. */
      readonly after: Duration.Duration
    }
  | {
      readonly _tag: "FallbackChosen"
      readonly spanId: string
      readonly from: { readonly provider: string; readonly model: string }
      readonly to: { readonly provider: string; readonly model: string }
      readonly error: unknown
    }
  | {
      /** The answer was there already. No attempt is made. */
      readonly _tag: "CacheHit"
      readonly spanId: string
      readonly provider: string
      readonly model: string
    }

/**
 * Something changed that concerns more than one call.
 *
 * @since 0.1.0
 * @category models
 */
export type Change =
  | {
      readonly _tag: "CircuitChanged"
      readonly key: string
      /** Counts the changes of one registry of circuits. */
      readonly sequence: number
      readonly from: Phase
      readonly to: Phase
    }
  | {
      /** A provider said that less is left than a limit of ours knows of, or that it wants a rest. */
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

/**
 * What a sink receives.
 *
 * @since 0.1.0
 * @category models
 */
export type Event = AttemptStart | Attempt | Decision | Change

/**
 * Receives events, synchronously and in order. It must be quick; what it returns or throws is ignored.
 *
 * @since 0.1.0
 * @category models
 */
export type AttemptSink = (event: Event) => unknown

/**
 * The sink of the running fiber; `undefined` while nobody listens.
 *
 * @since 0.1.0
 * @category references
 */
export const AttemptSink: Context.Reference<AttemptSink | undefined> = Context.Reference<AttemptSink | undefined>(
  "@holdfast/core/AttemptSink",
  { defaultValue: () => undefined },
)

/**
 * Lets a sink listen to everything inside, beside any sink that listens already.
 *
 * **Example** (Counting attempts)
 *
 * ```ts
 * import { Attempt } from "@holdfast/core"
 * import { Effect } from "effect"
 *
 * let attempts = 0
 * const count: Attempt.AttemptSink = (event) => {
 *   if (event._tag === "AttemptEnded") attempts++
 * }
 * const program = Attempt.listen(Effect.void, count)
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const listen: {
  (sink: AttemptSink): <P extends Program>(self: P) => Unchanged<P>
  <P extends Program>(self: P, sink: AttemptSink): Unchanged<P>
} = dual(2, (self: Program, sink: AttemptSink) =>
  Stream.isStream(self)
    ? Stream.updateService(self, AttemptSink, besides(sink))
    : Effect.updateService(self, AttemptSink, besides(sink)),
)

/**
 * A sink for a whole application.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSink = (sink: AttemptSink): Layer.Layer<never> => Layers.succeed(AttemptSink, sink)

/**
 * One line about an event, for people. It holds no prompt and no answer.
 *
 * **Example** (Following a call)
 *
 * ```ts
 * import { Attempt } from "@holdfast/core"
 * import { Effect } from "effect"
 *
 * const lines: Array<string> = []
 * const program = Attempt.listen(Effect.void, (event) => lines.push(Attempt.summary(event)))
 *
 * await Effect.runPromise(program)
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const summary: (event: Event) => string = describe

/**
 * Gives an event to whoever listens.
 *
 * @since 0.1.0
 * @category combinators
 */
export const emit = (event: () => Event): Effect.Effect<void> =>
  Effect.flatMap(AttemptSink, (sink) =>
    sink === undefined ? Effect.void : Effect.ignoreCause(Effect.sync(() => sink(event()))),
  )

/**
 * Allows or refuses attempts, and learns what became of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface AttemptGuard<out E> {
  /**
   * Called before the request goes out. A failure stops the whole call: no retry, no fallback gets around it. Runs
   * uninterruptibly, so that no reservation is lost; what may wait for long in it belongs into `Effect.interruptible`.
   */
  readonly reserve: (start: AttemptStart) => Effect.Effect<Reservation, E>
}

/**
 * What a guard has set aside for one attempt. Exactly one of its two effects runs.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reservation {
  /** The attempt was made. Runs exactly once, uninterruptibly, however the attempt ended. */
  readonly settle: (attempt: Attempt) => Effect.Effect<void>
  /** Another guard refused, and nothing was sent. */
  readonly release: Effect.Effect<void>
}

/**
 * The guard of the running fiber; `undefined` where attempts are free.
 *
 * @since 0.1.0
 * @category references
 */
export const CurrentGuard: Context.Reference<AttemptGuard<GuardRefusal> | undefined> = Context.Reference<
  AttemptGuard<GuardRefusal> | undefined
>("@holdfast/core/CurrentGuard", { defaultValue: () => undefined })

/**
 * Guards every attempt below: each retry, fallback and hedge, at the model that is about to be called.
 *
 * **When to use**
 *
 * Use to write a policy such as a budget. The guard's error becomes part of the call's type. It goes past every policy
 * between the guard and the attempt, because their retries and fallbacks are what is being guarded.
 *
 * @since 0.1.0
 * @category combinators
 */
export const guard = <E, E2>(call: ModelCall<E>, added: AttemptGuard<E2>): ModelCall<E | E2> => {
  const marked: AttemptGuard<GuardRefusal> = {
    reserve: (start) => Effect.mapError(added.reserve(start), (error) => new GuardRefusal(marked, error)),
  }
  return {
    ...call,
    open: (request) =>
      Effect.updateService(call.open(request), CurrentGuard, (outer) =>
        outer === undefined ? marked : both(outer, marked),
      ).pipe(
        Effect.mapError((error: E | GuardRefusal) =>
          error instanceof GuardRefusal && error.guard === marked ? (error.error as E2) : (error as E),
        ),
      ),
  }
}

const besides =
  (sink: AttemptSink) =>
  (outer: AttemptSink | undefined): AttemptSink =>
    outer === undefined
      ? sink
      : (event) => {
          // One that throws must not keep the other from hearing.
          Result.try(() => outer(event))
          sink(event)
        }

// The outer guard first; what it reserved is given back when the inner one refuses or is interrupted while it waits.
// Attempts reserve uninterruptibly, so nothing is lost between the two. Guards are somebody else's code: one that throws must
// not keep the other from being settled.
const both = (outer: AttemptGuard<GuardRefusal>, inner: AttemptGuard<GuardRefusal>): AttemptGuard<GuardRefusal> => ({
  reserve: (start) =>
    Effect.flatMap(outer.reserve(start), (first) =>
      Effect.suspend(() => inner.reserve(start)).pipe(
        Effect.onError(() => first.release),
        Effect.map((second) => ({
          settle: (attempt) =>
            Effect.ensuring(
              Effect.suspend(() => second.settle(attempt)),
              Effect.suspend(() => first.settle(attempt)),
            ),
          release: Effect.ensuring(second.release, first.release),
        })),
      ),
    ),
})
