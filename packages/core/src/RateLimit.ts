/**
 * Keeps calls within what a provider allows per minute or per day: requests, tokens, and whatever else is counted.
 *
 * A call takes what it will cost in all dimensions together, or waits in line, or is refused. What it did cost is known in the end,
 * and settled then. No window of the given length ever holds more than the limit, wherever it begins.
 *
 * **Where in a stack**: inside of retry and of the breaker, so that each attempt is counted and neither a sleeping retry nor a
 * refused call takes anything; outside of a limit on concurrency, so that who waits here holds no place there, and of the
 * deadlines for parts, so that waiting in line is not blamed on the model.
 *
 * @since 0.1.0
 */
import { Clock, Context, Duration, Effect, Layer, Option, Schema } from "effect"
import { AiError } from "effect/ai"
import type * as Redis from "effect/persistence/Redis"

import { type DurationInput } from "./DurationInput.ts"
import { describeDuration } from "./internal/describeDuration.ts"
import { withoutStack } from "./internal/error/withoutStack.ts"
import { millis } from "./internal/millis.ts"
import { countingLayer } from "./internal/model/rebuilt.ts"
import { limited, type Rejection } from "./internal/rateLimit/call.ts"
import { headerNames } from "./internal/rateLimit/headers.ts"
import {
  described,
  type Dimension,
  looksAtTokens,
  mistakeIn,
  oneRequest,
  rulesOf,
} from "./internal/rateLimit/options.ts"
import { type RedisWindow, redisWindow } from "./internal/rateLimit/redis.ts"
import { type Rules } from "./internal/rateLimit/state.ts"
import { LimiterStore, idOf, nameOf } from "./internal/rateLimit/store.ts"
import { isAvailable, type ModelCall, type ModelRequest } from "./ModelCall.ts"
import * as PolicyError from "./PolicyError.ts"
import { type RequestContext } from "./RequestContext.ts"
import * as ResilientModel from "./ResilientModel.ts"
import { type RedisOptions } from "./SharedState.ts"
import type * as TokenEstimate from "./TokenEstimate.ts"

export type { Dimension, Tokens } from "./internal/rateLimit/options.ts"

/**
 * A limit is used up, and the call would have to wait too long, or there are too many that wait.
 *
 * @since 0.1.0
 * @category errors
 */
export class RateLimited
  extends Schema.TaggedError<RateLimited>("@holdfast/core/RateLimited")("RateLimited", {
    provider: Schema.String,
    model: Schema.String,
    /** Whose limit it is: the model's, or what the option `key` made of it. */
    key: Schema.String,
    /** What is used up: `requests`, `tokens` or another name; `all` after a 429, or while the shared state is lost. */
    dimension: Schema.String,
    /** How much of it there is in a window. 0 with `all`. */
    limit: Schema.Finite,
    /** How much of it the call would take. */
    cost: Schema.Number,
    /** When there may be room, at the earliest. Absent if there never will be, because the call alone is above the limit. */
    retryAfter: Schema.optionalKey(Schema.DurationFromMillis),
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    const { cost, dimension, key, limit, model, provider, retryAfter } = this
    if (retryAfter === undefined) {
      return `a call to ${model} of ${provider} needs ${cost} ${dimension}, but the limit of ${key} is ${limit}; raise the limit, or shorten the request`
    }
    const what =
      dimension === "all"
        ? `the provider asked for a pause for ${key}`
        : `${key} is at its limit of ${limit} ${dimension}`
    return `${model} of ${provider}: ${what}; try again in ${Duration.format(retryAfter)}`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    const { retryAfter } = this
    return retryAfter === undefined
      ? new AiError.InvalidRequestError({ description: this.message, metadata })
      : new AiError.RateLimitError({ retryAfter, metadata })
  }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The tokens of a request. `TokenEstimate.ofRequest` if left out. */
  readonly estimate?:
    | ((
        request: ModelRequest,
        call: { readonly provider: string; readonly model: string },
      ) => TokenEstimate.TokenEstimate)
    | undefined
  /** Calls with equal keys share a limit. `<provider>/<model>` if left out. Never give an API key itself: keys are in errors. */
  readonly key?:
    | ((call: { readonly provider: string; readonly model: string; readonly context: RequestContext }) => string)
    | undefined
  /**
   * How many calls may wait. 1,000 if left out. They go in the order in which they came, whichever tenant they are of, so that what
   * the first one needs is saved up for it. To keep tenants apart, give each a `key` of its own, or pipe `Concurrency.limit`
   * outside of this policy: its queue shares places out among tenants.
   */
  readonly queue?: number | undefined
  /** How long a call may wait, and never beyond its deadline. 30 seconds if left out. */
  readonly maxWait?: DurationInput | undefined
}

/**
 * What may be used in a window.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  readonly requests?: number | undefined
  /** Input and output together, as OpenAI counts. */
  readonly tokens?: number | undefined
  /** Input and output by themselves, as Anthropic counts. */
  readonly inputTokens?: number | undefined
  readonly outputTokens?: number | undefined
}

/**
 * The limits of OpenAI's usage tiers, for `perMinute`. Models differ: the limits page of the account has them.
 *
 * @since 0.1.0
 * @category presets
 */
export const openAiTier1: Limits = { requests: 500, tokens: 200_000 }

/**
 * @since 0.1.0
 * @category presets
 */
export const openAiTier2: Limits = { requests: 5_000, tokens: 2_000_000 }

/**
 * @since 0.1.0
 * @category presets
 */
export const openAiTier3: Limits = { requests: 5_000, tokens: 5_000_000 }

/**
 * @since 0.1.0
 * @category presets
 */
export const openAiTier4: Limits = { requests: 10_000, tokens: 10_000_000 }

/**
 * @since 0.1.0
 * @category presets
 */
export const openAiTier5: Limits = { requests: 10_000, tokens: 30_000_000 }

/**
 * So many calls in a window.
 *
 * @since 0.1.0
 * @category dimensions
 */
export const requests = (limit: number, window: DurationInput): Dimension => ({
  name: "requests",
  limit,
  window,
  cost: oneRequest,
})

/**
 * So many tokens in a window, input and output together.
 *
 * @since 0.1.0
 * @category dimensions
 */
export const tokens = (limit: number, window: DurationInput): Dimension => ({
  name: "tokens",
  limit,
  window,
  cost: ({ input, output }) => input + output,
})

/**
 * So many tokens of input in a window. Those that came from the provider's prompt cache do not count, as with Anthropic.
 *
 * @since 0.1.0
 * @category dimensions
 */
export const inputTokens = (limit: number, window: DurationInput): Dimension => ({
  name: "input-tokens",
  limit,
  window,
  cost: ({ cacheRead, input }) => Math.max(0, input - cacheRead),
})

/**
 * So many tokens of output in a window.
 *
 * @since 0.1.0
 * @category dimensions
 */
export const outputTokens = (limit: number, window: DurationInput): Dimension => ({
  name: "output-tokens",
  limit,
  window,
  cost: ({ output }) => output,
})

/**
 * Keeps calls within limits per minute.
 *
 * **Details**
 *
 * - All dimensions are taken together or none is.
 * - A call that does not fit waits in a first-in, first-out queue. A cheap call never overtakes an expensive one.
 * - A call takes the tokens that it is estimated to have, and in the end those that it had: what was too much is given back,
 *   what was too little is missing from then on. A call that an inner policy refuses gives all back. One that its caller
 *   gives up keeps its input and what it delivered of its output.
 * - A 429 stops all calls of the key for as long as the provider says, or for a second, two, four, up to a minute. When the
 *   headers of an answer say that less is left than is known here, no more is used. They never make room.
 *
 * **Example** (The first tier of OpenAI)
 *
 * ```ts
 * import { RateLimit, ResilientModel, Retry } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { flow } from "effect"
 *
 * const careful = flow(RateLimit.perMinute({ requests: 500, tokens: 200_000 }), Retry.schedule(Retry.standard))
 *
 * const [limit] = ResilientModel.describe(careful(ScriptedModel.model())).inner
 * limit?.settings["limits"] // => ["500 requests in 1m", "200000 tokens in 1m"]
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const perMinute = (options: Limits & Options) =>
  policy("RateLimit.perMinute", within(options, "1 minute"), options)

/**
 * Keeps calls within limits per day: of any 24 hours, not from midnight to midnight.
 *
 * @since 0.1.0
 * @category policies
 */
export const perDay = (options: Limits & Options) => policy("RateLimit.perDay", within(options, "1 day"), options)

/**
 * Keeps calls within limits of any kind.
 *
 * **Example** (By minute and by day, and images by themselves)
 *
 * ```ts
 * import { RateLimit, ResilientModel } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const images: RateLimit.Dimension = {
 *   name: "images",
 *   limit: 50,
 *   window: "1 minute",
 *   cost: (_, { options }) => JSON.stringify(options.prompt).split("image/").length - 1,
 * }
 * const limit = RateLimit.limits([RateLimit.requests(500, "1 minute"), RateLimit.requests(10_000, "1 day"), images])
 *
 * const { settings } = ResilientModel.describe(limit(ScriptedModel.model()))
 * settings["limits"] // => ["500 requests in 1m", "10000 requests in 1d", "50 images in 1m"]
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const limits = (dimensions: ReadonlyArray<Dimension>, options: Options = {}) =>
  policy("RateLimit.limits", dimensions, options)

/**
 * What has been used of the limits of an application.
 *
 * **Details**
 *
 * Without this service in context, each model counts for itself. With it, all models with equal keys and dimensions share.
 *
 * @since 0.1.0
 * @category services
 */
export class RateLimits extends Context.Service<
  RateLimits,
  {
    /** @internal */
    readonly entries: LimiterStore
    /** @internal */
    readonly shared: RedisWindow | undefined
  }
>()("@holdfast/core/RateLimits") {}

/**
 * What is used is kept in the memory of this process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<RateLimits> = Layer.effect(
  RateLimits,
  countingLayer("RateLimit.layerMemory", () => inMemory()),
)

/**
 * What is used is kept in Redis, for all processes together.
 *
 * **Details**
 *
 * A call asks Redis once before it is sent, and once more in the end if there is something to settle. Within a process the order
 * of those who wait is that of arrival; between processes it is a matter of luck.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedis = (options?: RedisOptions): Layer.Layer<RateLimits, never, Redis.Redis> =>
  Layer.effect(
    RateLimits,
    Effect.map(redisWindow(options), (shared) => ({ entries: new LimiterStore(), shared })),
  )

const inMemory = (): RateLimits["Service"] => ({ entries: new LimiterStore(), shared: undefined })

const within = (options: Limits, window: DurationInput): ReadonlyArray<Dimension> => {
  const counted = { requests, tokens, inputTokens, outputTokens }
  return (Object.keys(counted) as Array<keyof typeof counted>).flatMap((name) => {
    const limit = options[name]
    return limit === undefined ? [] : [counted[name](limit, window)]
  })
}

const policy = (name: string, dimensions: ReadonlyArray<Dimension>, options: Options) => {
  const { key, maxWait = "30 seconds", queue = 1_000 } = options
  const rules = rulesOf(dimensions)
  const settings = { limits: rules.map(described), queue, maxWait: describeDuration(maxWait) }
  return ResilientModel.policy<RateLimited>(
    { name, place: "rateLimit", settings },
    Effect.fnUntraced(function* <E>(call: ModelCall<E>) {
      const mistake = mistakeIn(rules, queue, Duration.toMillis(maxWait))
      if (mistake !== undefined) return yield* ResilientModel.misconfigured(name, mistake)
      const provided = yield* Effect.serviceOption(RateLimits)
      const { entries, shared } = Option.isSome(provided) ? provided.value : yield* ResilientModel.state(inMemory)
      const clock = yield* Clock.Clock
      const { model, operation, provider } = call
      const id = idOf(rules)
      const limit = {
        limiters: entries,
        shared,
        operation,
        rules,
        costs: dimensions.map(({ cost }) => cost),
        headers: rules.map((rule) => headerNames(rule.name)),
        countsTokens: looksAtTokens(dimensions),
        estimate: (request: ModelRequest) =>
          options.estimate === undefined ? operation.estimate(request.options, call) : options.estimate(request, call),
        key: id(`${provider}/${model}`),
        keyOf: key && ((context: RequestContext) => id(key({ provider, model, context }))),
        queueSize: queue,
        maxWait: Duration.toMillis(maxWait),
        refusal: (rejection: Rejection) => refusal(call, rules, rejection),
        name,
        source: { provider, model },
      }
      return {
        ...call,
        available: () => !(key === undefined && entries.isBlocked(limit.key, millis(clock))) && isAvailable(call),
        open: (request: ModelRequest) => limited(call, request, limit),
      }
    }),
  )
}

const refusal = ({ model, provider }: ModelCall<unknown>, rules: Rules, refused: Rejection): RateLimited => {
  const { cost, dimension, key, wait } = refused
  const rule = dimension === undefined ? undefined : rules[dimension]
  const retryAfter = wait === undefined ? undefined : { retryAfter: Duration.millis(Math.max(1, Math.ceil(wait))) }
  return withoutStack(
    () =>
      new RateLimited({
        provider,
        model,
        key: nameOf(key),
        dimension: rule?.name ?? "all",
        limit: rule?.limit ?? 0,
        cost,
        ...retryAfter,
      }),
  )
}
