/**
 * The connection to Anthropic, on the official SDK.
 *
 * The SDK is loaded when the layer is built, so that importing this package costs nothing. Its retries, its deadlines,
 * its log and its spans are switched off: Holdfast has its own. Nothing is read from the process environment.
 *
 * @since 0.1.0
 */
import type { Anthropic } from "@anthropic-ai/sdk"
import { type Attempt, type KeySource } from "@holdfast/core"
import * as CloudAuth from "@holdfast/core/provider/CloudAuth"
import type * as CloudPrices from "@holdfast/core/provider/CloudPrices"
import { keyConfig } from "@holdfast/core/provider/KeyConfig"
import type * as Rest from "@holdfast/core/provider/Rest"
import { Config, Context, type Effect, Layer, type Redacted } from "effect"
import { type AiError } from "effect/ai"

import { bedrock, foundry, vertex } from "./internal/clouds.ts"
import { type Endpoint, make as makeTransport, type MessagesBody } from "./internal/transport.ts"

export type { Endpoint, MessagesBody } from "./internal/transport.ts"

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
  /** The version of the API that requests are made for. */
  readonly apiVersion: string
  readonly messages: Endpoint<MessagesBody>
  /** Batches and files, by their paths. */
  readonly rest: Rest.Rest
  /**
   * Calls the SDK for whatever else the API offers. The signal is to be handed to it.
   */
  readonly use: <A>(call: (sdk: Anthropic, signal: AbortSignal) => PromiseLike<A>) => Effect.Effect<A, AiError.AiError>
}

/**
 * The client of Anthropic.
 *
 * **Example** (What the SDK can do and Holdfast does not wrap)
 *
 * ```ts
 * import { AnthropicClient } from "@holdfast/anthropic"
 * import { Effect } from "effect"
 *
 * const models = Effect.flatMap(AnthropicClient.AnthropicClient, (client) =>
 *   client.use((sdk, signal) => sdk.models.list({}, { signal }).then((page) => page.data.map(({ id }) => id))),
 * )
 *
 * Effect.isEffect(models) // => true
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class AnthropicClient extends Context.Service<AnthropicClient, Service>()(
  "@holdfast/anthropic/AnthropicClient",
) {}

/**
 * A version of the API. Each changes what requests may hold.
 *
 * @since 0.1.0
 * @category models
 */
export type ApiVersion = "2026-10-21" | "2023-06-01" | (string & {})

/**
 * How to reach Anthropic.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A fixed key, or a source of keys that change. It is sent as a bearer token, and to older versions of the API as `x-api-key`. */
  readonly apiKey: Redacted.Redacted | KeySource.KeySource
  /** `https://api.anthropic.com` if left out. The variable `ANTHROPIC_BASE_URL` is not read. */
  readonly apiUrl?: string | undefined
  /**
   * `2026-10-21` if left out. Choose `2023-06-01` for sampling parameters, which later versions refuse, and for servers
   * that imitate the older API.
   */
  readonly apiVersion?: ApiVersion | undefined
  /** For keys that can act on several workspaces. */
  readonly workspaceId?: string | undefined
  /** Headers of every request, in any case. `Redacted` ones, and those that may be secret by their names, are shown nowhere. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined
  /** Instead of the global one: for a proxy, or for other limits than its own. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A name of the account for attempts and limits, where a program has several. Never a key. */
  readonly account?: string | undefined
}

/**
 * Where Anthropic's API is.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultApiUrl = "https://api.anthropic.com"

/**
 * The version of the API that this package was written for.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultApiVersion: ApiVersion = "2026-10-21"

/**
 * Makes a client.
 *
 * **Details**
 *
 * A key that is empty or cannot be sent in a header, an `apiUrl` that is not a URL, and an `anthropic-version` among the
 * headers are defects: they are mistakes in the program or its configuration, and are found before any request.
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
    apiUrl: options.apiUrl ?? defaultApiUrl,
    apiVersion: options.apiVersion ?? defaultApiVersion,
  })

/**
 * A client with the given key.
 *
 * **Example** (A key from elsewhere)
 *
 * ```ts
 * import { AnthropicClient } from "@holdfast/anthropic"
 * import { Layer, Redacted } from "effect"
 *
 * const client = AnthropicClient.layer({ apiKey: Redacted.make("sk-ant-test") })
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<AnthropicClient> => Layer.effect(AnthropicClient, make(options))

/**
 * A client with its options from the configuration.
 *
 * **Details**
 *
 * The key is read from `ANTHROPIC_API_KEY` unless said otherwise. Where it is missing, the `ConfigError` names the variable.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options?: {
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
  readonly apiUrl?: Config.Config<string> | undefined
  readonly apiVersion?: Config.Config<ApiVersion> | undefined
  readonly workspaceId?: Config.Config<string> | undefined
}): Layer.Layer<AnthropicClient, Config.ConfigError> => {
  const absent = Config.succeed(undefined)
  return Layer.unwrap(
    Config.all({
      apiKey: keyConfig({ module: "AnthropicClient", variable: "ANTHROPIC_API_KEY", apiKey: options?.apiKey }),
      apiUrl: options?.apiUrl ?? absent,
      apiVersion: options?.apiVersion ?? absent,
      workspaceId: options?.workspaceId ?? absent,
    }).pipe(Config.map(layer)),
  )
}

/**
 * What all clouds take.
 *
 * @since 0.1.0
 * @category models
 */
export interface CloudOptions {
  /** For a gateway in between. The cloud's own if left out. */
  readonly apiUrl?: string | undefined
  /** What the cloud knows of the API. `2023-06-01` if left out: newer versions come to clouds later. */
  readonly apiVersion?: ApiVersion | undefined
  /** What deployments and models are priced as, by their names, and whether they stay in a region. */
  readonly pricedAs?: CloudPrices.Prices | undefined
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined
  /** Instead of the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A name of the account for attempts and limits, where a program has several. Never a key. */
  readonly account?: string | undefined
}

/**
 * What all clouds take beside what the configuration says.
 *
 * @since 0.1.0
 * @category models
 */
export type CloudConfig = Omit<CloudOptions, "apiUrl"> & CloudAuth.ConfigOptions

/**
 * A region of Amazon Bedrock, and a Bedrock key, fixed or from a source of short-lived ones.
 *
 * @since 0.1.0
 * @category models
 */
export type BedrockOptions = CloudOptions & CloudAuth.Auth & { readonly region?: string | undefined }

/**
 * A resource of Azure AI Foundry, and its key or a token of Entra ID.
 *
 * @since 0.1.0
 * @category models
 */
export type FoundryOptions = CloudOptions &
  CloudAuth.Auth & {
    /** The first part of its host: `my-resource` of `my-resource.services.ai.azure.com`. */
    readonly resource?: string | undefined
  }

/**
 * A project of Google Cloud, and a token of Google's.
 *
 * @since 0.1.0
 * @category models
 */
export interface VertexOptions extends Omit<CloudOptions, "apiVersion"> {
  readonly project: string
  /** `global` if left out. */
  readonly location?: string | undefined
  readonly token: CloudAuth.Token
}

/**
 * Makes a client of Claude on Amazon Bedrock.
 *
 * **Details**
 *
 * Models are called by their ids or inference profiles, such as `global.anthropic.claude-sonnet-4-5-20250929-v1:0`. They are priced as
 * Anthropic's, with what a region costs more unless the profile is `global`. The provider is `aws.bedrock`. A 403 that says that the key is
 * not valid counts as a refused key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeBedrock = (options: BedrockOptions): Effect.Effect<Service, KeySource.KeyUnavailable> =>
  bedrock(options)

/**
 * A client of Claude on Amazon Bedrock.
 *
 * **Example** (With a Bedrock key)
 *
 * ```ts
 * import { AnthropicClient } from "@holdfast/anthropic"
 * import { Layer, Redacted } from "effect"
 *
 * const client = AnthropicClient.layerBedrock({ region: "eu-central-1", apiKey: Redacted.make("ABSK-test") })
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerBedrock = (options: BedrockOptions): Layer.Layer<AnthropicClient, KeySource.KeyUnavailable> =>
  Layer.effect(AnthropicClient, makeBedrock(options))

/**
 * A client of Claude on Amazon Bedrock with its region and its key from the configuration: `AWS_REGION` and `AWS_BEARER_TOKEN_BEDROCK` unless said
 * otherwise.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerBedrockConfig = (
  options: CloudConfig & { readonly region?: Config.Config<string> | undefined } = {},
): Layer.Layer<AnthropicClient, Config.ConfigError | KeySource.KeyUnavailable> =>
  CloudAuth.layerConfig(
    {
      module: "AnthropicClient",
      layer: "layerBedrockConfig",
      key: "AWS_BEARER_TOKEN_BEDROCK",
      place: ["region", "AWS_REGION"],
    },
    options,
    layerBedrock,
  )

/**
 * Makes a client of Claude in Azure AI Foundry. The provider is `azure.ai.inference`, and models are priced as Anthropic's.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeFoundry = (options: FoundryOptions): Effect.Effect<Service, KeySource.KeyUnavailable> =>
  foundry(options)

/**
 * A client of Claude in Azure AI Foundry.
 *
 * **Example** (With the key of the resource)
 *
 * ```ts
 * import { AnthropicClient } from "@holdfast/anthropic"
 * import { Layer, Redacted } from "effect"
 *
 * const client = AnthropicClient.layerFoundry({ resource: "my-resource", apiKey: Redacted.make("test-key") })
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFoundry = (options: FoundryOptions): Layer.Layer<AnthropicClient, KeySource.KeyUnavailable> =>
  Layer.effect(AnthropicClient, makeFoundry(options))

/**
 * A client of Claude in Azure AI Foundry with its resource and its key from the configuration: `ANTHROPIC_FOUNDRY_RESOURCE` and `ANTHROPIC_FOUNDRY_API_KEY` unless said
 * otherwise.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFoundryConfig = (
  options: CloudConfig & { readonly resource?: Config.Config<string> | undefined } = {},
): Layer.Layer<AnthropicClient, Config.ConfigError | KeySource.KeyUnavailable> =>
  CloudAuth.layerConfig(
    {
      module: "AnthropicClient",
      layer: "layerFoundryConfig",
      key: "ANTHROPIC_FOUNDRY_API_KEY",
      place: ["resource", "ANTHROPIC_FOUNDRY_RESOURCE"],
    },
    options,
    layerFoundry,
  )

/**
 * Makes a client of Claude on Vertex AI.
 *
 * **Details**
 *
 * Models are called by their names there, such as `claude-sonnet-4-5@20250929`. They are priced as Anthropic's, with what a region costs more
 * unless the location is `global`. The provider is `gcp.vertex_ai`. `use` reaches messages and the counting of tokens; the rest of the API is not
 * on Vertex AI.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeVertex = (options: VertexOptions): Effect.Effect<Service, KeySource.KeyUnavailable> => vertex(options)

/**
 * A client of Claude on Vertex AI.
 *
 * **Example** (With a token of Google's)
 *
 * ```ts
 * import { AnthropicClient } from "@holdfast/anthropic"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * // In an application: `auth.getAccessToken()` of `google-auth-library`.
 * const token = Effect.succeed(Redacted.make("ya29.test"))
 * const client = AnthropicClient.layerVertex({ project: "my-project", location: "europe-west1", token })
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerVertex = (options: VertexOptions): Layer.Layer<AnthropicClient, KeySource.KeyUnavailable> =>
  Layer.effect(AnthropicClient, makeVertex(options))

/**
 * A client of Claude on Vertex AI with its project and location from the configuration: `ANTHROPIC_VERTEX_PROJECT_ID`, and
 * `CLOUD_ML_REGION` or `global`, unless said otherwise. The token is no setting, and is given to the program.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerVertexConfig = ({
  apiUrl,
  location,
  project,
  ...options
}: Omit<VertexOptions, "apiUrl" | "location" | "project"> & {
  readonly project?: Config.Config<string> | undefined
  readonly location?: Config.Config<string> | undefined
  readonly apiUrl?: Config.Config<string> | undefined
}): Layer.Layer<AnthropicClient, Config.ConfigError | KeySource.KeyUnavailable> =>
  Layer.unwrap(
    Config.all({
      apiUrl: apiUrl ?? Config.succeed(undefined),
      project: project ?? Config.String("ANTHROPIC_VERTEX_PROJECT_ID"),
      location: location ?? Config.withDefault(Config.String("CLOUD_ML_REGION"), "global"),
    }).pipe(Config.map((settings) => layerVertex({ ...options, ...settings }))),
  )
