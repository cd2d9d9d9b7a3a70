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
import { Context, Effect, Layer, Option, type Scope } from "effect"
import { LanguageModel, Model } from "effect/ai"

import { meteredChat } from "./internal/attempt/chat.ts"
import { type CallFailure } from "./internal/attempt/failure.ts"
import { chat } from "./internal/model/chat.ts"
import { type Label } from "./internal/model/description.ts"
import { foreignModel } from "./internal/model/foreign.ts"
import { type ModelCall } from "./ModelCall.ts"
import { type ProviderModel } from "./provider/ProviderModel.ts"
import * as Resilient from "./Resilient.ts"

export {
  anyCallOf,
  callOf,
  connect,
  describe,
  fresh,
  isResilient as isResilientModel,
  misconfigured,
  onto,
  policy,
  provide,
  state,
} from "./Resilient.ts"

export {
  /**
   * A model as a service of an application: one tag, one layer, and its failures in the type of every program that uses it.
   *
   * **When to use**
   *
   * Use in applications. The model is built once, with the layer of the application; programs name the service and not the
   * model; a test gives `layerOf` a scripted model.
   *
   * **Example** (A service, its use, and its stub)
   *
   * ```ts
   * import { ResilientModel, Retry } from "@holdfast/core"
   * import { ScriptedModel } from "@holdfast/testing"
   * import { Effect } from "effect"
   * import { LanguageModel } from "effect/ai"
   *
   * const model = ScriptedModel.model(ScriptedModel.text("Because they displace water.")).pipe(
   *   Retry.schedule(Retry.standard),
   * )
   *
   * class Assistant extends ResilientModel.Service<Assistant>()("app/Assistant", model) {}
   *
   * const answer = LanguageModel.generateText({ prompt: "Why do ships float?" }).pipe(
   *   Effect.map(({ text }) => text),
   *   Assistant.provide,
   * )
   *
   * await Effect.runPromise(Effect.provide(answer, Assistant.layer)) // => "Because they displace water."
   *
   * const stub = ScriptedModel.model(ScriptedModel.text("stub"))
   *
   * await Effect.runPromise(Effect.provide(answer, Assistant.layerOf(stub))) // => "stub"
   * ```
   *
   * @since 0.1.0
   * @category services
   */
  Service,
} from "./internal/model/service.ts"

export type { ModelService } from "./internal/model/service.ts"

export { ChatCall as Call } from "./internal/model/host.ts"

/**
 * For layers of state in memory in other packages, which are to be provided once.
 *
 * @internal
 */
export { countingLayer } from "./internal/model/rebuilt.ts"

export type { CallFailure } from "./internal/attempt/failure.ts"

export type { Description, Label, Place } from "./internal/model/description.ts"

/**
 * What a resilient model provides.
 *
 * @since 0.1.0
 * @category models
 */
export type Provides = Resilient.Provides<"chat">

/**
 * A layer that provides a language model, with the failures of its calls in its type.
 *
 * @since 0.1.0
 * @category models
 */
export type ResilientModel<E, R = never> = Resilient.Resilient<"chat", E, R>

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
  build: Effect.Effect<Omit<ModelCall<E, "chat">, "operation">, never, R>,
  label: Label,
): ResilientModel<E, Exclude<R, Scope.Scope>> =>
  Resilient.make(
    chat,
    Effect.map(build, (call): ModelCall<E, "chat"> => ({ ...call, operation: chat.operation })),
    label,
  )

/**
 * A provider's model: each call is one attempt, committed, guarded and seen.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromProvider = <R>(
  build: Effect.Effect<ProviderModel, never, R>,
  label: Label,
): ResilientModel<CallFailure, Exclude<R, Scope.Scope>> => make(Effect.map(build, meteredChat), label)

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
 * import { ScriptedModel } from "@holdfast/testing"
 * import { Effect, Layer } from "effect"
 * import { LanguageModel } from "effect/ai"
 *
 * const adopt = <R>(layer: Layer.Layer<LanguageModel.LanguageModel, never, R>) =>
 *   ResilientModel.fromLanguageModel(layer, { provider: "acme", model: "acme-1" }).pipe(Deadline.firstPart("1 minute"))
 *
 * const foreign: Layer.Layer<LanguageModel.LanguageModel> = ScriptedModel.model(ScriptedModel.text("hello"))
 * const text = Effect.map(LanguageModel.generateText({ prompt: "hi" }), (answer) => answer.text)
 *
 * await Effect.runPromise(Effect.provide(text, adopt(foreign))) // => "hello"
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
