/**
 * A model of any operation as a `Layer` that knows how it can fail: the language models of a chat and embedding models.
 *
 * `ResilientModel` is the name for chat, and everything that is here is there, too. Policies are functions from `Resilient`
 * to `Resilient` and compose with `pipe`; the last one piped is the outermost. They are written once for all operations.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, Option, type Scope, Stream, type Types } from "effect"
import { AiError } from "effect/ai"
import { dual } from "effect/Function"

import { type Description, type Label } from "./internal/model/description.ts"
import { type Call, type Host } from "./internal/model/host.ts"
import { findings } from "./internal/model/order.ts"
import { type Changed, type Program } from "./internal/model/program.ts"
import { countStack, remembers } from "./internal/model/rebuilt.ts"
import { FreshStates, state as makeState, StateCell, withFreshStates, withStates } from "./internal/model/state.ts"
import { type ModelCall } from "./ModelCall.ts"
import { type Kind, type Provides as Served } from "./Operation.ts"
import * as PolicyError from "./PolicyError.ts"

export type { Description, Label, Place } from "./internal/model/description.ts"

// A compiler shows this name where a plain layer of `effect/ai` is given to a policy.
const TypeId = "~holdfast/core/Resilient (ResilientModel.fromLanguageModel adopts other models)"

/**
 * What a model of an operation provides: `effect/ai`'s service, the names of its model, and the call below them.
 *
 * @since 0.1.0
 * @category models
 */
export type Provides<K extends Kind = Kind> = Served<K> | Call<K>

/**
 * A layer that provides a model of an operation, with the failures of its calls in its type.
 *
 * @since 0.1.0
 * @category models
 */
export interface Resilient<in out K extends Kind, out E, out R = never> extends Layer.Layer<Provides<K>, never, R> {
  readonly [TypeId]: {
    readonly _K: Types.Invariant<K>
    readonly _E: Types.Covariant<E>
    readonly description: Description
    readonly host: Host<K>
  }
}

/**
 * A model from an effect that makes its call, for the operation that a host serves.
 *
 * @internal
 */
export const make = <K extends Kind, E, R>(
  host: Host<K>,
  build: Effect.Effect<ModelCall<E, K>, never, R>,
  label: Label,
): Resilient<K, E, Exclude<R, Scope.Scope>> => {
  const description: Description = { ...label, inner: label.inner ?? [] }
  const cell = new StateCell()
  const built = checked(withStates(build, cell), description, cell)
  const layer = Layer.effectContext(Effect.flatMap(built, (call) => services(host, call)))
  return Object.assign(layer, { [TypeId]: { description, host } }) as unknown as Resilient<
    K,
    E,
    Exclude<R, Scope.Scope>
  >
}

/**
 * Makes a policy from a function that wraps one call.
 *
 * **When to use**
 *
 * Use to write a policy of your own. `wrap` runs when the layer is built, once for each model that the policy is piped
 * onto, so state that it makes belongs to that model.
 *
 * **Details**
 *
 * A failed `open` must have released all that it acquired; after a successful one the caller's scope owns the rest. Let
 * errors through that are not the policy's business: `Failure.classify` says what an error means.
 *
 * @since 0.1.0
 * @category constructors
 */
export const policy =
  <Own = never, Needs = never>(
    label: Label,
    wrap: <E>(call: ModelCall<E>) => Effect.Effect<ModelCall<E | Own>, never, Needs>,
  ) =>
  <K extends Kind, E, R>(self: Resilient<K, E, R>): Resilient<K, E | Own, R | Exclude<Needs, Scope.Scope>> =>
    onto(self, label, wrap)

/**
 * Builds a model on the call of another one, with an error type of its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const onto = <K extends Kind, E, R, E2, R2>(
  self: Resilient<K, E, R>,
  label: Label,
  wrap: (call: ModelCall<E>) => Effect.Effect<ModelCall<E2>, never, R2>,
): Resilient<K, E2, R | Exclude<R2, Scope.Scope>> =>
  make(
    hostOf(self),
    Effect.flatMap(anyCallOf(self), (call) => narrowed<K, E2, R2>(wrap(call))),
    {
      ...label,
      inner: [describe(self), ...(label.inner ?? [])],
    },
  )

/**
 * Builds a model as part of a policy that chooses between several, such as a fallback.
 *
 * @since 0.1.0
 * @category constructors
 */
export const callOf = <K extends Kind, E, R>(
  self: Resilient<K, E, R>,
): Effect.Effect<ModelCall<E, K>, never, R | Scope.Scope> =>
  Effect.flatMap(memoized, (memoMap) => Effect.map(build(self, memoMap), callIn<K, E>(self)))

/**
 * The same for a policy that is written for every operation: it knows its requests and parts by their `Operation` alone.
 *
 * @since 0.1.0
 * @category constructors
 */
export const anyCallOf = <K extends Kind, E, R>(
  self: Resilient<K, E, R>,
): Effect.Effect<ModelCall<E>, never, R | Scope.Scope> => callOf(self as unknown as Resilient<Kind, E, R>)

/**
 * Builds a model that chooses between several of one operation, such as a route.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofAll = <K extends Kind, E, R, E2, R2>(
  models: ReadonlyArray<Resilient<K, E, R>>,
  build: Effect.Effect<ModelCall<E2>, never, R2>,
  label: Label,
): Resilient<K, E2, Exclude<R2, Scope.Scope>> =>
  make(hostOf(models[0] as Resilient<K, E, R>), narrowed<K, E2, R2>(build), label)

/**
 * Gives a model what it needs, such as the client of its provider.
 *
 * **When to use**
 *
 * Use where several models of one provider have clients of their own, for two accounts or two regions. Otherwise it is
 * as well to provide the clients to the whole application.
 *
 * @since 0.1.0
 * @category providing
 */
export const connect =
  <A, R2>(layer: Layer.Layer<A, never, R2>) =>
  <K extends Kind, E, R>(self: Resilient<K, E, R>): Resilient<K, E, Exclude<R, A> | R2> =>
    make(
      hostOf(self),
      Effect.flatMap(
        Effect.flatMap(memoized, (memoMap) => build(layer, memoMap)),
        (needs) =>
          // In a memo map of its own: the same model connected to something else is another model.
          Effect.map(Effect.provideContext(build(self, Layer.makeMemoMapUnsafe()), needs), callIn<K, E>(self)),
      ),
      describe(self),
    )

/**
 * Provides a model and puts its failures, typed, into the error channel of the program.
 *
 * **When to use**
 *
 * Use in place of `Effect.provide` where the policies' own errors matter. With `Effect.provide` they arrive folded into
 * `AiError`.
 *
 * **Gotchas**
 *
 * What the policies remember (circuits, limits, budgets for retries, answers) belongs to the model as a value, so requests
 * share it however often the model is provided. A model that is made inside of a request handler is another one each
 * time: make it once, outside. What each `provide` does build anew are the layers that the model itself brings, such as
 * those of `connect`.
 *
 * @since 0.1.0
 * @category providing
 */
export const provide: {
  <K extends Kind, ME, MR>(model: Resilient<K, ME, MR>): <P extends Program>(self: P) => Changed<P, ME, Provides<K>, MR>
  <P extends Program, K extends Kind, ME, MR>(self: P, model: Resilient<K, ME, MR>): Changed<P, ME, Provides<K>, MR>
} = dual(2, (self: Program, model: Resilient<Kind, unknown>) => {
  const typed = withFailures(self, model)
  return Stream.isStream(typed) ? Stream.provide(typed, model) : Effect.provide(typed, model)
})

/**
 * A program with the failures, typed, of a model that is provided to it.
 *
 * @internal
 */
export const withFailures = (self: Program, model: Resilient<Kind, unknown>): Program => {
  const { call } = hostOf(model)
  return Stream.isStream(self)
    ? Stream.unwrap(Effect.map(call, (used) => Stream.mapError(self, unfold(used))))
    : Effect.flatMap(call, (used) => Effect.mapError(self, unfold(used)))
}

/**
 * What a policy remembers between calls.
 *
 * **When to use**
 *
 * Use inside of the function that `policy` takes, for everything that must outlive a request: permits, counts, windows.
 *
 * **Details**
 *
 * The state belongs to the model as a value: it is made when the model is built for the first time, and every later build
 * of the same model finds it, also where each request provides the model anew. `fresh` gives a model without it. A policy
 * may ask for several states; it has to ask for them in the same order each time.
 *
 * **Example** (Counting calls)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect } from "effect"
 *
 * const counted = ResilientModel.policy({ name: "counted", settings: {} }, (call) =>
 *   Effect.map(
 *     ResilientModel.state(() => ({ calls: 0 })),
 *     (count) => ({
 *       ...call,
 *       open: (request) => {
 *         count.calls++
 *         return call.open(request)
 *       },
 *     }),
 *   ),
 * )
 *
 * ResilientModel.describe(counted(ScriptedModel.model())).name // => "counted"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const state: <S>(make: () => S) => Effect.Effect<S> = makeState

/**
 * The same model, whose policies remember nothing yet.
 *
 * **When to use**
 *
 * Use in tests: each test makes the stack of the application fresh, so that no test finds the circuits, limits and
 * answers of the one before.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fresh = <K extends Kind, E, R>(self: Resilient<K, E, R>): Resilient<K, E, R> => {
  const states = new FreshStates()
  // In a memo map of its own, which holds no model with the states of others.
  const built = Effect.suspend(() => withFreshStates(build(self, Layer.makeMemoMapUnsafe()), states))
  return make(hostOf(self), Effect.map(built, callIn<K, E>(self)), describe(self)) as Resilient<K, E, R>
}

/**
 * The policies of a stack with their settings, outermost first, as data.
 *
 * **When to use**
 *
 * Use in tests to pin down what a stack is made of, and in logs at the start of an application.
 *
 * @since 0.1.0
 * @category getters
 */
export const describe = <K extends Kind, E, R>(self: Resilient<K, E, R>): Description => self[TypeId].description

/**
 * Whether a value is a model with policies, of whichever operation.
 *
 * @since 0.1.0
 * @category guards
 */
export const isResilient = (value: unknown): value is Resilient<Kind, unknown, unknown> =>
  Layer.isLayer(value) && TypeId in value

/**
 * Ends the building of a model whose options are wrong, with the name of the policy and what is wrong.
 *
 * **When to use**
 *
 * Use in a policy of your own. Wrong options are a mistake of the program, and no failure that a caller could handle.
 *
 * @since 0.1.0
 * @category constructors
 */
export const misconfigured = (name: string, mistake: string): Effect.Effect<never> =>
  Effect.die(new Error(`${name}: ${mistake}`))

/** Of the whole stack whose layer is being built: whether any of its policies is built for the first time and has to remember. */
interface Whole {
  isNew: boolean
}

/** The layer that is built is part of this stack, which speaks for both. */
const InsideStack: Context.Reference<Whole | undefined> = Context.Reference<Whole | undefined>(
  "@holdfast/core/InsideStack",
  { defaultValue: () => undefined },
)

/** Says when the order of a whole stack is harmful, and when stacks are made anew for each request; once for each stack. */
const checked = <A, E, R>(build: Effect.Effect<A, E, R>, stack: Description, cell: StateCell): Effect.Effect<A, E, R> =>
  Effect.flatMap(InsideStack, (inside) => {
    const isNew = !cell.wasBuilt && remembers(stack)
    cell.wasBuilt = true
    if (inside !== undefined) {
      inside.isNew ||= isNew
      return build
    }
    const found: Whole = { isNew }
    const whole = Effect.provideService(build, InsideStack, found)
    if (cell.reported) return whole
    cell.reported = true
    const warnings = Effect.forEach(findings(stack), ({ fix, inner, outer, problem }) =>
      Effect.logWarning(`${outer} is around ${inner}: ${problem}. To fix it, ${fix}.`),
    )
    // A policy that is piped onto the same model for each request has what that one remembers.
    return Effect.andThen(
      warnings,
      Effect.tap(whole, () => (found.isNew ? countStack(stack) : Effect.void)),
    )
  })

// `Layer.build` would build again what the running layer graph has built.
const memoized = Effect.withFiber((fiber) =>
  Effect.succeed(Context.getOrUndefined(fiber.context, Layer.CurrentMemoMap) ?? Layer.makeMemoMapUnsafe()),
)

const build = <A, R>(layer: Layer.Layer<A, never, R>, memoMap: Layer.MemoMap) =>
  Effect.flatMap(Effect.scope, (scope) => Layer.buildWithMemoMap(layer, memoMap, scope))

const hostOf = <K extends Kind, E, R>(self: Resilient<K, E, R>): Host<K> =>
  Option.getOrThrowWith(
    // Types forbid it, and not all programs are typed.
    Option.fromNullishOr((self as Partial<Resilient<K, E, R>>)[TypeId]?.host),
    () => new Error("a policy was piped onto a plain layer; make a model of it with ResilientModel.fromLanguageModel"),
  )

const callIn =
  <K extends Kind, E>(self: Resilient<K, E, unknown>) =>
  (context: Context.Context<never>): ModelCall<E, K> =>
    Context.getUnsafe(context, hostOf(self).call) as ModelCall<E, K>

// A policy that is written for every operation gives back a call of the operation that it was given.
const narrowed = <K extends Kind, E, R>(built: Effect.Effect<ModelCall<E>, never, R>) =>
  built as unknown as Effect.Effect<ModelCall<E, K>, never, R>

const services = <K extends Kind, E>(
  { call: key, serve }: Host<K>,
  call: ModelCall<E, K>,
): Effect.Effect<Context.Context<Provides<K>>> =>
  Effect.map(serve(call, fold(call)), (served) => Context.add(served, key, call) as Context.Context<Provides<K>>)

// Which call folded an error. A program may use other models inside, and those are not provided with their failures.
const folders = new WeakMap<AiError.AiError, object>()

const fold =
  (call: object) =>
  (error: unknown): AiError.AiError => {
    const folded = PolicyError.toAiError(error)
    if (folded !== error) folders.set(folded, call)
    return folded
  }

const unfold =
  (call: object) =>
  (error: unknown): unknown =>
    AiError.isAiError(error) && folders.get(error) === call ? PolicyError.unfold(error) : error
