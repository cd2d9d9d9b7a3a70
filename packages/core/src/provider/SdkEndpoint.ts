/**
 * An endpoint of a vendor's API on its SDK, answered as a whole or event by event.
 *
 * @since 0.1.0
 */
import { Effect, type Scope, type Stream } from "effect"
import { type AiError } from "effect/ai"

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
  readonly use: Use<Sdk>
}

/**
 * What an SDK gave: the answer, and where the response's headers are.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer<out Data> {
  readonly data: Data
  readonly response: { readonly headers: Headers | undefined }
}

/**
 * Puts an endpoint together of the two calls of an SDK.
 *
 * **Details**
 *
 * Every call is one request. It is aborted when it is interrupted, and a stream also when its scope closes. A stream that
 * turns out to be no events fails. `fromThrown` makes the error of whatever the SDK throws; `inStream` says whether a part
 * of the answer may have come before.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <Body, Extra extends Array<unknown> = []>(options: {
  readonly origin: Origin
  readonly once: (signal: AbortSignal, body: Body, ...extra: Extra) => Promise<Answer<unknown>>
  readonly open: (signal: AbortSignal, body: Body, ...extra: Extra) => Promise<Answer<AsyncIterable<unknown>>>
  readonly fromThrown: (inStream: boolean) => (cause: unknown) => AiError.AiError
}): Endpoint<Body, Extra> => ({
  ...makeWhole(options),
  open: Effect.fnUntraced(function* (body: Body, ...extra: Extra) {
    const { events, head } = yield* SdkStream.open({
      request: (signal) =>
        options
          .open(signal, body, ...extra)
          .then(({ data, response }) => ({ events: data, head: headersOf(options.origin, response) })),
      catch: options.fromThrown(true),
    })
    yield* SdkStream.requireEvents(options.origin, head)
    return { headers: head, parts: events }
  }),
})

/**
 * Puts an endpoint together that has no stream.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeWhole = <Body, Extra extends Array<unknown> = []>(options: {
  readonly origin: Origin
  readonly once: (signal: AbortSignal, body: Body, ...extra: Extra) => Promise<Answer<unknown>>
  readonly fromThrown: (inStream: boolean) => (cause: unknown) => AiError.AiError
}): WholeEndpoint<Body, Extra> => ({
  origin: options.origin,
  once: (body, ...extra) =>
    SdkStream.once({
      request: (signal) =>
        options
          .once(signal, body, ...extra)
          .then(({ data, response }) => ({ headers: headersOf(options.origin, response), parts: data })),
      catch: options.fromThrown(false),
    }),
})

// Servers echo in headers, too, and events keep some of them.
const headersOf = ({ scrub }: Origin, { headers }: Answer<unknown>["response"]): Record<string, string> =>
  Object.fromEntries(Object.entries(SdkStream.headersOf(headers)).map(([name, value]) => [name, scrub(value)]))

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
