/**
 * The SDK behind a typed face. It is loaded when a client is made, and the key stays in here.
 */

import type { Content, GenerateContentConfig, GoogleGenAI } from "@google/genai/web"
import * as Endpoints from "@holdfast/core/provider/Endpoint"
import { field } from "@holdfast/core/provider/Json"
import { malformed, type Origin } from "@holdfast/core/provider/ProviderError"
import { type ProviderReply } from "@holdfast/core/provider/ProviderModel"
import * as SdkStream from "@holdfast/core/provider/SdkStream"
import { Effect, type Redacted, type Scope, type Stream } from "effect"
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

/** The endpoint of content, answered as a whole or chunk by chunk. Answers are not trusted, hence unknown. */
export interface ContentEndpoint {
  readonly origin: (model: string) => Origin
  readonly once: (body: ContentBody) => Effect.Effect<ProviderReply<unknown>, AiError.AiError>
  readonly open: (
    body: ContentBody,
  ) => Effect.Effect<ProviderReply<Stream.Stream<unknown, AiError.AiError>>, AiError.AiError, Scope.Scope>
}

export interface Transport {
  readonly provider: string
  readonly apiUrl: string
  readonly apiVersion: string
  readonly content: ContentEndpoint
  readonly use: <A>(
    call: (sdk: GoogleGenAI, signal: AbortSignal) => PromiseLike<A>,
  ) => Effect.Effect<A, AiError.AiError>
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
  const scrub = Endpoints.scrubber(key)
  const origin = (method: string, path: string): Origin => ({
    module,
    method,
    provider,
    url: `${url}/${apiVersion}${path}`,
    scrub,
  })
  const transport: Transport = {
    provider,
    apiUrl: url,
    apiVersion,
    content: contentEndpoint(sdk, client, wire, (model) =>
      origin("content", `/${model.includes("/") ? model : `models/${model}`}`),
    ),
    use: (call) =>
      SdkStream.once({
        request: (signal) => Promise.resolve(call(client, signal)),
        catch: fromThrown(sdk, origin("use", ""), undefined, false),
      }),
  }
  return transport
})

const contentEndpoint = (
  sdk: SdkErrors,
  client: GoogleGenAI,
  wire: Wire,
  origin: (model: string) => Origin,
): ContentEndpoint => ({
  origin,
  once: (body) =>
    Effect.suspend(() => {
      const exchange = new Exchange(wire)
      const place = origin(body.model)
      const answer = SdkStream.once({
        request: (signal) => client.models.generateContent(prepared(body, signal, exchange)),
        catch: fromThrown(sdk, place, exchange, false),
      })
      return Effect.flatMap(answer, (parts) => wholeAnswer(parts, place, exchange))
    }),
  open: Effect.fnUntraced(function* (body: ContentBody) {
    const exchange = new Exchange(wire)
    const place = origin(body.model)
    const { events } = yield* SdkStream.open({
      request: (signal) =>
        client.models
          .generateContentStream(prepared(body, signal, exchange))
          .then((stream) => ({ events: stream, head: undefined })),
      catch: fromThrown(sdk, place, exchange, true),
    })
    yield* SdkStream.requireEvents(place, exchange.headers)
    return { headers: exchange.headers, parts: events }
  }),
})

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

const contentType = ({ headers }: Exchange): string => headers["content-type"] ?? ""

const wholeAnswer = (
  parts: unknown,
  place: Origin,
  exchange: Exchange,
): Effect.Effect<ProviderReply<unknown>, AiError.AiError> => {
  const type = contentType(exchange)
  if (type !== "" && !/\bjson\b/i.test(type)) return Effect.fail(malformed(place, `the answer is ${type}`, false))
  // Gateways report errors with status 200, and the SDK leaves them out of the answer.
  const error = field(exchange.body, "error")
  if (error !== undefined && error !== null) return Effect.fail(fromErrorObject(place, error))
  return Effect.succeed({ headers: exchange.headers, parts })
}
