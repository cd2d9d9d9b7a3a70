/**
 * A model as a `Layer` that knows how it can fail.
 *
 * A `ResilientModel<E, R>` provides `effect/ai`'s own `LanguageModel`, so every program written against that works with
 * it unchanged. Policies are functions from `ResilientModel` to `ResilientModel` and compose with `pipe`; the last one
 * piped is the outermost. What a policy can refuse is added to `E`, what it handles is taken out, so the type of a stack
 * reads like the list of its failures.
 *
 * @since 0.1.0
 */
import { Context, Effect, Layer, Option, type Scope, Stream, type Types } from "effect"
import { AiError, LanguageModel, Model } from "effect/ai"
import { dual } from "effect/Function"

import { type CallFailure, metered } from "./internal/attempt/meter.ts"
import { type Description, type Label } from "./internal/model/description.ts"
import { foreignModel } from "./internal/model/foreign.ts"
import { languageModel } from "./internal/model/languageModel.ts"
import { findings } from "./internal/model/order.ts"
import { type Changed, type Program } from "./internal/model/program.ts"
import { countStack } from "./internal/model/rebuilt.ts"
import { FreshStates, state as makeState, StateCell, withFreshStates, withStates } from "./internal/model/state.ts"
import { type ModelCall } from "./ModelCall.ts"
import * as PolicyError from "./PolicyError.ts"
import { type ProviderModel } from "./provider/ProviderModel.ts"

export type { CallFailure } from "./internal/attempt/meter.ts"

export type { Description, Label } from "./internal/model/description.ts"

const TypeId = "~holdfast/core/ResilientModel"

/**
 * What a resilient model provides.
 *
 * @since 0.1.0
 * @category models
 */
export type Provides = LanguageModel.LanguageModel | Model.ProviderName | Model.ModelName | Call

/**
 * A layer that provides a language model, with the failures of its calls in its type.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResilientModel<out E, out R = never> extends Layer.Layer<Provides, never, R> {
  readonly [TypeId]: {
    readonly _E: Types.Covariant<E>
    readonly description: Description
  }
}

/**
 * The call below all of `effect/ai`, for those who write policies or batches.
 *
 * **Gotchas**
 *
 * Its error type is lost in context. Use `provide` to get it back.
 *
 * @since 0.1.0
 * @category services
 */
export class Call extends Context.Service<Call, ModelCall<unknown>>()("@holdfast/core/Call") {}

/**
 * A model from an effect that makes its call.
 *
 * **Details**
 *
 * The effect runs once, when the layer is built; its scope is the layer's. Within one layer graph the same model is
 * built once, so that its state is shared wherever it is used.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E, R>(
  build: Effect.Effect<ModelCall<E>, never, R>,
  label: Label,
): ResilientModel<E, Exclude<R, Scope.Scope>> => {
  const description: Description = { ...label, inner: label.inner ?? [] }
  const cell = new StateCell()
  const built = checked(withStates(build, cell), description, cell)
  return labelled(Layer.effectContext(Effect.flatMap(built, services)), description)
}

/**
 * A provider's model: each call is one attempt, committed, guarded and seen.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromProvider = <R>(
  build: Effect.Effect<ProviderModel, never, R>,
  label: Label,
): ResilientModel<CallFailure, Exclude<R, Scope.Scope>> => make(Effect.map(build, metered), label)

/**
 * Adopts any other `effect/ai` model, so that policies can be piped onto it.
 *
 * **Details**
 *
 * Attempts are reported under the names that the layer provides as `Model.ProviderName` and `Model.ModelName`, as
 * `Model.make` does, or under those given here. Tools are still resolved once, above all policies. What the model's own
 * errors mean is read from their reasons, as well as that goes.
 *
 * **Example** (A model of another package)
 *
 * ```ts
 * import { Deadline, ResilientModel } from "@holdfast/core"
 * import { Layer } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const adopt = <R>(layer: Layer.Layer<LanguageModel.LanguageModel, never, R>) =>
 *   ResilientModel.fromLanguageModel(layer, { provider: "acme", model: "acme-1" }).pipe(Deadline.firstPart("1 minute"))
 *
 * typeof adopt // => "function"
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromLanguageModel = <R>(
  layer: Layer.Layer<LanguageModel.LanguageModel, never, R>,
  names?: { readonly provider?: string | undefined; readonly model?: string | undefined },
): ResilientModel<CallFailure, R> =>
  fromProvider(
    Effect.map(Layer.build(layer), (context) => {
      const named = <I>(service: Context.Key<I, string>) =>
        Option.getOrElse(
          Context.getOption(context as Context.Context<unknown>, service as Context.Key<unknown, string>),
          () => "unknown",
        )
      return foreignModel(Context.get(context, LanguageModel.LanguageModel), {
        provider: names?.provider ?? named(Model.ProviderName),
        model: names?.model ?? named(Model.ModelName),
      })
    }),
    { name: "ResilientModel.fromLanguageModel", settings: { ...names } },
  )

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
  <E, R>(self: ResilientModel<E, R>): ResilientModel<E | Own, R | Exclude<Needs, Scope.Scope>> =>
    onto(self, label, wrap)

/**
 * Builds a model on the call of another one, with an error type of its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const onto = <E, R, E2, R2>(
  self: ResilientModel<E, R>,
  label: Label,
  wrap: (call: ModelCall<E>) => Effect.Effect<ModelCall<E2>, never, R2>,
): ResilientModel<E2, R | Exclude<R2, Scope.Scope>> =>
  make(Effect.flatMap(callOf(self), wrap), { ...label, inner: [describe(self), ...(label.inner ?? [])] })

/**
 * Builds a model as part of a policy that chooses between several, such as a fallback.
 *
 * @since 0.1.0
 * @category constructors
 */
export const callOf = <E, R>(self: ResilientModel<E, R>): Effect.Effect<ModelCall<E>, never, R | Scope.Scope> =>
  Effect.flatMap(memoized, (memoMap) => Effect.map(build(self, memoMap), callIn<E>))

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
  <E, R>(self: ResilientModel<E, R>): ResilientModel<E, Exclude<R, A> | R2> =>
    make(
      Effect.flatMap(
        Effect.flatMap(memoized, (memoMap) => build(layer, memoMap)),
        (needs) =>
          // In a memo map of its own: the same model connected to something else is another model.
          Effect.map(Effect.provideContext(build(self, Layer.makeMemoMapUnsafe()), needs), callIn<E>),
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
  <ME, MR>(model: ResilientModel<ME, MR>): <P extends Program>(self: P) => Changed<P, ME, Provides, MR>
  <P extends Program, ME, MR>(self: P, model: ResilientModel<ME, MR>): Changed<P, ME, Provides, MR>
} = dual(2, (self: Program, model: ResilientModel<unknown>) =>
  Stream.isStream(self)
    ? Stream.unwrap(Effect.map(Call, (call) => Stream.mapError(self, unfold(call)))).pipe(Stream.provide(model))
    : Effect.flatMap(Call, (call) => Effect.mapError(self, unfold(call))).pipe(Effect.provide(model)),
)

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
 * **Example** (Counting calls, whoever makes them)
 *
 * ```ts
 * import { ResilientModel } from "@holdfast/core"
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
export const fresh = <E, R>(self: ResilientModel<E, R>): ResilientModel<E, R> => {
  const states = new FreshStates()
  // In a memo map of its own, which holds no model with the states of others.
  const built = Effect.suspend(() => withFreshStates(build(self, Layer.makeMemoMapUnsafe()), states))
  return make(Effect.map(built, callIn<E>), describe(self)) as ResilientModel<E, R>
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
export const describe = <E, R>(self: ResilientModel<E, R>): Description => self[TypeId].description

/**
 * Whether a value is a `ResilientModel`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isResilientModel = (value: unknown): value is ResilientModel<unknown, unknown> =>
  Layer.isLayer(value) && TypeId in value

const labelled = <E, R>(layer: Layer.Layer<Provides, never, R>, description: Description): ResilientModel<E, R> =>
  Object.assign(layer, { [TypeId]: { _E: covariant, description } }) as ResilientModel<E, R>

/** Whether the layer that is built is part of another one, which speaks for both. */
const InsideStack: Context.Reference<boolean> = Context.Reference<boolean>("@holdfast/core/InsideStack", {
  defaultValue: () => false,
})

/** Says when the order of a whole stack is harmful, and when stacks are made anew for each request; once for each stack. */
const checked = <A, E, R>(build: Effect.Effect<A, E, R>, stack: Description, cell: StateCell): Effect.Effect<A, E, R> =>
  Effect.flatMap(InsideStack, (inside) => {
    if (inside) return build
    const whole = Effect.provideService(build, InsideStack, true)
    if (cell.reported) return whole
    cell.reported = true
    const warnings = Effect.forEach(findings(stack), ({ fix, inner, outer, problem }) =>
      Effect.logWarning(`${outer} is around ${inner}: ${problem}. To fix it, ${fix}.`),
    )
    return warnings.pipe(Effect.andThen(countStack(stack)), Effect.andThen(whole))
  })

// `Layer.build` would build again what the running layer graph has built.
const memoized = Effect.withFiber((fiber) =>
  Effect.succeed(Context.getOrUndefined(fiber.context, Layer.CurrentMemoMap) ?? Layer.makeMemoMapUnsafe()),
)

const build = <A, R>(layer: Layer.Layer<A, never, R>, memoMap: Layer.MemoMap) =>
  Effect.flatMap(Effect.scope, (scope) => Layer.buildWithMemoMap(layer, memoMap, scope))

const callIn = <E>(context: Context.Context<Provides>) => Context.get(context, Call) as ModelCall<E>

const covariant = (error: never) => error

const services = <E>(call: ModelCall<E>): Effect.Effect<Context.Context<Provides>> =>
  Effect.map(languageModel(call, fold(call)), (model) =>
    Context.make(Call, call).pipe(
      Context.add(Model.ProviderName, call.provider),
      Context.add(Model.ModelName, call.model),
      Context.add(LanguageModel.LanguageModel, model),
    ),
  )

// Which call folded an error. A program may use other models inside, and those are not provided with their failures.
const folders = new WeakMap<AiError.AiError, ModelCall<unknown>>()

const fold =
  (call: ModelCall<unknown>) =>
  (error: unknown): AiError.AiError => {
    const folded = PolicyError.toAiError(error)
    if (folded !== error) folders.set(folded, call)
    return folded
  }

const unfold =
  (call: ModelCall<unknown>) =>
  (error: unknown): unknown =>
    AiError.isAiError(error) && folders.get(error) === call ? PolicyError.unfold(error) : error
