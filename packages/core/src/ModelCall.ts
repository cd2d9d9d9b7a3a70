/**
 * The seam: one request to one model, up to and after the commit point.
 *
 * Until its first content part arrives, nothing of an answer has been delivered, so the call may be retried, hedged or sent
 * elsewhere. From then on the caller has output, and nothing may be replayed. `ModelCall` puts that moment into the
 * types: before it a call is an `Effect`, after it a `Stream`. Every policy is a function from `ModelCall` to
 * `ModelCall` and is written once, for generated and for streamed answers.
 *
 * @since 0.1.0
 */
import { Effect, type Scope, Stream } from "effect"

import { type ModelRequest, type Part, type PricedAs } from "./internal/call/types.ts"
import { ownScope } from "./internal/scope.ts"
import { type Kind, type Operation } from "./Operation.ts"

export type { Mode, ModelRequest, Part, Source } from "./internal/call/types.ts"

/**
 * What opening a call gives: the answer from its commit point on, or a failure that has released everything.
 *
 * @since 0.1.0
 * @category models
 */
export type Opened<E, K extends Kind = Kind> = Effect.Effect<Stream.Stream<Part<K>, E>, E, Scope.Scope>

/**
 * A model that can be called, and every way in which the call can fail.
 *
 * **Details**
 *
 * `open` completes at the commit point: in `stream` mode when the first content part is there, in `generate` mode when
 * the whole answer is. A failed or interrupted `open` has released everything that it held; after a successful one,
 * closing the scope aborts the request and frees the rest. The stream is for one consumer and can be run once.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelCall<out E, in out K extends Kind = Kind> {
  /** What requests and answers of this call are like. */
  readonly operation: Operation<K>
  readonly provider: string
  readonly model: string
  /** The name of the account that pays, and what it is priced as, as attempts have them. */
  readonly account?: string | undefined
  readonly pricedAs?: PricedAs | undefined
  /** Whether a call would be let through now; absent where nothing stands in the way. A route looks here. */
  readonly available?: (() => boolean) | undefined
  /**
   * The settings that, together with the request, determine the answer: those in force now, of every model that may answer.
   * `ResponseCache` keys on it; a policy that adds a model must combine both, as `among` does.
   */
  readonly identity?: Effect.Effect<unknown> | undefined
  /** How much one request may hold; absent where there is no limit. Longer lists of texts are cut to it above all policies. */
  readonly limits?: RequestLimits | undefined
  readonly open: (request: ModelRequest<K>) => Opened<E, K>
}

/**
 * How much one request may hold.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestLimits {
  readonly maxInputs?: number | undefined
  /** Of all inputs together. */
  readonly maxTokens?: number | undefined
  /** Of one input. One that may be longer is sent alone, so that its refusal is no other's. */
  readonly maxInputTokens?: number | undefined
}

/**
 * What is known of a call beside how to open it.
 *
 * @since 0.1.0
 * @category models
 */
export type Identity = Pick<ModelCall<unknown>, "provider" | "model" | "available" | "identity">

/**
 * Whether a call of the model would be let through now.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isAvailable = ({ available }: Identity): boolean => available?.() ?? true

/**
 * Which models may answer a call, and with which settings: calls with equal identities answer equal requests alike.
 *
 * @since 0.1.0
 * @category getters
 */
export const identityOf = ({ identity, model, provider }: Identity): Effect.Effect<unknown> =>
  Effect.map(identity ?? Effect.undefined, (settings) => ({ provider, model, settings }))

/**
 * What is true of a call that may be served by any of several: it is available if one of them is, its answer depends on
 * the settings of them all, and it holds no more than the smallest of them takes.
 *
 * **When to use**
 *
 * Use in a policy that chooses between models, and spread it over the call that the policy makes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const among = <K extends Kind>(
  calls: readonly [ModelCall<unknown, K>, ...ReadonlyArray<ModelCall<unknown, K>>],
): Required<Omit<ModelCall<unknown, K>, "open">> => ({
  limits: smallest(calls),
  operation: calls[0].operation,
  provider: calls[0].provider,
  model: calls[0].model,
  account: calls[0].account,
  pricedAs: calls[0].pricedAs,
  available: () => calls.some(isAvailable),
  identity: Effect.forEach(calls, identityOf),
})

const smallest = (calls: ReadonlyArray<Pick<ModelCall<unknown>, "limits">>): RequestLimits | undefined => {
  const limits = calls.flatMap((call) => call.limits ?? [])
  if (limits.length === 0) return undefined
  const least = (field: keyof RequestLimits) => {
    const bounds = limits.flatMap((one) => one[field] ?? [])
    return bounds.length === 0 ? undefined : Math.min(...bounds)
  }
  return { maxInputs: least("maxInputs"), maxTokens: least("maxTokens"), maxInputTokens: least("maxInputTokens") }
}

/**
 * Gives an `open` a scope of its own below the caller's.
 *
 * **When to use**
 *
 * Use around every `open` that acquires something. `Effect.acquireRelease` alone registers with the *caller's* scope,
 * which outlives a failed attempt: a permit would be held while a retry waits for it.
 *
 * **Details**
 *
 * If the `open` fails or is interrupted, what it acquired is released before the failure is seen. If it succeeds, the
 * caller's scope owns the rest, in the order of release that it would have had.
 *
 * @since 0.1.0
 * @category combinators
 */
export const scoped: <A, E, R>(
  open: Effect.Effect<A, E, R>,
) => Effect.Effect<A, E, Exclude<R, Scope.Scope> | Scope.Scope> = ownScope

/**
 * Runs an effect on the parts of each answer before the caller sees them. It may wait, and it may fail.
 *
 * **When to use**
 *
 * Use in a policy that acts after the commit point: one that paces, counts or checks an answer. By then nothing can be
 * repeated, so a failure ends the answer.
 *
 * **Details**
 *
 * `each` runs once for each answer that is read, so what it makes belongs to that answer. The function that it gives runs
 * for each pull of the consumer, with all parts that have arrived. A generated answer is one pull.
 *
 * **Example** (Counting the parts of an answer)
 *
 * ```ts
 * import { ModelCall, ResilientModel } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * let parts = 0
 * const counted = ResilientModel.policy({ name: "counted", settings: {} }, (call) =>
 *   Effect.succeed(ModelCall.onParts(call, () => (some) => Effect.sync(() => void (parts += some.length)))),
 * )
 *
 * const model = counted(ScriptedModel.model(ScriptedModel.text("hello")))
 *
 * await Effect.runPromise(Effect.provide(LanguageModel.generateText({ prompt: "hi" }), model))
 * parts > 0 // => true
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const onParts = <E, K extends Kind, E2 = never>(
  call: ModelCall<E, K>,
  each: (request: ModelRequest<K>) => (parts: ReadonlyArray<Part<K>>) => Effect.Effect<void, E2>,
): ModelCall<E | E2, K> => ({
  ...call,
  open: (request): Opened<E | E2, K> =>
    Effect.map(call.open(request), (answer): Stream.Stream<Part<K>, E | E2> =>
      Stream.transformPull(answer, (pull) =>
        Effect.map(
          Effect.sync(() => each(request)),
          (on) => Effect.tap(pull, on),
        ),
      ),
    ),
})

export {
  /**
   * Whether a part of a chat's answer carries content, so that showing it to the caller commits the call.
   *
   * **Details**
   *
   * Metadata, empty frames that only announce a block (`text-start`, `reasoning-start`) and `finish` carry none.
   * `tool-params-start` does: it names the tool that is about to run.
   *
   * @since 0.1.0
   * @category guards
   */
  isContent,
} from "./internal/operation/chat.ts"
