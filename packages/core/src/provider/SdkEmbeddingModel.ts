/**
 * An embedding model on an endpoint of a vendor's SDK: from the settings and the texts to the vectors.
 *
 * @since 0.1.0
 */
import { Effect, type Result, type Scope } from "effect"
import { type AiError } from "effect/ai"

import { wellFormed } from "./Json.ts"
import { type EmbeddingAnswer, type EmbeddingRequest, type ProviderEmbeddingModel } from "./ProviderEmbeddingModel.ts"
import { type ProviderReply, type RequestFailure } from "./ProviderModel.ts"
import { Refusals } from "./Refusals.ts"

/**
 * What one vendor's model is made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Settings, Body> extends Pick<
  ProviderEmbeddingModel,
  "account" | "limits" | "model" | "pricedAs" | "provider"
> {
  /** The settings of the running request. */
  readonly settings: Effect.Effect<Settings & object>
  /** Says which options the model cannot take. */
  readonly refuse: (settings: Settings, refusals: Refusals) => void
  readonly bodyOf: (inputs: ReadonlyArray<string>, settings: Settings) => Body
  readonly once: (body: Body) => Effect.Effect<ProviderReply<unknown>, AiError.AiError, Scope.Scope>
  /** The body as it goes over the wire, and as a batch has it: an SDK's own form may be another one. */
  readonly wireOf: (body: Body) => Effect.Effect<unknown, AiError.AiError>
  /** Reads the answer to a live request, or on a line of a batch. */
  readonly answerOf: (answer: unknown, texts: number) => Result.Result<EmbeddingAnswer, AiError.AiError>
}

/**
 * A request that is ready to be sent in a batch, and how its answer is read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ready {
  readonly body: unknown
  readonly read: (answer: unknown) => Effect.Effect<ProviderReply<EmbeddingAnswer>, AiError.AiError>
}

/**
 * A model that can also prepare a request without sending it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SdkEmbeddingModel extends ProviderEmbeddingModel {
  readonly prepare: (request: EmbeddingRequest) => Effect.Effect<Ready, RequestFailure>
}

/**
 * Makes a model. Its settings are read once for every request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Settings, Body>(options: Options<Settings, Body>): SdkEmbeddingModel => {
  const { account, answerOf, bodyOf, limits, model, once, pricedAs, provider, refuse, settings, wireOf } = options
  const bodyFor = ({ inputs }: EmbeddingRequest) =>
    Effect.flatMap(settings, (current) => {
      const refusals = new Refusals(provider, model)
      refuse(current, refusals)
      return refusals.check(wellFormed(bodyOf(inputs, current)))
    })
  return {
    provider,
    model,
    account,
    pricedAs,
    settings,
    limits,
    prepare: (request) =>
      Effect.map(Effect.flatMap(bodyFor(request), wireOf), (body) => ({
        body,
        read: (answer) =>
          Effect.map(Effect.fromResult(answerOf(answer, request.inputs.length)), (parts) => ({ headers: {}, parts })),
      })),
    embed: Effect.fnUntraced(function* (request) {
      const { headers, parts } = yield* Effect.flatMap(bodyFor(request), once)
      return { headers, parts: yield* Effect.fromResult(answerOf(parts, request.inputs.length)) }
    }),
  }
}
