/**
 * Clients of Claude at clouds.
 */
import { type KeySource } from "@holdfast/core"
import * as CloudAuth from "@holdfast/core/provider/CloudAuth"
import type * as CloudPrices from "@holdfast/core/provider/CloudPrices"
import { type Config, type Effect, Layer, type Redacted } from "effect"

import { bedrock, foundry, vertex } from "../clouds.ts"
import { AnthropicClient, type ApiVersion, type Service } from "./service.ts"

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
export const layerVertexConfig = (
  options: CloudAuth.VertexPlace & Omit<VertexOptions, keyof CloudAuth.VertexPlace>,
): Layer.Layer<AnthropicClient, Config.ConfigError | KeySource.KeyUnavailable> =>
  CloudAuth.layerVertexConfig(
    { project: "ANTHROPIC_VERTEX_PROJECT_ID", location: "CLOUD_ML_REGION" },
    options,
    layerVertex,
  )
