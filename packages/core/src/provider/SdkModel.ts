/**
 * A model on an endpoint of a vendor's SDK: from the settings and the request to the parts of the answer.
 *
 * @since 0.1.0
 */
import { Effect, type Result, type Scope, type Stream } from "effect"
import { type AiError, type LanguageModel, type Response } from "effect/ai"

import { canonicalToolCalls, type EventReader, mapEvents } from "./EventReader.ts"
import { type ProviderFailure, type ProviderModel, type ProviderReply, type ProviderRequest } from "./ProviderModel.ts"

/**
 * What is to be sent, and how its answer is read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Prepared<out Body, out State> {
  readonly body: Body
  /** The state of an answer that came with these headers. */
  readonly state: (headers: Readonly<Record<string, string>>) => State
  /** Puts a tool call into the form that the tool's own schema has; see `ToolForms`. */
  readonly canonical: <Part extends Response.AllPartsEncoded>(part: Part) => Effect.Effect<Part>
}

/**
 * What one vendor's model is made of.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<Settings, Body, State> {
  readonly provider: string
  readonly model: string
  readonly codecTransformer: LanguageModel.CodecTransformer
  /** The settings of the running request. */
  readonly settings: Effect.Effect<Settings>
  /** Makes the request, or says which option the model cannot take. */
  readonly prepare: (
    request: ProviderRequest,
    settings: Settings,
  ) => Effect.Effect<Prepared<Body, State>, ProviderFailure>
  /** Sends a request that is answered as a whole. */
  readonly once: (body: Body) => Effect.Effect<ProviderReply<unknown>, AiError.AiError>
  /** Sends a request that is answered event by event. */
  readonly open: (
    body: Body,
  ) => Effect.Effect<ProviderReply<Stream.Stream<unknown, AiError.AiError>>, AiError.AiError, Scope.Scope>
  readonly answerParts: (answer: unknown, state: State) => Result.Result<Array<Response.PartEncoded>, AiError.AiError>
  readonly reader: (state: State) => EventReader
}

/**
 * Makes a model. Its settings are read once for every request.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Settings extends { readonly maxOutputTokens?: number | undefined }, Body, State>(
  options: Options<Settings, Body, State>,
): ProviderModel => {
  const { answerParts, codecTransformer, model, once, open, prepare, provider, reader, settings } = options
  const prepared = (request: ProviderRequest) => Effect.flatMap(settings, (current) => prepare(request, current))
  return {
    provider,
    model,
    settings,
    codecTransformer,
    generate: Effect.fnUntraced(function* (request) {
      const { body, canonical, state } = yield* prepared(request)
      const { headers, parts: answer } = yield* once(body)
      const parts = yield* Effect.fromResult(answerParts(answer, state(headers)))
      return { headers, parts: yield* canonicalToolCalls(parts, canonical) }
    }),
    stream: Effect.fnUntraced(function* (request) {
      const { body, canonical, state } = yield* prepared(request)
      const { headers, parts } = yield* open(body)
      return { headers, parts: mapEvents(parts, reader(state(headers)), canonical) }
    }),
  }
}
