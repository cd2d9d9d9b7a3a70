/**
 * The SDK behind a typed face. It is loaded when a client is made, and the key stays in here.
 */

import type { Content, EmbedContentConfig, GenerateContentConfig, GoogleGenAI } from "@google/genai/web"
import { type PricedAs } from "@holdfast/core/Attempt"
import { type KeySource } from "@holdfast/core/KeySource"
import { bounded } from "@holdfast/core/provider/BoundedBody"
import * as Endpoints from "@holdfast/core/provider/Endpoint"
import * as KeyedFetch from "@holdfast/core/provider/KeyedFetch"
import { type Origin } from "@holdfast/core/provider/ProviderError"
import * as Rest from "@holdfast/core/provider/Rest"
import * as SdkEndpoint from "@holdfast/core/provider/SdkEndpoint"
import * as SdkStream from "@holdfast/core/provider/SdkStream"
import { UploadBody } from "@holdfast/core/provider/UploadBody"
import { Clock, Effect, type Redacted } from "effect"
import { type AiError } from "effect/ai"

import { ErrorResponse, fromErrorAnswer, fromFetch, fromThrown, type SdkErrors } from "./failure.ts"
import { Exchange, fetchOf, type Wire } from "./http/exchange.ts"

/** What is needed to talk to the API. */
export interface TransportOptions {
  readonly module: string
  readonly apiUrl: string
  readonly apiVersion: string
  readonly apiKey: Redacted.Redacted | KeySource
  readonly headers?: KeyedFetch.Headers | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A project of Vertex AI, instead of the Gemini API. */
  readonly vertex?: { readonly project: string; readonly location: string } | undefined
  readonly account?: string | undefined
  readonly pricedAs?: ((model: string) => PricedAs | undefined) | undefined
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
  /** The body that would be sent: the SDK's own form is another one. */
  readonly wireBody: (body: ContentBody) => Effect.Effect<unknown, AiError.AiError>
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
  /** The body that would be sent: the SDK's own form is another one. */
  readonly wireBody: (body: EmbeddingBody) => Effect.Effect<unknown, AiError.AiError>
}

export interface Transport extends SdkEndpoint.Transport<GoogleGenAI> {
  readonly apiVersion: string
  readonly content: ContentEndpoint
  readonly embeddings: EmbeddingEndpoint
  readonly rest: Rest.Rest
  /** `projects/p/locations/l` at Vertex AI. */
  readonly project: string | undefined
}

// A wrong key is a bad request at Google.
const refusal: KeyedFetch.Refusal = {
  statuses: [400, 403],
  body: /"API_KEY_(?:INVALID|EXPIRED)"|\bAPI key (?:not valid|expired)\b/i,
}

/** Loads the SDK and makes a client of it. Options that cannot work are defects. */
export const make = Effect.fnUntraced(function* (options: TransportOptions) {
  const { apiVersion, module } = options
  const url = yield* Endpoints.url(module, options.apiUrl)
  if (!/^[\w.-]+$/.test(apiVersion)) {
    return yield* Effect.die(new Error(`${module}: apiVersion is not one, such as "v1beta"`))
  }
  const { fetch, headers, secrets } = yield* KeyedFetch.make({ ...options, fetch: options.fetch, refusal })
  const wire: Wire = { headers: options.vertex === undefined ? headers : { ...bearer, ...headers }, fetch }
  const httpOptions = { baseUrl: url, apiVersion, fetch: fetchOf(wire) }
  // The entry for browsers does all that is needed, in a fifth of the time, and reads no environment.
  const sdk = yield* Effect.promise(() => import("@google/genai/web"))
  const key = { apiKey: KeyedFetch.placeholder, vertexai: options.vertex !== undefined }
  const client = new sdk.GoogleGenAI({ ...key, apiVersion, httpOptions })
  if (options.vertex !== undefined) inProject(client, options.vertex)
  const clock = yield* Clock.Clock
  const { scrub } = secrets
  const provider = options.vertex === undefined ? "gcp.gemini" : "gcp.vertex_ai"
  const base = options.vertex === undefined ? "" : projectPath(options.vertex)
  const root = options.vertex === undefined ? "" : `${base}/publishers/google`
  const origin = (method: string, path: string): Origin => ({
    module,
    method,
    provider,
    url: `${url}/${apiVersion}${root}${path}`,
    scrub,
    now: () => clock.currentTimeMillisUnsafe(),
  })
  const transport: Transport = {
    provider,
    apiUrl: url,
    account: options.account,
    pricedAs: options.pricedAs ?? (() => undefined),
    apiVersion,
    content: contentEndpoint(sdk, client, wire, (model) => origin("content", pathOf(model))),
    embeddings: embeddingEndpoint(sdk, client, wire, (model) => origin("embeddings", pathOf(model))),
    rest: Rest.make({
      origin: (path) => ({ ...origin("rest", ""), url: urlOf(url, path) }),
      send: sendWith(wire, url),
      fromThrown: (from) => fromFetch(sdk, from),
      fromErrorAnswer,
    }),
    project: options.vertex && base.slice(1),
    use: SdkEndpoint.use(client, fromThrown(sdk, origin("use", ""), undefined, false)),
  }
  return transport
})

// Uploads go to an address that the API gives.
const urlOf = (apiUrl: string, path: string): string => (/^https?:/.test(path) ? path : `${apiUrl}${path}`)

/** Sends what the SDK would lose a part of, with the key and the headers that it would send. */
const sendWith = (wire: Wire, apiUrl: string) => {
  const fetch = fetchOf(wire)
  return ({ body, headers, method, path }: Rest.Request, signal: AbortSignal): Promise<Response> => {
    const raw = body === undefined || body instanceof Blob || body instanceof UploadBody
    const type = raw ? undefined : { "content-type": "application/json" }
    return fetch(urlOf(apiUrl, path), {
      method,
      signal,
      headers: { "x-goog-api-key": KeyedFetch.placeholder, ...type, ...headers },
      ...(body !== undefined && { body: raw ? (body as BodyInit) : JSON.stringify(body) }),
    }).then((response) =>
      response.ok
        ? response
        : bounded(response)
            .text()
            .then((text) =>
              Promise.reject(new ErrorResponse(text, response.status, SdkStream.headersOf(response.headers))),
            ),
    )
  }
}

interface Vertex {
  readonly project: string
  readonly location: string
}

const projectPath = ({ location, project }: Vertex) => `/projects/${project}/locations/${location}`

// Vertex AI takes a token here, where the SDK for browsers would put a key.
const bearer = { authorization: `Bearer ${KeyedFetch.placeholder}` }

// The entry for browsers refuses a project, because it knows no credentials of Google Cloud. All the rest of Vertex AI is in it.
const inProject = (client: GoogleGenAI, vertex: Vertex): void => {
  const { apiClient } = client as unknown as { readonly apiClient: { readonly clientOptions: object } }
  Object.assign(apiClient.clientOptions, vertex)
}

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
        fromErrorAnswer: fromErrorAnswer(origin),
        once: (signal, request: EmbeddingBody) =>
          exchange.response(client.models.embedContent(preparedEmbedding(request, signal, exchange))),
      })
      return endpoint.once(body)
    }),
  wireBody: (body) =>
    sentBy(
      (signal, fetch) => client.models.embedContent(preparedEmbedding(body, signal, { fetch })),
      fromThrown(sdk, originOf(body.model), new Exchange(wire), false),
    ),
})

const preparedEmbedding = (
  { config, contents, model }: EmbeddingBody,
  signal: AbortSignal,
  exchange: Pick<Exchange, "fetch">,
) => ({ model, contents, config: { ...config, abortSignal: signal, httpOptions: { fetch: exchange.fetch } } })

/** The body that the SDK would send. Nothing is sent: only the SDK can have refused it. */
const sentBy = (
  call: (signal: AbortSignal, fetch: typeof globalThis.fetch) => Promise<unknown>,
  refused: (cause: unknown) => AiError.AiError,
): Effect.Effect<unknown, AiError.AiError> =>
  SdkStream.once({
    request: (signal) => {
      let sent = "{}"
      const fetch: typeof globalThis.fetch = (_, init) => {
        if (typeof init?.body === "string") sent = init.body
        return Promise.resolve(Response.json({}))
      }
      return call(signal, fetch).then((): unknown => JSON.parse(sent))
    },
    catch: refused,
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
    return SdkEndpoint.make({
      origin,
      fromThrown: (inStream) => fromThrown(sdk, origin, exchange, inStream),
      fromErrorAnswer: fromErrorAnswer(origin),
      once: (signal, body: ContentBody) =>
        exchange.response(client.models.generateContent(prepared(body, signal, exchange))),
      open: (signal, body) => exchange.response(client.models.generateContentStream(prepared(body, signal, exchange))),
    })
  }
  return {
    origin: originOf,
    once: (body) => Effect.suspend(() => endpointOf(body).once(body)),
    open: (body) => Effect.suspend(() => endpointOf(body).open(body)),
    wireBody: (body) =>
      sentBy(
        (signal, fetch) => client.models.generateContent(prepared(body, signal, { fetch })),
        fromThrown(sdk, originOf(body.model), new Exchange(wire), false),
      ),
  }
}

// One request per call: neither more requests to continue an answer that was cut, nor calls of functions by the SDK.
const prepared = (
  { config, contents, model }: ContentBody,
  signal: AbortSignal,
  exchange: Pick<Exchange, "fetch">,
) => ({
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
