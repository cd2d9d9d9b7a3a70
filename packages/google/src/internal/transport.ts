/**
 * The SDK behind a typed face. It is loaded when a client is made, and the key stays in here.
 */

import type { Content, EmbedContentConfig, GenerateContentConfig, GoogleGenAI } from "@google/genai/web"
import * as Endpoints from "@holdfast/core/provider/Endpoint"
import { field } from "@holdfast/core/provider/Json"
import { malformed, type Origin } from "@holdfast/core/provider/ProviderError"
import { type ProviderReply } from "@holdfast/core/provider/ProviderModel"
import * as SdkEndpoint from "@holdfast/core/provider/SdkEndpoint"
import * as Secrets from "@holdfast/core/provider/Secrets"
import { Clock, Effect, Predicate, type Redacted } from "effect"
import { type AiError } from "effect/ai"

import { fromErrorObject, fromThrown, type SdkErrors } from "./failure.ts"
import { Exchange, fetchOf, type Wire } from "./http/exchange.ts"

/** What is needed to talk to the API. */
export interface TransportOptions {
  readonly module: string
  readonly apiUrl: string
  readonly apiVersion: string
  readonly apiKey: Redacted.Redacted
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** A request for content, in the SDK's own form. */
export interface ContentBody {
  readonly model: string
  readonly contents: Array<Content>
  readonly config: GenerateContentConfig
}

/** The endpoint of content, of which every model has one of its own. */
export interface ContentEndpoint extends Omit<SdkEndpoint.Endpoint<ContentBody>, "origin"> {
  readonly origin: (model: string) => Origin
}

/** A request for embeddings, in the SDK's own form. */
export interface EmbeddingBody {
  readonly model: string
  readonly contents: Array<Content>
  readonly config: EmbedContentConfig
}

/** The endpoint of embeddings, of which every model has one of its own. */
export interface EmbeddingEndpoint extends Omit<SdkEndpoint.WholeEndpoint<EmbeddingBody>, "origin"> {
  readonly origin: (model: string) => Origin
}

export interface Transport extends SdkEndpoint.Transport<GoogleGenAI> {
  readonly apiVersion: string
  readonly content: ContentEndpoint
  readonly embeddings: EmbeddingEndpoint
}

const provider = "gcp.gemini"

/** Loads the SDK and makes a client of it. Options that cannot work are defects. */
export const make = Effect.fnUntraced(function* (options: TransportOptions) {
  const { apiVersion, module } = options
  const url = yield* Endpoints.url(module, options.apiUrl)
  const key = yield* Endpoints.key(module, options.apiKey)
  if (!/^[\w.-]+$/.test(apiVersion)) {
    return yield* Effect.die(new Error(`${module}: apiVersion is not one, such as "v1beta"`))
  }
  // The entry for browsers does all that an API key can do, in a fifth of the time, and reads no environment.
  const sdk = yield* Effect.promise(() => import("@google/genai/web"))
  const wire: Wire = { headers: options.headers, fetch: options.fetch }
  const client = new sdk.GoogleGenAI({
    apiKey: key,
    vertexai: false,
    apiVersion,
    httpOptions: { baseUrl: url, apiVersion, fetch: fetchOf(wire) },
  })
  const clock = yield* Clock.Clock
  const { scrub } = Secrets.make(key, ...Secrets.ofUrl(options.apiUrl), ...Secrets.ofHeaders(options.headers))
  const origin = (method: string, path: string): Origin => ({
    module,
    method,
    provider,
    url: `${url}/${apiVersion}${path}`,
    scrub,
    now: () => clock.currentTimeMillisUnsafe(),
  })
  const transport: Transport = {
    provider,
    apiUrl: url,
    apiVersion,
    content: contentEndpoint(sdk, client, wire, (model) => origin("content", pathOf(model))),
    embeddings: embeddingEndpoint(sdk, client, wire, (model) => origin("embeddings", pathOf(model))),
    use: SdkEndpoint.use(client, fromThrown(sdk, origin("use", ""), undefined, false)),
  }
  return transport
})

const pathOf = (model: string): string => `/${model.includes("/") ? model : `models/${model}`}`

const embeddingEndpoint = (
  sdk: SdkErrors,
  client: GoogleGenAI,
  wire: Wire,
  originOf: (model: string) => Origin,
): EmbeddingEndpoint => ({
  origin: originOf,
  once: (body) =>
    Effect.suspend(() => {
      const exchange = new Exchange(wire)
      const origin = originOf(body.model)
      const endpoint = SdkEndpoint.makeWhole({
        origin,
        fromThrown: (inStream) => fromThrown(sdk, origin, exchange, inStream),
        once: (signal, { config, contents, model }: EmbeddingBody) =>
          client.models
            .embedContent({
              model,
              contents,
              config: { ...config, abortSignal: signal, httpOptions: { fetch: exchange.fetch } },
            })
            .then((data) => exchange.answer(data)),
      })
      return Effect.flatMap(endpoint.once(body), (reply) => wholeAnswer(reply, origin, exchange))
    }),
})

const contentEndpoint = (
  sdk: SdkErrors,
  client: GoogleGenAI,
  wire: Wire,
  originOf: (model: string) => Origin,
): ContentEndpoint => {
  const endpointOf = ({ model }: ContentBody) => {
    const exchange = new Exchange(wire)
    const origin = originOf(model)
    const endpoint = SdkEndpoint.make({
      origin,
      fromThrown: (inStream) => fromThrown(sdk, origin, exchange, inStream),
      once: (signal, body: ContentBody) =>
        client.models.generateContent(prepared(body, signal, exchange)).then((data) => exchange.answer(data)),
      open: (signal, body) =>
        client.models.generateContentStream(prepared(body, signal, exchange)).then((data) => exchange.answer(data)),
    })
    return { endpoint, exchange }
  }
  return {
    origin: originOf,
    once: (body) =>
      Effect.suspend(() => {
        const { endpoint, exchange } = endpointOf(body)
        return Effect.flatMap(endpoint.once(body), (reply) => wholeAnswer(reply, endpoint.origin, exchange))
      }),
    open: (body) => Effect.suspend(() => endpointOf(body).endpoint.open(body)),
  }
}

// One request per call: neither more requests to continue an answer that was cut, nor calls of functions by the SDK.
const prepared = ({ config, contents, model }: ContentBody, signal: AbortSignal, exchange: Exchange) => ({
  model,
  contents,
  config: {
    ...config,
    automaticContinuation: false,
    automaticFunctionCalling: { disable: true },
    abortSignal: signal,
    httpOptions: { fetch: exchange.fetch },
  },
})

const wholeAnswer = (
  reply: ProviderReply<unknown>,
  origin: Origin,
  exchange: Exchange,
): Effect.Effect<ProviderReply<unknown>, AiError.AiError> => {
  const type = reply.headers["content-type"] ?? ""
  if (type !== "" && !/\bjson\b/i.test(type)) return Effect.fail(malformed(origin, `the answer is ${type}`, true))
  // Gateways report errors with status 200, and the SDK leaves them out of the answer.
  const error = field(exchange.body, "error")
  return Predicate.isNotNullish(error) ? Effect.fail(fromErrorObject(origin, error)) : Effect.succeed(reply)
}
