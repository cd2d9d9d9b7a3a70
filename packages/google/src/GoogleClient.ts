/**
 * The connection to the Gemini API, on the official SDK.
 *
 * The SDK is loaded when the layer is built, so that importing this package costs nothing. Its retries, its deadlines
 * and its automatisms are switched off: Holdfast has its own. Nothing is read from the process environment.
 *
 * @since 0.1.0
 */
import type { GoogleGenAI } from "@google/genai/web"
import { type Attempt, type KeySource } from "@holdfast/core"
import * as CloudAuth from "@holdfast/core/provider/CloudAuth"
import type * as CloudPrices from "@holdfast/core/provider/CloudPrices"
import { keyConfig } from "@holdfast/core/provider/KeyConfig"
import type * as Rest from "@holdfast/core/provider/Rest"
import { Config, Context, type Effect, Layer, type Redacted } from "effect"
import { type AiError } from "effect/ai"

import { vertex } from "./internal/clouds.ts"
import { type ContentEndpoint, type EmbeddingEndpoint, make as makeTransport } from "./internal/transport.ts"

export type { ContentBody, ContentEndpoint, EmbeddingBody, EmbeddingEndpoint } from "./internal/transport.ts"

/**
 * What a client can do.
 *
 * **Details**
 *
 * Every call is one HTTP request, is aborted when its fiber is interrupted, and fails with an `AiError` whose reason,
 * retry hint and request id come from the vendor's answer. The key is in none of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The vendor's name in telemetry. */
  readonly provider: string
  readonly apiUrl: string
  /** The name of the account that pays, in attempts and in limits. */
  readonly account: string | undefined
  /** What a model is priced as, where that is not the provider and its name. */
  readonly pricedAs: (model: string) => Attempt.PricedAs | undefined
  readonly apiVersion: string
  readonly content: ContentEndpoint
  readonly embeddings: EmbeddingEndpoint
  /** Files, caches and batches, by their paths. */
  readonly rest: Rest.Rest
  /** `projects/p/locations/l` at Vertex AI. */
  readonly project: string | undefined
  /**
   * Calls the SDK for whatever else the API offers. The signal is to be handed to it.
   */
  readonly use: <A>(
    call: (sdk: GoogleGenAI, signal: AbortSignal) => PromiseLike<A>,
  ) => Effect.Effect<A, AiError.AiError>
}

/**
 * The client of the Gemini API.
 *
 * **Example** (What the SDK can do and Holdfast does not wrap)
 *
 * ```ts
 * import { GoogleClient } from "@holdfast/google"
 * import { Effect } from "effect"
 *
 * const cached = Effect.flatMap(GoogleClient.GoogleClient, (client) =>
 *   client.use((sdk, abortSignal) =>
 *     sdk.caches
 *       .create({ model: "gemini-3.8-flash", config: { contents: "a long text", ttl: "3600s", abortSignal } })
 *       .then(({ name }) => name),
 *   ),
 * )
 *
 * Effect.isEffect(cached) // => true
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class GoogleClient extends Context.Service<GoogleClient, Service>()("@holdfast/google/GoogleClient") {}

/**
 * How to reach the Gemini API.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A fixed key, or a source of keys that change. */
  readonly apiKey: Redacted.Redacted | KeySource.KeySource
  /** `https://generativelanguage.googleapis.com` if left out. The variable `GOOGLE_GEMINI_BASE_URL` is not read. */
  readonly apiUrl?: string | undefined
  /**
   * `v1beta` if left out: it has all that `v1` has, and what Google has not declared stable: caches, file search, and
   * whatever is new in a model.
   */
  readonly apiVersion?: "v1beta" | "v1" | "v1alpha" | (string & {}) | undefined
  /** Headers of every request, in any case. `Redacted` ones, and those that may be secret by their names, are shown nowhere. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined
  /** Instead of the global one: for a proxy, or for limits of its own. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A name of the account for attempts and limits, where a program has several. Never a key. */
  readonly account?: string | undefined
}

/**
 * Where the Gemini API is.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultApiUrl = "https://generativelanguage.googleapis.com"

/**
 * The version of the Gemini API.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultApiVersion = "v1beta"

/**
 * Makes a client.
 *
 * **Details**
 *
 * A key that is empty or cannot be sent in a header and an `apiUrl` that is not a URL are defects: they are mistakes in
 * the program or its configuration, and are found before any request.
 *
 * The key goes into the header `x-goog-api-key`, never into a URL, and redirects are not followed, so that it cannot
 * reach another host.
 *
 * **Gotchas**
 *
 * On the global `fetch` of Node.js there is no limit to how long an answer takes. A `fetch` of your own has its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Service> =>
  makeTransport({
    ...options,
    module: "GoogleClient",
    apiUrl: options.apiUrl ?? defaultApiUrl,
    apiVersion: options.apiVersion ?? defaultApiVersion,
  })

/**
 * A client with the given key.
 *
 * **Example** (A key from elsewhere)
 *
 * ```ts
 * import { GoogleClient } from "@holdfast/google"
 * import { Layer, Redacted } from "effect"
 *
 * const client = GoogleClient.layer({ apiKey: Redacted.make("test-key") })
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<GoogleClient> => Layer.effect(GoogleClient, make(options))

/**
 * A client with its options from the configuration.
 *
 * **Details**
 *
 * The key is read from `GOOGLE_API_KEY` unless said otherwise. Where it is missing, the `ConfigError` names the variable.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options?: {
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
  readonly apiUrl?: Config.Config<string> | undefined
  readonly apiVersion?: Config.Config<string> | undefined
}): Layer.Layer<GoogleClient, Config.ConfigError> => {
  const absent = Config.succeed(undefined)
  return Layer.unwrap(
    Config.all({
      apiKey: keyConfig({ module: "GoogleClient", variable: "GOOGLE_API_KEY", apiKey: options?.apiKey }),
      apiUrl: options?.apiUrl ?? absent,
      apiVersion: options?.apiVersion ?? absent,
    }).pipe(Config.map(layer)),
  )
}

/**
 * A project of Google Cloud, and a token of Google's.
 *
 * @since 0.1.0
 * @category models
 */
export interface VertexOptions {
  readonly project: string
  /** `global` if left out. */
  readonly location?: string | undefined
  readonly token: CloudAuth.Token
  /** For a gateway in between. The one of the location if left out. */
  readonly apiUrl?: string | undefined
  /** `v1` if left out. */
  readonly apiVersion?: "v1" | "v1beta1" | (string & {}) | undefined
  /** What models are priced as, by their names. As on the Gemini API if left out. */
  readonly pricedAs?: CloudPrices.Prices | undefined
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined
  /** Instead of the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A name of the account for attempts and limits, where a program has several. Never a key. */
  readonly account?: string | undefined
}

/**
 * Makes a client of Gemini on Vertex AI.
 *
 * **Details**
 *
 * The provider is `gcp.vertex_ai`. Models are priced as on the Gemini API; a location that costs more is a matter of `pricedAs`.
 * This token alone is asked for: neither the environment nor the credentials of the machine.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeVertex = (options: VertexOptions): Effect.Effect<Service, KeySource.KeyUnavailable> => vertex(options)

/**
 * A client of Gemini on Vertex AI.
 *
 * **Example** (With a token of Google's)
 *
 * ```ts
 * import { GoogleClient } from "@holdfast/google"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * // In an application: `auth.getAccessToken()` of `google-auth-library`.
 * const token = Effect.succeed(Redacted.make("ya29.test"))
 * const client = GoogleClient.layerVertex({ project: "my-project", location: "europe-west1", token })
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerVertex = (options: VertexOptions): Layer.Layer<GoogleClient, KeySource.KeyUnavailable> =>
  Layer.effect(GoogleClient, makeVertex(options))

/**
 * A client of Gemini on Vertex AI with its project and location from the configuration: `GOOGLE_CLOUD_PROJECT`, and
 * `GOOGLE_CLOUD_LOCATION` or `global`, unless said otherwise. The token is no setting, and is given to the program.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerVertexConfig = (
  options: CloudAuth.VertexPlace & Omit<VertexOptions, keyof CloudAuth.VertexPlace>,
): Layer.Layer<GoogleClient, Config.ConfigError | KeySource.KeyUnavailable> =>
  CloudAuth.layerVertexConfig(
    { project: "GOOGLE_CLOUD_PROJECT", location: "GOOGLE_CLOUD_LOCATION" },
    options,
    layerVertex,
  )
