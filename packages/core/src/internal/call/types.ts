/**
 * What one call carries, and what its attempts leave behind. These types speak of each other, so they live in one place;
 * `ModelCall`, `ModelRequest`, `CallContext`, `Attempt` and `AttemptGuard` export them.
 */
import { type Duration, type Effect } from "effect"
import { type Response } from "effect/ai"

import { type Kind, type Options, type Part } from "../../Operation.ts"
import { type RequestContext } from "../../RequestContext.ts"
import { type Failure } from "../error/kind.ts"
import { type Interruption } from "./interruption.ts"

export type { Part } from "../../Operation.ts"

/**
 * Whether the caller wants the whole answer, or its parts as they come.
 *
 * @since 0.1.0
 * @category models
 */
export type Mode = "generate" | "stream"

/**
 * Settings that every vendor knows, by neutral names.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommonSettings {
  /** The most tokens of an answer, reasoning included. */
  readonly maxOutputTokens?: number | undefined
  readonly temperature?: number | undefined
  readonly topP?: number | undefined
  /** Texts that end the answer where the model writes one of them. */
  readonly stop?: ReadonlyArray<string> | undefined
  readonly seed?: number | undefined
}

/**
 * One request as the policies see it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelRequest<out K extends Kind = Kind> {
  readonly mode: Mode
  /** What `effect/ai` prepared. */
  readonly options: Options<K>
  /** Settings of this request. They go before those of the model. */
  readonly settings: CommonSettings
  /** What the call carries. A policy that rewrites the request passes it on. */
  readonly call: CallContext
}

/**
 * What one call carries through its stack.
 *
 * **Details**
 *
 * Made once per call. Retries, hedges and fallbacks of one call share it, also where a policy has rewritten the request.
 * What an application sets for everything below it (`RequestContext`, the event sink, an inherited deadline) is not here
 * but in references of Effect's context.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallContext {
  /** Unique per call. Not the span's: calls of a batch or of embeddings may have none. */
  readonly id: string
  /** `gen_ai.operation.name`. */
  readonly operation: "chat" | "embeddings" | (string & {})
  readonly span: { readonly traceId: string; readonly spanId: string } | undefined
  /** Attempts that were begun, and those beside the first that policies have decided to make. */
  readonly attempts: { begun: number; extra: number }
  /** Milliseconds that the call has waited for limits so far. */
  readonly queue: { waited: number }
  readonly retryBudget: CallRetryBudget | undefined
  /** The outermost first. */
  readonly guards: ReadonlyArray<AttemptGuard<unknown>>
  /** How an attempt learns that a deadline interrupted it, and not its caller. */
  readonly interruption: Interruption | undefined
  readonly observers: ReadonlyArray<ReplyObserver>
}

/**
 * The retry budget around a call, as the policies that repeat attempts use it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallRetryBudget {
  /** Whether one more attempt of a model is allowed, which is then withdrawn. */
  readonly tryWithdraw: (source: Source, cost: number) => Effect.Effect<boolean>
  /** A model is asked for the first time by a call that another one did not answer. */
  readonly deposit: (source: Source) => Effect.Effect<void>
}

/**
 * Who answers: a model of a provider.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source {
  readonly provider: string
  readonly model: string
}

/**
 * Sees the reply of each attempt of a call, synchronously. What it throws is ignored.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReplyObserver {
  /** The headers of the HTTP response in lower case, before its first part. */
  readonly headers?: ((headers: Readonly<Record<string, string>>) => void) | undefined
  /** Every part once, before the caller sees it. */
  readonly parts?: ((parts: ReadonlyArray<Part>) => void) | undefined
}

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
  /** The call that this attempt serves. All attempts of one call have the same. */
  readonly callId: string
  readonly operation: CallContext["operation"]
  /** The span of the call; empty where it has none. */
  readonly traceId: string
  readonly spanId: string
  /** 1 for the call's first attempt, counted over all models. */
  readonly index: number
  readonly provider: string
  readonly model: string
  /** The name of the account that pays; `undefined` where the client has none. Never a key. */
  readonly account?: string | undefined
  /** What it is priced as, where that is not provider and model: a deployment has a name of its own. */
  readonly pricedAs?: PricedAs | undefined
  /** The most tokens that request and model let it generate; `undefined` where they say nothing. */
  readonly maxOutputTokens: number | undefined
  /** Not enumerable: a sink that logs the whole event does not log the prompt with it. */
  readonly request: ModelRequest
  readonly context: RequestContext
  /** Unix time in milliseconds, for people. Durations are measured by a clock that is never set back. */
  readonly startedAt: number
}

/**
 * The price that holds for a model which its provider calls otherwise, or sells for another vendor.
 *
 * @since 0.1.0
 * @category models
 */
export interface PricedAs {
  readonly provider: string
  readonly model: string
  /** Whether the data stays in a region, for which most vendors charge more. */
  readonly regional?: boolean | undefined
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
  /** The vendor's id of the answer. */
  readonly responseId: string | undefined
  /** Content parts that were delivered. */
  readonly deliveredParts: number
  /** Characters (UTF-16 units) of text, reasoning and tool parameters in them: what is known of an answer that was cut. */
  readonly deliveredCharacters: number
  /** Until anything came of the answer, content or not. `undefined` if nothing came. */
  readonly timeToFirstChunk: Duration.Duration | undefined
  /** Until the first content part. `undefined` if none came. */
  readonly timeToFirstPart: Duration.Duration | undefined
  readonly duration: Duration.Duration
  readonly requestId: string | undefined
  /** Rate-limit and request-id headers of the response, in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly retryAfter: Duration.Duration | undefined
  /** What the vendor said, where no rule of its errors knew the words; see `Failure.explain`. At most 300 characters. */
  readonly unknownWording?: string | undefined
}

/**
 * How an attempt or a call ended.
 *
 * **Details**
 *
 * `Interrupted` is the caller's own cancellation before the commit point (or a lost hedge); `Abandoned` is a stream that
 * was closed before its end. Both may have cost tokens that nobody reported. An attempt that a deadline interrupted has
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
 * Allows or refuses attempts, and learns what became of them.
 *
 * @since 0.1.0
 * @category models
 */
export interface AttemptGuard<out E> {
  /** Of the policy that installed it, as it is called in code: `Budget.enforce`. */
  readonly name?: string | undefined
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
