import { Context, Effect, Layer, Stream } from "effect"

import { type Kind } from "../../Operation.ts"
import { type Provides, type Resilient, withFailures } from "../../Resilient.ts"
import { type Changed, type Program } from "./program.ts"

/** What a service of a model holds: the model as it was built for the application. */
export interface Built<K extends Kind> {
  readonly services: Context.Context<Provides<K>>
}

/** A model as a service of an application. */
export interface ModelService<Self, K extends Kind, E, R> extends Context.Key<Self, Built<K>> {
  new (_: never): Built<K>
  /** The model that the service was declared with. */
  readonly layer: Layer.Layer<Self, never, R>
  /** Another model in its place, such as a scripted one in a test. It can fail in no other ways. */
  readonly layerOf: <E2 extends E, R2>(model: Resilient<K, E2, R2>) => Layer.Layer<Self, never, R2>
  /** Gives the model to a program, and the program the failures of the model in its type. */
  readonly provide: <P extends Program>(self: P) => Changed<P, E, Provides<K>, Self>
}

/** Declares a model as a service; see `ResilientModel.Service`. */
export const Service =
  <Self>() =>
  <K extends Kind, E, R>(id: string, model: Resilient<K, E, R>): ModelService<Self, K, E, R> => {
    const tag = Context.Service<Self, Built<K>>()(id)
    const layerOf = (other: Resilient<K, unknown, unknown>) =>
      Layer.effect(
        tag,
        Effect.map(Layer.build(other), (services) => ({ services })),
      )
    const provide = (self: Program): Program => {
      const typed = withFailures(self, model as unknown as Resilient<Kind, unknown>)
      return Stream.isStream(typed)
        ? Stream.unwrap(Effect.map(tag, ({ services }) => Stream.provideContext(typed, services)))
        : Effect.flatMap(tag, ({ services }) => Effect.provideContext(typed, services))
    }
    return Object.assign(tag, {
      layerOf,
      layer: layerOf(model as Resilient<K, unknown, unknown>),
      provide,
    }) as unknown as ModelService<Self, K, E, R>
  }
