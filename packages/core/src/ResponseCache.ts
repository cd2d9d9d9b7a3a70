/**
 * Answers the same question with the same answer, without asking again.
 *
 * Only what is exactly the same: the whole prompt, the tools, the format of the answer, the models and all of their
 * settings. Equal requests at the same time share one answer. A stream is recorded and played back as a stream.
 *
 * **Where in a stack**: outside of everything but the total deadline, so that an answer that is there costs nothing and
 * takes no place.
 *
 * @since 0.1.0
 */
import { Context, Duration, Effect, Layer, Option, Predicate, Result, Stream } from "effect"
import type { BackingPersistence } from "effect/persistence/Persistence"
import type * as Redis from "effect/persistence/Redis"
import type * as SqlClient from "effect/sql/SqlClient"

import { type DurationInput } from "./DurationInput.ts"
import * as Event from "./Event.ts"
import { ofParts, partsIfComplete } from "./internal/answer/complete.ts"
import { describeDuration, durationOf } from "./internal/describeDuration.ts"
import { countingLayer } from "./internal/model/rebuilt.ts"
import { SingleFlight } from "./internal/responseCache/flight.ts"
import { requestKey } from "./internal/responseCache/key.ts"
import { type AnswerStore, memoryStore } from "./internal/responseCache/store.ts"
import { ownScope } from "./internal/scope.ts"
import { identityOf, type ModelCall, type Opened, type ModelRequest, type Part } from "./ModelCall.ts"
import { RequestContext } from "./RequestContext.ts"
import * as ResilientModel from "./ResilientModel.ts"

/**
 * Which requests share answers: those for which this gives the same text. Where it gives `undefined`, nothing is kept.
 *
 * @since 0.1.0
 * @category models
 */
export type CacheScope = (context: RequestContext) => string | undefined

/**
 * Each tenant has its own answers; requests without a tenant are always asked.
 *
 * @since 0.1.0
 * @category constructors
 */
export const perTenant: CacheScope = ({ tenant }) => (tenant === undefined ? undefined : `tenant:${tenant}`)

/**
 * All requests share all answers.
 *
 * **When to use**
 *
 * Use where no prompt holds a secret: any caller who guesses the prompt of another one gets its answer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const shared: CacheScope = () => "everybody"

/**
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** Who shares answers: `perTenant`, `shared`, or a function of the request's context. */
  readonly scope: CacheScope
  /** How long an answer holds. */
  readonly timeToLive: DurationInput
  /** The largest answer that is kept, in characters of JSON. 1,000,000 if left out. */
  readonly maxSize?: number | undefined
}

/**
 * Keeps answers to exactly the same requests.
 *
 * **Details**
 *
 * - Two requests are equal if mode, prompt, tools, tool choice, format and the identity of the models are, settings of
 *   `withConfigOverride` included. A request with a part that cannot be compared is always sent.
 * - Only complete answers are kept: those that ended with `stop` or `tool-calls`. Failures never are.
 * - A request identical to one in flight shares its answer, including its stream. The shared request runs with the budget
 *   and deadline of the first caller, and continues when that caller gives up. If it fails, it fails for all.
 * - The `finish` part of an answer that was not asked for has `metadata.holdfast.cached`. Its usage is that of the
 *   answer; nothing was paid, and there is no attempt.
 *
 * Answers are kept by this policy, 1,000 at most, or in the `ResponseCaches` of the context.
 *
 * **Example** (An hour for each tenant)
 *
 * ```ts
 * import { ResilientModel, ResponseCache } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const cached = ResponseCache.exact({ scope: ResponseCache.perTenant, timeToLive: "1 hour" })
 *
 * ResilientModel.describe(cached(ScriptedModel.model())).settings // => { scope: "perTenant", timeToLive: "1h", maxSize: 1_000_000 }
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const exact = ({ maxSize = 1_000_000, scope, timeToLive }: Options) => {
  const ttl = durationOf(timeToLive)
  const settings = { scope: nameOf(scope), timeToLive: describeDuration(ttl), maxSize }
  return ResilientModel.policy(
    { name: "ResponseCache.exact", place: "cache", settings },
    <E>(call: ModelCall<E>): Effect.Effect<ModelCall<E>> =>
      Duration.isPositive(ttl)
        ? Effect.map(Effect.zip(storeInContext, flightsInState<E>()), ([store, underWay]) => {
            const cache: Cache<E> = { call, store, keep: { maxSize, ttl }, flights: underWay }
            return {
              ...call,
              open: (request) =>
                Effect.flatMap(keyOf(call, request, scope), (key) =>
                  key === undefined ? call.open(request) : boarded(cache, key, request),
                ),
            }
          })
        : ResilientModel.misconfigured("ResponseCache.exact", "timeToLive must be longer than zero"),
  )
}

/**
 * The answers that an application keeps.
 *
 * @since 0.1.0
 * @category services
 */
export class ResponseCaches extends Context.Service<
  ResponseCaches,
  {
    /** @internal */
    readonly store: AnswerStore
  }
>()("@holdfast/core/ResponseCaches") {}

/**
 * Answers in the memory of this process; the ones that were not asked for longest make room. 1,000 answers if left out.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory = (options?: { readonly capacity?: number | undefined }): Layer.Layer<ResponseCaches> =>
  Layer.effect(
    ResponseCaches,
    countingLayer("ResponseCache.layerMemory", () => ({ store: memoryStore(options?.capacity ?? standardCapacity) })),
  )

/**
 * @since 0.1.0
 * @category options
 */
export interface PersistedOptions {
  /** Applications with equal names share their answers. `holdfast_responses` if left out. */
  readonly storeId?: string | undefined
  /** How long to wait for an answer that may be kept, before the model is asked. 250 milliseconds if left out. */
  readonly timeout?: DurationInput | undefined
}

/**
 * Answers in any persistence of Effect.
 *
 * **Gotchas**
 *
 * The store holds the text of answers. Anyone with access to it can read them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerPersisted = (options?: PersistedOptions): Layer.Layer<ResponseCaches, never, BackingPersistence> =>
  Layer.effect(
    ResponseCaches,
    Effect.flatMap(persisted, ({ persistedStore }) =>
      Effect.map(
        persistedStore({
          storeId: options?.storeId ?? "holdfast_responses",
          timeout: Duration.fromInputUnsafe(options?.timeout ?? "250 millis"),
        }),
        (store) => ({ store }),
      ),
    ),
  )

/**
 * Answers in Redis, where they expire by themselves.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedis = (options?: PersistedOptions): Layer.Layer<ResponseCaches, never, Redis.Redis> =>
  Layer.provide(
    layerPersisted(options),
    Layer.unwrap(Effect.map(persisted, ({ layerBackingRedis }) => layerBackingRedis)),
  )

/**
 * Answers in a table of a database.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSql = (options?: PersistedOptions): Layer.Layer<ResponseCaches, never, SqlClient.SqlClient> =>
  Layer.provide(layerPersisted(options), Layer.unwrap(Effect.map(persisted, ({ layerBackingSql }) => layerBackingSql)))

const standardCapacity = 1_000

// An application that keeps its answers in memory does not pay for SQL.
const persisted = Effect.promise(() => import("./internal/responseCache/persisted.ts"))

const storeInContext = Effect.flatMap(Effect.serviceOption(ResponseCaches), (caches) =>
  Option.isSome(caches)
    ? Effect.succeed(caches.value.store)
    : ResilientModel.state(() => memoryStore(standardCapacity)),
)

/** Requests that are being answered, by their keys. */
const flightsInState = <E>() => ResilientModel.state(() => new Map<string, SingleFlight<E>>())

const nameOf = (scope: CacheScope): string =>
  scope === perTenant ? "perTenant" : scope === shared ? "shared" : "custom"

interface Cache<E> {
  readonly call: ModelCall<E>
  readonly store: AnswerStore
  readonly keep: { readonly maxSize: number; readonly ttl: Duration.Duration }
  readonly flights: Map<string, SingleFlight<E>>
}

const keyOf = (call: ModelCall<unknown>, request: ModelRequest, scope: CacheScope) =>
  Effect.flatMap(RequestContext, (context) => {
    const tenant = scope(context)
    if (tenant === undefined) return Effect.succeed(undefined)
    return Effect.flatMap(identityOf(call), (identity) => requestKey(call.operation, request, { tenant, identity }))
  })

const boarded = <E>(cache: Cache<E>, key: string, request: ModelRequest): Opened<E> =>
  ownScope(
    // A flight that is found is one that somebody boards: nothing may come between.
    Effect.uninterruptibleMask((restore) => {
      const { call, flights } = cache
      const found = flights.get(key)
      if (found !== undefined)
        return Effect.andThen(announce(call, request), Effect.map(found.subscribe(restore), cached))
      const flight = newFlight(cache, key, request)
      flights.set(key, flight)
      return flight.subscribe(restore)
    }),
  )

const newFlight = <E>(cache: Cache<E>, key: string, request: ModelRequest): SingleFlight<E> => {
  const { call, flights, keep, store } = cache
  let asked = false
  const opening = Effect.flatMap(store.get(key), (answer): Opened<E> => {
    asked = answer === undefined
    if (answer === undefined) return call.open(request)
    const played = request.mode === "generate" ? ofParts(answer) : Stream.fromArray(answer)
    return Effect.as(announce(call, request), cached(played))
  })
  const flight = new SingleFlight<E>(opening, {
    closed: () => {
      if (flights.get(key) === flight) flights.delete(key)
    },
    // What was kept already is not kept for longer.
    arrived: (answer) =>
      asked && isComplete(answer) && sizeOf(answer) <= keep.maxSize ? store.set(key, answer, keep.ttl) : Effect.void,
  })
  return flight
}

/** Characters of JSON. What cannot be written down, such as a nesting that is too deep, is delivered and not kept. */
const sizeOf = (answer: ReadonlyArray<Part>): number =>
  Result.match(
    Result.try(() => JSON.stringify(answer).length),
    { onFailure: () => Infinity, onSuccess: (size) => size },
  )

const isComplete = (answer: ReadonlyArray<Part>): boolean =>
  answer.some((part) => part.type === "finish" && (part.reason === "stop" || part.reason === "tool-calls"))

/** An answer that says of itself that it was not asked for. */
const cached = <E>(answer: Stream.Stream<Part, E>): Stream.Stream<Part, E> => {
  const whole = partsIfComplete(answer)
  return whole === undefined ? Stream.map(answer, asCached) : ofParts(whole.map(asCached))
}

const asCached = (part: Part): Part =>
  part.type === "finish"
    ? { ...part, metadata: { ...part.metadata, holdfast: { ...record(part.metadata?.["holdfast"]), cached: true } } }
    : part

const record = (value: unknown): object => (Predicate.isObject(value) ? value : {})

const announce = ({ model, provider }: ModelCall<unknown>, request: ModelRequest) =>
  Event.emit(() => ({ _tag: "CacheHit", callId: request.call.id, provider, model }))
