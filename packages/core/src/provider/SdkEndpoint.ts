/**
 * An endpoint of a vendor's API on its SDK, answered as a whole or event by event.
 *
 * @since 0.1.0
 */
import { Effect, type Scope, type Stream } from "effect"
import { type AiError } from "effect/ai"

import { type PricedAs } from "../internal/call/types.ts"
import * as AnswerResponse from "./AnswerResponse.ts"
import { type Origin } from "./ProviderError.ts"
import { type ProviderReply } from "./ProviderModel.ts"
import * as SdkStream from "./SdkStream.ts"

/**
 * Answers are not trusted, hence unknown. `Extra` is what a request needs besides its body.
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint<in Body, in Extra extends Array<unknown> = []> extends WholeEndpoint<Body, Extra> {
  readonly open: (
    body: Body,
    ...extra: Extra
  ) => Effect.Effect<ProviderReply<Stream.Stream<unknown, AiError.AiError>>, AiError.AiError, Scope.Scope>
}

/**
 * An endpoint that is answered as a whole only, such as that of embeddings.
 *
 * @since 0.1.0
 * @category models
 */
export interface WholeEndpoint<in Body, in Extra extends Array<unknown> = []> {
  readonly origin: Origin
  readonly once: (body: Body, ...extra: Extra) => Effect.Effect<ProviderReply<unknown>, AiError.AiError>
}

/**
 * Calls the SDK for whatever else the API offers. The signal is to be handed to it.
 *
 * @since 0.1.0
 * @category models
 */
export type Use<Sdk> = <A>(call: (sdk: Sdk, signal: AbortSignal) => PromiseLike<A>) => Effect.Effect<A, AiError.AiError>

/**
 * What the clients of all vendors have.
 *
 * @since 0.1.0
 * @category models
 */
export interface Transport<Sdk> {
  /** The vendor's name in telemetry. */
  readonly provider: string
  readonly apiUrl: string
  /** The name of the account that pays. */
  readonly account: string | undefined
  /** What a model is priced as, where that is not the provider and its name. */
  readonly pricedAs: (model: string) => PricedAs | undefined
  readonly use: Use<Sdk>
}

/**
 * How the calls of an endpoint are made and read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reading {
  readonly origin: Origin
  /** Makes the error of whatever the SDK throws. `inStream` says whether a part of the answer may have come before. */
  readonly fromThrown: (inStream: boolean) => (cause: unknown) => AiError.AiError
  /** Makes the error of one that is in an answer of status 200, in either mode. */
  readonly fromErrorAnswer: (answer: AnswerResponse.ErrorAnswer) => AiError.AiError
}

/**
 * Puts an endpoint together of the two calls of an SDK, which give the response as it came.
 *
 * **Details**
 *
 * Every call is one request. It is aborted when it is interrupted, and a stream also when its scope closes. How the answer is
 * read does not depend on what was asked for; see `AnswerBody`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Body, Extra extends Array<unknown> = []>(
  options: Reading & {
    readonly once: (signal: AbortSignal, body: Body, ...extra: Extra) => Promise<Response>
    readonly open: (signal: AbortSignal, body: Body, ...extra: Extra) => Promise<Response>
  },
): Endpoint<Body, Extra> => ({
  ...makeWhole(options),
  open: (body, ...extra) =>
    Effect.map(
      AnswerResponse.open({
        ...options,
        request: (signal) => options.open(signal, body, ...extra),
        fromThrown: options.fromThrown(true),
      }),
      ({ events, head }) => ({ headers: head, parts: events }),
    ),
})

/**
 * Puts an endpoint together that has no stream.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeWhole = <Body, Extra extends Array<unknown> = []>(
  options: Reading & {
    readonly once: (signal: AbortSignal, body: Body, ...extra: Extra) => Promise<Response>
  },
): WholeEndpoint<Body, Extra> => ({
  origin: options.origin,
  once: (body, ...extra) =>
    Effect.map(
      AnswerResponse.whole({
        ...options,
        request: (signal) => options.once(signal, body, ...extra),
        fromThrown: options.fromThrown(false),
      }),
      ({ answer, head }) => ({ headers: head, parts: answer }),
    ),
})

/**
 * An endpoint that is answered with bytes, such as those of a sound.
 *
 * @since 0.1.0
 * @category models
 */
export interface BytesEndpoint<in Body> {
  readonly origin: Origin
  readonly once: (body: Body) => Effect.Effect<ProviderReply<Uint8Array>, AiError.AiError>
}

/**
 * The longest answer that comes as bytes: an hour of sound as most people store it.
 *
 * @since 0.1.0
 * @category constants
 */
export const longestBytes = 64 * 1024 * 1024

/**
 * Puts an endpoint together that is answered with bytes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeBytes = <Body>(
  options: Reading & { readonly once: (signal: AbortSignal, body: Body) => Promise<Response> },
): BytesEndpoint<Body> => ({
  origin: options.origin,
  once: (body) =>
    Effect.map(
      AnswerResponse.bytes({
        ...options,
        maxBytes: longestBytes,
        request: (signal) => options.once(signal, body),
        fromThrown: options.fromThrown(true),
      }),
      ({ answer, head }) => ({ headers: head, parts: answer }),
    ),
})

/**
 * Gives access to the whole SDK, with its errors as those of the provider.
 *
 * @since 0.1.0
 * @category constructors
 */
export const use =
  <Sdk>(sdk: Sdk, fromThrown: (cause: unknown) => AiError.AiError): Use<Sdk> =>
  (call) =>
    SdkStream.once({ request: (signal) => Promise.resolve(call(sdk, signal)), catch: fromThrown })
