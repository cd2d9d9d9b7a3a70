/**
 * Limits how many calls of a model are under way at the same time.
 *
 * The number is given, or found out: a model that has too much to do says so, or takes longer until it begins.
 *
 * **Where in a stack**: inside of retry and of the breaker, so that neither a sleeping retry nor a refused call takes a
 * place; outside of the deadlines for parts, so that waiting in line is not blamed on the model.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, Option, Schema } from "effect"
import { AiError } from "effect/ai"
import type * as Redis from "effect/persistence/Redis"

import { AdaptiveSemaphore } from "./internal/concurrency/adaptive.ts"
import * as AdaptiveLimit from "./internal/concurrency/adaptiveState.ts"
import { withPermit } from "./internal/concurrency/call.ts"
import { memoryPermits, type Permits, redisPermits } from "./internal/concurrency/store.ts"
import { withoutStack } from "./internal/error/withoutStack.ts"
import { countingLayer } from "./internal/model/rebuilt.ts"
import { type ModelCall, type ModelRequest } from "./ModelCall.ts"
import * as PolicyError from "./PolicyError.ts"
import { type Priority } from "./RequestContext.ts"
import * as ResilientModel from "./ResilientModel.ts"
import { type RedisOptions } from "./SharedState.ts"

/**
 * All places are taken, also those in line.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConcurrencyLimited
  extends Schema.TaggedError<ConcurrencyLimited>("@holdfast/core/ConcurrencyLimited")("ConcurrencyLimited", {
    provider: Schema.String,
    model: Schema.String,
    /** Calls that may be under way. */
    limit: Schema.Int,
    /** Calls that may wait. */
    queue: Schema.Int,
    priority: Schema.Literals(["critical", "interactive", "batch", "best-effort"]),
  })
  implements PolicyError.PolicyError<"refusal">
{
  readonly [PolicyError.TypeId] = "refusal" as const

  override get message(): string {
    return `${this.limit} calls to ${this.model} of ${this.provider} are running and ${this.queue} are waiting, so this one (priority: ${this.priority}) was refused; try again later, raise the limit, or add a fallback`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.RateLimitError({ metadata })
  }
}

/**
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** How many calls may wait. Twice the limit if left out. */
  readonly queue?: number | undefined
  /** How many places a call takes, at least 1 and at most all. 1 if left out. */
  readonly weight?: ((request: ModelRequest) => number) | undefined
  /** Limits with equal keys are one, where there are `ConcurrencyLimits`. `<provider>/<model>` if left out. */
  readonly key?: ((call: { readonly provider: string; readonly model: string }) => string) | undefined
}

/**
 * Runs a fixed number of calls at the same time, and queues a few more.
 *
 * **Details**
 *
 * - A call holds its permit until the answer is complete: for a stream, until it is closed.
 * - The queue is served by priority (`RequestContext`), tenants in turns, and within a tenant in the order of arrival. No
 *   call is overtaken more than 8 times, so heavy and unimportant calls get their turn as well.
 * - A full queue rejects a less urgent call when one arrives, or else one of equal urgency of a tenant that has more calls
 *   waiting: the newest of the tenant that has the most. Otherwise it rejects the arriving one. So a tenant that floods the
 *   queue gets its share of it, and no more.
 * - A call that is interrupted leaves the queue at once.
 *
 * State belongs to the model as a value. With `ConcurrencyLimits` in context, limits with equal keys are one, in this
 * process or in all of them.
 *
 * **Example** (Room for long prompts)
 *
 * ```ts
 * import { Concurrency, ResilientModel } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const limit = Concurrency.limit(64, {
 *   weight: ({ options }) => (JSON.stringify(options.prompt).length > 100_000 ? 8 : 1),
 * })
 *
 * ResilientModel.describe(limit(ScriptedModel.model())).settings // => { limit: 64, queue: 128 }
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const limit = (places: number, options: Options = {}) => {
  const queue = options.queue ?? places * 2
  return ResilientModel.policy<ConcurrencyLimited>(
    { name: "Concurrency.limit", place: "concurrencyLimit", settings: { limit: places, queue } },
    Effect.fnUntraced(function* <E>(call: ModelCall<E>) {
      if (!Number.isInteger(places) || places < 1) {
        return yield* ResilientModel.misconfigured("Concurrency.limit", "the limit must be a whole number, 1 or more")
      }
      if (!isQueue(queue)) return yield* ResilientModel.misconfigured("Concurrency.limit", wrongQueue)
      const permits = yield* permitsInContext
      const key = keyOf(options, call)
      const semaphore = permits.semaphoreOf(key, { limit: places, places: queue })
      const admission = {
        semaphore,
        weightOf: (request: ModelRequest) => Math.min(places, Math.max(1, Math.ceil(options.weight?.(request) ?? 1))),
        refusal: (priority: Priority) => refusal(call, { limit: places, queue, priority }),
        name: "Concurrency.limit",
        source: call,
        shared: permits.shared && { permits: permits.shared, key, limit: places },
      }
      return { ...call, open: (request: ModelRequest) => withPermit(admission, request, call.open(request)) }
    }),
  )
}

/**
 * @since 0.1.0
 * @category options
 */
export interface AdaptiveOptions {
  /** Never fewer. 1 if left out. */
  readonly min?: number | undefined
  /** Never more. 200 if left out, as in Netflix's and failsafe's limiters. */
  readonly max?: number | undefined
  /** To begin with. 8 if left out. */
  readonly initial?: number | undefined
  /** How many calls may wait. Twice `max` if left out. */
  readonly queue?: number | undefined
  /** How large a request is; those of about the same size are compared. Characters of the prompt's text if left out. */
  readonly size?: ((request: ModelRequest) => number) | undefined
}

/**
 * Finds out how many calls a model bears at the same time.
 *
 * **Details**
 *
 * - The limit grows by one for as many good answers as it is, while at least half of it is in use.
 * - It falls by three tenths when the model throttles, is overloaded or does not begin in time (`Deadline.firstPart`), at
 *   most once for as long as a first part takes.
 * - It falls by up to a tenth for an answer whose first part took more than one and a half times as long as usual, for
 *   prompts of its size. How long the whole answer takes plays no part: that depends on its length.
 * - Each process finds its own limit, also where `limit` is shared. Waiting is as with `limit`.
 *
 * **Example** (Between 4 and 100)
 *
 * ```ts
 * import { Concurrency, ResilientModel } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const adaptive = Concurrency.adaptive({ min: 4, max: 100 })
 *
 * ResilientModel.describe(adaptive(ScriptedModel.model())).settings // => { min: 4, max: 100, initial: 8, queue: 200 }
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const adaptive = (options: AdaptiveOptions = {}) => {
  const { max = 200, min = 1 } = options
  const rules = { min, max, initial: options.initial ?? Math.min(max, Math.max(min, 8)) }
  const queue = options.queue ?? max * 2
  return ResilientModel.policy<ConcurrencyLimited>(
    { name: "Concurrency.adaptive", place: "concurrencyLimit", settings: { ...rules, queue } },
    Effect.fnUntraced(function* <E>(call: ModelCall<E>) {
      const mistake = AdaptiveLimit.mistakeIn(rules) ?? (isQueue(queue) ? undefined : wrongQueue)
      if (mistake !== undefined) return yield* ResilientModel.misconfigured("Concurrency.adaptive", mistake)
      const adapting = yield* ResilientModel.state(
        () => new AdaptiveSemaphore(rules, { queue, size: options.size ?? sizeIn(call) }),
      )
      const admission = {
        semaphore: adapting.semaphore,
        weightOf: () => 1,
        refusal: (priority: Priority) => refusal(call, { limit: adapting.limit, queue, priority }),
        name: "Concurrency.adaptive",
        source: call,
        shared: undefined,
      }
      return {
        ...call,
        open: (request: ModelRequest) => withPermit(admission, request, adapting.observed(request, call.open(request))),
      }
    }),
  )
}

/**
 * The limits of an application.
 *
 * @since 0.1.0
 * @category services
 */
export class ConcurrencyLimits extends Context.Service<
  ConcurrencyLimits,
  {
    /** @internal */
    readonly permits: Permits
  }
>()("@holdfast/core/ConcurrencyLimits") {}

/**
 * One limit for all models of this process with the same key.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<ConcurrencyLimits> = Layer.effect(
  ConcurrencyLimits,
  countingLayer("Concurrency.layerMemory", () => ({ permits: memoryPermits() })),
)

/**
 * One limit for all models of several processes with the same key.
 *
 * **Details**
 *
 * Within each process the queue is served in order; between processes there is no order. The permits of a process that dies
 * are freed after 30 seconds.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedis = (options?: RedisOptions): Layer.Layer<ConcurrencyLimits, never, Redis.Redis> =>
  Layer.effect(
    ConcurrencyLimits,
    Effect.map(redisPermits(options), (shared) => ({ permits: memoryPermits(shared) })),
  )

const permitsInContext = Effect.flatMap(Effect.serviceOption(ConcurrencyLimits), (limits) =>
  Option.isSome(limits) ? Effect.succeed(limits.value.permits) : ResilientModel.state(() => memoryPermits()),
)

const sizeIn =
  ({ operation }: ModelCall<unknown>) =>
  ({ options }: ModelRequest): number =>
    operation.sizeOfRequest(options)

const keyOf = ({ key }: Options, { model, provider }: ModelCall<unknown>): string =>
  key === undefined ? `${provider}/${model}` : key({ provider, model })

const isQueue = (queue: number): boolean => Number.isInteger(queue) && queue >= 0

const wrongQueue = "queue must be a whole number, 0 or more"

const refusal = (
  { model, provider }: ModelCall<unknown>,
  fields: { readonly limit: number; readonly queue: number; readonly priority: Priority },
): ConcurrencyLimited => withoutStack(() => new ConcurrencyLimited({ provider, model, ...fields }))
