/**
 * Asks another model when one fails.
 *
 * Only before the commit point: an answer that has begun is never continued by another model. When all models have
 * failed, `AllModelsFailed` tells of each in order.
 *
 * **Where in a stack**: outside of retry, so that each model has its own retries; inside of the total deadline and of
 * budgets, which hold for all models together.
 *
 * @since 0.1.0
 */
import { type Config, Duration, Effect, Layer, Option, Schema, type Scope } from "effect"
import { AiError } from "effect/ai"

import * as AttemptGuard from "./AttemptGuard.ts"
import { remaining } from "./Deadline.ts"
import * as Event from "./Event.ts"
import * as Failure from "./Failure.ts"
import { failedModel, FailedModel as FailedModels } from "./internal/error/failedModel.ts"
import { withoutStack } from "./internal/error/withoutStack.ts"
import { refuse } from "./internal/event/refuse.ts"
import { deposit, costAfter, tryWithdraw } from "./internal/retryBudget/call.ts"
import { among, type ModelCall, type Opened, type ModelRequest } from "./ModelCall.ts"
import { type Kind } from "./Operation.ts"
import * as PolicyError from "./PolicyError.ts"
import { isMissingKey } from "./provider/KeyConfig.ts"
import * as Resilient from "./Resilient.ts"
import { exhausted } from "./RetryBudget.ts"

/**
 * What one model of several failed with.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FailedModel = FailedModels

/**
 * @since 0.1.0
 * @category schemas
 */
export type FailedModel = typeof FailedModel.Type

/**
 * Every model that could be asked has failed.
 *
 * @since 0.1.0
 * @category errors
 */
export class AllModelsFailed
  extends Schema.TaggedError<AllModelsFailed>("@holdfast/core/AllModelsFailed")("AllModelsFailed", {
    /** What happened, in the order in which the models were asked. */
    trail: Schema.Array(FailedModel),
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    const told = this.trail.map(
      ({ message, model, provider, reason }) => `${model} of ${provider}: ${reason}: ${message}`,
    )
    return `all ${told.length} models failed; ${told.join("; ")}`
  }

  /** As good as the most hopeful model, after the shortest hint of those that give hope. */
  get failure(): Failure.Failure | undefined {
    const hopeful = this.trail.filter(
      ({ kind }) => kind === "transient" || kind === "throttled" || kind === "overloaded",
    )
    const [first] = hopeful
    if (first === undefined) return { kind: "fatal", retryAfter: undefined, billed: false }
    const hints = hopeful.flatMap(({ retryAfter }) => (retryAfter === undefined ? [] : [retryAfter]))
    const shortest = hints.length < hopeful.length ? undefined : hints.reduce(Duration.min)
    return { kind: first.kind, retryAfter: shortest, billed: false }
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InternalProviderError({ description: this.message, metadata })
  }
}

/**
 * Goes on to another model when the first one fails.
 *
 * **Details**
 *
 * It takes over after every failure before the commit point that another model may not have: also a bad key, an exhausted
 * quota, an option that the model does not take, and the refusals of policies around the first model. It does not after
 * a refusal for reasons of content, nor after an answer that was paid but does not fit the schema; those are decisions
 * of their own (`onContentPolicy`, `when`). Failures before the commit point end up in the trail of `AllModelsFailed`;
 * those that can end an answer that has begun remain in the type. A deadline of the first model alone does not hold for the second one; once
 * the deadline of the whole call has passed, nothing is begun.
 *
 * @since 0.1.0
 * @category policies
 */
export const to =
  <K extends Kind, E2, R2>(second: Resilient.Resilient<K, E2, R2>) =>
  // Written out, because an alias would hide in the type of a stack what the fallback has handled.
  <E, R>(
    self: Resilient.Resilient<K, E, R>,
  ): Resilient.Resilient<K, AllModelsFailed | PolicyError.AfterCommit<E> | PolicyError.AfterCommit<E2>, R | R2> =>
    either("Fallback.to", { accepts: mayHelpElsewhere, first: self, second })

/**
 * Goes on to another model after certain failures.
 *
 * **Details**
 *
 * The predicate sees the failure with its type. As a type guard for a policy's refusal it also takes that refusal out of
 * the type. All other failures pass unchanged.
 *
 * **Example** (A better model for what does not decode)
 *
 * ```ts
 * import { Failure, Fallback, ResilientModel } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const careful = <R>(
 *   cheap: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>,
 *   better: ResilientModel.ResilientModel<ResilientModel.CallFailure, R>,
 * ) => cheap.pipe(Fallback.when(Failure.isUndecodable, better))
 *
 * ResilientModel.describe(careful(ScriptedModel.model(), ScriptedModel.model())).name // => "Fallback.when"
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const when: {
  <K extends Kind, E, Handled extends E, E2, R2>(
    refinement: (error: E) => error is Handled,
    second: Resilient.Resilient<K, E2, R2>,
  ): <R>(
    self: Resilient.Resilient<K, E, R>,
  ) => Resilient.Resilient<
    K,
    AllModelsFailed | Exclude<E, PolicyError.Refusal<Handled>> | PolicyError.AfterCommit<E2>,
    R | R2
  >
  <K extends Kind, In, E2, R2>(
    predicate: (error: In) => boolean,
    second: Resilient.Resilient<K, E2, R2>,
  ): <E extends In, R>(
    self: Resilient.Resilient<K, E, R>,
  ) => Resilient.Resilient<K, AllModelsFailed | E | PolicyError.AfterCommit<E2>, R | R2>
} =
  <K extends Kind, E2, R2>(predicate: (error: never) => boolean, second: Resilient.Resilient<K, E2, R2>) =>
  <E, R>(self: Resilient.Resilient<K, E, R>) =>
    either<K, E, R, E2, R2, AllModelsFailed | E | PolicyError.AfterCommit<E2>>("Fallback.when", {
      accepts: predicate as (error: unknown) => boolean,
      first: self,
      second,
    })

/**
 * Goes on to a model with a larger context window when the request is too long for the first one.
 *
 * @since 0.1.0
 * @category policies
 */
export const onContextWindowExceeded =
  <K extends Kind, E2, R2>(larger: Resilient.Resilient<K, E2, R2>) =>
  <E, R>(self: Resilient.Resilient<K, E, R>) =>
    either<K, E, R, E2, R2, AllModelsFailed | E | PolicyError.AfterCommit<E2>>("Fallback.onContextWindowExceeded", {
      accepts: Failure.isContextWindowExceeded,
      first: self,
      second: larger,
    })

/**
 * Goes on to another model when the first one refuses for reasons of content.
 *
 * @since 0.1.0
 * @category policies
 */
export const onContentPolicy =
  <K extends Kind, E2, R2>(second: Resilient.Resilient<K, E2, R2>) =>
  <E, R>(self: Resilient.Resilient<K, E, R>) =>
    either<K, E, R, E2, R2, AllModelsFailed | E | PolicyError.AfterCommit<E2>>("Fallback.onContentPolicy", {
      accepts: Failure.isContentPolicy,
      first: self,
      second,
    })

/**
 * Goes on to another model as `to` does, if that one has a key: without one it is left out.
 *
 * **When to use**
 *
 * Use for a second model that not every place where the program runs has an account for. With `to`, a missing key stops the
 * program, although the first model works.
 *
 * **Details**
 *
 * The second argument makes the client of the second model, and is built with the stack. Where it fails for the want of a
 * key, a line at Effect's log level "Info" says which, and the stack is the first model alone, with the same type. Any
 * other mistake in the configuration, such as a key that cannot be sent, stops the program.
 *
 * **Example** (Anthropic's model, where there is a key for it)
 *
 * ```ts
 * import { AnthropicClient, AnthropicLanguageModel } from "@holdfast/anthropic"
 * import { Fallback, ResilientModel } from "@holdfast/core"
 * import { OpenAiLanguageModel } from "@holdfast/openai"
 *
 * const model = OpenAiLanguageModel.model("gpt-6.1-terra").pipe(
 *   Fallback.ifConfigured(AnthropicLanguageModel.model("claude-sonnet-5-5"), AnthropicClient.layerConfig()),
 * )
 *
 * ResilientModel.describe(model).name // => "Fallback.ifConfigured"
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const ifConfigured =
  <K extends Kind, E2, R2, A, R3>(
    second: Resilient.Resilient<K, E2, R2>,
    client: Layer.Layer<A, Config.ConfigError, R3>,
  ) =>
  <E, R>(
    self: Resilient.Resilient<K, E, R>,
  ): Resilient.Resilient<
    K,
    AllModelsFailed | PolicyError.AfterCommit<E> | PolicyError.AfterCommit<E2>,
    R | R3 | Exclude<R2, A>
  > => {
    const name = "Fallback.ifConfigured"
    const label = { name, place: "fallback" as const, settings: {}, inner: [Resilient.describe(second)] }
    const built = Resilient.onto(self, label, (preferred) =>
      Effect.flatMap(
        configured(client),
        (found): Effect.Effect<ModelCall<unknown>, never, Scope.Scope | Exclude<R2, A>> => {
          if (found === undefined) return Effect.succeed(alone(preferred))
          const connected = Resilient.connect(Layer.succeedContext(found))(second)
          return Effect.map(Resilient.anyCallOf(connected), (fallback) =>
            after({ accepts: mayHelpElsewhere, preferred, fallback }),
          )
        },
      ),
    )
    return built as never
  }

const configured = <A, R>(client: Layer.Layer<A, Config.ConfigError, R>) =>
  Effect.catch(Layer.build(client), (error) =>
    isMissingKey(error)
      ? Effect.as(Effect.logInfo(`Fallback.ifConfigured leaves a model out: ${error.message}`), undefined)
      : Resilient.misconfigured("Fallback.ifConfigured", error.message),
  )

/** The first model by itself, with the errors of a fallback. */
const alone = <E>(preferred: ModelCall<E>): ModelCall<E | AllModelsFailed> => ({
  ...preferred,
  open: (request): Opened<E | AllModelsFailed> =>
    Effect.mapError(preferred.open(request), (error) =>
      goesOn(mayHelpElsewhere, error)
        ? withoutStack(() => new AllModelsFailed({ trail: trailOf(preferred, error) }))
        : error,
    ),
})

interface Pair<K extends Kind, E, R, E2, R2> {
  readonly first: Resilient.Resilient<K, E, R>
  readonly second: Resilient.Resilient<K, E2, R2>
  readonly accepts: (error: unknown) => boolean
}

// The types say what the predicate and the commit point rule out, which the compiler cannot see.
const either = <K extends Kind, E, R, E2, R2, Out>(
  name: string,
  { accepts, first, second }: Pair<K, E, R, E2, R2>,
): Resilient.Resilient<K, Out, R | R2> => {
  const label = { name, place: "fallback" as const, settings: {}, inner: [Resilient.describe(second)] }
  const built = Resilient.onto(first, label, (preferred) =>
    Effect.map(Resilient.anyCallOf(second), (fallback) => after({ accepts, preferred, fallback })),
  )
  return built as unknown as Resilient.Resilient<K, Out, R | R2>
}

const after = <E, E2>({
  accepts,
  fallback,
  preferred,
}: {
  readonly accepts: (error: unknown) => boolean
  readonly preferred: ModelCall<E>
  readonly fallback: ModelCall<E2>
}): ModelCall<E | E2 | AllModelsFailed> => ({
  ...preferred,
  ...among([preferred, fallback]),
  open: (request): Opened<E | E2 | AllModelsFailed> =>
    Effect.catch(preferred.open(request), (error): Opened<E | E2 | AllModelsFailed> =>
      goesOn(accepts, error) ? openFallback({ preferred, fallback, request }, error) : Effect.fail(error),
    ),
})

/** A refusal of what guards all attempts, such as a budget, holds for every model. */
const goesOn = (accepts: (error: unknown) => boolean, error: unknown): boolean =>
  !AttemptGuard.isRefusal(error) && accepts(error)

const mayHelpElsewhere = (error: unknown): boolean => {
  if (!(error instanceof AllModelsFailed)) return !Failure.isUndecodable(error) && !Failure.isContentPolicy(error)
  // The decision is about the model that was asked last, which knows no more of the ones before.
  const last = error.trail.at(-1)
  return last?.kind !== "undecodable" && last?.reason !== "ContentPolicyError"
}

interface Takeover<E, E2> {
  readonly preferred: ModelCall<E>
  readonly fallback: ModelCall<E2>
  readonly request: ModelRequest
}

const openFallback = <E, E2>(
  { fallback, preferred, request }: Takeover<E, E2>,
  error: E,
): Opened<E | E2 | AllModelsFailed> =>
  Effect.flatMap(remaining, (left): Opened<E | E2 | AllModelsFailed> => {
    if (Option.exists(left, Duration.isZero)) return Effect.fail(error)
    const chosen = Event.emit(() => ({
      _tag: "FallbackChosen",
      callId: request.call.id,
      from: lastOf(preferred, error),
      to: modelOf(fallback),
      error,
    }))
    const opened = Effect.mapError(fallback.open(request), (last) => {
      if (AttemptGuard.isRefusal(last)) return last
      return withoutStack(
        () => new AllModelsFailed({ trail: [...trailOf(preferred, error), ...trailOf(fallback, last)] }),
      )
    })
    return Effect.flatMap(
      allowed(request, lastOf(preferred, error), { fallback, error }),
      (may): Opened<E | E2 | AllModelsFailed> => {
        if (!may) {
          const refusal = exhausted(fallback.provider, lastTrail(preferred, error)) as E
          return refuse(request, fallback, { policy: "RetryBudget.ratio", error: refusal })
        }
        request.call.attempts.extra++
        return Effect.andThen(chosen, opened)
      },
    )
  })

/** Another model of the same provider is one more attempt there. */
const allowed = (
  { call }: ModelRequest,
  from: { readonly provider: string },
  { error, fallback }: { readonly fallback: ModelCall<unknown>; readonly error: unknown },
) =>
  from.provider === fallback.provider
    ? tryWithdraw(call, fallback, costAfter(Failure.classify(error).kind))
    : Effect.as(deposit(call, fallback), true)

const modelOf = ({ model, provider }: ModelCall<unknown>) => ({ provider, model })

// The first model of a fallback of a fallback is not the one that failed last.
const lastOf = (call: ModelCall<unknown>, error: unknown) => {
  const last = error instanceof AllModelsFailed ? error.trail.at(-1) : undefined
  return last === undefined ? modelOf(call) : { provider: last.provider, model: last.model }
}

const lastTrail = (call: ModelCall<unknown>, error: unknown): FailedModel =>
  trailOf(call, error).at(-1) ?? failedModel(modelOf(call), error)

// A fallback of a fallback tells one story.
const trailOf = (call: ModelCall<unknown>, error: unknown): ReadonlyArray<FailedModel> => {
  if (error instanceof AllModelsFailed) return error.trail
  return [failedModel(modelOf(call), error)]
}
