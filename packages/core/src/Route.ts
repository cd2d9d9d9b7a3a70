/**
 * Spreads requests over several models.
 *
 * A route chooses one model for each request, and asks no other one when that fails; `Fallback` around it, or a route as
 * the second model of a fallback, does that. Models whose breaker is open are not chosen while there are others.
 *
 * **Where in a stack**: where a fallback stands, outside of everything that belongs to a single model.
 *
 * @since 0.1.0
 */
import { Clock, Effect, type Fiber, Random, type Scope, type Stream } from "effect"

import { millis } from "./internal/millis.ts"
import * as Choices from "./internal/route/state.ts"
import { ownScope } from "./internal/scope.ts"
import { among, isAvailable, type ModelCall, type ModelRequest, type Part } from "./ModelCall.ts"
import { type Kind } from "./Operation.ts"
import { RequestContext } from "./RequestContext.ts"
import * as Resilient from "./Resilient.ts"

/**
 * Several models, at least one.
 *
 * @since 0.1.0
 * @category models
 */
export type Models =
  | Several<Resilient.Resilient<"chat", unknown, unknown>>
  | Several<Resilient.Resilient<"embeddings", unknown, unknown>>

type Several<M> = readonly [M, ...ReadonlyArray<M>]

/**
 * @since 0.1.0
 * @category models
 */
export type Model = Resilient.Resilient<"chat", unknown, unknown> | Resilient.Resilient<"embeddings", unknown, unknown>

/**
 * A model that fails as any of several may fail, and needs what all of them need. What choosing adds to both comes after.
 *
 * @since 0.1.0
 * @category models
 */
export type Routed<M extends Model, E2 = never, R2 = never> = Resilient.Resilient<
  M extends Resilient.Resilient<infer K, infer _E, infer _R> ? K : never,
  (M extends Resilient.Resilient<infer _K, infer E, infer _R> ? E : never) | E2,
  (M extends Resilient.Resilient<infer _K, infer _E, infer R> ? R : never) | R2
>

/**
 * One of the models, as a function that chooses sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Candidate {
  readonly provider: string
  readonly model: string
  readonly account?: string | undefined
  readonly pricedAs?: ModelCall<unknown>["pricedAs"]
  /** Calls that this route has sent there and that are not over. A stream is over when it is closed. */
  readonly inFlight: number
  /** The settings of the running request, as `ModelCall.identity` has them. */
  readonly settings?: Effect.Effect<unknown> | undefined
}

/**
 * Gives one of the candidates that it was given; for anything else the first one is taken. It may have to look something up,
 * and when it fails, so does the call.
 *
 * @since 0.1.0
 * @category models
 */
export type Choice<out E = never> = (
  request: ModelRequest,
  candidates: ReadonlyArray<Candidate>,
) => Effect.Effect<Candidate, E>

/**
 * A route of one's own, whose choice may need services, keep state, look something up and fail.
 *
 * **When to use**
 *
 * Use where `choose` is not enough: it decides from the request alone. `Cheapest` of `@holdfast/cost` is made with it.
 *
 * **Details**
 *
 * `choice` runs once, when the layer is built, and gives the function that chooses for each request. The scope is the layer's.
 *
 * **Example** (In turn)
 *
 * ```ts
 * import { type ResilientModel, Route } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect, Ref } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const inTurn = <E, R>(one: ResilientModel.ResilientModel<E, R>, other: ResilientModel.ResilientModel<E, R>) =>
 *   Route.make([one, other], {
 *     label: { name: "Route.inTurn", place: "route", settings: {} },
 *     choice: Effect.map(
 *       Ref.make(0),
 *       (count): Route.Choice =>
 *         (_, candidates) =>
 *           Effect.map(Ref.getAndUpdate(count, (n) => n + 1), (n) => candidates[n % candidates.length]!),
 *     ),
 *   })
 *
 * const model = inTurn(ScriptedModel.model(ScriptedModel.text("one")), ScriptedModel.model(ScriptedModel.text("other")))
 * const ask = Effect.map(LanguageModel.generateText({ prompt: "hi" }), ({ text }) => text)
 *
 * await Effect.runPromise(Effect.provide(Effect.all([ask, ask]), model)) // => ["one", "other"]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <const M extends Models, E = never, R = never>(
  models: M,
  { choice, label }: { readonly choice: Effect.Effect<Choice<E>, never, R>; readonly label: Resilient.Label },
): Routed<M[number], E, Exclude<R, Scope.Scope>> =>
  routed<M[number], E, Exclude<R, Scope.Scope>>(
    label,
    models,
    Effect.map(
      choice,
      (choose) =>
        (candidates, { request }) =>
          choose(request, candidates),
    ),
  )

/**
 * By weight and chance.
 *
 * **Example** (A tenth of the traffic for a new model)
 *
 * ```ts
 * import { ResilientModel, Route } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 *
 * const canary = <E, R>(old: ResilientModel.ResilientModel<E, R>, next: ResilientModel.ResilientModel<E, R>) =>
 *   Route.weighted([
 *     [old, 9],
 *     [next, 1],
 *   ])
 *
 * ResilientModel.describe(canary(ScriptedModel.model(), ScriptedModel.model())).settings // => { weights: [9, 1] }
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const weighted = <const M extends Model>(
  models: readonly [readonly [M, number], ...ReadonlyArray<readonly [M, number]>],
): Routed<M> => {
  const weights = models.map(([, weight]) => weight)
  return route<M>(
    "Route.weighted",
    { weights },
    models.map(([model]) => model),
    (candidates, { chance }) =>
      Choices.weighted(
        candidates.map(({ index }) => weights[index] ?? 0),
        chance(),
      ),
  )
}

/**
 * The one of two that has less to do, where chance picks the two.
 *
 * @since 0.1.0
 * @category constructors
 */
export const leastBusy = <const M extends Models>(models: M): Routed<M[number]> =>
  route("Route.leastBusy", {}, models, (candidates, { chance }) =>
    Choices.ofTwo(
      candidates.map(({ inFlight }) => inFlight),
      [chance(), chance()],
    ),
  )

/**
 * The one of two whose first part can be expected sooner, by what it took lately and by what it has to do.
 *
 * **Details**
 *
 * What it took is a moving average that jumps to a peak and takes its time to come down, so that a model that has become
 * slow is avoided at once, and tried again after a while.
 *
 * @since 0.1.0
 * @category constructors
 */
export const lowestLatency = <const M extends Models>(models: M): Routed<M[number]> =>
  route("Route.lowestLatency", {}, models, (candidates, { chance }) =>
    Choices.ofTwo(
      candidates.map(({ load }) => Choices.expected(load.latency, load.inFlight)),
      [chance(), chance()],
    ),
  )

/**
 * The one with the lowest price for the request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cheapest = <const M extends Models>(
  models: M,
  price: (candidate: Candidate, request: ModelRequest) => number,
): Routed<M[number]> =>
  route("Route.cheapest", {}, models, (candidates, { request }) =>
    Choices.lowest(candidates.map((candidate) => price(candidate, request))),
  )

/**
 * The one that a function chooses, for example by how difficult the request is.
 *
 * **Details**
 *
 * The function gives one of the candidates that it was given; for anything else the first one is taken.
 *
 * @since 0.1.0
 * @category constructors
 */
export const choose = <const M extends Models>(
  models: M,
  choice: (request: ModelRequest, candidates: ReadonlyArray<Candidate>) => Candidate,
): Routed<M[number]> =>
  routed(
    { name: "Route.choose", place: "route", settings: {} },
    models,
    Effect.succeed((candidates, { request }) => Effect.sync(() => choice(request, candidates))),
  )

/**
 * The same one for the same key, so that a provider's prompt cache stays warm.
 *
 * **Details**
 *
 * The key is the tenant of the request if left out. When a model drops out, only its own keys move to others.
 *
 * @since 0.1.0
 * @category constructors
 */
export const sticky = <const M extends Models>(
  models: M,
  key?: (request: ModelRequest, context: RequestContext) => string,
): Routed<M[number]> =>
  route("Route.sticky", {}, models, (candidates, { context, request }) =>
    Choices.owner(
      key === undefined ? (context.tenant ?? "") : key(request, context),
      candidates.map(({ account, model, provider }) =>
        account === undefined ? `${provider}/${model}` : `${account}/${provider}/${model}`,
      ),
    ),
  )

/** What a route has sent to one of its models. */
interface Load {
  inFlight: number
  latency: Choices.Peak | undefined
}

class Target implements Candidate {
  readonly index: number
  readonly call: ModelCall<unknown>
  readonly load: Load
  readonly provider: string
  readonly model: string
  readonly account: string | undefined
  readonly pricedAs: ModelCall<unknown>["pricedAs"]
  readonly settings: Effect.Effect<unknown> | undefined

  constructor(index: number, call: ModelCall<unknown>, load: Load) {
    this.index = index
    this.call = call
    this.load = load
    this.provider = call.provider
    this.model = call.model
    this.account = call.account
    this.pricedAs = call.pricedAs
    this.settings = call.identity
  }

  get inFlight(): number {
    return this.load.inFlight
  }
}

type Any = Resilient.Resilient<Kind, unknown, unknown>

const anyCall = (model: Model) => Resilient.anyCallOf(model as Any)

const describe = (model: Model) => Resilient.describe(model as Any)

interface Circumstances {
  readonly request: ModelRequest
  readonly context: RequestContext
  readonly chance: () => number
}

type Pick = (candidates: ReadonlyArray<Target>, circumstances: Circumstances) => number

/** Gives one of the candidates. */
type Picking = (
  candidates: ReadonlyArray<Target>,
  circumstances: Circumstances,
) => Effect.Effect<Candidate | undefined, unknown>

const route = <M extends Model>(
  name: string,
  settings: Readonly<Record<string, unknown>>,
  models: ReadonlyArray<Model>,
  pick: Pick,
): Routed<M> =>
  routed(
    { name, place: "route", settings },
    models,
    Effect.succeed((candidates, circumstances) => Effect.succeed(candidates[pick(candidates, circumstances)])),
  )

const routed = <M extends Model, E2 = never, R2 = never>(
  label: Resilient.Label,
  models: ReadonlyArray<Model>,
  picking: Effect.Effect<Picking, never, unknown>,
): Routed<M, E2, R2> => {
  const loads = Resilient.state(() => models.map((): Load => ({ inFlight: 0, latency: undefined })))
  const built = Effect.all([loads, Effect.forEach(models, anyCall), picking])
  const build = Effect.map(built, ([load, calls, pick]): ModelCall<unknown> => {
    const targets = calls.map((call, index) => new Target(index, call, load[index] as Load))
    return {
      ...among(calls as [ModelCall<unknown>, ...Array<ModelCall<unknown>>]),
      open: (request) =>
        Effect.withFiber((fiber) =>
          Effect.flatMap(chosen(targets, pick, request, fiber), (target) => sent(target, request)),
        ),
    }
  })
  const description = { ...label, inner: models.map(describe) }
  return Resilient.ofAll(models as ReadonlyArray<Any>, build, description) as unknown as Routed<M, E2, R2>
}

const chosen = (
  targets: ReadonlyArray<Target>,
  pick: Picking,
  request: ModelRequest,
  fiber: Fiber.Fiber<unknown, unknown>,
): Effect.Effect<Target, unknown> => {
  const available = targets.filter(({ call }) => isAvailable(call))
  // When none is, the breaker of one of them says when to come back.
  const candidates = available.length === 0 ? targets : available
  const context = fiber.getRef(RequestContext)
  const chance = () => fiber.getRef(Random.Random).nextDoubleUnsafe()
  return Effect.map(
    pick(candidates, { request, context, chance }),
    (picked) => (candidates.find((candidate) => candidate === picked) ?? candidates[0]) as Target,
  )
}

const sent = (
  target: Target,
  request: ModelRequest,
): Effect.Effect<Stream.Stream<Part, unknown>, unknown, Scope.Scope> =>
  ownScope(
    Effect.flatMap(Clock.Clock, (clock) => {
      const began = millis(clock)
      const counted = Effect.acquireRelease(
        Effect.sync(() => target.load.inFlight++),
        () => Effect.sync(() => target.load.inFlight--),
      )
      return Effect.andThen(
        counted,
        Effect.tap(target.call.open(request), () =>
          Effect.sync(() => {
            const now = millis(clock)
            target.load.latency = Choices.observed(target.load.latency, now - began, now)
          }),
        ),
      )
    }),
  )
