/**
 * The connection to OpenAI, on the official SDK.
 *
 * The SDK is loaded when the layer is built, so that importing this package costs nothing. Its retries, its deadlines
 * and its log are switched off: Holdfast has its own. Nothing is read from the process environment.
 *
 * @since 0.1.0
 */
import { type Attempt, type KeySource } from "@holdfast/core"
import * as CloudAuth from "@holdfast/core/provider/CloudAuth"
import type * as CloudPrices from "@holdfast/core/provider/CloudPrices"
import { keyConfig } from "@holdfast/core/provider/KeyConfig"
import type * as Rest from "@holdfast/core/provider/Rest"
import { Config, Context, type Effect, Layer, type Redacted } from "effect"
import { type AiError } from "effect/ai"
import type { OpenAI } from "openai"

import { azure, bedrock } from "./internal/clouds.ts"
import {
  type ChatBody,
  type EmbeddingBody,
  type Endpoint,
  make as makeTransport,
  type MediaEndpoints,
  type ResponsesBody,
  type WholeEndpoint,
} from "./internal/transport.ts"

export type {
  BytesEndpoint,
  ChatBody,
  DecisionBody,
  EmbeddingBody,
  Endpoint,
  ImageBody,
  ImageEditBody,
  MediaEndpoints,
  ModerationBody,
  ResponsesBody,
  SpeechBody,
  TranscriptionBody,
  WholeEndpoint,
} from "./internal/transport.ts"

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
  /** Under which name options and metadata of prompts and answers stand. */
  readonly optionKey: string
  readonly responses: Endpoint<ResponsesBody>
  readonly chat: Endpoint<ChatBody>
  readonly embeddings: WholeEndpoint<EmbeddingBody>
  /** Batches and files, by their paths. */
  readonly rest: Rest.Rest
  /** Moderation, images, speech, transcripts and decisions. */
  readonly media: MediaEndpoints
  /**
   * Calls the SDK for whatever else the API offers. The signal is to be handed to it.
   */
  readonly use: <A>(call: (sdk: OpenAI, signal: AbortSignal) => PromiseLike<A>) => Effect.Effect<A, AiError.AiError>
}

/**
 * The client of OpenAI.
 *
 * **Example** (What the SDK can do and Holdfast does not wrap)
 *
 * ```ts
 * import { OpenAiClient } from "@holdfast/openai"
 * import { Effect } from "effect"
 *
 * const models = Effect.flatMap(OpenAiClient.OpenAiClient, (client) =>
 *   client.use((sdk, signal) => sdk.models.list({ signal }).then((page) => page.data.map(({ id }) => id))),
 * )
 *
 * Effect.isEffect(models) // => true
 * ```
 *
 * @since 0.1.0
 * @category services
 */
export class OpenAiClient extends Context.Service<OpenAiClient, Service>()("@holdfast/openai/OpenAiClient") {}

/**
 * How to reach OpenAI.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A fixed key, or a source of keys that change. */
  readonly apiKey: Redacted.Redacted | KeySource.KeySource
  /** `https://api.openai.com/v1` if left out. The variable `OPENAI_BASE_URL` is not read. */
  readonly apiUrl?: string | undefined
  readonly organizationId?: string | undefined
  readonly projectId?: string | undefined
  /** Headers of every request, in any case. `Redacted` ones, and those that may be secret by their names, are shown nowhere. */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined
  /** Instead of the global one: for a proxy, or for other limits than its own. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A name of the account for attempts and limits, where a program has several. Never a key. */
  readonly account?: string | undefined
}

/**
 * Where OpenAI's API is.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultApiUrl = "https://api.openai.com/v1"

/**
 * Makes a client.
 *
 * **Details**
 *
 * A key that is empty or cannot be sent in a header and an `apiUrl` that is not a URL are defects: they are mistakes in
 * the program or its configuration, and are found before any request.
 *
 * **Gotchas**
 *
 * On the global `fetch` of Node.js there is no limit to how long an answer takes. A `fetch` of your own has its own.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Service> =>
  makeTransport({ ...options, module: "OpenAiClient", provider: "openai", apiUrl: options.apiUrl ?? defaultApiUrl })

/**
 * A client with the given key.
 *
 * **Example** (A key from elsewhere)
 *
 * ```ts
 * import { OpenAiClient } from "@holdfast/openai"
 * import { Layer, Redacted } from "effect"
 *
 * const client = OpenAiClient.layer({ apiKey: Redacted.make("sk-test") })
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<OpenAiClient> => Layer.effect(OpenAiClient, make(options))

/**
 * A client with its options from the configuration.
 *
 * **Details**
 *
 * The key is read from `OPENAI_API_KEY` unless said otherwise. Where it is missing, the `ConfigError` names the variable.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (options?: {
  readonly apiKey?: Config.Config<Redacted.Redacted> | undefined
  readonly apiUrl?: Config.Config<string> | undefined
  readonly organizationId?: Config.Config<string> | undefined
  readonly projectId?: Config.Config<string> | undefined
}): Layer.Layer<OpenAiClient, Config.ConfigError> => {
  const absent = Config.succeed(undefined)
  return Layer.unwrap(
    Config.all({
      apiKey: keyConfig({ module: "OpenAiClient", variable: "OPENAI_API_KEY", apiKey: options?.apiKey }),
      apiUrl: options?.apiUrl ?? absent,
      organizationId: options?.organizationId ?? absent,
      projectId: options?.projectId ?? absent,
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
 * A resource of Azure OpenAI, and its key or a token of Entra ID.
 *
 * @since 0.1.0
 * @category models
 */
export type AzureOptions = CloudOptions &
  CloudAuth.Auth & {
    /** The first part of its host: `my-resource` of `my-resource.openai.azure.com`. */
    readonly resource?: string | undefined
  }

/**
 * A region of Amazon Bedrock, and a Bedrock key, fixed or from a source of short-lived ones.
 *
 * @since 0.1.0
 * @category models
 */
export type BedrockOptions = CloudOptions & CloudAuth.Auth & { readonly region?: string | undefined }

/**
 * Makes a client of Azure OpenAI, on its API `v1`. Models are called by the names of their deployments.
 *
 * **Details**
 *
 * A deployment is priced as the model of OpenAI with its name; `pricedAs` says so of others. The provider is `azure.ai.openai`, and
 * options of prompts stand under `openai` as ever.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeAzure = (options: AzureOptions): Effect.Effect<Service, KeySource.KeyUnavailable> => azure(options)

/**
 * A client of Azure OpenAI.
 *
 * **Example** (With a token of Entra ID)
 *
 * ```ts
 * import { OpenAiClient } from "@holdfast/openai"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * // In an application: `credential.getToken("https://cognitiveservices.azure.com/.default")` of `@azure/identity`.
 * const token = Effect.succeed(Redacted.make("token-of-entra"))
 * const client = OpenAiClient.layerAzure({
 *   resource: "my-resource",
 *   token,
 *   pricedAs: { "my-deployment": { provider: "openai", model: "gpt-6-luna" } },
 * })
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAzure = (options: AzureOptions): Layer.Layer<OpenAiClient, KeySource.KeyUnavailable> =>
  Layer.effect(OpenAiClient, makeAzure(options))

/**
 * A client of Azure OpenAI with its resource and its key from the configuration: `AZURE_OPENAI_RESOURCE` and `AZURE_OPENAI_API_KEY` unless said
 * otherwise.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAzureConfig = (
  options: CloudConfig & { readonly resource?: Config.Config<string> | undefined } = {},
): Layer.Layer<OpenAiClient, Config.ConfigError | KeySource.KeyUnavailable> =>
  CloudAuth.layerConfig(
    {
      module: "OpenAiClient",
      layer: "layerAzureConfig",
      key: "AZURE_OPENAI_API_KEY",
      place: ["resource", "AZURE_OPENAI_RESOURCE"],
    },
    options,
    layerAzure,
  )

/**
 * Makes a client of OpenAI's models on Amazon Bedrock.
 *
 * **Details**
 *
 * The provider is `aws.bedrock`. Prices of Bedrock's own models are not in the price book; `pricedAs` or a book of your own has them. A 403 that
 * says that the key is not valid counts as a refused key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeBedrock = (options: BedrockOptions): Effect.Effect<Service, KeySource.KeyUnavailable> =>
  bedrock(options)

/**
 * A client of OpenAI's models on Amazon Bedrock.
 *
 * **Example** (With a Bedrock key)
 *
 * ```ts
 * import { OpenAiClient } from "@holdfast/openai"
 * import { Layer, Redacted } from "effect"
 *
 * const client = OpenAiClient.layerBedrock({ region: "eu-central-1", apiKey: Redacted.make("ABSK-test") })
 *
 * Layer.isLayer(client) // => true
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerBedrock = (options: BedrockOptions): Layer.Layer<OpenAiClient, KeySource.KeyUnavailable> =>
  Layer.effect(OpenAiClient, makeBedrock(options))

/**
 * A client of OpenAI's models on Amazon Bedrock with its region and its key from the configuration: `AWS_REGION` and `AWS_BEARER_TOKEN_BEDROCK` unless said
 * otherwise.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerBedrockConfig = (
  options: CloudConfig & { readonly region?: Config.Config<string> | undefined } = {},
): Layer.Layer<OpenAiClient, Config.ConfigError | KeySource.KeyUnavailable> =>
  CloudAuth.layerConfig(
    {
      module: "OpenAiClient",
      layer: "layerBedrockConfig",
      key: "AWS_BEARER_TOKEN_BEDROCK",
      place: ["region", "AWS_REGION"],
    },
    options,
    layerBedrock,
  )
