/**
 * Stops asking a model that is failing, so that it can recover and callers need not wait for it.
 *
 * A circuit is closed while a model answers. It opens when too many of the recent calls fail, or begin too slowly, and then
 * refuses calls at once. After a while it lets a few probes through, and as soon as enough of them have their first part
 * it closes again, with traffic growing back over some seconds.
 *
 * **Where in a stack**: inside of retry, so that each attempt is counted and an open circuit ends the retries; outside of
 * the deadlines, so that an attempt that hangs counts as a failure.
 *
 * @since 0.1.0
 */
import {
  Clock,
  Context,
  Duration,
  Effect,
  Layer,
  Option,
  Queue,
  Random,
  Schedule,
  Schema,
  type Scope,
  Stream,
} from "effect"
import { AiError } from "effect/ai"
import type * as Redis from "effect/persistence/Redis"

import { throughCircuit } from "./internal/breaker/call.ts"
import { mistakeIn, rulesOf, settingsOf, type Options } from "./internal/breaker/options.ts"
import { redisStore } from "./internal/breaker/redis.ts"
import { type Change, type Mode } from "./internal/breaker/registry.ts"
import { type Phase } from "./internal/breaker/state.ts"
import { type BreakerStore, memoryStore } from "./internal/breaker/store.ts"
import { refusal } from "./internal/error/refusal.ts"
import { millis } from "./internal/millis.ts"
import { countingLayer } from "./internal/model/rebuilt.ts"
import { redisLink } from "./internal/redis.ts"
import { isAvailable, type ModelCall, type ModelRequest } from "./ModelCall.ts"
import * as PolicyError from "./PolicyError.ts"
import * as ProviderName from "./ProviderName.ts"
import * as ResilientModel from "./ResilientModel.ts"
import type * as SharedState from "./SharedState.ts"

export type { Options, Recovery, Trip } from "./internal/breaker/options.ts"

/**
 * The model has been failing and is not asked for now.
 *
 * @since 0.1.0
 * @category errors
 */
export class CircuitOpen
  extends Schema.TaggedError<CircuitOpen>("@holdfast/core/CircuitOpen")("CircuitOpen", {
    provider: Schema.String,
    model: Schema.String,
    /** When a call may be let through again, at the earliest. */
    retryAfter: Schema.DurationFromMillis,
  })
  implements PolicyError.PolicyError<"refusal">
{
  get [PolicyError.TypeId]() {
    return "refusal" as const
  }

  override get message(): string {
    return `${this.model} of ${this.provider} has been failing, so no request is sent for another ${Duration.format(this.retryAfter)}; check the provider, or add a fallback`
  }

  toReason(metadata: AiError.ProviderMetadata): AiError.AiErrorReason {
    return new AiError.InternalProviderError({ description: this.message, metadata })
  }
}

/**
 * Back-off for consecutive openings: 1 second, growing by 5 % each time up to 30 seconds, minus up to half as jitter so
 * that processes do not return together.
 *
 * **Details**
 *
 * So the longest opening is about 1 second and a fifteenth of how long the outage has lasted: 5 seconds after a minute.
 * That is how late it is noticed, at worst, that a model is back.
 *
 * @since 0.1.0
 * @category schedules
 */
export const openFor: Schedule.Schedule<Duration.Duration> = Schedule.fromStep(
  Effect.sync(() => {
    let most = 1_000
    return () =>
      Effect.map(Random.next, (random): [Duration.Duration, Duration.Duration] => {
        const wait = Duration.millis(Math.round(most / 2 + (random * most) / 2))
        most = Math.min(30_000, most * 1.05)
        return [wait, wait]
      })
  }),
)

/**
 * Refuses calls to a model that has been failing.
 *
 * **Details**
 *
 * - Transient and overloaded failures count, and nothing else: not throttling, which a rate limit handles, not
 *   what the request itself is to blame for, not the refusals of other policies, and not callers that give up.
 * - The verdict on a call is its first part. A stream that breaks afterwards is counted as a failure then.
 * - A retry hint of the provider lengthens the time that the circuit stays open, up to 10 minutes.
 * - What was admitted before the circuit changed says nothing after it.
 *
 * State belongs to the model as a value. With `Breakers` in context, all models of the application share it, and it can be
 * read and set there.
 *
 * **Example** (A stack with a breaker)
 *
 * ```ts
 * import { Breaker, Deadline, ResilientModel, Retry } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { flow } from "effect"
 *
 * const careful = flow(Deadline.firstPart("30 seconds"), Breaker.guard(), Retry.schedule(Retry.standard))
 *
 * const { inner, name } = ResilientModel.describe(careful(ScriptedModel.model()))
 * name // => "Retry.schedule"
 * inner[0]?.settings["failureRate"] // => 0.5
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const guard = (options: Options = {}) => {
  const rules = rulesOf(options)
  const keyOf = options.key ?? (({ model, provider }) => `${provider}/${model}`)
  return ResilientModel.policy<CircuitOpen, Scope.Scope>(
    { name: "Breaker.guard", place: "breaker", settings: settingsOf(rules) },
    Effect.fnUntraced(function* <E>(call: ModelCall<E>) {
      const mistake = mistakeIn(rules)
      if (mistake !== undefined) return yield* ResilientModel.misconfigured("Breaker.guard", mistake)
      const registry = yield* Effect.serviceOption(Breakers)
      const { store } = Option.isSome(registry) ? registry.value : yield* ResilientModel.state(inMemory)
      const clock = yield* Clock.Clock
      const circuit = yield* Effect.acquireRelease(
        Effect.sync(() => store.circuits.acquire(keyOf(call), rules)),
        (used) => Effect.sync(() => store.circuits.release(used, millis(clock))),
      )
      const { model, provider } = call
      const guardedBy = {
        store,
        circuit,
        schedule: options.openFor ?? openFor,
        refusal: (retryAfter: number) => circuitOpen(provider, model, retryAfter),
      }
      return {
        ...call,
        available: () => store.circuits.wouldAdmit(circuit, millis(clock)) && isAvailable(call),
        open: (request: ModelRequest) => throughCircuit(call, request, guardedBy),
      }
    }),
  )
}

/**
 * What can be seen of a circuit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status {
  readonly key: string
  readonly phase: Phase
  readonly mode: Mode
  /** Whether a call would be let through now. */
  readonly available: boolean
}

/**
 * A change of a circuit. The sequence numbers of one registry have no gaps.
 *
 * @since 0.1.0
 * @category models
 */
export type Transition = Change

export type { Mode } from "./internal/breaker/registry.ts"

export type { Phase } from "./internal/breaker/state.ts"

/**
 * The circuits of an application.
 *
 * @since 0.1.0
 * @category services
 */
export class Breakers extends Context.Service<
  Breakers,
  {
    readonly status: Effect.Effect<ReadonlyArray<Status>>
    /** Keys of the circuits that would let a call through now. */
    readonly available: Effect.Effect<ReadonlyArray<string>>
    /** All changes from the moment on that the stream is run. Nothing is lost, so it is to be read. */
    readonly transitions: Stream.Stream<Transition>
    /**
     * `forcedOpen` refuses all calls, `disabled` lets all through and counts nothing, `observing` lets all through and
     * counts. `normal` begins anew with a closed circuit. `false` if there is no such circuit.
     */
    readonly set: (key: string, mode: Mode) => Effect.Effect<boolean>
    /** @internal */
    readonly store: BreakerStore
  }
>()("@holdfast/core/Breakers") {}

/**
 * Circuits in the memory of this process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<Breakers> = Layer.effect(
  Breakers,
  countingLayer("Breaker.layerMemory", () => inMemory()),
)

/**
 * Circuits in Redis, so that all processes decide by what all of them see.
 *
 * **Details**
 *
 * - Letting a call through and taking note of it are one script and one round trip each, by the server's clock. The probes
 *   of a half-open circuit are those of all processes together.
 * - `set` holds for all processes; a mode that was set is kept for a month after its last use, and a circuit for an hour.
 * - A change is a `Transition` and an event of each process when it hears of it, with sequence numbers of its own: at the
 *   latest with its next call, and within a second where the circuit is open. What changes to and fro between
 *   two calls is not seen.
 * - A stack knows whether it would let a call through without asking, by what it heard last.
 *
 * While Redis does not answer, each process goes on by itself from what it knew last, or refuses with `CircuitOpen`, as
 * the options say. What it knows by itself is over when Redis answers again. A probe that was under way when its process
 * or Redis was lost gives its place up after the lease.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRedis = (options?: SharedState.RedisOptions): Layer.Layer<Breakers, never, Redis.Redis> =>
  Layer.effect(
    Breakers,
    Effect.map(Effect.flatMap(redisLink("Breaker", options), redisStore), (store) => breakers(store)),
  )

const inMemory = (): Breakers["Service"] => breakers(memoryStore())

const breakers = (store: BreakerStore): Breakers["Service"] => ({
  store,
  status: store.status,
  available: Effect.map(store.status, (all) => all.filter(({ available }) => available).map(({ key }) => key)),
  transitions: Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.map(Queue.unbounded<Transition>(), (queue) => ({ queue, stop: store.circuits.listen(queue) })),
        ({ stop }) => Effect.sync(stop),
      ),
      ({ queue }) => Stream.fromQueue(queue),
    ),
  ),
  // Attempts name the provider in a key that is made by itself, and people may name it otherwise.
  set: (key, mode) => store.setMode(ProviderName.canonicalKey(key), mode),
})

const circuitOpen = (provider: string, model: string, wait: number): CircuitOpen =>
  refusal(CircuitOpen, { _tag: "CircuitOpen", provider, model, retryAfter: Duration.millis(Math.ceil(wait)) })
