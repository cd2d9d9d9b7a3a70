/** placeholder for the contract; grows next */
import { type Effect, type Layer, type Context, type Types } from "effect"
import { type AiError, type LanguageModel, type Model } from "effect/ai"

import { type ProviderModel, type UnsupportedOption } from "./provider/ProviderModel.ts"
export interface ResilientModel<out E, out R = never> extends Layer.Layer<
  LanguageModel.LanguageModel | Model.ProviderName | Model.ModelName,
  never,
  R
> {
  readonly "~holdfast/core/ResilientModel": { readonly _E: Types.Covariant<E> }
}
export declare const fromProvider: <R>(
  build: Effect.Effect<ProviderModel, never, R>,
  settings?: Readonly<Record<string, unknown>>,
) => ResilientModel<AiError.AiError | UnsupportedOption, R>
void (0 as unknown as Context.Context<never>)
